"""A scrape tells what the store holds at that moment, or that the store is away: never less, never something older."""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrain.errors import StoreError, WorldError
from retrain.store.events import RolledBack
from retrain.store.folder import FolderStore
from retrain.store.open import open_store
from retrain.store.patience import Patience
from retrain.store.protocol import Store
from retrain.telemetry import metrics as m
from retrain.telemetry.fleet import Fleet
from servers.bucket import made_bucket, told
from servers.ministack import ministack
from telemetry.written import alarm, append, checked, claimed, evaluation, full, promoted

ALONE = {m.STORE_UP.name, m.SCRAPE_SECONDS.name, m.BUILD_INFO.name}
Seen = dict[tuple[str, tuple[str, ...]], float]


def scrape(fleet: Fleet, seconds: float = 20.0) -> Seen:
    return {(each.metric.name, each.labels): each.value for each in fleet.scrape(seconds=seconds)}


def names(told: Seen, model: str | None = None) -> set[str]:
    return {name for name, labels in told if model is None or labels[:1] == (model,)}


def away(told: Seen) -> bool:
    return told[m.STORE_UP.name, ()] == 0 and names(told) == ALONE


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store with a full model and a plain one."""
    made = FolderStore(tmp_path / "store")
    full(made)
    append(made, promoted(), checked(), model="other")
    return made


@pytest.fixture
def fleet(store: FolderStore) -> Fleet:
    return Fleet(lambda: store)


def test_all_models_are_told_and_the_whole_list_of_metrics(fleet: Fleet) -> None:
    told = scrape(fleet)
    assert told[m.MODELS.name, ()] == 2
    assert names(told) == {each.name for each in m.METRICS}
    assert {labels[0] for name, labels in told if name == m.LEDGER_UP.name} == {"shop", "other"}


def test_what_is_no_model_is_not_told(store: FolderStore, fleet: Fleet) -> None:
    store.create("models/README.md", b"x")
    store.create("models/Not A Model/ledger/00000001.json", b"x")
    store.create("models/only-a-file", b"x")
    (Path(store.address) / "models" / "left-empty" / "ledger").mkdir(parents=True)
    assert scrape(fleet)[m.MODELS.name, ()] == 2


def test_a_promotion_between_two_scrapes_is_in_the_second(store: FolderStore, fleet: Fleet) -> None:
    before = scrape(fleet)
    append(store, promoted("v3", "v1"), model="other")
    after = scrape(fleet)
    key = (m.PROMOTIONS.name, ("other", "hand"))
    assert (before[key], after[key]) == (1, 2)
    assert (m.DRIFT_SCORE.name, ("other", "input.length")) not in after
    assert after[m.CHECK_STATE.name, ("other", "never_checked")] == 1


def test_counters_are_the_same_after_a_restart(store: FolderStore, fleet: Fleet) -> None:
    append(store, alarm(5), checked("quiet", 6))
    first, again = scrape(fleet), scrape(Fleet(lambda: store))
    assert {**first, (m.SCRAPE_SECONDS.name, ()): 0} == {**again, (m.SCRAPE_SECONDS.name, ()): 0}


def test_a_warm_scrape_reads_two_keys_a_model_and_the_same_as_a_cold_one(store: FolderStore) -> None:
    read: list[str] = []

    class Counted(FolderStore):
        def read(self, key: str) -> bytes:
            read.append(key)
            return super().read(key)

    warm = Fleet(lambda: Counted(Path(store.address)))
    scrape(warm)
    read.clear()
    scrape(warm)
    assert sorted(read) == [
        "models/other/ledger/00000002.json",
        "models/other/ledger/00000003.json",
        "models/shop/ledger/00000014.json",
        "models/shop/ledger/00000015.json",
    ]


def test_a_store_put_back_to_an_older_copy_is_read_anew(store: FolderStore, fleet: Fleet, tmp_path: Path) -> None:
    root = Path(store.address)
    shutil.copytree(root, tmp_path / "backup")
    append(store, promoted("v3", "v1"), alarm(9), model="other")
    assert scrape(fleet)[m.PROMOTIONS.name, ("other", "hand")] == 2
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "backup", root)
    told = scrape(fleet)
    assert told[m.PROMOTIONS.name, ("other", "hand")] == 1
    assert told == {**scrape(Fleet(lambda: store)), (m.SCRAPE_SECONDS.name, ()): told[m.SCRAPE_SECONDS.name, ()]}


def test_another_ledger_under_the_same_numbers_is_read_anew(store: FolderStore, fleet: Fleet) -> None:
    scrape(fleet)
    shutil.rmtree(Path(store.address) / "models" / "other")
    append(store, promoted("v9"), checked("warning"), model="other")
    assert scrape(fleet)[m.CHECK_STATE.name, ("other", "warning")] == 1


def test_a_removed_model_is_gone(store: FolderStore, fleet: Fleet) -> None:
    scrape(fleet)
    shutil.rmtree(Path(store.address) / "models" / "other" / "ledger")
    told = scrape(fleet)
    assert told[m.MODELS.name, ()] == 1
    assert names(told, "other") == set()


def _as_file(root: Path) -> None:
    shutil.rmtree(root)
    root.write_text("not a folder")


@pytest.mark.parametrize("trouble", [shutil.rmtree, _as_file], ids=["gone", "a file"])
def test_a_dead_store_is_told_and_no_old_number(store: FolderStore, fleet: Fleet, trouble: object) -> None:
    root = Path(store.address)
    assert scrape(fleet)[m.STORE_UP.name, ()] == 1
    trouble(root)  # type: ignore[operator]
    assert away(scrape(fleet))
    assert away(scrape(Fleet(lambda: open_store(str(root)))))


def test_a_store_that_comes_back_is_told_again(store: FolderStore, fleet: Fleet, tmp_path: Path) -> None:
    root, before = Path(store.address), scrape(fleet)
    root.rename(tmp_path / "unmounted")
    assert away(scrape(fleet))
    (tmp_path / "unmounted").rename(root)
    assert scrape(fleet).keys() == before.keys()


@pytest.fixture
def readable_by_all() -> Iterator[Path]:
    """A store in a place that everybody may enter, read by somebody without rights of their own."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o755)
        for model in ("a", "b"):
            append(FolderStore(root), promoted(), model=model)
        if privileged := os.geteuid() == 0:
            os.seteuid(65534)
        yield root
        if privileged:
            os.seteuid(0)
        (root / "models/b/ledger").chmod(0o755)


