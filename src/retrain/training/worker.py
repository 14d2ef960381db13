"""What runs in the process that trains or scores? One job from a file; the answer or complaint into a file beside it.

python -m retrain.training.worker JOB.json [PROGRESS_DESCRIPTOR PARENT_PID]
"""

import ctypes
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrain.errors import MissingPackage, RetrainError
from retrain.training.durable import write_file
from retrain.training.job import Complaint, Progress, ScoringJob, TrainingJob
from retrain.values import Value

ANSWER, COMPLAINT = "answer.json", "complaint.json"
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Exit status: 0 with an answer, that of the error with a complaint."""
    job_file = Path(arguments[0])
    progress = None
    if len(arguments) == 3:
        progress = int(arguments[1])
        # The pipe ends when this process ends; a grandchild that inherited it would keep the parent waiting.
        os.set_inheritable(progress, False)  # noqa: FBT003  the signature is Python's
        die_with(int(arguments[2]))
    try:
        with _alone(job_file.parent):
            # Another process may have answered while this one waited.
            if not (job_file.parent / ANSWER).is_file():
                write_file(job_file.parent / ANSWER, _answer(job_file, progress).canonical())
    except RetrainError as error:
        complaint = Complaint(type=type(error).__name__, message=str(error))
        write_file(job_file.parent / COMPLAINT, complaint.canonical())
        return error.exit_status
    return 0


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, by whatever means; end now if that has happened."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _answer(job_file: Path, progress: int | None) -> Value:
    content = json.loads(job_file.read_bytes())
    try:
        if content.get("task") == "score":
            from retrain.training.scorer import score  # noqa: PLC0415

            return score(ScoringJob.model_validate(content))
        from retrain.training.trainer import train  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"training needs package {error.name!r}, not installed; pip install 'retrain[train]'"
        ) from error
    return train(TrainingJob.model_validate(content), lambda value: _tell(progress, value))


def _tell(progress: int | None, value: Progress) -> None:
    if progress is None:
        return
    line = value.canonical() + b"\n"
    while line:
        line = line[os.write(progress, line) :]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process a folder: a second waits until the first has ended, then goes on from what it left."""
    with (folder / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
