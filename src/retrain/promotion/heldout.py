"""Can these held-out rows still decide? They wear with each decision, and fresh ones renew them."""

from math import ceil

from retrain.evaluation.comparison import EvaluationReport
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import about

RULE = "heldout_not_worn"


def heldout_not_worn(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Unknown once the rows took part in as many decisions as the policy bears: then fresh labels are asked for."""
    seen, limit = report.budget, policy.heldout_uses
    if seen is None:
        return Check(rule=RULE, verdict="pass", reason=f"uses of these {report.comparison.rows} rows were not counted")
    uses = f"each of {seen.rows} held-out rows took part in {seen.uses:.1f} decisions before on average"
    if report.fresh is not None:
        return Check(rule=RULE, verdict="pass", reason=f"{report.fresh.rows} fresh rows decide; {uses}")
    if seen.uses + 1 <= limit:
        return Check(rule=RULE, verdict="pass", reason=f"{uses}, {limit:g} with this one at most")
    rows = further_rows(seen.rows, seen.uses, limit)
    labels = about(ceil(rows / seen.heldout_share))
    reason = (
        f"{uses}, {limit:g} with this one at most: worn, they decide nothing more. {rows} fresh held-out rows would "
        f"carry one decision, about {labels} further labels (retrain labels export)"
    )
    return Check(rule=RULE, verdict="unknown", reason=reason)


def further_rows(rows: int, uses: float, limit: float) -> int:
    """Fresh held-out rows with which one more decision stays within the limit."""
    return max(1, ceil(rows * uses / max(limit - 1, 1e-9)) - rows)
