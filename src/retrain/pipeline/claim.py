"""Who may retrain? Whoever holds the claim; every step of a run is appended only while its claim stands."""

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from retrain.errors import ClaimLost, RetrainError
from retrain.pipeline.due import due
from retrain.pipeline.site import Site
from retrain.pipeline.situation import UNKNOWN, dead_claim, process_start
from retrain.store.events import Claimed, Ended, Event
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import Cause, Claim, State
from retrain.trigger.decide import TriggerDecision
from retrain.values import short

Tell = Callable[[str, str], None]
"""Takes a stage and a sentence: what a person sees while a run goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A retrain that holds the claim."""

    site: Site
    claim: Claim
    tell: Tell

    def append(self, event: Event, reasons: tuple[str, ...], evidence: dict[str, str] | None = None) -> LedgerEntry:
        """Append a step of this run. Raises ClaimLost when another run has taken over: nothing of this one counts."""

        def draft(newest: LedgerEntry | None) -> Draft:
            self.check_standing(newest.state if newest else State())
            return Draft(event=event, reasons=reasons, actor=self.site.actor, evidence=evidence or {})

        entry = self.site.ledger.append(draft)
        assert entry is not None, "the draft is never none"
        return entry

    def check_standing(self, state: State) -> None:
        """Raise ClaimLost unless the newest state still names this run."""
        if state.claim is None or state.claim.id != self.claim.id:
            holder = f"run {short(state.claim.id)} holds the claim now" if state.claim else "the claim was ended"
            raise ClaimLost(
                f"run {short(self.claim.id)} of {self.site.model!r} lost its claim ({holder}); its "
                f"results do not count. "
                f"See `retrain history {self.site.model}`"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow:
    """Why no run begins: another one is at work, or nothing asks for it."""

    running: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Why a run should begin, and who asks: the same request is answered once."""

    cause: Cause
    reason: str
    request: str | None = None


def claim(site: Site, asked: Asked, tell: Tell) -> Run | NotNow:
    """Claim the model's next retrain, or take over the work of a run that died."""
    refused: list[NotNow] = []
    identity = uuid.uuid4().hex
    _give_up_what_dies_again_and_again(site)

    def draft(newest: LedgerEntry | None) -> Draft | None:
        refused.clear()
        state, now = newest.state if newest else State(), site.clock()
        if asked.request in state.requests:
            refused.append(NotNow(running=False, reasons=(f"request {asked.request!r} was answered before",)))
            return None
        by = asked.cause if asked.cause in ("manual", "alert") else "check"
        decision = due(site, state, asked=by, reason=asked.reason).decision
        dead = dead_claim(state, now)
        if not decision.retrain:
            running = state.claim is not None
            refused.append(NotNow(running=running, reasons=_who(state) if running else decision.reasons))
            return None
        return _claimed(site, identity, (decision, asked), dead)

    entry = site.ledger.append(draft)
    if entry is None:
        return refused[0]
    assert isinstance(entry.event, Claimed)
    return Run(site=site, claim=entry.event.claim, tell=tell)


def taken_over(run: Run) -> bool:
    """Whether another run goes on with this one's work; unknown, and so no, while the store cannot be read."""
    try:
        for entry in run.site.ledger.backwards():
            if isinstance(entry.event, Claimed) and run.claim.id in (entry.event.took_over, entry.event.claim.id):
                return entry.event.took_over == run.claim.id
    except RetrainError:
        return False
    return False


def _give_up_what_dies_again_and_again(site: Site) -> None:
    """End the work that killed its runs as often as the policy bears: from then on it waits like any failure."""

    def draft(newest: LedgerEntry | None) -> Draft | None:
        state = newest.state if newest else State()
        dead, most = dead_claim(state, site.clock()), site.spec.trigger.max_attempts
        if dead is None or dead.attempt < most:
            return None
        reason = f"given up: {dead.attempt} runs died over this work (trigger.max_attempts is {most})"
        return Draft(event=Ended(claim=dead.id, outcome="failed"), reasons=(reason,), actor=site.actor)

    site.ledger.append(draft)


def abandon(site: Site, request: str, reason: str) -> LedgerEntry | None:
    """End the work of a request whose run was cancelled: nobody goes on with it; the trigger waits as after a failure.

    A run that is still at work elsewhere keeps its claim; then there is nothing to do, as when it has ended already.
    """

    def draft(newest: LedgerEntry | None) -> Draft | None:
        state = newest.state if newest else State()
        left = state.claim
        if left is None or left.request != request:
            return None
        if left.pid != os.getpid() and dead_claim(state, site.clock()) is None:
            return None
        return Draft(event=Ended(claim=left.id, outcome="failed"), reasons=(reason,), actor=site.actor)

    return site.ledger.append(draft)


def _claimed(site: Site, identity: str, why: tuple[TriggerDecision, Asked], dead: Claim | None) -> Draft:
    now, (decision, asked) = site.clock(), why
    # What is due says why, not the caller: a quarter that was asked for as drift stands as a quarter.
    cause: Cause = "manual" if decision.cause == "none" else decision.cause
    mine = Claim(
        id=identity,
        cause=dead.cause if dead else cause,
        reason=dead.reason if dead else asked.reason,
        at=now,
        expires_at=now + timedelta(hours=site.spec.trigger.claim_hours),
        host=socket.gethostname(),
        pid=os.getpid(),
        process_start=process_start(os.getpid()) or UNKNOWN,
        snapshot=dead.snapshot if dead else None,
        version=dead.version if dead else None,
        attempt=dead.attempt + 1 if dead else 1,
        # Whoever asked first is answered by what comes of the work; the one who takes over asked for nothing new.
        request=dead.request if dead else asked.request,
    )
    took = f"goes on where run {short(dead.id)} died (process {dead.pid} on {dead.host})" if dead else ""
    reasons = tuple(dict.fromkeys(text for text in (asked.reason, *decision.reasons, took) if text))
    return Draft(event=Claimed(claim=mine, took_over=dead.id if dead else None), reasons=reasons, actor=site.actor)


def _who(state: State) -> tuple[str, ...]:
    holder = state.claim
    assert holder is not None
    return (
        f"run {short(holder.id)} is retraining since {holder.at:%Y-%m-%d %H:%M} UTC (process "
        f"{holder.pid} on {holder.host}); "
        f"wait for it, or until its claim expires at {holder.expires_at:%Y-%m-%d %H:%M} UTC",
    )
