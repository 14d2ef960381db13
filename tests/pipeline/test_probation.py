"""Is a new champion watched in production, and taken back when production contradicts its evidence?"""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from retrain.cli.main import run
from retrain.errors import DigestMismatch
from retrain.pipeline.audit import audit
from retrain.pipeline.check import check
from retrain.pipeline.explain import history
from retrain.pipeline.probation import probation
from retrain.pipeline.probation_again import other_probation
from retrain.pipeline.retrain import retrain
from retrain.pipeline.rollback import promote, rollback
from retrain.store.events import ProbationSeen, Promoted, Referenced, RolledBack
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.probation import Terms
from shop import DAY, FEW, LATE, SPEC, START, Messages, Shop, few

TERMS = Terms(days=10, min_labels=30, margin=0.05, confidence=0.95, look_labels=20, max_rows=200)
pytestmark = pytest.mark.model


def append(shop: Shop, event: Any) -> LedgerEntry:
    entry = shop.site().ledger.append(lambda _: Draft(event=event, reasons=("because",), actor="a test"))
    assert entry is not None
    return entry


def another(shop: Shop, *, wrong: bool) -> str:
    """A version like the champion, stored anew; wrong: its labels are moved on by one, so that no answer is right."""
    champion = shop.site().ledger.state().champion
    assert champion is not None
    folder = shop.site().versions.fetch(champion.version, shop.root / "cache" / "versions")
    files: dict[str, Any] = {p.name: p for p in folder.iterdir() if p.name not in ("manifest.json", "card.md")}
    if wrong:
        model = json.loads((folder / "model.json").read_text())
        model["labels"] = [*model["labels"][1:], model["labels"][0]]
        files["model.json"] = json.dumps(model).encode()
    return shop.site().versions.put(files, shop.site().versions.manifest(champion.version).about)


def promoted(shop: Shop, *, wrong: bool, **terms: Any) -> tuple[str, str]:
    """A new champion on probation, promoted at midnight of the shop's first day, and its predecessor."""
    shop.now = START
    before = shop.site().ledger.state().champion
    assert before is not None
    append(shop, Referenced(reference="r" * 64, end=START, rows=300))
    version = another(shop, wrong=wrong)
    held = TERMS.model_copy(update={"promised_low": 0.01, "promised_high": 0.05, **terms})
    append(shop, Promoted(claim=None, version=version, over=before.version, snapshot="s" * 64, probation=held))
    return version, before.version


def labelled_day(shop: Shop, messages: Messages, number: int, count: int) -> None:
    rows = few(messages("base", 0, 1560))[number * count : (number + 1) * count]
    ids = shop.day(number, rows)
    shop.now = START + (number + 1) * DAY + LATE
    shop.label(ids, [row["label"] for row in rows])


