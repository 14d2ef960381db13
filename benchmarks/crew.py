"""Trials that know nothing of each other, on several processes; each reads the rows once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Protocol, TypeVar

from benchmarks.drift_streams import Measured

Task = TypeVar("Task")
Found = TypeVar("Found")
Read = Callable[[], Measured]

_read = list[Measured]()
"""What this process works on."""


class Crew(Protocol):
    """Who does it."""

    def __call__(self, work: Callable[[Measured, Task], Found], tasks: Iterable[Task]) -> Iterator[Found]:
        """The results, in the tasks' order."""


@contextmanager
def crew(read: Read, jobs: int) -> Iterator[Crew]:
    """So many processes; with one, this process itself. They are started anew: forked, polars would hang in them."""
    if jobs == 1:
        measured = read()
        yield lambda work, tasks: (work(measured, task) for task in tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(read,)) as pool:

        def run(work: Callable[[Measured, Task], Found], tasks: Iterable[Task]) -> Iterator[Found]:
            waiting = [pool.submit(_one, work, task) for task in tasks]
            return (each.result() for each in waiting)

        yield run


def _begin(read: Read) -> None:
    _read.append(read())


def _one(work: Callable[[Measured, Task], Found], task: Task) -> Found:
    return work(_read[0], task)
