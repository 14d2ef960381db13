"""What bad input gets: each kind of damage is found, with a sentence that says what it is and what to do."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from faults.conftest import Fresh
from faults.yard import LEDGER, Yard, back, by_hand, run
from retrain.dataset import stored
from retrain.errors import SafetyError, UnknownVersion
from retrain.pipeline.audit import AuditResult, audit
from retrain.pipeline.check import check
from retrain.pipeline.rollback import promote, rollback
from retrain.store.events import Event, Prepared, Promoted, RolledBack
from retrain.store.ledger import Draft
from retrain.values import canonical_json
from shop import DAY, LATE, START, Messages, Shop


@pytest.fixture
def yard(first_folder: Fresh) -> Yard:
    """With a run behind it: seven entries."""
    made = first_folder()
    run(made, made.open())
    return made


def place(yard: Yard, key: str) -> Path:
    return yard.root / "store" / key


def said(yard: Yard) -> list[tuple[int, str]]:
    found = audit(yard.site())
    assert not found.sound
    return [(one.entry, one.what) for one in found.findings]


def appended(yard: Yard, event: Event, evidence: dict[str, str] | None = None) -> int:
    entry = yard.site().ledger.append(
        lambda _: Draft(event=event, reasons=("forged",), actor="nobody", evidence=evidence or {})
    )
    assert entry is not None
    return entry.number


def test_what_was_recomputed_and_what_was_only_verified_is_said_entry_by_entry(yard: Yard) -> None:
    found = audit(yard.site())
    assert found.findings == ()
    assert found.recomputed == {"budget": 1, "champion": 3, "dataset": 1, "gate": 1}
    assert [(one.kind, one.recomputed) for one in found.trail] == [
        ("promoted", ("champion",)),
        ("promoted", ("champion",)),
        ("claimed", ()),
        ("prepared", ("dataset",)),
        ("trained", ()),
        ("promoted", ("gate", "budget", "champion")),
    ]
    assert found.trail[3].verified == ("dataset",)


def test_an_entry_that_names_a_version_that_is_gone(yard: Yard) -> None:
    digest = yard.champions()[0]
    for path in place(yard, f"models/shop/versions/{digest}").iterdir():
        path.unlink()
    assert any(
        number == 5 and "evidence 'version'" in what and "not in the store" in what for number, what in said(yard)
    )
    promote(yard.site(), yard.names["mine"], reason="away from it")
    with pytest.raises(SafetyError, match="Restore it from a backup"):
        rollback(yard.site(), reason="to what is gone")
    with pytest.raises(UnknownVersion, match="no version"):
        promote(yard.site(), digest, reason="what is gone")


def test_a_ledger_with_a_missing_link_is_said_and_the_rest_is_still_looked_at(yard: Yard) -> None:
    place(yard, f"{LEDGER}00000003.json").unlink()
    place(yard, f"models/shop/versions/{yard.names['old']}/card.md").write_text("changed")
    found = dict(said(yard))
    assert "the entry before it is missing. Restore it from a backup" in found[4]
    assert "the bytes do not match the manifest's digest" in found[1]


def test_a_tampered_manifest_and_truncated_weights(yard: Yard) -> None:
    mine, old = (place(yard, f"models/shop/versions/{yard.names[name]}") for name in ("mine", "old"))
    (mine / "manifest.json").write_bytes((mine / "manifest.json").read_bytes().replace(b"probe", b"prove"))
    weights = (old / "head.safetensors").read_bytes()
    (old / "head.safetensors").write_bytes(weights[: len(weights) // 2])
    found = dict(said(yard))
    assert "its manifest has digest" in found[2]
    assert "'head.safetensors'" in found[1]
    assert "cut after it was stored" in found[1]
    with pytest.raises(SafetyError, match="changed after it was stored"):
        promote(yard.site(), yard.names["mine"], reason="with a forged manifest")


def test_a_clock_an_hour_back_makes_no_decision_look_earlier(yard: Yard) -> None:
    before = yard.site().ledger.newest()
    assert before is not None
    yard.now -= timedelta(hours=1)
    by_hand(yard, yard.open())
    after = yard.site().ledger.newest()
    assert after is not None
    assert (after.number, after.at) == (before.number + 1, before.at)
    assert audit(yard.site()).sound


def test_an_entry_stamped_before_the_one_it_follows_is_found(yard: Yard) -> None:
    key = f"{LEDGER}00000006.json"
    entry = json.loads(place(yard, key).read_bytes())
    entry["at"] = (yard.now - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    place(yard, key).write_bytes(canonical_json(entry))
    assert any("before the entry that it follows" in what for number, what in said(yard) if number == 6)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (Promoted(claim=None, version="v" * 64, over="o" * 64, snapshot="s" * 64), "it replaces oooooooooooo"),
        (RolledBack(version="v" * 64, withdrawn="w" * 64), "which is not the one before"),
    ],
)
def test_a_forged_change_of_champion_is_found(yard: Yard, event: Event, sentence: str) -> None:
    number = appended(yard, event)
    assert any(sentence in what for found, what in said(yard) if found == number)


def test_a_promotion_that_the_gate_did_not_give_is_found(yard: Yard) -> None:
    newest = yard.site().ledger.newest()
    assert newest is not None
    forged = Promoted(claim="c", version=yard.names["other"], over=yard.champions()[0], snapshot="s" * 64)
    number = appended(yard, forged, {"evaluation": newest.evidence["evaluation"]})
    assert any("and the gate said promote for" in what for found, what in said(yard) if found == number)


def decided_otherwise(yard: Yard, change: dict[str, object]) -> AuditResult:
    """The run's evaluation, stored once more with another decision, and an entry that names it."""
    site, newest = yard.site(), yard.site().ledger.newest()
    assert newest is not None
    digest = newest.evidence["evaluation"]
    names = site.evaluations.manifest(digest).files
    files: dict[str, bytes | Path] = {name: site.evaluations.read(digest, name) for name in names}
    decision = {**json.loads(site.evaluations.read(digest, "decision.json")), **change}
    files["decision.json"] = canonical_json(decision)
    other = site.evaluations.put(files, {})
    appended(yard, RolledBack(version=yard.names["mine"], withdrawn=yard.champions()[0]), {"evaluation": other})
    return audit(yard.site())


