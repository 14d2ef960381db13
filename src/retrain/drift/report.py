"""What did one drift check see? A score per signal, the evidence for it, and what changed."""

from datetime import datetime
from typing import Literal

from retrain.store.state import CheckState as CheckState
from retrain.values import Value


class DriftScore(Value):
    """How far one signal of the current window lies from the reference. Higher is always more drift."""

    signal: str
    """`input.length`, `input.tokens`, `input.non_letters`, `input.unseen_words`, `input.script`, `input.embedding`,
    `input.neighbours`, `output.labels`, `output.confidence`, `output.entropy`."""
    method: str
    """`ks`, `total_variation`, `mmd_rff`, `tail_share`, `rank_shift`."""
    value: float
    threshold: float

    @property
    def drifted(self) -> bool:
        """At or beyond the threshold."""
        return self.value >= self.threshold


class Change(Value):
    """One thing that changed, in a sentence's worth of values."""

    what: Literal["label", "term", "group", "unfamiliar"]
    name: str
    reference_share: float
    current_share: float
    examples: tuple[str, ...] = ()


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
    changes: tuple[Change, ...]
    quarantined: dict[str, int]
    duplicates: int
    truncated: int

    @property
    def drifted(self) -> tuple[str, ...]:
        """The signals at or beyond their thresholds."""
        return tuple(score.signal for score in self.scores if score.drifted)
