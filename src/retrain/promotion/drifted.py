"""Is the challenger better where it was asked for: on the rows that drifted?"""

from retrain.evaluation.betting import capital
from retrain.evaluation.comparison import EvaluationReport, Slice
from retrain.evaluation.paired import lower_bound, mcnemar, upper_bound
from retrain.promotion.again import won_of
from retrain.promotion.decision import Check
from retrain.promotion.error import level, spending
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import chance, if_unknown, span

RULE = "better_where_it_drifted"


def better_where_it_drifted(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Superior on the drifted slice, or not worse there, as the policy asks.

    Superior at what the decision may err: then it is this that a promotion rests on (`better_or_equal`).
    """
    part = _part(report)
    if part is None:
        return Check(rule=RULE, verdict="pass", reason="0 held-out rows are known to have drifted: not asked for drift")
    if report.comparison.champion_version is None:
        return Check(rule=RULE, verdict="pass", reason=f"no champion answered the {part.rows} drifted rows before")
    if report.fresh is not None and report.fresh.error > 0 and capital(won_of(report.fresh)) >= 1 / report.fresh.error:
        reason = f"better on {report.fresh.rows} fresh rows, all of them production of after the drift began"
        return Check(rule=RULE, verdict="pass", reason=reason)
    if not part.enough:
        return _too_few(part, policy)
    return _superior(part, policy, report) if policy.on_drifted == "superior" else _not_worse(part, policy)


def superior_where_it_drifted(report: EvaluationReport, policy: PromotionPolicy) -> bool:
    """Whether superiority is asked for on the drifted slice, and there are rows enough to show it."""
    part = _part(report)
    champion = report.comparison.champion_version
    return policy.on_drifted == "superior" and part is not None and part.enough and champion is not None


def _part(report: EvaluationReport) -> Slice | None:
    return next((each for each in report.comparison.slices if each.kind == "drifted"), None)


def _too_few(part: Slice, policy: PromotionPolicy) -> Check:
    reason = f"unknown: {part.rows} held-out rows {part.name}, too few to say anything by themselves"
    if policy.unknown_group == "allow":
        return Check(rule=RULE, verdict="pass", reason=f"{reason}; allowed, all rows together decide")
    return Check(rule=RULE, verdict="unknown", reason=reason + if_unknown(policy))


def _superior(part: Slice, policy: PromotionPolicy, report: EvaluationReport) -> Check:
    won, lost, error = part.only_challenger_right, part.only_champion_right, level(report, policy)
    p, needed = mcnemar(won, lost), 2 * error if policy.require == "superior" else policy.alpha
    facts = f"{_facts(part, policy.alpha / 2)}, exact McNemar p {chance(p)}, {needed:.3g} or less needed"
    facts += spending(report) if policy.require == "superior" else ""
    if p <= needed and won > lost:
        return Check(rule=RULE, verdict="pass", reason=f"better: {facts}")
    if p <= policy.alpha and lost > won:
        return Check(rule=RULE, verdict="fail", reason=f"worse beyond doubt: {facts}")
    return Check(rule=RULE, verdict="unknown", reason=f"open: {facts}")


def _not_worse(part: Slice, policy: PromotionPolicy) -> Check:
    won, lost = part.only_challenger_right, part.only_champion_right
    facts = f"{_facts(part, policy.alpha)}, a loss under {policy.slice_margin:.3f} counts as none"
    if upper_bound(won, lost, part.rows, policy.alpha) < 0:
        return Check(rule=RULE, verdict="fail", reason=f"worse beyond doubt: {facts}")
    if lower_bound(won, lost, part.rows, policy.alpha) > -policy.slice_margin:
        return Check(rule=RULE, verdict="pass", reason=f"not worse: {facts}")
    return Check(rule=RULE, verdict="unknown", reason=f"open: {facts}")


def _facts(part: Slice, alpha: float) -> str:
    won, lost = part.only_challenger_right, part.only_champion_right
    low, high = lower_bound(won, lost, part.rows, alpha), upper_bound(won, lost, part.rows, alpha)
    return (
        f"{part.champion.accuracy:.3f} before, {part.challenger.accuracy:.3f} now on {part.rows} held-out rows "
        f"{part.name} ({won} won, {lost} lost, difference {span(low, high)})"
    )
