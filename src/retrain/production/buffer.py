"""What waits to be written, and how much may wait? Bounded in rows and in characters; what does not fit is dropped."""

import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

BUFFER_CHARS = 64 << 20
"""Inputs and outputs that may wait, in characters: a few huge ones must not fill the memory."""
LARGE_CHARS = 1 << 20
"""A row of this size is worth waking the writer for."""


class Waiting(NamedTuple):
    """A prediction that nobody has looked at yet."""

    given: dict[str, object]
    moment: datetime
    chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerStats:
    """What became of the predictions logged in this process."""

    written: int = 0
    """Rows safe on disk."""
    dropped: int = 0
    """Rows lost: the buffer was full, or the logger closed."""
    errors: int = 0
    """Times that the disk refused; the rows were kept and tried again."""
    bad_values: int = 0
    """Values that could not be logged (NaN, wrong type, unknown field) and stand as null."""


class Buffer:
    """Rows from many threads for one writer. A row counts as held until it is safe."""

    def __init__(self, rows: int) -> None:
        # Reentrant, since a signal handler may log in the middle of a log.
        self._lock = threading.RLock()
        self._limit = rows
        self._rows: deque[Waiting] = deque()
        self._held = 0
        self._chars = 0
        self._stats = LoggerStats()
        self._closed = False

    def put(self, row: Waiting) -> bool:
        """Hold a row, or drop it. Returns whether the writer should be woken."""
        with self._lock:
            if self._closed or self._held >= self._limit or self._chars + row.chars > BUFFER_CHARS:
                self._stats = replace(self._stats, dropped=self._stats.dropped + 1)
                return False
            self._held += 1
            self._chars += row.chars
            self._rows.append(row)
            return self._held == max(1, self._limit // 2) or row.chars >= LARGE_CHARS

    def take(self) -> Waiting | None:
        """The oldest row that is not taken yet; it stays held."""
        with self._lock:
            return self._rows.popleft() if self._rows else None

    def release(self, rows: int, chars: int) -> None:
        """Taken rows are safe now."""
        with self._lock:
            self._held -= rows
            self._chars -= chars
            self._stats = replace(self._stats, written=self._stats.written + rows)

    def lose(self, chars: int) -> None:
        """A taken row cannot be written at all."""
        with self._lock:
            self._held -= 1
            self._chars -= chars
            self._stats = replace(self._stats, dropped=self._stats.dropped + 1)

    def count(self, *, errors: int = 0, bad_values: int = 0) -> None:
        """Count what went wrong."""
        with self._lock:
            now = self._stats
            self._stats = replace(now, errors=now.errors + errors, bad_values=now.bad_values + bad_values)

    def close(self) -> None:
        """Drop what comes from now on."""
        with self._lock:
            self._closed = True

    @property
    def held(self) -> int:
        """Rows that are not safe yet."""
        return self._held

    @property
    def stats(self) -> LoggerStats:
        """The counts so far."""
        return self._stats
