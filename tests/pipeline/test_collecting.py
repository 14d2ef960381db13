"""Does what nobody needs go, wholly and for good, and nothing else, whoever is killed or races?"""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retrain.cli.main import run
from retrain.errors import BrokenLedger, UnknownVersion
from retrain.pipeline.audit import audit
from retrain.pipeline.champion import ChampionWatch
from retrain.pipeline.collecting import collect
from retrain.pipeline.explain import history
from retrain.pipeline.rollback import promote, rollback
from retrain.store.collected import gone
from retrain.store.events import Checked, Claimed, Collected, Ended, Event, Promoted
from retrain.store.ledger import Draft
from retrain.store.state import Claim
from shop import DAY, SPEC, START, Shop, with_tests

SHORT = "retention: {keep_versions: 1, version_days: 30, dataset_days: 30, check_days: 30, newest_entries: 1}\n"


def undamaged(shop: Shop) -> bool:
    """Nothing that the ledger names is gone. The checks here are stand-ins, whose verdicts cannot be computed."""
    return all("cannot be computed again" in finding.what for finding in audit(shop.site()).findings)


def append(shop: Shop, event: Event, **evidence: str) -> None:
    shop.site().ledger.append(lambda _: Draft(event=event, reasons=("r",), actor="a test", evidence=evidence))


def stored(shop: Shop, number: int) -> tuple[str, str]:
    """A version of three files, and what it was trained on."""
    data = shop.site().snapshots.put({"rows.jsonl": f"rows {number}".encode()}, {"n": number})
    lineage = {"kind": "probe", "snapshot": data}
    files = {"model.json": b"{}", "head.safetensors": bytes([number]) * 5_000, "card.md": b"# card"}
    return shop.site().versions.put(files, {"n": number, "lineage": lineage}), data


@pytest.fixture
def old(shop: Shop) -> tuple[Shop, list[str]]:
    """A shop that promoted two versions and held two others, a day each, half a year ago, and was checked since."""
    shop.spec(SPEC + SHORT)
    versions = []
    for number in range(4):
        shop.now = START + number * DAY
        version, data = stored(shop, number)
        versions.append(version)
        if number in (1, 2):
            append(shop, Ended(claim="c", outcome="held", challenger=version), version=version, dataset=data)
        else:
            over = versions[0] if number else None
            event = Promoted(claim=None, version=version, over=over, snapshot=data)
            append(shop, event, version=version, dataset=data)
    for number in range(4, 8):
        end = START + number * DAY
        shop.now = end
        report = shop.site().checks(end).put({"report.html": b"<p>quiet</p>", "report.json": b"{}"}, {"n": number})
        append(shop, Checked(start=end - DAY, end=end, rows=9, state="quiet", report=report), report=report)
    shop.now = START + 180 * DAY
    return shop, versions


def keys(shop: Shop) -> set[str]:
    return {key for key in shop.site().store.keys("models/") if "/ledger/" not in key}


