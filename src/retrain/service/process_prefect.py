"""How does a Prefect server on SQLite stay awake? Its garbage is collected beside its event loop, not on it.

    python -m retrain.service.process_prefect server start [words of `prefect server start`]

A cursor that ended in an error is left in a cycle of its traceback, and where Python collects it, SQLite waits for the
cursor's connection. Collected on the event loop while another statement of that connection waits for the database's
lock, it stops the loop, and with it the transaction that holds the lock: nothing answers for the minute that Prefect's
connections wait, the statement fails, and events are lost ("Message failed after 4 retries", "database is locked").
On a thread of its own the collector waits alone.
"""

import gc
import sys
import threading
from collections.abc import Callable

YOUNG_SECONDS = 1.0
OLD_EVERY = 60
"""Collections of the young between two of everything, as few as Python's own rule makes of a server's heap."""


def collect_aside(*, seconds: float = YOUNG_SECONDS, old_every: int = OLD_EVERY) -> Callable[[], None]:
    """From now on a thread alone collects this process's garbage; what is returned gives it back to every thread."""
    over = threading.Event()

    def collect() -> None:
        turn = 0
        while not over.wait(seconds):
            turn += 1
            gc.collect(2 if turn % old_every == 0 else 1)

    collector = threading.Thread(target=collect, name="collector", daemon=True)

    def give_back() -> None:
        over.set()
        collector.join()
        gc.enable()

    gc.disable()
    collector.start()
    return give_back


def main() -> None:
    """`prefect`, with these words."""
    # Uvicorn then takes asyncio's own loop. uvloop closes a forgotten connection where it is collected, and libuv must
    # not be called from a second thread.
    sys.modules["uvloop"] = None  # type: ignore[assignment]
    from prefect.cli import app  # noqa: PLC0415  (what is imported is no garbage: the collector has not begun)

    collect_aside()
    app()


if __name__ == "__main__":
    main()
