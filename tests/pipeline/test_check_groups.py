"""Does a gap between groups become an alarm of its own kind, and nothing more unless the spec says so?"""

from datetime import UTC, datetime, timedelta

import pytest

from retrain.pipeline.audit import audit
from retrain.pipeline.check import check
from retrain.pipeline.status import status
from retrain.store.events import Checked
from retrain.store.fold import fold
from retrain.store.judged import CheckState, Fairness
from retrain.store.state import State
from shop import DAY, LATE, SPEC, START, Messages, Shop

ROWS = 150
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def days(shop: Shop, messages: Messages, count: int, *, unequal: bool) -> None:
    """Days of the same messages, whose channel says half of the answer, or nothing."""
    for day in range(count):
        rows = messages("base", day * ROWS, ROWS)
        if unequal:
            rows = [{**row, "channel": "app" if row["label"] < "j" else "web"} for row in rows]
        shop.day(day, rows)
    shop.now = START + count * DAY + LATE


def test_a_breach_stands_in_answer_reasons_status_and_report_and_starts_no_retrain(
    shop: Shop, messages: Messages
) -> None:
    shop.spec(SPEC + "fairness: {gap: 0.05}\n")
    days(shop, messages, 9, unequal=True)
    result = check(shop.site())
    assert result.fairness is not None
    assert result.fairness.state == "breach"
    assert any(reason.startswith("fairness breach: label") for reason in result.reasons)
    assert result.retrain is False
    assert status(shop.site()).fairness == "breach"
    assert shop.site().ledger.state().episode is None
    assert audit(shop.site()).sound


def test_groups_alike_are_not_called_fair_before_there_is_evidence(shop: Shop, messages: Messages) -> None:
    days(shop, messages, 4, unequal=False)
    result = check(shop.site())
    assert result.fairness is not None
    assert result.fairness.state == "not_enough_evidence"
    assert any(reason.startswith("fairness unknown: not enough evidence") for reason in result.reasons)


def test_without_groups_it_is_unknown_and_says_why(shop: Shop, messages: Messages) -> None:
    shop.spec(SPEC.replace(", groups: [channel]", ""))
    days(shop, messages, 4, unequal=False)
    result = check(shop.site())
    assert result.fairness is not None
    assert (result.fairness.state, result.fairness.gaps) == ("not_enough_evidence", ())
    assert "production.groups" in result.fairness.reason


@pytest.mark.parametrize(("asks", "drift", "open_"), [(False, "quiet", False), (True, "quiet", True)])
def test_a_breach_opens_an_episode_only_where_the_spec_asks_and_keeps_it_open_while_it_stands(
    *, asks: bool, drift: CheckState, open_: bool
) -> None:
    state = State()
    for number in range(2):
        event = Checked(
            start=NOW,
            end=NOW + timedelta(days=number + 1),
            rows=200,
            state=drift,
            fairness=Fairness(state="breach", limit=0.1),
            breach_retrains=asks,
        )
        state = fold(state, event, NOW)
        assert (state.episode is not None) == open_
    assert state.episodes == int(open_)
    over = event.model_copy(update={"breach_retrains": False})
    assert fold(state, over, NOW).episode is None
