"""May this challenger replace this champion? Every rule runs, and every rule says why."""

from collections.abc import Callable, Sequence
from typing import Literal

from retrain.evaluation.comparison import EvaluationReport
from retrain.promotion.best import not_below_best
from retrain.promotion.better import better_or_equal
from retrain.promotion.decision import Check, PromotionDecision
from retrain.promotion.drifted import better_where_it_drifted
from retrain.promotion.fairness import fair, fair_at_intersections
from retrain.promotion.fresh import with_fresh_rows
from retrain.promotion.heldout import heldout_not_worn
from retrain.promotion.metrics import metrics_not_worse
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.regressions import no_regression
from retrain.promotion.review import reviewed, with_people
from retrain.promotion.rules import answers_in_time, enough_rows, good_enough, not_overfitted
from retrain.promotion.slices import not_worse_in_any_slice
from retrain.promotion.soundness import calibrated, loads_and_answers, not_slower, remembers, small_enough
from retrain.promotion.swaps import swaps_change_little

Rule = Callable[[EvaluationReport, PromotionPolicy], Check]

RULES: tuple[Rule, ...] = (
    enough_rows,
    good_enough,
    better_or_equal,
    not_worse_in_any_slice,
    fair,
    not_overfitted,
    answers_in_time,
    heldout_not_worn,
    not_below_best,
    metrics_not_worse,
    better_where_it_drifted,
    fair_at_intersections,
    swaps_change_little,
    no_regression,
    remembers,
    calibrated,
    small_enough,
    not_slower,
    loads_and_answers,
    reviewed,
)

ABOUT_GROUPS = frozenset(
    {"not_worse_in_any_slice", "fair", "fair_at_intersections", "swaps_change_little", "remembers"}
)
"""The rules whose `unknown` is let through under `unknown_group: allow`: at first no group has rows enough, and
few rows were held out before."""


def decide(report: EvaluationReport, policy: PromotionPolicy, rules: Sequence[Rule] = RULES) -> PromotionDecision:
    """Run all rules; one failure holds, one unknown leaves it open. No rules let nothing through."""
    checks = tuple(with_fresh_rows(rule, report, policy) for rule in rules)
    checks = with_people(checks, report, policy, lambda check: lets_through(check, policy))
    return PromotionDecision(
        verdict=_verdict(checks, policy),
        champion=report.comparison.champion_version,
        challenger=report.comparison.challenger_version,
        checks=checks,
    )


def worth_loading(report: EvaluationReport, policy: PromotionPolicy) -> bool:
    """Whether no rule fails so far, so that the stored version has to show that it loads."""
    return decide(report, policy).verdict != "hold"


def _verdict(checks: Sequence[Check], policy: PromotionPolicy) -> Literal["promote", "hold", "inconclusive"]:
    if any(check.verdict == "fail" for check in checks):
        return "hold"
    if checks and all(lets_through(check, policy) for check in checks):
        return "promote"
    return "inconclusive"


def lets_through(check: Check, policy: PromotionPolicy) -> bool:
    """Whether this rule's answer stands in the way of a promotion."""
    allowed = policy.unknown_group == "allow" and check.rule in ABOUT_GROUPS
    return check.verdict == "pass" or (check.verdict == "unknown" and allowed)
