"""What the doctor finds in a model's places, what it mends, and what it says where it may not."""

import json
import os
from pathlib import Path

import pytest

from faults.conftest import Fresh
from faults.faulty import Died, Faulty
from faults.yard import EXPIRED, LEDGER, Yard, by_hand, run
from retrain.cli.main import run as command
from retrain.pipeline.audit import audit
from retrain.pipeline.champion import ChampionWatch
from retrain.pipeline.mended import Repair
from retrain.pipeline.repair import repairs
from retrain.service import doctor
from retrain.service.doctor import examine
from shop import Shop

WEIGHTS = "head.safetensors"


@pytest.fixture
def yard(first_folder: Fresh) -> Yard:
    """A server has fetched its champion."""
    made = first_folder()
    ChampionWatch("shop", made.site().settings).get()
    assert repairs(made.site(), do=True) == ()
    return made


def stored(yard: Yard, name: str = WEIGHTS) -> Path:
    return yard.root / "store" / "models/shop/versions" / yard.champions()[0] / name


def cached(yard: Yard, name: str = WEIGHTS) -> Path:
    return yard.root / "cache" / "versions" / yard.champions()[0] / name


def only(found: tuple[Repair, ...]) -> Repair:
    (one,) = found
    return one


@pytest.mark.parametrize("name", [WEIGHTS, "manifest.json"])
def test_a_champion_that_lacks_a_file_is_made_whole_from_the_verified_copy(yard: Yard, name: str) -> None:
    content = stored(yard, name).read_bytes()
    stored(yard, name).unlink()
    told = only(tuple(one for one in repairs(yard.site(), do=False) if one.what == "champion"))
    assert (told.done, told.possible, told.exit_status) == (False, True, 4)
    assert not stored(yard, name).exists(), "without --repair it only says what it would do"
    done = only(tuple(one for one in repairs(yard.site(), do=True) if one.what == "champion"))
    assert (done.done, name in done.action, done.exit_status) == (True, True, 0)
    assert stored(yard, name).read_bytes() == content
    assert audit(yard.site()).sound


def test_a_changed_file_is_not_overwritten_and_the_next_step_is_said(yard: Yard) -> None:
    content = stored(yard).read_bytes()
    stored(yard).write_bytes(b"evil")
    told = only(repairs(yard.site(), do=True))
    assert (told.done, told.possible, told.exit_status) == (False, False, 4)
    assert f"remove {stored(yard)} by hand" in told.action
    stored(yard).unlink()
    assert only(repairs(yard.site(), do=True)).done
    assert stored(yard).read_bytes() == content


def test_a_copy_that_is_damaged_itself_restores_nothing(yard: Yard) -> None:
    stored(yard).unlink()
    cached(yard).write_bytes(b"evil")
    told = next(one for one in repairs(yard.site(), do=True) if one.what == "champion")
    assert (told.possible, "from a backup" in told.action) == (False, True)
    assert not stored(yard).exists()


def test_a_damaged_predecessor_is_called_so(yard: Yard) -> None:
    weights = stored(yard)
    by_hand(yard, yard.open())
    weights.write_bytes(b"evil")
    told = next(one for one in repairs(yard.site(), do=False) if one.possible is False)
    assert (told.what, told.exit_status) == ("predecessor", 4)


def test_a_damaged_local_copy_is_fetched_anew(yard: Yard) -> None:
    cached(yard).write_bytes(b"evil")
    assert only(repairs(yard.site(), do=False)).what == "cache"
    assert cached(yard).read_bytes() == b"evil"
    assert only(repairs(yard.site(), do=True)).done
    assert cached(yard).read_bytes() == stored(yard).read_bytes()
    assert repairs(yard.site(), do=False) == ()


def test_a_missing_link_is_refused_and_named(yard: Yard) -> None:
    (yard.root / "store" / f"{LEDGER}00000001.json").unlink()
    told = only(repairs(yard.site(), do=True))
    assert (told.what, told.possible, told.exit_status) == ("ledger", False, 4)
    assert told.action == "restore models/shop/ledger/: 00000001.json, from a backup"