def test_a_store_of_which_a_part_may_not_be_read_is_away_as_a_whole(readable_by_all: Path) -> None:
    fleet = Fleet(lambda: FolderStore(readable_by_all))
    assert scrape(fleet)[m.MODELS.name, ()] == 2
    mine = os.geteuid()
    os.seteuid(0) if mine == 65534 else None
    (readable_by_all / "models/b/ledger").chmod(0o000)
    os.seteuid(mine) if mine == 65534 else None
    assert away(scrape(fleet))
    assert away(scrape(Fleet(lambda: FolderStore(readable_by_all))))


class Dying(FolderStore):
    """Answers so many reads, then loses its disk."""

    left = 0

    def read(self, key: str) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise StoreError("the disk is gone")
        return super().read(key)


@pytest.mark.parametrize("reads", range(8))
def test_a_store_that_dies_within_a_scrape_is_away_as_a_whole(store: FolderStore, reads: int) -> None:
    dying = Dying(Path(store.address))
    dying.left = reads
    assert away(scrape(Fleet(lambda: dying)))


def test_a_store_that_vanishes_within_a_scrape_is_no_empty_one(store: FolderStore) -> None:
    class Vanishing(FolderStore):
        def names(self, prefix: str) -> Iterator[str]:
            yield from list(super().names(prefix))
            shutil.rmtree(store.address, ignore_errors=True)

    assert away(scrape(Fleet(lambda: Vanishing(Path(store.address)))))


