"""At which level does the gate test this time? The policy says the most, the year's budget what is left of it."""

from retrain.evaluation.comparison import EvaluationReport
from retrain.promotion.policy import PromotionPolicy


def most_error(policy: PromotionPolicy) -> float:
    """The chance to promote an equal challenger that the policy bears at most; McNemar's alpha has two sides."""
    return policy.alpha / 2 if policy.require == "superior" else policy.alpha


def level(report: EvaluationReport, policy: PromotionPolicy) -> float:
    """One-sided level of the tests that a promotion rests on."""
    most = most_error(policy)
    return most if report.budget is None else min(most, report.budget.level)


def spending(report: EvaluationReport) -> str:
    """What this decision takes of the year's error, as the end of a sentence."""
    seen = report.budget
    if seen is None or seen.free:
        return ""
    shared = f", shared by {seen.pairs} pairs that could have met on these rows" if seen.pairs > 1 else ""
    return (
        f"; takes {_share(seen.error)} of the {_share(seen.year)} that a year may err ({_share(seen.spent)} taken "
        f"before){shared}"
    )


def _share(error: float) -> str:
    return f"{100 * error:.2g} %"
