"""How many distinct ids were there? Exact up to a million, a close estimate above, in memory that does not grow."""

import numpy as np
from numpy.typing import NDArray

from retrain.production.places import Places

EXACT = 1 << 20
"""Distinct ids counted exactly; 1,048,576 take 16 MB."""
EVERYTHING = (1 << 64) - 1


class Distinct:
    """How often each of the `exact` smallest places was seen.

    Where there are more ids, those kept are an even sample of them, each with all its rows: `total` is the rows seen by
    the rows an id has in the sample. So it is exact when no id comes twice; else its standard error is the coefficient
    of variation of rows an id, by the root of `exact`: 0.1 % when ids are repeated as a Poisson count.
    """

    def __init__(self, exact: int | None = None) -> None:
        self._exact = EXACT if exact is None else exact
        self._places: Places = np.zeros(0, dtype=np.uint64)
        self._times: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._limit = np.uint64(EVERYTHING)
        self._waiting: list[Places] = []
        self._held = 0
        self.seen = 0
        """All rows, repeated ones included."""

    def add(self, places: Places) -> None:
        """See rows."""
        self.seen += len(places)
        near = places[places <= self._limit]
        self._waiting.append(near)
        self._held += len(near)
        if self._held >= self._exact:
            self._merge()

    def total(self) -> int:
        """Distinct ids; two ids share a place once in some 300,000 windows of 10 million rows."""
        self._merge()
        if not self.estimated:
            return len(self._places)
        return round(self.seen * len(self._places) / int(self._times.sum()))

    @property
    def held(self) -> int:
        """Places in memory."""
        return len(self._places) + self._held

    @property
    def estimated(self) -> bool:
        """Whether `total` is an estimate, as known after the last `total`."""
        return int(self._limit) < EVERYTHING

    def _merge(self) -> None:
        found, times = np.unique(np.concatenate([self._places[:0], *self._waiting]), return_counts=True)
        self._waiting, self._held = [], 0
        both = np.concatenate([self._places, found])
        self._places, where = np.unique(both, return_inverse=True)
        counted = np.zeros(len(self._places), dtype=np.int64)
        np.add.at(counted, where, np.concatenate([self._times, times]))
        self._times = counted
        if len(self._places) > self._exact:
            self._places, self._times = self._places[: self._exact].copy(), self._times[: self._exact].copy()
            self._limit = self._places[-1]
