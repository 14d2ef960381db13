"""What do promotions, looks and rollbacks do to probation, and to the count of challengers that failed?"""

from datetime import datetime, timedelta
from typing import Any

from retrain.store.events import Ended, ProbationSeen, Promoted, RolledBack
from retrain.store.probation import Probation
from retrain.store.state import State


def begun(state: State, event: Promoted, at: datetime) -> dict[str, Any]:
    """A promotion under terms begins a probation. Failed challengers stay counted until it has ended well: else a
    model that is promoted and rolled back in turns would never wait for a person."""
    if event.probation is None or state.champion is None:
        return {"probation": None, "unpromoted": 0, "unpromoted_version": None}
    probation = Probation(
        version=event.version,
        predecessor=state.champion.version,
        since=at,
        ends_at=at + timedelta(days=event.probation.days),
        terms=event.probation,
    )
    return {"probation": probation}


def looked(state: State, event: ProbationSeen, at: datetime) -> dict[str, Any]:
    """A look moves the figures; the last one ends the probation, and the champion stays."""
    if state.probation is None:
        return {}
    ended = event.state != "running"
    seen = {"state": event.state, "tally": event.tally, "missing": event.missing, "ended_at": at if ended else None}
    changes: dict[str, Any] = {"probation": state.probation.model_copy(update=seen)}
    return changes | ({"unpromoted": 0, "unpromoted_version": None} if ended else {})


def withdrawn(state: State, event: RolledBack, at: datetime) -> dict[str, Any]:
    """A breach ends the probation and counts as a failed challenger; a rollback by hand just ends it."""
    if event.reason != "probation":
        return {"probation": None}
    seen = {"state": "breach", "tally": event.tally, "missing": 0, "ended_at": at}
    probation = state.probation and state.probation.model_copy(update=seen)
    return {"probation": probation, **_one_more(state, event.withdrawn)}


def failed(state: State, event: Ended) -> dict[str, Any]:
    """A challenger that was compared and not promoted. One that is looked at again, and fails again, is one."""
    champion = state.champion.version if state.champion else None
    compared = event.outcome in ("held", "inconclusive") and event.challenger not in (None, champion)
    return _one_more(state, event.challenger) if compared and event.challenger else {}


def _one_more(state: State, version: str) -> dict[str, Any]:
    if state.unpromoted_version == version:
        return {}
    return {"unpromoted": state.unpromoted + 1, "unpromoted_version": version}
