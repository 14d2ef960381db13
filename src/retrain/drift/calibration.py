"""From which value on is a score more than chance? Measured on the reference's own blocks, in the order of time.

Rows of real traffic are not independent: three rows of one intent in a row made a nominal 1 % of false alarms 92 %.
So the null is no formula but the reference itself: blocks of it, together as long as the window, against the rest.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log, pi, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc, gammainccinv, ndtr, ndtri, stdtr, stdtrit

from retrain.drift.classifier import told_apart
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
# No value is said to lie farther out: beyond, the numbers of a computer end before the tail does.
FARTHEST = 37.0
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
    counts: bool = False
    """Whether it is a share of marked rows, whose law is skew where marks are few."""


METHODS = {
    "ks": Method(statistic=ks, tail="distance"),
    "total_variation": Method(statistic=total_variation, tail="distance"),
    "mmd_rff": Method(statistic=mmd, tail="distance"),
    "tail_share": Method(statistic=tail_share, tail="rise", counts=True),
    "mean_rise": Method(statistic=tail_share, tail="rise"),
    "share_shift": Method(statistic=tail_share, tail="either"),
    "rank_shift": Method(statistic=rank_shift, tail="either"),
    "domain_classifier": Method(statistic=told_apart, tail="rise"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """What chance alone does to one statistic, for a window of so many rows against the whole reference."""

    tail: Tail
    rows: int
    reference_rows: int
    spread: float
    """Carries the draws over to the whole reference and to the window's rows."""
    mean: float
    """Of the draws' sizes."""
    variance: float
    mean_square: float
    freedom: float
    """Of Student's law: few blocks and few draws know the spread badly."""
    unsure: float
    """Share of one window's variance that comes from the spread being estimated; it is the same in all windows."""
    share: float | None
    """The reference's share of marked rows, where rows are counted."""

    @property
    def noise(self) -> float:
        """The mean square that chance alone reaches."""
        return self.mean_square * self.spread**2

    def deviation(self, value: float) -> float:
        """The value in standard deviations of chance; what a normal law would exceed as rarely."""
        if self.mean_square <= 0 or (self.tail == "distance" and self.variance <= 0):
            found = FARTHEST if abs(value) > self.mean * self.spread else 0.0
        elif self.tail != "distance":
            found = value / sqrt(self.noise)
        else:
            found = -float(ndtri(self._gamma_tail(value)))
        rare = self._rare(value)
        # Where chance is a matter of a few rows, a count's own law bounds what the fitted one claims.
        capped = found if rare is None or found <= 1 else min(found, max(1.0, self._student(rare)))
        return max(-FARTHEST, min(capped, FARTHEST))

    def p_value(self, value: float) -> float:
        """How often chance alone reaches this value."""
        size = self.deviation(value) / sqrt(1 + self.unsure)
        if self.tail == "either":
            return float(min(1.0, 2 * stdtr(self.freedom, -abs(size))))
        return float(stdtr(self.freedom, -size))

    def limit(self, rate: float) -> float:
        """The value that a quiet window reaches at the given rate."""
        size = self._student(rate / 2 if self.tail == "either" else rate)
        if self.tail != "distance":
            fitted = size * sqrt(self.noise)
        elif self.variance <= 0:
            fitted = self.mean * self.spread
        else:
            shape, scale = self._gamma
            fitted = self.spread * scale * float(gammainccinv(shape, ndtr(-min(size, FARTHEST))))
        return max(fitted, self._fewest(rate) / self.rows if self.share is None else self._fewest_marked(rate))

    @property
    def _gamma(self) -> tuple[float, float]:
        return self.mean**2 / self.variance, GAMMA_SHORT * self.variance / self.mean

    def _gamma_tail(self, value: float) -> float:
        shape, scale = self._gamma
        return float(max(gammaincc(shape, abs(value) / self.spread / scale), 1e-300))

    def _student(self, rate: float) -> float:
        return -float(stdtrit(self.freedom, rate)) * sqrt(1 + self.unsure)

    def _rare(self, value: float) -> float | None:
        """How often so many rows more would turn up by chance; none where that says nothing."""
        if value <= 0:
            return None
        among = self.rows / (self.rows + self.reference_rows)
        if self.share is None:
            return float(max(among ** floor(abs(value) * self.rows + 1e-9), 1e-300))
        marked = round((value + self.share) * self.rows)
        return max(float(self._counted(np.array([marked]))[0]), 1e-300)

    def _counted(self, marked: NDArray[np.int64]) -> Floats:
        """Given how many rows are marked in both, those of the window follow a binomial law; bursts count once."""
        share = self.share or 0.0
        expected = share * (1 - share) * (1 / self.rows + 1 / self.reference_rows)
        alike = max(1.0, self.noise / expected) if expected > 0 else 1.0
        among = self.rows / (self.rows + self.reference_rows)
        old = share * self.reference_rows / alike
        return np.asarray(np.where(marked > 0, betainc(np.maximum(marked / alike, 1e-9), old + 1, among), 1.0))

    def _fewest(self, rate: float) -> int:
        """Rows that a quiet window may well have of something that the reference happens not to show at all."""
        return ceil(log(rate) / log(self.rows / (self.rows + self.reference_rows)))

    def _fewest_marked(self, rate: float) -> float:
        marked = np.arange(self.rows + 1)
        enough = np.flatnonzero(self._counted(marked) <= rate)
        return float((marked[enough[0]] if len(enough) else self.rows + 1) / self.rows - (self.share or 0.0))


