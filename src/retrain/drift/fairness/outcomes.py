"""Whose answers are compared, and in what? Groups and pairs of groups; labels, confidence and errors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

CONFIDENCE, ERROR = "confidence", "error"
LABEL = "label "
MAX_LABELS = 10
# Answers of which half are different are generated texts: no label has a rate.
MOST_LABELS = 0.5

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Rows inside a group, and the rows that it is compared with: those whose attributes are known."""

    name: str
    inside: Marks
    known: Marks


def groups(rows: pl.DataFrame) -> list[Group]:
    """Each value of each attribute, and each pair of values of two attributes, the largest first."""
    columns = sorted(name for name in rows.columns if name.startswith("group_"))
    found = [group for column in columns for group in _values(rows, (column,))]
    found += [group for pair in combinations(columns, 2) for group in _values(rows, pair)]
    return sorted(found, key=lambda group: (-int(group.inside.sum()), group.name))


def outcomes(rows: pl.DataFrame, labels: Sequence[str]) -> Mapping[str, Floats]:
    """One value a row of each outcome; NaN where it is not known."""
    found: dict[str, Floats] = {}
    for label in labels:
        found[LABEL + label] = (rows["output"] == label).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    found[CONFIDENCE] = rows["confidence"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return found


def errors(labelled: pl.DataFrame) -> Mapping[str, Floats]:
    """Whether each labelled row was answered wrongly."""
    return {ERROR: (labelled["output"] != labelled["label"]).cast(pl.Float64).to_numpy()}


def watched_labels(rows: pl.DataFrame, favourable: Sequence[str]) -> tuple[str, ...]:
    """The labels named, or else the most frequent ones."""
    if favourable:
        return tuple(favourable)
    counts = Counter(rows["output"].drop_nulls().to_list())
    if len(counts) > MOST_LABELS * rows.height:
        return ()
    return tuple(name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_LABELS])


def _values(rows: pl.DataFrame, columns: tuple[str, ...]) -> list[Group]:
    known = np.ones(rows.height, dtype=np.bool_)
    for column in columns:
        known &= rows[column].is_not_null().to_numpy()
    found: list[Group] = []
    frame = rows.select(pl.col(column).cast(pl.String) for column in columns)
    for values in sorted(frame.filter(pl.Series(known)).unique().rows()):
        inside = known.copy()
        for column, value in zip(columns, values, strict=True):
            inside &= (frame[column] == value).fill_null(value=False).to_numpy()
        pairs = zip(columns, values, strict=True)
        name = " & ".join(f"{column.removeprefix('group_')}={value}" for column, value in pairs)
        found.append(Group(name=name, inside=inside, known=known))
    return found
