"""Has somebody asked `retrain up` to stop, and how urgently?"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(Exception):
    """Raised where something is waited for, once a signal has come."""


class Stop:
    """Signals, counted: the first asks to stop, the second to stop at once."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.at_once = False
        self.by: signal.Signals | None = None

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """A signal has come."""
        self.at_once = self._asked.is_set()
        self.by = signal.Signals(number)
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether one has come."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> None:
        """Wait so long. Raises StopAsked as soon as a signal has come."""
        if self._asked.wait(seconds):
            raise StopAsked


@contextmanager
def listening() -> Iterator[Stop]:
    """Hear SIGINT, SIGTERM and the closing of the terminal, unless that is ignored (nohup); afterwards as before."""
    stop = Stop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, was in before.items():
        if number != signal.SIGHUP or was != signal.SIG_IGN:
            signal.signal(number, stop.hear)
    try:
        yield stop
    finally:
        for number, was in before.items():
            signal.signal(number, was)
