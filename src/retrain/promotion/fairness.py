"""Did the accuracy of one group fall behind that of another, more than it already had?

A pass speaks of these groups, these rows and this difference alone. It never says that a model is free of bias: other
groups, other harms and rows that nobody labelled are not looked at here.
"""

from collections.abc import Sequence

from retrain.evaluation.comparison import EvaluationReport, Slice
from retrain.promotion.decision import Check
from retrain.promotion.gaps import Gap, alone, gaps
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import if_unknown, named

RULE, MEETING = "fair", "fair_at_intersections"


def fair(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Fails where a gap between groups is wider than under the champion beyond doubt, and by more than the margin.

    Passes only where every gap is shown to be no wider than the margin. All else, and no groups at all, is unknown.
    """
    groups = [part for part in report.comparison.slices if part.kind == "group"]
    return _judged(RULE, groups, report, policy)


def fair_at_intersections(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """The same where two attributes meet: a gap may show in `channel=app & region=eu` and in neither alone."""
    met = report.comparison.intersections
    if not met:
        reason = "0 held-out rows have two group attributes, or evaluation.intersections is off: nothing to look at"
        return Check(rule=MEETING, verdict="pass", reason=reason)
    return _judged(MEETING, met, report, policy)


def _judged(rule: str, parts: Sequence[Slice], report: EvaluationReport, policy: PromotionPolicy) -> Check:
    few = [part.name for part in parts if not part.enough]
    first = report.comparison.champion_version is None
    # Single groups and intersections get half the error each: many intersections would else hide the few groups.
    alpha = policy.alpha / 2 if report.comparison.intersections else policy.alpha
    pairs, single = gaps(parts, alpha, first=first), alone(parts)
    missing = f"; too few rows: {named(few)}" if few else ""
    missing += f"; nothing to compare with: {named(single)}" if single else ""
    if not pairs:
        reason = "unknown, not fair: no two values of a group have rows enough to compare" + missing
        return Check(rule=rule, verdict="unknown", reason=reason + if_unknown(policy))
    change = "gap" if first else "change of the gap"
    wider = [pair for pair in pairs if pair.low > 0 and pair.seen > policy.group_gap]
    if wider:
        reason = f"{change} over {policy.group_gap:.3f}: {', '.join(str(pair) for pair in wider)}{missing}"
        return Check(rule=rule, verdict="fail", reason=reason)
    largest = f"largest {change} {_worst(pairs)}, limit {policy.group_gap:.3f}"
    if few or single or max(pair.high for pair in pairs) > policy.group_gap:
        return Check(rule=rule, verdict="unknown", reason=f"open: {largest}{missing}{if_unknown(policy)}")
    return Check(rule=rule, verdict="pass", reason=f"{largest}; of these groups and rows, nothing beyond")


def _worst(pairs: Sequence[Gap]) -> Gap:
    return max(pairs, key=lambda pair: (pair.seen, pair.low, pair.ahead, pair.behind))
