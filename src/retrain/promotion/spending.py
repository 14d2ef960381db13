"""How much may the next decision err, and how much does it use? A year's error and a held-out set's uses.

**The year.** A decision takes a share of what is left of the year's error, so that the decisions of any 365 days
together take no more than all of it, however many there are; nobody has to know their number before. By the union bound
the chance of any false promotion in those days is at most the year's error.

**The held-out set.** A challenger is trained without the held-out rows; what they said before reaches it through the
champion alone, and the gate says one bit a decision: promoted or not. As long as it said no, the path is the only one,
and the next test is as good as on fresh rows. Once it said yes, the champion of now could be any of the challengers
before: the error is shared by that many pairs (Blum and Hardt 2015, "The Ladder", whose proof counts the paths that the
answers could have taken). Uses of a row are limited besides, since nothing counts what people read off the reports.

**A challenger that waited** is decided about twice, on held-out rows and then on fresh ones. It is one challenger, so
it adds one pair, when it began to wait. The fresh rows decided at a level that holds at every look and was paid for
then, so the second decision takes no error; those of them that are held out later have been used once, and are counted.
"""

from datetime import datetime

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.evidence import Budget
from retrain.promotion.error import most_error
from retrain.promotion.policy import PromotionPolicy
from retrain.store.certificate import Decided
from retrain.store.fold_certificate import YEAR
from retrain.store.state import State


def budget(state: State, rows: int, policy: PromotionPolicy, *, now: datetime, heldout_share: float) -> Budget:
    """What the next decision may err, as the ledger says before anything is looked at."""
    spent = sum(each.error for each in state.spent if now - each.at < YEAR)
    left = max(0.0, policy.false_promotions_per_year - spent)
    most, share = most_error(policy), policy.error_share
    free = state.champion is None
    error = min(most, share * left)
    seen = state.heldout
    return Budget(
        year=policy.false_promotions_per_year,
        spent=spent,
        error=most if free else error,
        waiting=most if free else min(most, share * (left - error)),
        free=free,
        pairs=max(1, seen.decisions) if seen.promotions else 1,
        uses=seen.uses / rows if rows else 0.0,
        most_uses=policy.heldout_uses,
        rows=rows,
        heldout_share=heldout_share,
    )


def decided(report: EvaluationReport, *, waits: bool) -> Decided | None:
    """What a decision on held-out rows used. Worn rows promote nothing, so that they take no error either."""
    seen = report.budget
    if seen is None:
        return None
    return Decided(
        rows=seen.rows,
        error=0.0 if seen.worn else seen.error,
        waiting=seen.waiting if waits else 0.0,
        free=seen.free,
    )


def decided_again(report: EvaluationReport) -> Decided:
    """What a decision about a challenger that waited used: of the fresh rows, as many as will be held out."""
    rows, share = report.fresh.rows if report.fresh else 0, report.budget.heldout_share if report.budget else 1.0
    return Decided(rows=round(rows * share), error=0.0, again=True)
