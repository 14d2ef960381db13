"""What did one drift check see? A score per signal, the evidence for it, and what changed."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from retrain.store.judged import CheckState as CheckState
from retrain.store.judged import DriftKind as DriftKind
from retrain.store.judged import Evidence, Fairness, Performance, SegmentShare
from retrain.store.judged import SegmentKind as SegmentKind
from retrain.values import Value


class Deviation(Value):
    """A score against what chance does to it, as windows can be pooled by."""

    size: float
    """In standard deviations of chance; with a sign where both directions count."""
    tail: Literal["rise", "either", "distance"]
    rows: int = Field(ge=1)
    reference_rows: int = Field(ge=1)
    freedom: float = Field(gt=0)
    """Of Student's law: how well the spread is known."""
    unsure: float = Field(default=0.0, ge=0)
    """The part of its variance that all windows share, since the spread was estimated once."""
    effect: float
    """The score itself; of a distance its square, less what chance alone makes of it."""


class DriftScore(Value):
    """How far one signal of the current window lies from the reference. Higher is always more drift."""

    signal: str
    """One of `watched.NAMES`, or `group.<name>=<value>`."""
    method: str
    """One of `calibration.METHODS`."""
    value: float
    threshold: float
    p_value: float | None = None
    """How often chance alone gives one window such a score; none where that is not known."""
    deviation: Deviation | None = None
    """What the budget pools over windows; without it the score is shown and counts for no alarm under a budget."""

    @property
    def drifted(self) -> bool:
        """At or beyond the threshold."""
        return self.value >= self.threshold


class Segment(SegmentShare):
    """A part of the rows whose share moved, with rows to look at."""

    rows: int
    """Its rows in the window, of those it is known for."""
    examples: tuple[str, ...] = ()


class Places(Value):
    """Where rows lie in two dimensions: the two in which both sides together spread most."""

    embedded: bool
    """By embeddings; else by words."""
    reference: tuple[tuple[float, float], ...]
    current: tuple[tuple[float, float], ...]
    marked: tuple[int, ...]
    """Of each row of the window, the place of its segment in the report's list; -1 where it is in none of them."""


class DriftReport(Value):
    """One window against the reference. Stored as report.json; never changed."""

    model: str
    start: datetime
    end: datetime
    rows: int
    """Distinct rows in the window, sampled or not."""
    compared_rows: int
    """Rows the scores were computed on."""
    reference: str
    """Digest of the reference profile."""
    reference_rows: int
    champion: str | None
    scores: tuple[DriftScore, ...]
    not_watched: dict[str, str]
    """Signal to the reason why it could not be computed: unknown is not zero."""
    segments: tuple[Segment, ...] = ()
    """What changed, those first that account for much of the drift with few other rows; the likeliest where none is
    sure."""
    kind: DriftKind | None = None
    """What it looks like as a whole; none where nothing could be compared."""
    kind_reason: str = ""
    places: Places | None = None
    fairness: Fairness | None = None
    """What the watch over groups says after this window; filled in where its memory is kept."""
    quarantined: dict[str, int]
    duplicates: int
    truncated: int
    performance: Performance = Performance()
    """Accuracy, estimated without labels and counted from those there are."""
    evidently: bool | None = None
    """Evidently's own default verdict, where the rule asks for it."""
    state: CheckState | None = None
    """What the monitor made of it, and on what evidence; none before it was asked."""
    evidence: Evidence | None = None

    @property
    def drifted(self) -> tuple[str, ...]:
        """The signals at or beyond their thresholds."""
        return tuple(score.signal for score in self.scores if score.drifted)
