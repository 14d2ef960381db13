"""What does each event do to the state? Pure, so that the same entries always lead to the same state."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from retrain.store.events import (
    Checked,
    Claimed,
    Collected,
    Dismissed,
    Drilled,
    Ended,
    Event,
    LabelsAsked,
    Prepared,
    ProbationSeen,
    Promoted,
    Referenced,
    Reviewed,
    RolledBack,
    Spent,
    Trained,
)
from retrain.store.fold_certificate import certified
from retrain.store.fold_probation import begun, failed, looked, withdrawn
from retrain.store.state import Cause, Champion, Episode, LastCheck, LastRun, Outcome, Rest, State, Totals

KEPT_PREDECESSORS = 10
KEPT_ASKED = 200
"""Rows asked for two hundred exports ago may be asked for again."""
KEPT_REQUESTS = 200
"""Older ids are forgotten: whoever asks again after two hundred runs means something new."""
YEAR = timedelta(days=365)


def fold(state: State, event: Event, at: datetime) -> State:  # noqa: C901  (one case an event)
    """The state after an event. Pure: the same entries always lead to the same state, which `audit` checks."""
    match event:
        case Checked():
            after = _checked(state, event, at)
        case Referenced():
            after = _referenced(state, event)
        case Drilled():
            after = _drilled(state, event)
        case Claimed():
            after = _claimed(state, event, at)
        case Prepared():
            claim = state.claim and state.claim.model_copy(update={"snapshot": event.snapshot})
            after = state.model_copy(update={"claim": claim, "snapshot": event.snapshot})
        case Trained():
            claim = state.claim and state.claim.model_copy(update={"version": event.version})
            after = state.model_copy(update={"claim": claim})
        case Ended():
            after = _ended(state, event, at)
        case Promoted():
            after = _promoted(state, event, at)
        case RolledBack():
            after = _rolled_back(state, event, at)
        case ProbationSeen():
            after = state.model_copy(update=looked(state, event, at))
        case Dismissed() | Collected() | Reviewed():
            # What a review says the gate reads from the entry; that fewer people are waited for is told below.
            after = state
        case LabelsAsked():
            after = state.model_copy(update={"asked": (*state.asked, event.request)[-KEPT_ASKED:]})
    after = certified(state, after, event, at)
    return after.model_copy(update={"totals": counted(state.totals, event)})


def counted(totals: Totals, event: Event) -> Totals:
    """The totals with one event more."""
    changes: dict[str, Any] = {}
    match event:
        case Checked():
            changes = {"checks": _more(totals.checks, event.state)}
        case Claimed() if event.took_over:
            changes = {"taken_over": totals.taken_over + 1}
        case Claimed():
            changes = {"started": _more(totals.started, event.claim.cause)}
        case Ended():
            changes = {"ended": _more(totals.ended, event.outcome), **_spent(totals, event.cost)}
        case Promoted(claim=None):
            changes = {"promotions": _more(totals.promotions, event.by or "hand")}
        case Promoted():
            changes = {"promotions": _more(totals.promotions, "run"), **_spent(totals, event.cost)}
            changes["ended"] = _more(totals.ended, "promoted")
        case RolledBack():
            changes = {"rollbacks": _more(totals.rollbacks, event.reason)}
    return totals.model_copy(update=changes)


def _more(counts: Mapping[str, int], name: str) -> dict[str, int]:
    return {**counts, name: counts.get(name, 0) + 1}


def _spent(totals: Totals, cost: Spent | None) -> dict[str, float]:
    if cost is None:
        return {}
    return {
        "wall_seconds": totals.wall_seconds + cost.wall_seconds,
        "cpu_seconds": totals.cpu_seconds + cost.cpu_seconds,
        "gpu_seconds": totals.gpu_seconds + cost.gpu_seconds,
        "money": totals.money + (cost.money or 0.0),
    }


def _referenced(state: State, event: Referenced) -> State:
    if event.refused is not None:
        return state.model_copy(update={"refused": event.refused})
    champion = state.champion and state.champion.model_copy(update={"reference": event.reference})
    changes = {"reference": event.reference, "watermark": event.end, "champion": champion, "refused": None}
    return state.model_copy(update={**changes, "drill": None})


def _checked(state: State, event: Checked, at: datetime) -> State:
    last = LastCheck(
        at=at,
        broken=sum(event.broken.values()),
        explained=_explained(event),
        **event.model_dump(
            include={
                *("start", "end", "rows", "state", "report", "signals", "evidence", "late", "performance"),
                *("moved", "retrain", "waiting", "budget_used", "budget_limit", "drift_kind", "fairness"),
                *("labels_missing", "unpromoted_limit"),
            }
        ),
    )
    if event.state == "insufficient_data":
        # The watermark stays: the rows wait until there are enough of them to be judged together.
        return state.model_copy(update={"starved": last})
    changes: dict[str, Any] = {"last_check": last, "starved": None, "watermark": event.end, "monitor": event.monitor}
    changes |= {"fairness": event.fairness_memory or state.fairness, "doubtful_windows": _doubtful(state, event)}
    if (event.state == "alarm" or event.breach_retrains) and state.episode is None:
        drifted = tuple(signal.signal for signal in event.signals if signal.drifted) or _evident(event)
        drifted = drifted if event.state == "alarm" else ("fairness",)
        number = state.episodes + 1
        changes |= {"episode": Episode(number=number, opened_at=at, signals=drifted), "episodes": number}
        changes |= {"alarmed_at": at}
    elif event.state == "quiet" and not event.breach_retrains:
        changes |= {"episode": None}
    return state.model_copy(update=changes)


def _drilled(state: State, event: Drilled) -> State:
    """A drill of another reference than the one in use says nothing about it."""
    return state.model_copy(update={"drill": event.drill}) if event.drill.reference == state.reference else state


def _doubtful(state: State, event: Checked) -> int:
    """One more where even the estimate's upper bound is too low; a window without an estimate changes nothing."""
    high, expected = event.performance.estimated.high, event.performance.expected
    if high is None or expected is None:
        return state.doubtful_windows
    return state.doubtful_windows + 1 if high < expected else 0


