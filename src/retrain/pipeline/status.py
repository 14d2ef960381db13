"""How is every model now, at one glance?"""

from datetime import datetime
from typing import Literal

from retrain.pipeline.due import due
from retrain.pipeline.left_open import Waiting, left_open
from retrain.pipeline.site import Site
from retrain.pipeline.situation import dead_claim
from retrain.store.judged import FairnessState
from retrain.store.probation import ProbationState
from retrain.store.state import State, Wait
from retrain.trigger.decide import due_by_schedule
from retrain.values import Value

SECONDS_PER_DAY = 86_400.0


class ModelStatus(Value):
    """One model."""

    model: str
    champion: str | None
    state: Literal["quiet", "warning", "alarm", "insufficient_data", "never_checked"]
    fairness: FairnessState | None
    """What the watch over groups says; none where no window was judged. `not_enough_evidence` is not fair."""
    alarm_since: datetime | None
    """When the drift alarm that no retrain has answered yet was raised, whatever the newest check could see."""
    age_days: float | None
    """Of the champion, since it was promoted."""
    last_check: datetime | None
    next_due: datetime | None
    """When the schedule asks for the next retrain; none without a champion."""
    probation: ProbationState | None
    """How the newest champion's probation stands or ended; none where it has none."""
    unpromoted: int
    """Challengers in a row that came to nothing."""
    pending: Waiting | None
    """A challenger that is neither promoted nor dismissed yet, what could decide about it, and what to type."""
    retraining: bool
    interrupted: bool
    """A run died and left its work; the next `retrain run` goes on with it."""
    retrain_due: bool
    waiting: tuple[Wait, ...]
    """What an owed retrain waits for."""
    labels_missing: int
    """Labelled examples, where it waits for these."""
    reasons: tuple[str, ...]
    """Of the trigger, for yes or no."""
    entries: int
    """Length of the ledger."""


def status(site: Site) -> ModelStatus:
    """The newest ledger entry, in a person's terms."""
    newest, now = site.ledger.newest(), site.clock()
    state = newest.state if newest else State()
    asked = due(site, state)
    situation, decision = asked.situation, asked.decision
    champion = state.champion
    return ModelStatus(
        model=site.model,
        champion=champion.version if champion else None,
        state=situation.check_state or ("insufficient_data" if state.refused else "never_checked"),
        fairness=state.last_check.fairness.state if state.last_check and state.last_check.fairness else None,
        alarm_since=state.episode.opened_at if state.episode and not state.episode.answered else None,
        age_days=max((now - champion.since).total_seconds(), 0.0) / SECONDS_PER_DAY if champion else None,
        last_check=max((seen.at for seen in (state.last_check, state.starved) if seen), default=None),
        next_due=due_by_schedule(situation, site.spec.trigger),
        probation=state.probation.state if state.probation else None,
        unpromoted=state.unpromoted,
        pending=left_open(state, site.spec, now),
        retraining=situation.claim_active,
        interrupted=dead_claim(state, now) is not None,
        retrain_due=decision.retrain,
        waiting=decision.waiting,
        labels_missing=decision.labels_missing,
        reasons=(*((state.refused.reason,) if state.refused else ()), *decision.reasons),
        entries=newest.number if newest else 0,
    )
