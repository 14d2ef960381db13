"""How is a process of ours asked, watched and, at the end of its time, ended? By files and one pipe."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from retrain import errors
from retrain.errors import RetrainError, WorkerDied
from retrain.training.job import Complaint, Progress
from retrain.training.machine import environment
from retrain.training.worker import ANSWER, COMPLAINT

LOG = "stderr.log"
LAST_LINES = 5
READ_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What to start."""

    folder: Path
    """Where job, answer, complaint and log lie."""
    job: Path
    threads: int
    seconds: float
    """It is ended after this."""
    does: str
    """For messages: `training` or `scoring`."""


def ask(child: Child, on_progress: Callable[[Progress], None]) -> bytes:
    """The bytes of the answer. Whatever ends this call also ends the process."""
    for old in (ANSWER, COMPLAINT):
        (child.folder / old).unlink(missing_ok=True)
    deadline = time.monotonic() + child.seconds
    with _running(child) as (process, pipe):
        for line in _lines(pipe, deadline):
            on_progress(Progress.model_validate_json(line))
        try:
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise WorkerDied(
                f"the {child.does} process was ended after its limit of {child.seconds / 3600:.2g} h; what it finished "
                f"is kept and the next run goes on from there. Raise time_limit_hours under training if it needs longer"
            ) from None
    if status == 0 and (child.folder / ANSWER).is_file():
        return (child.folder / ANSWER).read_bytes()
    raise _complaint(child) or WorkerDied(_obituary(child, status))


@contextmanager
def _running(child: Child) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    ours, theirs = os.pipe()
    process = None
    try:
        with (child.folder / LOG).open("wb") as log:
            # No session of its own: a cancelled run must take its process with it. No inherited standard output: a
            # process that outlives a run for a moment would hold the run's pipe open.
            process = subprocess.Popen(  # noqa: S603  our own interpreter and module, no shell
                [sys.executable, "-m", "retrain.training.worker", str(child.job), str(theirs), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs,),
                env=environment(os.environ, threads=child.threads),
            )
        os.close(theirs)
        theirs = -1
        yield process, ours
    finally:
        if process is not None:
            process.kill()
            process.wait()
        for descriptor in (ours, theirs):
            if descriptor >= 0:
                os.close(descriptor)


def _lines(pipe: int, deadline: float) -> Iterator[bytes]:
    """Whole lines until the other end is closed or the time is up."""
    rest = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(pipe, READ_BYTES) if ready else b""
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines


def _complaint(child: Child) -> RetrainError | None:
    """The error of ours that the process met, as the same type."""
    try:
        complaint = Complaint.model_validate_json((child.folder / COMPLAINT).read_bytes())
    except (OSError, ValidationError):
        return None
    kind = getattr(errors, complaint.type, RetrainError)
    return kind(complaint.message) if isinstance(kind, type) and issubclass(kind, RetrainError) else None


def _obituary(child: Child, status: int) -> str:
    name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    lines = (child.folder / LOG).read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
    said = f"it said last: {' | '.join(lines)!r}" if lines else "it said nothing"
    advice = "run the command again: it goes on from the newest checkpoint"
    if status == -signal.SIGKILL:
        advice = f"the usual cause is lack of memory (see dmesg): lower batch_size or max_tokens, then {advice}"
    return f"the {child.does} process ended with {name} and without an answer; {said}. Next: {advice}"