def test_a_verdict_that_the_evidence_does_not_give_is_found(yard: Yard) -> None:
    (finding,) = decided_otherwise(yard, {"verdict": "hold"}).findings
    assert "was decided 'hold'; the same evidence gives 'promote' now" in finding.what


def test_a_decision_by_fewer_rules_is_computed_again_by_those(yard: Yard) -> None:
    newest = yard.site().ledger.newest()
    assert newest is not None
    decision = json.loads(yard.site().evaluations.read(newest.evidence["evaluation"], "decision.json"))
    assert decided_otherwise(yard, {"checks": decision["checks"][:3]}).sound


def test_a_rule_that_this_program_does_not_have_is_no_silent_pass(yard: Yard) -> None:
    unknown = {"rule": "by_the_moon", "verdict": "pass", "reason": "it was full"}
    (finding,) = decided_otherwise(yard, {"checks": [unknown]}).findings
    assert "decided by the rule 'by_the_moon', which this program does not have" in finding.what


def test_a_snapshot_that_trains_on_what_it_holds_out_is_found(yard: Yard) -> None:
    site, state = yard.site(), yard.site().ledger.state()
    assert state.snapshot is not None
    good = stored.get(site.snapshots, state.snapshot)
    leaking = good.model_copy(update={"train": (*good.train, good.heldout[0])})
    digest = stored.put(site.snapshots, leaking)
    number = appended(yard, Prepared(claim="c", snapshot=digest, clean=leaking.clean), {"dataset": digest})
    told = [what for found, what in said(yard) if found == number]
    assert any("trains on 1 of the rows that it holds out" in what for what in told)
    assert any("trains on 1 rows that the one before held out" in what for what in told)


def checked_shop(shop: Shop, messages: Messages) -> AuditResult:
    for day in range(4):
        shop.day(day, messages("base", day * 150, 150))
    shop.now = START + 4 * DAY + LATE
    check(shop.site())
    return audit(shop.site())


def test_drift_verdicts_and_trigger_decisions_are_computed_again(shop: Shop, messages: Messages) -> None:
    found = checked_shop(shop, messages)
    assert found.findings == ()
    assert found.recomputed == {"check": 2, "trigger": 2}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"state": "alarm"}, "its state is alarm; the stored report gives quiet now"),
        ({"retrain": True}, "its trigger said retrain=True; the same situation gives retrain=False now"),
        ({"moved": {"label": 0.5}}, 'its moved is {"label":0.5}'),
    ],
)
def test_a_check_whose_report_says_otherwise_is_found(
    shop: Shop, messages: Messages, change: dict[str, object], sentence: str
) -> None:
    checked_shop(shop, messages)
    newest = shop.site().ledger.newest()
    assert newest is not None
    event = newest.event.model_copy(update=change)
    reasons = newest.reasons
    # On the state before the newest: as if this had been written in its place.
    key = shop.root / "store" / f"models/shop/ledger/{newest.number:08d}.json"
    key.unlink()
    shop.site().ledger.append(lambda _: Draft(event=event, reasons=reasons, actor="nobody", evidence=newest.evidence))
    found = audit(shop.site()).findings
    assert any(sentence in one.what for one in found), found


def test_going_back_leaves_a_sound_ledger(yard: Yard) -> None:
    promote(yard.site(), yard.names["mine"], reason="again")
    back(yard, yard.open())
    assert audit(yard.site()).sound
