"""Is there evidence enough, and is the challenger good, sound and quick enough by itself?"""

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.proportion import wilson
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import answer, percent


def enough_rows(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Fewer rows than the policy asks decide nothing; that is unknown, not a failure of the challenger."""
    rows, needed = report.comparison.rows, policy.min_heldout_rows
    fresh = report.fresh.rows if report.fresh else 0
    if rows < needed <= rows + fresh:
        reason = f"{rows} held-out rows and {fresh} fresh ones, at least {needed} needed"
        return Check(rule="enough_rows", verdict="pass", reason=reason)
    if rows >= needed:
        return Check(rule="enough_rows", verdict="pass", reason=f"{rows} held-out rows, at least {needed} needed")
    reason = f"{rows} held-out rows, at least {needed} needed; {needed - rows} more labelled held-out rows would do"
    return Check(rule="enough_rows", verdict="unknown", reason=reason)


def good_enough(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Nothing below the least accuracy is served, the first champion included."""
    seen, least = report.comparison.challenger.accuracy, policy.min_accuracy
    holds = seen >= least
    reason = f"accuracy {_with_interval(report, policy)}, at least {least:.3f} needed"
    if not holds:
        reason += "; more or better examples are the way, or another base"
    return answer("good_enough", reason, holds=holds)


def not_overfitted(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """The accuracy on training rows is not far above that on held-out rows."""
    gap = report.train_accuracy - report.comparison.challenger.accuracy
    reason = (
        f"{report.train_accuracy:.3f} on training rows against {_with_interval(report, policy)} on held-out rows: "
        f"gap {gap:+.3f}, limit {policy.max_overfit_gap:.3f}"
    )
    if gap > policy.max_overfit_gap:
        reason += "; it remembers more than it learnt, or the held-out rows are of another kind: look at both"
    return answer("not_overfitted", reason, holds=gap <= policy.max_overfit_gap)


def answers_in_time(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Single rows are answered within the limit."""
    seen, limit = report.latency_p95_ms, policy.max_latency_ms
    reason = f"95 % of single rows within {seen:,.1f} ms, limit {limit:,.1f} ms"
    return answer("answers_in_time", reason, holds=seen <= limit)


def _with_interval(report: EvaluationReport, policy: PromotionPolicy) -> str:
    seen, rows = report.comparison.challenger.accuracy, report.comparison.rows
    low, high = wilson(seen, rows, 1 - policy.alpha)
    return f"{seen:.3f} ({percent(1 - policy.alpha)} interval {low:.3f} to {high:.3f})"