def test_a_dry_run_says_what_would_go_and_changes_nothing(
    old: tuple[Shop, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, versions = old
    before, number = keys(shop), shop.site().ledger.newest().number  # type: ignore[union-attr]
    for name in ("STORE", "MODELS", "WORK", "CACHE"):
        monkeypatch.setenv(f"RETRAIN_{name}", shop.environment[f"RETRAIN_{name}"])
    shop.spec(SPEC)
    assert run(["collect", "shop", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "nothing", "by the defaults, the newest 200 entries keep all of it"
    shop.spec(SPEC + SHORT)
    seen = collect(shop.site(), dry_run=True)
    assert seen.outcome == "would_collect"
    assert set(seen.bundles["version"]) == set(versions[1:3])
    assert len(seen.bundles["dataset"]) == 2
    assert len(seen.bundles["report"]) == 3, "the newest is kept"
    assert seen.bytes > 10_000
    assert (keys(shop), shop.site().ledger.newest().number) == (before, number)  # type: ignore[union-attr]


def test_what_nobody_needs_goes_wholly_and_the_audit_finds_no_damage(old: tuple[Shop, list[str]]) -> None:
    shop, versions = old
    assert undamaged(shop)
    seen = collect(shop.site())
    assert (seen.outcome, len(seen.bundles["version"])) == ("collected", 2)
    left = keys(shop)
    assert not [key for key in left if any(version in key for version in versions[1:3])]
    assert all(any(version in key for key in left) for version in (versions[0], versions[3]))
    assert undamaged(shop)
    assert "2 of kind version" in history(shop.site())[-1].what
    assert collect(shop.site()).outcome == "nothing"
    assert rollback(shop.site(), reason="back").version == versions[0]
    folder = ChampionWatch("shop", shop.settings).get().path
    assert (folder / "head.safetensors").read_bytes() == bytes(5_000)


def test_damage_of_what_was_not_collected_is_still_found(old: tuple[Shop, list[str]]) -> None:
    shop, versions = old
    collect(shop.site())
    (Path(shop.settings.store) / "models/shop/versions" / versions[0] / "card.md").write_text("changed")
    assert not undamaged(shop)


def test_a_version_that_was_collected_cannot_be_promoted_even_while_its_files_are_there(
    old: tuple[Shop, list[str]],
) -> None:
    shop, versions = old
    append(shop, Collected(bundles={"version": (versions[1],)}))
    with pytest.raises(UnknownVersion, match="was collected"):
        promote(shop.site(), versions[1], reason="I want it back")
    assert shop.site().ledger.state().champion.version == versions[3]  # type: ignore[union-attr]


def test_a_version_promoted_in_the_last_moment_is_not_collected(
    old: tuple[Shop, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody promotes between the plan and its entry: the collector loses the number, and plans again."""
    shop, versions = old
    site = shop.site()
    real = site.ledger.newest
    done: list[bool] = []

    def newest() -> Any:
        found = real()
        if not done:
            done.append(True)
            append(shop, Promoted(claim=None, version=versions[1], over=versions[3], snapshot="s"), version=versions[1])
        return found

    monkeypatch.setattr(site.ledger, "newest", newest)
    seen = collect(site)
    assert versions[1] not in seen.bundles["version"]
    shop.site().versions.verify_all(versions[1])
    assert versions[2] in seen.bundles["version"]


KILLED = """
import os, signal
from datetime import timedelta
from pathlib import Path
from retrain.store.folder import FolderStore
from shop import DAY, START, Shop
from retrain.pipeline.collecting import collect
real, left = FolderStore.delete, [{after}]
def dies(self, key):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    real(self, key)
FolderStore.delete = dies
collect(Shop(root=Path({root!r}), now=START + 180 * DAY).site())
"""


@pytest.mark.parametrize("after", [0, 1, 2, 5, 9])
def test_a_collection_that_is_killed_leaves_nothing_that_is_taken_for_whole_and_the_next_one_goes_on(
    old: tuple[Shop, list[str]], after: int
) -> None:
    shop, versions = old
    program = KILLED.format(after=after, root=str(shop.root))
    ran = subprocess.run([sys.executable, "-c", program], env=with_tests(), capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert undamaged(shop)
    whole = set(shop.site().versions.digests())
    for version in whole:
        shop.site().versions.verify_all(version)
    assert {versions[0], versions[3]} <= whole
    again = collect(shop.site())
    assert again.finished > 0
    left = {key.split("/")[3] for key in shop.site().store.keys("models/shop/versions/")}
    assert left == {versions[0], versions[3]}
    assert not {key.split("/")[-2] for key in keys(shop)} & set(gone(shop.site().ledger.entries()))


def test_files_of_a_writer_that_was_killed_go_when_they_are_seen_again(old: tuple[Shop, list[str]]) -> None:
    shop, _ = old
    collect(shop.site())
    place = f"models/shop/versions/{'e' * 64}"
    shop.site().store.create(f"{place}/head.safetensors", b"half")
    first = collect(shop.site())
    assert (first.outcome, first.unfinished) == ("nothing", 0)
    assert "never finished" in first.reasons[0]
    shop.now += DAY
    assert collect(shop.site()).unfinished == 0, "its writer may be slow"
    entries = shop.site().ledger.newest().number  # type: ignore[union-attr]
    shop.now += DAY
    assert collect(shop.site()).unfinished == 1
    assert not list(shop.site().store.keys(place))
    assert shop.site().ledger.newest().number == entries, "nothing that the ledger ever named"  # type: ignore[union-attr]


def test_a_writer_that_was_only_slow_keeps_its_bundle(old: tuple[Shop, list[str]]) -> None:
    shop, _ = old
    files, about = {"card.md": b"# slow"}, {"n": 99}
    version = shop.site().versions.put(files, about)
    manifest = f"models/shop/versions/{version}/manifest.json"
    content = shop.site().store.read(manifest)
    shop.site().store.delete(manifest)
    collect(shop.site())
    shop.site().store.create(manifest, content)
    shop.now += 3 * DAY
    assert collect(shop.site()).unfinished == 0
    shop.site().versions.verify_all(version)


def test_while_a_run_is_at_work_nothing_goes(old: tuple[Shop, list[str]]) -> None:
    shop, _ = old
    span = {"at": shop.now, "expires_at": shop.now + DAY}
    claim = {"id": "c", "cause": "drift", "reason": "r", "host": "h", "pid": 1, "process_start": "0", **span}
    append(shop, Claimed(claim=Claim.model_validate(claim)))
    before = keys(shop)
    seen = collect(shop.site())
    assert seen.outcome == "refused"
    assert "a run holds the claim" in seen.reasons[0]
    assert keys(shop) == before


def test_a_ledger_that_does_not_hold_lets_nothing_go(old: tuple[Shop, list[str]]) -> None:
    shop, _ = old
    first = Path(shop.settings.store) / "models/shop/ledger/00000001.json"
    first.write_bytes(first.read_bytes().replace(b'"actor":"a test"', b'"actor":"b test"'))
    before = keys(shop)
    with pytest.raises(BrokenLedger):
        collect(shop.site())
    assert keys(shop) == before
