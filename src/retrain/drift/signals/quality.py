"""Is the data itself damaged? Broken rows, missing values, repeated inputs, letters that went wrong on the way."""

import re
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrain.drift.observation import Observation, in_runs
from retrain.drift.properties import READ_CHARS
from retrain.drift.signals.signal import Found, NotWatched, marked

Marks = NDArray[np.bool_]

REPEATED_WITHIN = 100
"""Rows before a row in which the same input makes it a repeat. Among all rows the share would grow with the window."""
MOST_MARKS = 10_000
# The replacement character, control characters, UTF-8 read as Latin-1 or Windows-1252, and escapes that nobody undid.
DAMAGED = re.compile(
    "[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[\u00c2\u00c3][\u00a0-\u00bf]|\u00e2\u20ac|\u00ef\u00bb\u00bf|\u00f0\u0178"
    "|&(?:amp|lt|gt|quot|nbsp|#\\d{1,5}|#x[0-9a-fA-F]{1,5});|\\\\u[0-9a-fA-F]{4}"
)


def broken(reference: Observation, current: Observation) -> Found:
    """Rows of the log that could not be used, among all, about where they stood in time."""
    name = "quality.broken"
    if reference.broken is None or current.broken is None:
        return NotWatched(name=name, reason="the reference was stored without the times of its broken rows")
    return marked(name, "tail_share", _among_rows(reference), _among_rows(current))


def nulls(reference: Observation, current: Observation) -> Found:
    """Rows that lack a value which most rows of the reference have."""
    name = "quality.nulls"
    optional = [c for c in reference.rows.columns if c in ("confidence", "entropy") or c.startswith("group_")]
    filled = [
        c for c in optional if c in current.rows.columns and reference.rows[c].null_count() * 2 < reference.rows.height
    ]
    if not filled:
        return NotWatched(name=name, reason="no optional column is filled in most rows of the reference")
    return marked(name, "tail_share", _lacking(reference, filled), _lacking(current, filled))


def duplicates(reference: Observation, current: Observation) -> Found:
    """Rows whose input was among the hundred before it."""
    return marked("quality.duplicates", "tail_share", repeated(reference.texts), repeated(current.texts))


def encoding(reference: Observation, current: Observation) -> Found:
    """Rows with letters that went wrong on the way, in the input or the output."""
    return marked("quality.encoding", "tail_share", _damaged_rows(reference), _damaged_rows(current))


def repeated(texts: Sequence[str]) -> Marks:
    """True where one of the rows just before has the same text."""
    before: deque[str] = deque(maxlen=REPEATED_WITHIN)
    held: dict[str, int] = {}
    marks = np.zeros(len(texts), dtype=np.bool_)
    for row, text in enumerate(texts):
        marks[row] = held.get(text, 0) > 0
        if len(before) == REPEATED_WITHIN:
            held[before[0]] -= 1
        before.append(text)
        held[text] = held.get(text, 0) + 1
    return marks


def damaged(text: str) -> bool:
    """Whether letters of a text went wrong on the way."""
    return DAMAGED.search(text[:READ_CHARS]) is not None


def _damaged_rows(side: Observation) -> Marks:
    pairs = zip(side.texts, side.rows["output"].to_list(), strict=True)
    return np.array([damaged(text) or damaged(output) for text, output in pairs], dtype=np.bool_)


def _lacking(side: Observation, columns: Sequence[str]) -> Marks:
    lacks = np.zeros(side.rows.height, dtype=np.bool_)
    for column in columns:
        lacks |= side.rows[column].is_null().to_numpy()
    return lacks


def _among_rows(side: Observation) -> Marks:
    """Good and broken rows in the order of time; either is thinned or repeated until their shares are right."""
    assert side.broken is not None
    good = side.rows["timestamp"].dt.epoch("us").to_numpy()
    at = np.array(side.broken.at, dtype=np.int64)
    if len(at) and len(good):
        # One kept row stands for `total / kept` rows of the log, on either side.
        each = (side.broken.rows / len(at)) / (side.broken.good / len(good))
        at = at[np.floor(np.arange(round(len(at) * each)) / each).astype(np.int64).clip(max=len(at) - 1)]
    marks = np.concatenate([np.zeros(len(good), dtype=np.bool_), np.ones(len(at), dtype=np.bool_)])
    ordered = marks[np.argsort(np.concatenate([good, at]), kind="stable")]
    return ordered[in_runs(len(ordered), MOST_MARKS)]
