"""What does each event do to budgets, to the best champion ever, and to the challenger that waits? Pure."""

from datetime import datetime, timedelta
from typing import Any

from retrain.store.certificate import Decided, Heldout, Pending, Spend
from retrain.store.events import Dismissed, Ended, Event, Promoted, Reviewed, RolledBack
from retrain.store.state import Champion, State

YEAR = timedelta(days=365)


def certified(before: State, after: State, event: Event, at: datetime) -> State:
    """`after`, as the other folds have it, with what this file answers for."""
    changes: dict[str, Any] = {}
    match event:
        case Ended():
            changes = _used(before, event.decided, at)
            if event.challenger is not None:
                # A run that never came to a comparison says nothing about the challenger that waits.
                changes["pending"] = _waiting(before, event, at)
        case Promoted():
            changes = {**_used(before, event.decided, at, promoted=1), "pending": None}
            changes["best"] = _best(before, after, event)
        case RolledBack():
            changes = {"pending": None, "best": _after_rollback(before, after, event)}
        case Dismissed():
            changes = {**_used(before, event.decided, at), "pending": None}
        case Reviewed() if before.pending is not None:
            changes = {"pending": _heard(before.pending, event)}
    return after.model_copy(update=changes) if changes else after


def _used(state: State, decided: Decided | None, at: datetime, *, promoted: int = 0) -> dict[str, Any]:
    if decided is None:
        return {}
    spent = tuple(each for each in state.spent if at - each.at < YEAR)
    error = 0.0 if decided.free else decided.error + decided.waiting
    # What is divided by this number is the error of a later test against any of the challengers that may be champion by
    # then. One that waited is one of them, whether it was decided about once or twice; a promotion counts either way.
    judged = 0 if decided.again else 1
    return {
        "spent": (*spent, Spend(at=at, error=error)) if error > 0 else spent,
        "heldout": Heldout(
            decisions=state.heldout.decisions + judged,
            promotions=state.heldout.promotions + promoted,
            uses=state.heldout.uses + decided.rows,
        ),
    }


def _waiting(state: State, event: Ended, at: datetime) -> Pending | None:
    if event.outcome != "inconclusive" or not event.waits_for or event.challenger is None or event.evaluation is None:
        return None
    return Pending(
        challenger=event.challenger,
        champion=state.champion.version if state.champion else None,
        evaluation=event.evaluation,
        since=at,
        waits_for=event.waits_for,
        error=event.decided.waiting if event.decided else 0.0,
        awaited=event.awaited,
        reviewers_missing=event.awaited.reviewers if event.awaited and "review" in event.waits_for else None,
    )


def _heard(pending: Pending, said: Reviewed) -> Pending:
    """How many people are missing after a verdict; ledgers of before did not count them, so that they stay so."""
    about = (said.challenger, said.champion) == (pending.challenger, pending.champion)
    if not about or pending.awaited is None or pending.reviewers_missing is None:
        return pending
    missing = max(pending.awaited.reviewers - len(said.reviewers), 0) if said.verdict == "approve" else 0
    return pending.model_copy(update={"reviewers_missing": missing})


def _best(before: State, after: State, event: Promoted) -> Champion | None:
    """Only what was shown superior to the best takes its place: a chain of small losses cannot drag it along."""
    known = before.best or before.champion
    return after.champion if event.beats_best or known is None else known


def _after_rollback(before: State, after: State, event: RolledBack) -> Champion | None:
    """A version that was withdrawn is no yardstick, whatever the held-out rows said of it."""
    known = before.best
    return after.champion if known is not None and known.version == event.withdrawn else known
