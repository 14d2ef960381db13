"""Which rows lie where the window has become denser? A topic that is many small ones forms no cluster of its own.

The share of window rows among the nearest neighbours of a row estimates how much denser the window is around it (a
two-sample statistic of Schilling 1986 and Henze 1988, row by row). A row's neighbours are taken from the other fold:
what made a row's place look dense then says nothing of the side that the row itself is on, and shares may be tested.
"""

import numpy as np
from numpy.typing import NDArray

from retrain.drift.classifier import in_first_fold
from retrain.drift.observation import Vectors

NEIGHBOURS = 25
NEARER = 5.0
"""Weights of neighbours grow by e to this times their cosine: the nearest tell most, and no two rows tie."""
CUTS = (0.02, 0.03, 0.045, 0.07, 0.1, 0.15)
"""Of all rows together so many, those of the densest places, are a candidate each: no look at the side chose them."""
AT_ONCE = 512
"""Rows whose neighbours are looked for together: the memory for it does not grow with the window."""
MIN_ROWS = 100
"""Of each side: with fewer, twenty-five neighbours are no neighbourhood."""

Floats = NDArray[np.float64]
Marks = NDArray[np.float32]


def densities(old: Vectors, new: Vectors) -> tuple[Floats, Floats]:
    """For each row of reference and window the share of window rows around it, both sides counting alike."""
    parts = tuple(in_first_fold(len(side)) for side in (old, new))
    found = np.zeros(len(old)), np.zeros(len(new))
    for fold in (True, False):
        known = [side[part == fold] for side, part in zip((old, new), parts, strict=True)]
        weights = np.concatenate([np.full(len(side), 1 / max(len(side), 1)) for side in known])
        is_new = np.arange(len(weights)) >= len(known[0])
        around = np.vstack(known)
        for side, part, told in zip((old, new), parts, found, strict=True):
            asked = np.flatnonzero(part != fold)
            for rows in np.array_split(asked, 1 + len(asked) // AT_ONCE):
                alike = side[rows] @ around.T
                near = np.argpartition(-alike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
                weight = weights[near] * np.exp(NEARER * np.take_along_axis(alike, near, axis=1))
                told[rows] = (weight * is_new[near]).sum(axis=1) / weight.sum(axis=1)
    return found


def denser(old: Vectors, new: Vectors) -> tuple[Marks, Marks]:
    """Rows of reference and window that lie where the window is densest, a column a cut."""
    if min(len(old), len(new)) < MIN_ROWS:
        return np.zeros((len(old), 0), dtype=np.float32), np.zeros((len(new), 0), dtype=np.float32)
    told = np.concatenate(densities(old, new))
    marks = (told[:, None] >= np.quantile(told, 1 - np.array(CUTS))).astype(np.float32)
    return marks[: len(old)], marks[len(old) :]
