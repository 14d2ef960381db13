"""Does a scrape tell what the store holds at that moment, and of a model that is broken only that it is?"""

import shutil
from pathlib import Path

import pytest

from retrain.store.events import RolledBack
from retrain.store.folder import FolderStore
from retrain.telemetry import metrics as m
from retrain.telemetry.fleet import Fleet
from telemetry.scraped import ALONE, names, scrape
from telemetry.written import alarm, append, checked, evaluation, promoted


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
