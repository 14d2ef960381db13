"""What do windows say together that none says alone? Deviations pooled with memories of three lengths.

One finite reference is compared with every window, so windows are not independent: its own sampling error is in each.
A process that multiplies their evidence would in the end detect that error. Here it is a term of the pooled
variance that no number of windows makes smaller: what is pooled can become as sure as the reference is, and no more.
Works on arrays with any number of leading dimensions, so that simulations run the same code over many years at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from retrain.drift.report import Deviation

Floats = NDArray[np.float64]

KEPT = np.array([0.5, 0.8, 0.95])
"""Share of a memory kept at each window: about the latest 3, 9 and 39 windows."""
FIELDS = 5
"""Sum of weights, the windows' own variance, the shared standard deviation, the deviations, the effects."""
ALONE = 0.95
"""One window says at most so much of what an alarm needs: a single freak is a warning, and two windows are drift."""
FULL = 1.2
"""A memory holds at most so much of what an alarm needs, or it would outlast the drift by as long as the drift was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One window's deviations, one array entry a signal."""

    size: Floats
    either: NDArray[np.bool_]
    distance: NDArray[np.bool_]
    rows: Floats
    reference_rows: Floats
    freedom: Floats
    unsure: Floats
    effect: Floats


def seen(deviations: Sequence[Deviation]) -> Seen:
    """Deviations side by side."""
    return Seen(
        size=np.array([d.size for d in deviations]),
        either=np.array([d.tail == "either" for d in deviations]),
        distance=np.array([d.tail == "distance" for d in deviations]),
        rows=np.array([d.rows for d in deviations], dtype=np.float64),
        reference_rows=np.array([d.reference_rows for d in deviations], dtype=np.float64),
        freedom=np.array([d.freedom for d in deviations]),
        unsure=np.array([d.unsure for d in deviations]),
        effect=np.array([d.effect for d in deviations]),
    )


def empty(signals: int) -> Floats:
    """A memory of no window: signals, memories, fields."""
    return np.zeros((signals, len(KEPT), FIELDS))


def pooled(memory: Floats, window: Seen, limit: Floats) -> Floats:
    """The memory with one window more; `limit` is the size that raises an alarm, for each signal."""
    one = 1 / window.rows + 1 / window.reference_rows
    shared = np.sqrt(1 / window.reference_rows + one * window.unsure)
    parts = (np.ones_like(one), 1 / window.rows, shared, np.zeros_like(one), window.effect)
    kept = np.stack([KEPT, KEPT**2, KEPT, KEPT, KEPT], axis=-1)
    after: Floats = memory * kept + np.stack(np.broadcast_arrays(*parts), axis=-1)[..., None, :]
    alarm = limit[..., None] * _spread(after)
    said = (window.size * np.sqrt(one))[..., None]
    after[..., 3] += np.clip(said, -ALONE * alarm, ALONE * alarm)
    after[..., 3] = np.clip(after[..., 3], -FULL * alarm, FULL * alarm)
    return after


def sizes(memory: Floats) -> Floats:
    """The pooled deviation of each signal in each memory, in standard deviations of chance."""
    spread = _spread(memory)
    return np.asarray(np.divide(memory[..., 3], spread, out=np.zeros_like(spread), where=spread > 0))


def _spread(memory: Floats) -> Floats:
    """What chance makes of the pooled deviations: the windows' own, which averages out, and what they share."""
    return np.sqrt(memory[..., 1] + memory[..., 2] ** 2)


def p_values(memory: Floats, window: Seen, effect_floor: float) -> Floats:
    """How often chance alone makes the windows say as much; 1 where the pooled effect is below the floor."""
    size, either, freedom = sizes(memory), window.either[..., None], window.freedom[..., None]
    chance = np.where(either, 2 * stdtr(freedom, -np.abs(size)), stdtr(freedom, -size))
    effect = memory[..., 4] / np.maximum(memory[..., 0], 1e-12)
    effect = np.where(either, np.abs(effect), effect)
    effect = np.where(window.distance[..., None], np.sqrt(np.maximum(effect, 0.0)), effect)
    return np.asarray(np.where(effect < effect_floor, 1.0, np.minimum(chance, 1.0)))


def limits(window: Seen, rate: float) -> Floats:
    """The size whose chance is `rate`."""
    return np.asarray(-stdtrit(window.freedom, np.where(window.either, rate / 2, rate)))
