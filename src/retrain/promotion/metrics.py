"""Did macro F1, or another metric that the spec names, get worse while accuracy did not?"""

from retrain.evaluation.comparison import EvaluationReport, MetricDifference
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import percent, span

RULE = "metrics_not_worse"
CALLED = {"f1": "macro F1", "precision": "macro precision", "recall": "macro recall"}


def metrics_not_worse(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Every metric must be shown not worse than the margin: all of them or none, so the error is not shared."""
    found, margin = report.comparison.metrics, policy.metric_margin
    if not found:
        return Check(rule=RULE, verdict="pass", reason="the spec names 0 metrics besides accuracy")
    told = "; ".join(_told(each) for each in found) + f"; a loss under {margin:.3f} counts as none"
    if any(each.difference.high < -margin for each in found):
        return Check(rule=RULE, verdict="fail", reason=f"worse beyond doubt: {told}")
    if all(each.difference.low > -margin for each in found):
        return Check(rule=RULE, verdict="pass", reason=told)
    rows = _rows_needed(report, margin)
    needed = f"; about {rows:,} rows would show a difference this small" if rows else ""
    return Check(rule=RULE, verdict="unknown", reason=f"open: {told}{needed}")


def _told(seen: MetricDifference) -> str:
    between = seen.difference
    return (
        f"{CALLED[seen.metric]} {seen.champion:.3f} before, {seen.challenger:.3f} now, {percent(between.confidence)} "
        f"interval of the difference {span(between.low, between.high)} (paired bootstrap)"
    )


def _rows_needed(report: EvaluationReport, margin: float) -> int | None:
    """Intervals narrow with the root of the rows: how many until the worst one would end above the margin."""
    found: list[int] = []
    for each in report.comparison.metrics:
        gain, room = each.challenger - each.champion, each.challenger - each.champion + margin
        if room <= 0:
            return None
        width = gain - each.difference.low
        found.append(int(report.comparison.rows * max(1.0, width / room) ** 2) + 1)
    return max(found)
