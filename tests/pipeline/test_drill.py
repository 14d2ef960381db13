"""A drill of one model: from its stored reference to the ledger, and what a refuted budget does to the next check."""

from pathlib import Path
from typing import Any

import pytest

from retrain.errors import UsageError
from retrain.pipeline.audit import audit
from retrain.pipeline.check import check
from retrain.pipeline.drill import drill_model
from retrain.pipeline.explain import history
from retrain.store.drilled import Drill
from retrain.store.events import Drilled, Event, Promoted, Referenced
from retrain.store.fold import fold
from retrain.store.ledger import Draft
from retrain.store.state import State
from shop import DAY, LATE, START, Messages, Shop
from telemetry.written import drilled

ROWS = 150


@pytest.fixture
def watched(shop: Shop, messages: Messages) -> Shop:
    """A shop with a champion of a person's making, and a reference of three quiet days."""
    append(shop, Promoted(claim=None, version="v", over=None, snapshot="s"))
    for day in range(3):
        shop.day(day, messages("base", day * ROWS, ROWS))
    shop.now = START + 3 * DAY + LATE
    assert check(shop.site()).state == "quiet"
    return shop


def append(shop: Shop, event: Event) -> None:
    shop.site().ledger.append(lambda _: Draft(event=event, reasons=("a test",), actor="a test"))


def drift(shop: Shop, messages: Messages) -> None:
    for day in (3, 4):
        rows = messages("new_intent", day * 60, 90) + messages("base", day * ROWS, 60)
        ids = shop.day(day, rows, sure=0.6)
        shop.now = START + (day + 1) * DAY + LATE
        # Labels enough, so that nothing but the drill holds a retrain back.
        shop.label(ids, [row["label"] for row in rows])


def test_without_a_reference_a_drill_is_refused_in_a_sentence(shop: Shop) -> None:
    found = drill_model(shop.site())
    assert (found.outcome, found.drill, found.propose_only) == ("refused", None, False)
    assert "no drift reference to drill" in found.reasons[0]
    assert list(shop.site().ledger.entries()) == []


def test_no_look_is_no_drill(shop: Shop) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        drill_model(shop.site(), looks=0)


def test_a_drill_stands_in_the_ledger_with_its_evidence_and_is_the_same_again(watched: Shop) -> None:
    first, again = (drill_model(watched.site(), looks=4, seed=1) for _ in range(2))
    assert (first.outcome, first.drill) == ("drilled", again.drill)
    assert first.drill is not None
    assert (first.drill.looks, first.drill.seed, first.drill.window_rows) == (4, 1, 150)
    assert first.drill.budget is None, "rule windows keeps none, so none can be refuted"
    assert first.report == again.report
    assert Path(first.report or "").is_file()
    assert watched.site().ledger.state().drill == first.drill
    assert "4 looks at its own reference" in history(watched.site())[-1].what
    assert audit(watched.site()).sound


def test_a_refuted_budget_leaves_a_drift_alarm_to_propose(watched: Shop, messages: Messages) -> None:
    reference = watched.site().ledger.state().reference or ""
    append(watched, drilled(reference=reference, alarms=12, per_year=15.0, low=8.0, high=26.0))
    drift(watched, messages)
    seen = check(watched.site())
    assert (seen.state, seen.retrain, seen.proposed, seen.request) == ("alarm", False, True, None)
    assert any("a retrain is proposed" in reason and "8 to 26" in reason for reason in seen.reasons)
    assert watched.site().ledger.state().last_check.waiting[0] == "drill"  # type: ignore[union-attr]
    append(watched, drilled(reference=reference))
    after = check(watched.site())
    assert (after.retrain, after.proposed, after.cause) == (True, False, "drift")


def test_a_drill_speaks_of_its_own_reference_alone() -> None:
    event: dict[str, Any] = {"reference": "r", "end": START, "rows": 1000}
    state = fold(State(), Referenced.model_validate(event), START)
    assert fold(state, drilled(reference="another"), START).drill is None
    told = fold(state, drilled(), START)
    assert isinstance(told.drill, Drill)
    assert fold(told, Referenced.model_validate({**event, "reference": "s"}), START).drill is None
    assert fold(told, Promoted(claim=None, version="v", over=None, snapshot="s"), START).drill is None
    assert isinstance(drilled(), Drilled)
