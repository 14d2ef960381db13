"""Do the answers to one group change while the others hide it? One signal a value of a group."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from retrain.drift.observation import Observation
from retrain.drift.signals.signal import Found, NotWatched, categories, numeric

GROUP = "group_"
MIN_GROUP_REFERENCE = 100
"""Rows of a group's value in the reference, the window's least as well: fewer say little and cost a threshold each."""
MIN_GROUP_WINDOW = 30
MOST_GROUPS = 12
"""Values watched, the most frequent ones: each more raises every threshold a little."""
NAME_CHARS = 60


def groups(reference: Observation, current: Observation, *, labels: bool) -> Iterator[Found]:
    """The answers to each frequent value of each group: their labels, or else their length."""
    for column, value, _ in _frequent(reference, current)[:MOST_GROUPS]:
        old, new = (side.rows.filter(pl.col(column) == value)["output"] for side in (reference, current))
        name = f"group.{column.removeprefix(GROUP)}={value}"[:NAME_CHARS]
        if len(new) < MIN_GROUP_WINDOW:
            yield NotWatched(name=name, reason=f"{len(new)} rows of the window, {MIN_GROUP_WINDOW} needed")
        elif labels:
            yield categories(name, old.to_list(), new.to_list())
        else:
            lengths = (np.log1p(side.str.len_chars().cast(pl.Float64).to_numpy()) for side in (old, new))
            yield numeric(name, "ks", *lengths)


def _frequent(reference: Observation, current: Observation) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    for column in reference.rows.columns:
        if column.startswith(GROUP) and column in current.rows.columns:
            counts = reference.rows[column].drop_nulls().cast(pl.String).value_counts(name="rows")
            found += [(column, value, rows) for value, rows in counts.iter_rows() if rows >= MIN_GROUP_REFERENCE]
    return sorted(found, key=lambda each: (-each[2], each[0], each[1]))
