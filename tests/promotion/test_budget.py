"""Is the error of a year never overdrawn, and do worn held-out rows decide nothing?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.evaluation.evidence import Budget
from retrain.promotion.better import better_or_equal
from retrain.promotion.error import level
from retrain.promotion.gate import decide
from retrain.promotion.heldout import further_rows, heldout_not_worn
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.spending import budget, decided
from retrain.store.certificate import Decided, Heldout
from retrain.store.events import Ended
from retrain.store.fold import fold
from retrain.store.state import Champion, State

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = PromotionPolicy()
SERVED = State(champion=Champion(version="c" * 64, since=START, snapshot="s"))


def given_budget(**changed: Any) -> Budget:
    usual = {"year": 0.05, "spent": 0.0, "error": 0.00625, "waiting": 0.005, "free": False, "pairs": 1}
    return Budget(**{**usual, "uses": 0.0, "most_uses": 20.0, "rows": 500, "heldout_share": 0.2, **changed})


def of(state: State, now: datetime, rows: int = 500, policy: PromotionPolicy = POLICY) -> Budget:
    return budget(state, rows, policy, now=now, heldout_share=0.2)


def taken(state: State, at: datetime, policy: PromotionPolicy = POLICY, *, waits: bool = False) -> State:
    seen = of(state, at, policy=policy)
    used = Decided(rows=seen.rows, error=seen.error, waiting=seen.waiting if waits else 0.0, free=seen.free)
    event = Ended(claim="c", outcome="held", challenger="d" * 64, evaluation="e" * 64, decided=used)
    return fold(state, event, at)


@given(
    st.lists(st.tuples(st.floats(0, 200), st.booleans()), max_size=60),
    st.sampled_from([0.01, 0.05, 0.2]),
    st.sampled_from([0.05, 0.125, 1.0]),
)
def test_no_365_days_take_more_than_the_year_has(gaps: list[tuple[float, bool]], year: float, share: float) -> None:
    policy = PromotionPolicy(false_promotions_per_year=year, error_share=share)
    state, now, spends = SERVED, START, []
    for gap, waits in gaps:
        now += timedelta(days=gap)
        seen = of(state, now, policy=policy)
        spends.append((now, seen.error + (seen.waiting if waits else 0.0)))
        state = taken(state, now, policy, waits=waits)
    for end, _ in spends:
        assert sum(error for at, error in spends if timedelta(0) <= end - at < timedelta(days=365)) <= year + 1e-12


def test_eight_decisions_keep_a_third_and_a_year_later_all_is_back() -> None:
    state = SERVED
    for number in range(8):
        state = taken(state, START + timedelta(days=40 * number))
    assert of(state, START + timedelta(days=300)).error == pytest.approx(0.05 * 0.125 * 0.875**8)
    assert of(state, START + timedelta(days=290 + 365)).error == pytest.approx(0.05 * 0.125)


def test_without_a_champion_nothing_is_taken_from_the_year() -> None:
    seen = of(State(), START)
    assert (seen.free, seen.error) == (True, 0.025)
    state = taken(State(), START, waits=True)
    assert state.spent == ()
    assert state.heldout == Heldout(decisions=1, promotions=0, uses=500), "but the rows were used"


def test_the_error_is_shared_by_the_pairs_that_could_have_met_once_these_rows_have_promoted() -> None:
    before = SERVED.model_copy(update={"heldout": Heldout(decisions=9, promotions=0, uses=0)})
    after = SERVED.model_copy(update={"heldout": Heldout(decisions=9, promotions=1, uses=0)})
    assert (of(before, START).pairs, of(after, START).pairs) == (1, 9)
    assert of(after, START).level == pytest.approx(of(before, START).level / 9)


def test_a_promotion_is_tested_at_what_it_may_err_and_says_so(evidence: Any) -> None:
    report = evidence.report(500, 24, 10)
    assert better_or_equal(report, POLICY).verdict == "pass"
    strict = report.model_copy(update={"budget": given_budget(spent=0.01)})
    found = better_or_equal(strict, POLICY)
    assert (found.verdict, level(strict, POLICY)) == ("unknown", 0.00625)
    assert "takes 0.62 % of the 5 % that a year may err (1 % taken before)" in found.reason


def test_a_fail_does_not_wait_for_the_budget(evidence: Any) -> None:
    report = evidence.report(500, 10, 24).model_copy(update={"budget": given_budget(error=1e-9)})
    assert better_or_equal(report, POLICY).verdict == "fail"


@given(st.integers(1, 5_000), st.floats(0, 60), st.integers(0, 400), st.integers(0, 100))
def test_a_spent_budget_never_promotes(evidence: Any, rows: int, uses: float, won: int, lost: int) -> None:
    won, lost = min(won, rows), min(lost, rows - min(won, rows))
    report = evidence.report(rows, won, lost, right=rows - won)
    worn = report.model_copy(update={"budget": given_budget(uses=uses, rows=rows)})
    if uses + 1 > 20:
        assert decide(worn, PromotionPolicy(min_heldout_rows=20)).verdict != "promote"
    nothing = report.model_copy(update={"budget": given_budget(error=0.0)})
    assert decide(nothing, PromotionPolicy(min_heldout_rows=20)).verdict != "promote"


def test_worn_rows_ask_for_fresh_labels_by_number(evidence: Any) -> None:
    report = evidence.report(500, 60, 10).model_copy(update={"budget": given_budget(uses=19.5)})
    found = heldout_not_worn(report, POLICY)
    assert found.verdict == "unknown"
    assert "14 fresh held-out rows would carry one decision, about 70 further labels" in found.reason
    used = decided(report, waits=True)
    assert used is not None
    assert used.error == 0.0, "what can promote nothing takes nothing"


@given(st.integers(20, 5_000), st.floats(19.01, 200))
def test_so_many_fresh_rows_do_carry_one_more(rows: int, uses: float) -> None:
    renewed = rows + further_rows(rows, uses, 20)
    assert uses * rows / renewed + 1 <= 20 + 1e-9
