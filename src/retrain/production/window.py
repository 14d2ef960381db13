"""What is one window of production? Its rows (a sample when there are many), and what was wrong with the others."""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows of the production log with `start <= timestamp < end`.

    `rows` has one row a prediction, ordered by timestamp then id, with the contract's column names whatever the log calls
    them: `id` str, `timestamp` datetime[us, UTC], `input` str, `output` str, `model_version` str, `confidence` f64 or null,
    `entropy` f64 or null (nats, from `scores`), and `group_<name>` str or null for each group of the policy.
    It holds at most the policy's `sample_rows`, drawn evenly by a hash of the id; `total` counts all distinct rows.
    """

    start: datetime
    end: datetime
    rows: pl.DataFrame
    total: int
    duplicates: int = 0
    truncated: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    """Reason to number of broken rows, e.g. {"not JSON": 3, "confidence is NaN": 1, "timestamp in the future": 2}."""

    @property
    def sampled(self) -> bool:
        """Whether `rows` is a sample."""
        return self.rows.height < self.total
