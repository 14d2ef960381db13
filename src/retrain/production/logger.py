"""How does a server log its predictions, never waiting for a disk and never failing because of one?"""

import atexit
import os
import threading
import uuid
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self, Unpack

from retrain.production.buffer import Buffer, LoggerStats, Waiting
from retrain.production.log_files import LogFiles
from retrain.production.prediction import Line, Prediction, encode

SLOWEST_FLUSH_SECONDS = 300.0
"""Readers wait 15 minutes for late rows (`lateness_minutes`), three of these."""
CLOSE_SECONDS = 10.0
CHUNK_ROWS = 1_000
ID_CHARS = 200

_loggers: "weakref.WeakSet[PredictionLogger]" = weakref.WeakSet()


@dataclass(slots=True)
class _Call:
    """Something that the writer is asked for: to write now, and then perhaps to stop."""

    stop: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    safe: bool = False


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PredictionLogger:
    """Appends predictions to a production log, `date=YYYY-MM-DD/<host>-<pid>-<uuid>.jsonl`, in the background.

    `log` takes microseconds, holds at most `buffer_rows` rows, and loses rows rather than the caller's time; `stats`
    says how many. A killed process loses what it logged since the last flush, `flush_seconds` ago (300 at most).
    A forked child logs to a file of its own; what the parent had not written yet stays the parent's.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        model_version: str | None = None,
        buffer_rows: int = 10_000,
        flush_seconds: float = 5.0,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._files = LogFiles(Path(folder))
        self._model_version = model_version
        self._buffer_rows = buffer_rows
        self._flush_seconds = min(max(flush_seconds, 0.01), SLOWEST_FLUSH_SECONDS)
        self._clock = clock
        self._begin()
        _loggers.add(self)

    def log(self, **prediction: Unpack[Prediction]) -> str:
        """Log one prediction; `input`, `output` and, unless the logger has one, `model_version` are needed.

        Returns the row's id, given or new: keep it, so that a label can be joined later. Raises nothing.
        """
        given: dict[str, object] = {"model_version": self._model_version}
        given |= {name: _kept(value) for name, value in prediction.items() if value is not None}
        key = _identity(given.get("id"))
        given["id"] = key
        chars = sum(len(text) for name in ("input", "output") if isinstance(text := given.get(name), str))
        wake = self._buffer.put(Waiting(given, self._clock(), chars))
        if self._buffer.held and self._running() and wake:
            self._calls.put(_Call())
        return key

    def flush(self, timeout: float = CLOSE_SECONDS) -> bool:
        """Wait until all rows logged before are safe on disk. False: the disk refuses, or the time is over."""
        return self._buffer.held == 0 or self._ask(_Call(), timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> bool:
        """Flush and stop; rows logged afterwards are dropped and counted. Returns what `flush` returns."""
        self._buffer.close()
        return (self._thread is None and self._buffer.held == 0) or self._ask(_Call(stop=True), timeout)

    @property
    def stats(self) -> LoggerStats:
        """The counts so far."""
        return self._buffer.stats

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        """Begin with nothing; also in a forked child, where the parent's locks may be held and its thread is gone."""
        self._buffer = Buffer(self._buffer_rows)
        self._lines: list[tuple[Line, int]] = []
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._starting = threading.RLock()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._files.close()

    def _running(self) -> bool:
        """Whether the writer runs; it is started when first needed, and again should it have died."""
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return True
            thread = threading.Thread(target=self._run, name="prediction-logger", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No more threads: the process is at its limit or ending. The rows wait for the next call.
                return False
            self._thread = thread
            return True

    def _ask(self, call: _Call, timeout: float) -> bool:
        if self._running():
            self._calls.put(call)
            return call.done.wait(timeout) and call.safe
        return self._write()

    def _run(self) -> None:
        stop = False
        while not stop:
            calls = self._next_calls()
            stop = any(call.stop for call in calls)
            safe = None
            try:
                safe = self._write()
            finally:
                if stop or safe is None:
                    # Before the callers are told: whoever calls next must not wait for a thread that is ending.
                    self._thread = None
                for call in calls:
                    call.safe = bool(safe)
                    call.done.set()

    def _next_calls(self) -> list[_Call]:
        try:
            calls = [self._calls.get(timeout=self._flush_seconds)]
        except Empty:
            return []
        while not self._calls.empty():
            calls.append(self._calls.get())
        return calls

    def _encoded(self, row: Waiting) -> Line:
        try:
            line = encode(row.given, moment=row.moment)
        except BaseException:
            # A value whose own code raises ends this thread loudly; only its row is lost.
            self._buffer.lose(row.chars)
            raise
        self._buffer.count(bad_values=line.bad)
        return line

    def _write(self) -> bool:
        """Append all that is held; what the disk refuses stays held."""
        with self._writing:
            while True:
                while len(self._lines) < CHUNK_ROWS and (row := self._buffer.take()) is not None:
                    self._lines.append((self._encoded(row), row.chars))
                if not self._lines:
                    return True
                done, error = self._files.append([line for line, _ in self._lines])
                self._buffer.release(done, sum(chars for _, chars in self._lines[:done]))
                del self._lines[:done]
                if error is not None:
                    self._buffer.count(errors=1)
                    return False


def _kept(value: object) -> object:
    """A plain dict may change after the call and before it is written."""
    return value.copy() if type(value) is dict else value


def _identity(given: object) -> str:
    """The id as a reader will take it: whole numbers as text, and a new one for what is none."""
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    return text if isinstance(text, str) and text.strip() and len(text) <= ID_CHARS else uuid.uuid4().hex


def _after_fork() -> None:
    for logger in list(_loggers):
        logger._begin()


def _at_exit() -> None:
    for logger in list(_loggers):
        logger.close()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
