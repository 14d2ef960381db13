"""The same by the kernel: processes that die of SIGKILL, at store calls and inside of the folder's own writing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest

from faults.conftest import Fresh
from faults.faulty import Faulty, Kind
from faults.yard import Act, Yard, back, by_hand, run
from shop import with_tests


def killed(work: Callable[[], object]) -> bool:
    """Whether a process of its own that did this work was killed on the way. It touches the store alone."""
    child = os.fork()
    if child == 0:
        # Whatever happens here, the tests must not go on in the child.
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("act", [by_hand, back], ids=["promote", "rollback"])
@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_process_killed_at_any_store_call_of_a_change_by_hand_leaves_a_whole_champion(
    fresh: Fresh, act: Act, kind: Kind
) -> None:
    yard, at, deaths = fresh(), 0, 0
    before, first = yard.ledger(), yard.champions()
    while True:
        at += 1
        store = Faulty(yard.open(), at, kind, kills=True)
        if not killed(partial(act, yard, store)):
            break
        deaths += 1
        assert yard.broken(before) == [], at
        if kind == "after" and yard.champions() != first:
            break
        assert yard.champions() == first, at
    assert deaths > 5
    act(yard, yard.open())
    assert yard.champions() != first
    assert yard.broken(before) == []


def dying(name: str, after: bool, turn: int) -> None:
    """From here on this process dies at the n-th of these calls of the folder's own writing."""
    real, count = getattr(os, name), 0

    def call(*arguments: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count == turn and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(*arguments, **named)
        if count == turn:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(os, name, call)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", ["link", "fsync", "unlink", "open"])
def test_a_writer_killed_inside_of_its_writing_has_written_an_entry_or_none(
    first_folder: Fresh, name: str, after: bool
) -> None:
    deaths = 0
    for turn in (1, 2, 3):
        yard = first_folder()
        before, first = yard.ledger(), yard.champions()

        def work(yard: Yard = yard, turn: int = turn) -> None:
            dying(name, after, turn)
            by_hand(yard, yard.open())

        deaths += killed(work)
        assert yard.broken(before) == []
        by_hand(yard, yard.open())
        assert yard.champions() == (yard.names["other"], *first)
        assert yard.broken(before) == []
    assert deaths


CHILD = """
import sys
from pathlib import Path
import pytest
from faults.faulty import Faulty
from faults.yard import Yard, run, without_training
from retrain.store.folder import FolderStore
root = Path(sys.argv[1])
yard = Yard(root=root, open=lambda: FolderStore(root / "store"))
with pytest.MonkeyPatch.context() as patch:
    without_training(patch, yard)
    run(yard, Faulty(yard.open(), int(sys.argv[2]), sys.argv[3], kills=True))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_run_in_a_process_of_its_own_is_killed_twice_and_the_third_ends_its_work(
    first_folder: Fresh, kind: Kind
) -> None:
    pristine = first_folder()
    counted = Faulty(pristine.open())
    run(pristine, counted)
    expected, calls = pristine.champions(), counted.calls
    writes = [number for number, call in enumerate(calls, 1) if call.startswith("create ")]
    for at in writes[::7]:
        yard = first_folder()
        before = yard.ledger()
        for _ in range(2):
            # The second goes on with the first one's work at once: the kernel says that its process is gone.
            died = subprocess.run(
                [sys.executable, "-c", CHILD, str(yard.root), str(at), kind], env=with_tests(), check=False
            )
            assert died.returncode in (0, -signal.SIGKILL)
            assert yard.broken(before) == [], calls[at - 1]
        run(yard, yard.open())
        assert yard.broken(before) == [], calls[at - 1]
        assert yard.champions() == expected, calls[at - 1]
