"""Which processes belong to a run of `retrain up`, also those that left its session? Their environment says it."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
STEP_SECONDS = 0.1
KILL_SECONDS = 10.0

Chosen = Callable[[str], bool]


def marked(name: str, chosen: Chosen) -> list[int]:
    """Processes whose environment has the variable with a value that is chosen; none where there is no /proc."""
    wanted = f"{name}=".encode()
    found = []
    for place in PROC.glob("[0-9]*/environ"):
        try:
            content = place.read_bytes()
        except OSError:
            # Ended meanwhile, or another user's.
            continue
        values = [each[len(wanted) :] for each in content.split(b"\0") if each.startswith(wanted)]
        if values and chosen(os.fsdecode(values[0])):
            found.append(int(place.parent.name))
    return [pid for pid in found if pid != os.getpid()]


def end(look: Callable[[], Sequence[int]], *, patience: float, hurry: Callable[[], bool] = lambda: False) -> int:
    """Ask all that `look` finds to end, and kill what is left after the patience; says how many there were."""
    first = look()
    send(first, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while (left := look()) and time.monotonic() < deadline and not hurry():
        time.sleep(STEP_SECONDS)
    # Again and again: one that is just being started may have been missed.
    deadline = time.monotonic() + KILL_SECONDS
    while left and time.monotonic() < deadline:
        send(left, signal.SIGKILL)
        time.sleep(STEP_SECONDS)
        left = look()
    return len(first)


def send(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to each that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
