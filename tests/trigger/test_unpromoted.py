"""Do challengers that fail one after the other make the next one wait, and ask for a person?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.store.events import Ended, ProbationSeen, Promoted, RolledBack
from retrain.store.fold import fold
from retrain.store.probation import Tally, Terms
from retrain.store.state import State
from retrain.trigger.decide import Situation, decide
from retrain.trigger.policy import TriggerPolicy

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = TriggerPolicy(max_unpromoted=3, unpromoted_wait_hours=168, max_unpromoted_wait_hours=1000)
TERMS = Terms(days=10, min_labels=30, margin=0.05, confidence=0.95, look_labels=20, max_rows=200)
TALLY = Tally(rows=30, won=0, lost=0, labels=30, low=-0.1, high=0.1, worse=1.0)


def situation(failed: int, days: float) -> Situation:
    """Drift is open and unanswered; the last challenger failed so many days ago."""
    ended = NOW - timedelta(days=days)
    return Situation(
        episode_open=True, champion_since=NOW - 90 * DAY, last_retrain_ended=ended, unpromoted=failed, new_labels=500
    )


@pytest.mark.parametrize(
    ("failed", "days", "retrain"),
    [(2, 4, True), (3, 4, False), (3, 7, True), (4, 13.9, False), (4, 14, True), (9, 41, False), (9, 42, True)],
)
def test_from_the_third_on_it_waits_twice_as_long_each_time(failed: int, days: float, retrain: bool) -> None:
    decision = decide(situation(failed, days), POLICY, now=NOW)
    assert decision.retrain is retrain
    assert ("unpromoted" in decision.waiting) is not retrain
    assert any("a person should look" in reason for reason in decision.reasons) is not retrain


def test_a_person_does_not_wait() -> None:
    asked = situation(9, 0).model_copy(update={"asked": "manual", "reason": "I looked"})
    decision = decide(asked, POLICY, now=NOW)
    assert decision.retrain
    assert any("set aside: 9 challengers in a row" in reason for reason in decision.reasons)


def test_an_alert_waits_too() -> None:
    asked = situation(3, 4).model_copy(update={"asked": "alert", "reason": "errors"})
    assert decide(asked, POLICY, now=NOW).waiting == ("unpromoted",)


@given(st.integers(0, 500), st.floats(0, 400), st.floats(0, 400))
def test_a_later_now_never_turns_a_yes_into_a_no(failed: int, days: float, later: float) -> None:
    seen = situation(failed, days)
    if decide(seen, POLICY, now=NOW).retrain:
        assert decide(seen, POLICY, now=NOW + timedelta(days=later)).retrain


def held(challenger: str, outcome: str = "held") -> Ended:
    return Ended.model_validate({"claim": "c", "outcome": outcome, "challenger": challenger})


def counted(*events: Ended | Promoted | RolledBack | ProbationSeen) -> int:
    state = fold(State(), Promoted(claim=None, version="v0", over=None, snapshot="s"), NOW)
    for event in events:
        state = fold(state, event, NOW)
    return state.unpromoted


TRIED = Promoted(claim="c", version="v9", over="v0", snapshot="s", probation=TERMS)
BREACH = RolledBack(version="v0", withdrawn="v9", reason="probation", tally=TALLY)


def test_what_counts_as_a_failed_challenger() -> None:
    assert counted(held("v1"), held("v2", "inconclusive")) == 2
    assert counted(held("v1", "inconclusive"), held("v1")) == 1, "looked at again, it is the same one"
    assert counted(Ended(claim="c", outcome="refused"), Ended(claim="c", outcome="failed")) == 0
    assert counted(held("v0")) == 0, "made champion by hand meanwhile"


def test_a_promotion_clears_the_count_only_when_its_probation_has_ended_well() -> None:
    assert counted(held("v1"), held("v2"), TRIED) == 2
    assert counted(held("v1"), held("v2"), TRIED, BREACH) == 3
    assert counted(held("v1"), TRIED, ProbationSeen(version="v9", state="confirmed", tally=TALLY)) == 0
    assert counted(held("v1"), TRIED, ProbationSeen(version="v9", state="running", tally=TALLY)) == 1
    assert counted(held("v1"), Promoted(claim=None, version="v2", over="v0", snapshot="s")) == 0, "a person's word"
    flapping = [event for _ in range(4) for event in (TRIED, BREACH)]
    assert counted(*flapping) == 1, "the same version, promoted and withdrawn in turns, is one"
