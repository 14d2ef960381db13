"""May this challenger replace this champion? Every rule runs, and every rule says why."""

from collections.abc import Callable, Sequence
from typing import Literal

from retrain.evaluation.comparison import EvaluationReport
from retrain.promotion.better import better_or_equal
from retrain.promotion.decision import Check, PromotionDecision
from retrain.promotion.fairness import fair
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.review import reviewed, with_people
from retrain.promotion.rules import answers_in_time, enough_rows, good_enough, not_overfitted
from retrain.promotion.slices import not_worse_in_any_slice

Rule = Callable[[EvaluationReport, PromotionPolicy], Check]

RULES: tuple[Rule, ...] = (
    enough_rows,
    good_enough,
    better_or_equal,
    not_worse_in_any_slice,
    fair,
    not_overfitted,
    answers_in_time,
    reviewed,
)

ABOUT_GROUPS = frozenset({"not_worse_in_any_slice", "fair"})
"""The rules whose `unknown` is let through under `unknown_group: allow`: at first no group has rows enough."""


def decide(report: EvaluationReport, policy: PromotionPolicy, rules: Sequence[Rule] = RULES) -> PromotionDecision:
    """Run all rules; one failure holds, one unknown leaves it open. No rules let nothing through."""
    checks = tuple(rule(report, policy) for rule in rules)
    checks = with_people(checks, report, policy, lambda check: _lets_through(check, policy))
    return PromotionDecision(
        verdict=_verdict(checks, policy),
        champion=report.comparison.champion_version,
        challenger=report.comparison.challenger_version,
        checks=checks,
    )


def _verdict(checks: Sequence[Check], policy: PromotionPolicy) -> Literal["promote", "hold", "inconclusive"]:
    if any(check.verdict == "fail" for check in checks):
        return "hold"
    if checks and all(_lets_through(check, policy) for check in checks):
        return "promote"
    return "inconclusive"


def _lets_through(check: Check, policy: PromotionPolicy) -> bool:
    allowed = policy.unknown_group == "allow" and check.rule in ABOUT_GROUPS
    return check.verdict == "pass" or (check.verdict == "unknown" and allowed)
