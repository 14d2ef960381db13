"""Does the event loop of a server on SQLite wait for the database's lock, when garbage is collected?"""

import gc
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from retrain.service.process_prefect import collect_aside

WAIT_SECONDS = 2.0
PATIENCE_SECONDS = 60.0


class Dropped:
    """What was left in a cycle, as the traceback of an error leaves it."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.cursor = cursor
        self.itself = self


def connected(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(database, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)


def written_while_garbage_is_collected(database: Path) -> bool:
    """Whether a second writer gets its turn, when the first one's thread, this one, goes on once collecting began."""
    said: list[sqlite3.OperationalError] = []
    with closing(connected(database)) as first, closing(connected(database)) as second:
        first.execute("CREATE TABLE rows (number INTEGER)")
        first.execute("BEGIN IMMEDIATE")
        # A cursor with a row to come: SQLite takes its connection before it lets go of it.
        dropped = Dropped(second.execute("SELECT 1 UNION SELECT 2"))
        began = threading.Event()
        weakref.finalize(dropped, began.set)
        # Told from within SQLite, which has taken the connection by then and waits next.
        waits = threading.Event()
        second.set_trace_callback(lambda _statement: waits.set())

        def write() -> None:
            try:
                second.execute("INSERT INTO rows VALUES (1)")
            except sqlite3.OperationalError as error:
                said.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        waits.wait()
        del dropped
        while not began.is_set():
            # As the work of any event loop does: until Python's rule says that it is time to collect.
            [[] for _ in range(1_000)]
        first.execute("COMMIT")
        writer.join(PATIENCE_SECONDS)
    return not said


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    gc.collect()
    yield tmp_path / "server.db"
    assert gc.isenabled(), "the next test's garbage is collected as usual"


def test_collected_on_the_thread_that_holds_the_lock_nobody_gets_on(database: Path) -> None:
    """This is what is to be avoided: should it stop being so, the module under test is not needed any more."""
    assert not written_while_garbage_is_collected(database)


def test_collected_aside_both_get_on(database: Path) -> None:
    give_back = collect_aside(seconds=0.01)
    try:
        assert written_while_garbage_is_collected(database)
    finally:
        give_back()


def test_what_has_grown_old_is_collected_too(database: Path) -> None:
    old, young = Dropped(sqlite3.connect(database).cursor()), threading.Event()
    weakref.finalize(old, young.set)
    gc.collect()  # The survivors are old now.
    give_back = collect_aside(seconds=0.01, old_every=5)
    try:
        del old
        assert young.wait(PATIENCE_SECONDS)
    finally:
        give_back()
