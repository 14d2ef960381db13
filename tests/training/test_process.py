"""Does a training process answer, complain in our words, die with its parent, and go on where it was killed?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from retrain.base import Base
from retrain.errors import DigestMismatch, UsageError, WorkerDied
from retrain.training import process
from retrain.training.job import Progress, ScoringJob, TrainingJob, TrainingResult, VersionAt

pytestmark = pytest.mark.model

MakeJob = Callable[..., TrainingJob]
PARENT = """
import sys
from pathlib import Path
from retrain.training import process
from retrain.training.job import TrainingJob
assert "torch" not in sys.modules
job = TrainingJob.model_validate_json(Path(sys.argv[1]).read_bytes())
process.train(job, on_progress=lambda told: print(told.message, flush=True))
"""


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.is_file() and stat.read_text().rsplit(")", 1)[-1].split()[0] != "Z"


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        os.sched_yield()
    return not alive(pid)


def numbers(result: TrainingResult) -> object:
    """All of a version that must not depend on when and how often it was interrupted."""
    return result.version.model_copy(update={"cost": None})


@pytest.mark.slow
def test_a_job_killed_with_its_parent_goes_on_and_gives_the_same_version(
    job: MakeJob, tiny_base: Base, tmp_path: Path
) -> None:
    asked = job(tiny_base)
    (tmp_path / "job.json").write_bytes(asked.canonical())
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "job.json")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    told = next(line for line in parent.stdout if line.startswith("trial 0, epoch 1"))
    (trainer,) = children(parent.pid)
    assert os.getsid(trainer) == os.getsid(0)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone_within(trainer, 10), "the trainer outlived its parent"

    heard: list[Progress] = []
    result = process.train(asked, on_progress=heard.append)
    assert "goes on after epoch" in heard[1].message, (told, heard)
    whole = process.train(asked.model_copy(update={"workspace": tmp_path / "other"}))
    assert numbers(result) == numbers(whole)
    assert result.version.cost.wall_seconds.keys() == {"probe", "train", "tune"}
    files = sorted(path.name for path in result.folder.iterdir())
    adapter = ["adapter_config.json", "adapter_model.safetensors"] if result.version.lineage.kind == "lora" else []
    assert files == sorted([*adapter, "card.md", "head.safetensors", "model.json"])

    later = asked.model_copy(update={"now": asked.now.replace(year=2027)})
    told_again: list[Progress] = []
    assert process.train(later, on_progress=told_again.append) == result
    assert told_again == []
    _answers(result, tiny_base)


def _answers(result: TrainingResult, base: Base) -> None:
    version = VersionAt(folder=result.folder, base=base)
    texts = ("card lost", "exchange rate", "top up failed")
    one, two = process.score(ScoringJob(versions=(version, version), texts=texts)).scored
    assert one.predictions == two.predictions
    assert {answer.label for answer in one.predictions} <= set(result.version.labels)
    assert all(0 < answer.confidence <= 1 for answer in one.predictions)
    assert one.latency_p95_ms > 0


def test_an_error_of_ours_comes_back_as_the_same_type(job: MakeJob, tiny_base: Base) -> None:
    asked = job(tiny_base)
    (asked.snapshot_folder / "validation.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="0 validation rows"):
        process.train(asked)


def test_a_base_that_was_changed_is_refused(job: MakeJob, tiny_base: Base) -> None:
    other = Base(name=tiny_base.name, folder=tiny_base.folder, digest="0" * 64)
    with pytest.raises(DigestMismatch, match="000000000000 was pinned"):
        process.train(job(other))


def test_a_trainer_that_is_killed_is_reported_with_signal_and_next_step(job: MakeJob, tiny_base: Base) -> None:
    before = children(os.getpid())

    def kill(told: Progress) -> None:
        # Only the trainer: other tests may have servers of their own running below this process.
        for child in set(children(os.getpid())) - set(before):
            os.kill(child, signal.SIGKILL)

    with pytest.raises(WorkerDied, match=r"SIGKILL.*lack of memory.*run the command again"):
        process.train(job(tiny_base), on_progress=kill)


def test_a_process_that_runs_too_long_is_ended(job: MakeJob, tiny_base: Base) -> None:
    before = children(os.getpid())
    with pytest.raises(WorkerDied, match=r"limit of .* h; .*Raise time_limit_hours"):
        process.train(job(tiny_base, time_limit_hours=1e-5))
    assert children(os.getpid()) == before