def test_a_dead_claim_without_work_is_ended_and_one_with_work_is_left_to_the_next_run(first_folder: Fresh) -> None:
    claimed, prepared = first_folder(), first_folder()
    for yard, number in ((claimed, 3), (prepared, 4)):
        at = entry_call(first_folder(), number)
        with pytest.raises(Died):
            run(yard, Faulty(yard.open(), at, "after"))
        assert repairs(yard.site(), do=True) == (), "its process is this one, and its time is not over"
        yard.now += EXPIRED
    ended = only(repairs(claimed.site(), do=True))
    assert (ended.what, ended.done) == ("claim", True)
    assert claimed.site().ledger.state().claim is None
    left = only(repairs(prepared.site(), do=True))
    assert (left.done, "goes on with its snapshot" in left.action, left.exit_status) == (False, True, 0)
    run(prepared, prepared.open())
    assert audit(prepared.site()).sound


def entry_call(yard: Yard, number: int) -> int:
    """Which store call of a run creates that entry."""
    store = Faulty(yard.open())
    run(yard, store)
    return store.calls.index(f"create {LEDGER}{number:08d}.json") + 1


def test_scratch_space_of_a_run_that_ended_is_removed_when_it_is_old(yard: Yard) -> None:
    folder = yard.root / "work" / "shop" / "train-abc"
    folder.mkdir(parents=True)
    (folder / "checkpoint").write_bytes(b"x")
    old = yard.now.timestamp()
    for path in (folder / "checkpoint", folder, folder.parent):
        os.utime(path, (old, old))
    assert repairs(yard.site(), do=True) == (), "a writer may be at work for hours"
    yard.now += 2 * EXPIRED
    assert only(repairs(yard.site(), do=False)).what == "work folder"
    assert only(repairs(yard.site(), do=True)).done
    assert not folder.parent.exists()


def test_half_written_bundles_are_told_and_left(first_folder: Fresh) -> None:
    yard = first_folder()
    whole = first_folder()
    calls = Faulty(whole.open())
    run(whole, calls)
    at = next(place for place, call in enumerate(calls.calls, start=1) if call.startswith("create models/shop/eval"))
    with pytest.raises(Died):
        run(yard, Faulty(yard.open(), at, "after"))
    told = [one for one in repairs(yard.site(), do=True) if one.what == "half-written bundle"]
    assert [(one.done, one.exit_status, "harmless" in one.action) for one in told] == [(False, 0, True)]


def test_the_command_says_what_it_would_do_and_with_repair_what_it_did(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "torch_facts", lambda: {"version": "2.13.0", "cuda": None, "gpus": 0})
    for name, value in Shop(root=yard.root).environment.items():
        if name.startswith("RETRAIN_"):
            monkeypatch.setenv(name, value)
    for name in ("RETRAIN_TOKEN", "PREFECT_API_URL", "PREFECT_SERVER_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    manifest = stored(yard, "manifest.json").read_bytes()
    stored(yard, "manifest.json").unlink()
    assert command(["champion", "shop", "--download", str(yard.root / "copy")]) == 3
    assert "`retrain doctor --repair` restores it" in " ".join(capsys.readouterr().err.split())
    stored(yard, "manifest.json").write_bytes(manifest)
    stored(yard).unlink()
    assert command(["doctor"]) == 4
    said = " ".join(capsys.readouterr().out.split())
    assert "shop, champion:" in said
    assert "with --repair: head.safetensors created again from the verified copy" in said
    assert command(["doctor", "--repair", "--json"]) == 0
    (mended,) = json.loads(capsys.readouterr().out)["repairs"]
    assert (mended["what"], mended["done"]) == ("champion", True)
    assert command(["doctor", "--repair"]) == 0
    assert "champion:" not in capsys.readouterr().out


def test_a_model_that_cannot_be_looked_at_hides_no_other(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "torch_facts", lambda: {"version": "2.13.0", "cuda": None, "gpus": 0})
    (yard.root / "models" / "broken.yaml").write_text("model: [")
    stored(yard).unlink()
    assert [one.model for one in examine(yard.site().settings, {}, yard.now).repairs] == ["shop"]
