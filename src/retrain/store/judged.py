"""What does a check say of one window? The facts that the ledger keeps, as values."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from retrain.values import Value

CheckState = Literal["quiet", "warning", "alarm", "insufficient_data"]
FairnessState = Literal["within_limit", "breach", "not_enough_evidence"]
SegmentKind = Literal["cluster", "label", "group", "term", "style", "damage", "unfamiliar"]
DriftKind = Literal["new topic", "change of mix", "change of style", "broken data", "unclear"]


class Signal(Value):
    """A drift score as the ledger keeps it."""

    signal: str
    method: str
    value: float
    threshold: float
    drifted: bool
    p_value: float | None = None
    """How often chance alone gives one window such a score; none where that is not known."""
    evidence: float | None = None
    """What it says together with the windows before: chance alone says as much once in so many looks."""


class Evidence(Value):
    """How rare would chance make what the latest windows say together? Counted in looks: once in so many."""

    total: float
    """Of the strongest signal, all others looked at paid for."""
    warning: float
    needed: float
    """Looks a year over the false alarms allowed in it."""
    signals: dict[str, float] = Field(default_factory=dict)


class RefusedReference(Value):
    """A reference that the monitor was not armed with."""

    reference: str
    end: datetime
    reason: str
    policy: str
    """Digest of the drift policy: another one is another try."""


class SegmentShare(Value):
    """A part of the rows whose share moved, as the ledger keeps it: no text of production."""

    what: SegmentKind
    name: str
    reference_share: float
    current_share: float
    low: float
    """Bounds of the difference of the shares, bursts counted in."""
    high: float
    explains: float | None
    """The share of the whole drift that vanishes when this segment is put back to its reference share; none where the
    whole drift is no more than chance."""
    sure: bool
    """Whether its share moved by more than chance."""


class Accuracy(Value):
    """How often the model is right, with bounds; or, without a value, why it is unknown."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    """How often bounds like these hold the truth."""
    rows: int = 0
    """Rows that it was read off."""
    method: str | None = None
    """`confidence_fall`: estimated without labels; `wilson`: counted."""
    source: str | None = None
    """The answers whose truth is known that an estimate rests on."""
    reason: str | None = None
    """Why it is unknown."""
    note: str | None = None
    """Why it may not hold for all rows."""


class Performance(Value):
    """What is known of a window's accuracy. An estimate is a reason to ask for labels, never a proof."""

    estimated: Accuracy = Accuracy(reason="not estimated")
    labelled: Accuracy = Accuracy(reason="not counted")
    expected: float | None = None
    """Accuracy of the champion where it was measured: what the estimate would be without any drift."""


class GroupGap(Value):
    """How far one group's rate of an outcome lies from that of the rest."""

    group: str
    """`channel=app`, or `channel=app & region=eu` for a pair."""
    outcome: str
    """`label refund`, `confidence`, `error`."""
    rows: int
    state: FairnessState
    rate: float | None = None
    rest: float | None = None
    gap: float | None = None
    low: float | None = None
    """Bounds that hold at all looks together."""
    high: float | None = None


class Fairness(Value):
    """What the watch over groups says. `not_enough_evidence` is not fair, and `within_limit` speaks of what is watched
    alone."""

    state: FairnessState
    limit: float
    gaps: tuple[GroupGap, ...] = ()
    """Breaches first, then the largest; at most twenty."""
    watched: int = 0
    breached: int = 0
    open: int = 0
    """Of those watched, how many there is not enough evidence for."""
    reason: str = ""
    """Why nothing is watched; empty where something is."""
