"""Which signals can be watched in this window? Two arrays for each, or the reason why not."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrain.drift.observation import Observation
from retrain.drift.statistics import fourier_features

MIN_REFERENCE = 30
TAIL = 0.95
SEED = 29

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


def signals(reference: Observation, current: Observation) -> Iterator[Signal | NotWatched]:
    """All ten signals, in the order of the report."""
    old, new = reference.properties, current.properties
    yield numeric("input.length", "ks", old.length, new.length)
    yield numeric("input.tokens", "ks", old.tokens, new.tokens)
    yield numeric("input.non_letters", "ks", old.non_letters, new.non_letters)
    yield numeric("input.unseen_words", "ks", reference.unseen, current.unseen)
    yield categories("input.script", list(old.scripts), list(new.scripts))
    yield from _embeddings(reference, current)
    yield categories("output.labels", reference.rows["output"].to_list(), current.rows["output"].to_list())
    yield numeric("output.confidence", "rank_shift", reference.column("confidence"), current.column("confidence"))
    yield numeric("output.entropy", "tail_share", reference.column("entropy"), current.column("entropy"))


def numeric(name: str, method: str, old: NDArray[np.float64], new: NDArray[np.float64]) -> Signal | NotWatched:
    """A signal of numbers, one a row; NaN where it is not known."""
    known_old, known_new = old[~np.isnan(old)], new[~np.isnan(new)]
    reason = _too_few(len(known_old), len(old), len(known_new), len(new))
    if reason is None and np.ptp(np.concatenate([known_old, known_new])) == 0:
        reason = f"constant: {known_old[0]:g} in every row of the reference and the window"
    if reason is not None:
        return NotWatched(name=name, reason=reason)
    if method == "tail_share":
        return Signal(
            name=name, method=method, reference=beyond(known_old, known_old), current=beyond(known_new, known_old)
        )
    return Signal(name=name, method=method, reference=known_old, current=known_new)


def beyond(values: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 where a value lies in the upper tail of the reference."""
    return np.asarray(values > np.quantile(reference, TAIL), dtype=np.float32)


def categories(name: str, old: list[str], new: list[str]) -> Signal | NotWatched:
    """A signal of categories, one a row."""
    reason = _too_few(len(old), len(old), len(new), len(new))
    if reason is None and len({*old, *new}) == 1:
        reason = f"constant: {old[0]!r} in every row of the reference and the window"
    if reason is not None:
        return NotWatched(name=name, reason=reason)
    groups = grouped(old, len(new))
    unseen = len(groups)
    codes = [np.array([groups.get(value, unseen) for value in values], dtype=np.int64) for values in (old, new)]
    return Signal(name=name, method="total_variation", reference=codes[0], current=codes[1])


def grouped(reference: list[str], current_rows: int) -> dict[str, int]:
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


def _embeddings(reference: Observation, current: Observation) -> Iterator[Signal | NotWatched]:
    names = ("input.embedding", "input.neighbours")
    reason = _not_embedded(reference, current)
    if reason is not None or reference.vectors is None or current.vectors is None:
        yield from (NotWatched(name=name, reason=reason or "not embedded") for name in names)
        return
    old, new = (
        fourier_features(side, like=reference.vectors, seed=SEED) for side in (reference.vectors, current.vectors)
    )
    yield Signal(name=names[0], method="mmd_rff", reference=old, current=new)
    assert reference.distances is not None
    assert current.distances is not None
    yield numeric(names[1], "tail_share", reference.distances, current.distances)


def _not_embedded(reference: Observation, current: Observation) -> str | None:
    if reference.vectors is None:
        return "the reference has no embeddings (drift.embeddings was off when it was built)"
    if current.vectors is None:
        return "the window was not embedded (drift.embeddings is off)"
    old, new = reference.vectors.shape[1], current.vectors.shape[1]
    if old != new:
        return (
            f"embeddings have {new} numbers in the window and {old} in the reference: another base; "
            f"build the reference anew"
        )
    return _too_few(len(reference.vectors), reference.rows.height, len(current.vectors), current.rows.height)


def _too_few(old_known: int, old: int, new_known: int, new: int) -> str | None:
    if old_known < MIN_REFERENCE:
        return f"known in {old_known} of {old} rows of the reference, {MIN_REFERENCE} needed"
    if new_known == 0:
        return f"known in none of {new} rows of the window"
    return None
