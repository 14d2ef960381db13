"""Is a store that is dead, forbidden, dying or hanging told as away, in time and as a whole, until it is back?"""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrain.errors import StoreError, WorldError
from retrain.store.folder import FolderStore
from retrain.store.open import open_store
from retrain.store.patience import Patience
from retrain.store.protocol import Store
from retrain.telemetry import metrics as m
from retrain.telemetry.fleet import Fleet
from servers.bucket import made_bucket, told
from servers.ministack import ministack
from telemetry.scraped import away, names, scrape
from telemetry.written import append, claimed, full, promoted


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
