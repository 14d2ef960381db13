"""Which rows of a window are kept, and how many distinct ones were there?"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.production.distinct import EVERYTHING, Distinct
from retrain.production.pieces import Parsed, Piece, joined, unread
from retrain.production.places import Places, places
from retrain.production.policy import ProductionPolicy
from retrain.production.rows import Row
from retrain.production.tables import together

PENDING = 4_096
"""Rows from line by line formats that wait to be placed together."""
HELD = np.dtype([("place", np.uint64), ("instant", np.int64), ("piece", np.int64), ("number", np.int64)])


class Sound(NamedTuple):
    """Rows of one slice of a file that are known to be sound, as the file has them."""

    frame: pl.DataFrame
    ids: pl.Series
    instants: pl.Series

    def where(self, mask: pl.Series) -> "Sound":
        """Some of the rows."""
        return Sound(self.frame.filter(mask), self.ids.filter(mask), self.instants.filter(mask))


class Sample:
    """The `size` rows with the smallest place of their id, whatever the order in which they come.

    A retried write meets its twin. At most twice `size` rows and a slice's are kept, and what `Distinct` keeps.
    """

    def __init__(self, size: int, policy: ProductionPolicy, only: Collection[str] | None = None) -> None:
        """`only`: the ids that count at all, if not all do."""
        self._size = size
        self._policy = policy
        self._wanted = only
        self._only = None if only is None else pl.Series(list(only), dtype=pl.String)
        self._held: NDArray[np.void] = np.zeros(0, dtype=HELD)
        self._pieces: dict[int, Piece] = {}
        self._given = 0
        self._stored = 0
        self._limit = np.uint64(EVERYTHING)
        self._pending: list[Row] = []
        self._distinct = Distinct()

    def add(self, row: Row) -> None:
        """See one row."""
        if self._wanted is None or row.id in self._wanted:
            self._pending.append(row)
        if len(self._pending) >= PENDING:
            self._place_pending()

    def add_sound(self, rows: Sound) -> None:
        """See the rows of a slice."""
        if self._only is not None:
            rows = rows.where(rows.ids.is_in(self._only.implode()))
        found = places(rows.ids)
        self._distinct.add(found)
        near = self._near(found)
        few = rows.where(pl.Series(near))
        self._keep(found[near], few.instants.to_numpy(), unread(few.frame, few.instants, self._policy))

    def table(self) -> pl.DataFrame:
        """The rows kept, ordered by timestamp, then id."""
        self._place_pending()
        self._forget()
        return together([piece.table(self._policy) for piece in joined(self._pieces.values())], self._policy)

    def seen(self) -> int:
        """All rows, duplicates included."""
        self._place_pending()
        return self._distinct.seen

    def total(self) -> int:
        """Distinct ids."""
        self._place_pending()
        return self._distinct.total()

    @property
    def estimated(self) -> bool:
        """Whether `total` is an estimate."""
        return self._distinct.estimated

    def _place_pending(self) -> None:
        rows, self._pending = self._pending, []
        found = places(pl.Series([row.id for row in rows], dtype=pl.String))
        self._distinct.add(found)
        near = self._near(found)
        instants = np.array([row.timestamp for row in rows], dtype=np.int64)
        self._keep(found[near], instants[near], Parsed(rows).at(np.flatnonzero(near)))

    def _near(self, found: Places) -> NDArray[np.bool_]:
        """Which of these can be among the nearest, as far as is known and they tell themselves."""
        if not self._size:
            return np.zeros(len(found), dtype=np.bool_)
        near = found <= self._limit
        if np.count_nonzero(near) <= self._size:
            return near
        nearest = np.unique(found[near])
        return near if len(nearest) <= self._size else found <= nearest[self._size - 1]

    def _keep(self, found: Places, instants: NDArray[np.int64], piece: Piece) -> None:
        if not len(found):
            return
        new = np.zeros(len(found), dtype=HELD)
        new["place"], new["instant"], new["piece"], new["number"] = found, instants, self._given, np.arange(len(found))
        self._pieces[self._given] = piece
        self._given += 1
        self._stored += len(piece)
        held = np.concatenate([self._held, new])
        self._held = self._earliest(held[np.lexsort((held["instant"], held["place"]))])[: self._size]
        if len(self._held) == self._size:
            self._limit = self._held["place"][-1]
        if self._stored > 2 * len(self._held) + PENDING:
            self._forget()

    def _earliest(self, held: NDArray[np.void]) -> NDArray[np.void]:
        """One row an id, of those in order: the earliest; the rest only makes the choice the same in any order."""
        first = np.append(np.ones(1, dtype=np.bool_), held["place"][1:] != held["place"][:-1])
        beginning = np.flatnonzero(first)[np.cumsum(first) - 1]
        twins = np.flatnonzero(~first & (held["instant"] == held["instant"][beginning]))
        for twin, one in zip(twins.tolist(), beginning[twins].tolist(), strict=True):
            if self._raw(held[twin]) != self._raw(held[one]):
                held[one] = min(held[one], held[twin], key=lambda each: repr(self._read(each)))
        return np.asarray(held[first])

    def _raw(self, each: np.void) -> object:
        return self._pieces[int(each["piece"])].raw(int(each["number"]))

    def _read(self, each: np.void) -> Row:
        return self._pieces[int(each["piece"])].row(int(each["number"]))

    def _forget(self) -> None:
        """Let go of all rows that are not in the sample any more."""
        if not len(self._held):
            return
        by_piece = self._held[np.argsort(self._held["piece"], kind="stable")]
        numbers, starts = np.unique(by_piece["piece"], return_index=True)
        parts = zip(numbers.tolist(), np.split(by_piece["number"], starts[1:]), strict=True)
        self._pieces = {number: self._pieces[number].at(rows) for number, rows in parts}
        by_piece["number"] = np.arange(len(by_piece)) - np.repeat(starts, np.diff(np.append(starts, len(by_piece))))
        self._held = by_piece[np.argsort(by_piece["place"], kind="stable")]
        self._stored = len(self._held)
