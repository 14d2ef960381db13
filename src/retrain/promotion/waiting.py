"""What could still decide about a challenger that was left open, how much of it, and until when?"""

from retrain.evaluation.betting import Won, rows_until
from retrain.evaluation.comparison import EvaluationReport
from retrain.promotion.decision import ASKS_REVIEW, Check, PromotionDecision
from retrain.promotion.gate import lets_through
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.review import SETTLED_BY_PEOPLE
from retrain.store.certificate import Awaited, WaitsFor

SETTLED_BY: dict[str, WaitsFor] = {
    "enough_rows": "labels",
    "better_or_equal": "labels",
    "heldout_not_worn": "labels",
    "not_below_best": "labels",
    "better_where_it_drifted": "labels",
    "reviewed": "review",
}
"""Rules whose unknown may become known without another training, and by what."""


def waits_for(decision: PromotionDecision, policy: PromotionPolicy) -> tuple[WaitsFor, ...]:
    """What could still decide about an inconclusive challenger; nothing when a rule stays unknown whatever comes."""
    open_ = [_settled_by(check, policy) for check in decision.checks if not lets_through(check, policy)]
    if decision.verdict != "inconclusive" or None in open_:
        return ()
    return tuple(sorted({each for each in open_ if each}))


def _settled_by(check: Check, policy: PromotionPolicy) -> WaitsFor | None:
    """Where the policy wants people to look at what a rule could not say, they settle it."""
    if check.reason.endswith(ASKS_REVIEW):
        return "review"
    people = policy.review.required == "inconclusive" and check.rule in SETTLED_BY_PEOPLE
    return SETTLED_BY.get(check.rule, "review" if people else None)


def awaited(waits: tuple[WaitsFor, ...], policy: PromotionPolicy, labels: int | None = None) -> Awaited:
    """How long the policy waits for these, and for how many people; `labels` would probably decide."""
    people = policy.review if "review" in waits else None
    return Awaited(
        # People who were given longer have it.
        days=max(policy.pending_days, people.timeout_days if people else 0.0),
        # Where no rule asks for a review, none says that it is missing either.
        review_days=people.timeout_days if people and people.required != "never" else None,
        reviewers=people.min_reviewers if people else 0,
        labels=labels if "labels" in waits else None,
    )


def labels_to_decide(report: EvaluationReport, policy: PromotionPolicy) -> int | None:
    """Fresh rows that would show it better, or worse, if all stays as on the held-out rows; none where none would."""
    seen = report.comparison
    won = Won(seen.only_challenger_right, seen.only_champion_right, seen.rows)
    error = report.budget.waiting if report.budget else 0.0
    margin = 0.0 if policy.require == "superior" else policy.margin
    better = rows_until(won, margin, error) if error > 0 else None
    found = [rows for rows in (better, rows_until(won.mirrored, 0.0, policy.alpha)) if rows is not None]
    return max(min(found), policy.min_heldout_rows - seen.rows) if found else None
