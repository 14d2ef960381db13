"""Who may retrain? Whoever holds the claim; every step of a run is appended only while its claim stands."""

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from retrain.errors import ClaimLost
from retrain.pipeline.site import Site
from retrain.pipeline.situation import UNKNOWN, process_start, situation_of, stands
from retrain.store.events import Claimed, Event
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import Cause, Claim, State
from retrain.trigger.decide import TriggerDecision, decide
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


def claim(site: Site, cause: Cause, reason: str, tell: Tell) -> Run | NotNow:
    """Claim the model's next retrain, or take over the work of a run that died."""
    refused: list[NotNow] = []
    identity = uuid.uuid4().hex

    def draft(newest: LedgerEntry | None) -> Draft | None:
        refused.clear()
        state, now = newest.state if newest else State(), site.clock()
        situation = situation_of(state, now=now, by_hand=reason if cause == "manual" else None)
        decision = decide(situation, site.spec.trigger, now=now)
        dead = state.claim if state.claim and not stands(state.claim, now) else None
        if not decision.retrain and dead is None:
            running = state.claim is not None
            refused.append(NotNow(running=running, reasons=_who(state) if running else decision.reasons))
            return None
        return _claimed(site, identity, (decision, reason), dead)

    entry = site.ledger.append(draft)
    if entry is None:
        return refused[0]
    assert isinstance(entry.event, Claimed)
    return Run(site=site, claim=entry.event.claim, tell=tell)


def _claimed(site: Site, identity: str, why: tuple[TriggerDecision, str], dead: Claim | None) -> Draft:
    now, (decision, reason) = site.clock(), why
    # What is due says why, not the caller: a quarter that was asked for as drift stands as a quarter.
    cause: Cause = "manual" if decision.cause == "none" else decision.cause
    mine = Claim(
        id=identity,
        cause=dead.cause if dead else cause,
        reason=dead.reason if dead else reason,
        at=now,
        expires_at=now + timedelta(hours=site.spec.trigger.claim_hours),
        host=socket.gethostname(),
        pid=os.getpid(),
        process_start=process_start(os.getpid()) or UNKNOWN,
        snapshot=dead.snapshot if dead else None,
        version=dead.version if dead else None,
    )
    took = f"goes on where run {short(dead.id)} died (process {dead.pid} on {dead.host})" if dead else ""
    reasons = tuple(dict.fromkeys(text for text in (reason, *decision.reasons, took) if text))
    return Draft(event=Claimed(claim=mine, took_over=dead.id if dead else None), reasons=reasons, actor=site.actor)


def _who(state: State) -> tuple[str, ...]:
    holder = state.claim
    assert holder is not None
    return (
        f"run {short(holder.id)} is retraining since {holder.at:%Y-%m-%d %H:%M} UTC (process "
        f"{holder.pid} on {holder.host}); "
        f"wait for it, or until its claim expires at {holder.expires_at:%Y-%m-%d %H:%M} UTC",
    )
