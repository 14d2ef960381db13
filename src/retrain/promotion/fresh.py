"""Do fresh rows speak against a challenger that was left open, in a class, a group, a metric? They only take away.

The rules named here are asked twice once fresh rows are there: about the held-out rows, as before, and about both
together. The stricter answer counts. What that is worth when one looks again and again as labels come:

- *A pass* is one on the held-out rows, which were looked at once, before any fresh row came. Fresh rows add none, so
  however often one looks, these rules let through no more than that one look did.
- *A fail* is judged anew at each look, by a test for a single look. Over k looks a challenger that is as good in all
  of them is dismissed by chance up to k times as often as the policy's alpha says. That errs on the champion's side.

Valid at every look, in both directions, is the certificate on accuracy alone (`again.py`).
"""

from collections.abc import Callable

from retrain.evaluation.comparison import EvaluationReport
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy

JUDGED_AGAIN = frozenset({"not_worse_in_any_slice", "fair", "fair_at_intersections", "metrics_not_worse"})
STRICTNESS = {"pass": 0, "unknown": 1, "fail": 2}


def with_fresh_rows(
    rule: Callable[[EvaluationReport, PromotionPolicy], Check], report: EvaluationReport, policy: PromotionPolicy
) -> Check:
    """What a rule says of the held-out rows, or of these and the fresh ones, whichever is stricter."""
    first = rule(report, policy)
    if report.together is None or rule.__name__ not in JUDGED_AGAIN:
        return first
    again = rule(report.model_copy(update={"comparison": report.together}), policy)
    fresh = report.together.rows - report.comparison.rows
    # The reason that counts stands last: how it ends says whether people are asked.
    if STRICTNESS[again.verdict] < STRICTNESS[first.verdict]:
        return first.model_copy(update={"reason": f"{again.verdict} with {fresh} fresh rows, without: {first.reason}"})
    return again.model_copy(update={"reason": f"with {fresh} fresh rows: {again.reason}"})