def null_of(method: Method, reference: NDArray[np.generic], *, current_rows: int, draws: int) -> Null:
    """Measure chance on the reference: pieces of it, together as long as the window, against the rest."""
    rows = len(reference)
    found = method.statistic(reference, blocks(rows, rows_taken(rows, current_rows), draws))
    sizes = np.abs(found) if method.tail == "distance" else found
    dimensions = _dimensions(sizes) if method.tail == "distance" else 1.0
    few = max(1, rows // block_length(rows) - 1)
    return Null(
        tail=method.tail,
        rows=current_rows,
        reference_rows=rows,
        spread=_scale(rows, current_rows),
        mean=float(sizes.mean()),
        variance=float(sizes.var()),
        mean_square=float(np.mean(found**2)),
        freedom=1 / (1 / (few * dimensions) + 1 / draws),
        # A distance lies above zero by chance alone: a spread taken too small by one part moves every window's the
        # same way, by the root of 2 d standard deviations for d dimensions, while it is known to the root of 2 d f.
        unsure=1 / few if method.tail == "distance" else 0.0,
        share=float(reference.mean(dtype=np.float64)) if method.counts else None,
    )


def threshold(method: Method, reference: NDArray[np.generic], *, current_rows: int, rate: float, draws: int) -> float:
    """What a quiet window of `current_rows` rows reaches at the given rate."""
    return null_of(method, reference, current_rows=current_rows, draws=draws).limit(rate)


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


@lru_cache(maxsize=8)
def blocks(rows: int, taken: int, draws: int) -> Parts:
    """Divisions of a circular reference: each takes whole blocks from a random start, the last one cut to size."""
    seeded = np.random.default_rng(SEED)
    numbers = np.arange(rows) // block_length(rows)
    parts = np.zeros((draws, rows), dtype=np.bool_)
    for part in parts:
        places = seeded.permutation(numbers[-1] + 1)[numbers]
        part[np.argsort(places, kind="stable")[:taken]] = True
        part[:] = np.roll(part, seeded.integers(rows))
    parts.setflags(write=False)
    return parts


def _scale(rows: int, current_rows: int) -> float:
    """Carries the draws over to the whole reference, and to windows larger than what can be cut out of it.

    Each statistic is the size of a difference of two means, which chance scales with the root of 1/m + 1/n.
    """
    taken = rows_taken(rows, current_rows)
    return sqrt((1 / current_rows + 1 / rows) / (1 / taken + 1 / (rows - taken)))


def _dimensions(sizes: Floats) -> float:
    """How many independent differences a distance is made of: the more, the less it varies for its mean.

    One alone is half-normal, whose variance is pi / 2 - 1 of its squared mean.
    """
    mean, variance = float(sizes.mean()), float(sizes.var())
    return max(1.0, (pi / 2 - 1) * mean**2 / variance) if variance > 0 else 1.0
