"""How does a caller train or score without loading torch? It asks a process of its own, which dies with it."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from retrain.training.child import Child, ask
from retrain.training.durable import write_file
from retrain.training.job import (
    VERSION_FOLDER,
    FinishedTraining,
    Progress,
    ScoringJob,
    ScoringResult,
    TrainingJob,
    TrainingResult,
)
from retrain.training.worker import ANSWER
from retrain.values import digest_of_file

SECONDS_PER_HOUR = 3600.0
JOB = "job.json"


def train(job: TrainingJob, *, on_progress: Callable[[Progress], None] | None = None) -> TrainingResult:
    """Train, or go on from where an earlier attempt at the same job was stopped; a finished one is returned at once.

    Raises WorkerDied when the process ends without an answer, and errors of ours as the process met them.
    """
    room = job.room
    result = _finished(room)
    if result is not None:
        return result
    room.mkdir(parents=True, exist_ok=True)
    kept = _first_asked(room, job)
    write_file(room / JOB, kept.canonical())
    child = Child(
        folder=room,
        job=room / JOB,
        threads=job.policy.threads,
        seconds=job.policy.time_limit_hours * SECONDS_PER_HOUR,
        does="training",
    )
    answer = FinishedTraining.model_validate_json(ask(child, on_progress or _silent))
    # What trials left is of no use any more, and may be large.
    shutil.rmtree(room / "trials", ignore_errors=True)
    return TrainingResult(version=answer.version, folder=room / VERSION_FOLDER)


def score(job: ScoringJob) -> ScoringResult:
    """Have each version answer the texts. Raises WorkerDied, and errors of ours as the process met them."""
    with tempfile.TemporaryDirectory(prefix="retrain-score-") as scratch:
        folder = Path(scratch)
        write_file(folder / JOB, job.canonical())
        seconds = job.time_limit_hours * SECONDS_PER_HOUR
        child = Child(folder=folder, job=folder / JOB, threads=job.threads, seconds=seconds, does="scoring")
        return ScoringResult.model_validate_json(ask(child, _silent))


def _finished(room: Path) -> TrainingResult | None:
    try:
        done = FinishedTraining.model_validate_json((room / ANSWER).read_bytes())
        intact = all(digest_of_file(room / VERSION_FOLDER / name) == digest for name, digest in done.files.items())
    except (OSError, ValidationError):
        return None
    return TrainingResult(version=done.version, folder=room / VERSION_FOLDER) if intact else None


def _first_asked(room: Path, job: TrainingJob) -> TrainingJob:
    """The job with the time at which it was first given."""
    try:
        first = TrainingJob.model_validate_json((room / JOB).read_bytes())
    except (OSError, ValidationError):
        return job
    return job.model_copy(update={"now": first.now})


def _silent(progress: Progress) -> None:
    """Nobody listens."""
