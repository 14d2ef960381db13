"""How far does a group lie from the rest, over all windows so far, and what bounds hold however often one looks?"""

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrain.drift.calibration import block_length
from retrain.drift.fairness.outcomes import Group

# Where the bounds are narrowest for what is known, in units of the summed variance: some 500 rows of a rate of 0.1.
TUNED_FOR = 2.0
# Blocks of rows in which the group appears: the spread of the gap is measured between them.
MIN_BLOCKS = 20
DIGITS = 8

Floats = NDArray[np.float64]


class Gap(NamedTuple):
    """What is remembered of one group and one outcome. Sums over windows, each with the weight of its rows."""

    rows: int = 0
    blocks: int = 0
    weight: float = 0.0
    inside: float = 0.0
    """Of the group's mean."""
    outside: float = 0.0
    """Of the mean of the rest."""
    variance: float = 0.0
    """Of the difference, with the square of the weight."""

    def shortened(self) -> "Gap":
        """With as many digits as the ledger needs to keep."""
        sums = (round(number, DIGITS) for number in (self.weight, self.inside, self.outside, self.variance))
        return Gap(self.rows, self.blocks, *sums)

    @property
    def seen(self) -> float:
        """The gap: the group's mean less that of the rest."""
        return (self.inside - self.outside) / self.weight

    def reach(self, alpha: float) -> float:
        """How far the true mean gap may lie from the one seen, at all looks together (Robbins' normal mixture, which
        holds as the windows' sums become normal: Waudby-Smith and others 2024)."""
        spread = self.variance + TUNED_FOR
        return sqrt(spread * (log(spread / TUNED_FOR) + 2 * log(1 / alpha))) / self.weight


def taken_in(gap: Gap, group: Group, values: Floats) -> Gap:
    """The memory with one window more. Rows stand in the order of time.

    The variance is that between blocks of rows, so that rows in bursts count for less, and never below that of
    independent rows; half a row of each outcome is added, or a rate of nothing would be known at once.
    """
    known = group.known & ~np.isnan(values)
    inside, rest = group.inside & known, ~group.inside & known
    count, others = int(inside.sum()), int(rest.sum())
    if not count or not others:
        return gap
    means = float(values[inside].mean()), float(values[rest].mean())
    starts = np.arange(0, len(values), block_length(len(values)))
    filled = np.where(known, values, 0.0)
    moved = np.where(inside, (filled - means[0]) / count, 0.0) - np.where(rest, (filled - means[1]) / others, 0.0)
    blocks = np.add.reduceat(moved, starts)
    between = float((blocks**2).sum()) * len(blocks) / max(1, len(blocks) - 1)
    alone = _smoothed(values[known]) * (1 / count + 1 / others)
    weight = count * others / (count + others)
    return Gap(
        rows=gap.rows + count,
        blocks=gap.blocks + int((np.add.reduceat(inside.astype(np.int64), starts) > 0).sum()),
        weight=gap.weight + weight,
        inside=gap.inside + weight * means[0],
        outside=gap.outside + weight * means[1],
        variance=gap.variance + weight**2 * max(between, alone),
    )


def _smoothed(values: Floats) -> float:
    """The variance of single rows, half a 0 and half a 1 added."""
    total, squares, rows = float(values.sum()) + 0.5, float((values**2).sum()) + 0.5, len(values) + 1
    return squares / rows - (total / rows) ** 2