def _explained(event: Checked) -> dict[str, float]:
    """What changed to the largest share of the drift that one segment accounts for, where that is known."""
    found: dict[str, float] = {}
    for segment in event.segments:
        if segment.sure and segment.explains is not None:
            found[segment.what] = max(segment.explains, found.get(segment.what, segment.explains))
    return found


def _evident(event: Checked) -> tuple[str, ...]:
    """Signals that no window alone shows as drifted, and many together do."""
    seen = event.evidence
    return tuple(name for name, found in seen.signals.items() if found >= seen.warning) if seen else ()


def _claimed(state: State, event: Claimed, at: datetime) -> State:
    begun = tuple(stamp for stamp in state.begun if at - stamp < YEAR)
    if event.claim.cause != "manual" and event.took_over is None:
        begun = (*begun, at)
    return state.model_copy(update={"claim": event.claim, "begun": begun})


def _ended(state: State, event: Ended, at: datetime) -> State:
    ended = _run_ended(state, event.outcome, event, at)
    if event.outcome in ("refused", "failed"):
        # No answer to an episode: it is tried again, later each time.
        rest = Rest(ended_at=state.rest.ended_at, refusals=state.rest.refusals + 1, refused_at=at)
        return state.model_copy(update={**ended, "rest": rest})
    episode = state.episode and state.episode.model_copy(update={"answered": True})
    changes = {**ended, **failed(state, event), "episode": episode, "rest": Rest(ended_at=at)}
    return state.model_copy(update=changes)


def _promoted(state: State, event: Promoted, at: datetime) -> State:
    given = event.model_dump(include={"version", "snapshot", "reference", "evaluation"})
    champion = Champion(since=at, **given)
    earlier = (*state.predecessors, state.champion)[-KEPT_PREDECESSORS:] if state.champion else ()
    changes = {"champion": champion, "predecessors": earlier, "episode": None, "rest": Rest(ended_at=at)}
    changes |= begun(state, event, at)
    changes |= {"promoted_at": at, **(_run_ended(state, "promoted", event, at) if event.claim else {})}
    return _with_reference(state.model_copy(update=changes), event.reference, at)


def _run_ended(state: State, outcome: Outcome, event: Ended | Promoted, at: datetime) -> dict[str, Any]:
    """What every end of a run changes: the claim is free, and who asked has an answer, unless the world was broken."""
    claim = state.claim
    cause: Cause = claim.cause if claim else "manual"
    missing, counted = (event.missing, event.counted) if isinstance(event, Ended) else (0, 0)
    stages = event.cost.stages if event.cost else {}
    last = LastRun(at=at, cause=cause, outcome=outcome, evaluation=event.evaluation, missing=missing, stages=stages)
    last = last.model_copy(update={"counted": counted})
    requests = state.requests
    if claim and claim.request and outcome != "failed":
        requests = (*requests, claim.request)[-KEPT_REQUESTS:]
    return {"claim": None, "last_run": last, "requests": requests}


def _rolled_back(state: State, event: RolledBack, at: datetime) -> State:
    restored = state.predecessors[-1].model_copy(update={"since": at})
    changes = {"champion": restored, "predecessors": state.predecessors[:-1], "rest": Rest(ended_at=at)}
    changes |= {"rolled_back_at": at, **withdrawn(state, event, at)}
    return _with_reference(state.model_copy(update=changes), restored.reference, at)


def _with_reference(state: State, reference: str | None, at: datetime) -> State:
    """Another champion answers from now on: what the last one logged is not judged against this one's reference."""
    fresh: dict[str, Any] = {"watermark": at if reference else None, "monitor": {}, "last_check": None, "starved": None}
    fresh |= {"fairness": {}, "refused": None, "drill": None, "doubtful_windows": 0}
    return state.model_copy(update={"reference": reference, **fresh})
