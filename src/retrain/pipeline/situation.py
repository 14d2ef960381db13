"""What does the trigger need to know, and does a claim still stand? Read off the state."""

import socket
from datetime import datetime
from pathlib import Path
from typing import Literal

from retrain.drift.drill.sentences import refuted
from retrain.store.state import Claim, State
from retrain.trigger.decide import Situation, TriggerDecision

Asking = Literal["check", "manual", "alert"]

UNKNOWN = "unknown"
"""Written to a claim where the kernel does not tell when a process began: such a claim only ends by expiring."""


def situation_of(state: State, *, now: datetime, asked: Asking = "check", reason: str = "") -> Situation:
    """The facts that the trigger decides on; `reason` is that of a person or an alert who asks."""
    return _situation(state, dead_claim(state, now), asked, reason)


def situation_then(state: State, at: datetime) -> Situation:
    """The facts at a time long ago: no kernel knows the processes of then, so that a claim stands until it expires."""
    return _situation(state, state.claim if state.claim and at >= state.claim.expires_at else None, "check", "")


def _situation(state: State, dead: Claim | None, asked: Asking, reason: str) -> Situation:
    return Situation(
        asked=asked,
        reason=reason,
        check_state="insufficient_data" if state.starved else state.last_check.state if state.last_check else None,
        episode_open=state.episode is not None,
        episode_answered=state.episode is not None and state.episode.answered,
        champion_since=state.champion.since if state.champion else None,
        last_retrain_ended=state.rest.ended_at,
        refusals_in_a_row=state.rest.refusals,
        last_refusal_at=state.rest.refused_at,
        unpromoted=state.unpromoted,
        claim_active=state.claim is not None and dead is None,
        interrupted=dead.cause if dead else None,
        begun=state.begun,
        broken_data=state.last_check is not None and state.last_check.drift_kind == "broken data",
        refuted=_refuted(state),
    )


def _refuted(state: State) -> str | None:
    """Why drift alarms are not trusted; a breach of fairness is no matter of the drilled monitor."""
    breach = state.episode is not None and state.episode.signals == ("fairness",)
    return None if state.drill is None or breach else refuted(state.drill)


def dead_claim(state: State, now: datetime) -> Claim | None:
    """The claim of a run that died and left its work; none while it stands, or when there is none."""
    return state.claim if state.claim and not stands(state.claim, now) else None


def request_of(model: str, state: State, decision: TriggerDecision, now: datetime) -> str | None:
    """The id of what is owed now: the same for as long as the need and the attempt are the same.

    However often a need is told, by how many ticks and events, it is one request; a try that came to nothing makes the
    next one another.
    """
    if not decision.retrain:
        return None
    dead = dead_claim(state, now)
    if dead:
        return f"{model}-takeover-{dead.id[:12]}"
    if decision.cause == "drift":
        need = f"{state.episode.number if state.episode else 0}"
    else:
        stamps = (state.champion.since if state.champion else None, state.rest.ended_at)
        answered = max((stamp for stamp in stamps if stamp), default=now)
        need = f"{answered:%Y%m%dT%H%M%SZ}"
    return f"{model}-{decision.cause}-{need}-{state.rest.refusals + 1}"


def stands(claim: Claim, now: datetime) -> bool:
    """Whether the run that holds a claim may still be at work.

    On its own machine the kernel is asked, so a killed run's work goes on at once; elsewhere the claim must expire.
    """
    here = claim.host == socket.gethostname() and claim.process_start != UNKNOWN
    if here and claim.process_start != process_start(claim.pid):
        return False
    return now < claim.expires_at


def process_start(pid: int) -> str | None:
    """When a process of this machine began, as `<boot id>:<kernel ticks>`; none if it is gone, or no kernel tells.

    The number alone would not do: after a reboot, or in a year, another process has it.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The command's name stands in brackets and may hold anything, blanks and brackets too: count from the last one.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in ("Z", "X") else f"{boot}:{fields[18]}"
