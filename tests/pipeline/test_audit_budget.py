"""Does an audit find a decision that erred more than the ledger allowed, or used more than its entry says?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from left_open import CLEAR, OPEN, Change, append, approve, as_it_was, begun, forged, left_open, with_report
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.evidence import Fresh
from retrain.pipeline.audit import audit
from retrain.pipeline.pending import decide_pending
from retrain.store import ledger
from retrain.store.certificate import Awaited, Decided
from retrain.store.events import Dismissed, Ended, Promoted
from retrain.store.ledger import LedgerEntry
from shop import Shop

REVIEW = "review: {required: always}"
LABELS = "review: {required: inconclusive}"
YEAR = timedelta(days=365)


def said(shop: Shop, number: int) -> list[str]:
    found = audit(shop.site()).findings
    assert {finding.entry for finding in found} == {number}, found
    return [finding.what for finding in found]


def kinds(shop: Shop) -> list[tuple[int, str]]:
    return [(entry.number, entry.event.kind) for entry in shop.site().ledger.entries()]


@pytest.fixture
def twice(shop: Shop) -> Shop:
    """Two runs one after the other: entries 3 and 5 left challengers open."""
    left_open(shop, LABELS, OPEN)
    shop.now += timedelta(days=10)
    left_open(shop, LABELS, OPEN, run="run-2")
    assert kinds(shop)[2::2] == [(3, "ended"), (5, "ended")]
    return shop


@pytest.fixture
def promoted(shop: Shop) -> Shop:
    """What a run left open for people was approved by them: entries 3, 4 and 5."""
    left_open(shop, REVIEW, CLEAR)
    approve(shop)
    assert decide_pending(shop.site()).outcome == "promoted"
    return shop


def budget(**changed: Any) -> Callable[[EvaluationReport], EvaluationReport]:
    def change(report: EvaluationReport) -> EvaluationReport:
        assert report.budget is not None
        return report.model_copy(update={"budget": report.budget.model_copy(update=changed)})

    return change


def event(**changed: Any) -> Change:
    return lambda entry: as_it_was(entry).model_copy(update={"event": entry.event.model_copy(update=changed)})


def used(entry: LedgerEntry, **changed: Any) -> Decided:
    assert isinstance(entry.event, Ended | Promoted | Dismissed)
    assert entry.event.decided is not None
    return entry.event.decided.model_copy(update=changed)


def test_an_honest_ledger_is_sound_and_its_budgets_are_computed_again(twice: Shop) -> None:
    found = audit(twice.site())
    assert found.findings == ()
    assert found.recomputed == {"gate": 2, "budget": 2, "champion": 1}
    forged(twice, 3, as_it_was)
    assert audit(twice.site()).findings == (), "written anew as it was, nothing is found"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"spent": 0.0, "error": 0.00625}, "given spent 0, error 0.00625; by what is stored it is spent 0.0117"),
        ({"error": 0.05}, "given error 0.05; by what is stored it is error 0.0047"),
        ({"uses": 0.0}, "given uses 0; by what is stored it is uses 1"),
        ({"year": 0.5}, "given year 0.5; by what is stored it is year 0.05"),
        ({"free": True}, "given free 1; by what is stored it is free 0"),
        ({"rows": 3_000}, "given rows 3000; by what is stored it is rows 300"),
    ],
)
def test_a_run_that_was_given_more_than_the_ledger_had_left(
    twice: Shop, changed: dict[str, float], sentence: str
) -> None:
    forged(twice, 5, with_report(twice, budget(**changed)))
    assert any(sentence in what for what in said(twice, 5)), said(twice, 5)


def test_a_run_that_was_given_no_budget_at_all(twice: Shop) -> None:
    forged(twice, 5, with_report(twice, lambda report: report.model_copy(update={"budget": None})))
    assert "its evaluation does not say how much it might err" in said(twice, 5)


def test_a_spend_that_fell_out_of_its_year_while_a_run_was_at_work_is_no_fault(shop: Shop) -> None:
    left_open(shop, LABELS, OPEN)
    shop.now += YEAR - timedelta(hours=1)
    left_open(shop, LABELS, OPEN, run="run-2", takes=timedelta(hours=2))
    assert audit(shop.site()).findings == ()


def test_what_was_decided_before_the_claim_of_a_run_is_never_overlooked(twice: Shop) -> None:
    twice.now += timedelta(days=1)
    left_open(twice, LABELS, OPEN, run="run-3")
    assert audit(twice.site()).findings == ()
    (second,) = [one for one in twice.site().ledger.entries() if one.number == 5]
    digest = second.evidence["evaluation"]
    stored = EvaluationReport.model_validate_json(twice.site().evaluations.read(digest, "evaluation.json"))
    forged(twice, 7, with_report(twice, lambda report: report.model_copy(update={"budget": stored.budget})))
    assert any("its evaluation was given spent" in what for what in said(twice, 7)), "that of the run before"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"error": 0.0}, "it says that it used error 0; by what is stored it is error 0.00625"),
        ({"waiting": 0.0}, "it says that it used waiting 0; by what is stored it is waiting 0.0054"),
        ({"rows": 1}, "it says that it used rows 1; by what is stored it is rows 300"),
        ({"free": True}, "it says that it used free 1; by what is stored it is free 0"),
        ({"again": True}, "it says that it used again 1; by what is stored it is again 0"),
    ],
)
def test_a_run_that_says_it_used_less(shop: Shop, changed: dict[str, float], sentence: str) -> None:
    left_open(shop, LABELS, OPEN)
    forged(shop, 3, lambda entry: event(decided=used(entry, **changed))(entry))
    (what,) = said(shop, 3)
    assert sentence in what


def test_a_run_that_says_nothing_of_what_it_used(shop: Shop) -> None:
    left_open(shop, LABELS, OPEN)
    forged(shop, 3, event(decided=None))
    assert said(shop, 3) == ["it does not say what its decision used, and its evaluation names a budget"]


@pytest.mark.parametrize(
    ("waits", "sentence"),
    [
        ((), "it waits for nothing; what its gate left open waits for labels and review"),
        (("labels",), "it waits for labels; what its gate left open waits for labels and review"),
    ],
)
def test_a_run_that_waits_for_something_else(shop: Shop, waits: tuple[str, ...], sentence: str) -> None:
    left_open(shop, LABELS, OPEN)
    forged(shop, 3, event(waits_for=waits))
    assert said(shop, 3) == [sentence]


def test_an_entry_without_the_evaluation_that_it_names(shop: Shop) -> None:
    left_open(shop, LABELS, OPEN)
    forged(shop, 3, lambda entry: as_it_was(entry).model_copy(update={"evidence": {}}))
    assert any("and its evidence is none" in what for what in said(shop, 3))
    assert "it says what a decision used, and no evaluation is its evidence" in said(shop, 3)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"error": 0.01}, "it says that it used error 0.01; by what is stored it is error 0"),
        ({"rows": 7}, "it says that it used rows 7; by what is stored it is rows 0"),
        ({"again": False, "rows": 7}, "it says that it used rows 7, again 0; by what is stored it is rows 0, again 1"),
    ],
)
def test_a_promotion_of_what_waited_that_says_it_used_more(
    promoted: Shop, changed: dict[str, float], sentence: str
) -> None:
    forged(promoted, 5, lambda entry: event(decided=used(entry, **changed))(entry))
    assert said(promoted, 5) == [sentence]


def test_entries_of_before_further_looks_were_told_apart_are_sound(promoted: Shop) -> None:
    forged(promoted, 5, lambda entry: event(decided=used(entry, again=False))(entry))
    assert audit(promoted.site()).findings == ()


def since(shop: Shop, **changed: Any) -> Callable[[EvaluationReport], EvaluationReport]:
    """Fresh rows that nobody waited for, or on other terms."""
    pending = list(shop.site().ledger.entries())[2].state.pending
    assert pending is not None
    fresh = {"since": pending.since, "rows": 50, "won": 40, "lost": 0, "error": pending.error, **changed}
    return lambda report: report.model_copy(update={"fresh": Fresh.model_validate(fresh)})


def test_fresh_rows_of_one_who_did_not_wait_for_labels(promoted: Shop) -> None:
    forged(promoted, 5, with_report(promoted, since(promoted)))
    assert "50 fresh rows were looked at, and its challenger waited for review" in said(promoted, 5)


def test_fresh_rows_judged_at_more_than_was_put_aside(shop: Shop) -> None:
    left_open(shop, LABELS, OPEN)
    approve(shop)
    assert decide_pending(shop.site()).outcome == "promoted"
    assert audit(shop.site()).findings == ()
    forged(shop, 5, with_report(shop, since(shop, error=0.5)))
    told = [what for what in said(shop, 5) if "were judged at an error of 0.5; 0.0054" in what]
    assert told, said(shop, 5)


def test_held_out_rows_that_say_something_else_once_it_has_waited(promoted: Shop) -> None:
    forged(promoted, 5, with_report(promoted, lambda report: report.model_copy(update={"train_accuracy": 0.96})))
    assert any("which left it open, by more than what came since" in what for what in said(promoted, 5))


def test_one_who_never_waited_is_neither_dismissed_nor_promoted_as_one(shop: Shop) -> None:
    challenger = left_open(shop, LABELS, OPEN)
    append(shop, Dismissed(challenger="d" * 64, outcome="expired"))
    assert said(shop, 4) == [f"it is about dddddddddddd as the challenger that waited, and {challenger[:12]} waited"]


def test_a_challenger_that_waited_too_long_used_nothing(shop: Shop) -> None:
    challenger = left_open(shop, LABELS, OPEN)
    append(shop, Dismissed(challenger=challenger, outcome="expired", decided=Decided(rows=900, error=0.0)))
    assert "nothing was decided, and it says what a decision used" in " ".join(said(shop, 4))


def test_of_entries_of_an_earlier_format_no_budget_is_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    left_open(shop, LABELS, OPEN)
    monkeypatch.setattr(ledger, "FORMAT", 2)
    forged(shop, 3, event(decided=None, waits_for=()))
    begun(shop, "run-2")
    found = audit(shop.site())
    assert (found.findings, found.recomputed["gate"]) == ((), 1)
    assert "budget" not in found.recomputed


def test_a_challenger_that_is_given_longer_than_its_policy_gives(shop: Shop) -> None:
    left_open(shop, REVIEW, CLEAR)
    forged(shop, 3, event(awaited=Awaited(days=900.0, review_days=900.0, reviewers=1)))
    assert any("it waits under 900 d, review 900 d, 1 people" in what for what in said(shop, 3)), said(shop, 3)
