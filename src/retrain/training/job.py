"""What is asked of a training process, and what does it answer? Values that cross the process border as JSON."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from retrain.base import Base
from retrain.training.policy import TrainingPolicy
from retrain.training.prediction import Prediction
from retrain.training.version import ModelVersion
from retrain.values import Value, canonical_json, digest_of, short

VERSION_FOLDER = "version"
# Numbers of the policy that do not change what is learned: a run with a longer time limit goes on where it was.
SAME_VERSION = {"threads", "price_per_hour", "currency", "time_limit_hours"}


class Settings(Value):
    """The numbers that tuning searches over."""

    learning_rate: float
    head_learning_rate: float
    batch_size: int


class TrainingJob(Value):
    """One training run. The workspace keeps what is done, so that the same job goes on after any death."""

    task: Literal["train"] = "train"
    model: str
    snapshot: str
    """Digest of the snapshot in `snapshot_folder`; the caller has verified it."""
    snapshot_folder: Path
    """Holds train.jsonl and validation.jsonl, one canonical Example a line."""
    base: Base
    policy: TrainingPolicy
    workspace: Path
    now: datetime
    """Becomes `trained_at`; a job that goes on later keeps the time it was first given."""
    champion_settings: Settings | None = None
    """Of the best trial behind the last champion: the second trial."""

    @property
    def room(self) -> Path:
        """This job's own folder in the workspace. Another snapshot, base or policy is another room, never a mix."""
        what = self.model_dump(mode="json", include={"model", "snapshot", "champion_settings"})
        policy = self.policy.model_dump(mode="json", exclude=SAME_VERSION)
        identity = canonical_json({**what, "policy": policy, "base": self.base.digest})
        return self.workspace / f"train-{short(digest_of(identity))}"


class FinishedTraining(Value):
    """What the trainer leaves in its room when it is done."""

    version: ModelVersion
    files: dict[str, str]
    """File of the version folder to its digest."""


class TrainingResult(Value):
    """A finished version, and where its files lie."""

    version: ModelVersion
    folder: Path


class VersionAt(Value):
    """A version's files on this machine, and the base that they go with."""

    folder: Path
    base: Base


class ScoringJob(Value):
    """Texts to be answered by each of several versions, in one process."""

    task: Literal["score"] = "score"
    versions: tuple[VersionAt, ...]
    texts: tuple[str, ...]
    watched: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Text to labels whose probability shall be told too, whether it is the answer or not."""
    threads: int = 0
    """As in the training policy."""
    time_limit_hours: float = 2.0
    """The process is ended after this. 2: a million short texts on one core."""


class Scored(Value):
    """One version's answers, in the order of the texts."""

    predictions: tuple[Prediction, ...]
    latency_p95_ms: float
    """95th percentile over single rows, one at a time (at most 50 of them); 0 when there were no texts."""


class ScoringResult(Value):
    """One entry a version, in the order of the job."""

    scored: tuple[Scored, ...]


class Progress(Value):
    """Where a training process is."""

    stage: Literal["probe", "tune", "train"]
    message: str
    trial: int | None = None
    epoch: int | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None


class Complaint(Value):
    """An error of ours, on its way from the process that met it to the one that asked."""

    type: str
    message: str


def settings_of(version: ModelVersion) -> Settings | None:
    """The settings of a version's best trial, for the next run to start from; none when none ran to its end."""
    ended = [trial for trial in version.trials if not trial.pruned]
    if not ended:
        return None
    best = min(ended, key=lambda trial: (trial.validation_loss, trial.number))
    return Settings.model_validate(best.model_dump(include=set(Settings.model_fields)))
