"""By how much did a share of rows move, how sure is that, and between which bounds does it lie?"""

from math import hypot

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc
from scipy.stats import norm

from retrain.drift.calibration import clustering

# One kind of segment in a hundred quiet windows is named falsely; within a kind, Bonferroni over all looked at.
RATE = 0.01
# Of the bounds shown, so many in a hundred may miss (Benjamini and Yekutieli 2005): segments are shown for being large.
MISSES = 0.05

Marks = NDArray[np.float32]
Floats = NDArray[np.float64]


def chances(before: Marks, after: Marks, alike: Floats) -> Floats:
    """How often chance alone moves the share of each column as far as it moved, in the direction it took; two-sided.

    Given how often a mark occurs in both together, its rows in the window follow a binomial law (exact for rare marks);
    the counts are first divided by how clustered the mark is, so that three rows of one burst count as one.
    """
    share = len(after) / (len(before) + len(after))
    new, old = after.sum(axis=0, dtype=np.float64) / alike, before.sum(axis=0, dtype=np.float64) / alike
    rise = np.where(new > 0, betainc(np.maximum(new, 1e-9), old + 1, share), 1.0)
    fall = np.where(old > 0, betainc(np.maximum(old, 1e-9), new + 1, 1 - share), 1.0)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(rise, fall)))


def how_clustered(before: Marks, current_rows: int, draws: int) -> Floats:
    """How many rows of a burst say as much as one, for each column; at least 1."""
    return clustering(before, current_rows=current_rows, draws=draws)


def bounds(before: Marks, after: Marks, alike: float, *, level: float) -> tuple[float, float]:
    """Bounds of the difference of two shares, window less reference: Newcombe's, of Wilson's for each side.

    Each side counts as few rows as its bursts leave it.
    """
    old, new = float(before.mean(dtype=np.float64)), float(after.mean(dtype=np.float64))
    old_low, old_high = _wilson(old, len(before) / alike, level)
    new_low, new_high = _wilson(new, len(after) / alike, level)
    difference = new - old
    low = difference - hypot(new - new_low, old_high - old)
    high = difference + hypot(new_high - new, old - old_low)
    return max(low, -1.0), min(high, 1.0)


def level_of(shown: int, looked_at: int) -> float:
    """The level at which the bounds of those shown keep the share of misses, however they were chosen."""
    return 1.0 - MISSES * max(shown, 1) / max(looked_at, shown, 1)


def _wilson(share: float, rows: float, level: float) -> tuple[float, float]:
    z = float(norm.isf((1 - level) / 2))
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    reach = z / (1 + z**2 / rows) * float(np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2)))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
