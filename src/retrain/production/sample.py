"""Which rows of a window are kept, and how many distinct ones were there?"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.production.columns import numbers_of
from retrain.production.distinct import EVERYTHING, Distinct
from retrain.production.places import Places, places
from retrain.production.policy import ProductionPolicy
from retrain.production.rows import Row, read_row
from retrain.production.slices import LINE

PENDING = 4_096
"""Rows from line by line formats that wait to be placed together."""


class Sound(NamedTuple):
    """Rows of one slice of a file that are known to be sound, as the file has them."""

    frame: pl.DataFrame
    ids: pl.Series
    instants: pl.Series

    def where(self, mask: pl.Series) -> "Sound":
        """Some of the rows."""
        return Sound(self.frame.filter(mask), self.ids.filter(mask), self.instants.filter(mask))


class _Unread(NamedTuple):
    """A sound row that nobody has looked at: most are crowded out by others before anybody does."""

    names: tuple[str, ...]
    values: tuple[object, ...]
    numbers: bytes
    timestamp: int
    line: int


class Sample:
    """The `size` rows with the smallest place of their id, whatever the order in which they come.

    A retried write meets its twin. At most twice `size` rows are kept, and what `Distinct` keeps.
    """

    def __init__(self, size: int, policy: ProductionPolicy, only: Collection[str] | None = None) -> None:
        """`only`: the ids that count at all, if not all do."""
        self._size = size
        self._policy = policy
        self._only = None if only is None else pl.Series(list(only), dtype=pl.String)
        self._wanted = only
        self._kept: dict[int, Row | _Unread] = {}
        self._limit = EVERYTHING if size else -1
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
        numbers = numbers_of(few.frame, self._policy)
        texts = few.frame.drop(LINE, *self._beside(few.frame))
        names = tuple(texts.columns)
        for place, values, *rest in zip(
            found[near].tolist(), texts.rows(), numbers, few.instants, few.frame[LINE], strict=True
        ):
            self._keep(place, _Unread(names, values, *rest))
        # Now, since the next slice is thinned by what is known before it is unpacked.
        self._prune()

    def rows(self) -> list[Row]:
        """The rows kept, ordered by timestamp, then id."""
        self._place_pending()
        self._prune()
        return sorted((self._read(row) for row in self._kept.values()), key=lambda row: (row.timestamp, row.id))

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

    def _near(self, found: Places) -> NDArray[np.bool_]:
        """Which of these can be among the nearest, as far as is known and they tell themselves."""
        if not self._size:
            return np.zeros(len(found), dtype=np.bool_)
        near = found <= np.uint64(self._limit)
        nearest = np.unique(found[near])
        return near if len(nearest) <= self._size else found <= nearest[self._size - 1]

    def _beside(self, frame: pl.DataFrame) -> list[str]:
        """Columns that are looked at as numbers alone."""
        policy = self._policy
        texts = {*dict(policy.columns).values(), *(f"group_{group}" for group in policy.groups)}
        return [name for name in policy.numbers if name in frame.columns and name not in texts]

    def _place_pending(self) -> None:
        rows, self._pending = self._pending, []
        found = places(pl.Series([row.id for row in rows], dtype=pl.String))
        self._distinct.add(found)
        for near in np.flatnonzero(self._near(found)).tolist():
            self._keep(int(found[near]), rows[near])

    def _keep(self, place: int, row: Row | _Unread) -> None:
        if place > self._limit:
            return
        twin = self._kept.get(place)
        self._kept[place] = row if twin is None else self._earlier(row, twin)
        if len(self._kept) >= 2 * self._size + 1:
            self._prune()

    def _earlier(self, one: Row | _Unread, other: Row | _Unread) -> Row | _Unread:
        """Of two rows with one id the earlier counts; the rest only makes the choice the same in any order."""
        if one.timestamp != other.timestamp:
            return min(one, other, key=lambda row: row.timestamp)
        return min(self._read(one), self._read(other), key=repr)

    def _read(self, row: Row | _Unread) -> Row:
        if isinstance(row, Row):
            return row
        record: Mapping[str, object] = dict(zip(row.names, row.values, strict=True))
        return read_row(record, row.timestamp, row.line, self._policy, row.numbers)

    def _prune(self) -> None:
        if len(self._kept) <= self._size:
            return
        nearest = sorted(self._kept)[: self._size]
        self._kept = {place: self._kept[place] for place in nearest}
        self._limit = nearest[-1]
