"""Which rows of a window are kept, and how many distinct ones were there?"""

from array import array
from hashlib import blake2b

import numpy as np

from retrain.production.rows import Row

EVERYTHING = 1 << 64


class Sample:
    """The `size` rows with the smallest hash of their id, whatever the order in which they come.

    The hash is stable over processes and machines, so a retried write meets its twin. Eight bytes are kept for each row
    seen, and at most twice `size` rows.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[int, Row] = {}
        self._limit = EVERYTHING if size else -1
        self._seen = array("Q")

    def add(self, row: Row) -> None:
        """See one row."""
        place = int.from_bytes(blake2b(row.id.encode(), digest_size=8).digest())
        self._seen.append(place)
        if place > self._limit:
            return
        twin = self._kept.get(place)
        # Of two rows with one id the earlier counts; the rest of the key only makes the choice the same in any order.
        if twin is None or (row.timestamp, repr(row)) < (twin.timestamp, repr(twin)):
            self._kept[place] = row
        if len(self._kept) >= 2 * self._size + 1:
            self._prune()

    def rows(self) -> list[Row]:
        """The rows kept, ordered by timestamp, then id."""
        self._prune()
        return sorted(self._kept.values(), key=lambda row: (row.timestamp, row.id))

    def seen(self) -> int:
        """All rows, duplicates included."""
        return len(self._seen)

    def total(self) -> int:
        """Distinct ids. Two ids share a hash once in some 300,000 windows of 10 million rows."""
        return int(np.unique(np.frombuffer(self._seen, dtype=np.uint64)).size) if self._seen else 0

    def _prune(self) -> None:
        if len(self._kept) <= self._size:
            return
        places = sorted(self._kept)[: self._size]
        self._kept = {place: self._kept[place] for place in places}
        self._limit = places[-1]
