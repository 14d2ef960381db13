"""Has the Prefect server got our flows and schedules? `python -m flows.deployments` is run, and its answer read."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from retrain.errors import ServiceAway
from retrain.service.children import ended
from retrain.service.logs import last_lines, log_file, opened, rotate
from retrain.service.plan import Part
from retrain.service.stopping import Stop

ATTEMPTS = 3
ATTEMPT_SECONDS = 180.0
PAUSE_SECONDS = 5.0
LOOK_SECONDS = 0.2


def register(part: Part, work: Path, stopping: Stop) -> dict[str, Any]:
    """What was registered and what runs next. Raises ServiceAway with the last words, and StopAsked."""
    log = log_file(work, part.name)
    for attempt in range(1, ATTEMPTS + 1):
        if attempt > 1:
            stopping.wait(PAUSE_SECONDS)
        status, said = _run(part, log, stopping)
        if status == 0:
            try:
                answer: dict[str, Any] = json.loads(said)
            except ValueError:
                raise ServiceAway(f"`flows.deployments` answered {said[:80]!r}, no JSON; see {log}") from None
            return answer
    words = " | ".join(last_lines(log)) or "nothing"
    how = "did not end in time" if status is None else ended(status)
    raise ServiceAway(
        f"flows and schedules could not be registered in {ATTEMPTS} attempts: the process {how}; "
        f"it said last: {words!r} (all of it: {log})"
    )


def _run(part: Part, log: Path, stopping: Stop) -> tuple[int | None, str]:
    """Its exit status, none when its time was up, and what it printed."""
    rotate(log)
    printed = log.with_suffix(".json")
    with opened(log) as errors, printed.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own interpreter and module, no shell
            [sys.executable, "-P", "-m", "retrain.service.child", str(os.getpid()), *part.command],
            env=dict(part.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + ATTEMPT_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            stopping.wait(LOOK_SECONDS)
        return process.poll(), printed.read_text(errors="replace")
    finally:
        process.kill()
        process.wait()
