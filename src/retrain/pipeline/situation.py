"""What does the trigger need to know, and does a claim still stand? Read off the state."""

import socket
from datetime import datetime
from pathlib import Path

from retrain.store.state import Claim, State
from retrain.trigger.decide import Situation

UNKNOWN = "unknown"
"""Written to a claim where the kernel does not tell when a process began: such a claim only ends by expiring."""


def situation_of(state: State, *, now: datetime, by_hand: str | None = None) -> Situation:
    """The facts that the trigger decides on; `by_hand` is the reason of a person who asks."""
    return Situation(
        asked="check" if by_hand is None else "manual",
        reason=by_hand or "",
        check_state="insufficient_data" if state.starved else state.last_check.state if state.last_check else None,
        episode_open=state.episode is not None,
        episode_answered=state.episode is not None and state.episode.answered,
        champion_since=state.champion.since if state.champion else None,
        last_retrain_ended=state.rest.ended_at,
        refusals_in_a_row=state.rest.refusals,
        last_refusal_at=state.rest.refused_at,
        claim_active=state.claim is not None and stands(state.claim, now),
    )


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
