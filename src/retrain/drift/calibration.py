"""From which value on is a score more than chance? Measured on the reference's own blocks, in the order of time.

Rows of real traffic are not independent: three rows of one intent in a row made a nominal 1 % of false alarms 92 %.
So the null is no formula but the reference itself: blocks of it, together as long as the window, against the rest.
"""

from dataclasses import dataclass
from math import ceil, log, pi, sqrt
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
# A gamma law with the draws' mean and variance is at most 2.7 % short of Kolmogorov's quantiles down to 1 in 10,000,
# and long of those of a half-normal, a chi, or the sum of many categories.
GAMMA_SHORT = 1.027

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
    """What a quiet window of `current_rows` rows reaches at the given rate."""
    taken = rows_taken(len(reference), current_rows)
    null = method.statistic(reference, blocks(len(reference), taken, draws))
    spread = _scale(len(reference), current_rows)
    limit = spread * _quantile(null, rate, method.tail, len(reference) // block_length(len(reference)))
    return max(limit, _never_seen(len(reference), current_rows, rate))


def clustering(marks: NDArray[np.float32], *, current_rows: int, draws: int) -> Floats:
    """How many times more each column's share varies between blocks than between rows drawn one by one; at least 1.

    Names that are rare in the reference cannot tell, so none counts as less clustered than all of them together.
    """
    rows = len(marks)
    taken = rows_taken(rows, current_rows)
    found = np.mean(mean_difference(marks, blocks(rows, taken, draws)) ** 2, axis=0)
    share = marks.mean(axis=0, dtype=np.float64)
    expected = share * (1 - share) * (1 / taken + 1 / (rows - taken))
    together = found.sum() / expected.sum() if expected.sum() > 0 else 1.0
    alone = np.divide(found, expected, out=np.ones_like(found), where=expected > 0)
    return np.asarray(np.maximum(1.0, np.maximum(alone, together)))


def rows_taken(reference_rows: int, current_rows: int) -> int:
    """As many rows as the window has, at most half of the reference."""
    return max(1, min(current_rows, reference_rows // 2))


def block_length(rows: int) -> int:
    """Long enough that cutting bursts of three at its ends hides under 1 % of the spread; 21 of them in 1,000 rows."""
    return max(MIN_BLOCK, ceil(1.5 * sqrt(rows)))


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


def _never_seen(rows: int, current_rows: int, rate: float) -> float:
    """The share a quiet window may well have of something that the reference happens not to show at all."""
    return ceil(log(rate) / log(current_rows / (current_rows + rows))) / current_rows


def _quantile(null: Floats, rate: float, tail: Tail, block_count: int) -> float:
    """The fitted quantile, times Student's over the normal one: few blocks and few draws know the spread badly, and
    the spread scales the whole quantile, not only its distance from the mean."""
    one_sided = rate / 2 if tail == "either" else rate
    sizes = null if tail == "rise" else np.abs(null)
    dimensions = _dimensions(sizes) if tail == "distance" else 1.0
    freedom = 1 / (1 / (max(1, block_count - 1) * dimensions) + 1 / len(null))
    unsure = float(t.isf(one_sided, freedom) / norm.isf(one_sided))
    if rate * len(null) >= DRAWS_BEYOND:
        return unsure * float(np.quantile(sizes, 1 - rate))
    if tail != "distance":
        return unsure * float(np.sqrt(np.mean(null**2)) * norm.isf(one_sided))
    mean, variance = float(sizes.mean()), float(sizes.var())
    if variance == 0:
        return mean
    return unsure * GAMMA_SHORT * float(gamma.isf(rate, mean**2 / variance, scale=variance / mean))


def _dimensions(sizes: Floats) -> float:
    """How many independent differences a distance is made of: the more, the less it varies for its mean.

    One alone is half-normal, whose variance is pi / 2 - 1 of its squared mean.
    """
    mean, variance = float(sizes.mean()), float(sizes.var())
    return max(1.0, (pi / 2 - 1) * mean**2 / variance) if variance > 0 else 1.0
