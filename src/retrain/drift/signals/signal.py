"""When can two sides be compared? Two arrays in the order of time, or the reason why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrain.drift.observation import Observation

MIN_REFERENCE = 30
TAIL = 0.95

Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signal:
    """One thing watched, as its statistic takes it: values in the order of time, on both sides."""

    name: str
    method: str
    reference: Array
    current: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWatched:
    """A signal that cannot be computed, and why. Unknown is not zero."""

    name: str
    reason: str


Found = Signal | NotWatched
Measure = Callable[[Observation, Observation], Found]
"""From the reference and the window to one signal."""


def numeric(name: str, method: str, old: NDArray[np.float64], new: NDArray[np.float64]) -> Found:
    """A signal of numbers, one a row; NaN where it is not known."""
    known_old, known_new = old[~np.isnan(old)], new[~np.isnan(new)]
    reason = too_few(len(known_old), len(old), len(known_new), len(new))
    if reason is None and np.ptp(np.concatenate([known_old, known_new])) == 0:
        reason = f"constant: {known_old[0]:g} in every row of the reference and the window"
    if reason is not None:
        return NotWatched(name=name, reason=reason)
    if method == "tail_share":
        return Signal(
            name=name, method=method, reference=beyond(known_old, known_old), current=beyond(known_new, known_old)
        )
    return Signal(name=name, method=method, reference=known_old, current=known_new)


def marked(name: str, method: str, old: NDArray[np.bool_], new: NDArray[np.bool_]) -> Found:
    """A signal of rows that either have something or not."""
    reason = too_few(len(old), len(old), len(new), len(new))
    if reason is None and not old.any() and not new.any():
        reason = "in no row of the reference or the window"
    elif reason is None and old.all() and new.all():
        reason = "in every row of the reference and the window"
    if reason is not None:
        return NotWatched(name=name, reason=reason)
    return Signal(name=name, method=method, reference=old.astype(np.float32), current=new.astype(np.float32))


def beyond(values: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 where a value lies in the upper tail of the reference."""
    return np.asarray(values > np.quantile(reference, TAIL), dtype=np.float32)


def categories(name: str, old: Sequence[str], new: Sequence[str]) -> Found:
    """A signal of categories, one a row."""
    reason = too_few(len(old), len(old), len(new), len(new))
    if reason is None and len({*old, *new}) == 1:
        reason = f"constant: {old[0]!r} in every row of the reference and the window"
    if reason is not None:
        return NotWatched(name=name, reason=reason)
    groups = grouped(old, len(new))
    unseen = len(groups)
    codes = [np.array([groups.get(value, unseen) for value in values], dtype=np.int64) for values in (old, new)]
    return Signal(name=name, method="total_variation", reference=codes[0], current=codes[1])


def grouped(reference: Sequence[str], current_rows: int) -> dict[str, int]:
    """Category to group. Categories that a window would show less than once share a group with their neighbours by name
    (names that begin alike are often kin); what the reference does not have at all is a group of its own."""
    names, counts = np.unique(np.array(reference, dtype=object).astype(str), return_counts=True)
    needed = len(reference) / max(1, min(current_rows, len(reference)))
    groups: dict[str, int] = {}
    group, held = 0, 0
    for name, count in zip(names.tolist(), counts.tolist(), strict=True):
        if held >= needed:
            group, held = group + 1, 0
        groups[name] = group
        held += count
    if held < needed and group > 0:
        groups = {name: min(of_name, group - 1) for name, of_name in groups.items()}
    return groups


def too_few(old_known: int, old: int, new_known: int, new: int) -> str | None:
    """Why so few rows cannot be compared; none when they can."""
    if old_known < MIN_REFERENCE:
        return f"known in {old_known} of {old} rows of the reference, {MIN_REFERENCE} needed"
    if new_known == 0:
        return f"known in none of {new} rows of the window"
    return None