BROKEN = {
    "cut": lambda text: text[:100],
    "changed": lambda text: text.replace('"rows":200', '"rows":201', 1),
    "not ours": lambda _: "[]",
    "a rollback to nothing": lambda text: text.replace('"state"', '"State"', 1),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_a_broken_ledger_is_told_and_hides_nobody_else(
    store: FolderStore, fleet: Fleet, damage: object, warm: bool
) -> None:
    if warm:
        scrape(fleet)
    newest = Path(store.address) / "models/other/ledger/00000002.json"
    newest.write_text(damage(newest.read_text()))  # type: ignore[operator]
    told = scrape(fleet)
    assert told[m.LEDGER_UP.name, ("other",)] == 0
    assert names(told, "other") == {m.LEDGER_UP.name}
    assert told[m.LEDGER_UP.name, ("shop",)] == 1
    assert names(told, "shop") == {each.name for each in m.METRICS} - ALONE - {m.MODELS.name}
    assert (told[m.STORE_UP.name, ()], told[m.MODELS.name, ()]) == (1, 2)


def test_a_broken_entry_after_a_known_one_takes_the_model_back_until_it_is_mended(
    store: FolderStore, fleet: Fleet
) -> None:
    scrape(fleet)
    store.create("models/other/ledger/00000003.json", b'{"half":')
    assert names(scrape(fleet), "other") == {m.LEDGER_UP.name}
    (Path(store.address) / "models/other/ledger/00000003.json").unlink()
    assert scrape(fleet)[m.LEDGER_UP.name, ("other",)] == 1


def test_an_event_that_cannot_be_folded_is_that_models_trouble_alone(store: FolderStore, fleet: Fleet) -> None:
    entry = append(store, promoted(), model="other")
    forged = entry.model_copy(
        update={"number": 4, "previous": entry.digest, "event": RolledBack(version="v0", withdrawn="v1")}
    )
    impossible = forged.model_copy(update={"state": forged.state.model_copy(update={"predecessors": ()})})
    store.create("models/other/ledger/00000004.json", impossible.canonical())
    told = scrape(fleet)
    assert told[m.LEDGER_UP.name, ("other",)] == 0
    assert told[m.LEDGER_UP.name, ("shop",)] == 1


def test_a_damaged_evaluation_is_told_and_drift_is_still_seen(store: FolderStore, fleet: Fleet) -> None:
    (stored,) = (Path(store.address) / "models/shop/evaluations").glob("*/evaluation.json")
    stored.write_bytes(stored.read_bytes().replace(b"0.875", b"0.975"))
    told = scrape(fleet)
    assert told[m.EVALUATION_UP.name, ("shop",)] == 0
    assert m.ACCURACY.name not in names(told, "shop")
    assert (m.DRIFT_SCORE.name, ("shop", "input.length")) in told


def test_the_evaluation_told_is_the_one_of_the_last_run(store: FolderStore, fleet: Fleet) -> None:
    scrape(fleet)
    other = evaluation(store, groups=(("channel=mail", 70),))
    append(store, promoted("v2", "v1", claim="c4", evaluation=other))
    told = scrape(fleet)
    assert (m.GROUP_ROWS.name, ("shop", "channel=mail")) in told
    assert (m.GROUP_ROWS.name, ("shop", "channel=app")) not in told


def test_trouble_is_logged_once_and_its_end_too(
    store: FolderStore, fleet: Fleet, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO, "retrain.telemetry")
    Path(store.address).rename(tmp_path / "unmounted")
    for _ in range(3):
        scrape(fleet)
    (tmp_path / "unmounted").rename(store.address)
    for _ in range(2):
        scrape(fleet)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "mount it" in said[0]
    assert "again" in said[1]


class Hanging(FolderStore):
    """Does not answer until it is let go: a mount whose server is away."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.go, self.asked = threading.Event(), threading.Event()

    def read(self, key: str) -> bytes:
        self.asked.set()
        assert self.go.wait(60)
        return super().read(key)


def test_a_hanging_store_is_away_in_time_leaves_few_threads_and_comes_back(store: FolderStore) -> None:
    hanging = Hanging(Path(store.address))
    fleet, before = Fleet(lambda: hanging), threading.active_count()
    for _ in range(5):
        told = scrape(fleet, seconds=0.2)
        assert away(told)
        assert told[m.SCRAPE_SECONDS.name, ()] < 2
    assert threading.active_count() - before <= 2
    hanging.go.set()
    assert scrape(fleet)[m.MODELS.name, ()] == 2


def test_scrapes_at_once_share_a_look_that_began_after_they_asked(store: FolderStore) -> None:
    hanging = Hanging(Path(store.address))
    fleet, told = Fleet(lambda: hanging), []
    threads = [threading.Thread(target=lambda: told.append(scrape(fleet))) for _ in range(12)]
    for thread in threads:
        thread.start()
    append(store, claimed("c9"), model="other")
    hanging.go.set()
    for thread in threads:
        thread.join(60)
    assert [each[m.STORE_UP.name, ()] for each in told] == [1] * 12
    assert sum(each[m.RUNNING.name, ("other",)] for each in told) >= 11


def test_who_cannot_wait_for_a_slow_first_look_is_told_nothing_wrong(store: FolderStore) -> None:
    hanging = Hanging(Path(store.address))
    fleet = Fleet(lambda: hanging)
    first = threading.Thread(target=lambda: scrape(fleet, 60))
    first.start()
    assert hanging.asked.wait(30)
    with pytest.raises(WorldError, match="ask again soon"):
        scrape(fleet, 0.2)
    hanging.go.set()
    first.join(60)
    assert scrape(fleet)[m.STORE_UP.name, ()] == 1


def test_all_who_wait_for_a_hanging_store_are_told_that_it_is_away(store: FolderStore) -> None:
    hanging = Hanging(Path(store.address))
    fleet, told = Fleet(lambda: hanging), []
    threads = [threading.Thread(target=lambda: told.append(scrape(fleet, 1.0))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    hanging.go.set()
    assert [away(each) for each in told] == [True] * 4


def test_a_bug_is_no_dead_store_and_no_old_number(store: FolderStore, fleet: Fleet) -> None:
    scrape(fleet)

    def bug(prefix: str) -> Iterator[str]:
        raise ZeroDivisionError

    store.names = bug  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        scrape(fleet)


def test_a_bucket_whose_server_is_killed_is_away_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ministack(tmp_path) as environment:
        told(monkeypatch, environment)
        address, missing = f"s3://{made_bucket()}/prefix", "s3://no-such-bucket/prefix"
        opened: Store = open_store(address, Patience(total_seconds=0.5))
        full(opened)
        fleet = Fleet(lambda: opened)
        assert names(scrape(fleet)) == {each.name for each in m.METRICS}
        assert away(scrape(Fleet(lambda: open_store(missing))))
    seen = scrape(fleet)
    assert away(seen)
    assert seen[m.SCRAPE_SECONDS.name, ()] < 5