@pytest.fixture
def served(running_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with a champion, named by the environment as an operator does it."""
    for name in ("STORE", "MODELS", "WORK", "CACHE"):
        monkeypatch.setenv(f"RETRAIN_{name}", running_shop.environment[f"RETRAIN_{name}"])
    return running_shop


def test_a_champion_that_is_worse_in_production_is_rolled_back_with_its_evidence(
    served: Shop, messages: Messages
) -> None:
    worse, before = promoted(served, wrong=True)
    labelled_day(served, messages, 0, 40)
    result = probation(served.site())
    assert (result.state, result.looked, result.version, result.predecessor) == ("breach", True, worse, before)
    state = served.site().ledger.state()
    assert state.champion is not None
    assert (state.champion.version, state.reference) == (before, "r" * 64), "its own reference is back at once"
    assert (state.unpromoted, state.totals.rollbacks) == (1, {"probation": 1})
    newest = served.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, RolledBack)
    assert newest.event.reason == "probation"
    assert newest.event.tally == result.tally
    assert newest.event.tally is not None
    kept = json.loads(served.site().probations.read(newest.evidence["probation"], "answers.json"))
    assert len(kept["answers"]) == result.tally.rows  # type: ignore[union-attr]
    assert "worse than its predecessor beyond doubt" in newest.reasons[0]
    entries = list(served.site().ledger.entries())
    assert other_probation(served.site(), entries[-2].state, newest) is None
    forged = newest.event.tally.model_copy(update={"lost": 3})
    lie = newest.model_copy(update={"event": newest.event.model_copy(update={"tally": forged})})
    assert "3 lost of" in (other_probation(served.site(), entries[-2].state, lie) or "")
    assert "withdrawn by its probation" in history(served.site())[-1].what
    damage = {finding.what.partition(":")[0] for finding in audit(served.site()).findings}
    assert not [what for what in damage if "probation" in what or "verdict" in what]
    assert probation(served.site()).looked is False, "it has ended"


def test_a_champion_as_good_is_confirmed_at_the_end_and_only_then_the_reference_moves(
    served: Shop, messages: Messages
) -> None:
    version, _ = promoted(served, wrong=False)
    for number in range(3):
        labelled_day(served, messages, number, 60)
    running = probation(served.site())
    assert (running.state, running.looked) == ("running", True)
    assert running.tally is not None
    assert (running.tally.won, running.tally.lost) == (0, 0)
    entries = served.site().ledger.newest().number  # type: ignore[union-attr]
    assert probation(served.site()).looked is False, "no new label, no look"
    seen = check(served.site())
    assert seen.state == "insufficient_data"
    assert "on probation until 2026-03-12 00:00 UTC" in seen.reasons[0]
    assert served.site().ledger.newest().number == entries  # type: ignore[union-attr]
    for number in range(3, 9):
        served.day(number, messages("base", number * 50, 50))
    served.now = START + 10 * DAY + LATE
    ended = probation(served.site())
    assert (ended.state, ended.version) == ("confirmed", version)
    state = served.site().ledger.state()
    assert state.champion is not None
    assert state.champion.version == version
    assert state.reference is None
    written = list(served.site().ledger.entries())
    for before, entry in pairwise(written):
        assert other_probation(served.site(), before.state, entry) is None
    check(served.site())
    moved = served.site().ledger.state()
    assert moved.reference not in (None, "r" * 64)
    first = next(e for e in served.site().ledger.backwards() if isinstance(e.event, Referenced))
    assert first.event.end < served.now - 3 * DAY, "from the first rows since the promotion: none is skipped"  # type: ignore[union-attr]


def test_without_labels_it_ends_in_a_state_of_its_own_and_the_champion_stays(
    served: Shop, messages: Messages, capsys: pytest.CaptureFixture[str]
) -> None:
    version, _ = promoted(served, wrong=True)
    served.day(0, messages("base", 0, 40))
    served.now = START + 10 * DAY + LATE
    result = probation(served.site())
    assert result.state == "not_enough_labels"
    assert result.missing == TERMS.min_labels
    assert served.site().ledger.state().champion.version == version  # type: ignore[union-attr]
    assert isinstance(served.site().ledger.newest().event, ProbationSeen)  # type: ignore[union-attr]
    assert run(["probation", "shop", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["looked"]) == ("not_enough_labels", False)


def test_the_same_message_sent_again_is_one_row_and_a_corrected_label_counts_as_it_stands(
    served: Shop, messages: Messages
) -> None:
    promoted(served, wrong=True)
    row = few(messages("base", 0, 200))[0]
    ids = served.day(0, [row] * 60)
    served.now = START + DAY + LATE
    served.label(ids, [row["label"]] * 60)
    burst = probation(served.site())
    assert burst.tally is not None
    assert (burst.state, burst.tally.rows, burst.tally.lost) == ("running", 1, 1)
    other = next(name for name in FEW if name != row["label"])
    served.now += timedelta(minutes=5)
    served.label(ids, [other] * 60, at=served.now)
    rows = few(messages("base", 0, 1560))[20:40]
    more = served.day(1, rows)
    served.now = START + 2 * DAY + LATE
    served.label(more[:20], ["no such label"] * 20)
    again = probation(served.site())
    assert again.tally is not None
    assert again.tally.lost == 0, "nothing that either answered is right by now"


def test_a_rollback_or_a_promotion_by_hand_ends_it(served: Shop) -> None:
    version, before = promoted(served, wrong=False)
    rollback(served.site(), reason="I saw it myself")
    assert served.site().ledger.state().probation is None
    assert served.site().ledger.state().unpromoted == 0, "a person's word is no failed challenger"
    assert probation(served.site()).state == "none"
    promote(served.site(), version[:12], reason="after all")
    assert served.site().ledger.state().probation is None
    assert before != version


def test_a_predecessor_that_is_damaged_is_not_put_back(served: Shop, messages: Messages) -> None:
    worse, before = promoted(served, wrong=True)
    labelled_day(served, messages, 0, 40)
    weights = served.root / "store" / "models/shop/versions" / before / "head.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"evil")
    with pytest.raises(DigestMismatch):
        probation(served.site())
    assert served.site().ledger.state().champion.version == worse  # type: ignore[union-attr]


def test_a_label_log_that_cannot_be_read_is_said_and_holds_nothing_up_for_ever(served: Shop) -> None:
    promoted(served, wrong=False)
    (served.root / "labels").mkdir()
    (served.root / "labels" / "people.jsonl").write_text('{"name": "x"}\n')
    served.now = START + DAY
    assert any("label log" in reason or "id" in reason for reason in probation(served.site()).reasons)
    served.now = START + 11 * DAY
    ended = probation(served.site())
    assert ended.state == "not_enough_labels"
    assert len(ended.reasons) == 2


@pytest.mark.slow
def test_a_run_that_promotes_puts_on_probation_under_the_spec_of_that_day(served: Shop) -> None:
    eager = SPEC.replace("promotion: {", "promotion: {require: non_inferior, margin: 0.4, slice_margin: 0.9, ")
    served.spec(eager + "probation: {days: 4, canary_share: 0.25}\n")
    before = served.site().ledger.state().champion
    result = retrain(served.site(), cause="manual", reason="anew")
    assert (result.outcome, before is not None) == ("promoted", True), result.reasons
    held = served.site().ledger.state().probation
    assert held is not None
    assert (held.predecessor, held.version, held.running) == (before.version, result.version, True)  # type: ignore[union-attr]
    assert (held.terms.days, held.terms.canary_share) == (4, 0.25)
    assert held.terms.promised_low is not None
    assert result.comparison is not None
    assert held.terms.promised_low == result.comparison.difference.low
    assert held.ends_at == held.since + 4 * DAY
    assert audit(served.site()).sound
