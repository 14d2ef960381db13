"""How are many slow reads done at once, and given up in time? By threads that never keep the process alive."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeVar

from retrain.errors import StoreError

T = TypeVar("T")


class Crew:
    """Works one list of tasks at a time off side by side, until a moment of the monotonic clock.

    A read of a store that hangs cannot be interrupted. It is left behind, in a thread that ends with the process; and
    no further list is begun before it is back, so that such threads never pile up.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._at_work: list[threading.Thread] = []

    def each(self, tasks: Sequence[Callable[[], T]], *, until: float) -> list[T]:
        """What the tasks return, in their order. Raises what one of them raised; StoreError when time ran out."""
        self._wait_for_those_left_behind(until)
        waiting = deque(enumerate(tasks))
        answers: SimpleQueue[tuple[int, T | BaseException]] = SimpleQueue()
        for _ in range(min(self._threads, len(tasks))):
            thread = threading.Thread(target=_work_off, args=(waiting, answers), daemon=True, name="retrain-read")
            self._at_work.append(thread)
            thread.start()
        found: dict[int, T] = {}
        try:
            while len(found) < len(tasks):
                place, answer = answers.get(timeout=max(until - time.monotonic(), 0.0))
                if isinstance(answer, BaseException):
                    raise answer
                found[place] = answer
        except Empty:
            raise StoreError("the store did not answer in time") from None
        finally:
            waiting.clear()
        return [found[place] for place in range(len(tasks))]

    def _wait_for_those_left_behind(self, until: float) -> None:
        for thread in self._at_work:
            thread.join(max(until - time.monotonic(), 0.0))
        self._at_work = [thread for thread in self._at_work if thread.is_alive()]
        if self._at_work:
            raise StoreError("the store hangs: earlier reads have not come back yet")


def _work_off(
    waiting: "deque[tuple[int, Callable[[], T]]]", answers: "SimpleQueue[tuple[int, T | BaseException]]"
) -> None:
    while True:
        try:
            place, task = waiting.popleft()
        except IndexError:
            return
        try:
            answers.put((place, task()))
        except BaseException as error:  # noqa: BLE001  it is raised again where the tasks were given
            answers.put((place, error))
