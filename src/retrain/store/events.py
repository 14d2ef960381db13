"""What can happen to a model? One event a ledger entry; `fold` says what each does to the state."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from retrain.store.state import Champion, CheckState, Claim, Episode, LastCheck, Rest, State
from retrain.values import Value

KEPT_PREDECESSORS = 10


class Signal(Value):
    """A drift score as the ledger keeps it."""

    signal: str
    method: str
    value: float
    threshold: float
    drifted: bool


class Spent(Value):
    """What a run used, data preparation and evaluation included."""

    wall_seconds: float
    cpu_seconds: float
    gpu_seconds: float
    money: float | None
    currency: str | None


class Referenced(Value):
    """The drift reference was set from the first rows a champion logged."""

    kind: Literal["referenced"] = "referenced"
    reference: str
    end: datetime
    """The reference's last row: checks go on from there."""
    rows: int


class Checked(Value):
    """One window was judged, or could not be."""

    kind: Literal["checked"] = "checked"
    start: datetime
    end: datetime
    rows: int
    state: CheckState
    signals: tuple[Signal, ...] = ()
    monitor: dict[str, Any] = Field(default_factory=dict)
    report: str | None = None
    changes: tuple[str, ...] = ()
    """What changed, in words; single words of production at most, and none when the spec lets reports quote none."""
    broken: dict[str, int] = Field(default_factory=dict)
    """Reason to the number of log rows that could not be used."""
    late: int = 0
    """Rows of the window before this one that came after it was judged: trained on once labelled, never judged."""
    retrain: bool = False
    """Whether the trigger asked for a retrain at this check."""


class Claimed(Value):
    """A run began, or took over from one that died."""

    kind: Literal["claimed"] = "claimed"
    claim: Claim
    took_over: str | None = None
    """The dead run's claim."""


class Prepared(Value):
    """The run's training snapshot is stored."""

    kind: Literal["prepared"] = "prepared"
    claim: str
    snapshot: str
    clean: int


class Trained(Value):
    """The run's challenger is stored."""

    kind: Literal["trained"] = "trained"
    claim: str
    version: str


class Ended(Value):
    """The run ended without a promotion."""

    kind: Literal["ended"] = "ended"
    claim: str
    outcome: Literal["held", "inconclusive", "refused", "failed"]
    challenger: str | None = None
    cost: Spent | None = None


class Promoted(Value):
    """A version became champion: by a run's decision, or by hand."""

    kind: Literal["promoted"] = "promoted"
    claim: str | None
    version: str
    over: str | None
    """The champion it was compared with, and the only one it replaces."""
    snapshot: str
    reference: str | None = None
    challenger_accuracy: float | None = None
    cost: Spent | None = None


class RolledBack(Value):
    """The champion's predecessor is champion again."""

    kind: Literal["rolled_back"] = "rolled_back"
    version: str
    withdrawn: str


Event = Annotated[
    Referenced | Checked | Claimed | Prepared | Trained | Ended | Promoted | RolledBack, Field(discriminator="kind")
]


def fold(state: State, event: Event, at: datetime) -> State:
    """The state after an event. Pure: the same entries always lead to the same state, which `audit` checks."""
    match event:
        case Checked():
            return _checked(state, event, at)
        case Referenced():
            champion = state.champion and state.champion.model_copy(update={"reference": event.reference})
            changes: dict[str, Any] = {"reference": event.reference, "watermark": event.end, "champion": champion}
        case Claimed():
            changes = {"claim": event.claim}
        case Prepared():
            claim = state.claim and state.claim.model_copy(update={"snapshot": event.snapshot})
            changes = {"claim": claim, "snapshot": event.snapshot}
        case Trained():
            changes = {"claim": state.claim and state.claim.model_copy(update={"version": event.version})}
        case Ended():
            return _ended(state, event, at)
        case Promoted():
            return _promoted(state, event, at)
        case RolledBack():
            return _rolled_back(state, at)
    return state.model_copy(update=changes)


def _checked(state: State, event: Checked, at: datetime) -> State:
    last = LastCheck(at=at, start=event.start, end=event.end, rows=event.rows, state=event.state, report=event.report)
    if event.state == "insufficient_data":
        # The watermark stays: the rows wait until there are enough of them to be judged together.
        return state.model_copy(update={"starved": last})
    episode, episodes = state.episode, state.episodes
    if event.state == "alarm" and episode is None:
        episodes += 1
        drifted = tuple(signal.signal for signal in event.signals if signal.drifted)
        episode = Episode(number=episodes, opened_at=at, signals=drifted)
    elif event.state == "quiet":
        episode = None
    changes = {"last_check": last, "starved": None, "watermark": event.end, "monitor": event.monitor}
    return state.model_copy(update={**changes, "episode": episode, "episodes": episodes})


def _ended(state: State, event: Ended, at: datetime) -> State:
    if event.outcome in ("refused", "failed"):
        # No answer to an episode: it is tried again, later each time.
        rest = Rest(ended_at=state.rest.ended_at, refusals=state.rest.refusals + 1, refused_at=at)
        return state.model_copy(update={"claim": None, "rest": rest})
    episode = state.episode and state.episode.model_copy(update={"answered": True})
    return state.model_copy(update={"claim": None, "episode": episode, "rest": Rest(ended_at=at)})


def _promoted(state: State, event: Promoted, at: datetime) -> State:
    champion = Champion(version=event.version, since=at, snapshot=event.snapshot, reference=event.reference)
    earlier = (*state.predecessors, state.champion)[-KEPT_PREDECESSORS:] if state.champion else ()
    changes = {"champion": champion, "predecessors": earlier, "episode": None, "rest": Rest(ended_at=at)}
    claim = None if event.claim else state.claim
    return _with_reference(state.model_copy(update={**changes, "claim": claim}), event.reference, at)


def _rolled_back(state: State, at: datetime) -> State:
    restored = state.predecessors[-1].model_copy(update={"since": at})
    changes = {"champion": restored, "predecessors": state.predecessors[:-1], "rest": Rest(ended_at=at)}
    return _with_reference(state.model_copy(update=changes), restored.reference, at)


def _with_reference(state: State, reference: str | None, at: datetime) -> State:
    """Another champion answers from now on: what the last one logged is not judged against this one's reference."""
    fresh: dict[str, Any] = {"watermark": at if reference else None, "monitor": {}, "last_check": None, "starved": None}
    return state.model_copy(update={"reference": reference, **fresh})
