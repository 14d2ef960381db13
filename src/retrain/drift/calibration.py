"""From which value on is a score more than chance? Measured on the reference's own blocks, in the order of time.

Rows of real traffic are not independent: three rows of one intent in a row made a nominal 1 % of false alarms 92 %.
So the null is no formula but the reference itself: blocks of it, together as long as the window, against the rest.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma, norm, t

from retrain.drift.statistics import (
    Floats,
    Parts,
    Statistic,
    ks,
    mean_difference,
    mmd,
    rank_shift,
    tail_share,
    total_variation,
)

SEED = 17
MIN_BLOCK = 20
# With so many draws beyond the quantile it is read off; with fewer, a fitted tail knows more.
DRAWS_BEYOND = 10

Tail = Literal["rise", "either", "distance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A statistic, and how chance spreads it: around zero where only a `rise` counts, around zero where `either`
    direction does (its size is taken), or as a `distance`, which chance alone keeps above zero."""

    statistic: Statistic
    tail: Tail


METHODS = {
    "ks": Method(statistic=ks, tail="distance"),
    "total_variation": Method(statistic=total_variation, tail="distance"),
    "mmd_rff": Method(statistic=mmd, tail="distance"),
    "tail_share": Method(statistic=tail_share, tail="rise"),
    "rank_shift": Method(statistic=rank_shift, tail="either"),
}


def threshold(method: Method, reference: NDArray[np.generic], *, current_rows: int, rate: float, draws: int) -> float:
    """What a quiet window of `current_rows` rows reaches at the given rate; 0 where the reference is constant."""
    taken = rows_taken(len(reference), current_rows)
    null = method.statistic(reference, blocks(len(reference), taken, draws))
    spread = _scale(len(reference), current_rows)
    return spread * _quantile(null, rate, method.tail, len(reference) // block_length(len(reference)))


def share_noise(marks: NDArray[np.float32], *, current_rows: int, draws: int) -> Floats:
    """Standard deviation by chance of (share in a window - share in the reference), for each column of marks."""
    rows = len(marks)
    parts = blocks(rows, rows_taken(rows, current_rows), draws)
    return _scale(rows, current_rows) * np.asarray(np.sqrt(np.mean(mean_difference(marks, parts) ** 2, axis=0)))


def rows_taken(reference_rows: int, current_rows: int) -> int:
    """As many rows as the window has, at most half of the reference."""
    return max(1, min(current_rows, reference_rows // 2))


def block_length(rows: int) -> int:
    """The root of the rows, the usual choice: long enough to hold a burst, and enough of them to measure a spread."""
    return max(MIN_BLOCK, ceil(sqrt(rows)))


def blocks(rows: int, taken: int, draws: int) -> Parts:
    """Divisions of a circular reference: each takes whole blocks from a random start, the last one cut to size."""
    seeded = np.random.default_rng(SEED)
    numbers = np.arange(rows) // block_length(rows)
    parts = np.zeros((draws, rows), dtype=np.bool_)
    for part in parts:
        places = seeded.permutation(numbers[-1] + 1)[numbers]
        part[np.argsort(places, kind="stable")[:taken]] = True
        part[:] = np.roll(part, seeded.integers(rows))
    return parts


def _scale(rows: int, current_rows: int) -> float:
    """Carries the draws over to the whole reference, and to windows larger than what can be cut out of it.

    Each statistic is the size of a difference of two means, which chance scales with the root of 1/m + 1/n.
    """
    taken = rows_taken(rows, current_rows)
    return sqrt((1 / current_rows + 1 / rows) / (1 / taken + 1 / (rows - taken)))


def _quantile(null: Floats, rate: float, tail: Tail, block_count: int) -> float:
    sizes = null if tail == "rise" else np.abs(null)
    if rate * len(null) >= DRAWS_BEYOND:
        return float(np.quantile(sizes, 1 - rate))
    if tail != "distance":
        one_sided = rate if tail == "rise" else rate / 2
        return float(np.sqrt(np.mean(null**2)) * t.isf(one_sided, max(1, block_count - 1)))
    mean, variance = float(sizes.mean()), float(sizes.var())
    if variance == 0:
        return mean
    # A gamma law with the draws' mean and variance: within 3 % of Kolmogorov's at 1 in 1,000, above chi's.
    # Few blocks know their spread badly; Student's quantile over the normal one is by how much.
    far = float(gamma.isf(rate, mean**2 / variance, scale=variance / mean))
    return mean + (far - mean) * float(t.isf(rate, max(1, block_count - 1)) / norm.isf(rate))
