"""What is one window of production? Its rows (a sample when there are many), and what was wrong with the others."""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

SCORES = pl.List(pl.Struct({"label": pl.String(), "probability": pl.Float32()}))
"""The type of the column `scores`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """One row that was not used: where it stands, and why."""

    file: str
    """Relative to the log's folder."""
    line: int
    """Counted from 1; in Parquet the number of the row. 0: the file as a whole."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows of the production log with `start <= timestamp < end`.

    `rows` has one row a prediction, ordered by timestamp then id, with the contract's column names whatever the log
    calls them: `id` str, `timestamp` datetime[us, UTC], `input` str, `output` str, `model_version` str, `confidence`
    f64 or null, `entropy` f64 or null (nats, from the log's scores), `scores` the likeliest labels with their
    probabilities or null, `group_<name>` str or null for each of the policy's groups, and `number_<name>` f64 or null
    for each of its numbers. Once labels have been joined, also `label`, null where nobody has said yet.
    It holds at most the policy's `sample_rows`, drawn evenly by a hash of the id; `total` counts all distinct rows.
    """

    start: datetime
    end: datetime
    rows: pl.DataFrame
    total: int
    estimated: bool = False
    """Whether `total` and `duplicates` are close estimates: there were more than a million ids."""
    duplicates: int = 0
    truncated: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    """Reason to number of broken rows, e.g. {"not JSON": 3, "confidence is NaN": 1, "timestamp in the future": 2}."""
    broken: tuple[BrokenRow, ...] = ()
    """A few of the broken rows, so that somebody can look: up to 5 of each reason, 20 in all."""

    broken_at: tuple[int, ...] = ()
    """About when broken rows were logged, microseconds since 1970 in order: all of them, or evenly thinned."""

    @property
    def sampled(self) -> bool:
        """Whether `rows` is a sample."""
        return self.rows.height < self.total
