"""Do F1, the drifted rows and fresh rows each have their say?"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.evaluation.comparison import EvaluationReport, Interval, MetricDifference
from retrain.evaluation.evidence import Fresh
from retrain.promotion.better import better_or_equal
from retrain.promotion.drifted import better_where_it_drifted
from retrain.promotion.gate import decide
from retrain.promotion.metrics import metrics_not_worse
from retrain.promotion.policy import PromotionPolicy

POLICY = PromotionPolicy()
SINCE = datetime(2026, 3, 2, tzinfo=UTC)


def with_f1(evidence: Any, low: float, high: float) -> EvaluationReport:
    between = Interval(low=low, high=high, confidence=0.95, method="bootstrap")
    f1 = MetricDifference(metric="f1", champion=0.8, challenger=0.8 + (low + high) / 2, difference=between)
    report = evidence.report()
    return EvaluationReport.model_validate(
        report.model_copy(update={"comparison": report.comparison.model_copy(update={"metrics": (f1,)})}).model_dump()
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict", "promoted"),
    [(-0.04, 0.06, "pass", "promote"), (-0.06, 0.04, "unknown", "inconclusive"), (-0.2, -0.06, "fail", "hold")],
)
def test_macro_f1_must_be_shown_not_worse(evidence: Any, low: float, high: float, verdict: str, promoted: str) -> None:
    report = with_f1(evidence, low, high)
    found = metrics_not_worse(report, POLICY)
    assert (found.verdict, decide(report, POLICY).verdict) == (verdict, promoted)
    assert "macro F1 0.800 before" in found.reason


def drifted(evidence: Any, rows: int, won: int, lost: int) -> EvaluationReport:
    part = evidence.slice("label", "x", rows, won=won, lost=lost, right=rows - won)
    part = part.model_copy(update={"kind": "drifted", "name": "seen since 2026-03-02"})
    report: EvaluationReport = evidence.report(slices=[part])
    return report


@pytest.mark.parametrize(
    ("counts", "superior", "not_worse"),
    [((60, 20, 2), "pass", "pass"), ((30, 5, 5), "unknown", "unknown"), ((200, 8, 8), "unknown", "pass")],
)
def test_drift_asks_for_superiority_where_it_drifted(
    evidence: Any, counts: tuple[int, int, int], superior: str, not_worse: str
) -> None:
    report = drifted(evidence, *counts)
    assert better_where_it_drifted(report, POLICY).verdict == superior
    assert better_where_it_drifted(report, PromotionPolicy(on_drifted="not_worse")).verdict == not_worse


@pytest.mark.parametrize("asked", ["superior", "not_worse"])
def test_worse_where_it_drifted_holds_whatever_all_rows_say(evidence: Any, asked: str) -> None:
    report = drifted(evidence, 60, 2, 20)
    assert decide(report, PromotionPolicy.model_validate({"on_drifted": asked})).verdict == "hold"


@pytest.mark.parametrize(("unknown_group", "verdict"), [("allow", "pass"), ("block", "unknown")])
def test_too_few_drifted_rows_are_unknown_and_allowed_or_not(evidence: Any, unknown_group: str, verdict: str) -> None:
    policy = PromotionPolicy.model_validate({"unknown_group": unknown_group})
    found = better_where_it_drifted(drifted(evidence, 10, 0, 9), policy)
    assert (found.verdict, "unknown: 10 held-out rows" in found.reason) == (verdict, True)


def looked_at(evidence: Any, won: int, lost: int, *, rows: int = 400, error: float = 0.005) -> EvaluationReport:
    fresh = Fresh(since=SINCE, rows=rows, won=won, lost=lost, error=error)
    report: EvaluationReport = evidence.report(500, 15, 10).model_copy(update={"fresh": fresh})
    return report


@pytest.mark.parametrize(
    ("counts", "verdict", "says"),
    [
        ((30, 5), "promote", "better: 400 fresh rows"),
        ((9, 6), "inconclusive", "further labelled rows"),
        ((2, 15), "hold", "worse"),
    ],
)
def test_fresh_rows_decide_what_the_held_out_rows_left_open(
    evidence: Any, counts: tuple[int, int], verdict: str, says: str
) -> None:
    decision = decide(looked_at(evidence, *counts), POLICY)
    assert decision.verdict == verdict, decision.reasons
    assert says in next(check.reason for check in decision.checks if check.rule == "better_or_equal")


@given(st.integers(0, 200), st.integers(0, 200), st.sampled_from([0.0, 0.005, 0.05]))
def test_no_better_on_fresh_rows_is_never_promoted(evidence: Any, won: int, lost: int, error: float) -> None:
    report = looked_at(evidence, won, lost, error=error)
    if won <= lost or error == 0:
        assert decide(report, POLICY).verdict != "promote"
    assert better_or_equal(report, POLICY).reason


def test_fresh_rows_settle_what_too_few_drifted_rows_left_open(evidence: Any) -> None:
    policy = PromotionPolicy(unknown_group="block")
    report = drifted(evidence, 10, 3, 0)
    assert better_where_it_drifted(report, policy).verdict == "unknown"
    shown = Fresh(since=SINCE, rows=400, won=30, lost=5, error=0.005)
    assert better_where_it_drifted(report.model_copy(update={"fresh": shown}), policy).verdict == "pass"
    unshown = shown.model_copy(update={"won": 6})
    assert better_where_it_drifted(report.model_copy(update={"fresh": unshown}), policy).verdict == "unknown"
