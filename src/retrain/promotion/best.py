"""Does the challenger fall below the best champion ever? Small losses that count as none must not add up unseen."""

from retrain.evaluation.betting import capital
from retrain.evaluation.comparison import Comparison, EvaluationReport
from retrain.evaluation.paired import lower_bound, mcnemar, upper_bound
from retrain.promotion.again import won_of
from retrain.promotion.decision import Check
from retrain.promotion.error import level
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import percent, span
from retrain.values import short

RULE = "not_below_best"


def loss_cap(policy: PromotionPolicy) -> float:
    """The policy's cap, or twice its margin."""
    return 2 * policy.margin if policy.loss_cap is None else policy.loss_cap


def not_below_best(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Tango's lower bound against the best champion ever must lie above the cap."""
    cap = loss_cap(policy)
    if report.best is None:
        reason = f"no best champion ever is known that it could fall {cap:.3f} below"
        return Check(rule=RULE, verdict="pass", reason=reason)
    seen = _against_best(report)
    if seen is None:
        reason = f"unknown: best champion {short(report.best)} did not answer these {report.comparison.rows} rows"
        return Check(rule=RULE, verdict="unknown", reason=reason)
    if _on_fresh_rows(report, cap):
        reason = f"fresh rows show it less than {cap:.3f} below the champion, which is the best ever"
        return Check(rule=RULE, verdict="pass", reason=reason)
    won, lost = seen.only_challenger_right, seen.only_champion_right
    error = level(report, policy)
    low = lower_bound(won, lost, seen.rows, error)
    high = upper_bound(won, lost, seen.rows, policy.alpha)
    who = "the champion is the best ever" if seen is report.comparison else f"best ever is {short(report.best)}"
    # The two ends differ in level, and both from the interval of `better_or_equal`: only a pass can do harm.
    facts = (
        f"{who}, difference {span(low, high)} on {seen.rows} rows (lower bound at {percent(1 - error)}, upper at "
        f"{percent(1 - policy.alpha)} confidence), a loss of {cap:.3f} in all at most"
    )
    if low > -cap:
        return Check(rule=RULE, verdict="pass", reason=facts)
    return Check(rule=RULE, verdict="fail" if high < -cap else "unknown", reason=facts)


def beats_best(report: EvaluationReport, policy: PromotionPolicy) -> bool:
    """Whether the challenger was shown better than the best champion ever, so that it takes that place."""
    seen = _against_best(report)
    if report.best is None or seen is None:
        return report.best is None
    if _on_fresh_rows(report, 0.0):
        return True
    won, lost = seen.only_challenger_right, seen.only_champion_right
    return won > lost and mcnemar(won, lost) <= 2 * level(report, policy)


def _against_best(report: EvaluationReport) -> Comparison | None:
    return report.comparison if report.best == report.comparison.champion_version else report.anchor


def _on_fresh_rows(report: EvaluationReport, margin: float) -> bool:
    """Fresh rows were answered by the champion alone, so they speak of the best only where that is the champion."""
    fresh = report.fresh
    if fresh is None or fresh.error <= 0 or report.best != report.comparison.champion_version:
        return False
    return capital(won_of(fresh), margin) >= 1 / fresh.error
