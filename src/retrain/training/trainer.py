"""What happens, in order, in one training process? Probe, trials, the better of the two, and a version folder."""

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from retrain.base import locate
from retrain.training import checkpoint, search_optuna
from retrain.training.artifact import CARD, MODEL, ModelFile
from retrain.training.candidates import Candidate, validated, winner
from retrain.training.card import Data, model_card
from retrain.training.cost import NOTHING, Meter, priced
from retrain.training.durable import write_file, write_folder
from retrain.training.job import VERSION_FOLDER, FinishedTraining, Progress, TrainingJob
from retrain.training.rows import TrainingRows, read_rows
from retrain.training.schedule import Epoch
from retrain.training.search_optuna import Attempt, Attempted
from retrain.training.temperature import fit_temperature
from retrain.training.version import Cost, Lineage, ModelVersion, Trial
from retrain.values import digest_of

if TYPE_CHECKING:
    from retrain.training.bench_torch import Bench

Tell = Callable[[Progress], None]
PACKAGES = ("torch", "transformers", "peft", "optuna", "safetensors", "numpy", "scipy", "retrain")


def train(job: TrainingJob, tell: Tell) -> FinishedTraining:
    """Run the job in this process, from wherever an earlier attempt at it was stopped."""
    locate(job.base.folder.as_posix(), Path("/"), pinned=job.base.digest)
    rows = read_rows(job.snapshot_folder)
    # Imported here: what is wrong with base or rows is said before torch has loaded.
    from retrain.training.bench_torch import Bench  # noqa: PLC0415

    meter = Meter(_spent_before(job.room))
    with meter.stage("probe"):
        bench = Bench(job, rows)
        meter.gpus = bench.gpus
        probe = bench.probe()
        accuracy = validated(probe, rows.validation.labels)
        tell(
            Progress(stage="probe", message=f"probe: validation accuracy {accuracy:.3f}", validation_accuracy=accuracy)
        )
    trials = search_optuna.search(
        job.room / "trials", job.policy, job.champion_settings, lambda attempt: _attempt(bench, meter, tell, attempt)
    )
    with meter.stage("train"):
        best = search_optuna.best_trial(trials)
        lora = bench.lora(search_optuna.weights_of(job.room / "trials", best))
        won = winner(probe, lora, rows.validation.labels)
        tell(Progress(stage="train", message=f"{won.kind} won on {len(rows.validation.labels)} validation rows"))
        accuracies = {each.kind: validated(each, rows.validation.labels) for each in (probe, lora)}
    made = _version(job, rows, won, trials)
    cost = priced(meter.cost, price_per_hour=job.policy.price_per_hour, currency=job.policy.currency)
    made = made.model_copy(update={"validation_accuracy": accuracies, "cost": cost})
    return FinishedTraining(version=made, files=_write(job.room / VERSION_FOLDER, made, won, rows))


def _attempt(bench: "Bench", meter: Meter, tell: Tell, attempt: Attempt) -> Attempted:
    # The first trial is what would be trained without tuning; only the others are the price of tuning.
    stage = "train" if attempt.number == 0 else "tune"
    known = checkpoint.newest(attempt.folder)
    done = known.step if known else 0
    if done:
        tell(Progress(stage=stage, message=f"trial {attempt.number} goes on after epoch {done}", trial=attempt.number))

    def pruned(epoch: Epoch) -> bool:
        if epoch.number > done:
            write_file(bench.room / "cost.json", meter.cost.canonical())
            tell(_progress(stage, attempt.number, epoch))
        return attempt.pruned(epoch)

    with meter.stage(stage):
        outcome = bench.fit(attempt.settings, attempt.folder, pruned)
    write_file(bench.room / "cost.json", meter.cost.canonical())
    return outcome


def _version(job: TrainingJob, rows: TrainingRows, won: Candidate, trials: tuple[Trial, ...]) -> ModelVersion:
    lineage = Lineage(
        model=job.model,
        snapshot=job.snapshot,
        base=job.base.name,
        base_digest=job.base.digest,
        kind=won.kind,
        seed=job.policy.seed,
        trained_at=job.now,
        packages=_packages(),
    )
    return ModelVersion(
        lineage=lineage,
        labels=rows.labels,
        max_tokens=job.policy.max_tokens,
        temperature=fit_temperature(won.validation_logits, rows.validation.labels),
        validation_accuracy={},
        train_accuracy=won.train_accuracy,
        trials=trials,
        cost=NOTHING,
    )


def _write(folder: Path, made: ModelVersion, won: Candidate, rows: TrainingRows) -> dict[str, str]:
    model = ModelFile(
        kind=won.kind,
        labels=made.labels,
        base=made.lineage.base,
        base_digest=made.lineage.base_digest,
        max_tokens=made.max_tokens,
        temperature=made.temperature,
    )
    card = model_card(made, Data(train=rows.counts, validation_rows=len(rows.validation.labels)))
    files = {**won.files, MODEL: model.canonical(), CARD: card.encode()}
    write_folder(folder, files)
    return {name: digest_of(content) for name, content in files.items()}


def _progress(stage: str, trial: int, epoch: Epoch) -> Progress:
    loss, accuracy = epoch.validation_loss, epoch.validation_accuracy
    return Progress.model_validate(
        {
            "stage": stage,
            "message": f"trial {trial}, epoch {epoch.number}: validation loss {loss:.4f}, accuracy {accuracy:.3f}",
            "trial": trial,
            "epoch": epoch.number,
            "validation_loss": loss,
            "validation_accuracy": accuracy,
        }
    )


def _spent_before(room: Path) -> Cost:
    path = room / "cost.json"
    return Cost.model_validate_json(path.read_bytes()) if path.is_file() else NOTHING


def _packages() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
