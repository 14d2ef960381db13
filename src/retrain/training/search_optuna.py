"""Which learning rates and batch size suit these rows? The default first, the last champion's next, then a search.

A trial that has ended is kept with its weights; after a crash it is read back, and never run again.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from retrain.training import checkpoint
from retrain.training.checkpoint import Checkpoint
from retrain.training.job import Settings
from retrain.training.policy import TrainingPolicy
from retrain.training.schedule import Epoch, best_epoch
from retrain.training.version import Trial

WEIGHTS = "weights.safetensors"
# How far around the policy's rate is searched, by factor: a head bore 30 times its default, an adapter 5 times at most.
RATE_SPAN, HEAD_SPAN = (0.2, 5.0), (0.3, 30.0)
BATCH_SIZES = (8, 16, 32, 64)
TPE_STARTS_AFTER = 2

Origin = Literal["default", "last champion", "search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What running one trial gave."""

    epochs: tuple[Epoch, ...]
    pruned: bool
    weights: bytes
    """Of the best epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is asked for: run these settings, keep checkpoints in `folder`, and stop when `pruned` says so."""

    number: int
    settings: Settings
    folder: Path
    pruned: Callable[[Epoch], bool]


def search(
    folder: Path, policy: TrainingPolicy, champion: Settings | None, run: Callable[[Attempt], Attempted]
) -> tuple[Trial, ...]:
    """All trials, those of an earlier attempt at the same search included."""
    study = _Study(folder, policy, champion)
    return tuple(study.trial(number, run) for number in range(policy.trials))


def best_trial(trials: tuple[Trial, ...]) -> Trial:
    """The one with the lowest validation loss of those that ran to their end."""
    return min((trial for trial in trials if not trial.pruned), key=lambda trial: (trial.validation_loss, trial.number))


def weights_of(folder: Path, trial: Trial) -> bytes:
    """The kept weights of a trial that has ended."""
    ended = checkpoint.newest(folder / f"{trial.number:04d}" / "ended")
    if ended is None:
        raise FileNotFoundError(f"trial {trial.number} has ended and its weights are gone from {folder}")
    return ended.files[WEIGHTS]


class _Study:
    """The trials so far, as the search library sees them."""

    def __init__(self, folder: Path, policy: TrainingPolicy, champion: Settings | None) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._folder, self._seed = folder, policy.seed
        self._starts = _starts(policy, champion)
        self._space = _space(policy, [settings for _, settings in self._starts])
        pruner = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=policy.prune_after_epochs)
        self._study = optuna.create_study(direction="minimize", pruner=pruner)

    def trial(self, number: int, run: Callable[[Attempt], Attempted]) -> Trial:
        """The trial of this number: read back when it has ended before, else run, kept and told to the study."""
        place = self._folder / f"{number:04d}"
        ended = checkpoint.newest(place / "ended")
        if ended is None:
            ended = self._run(number, place, run)
            checkpoint.save(place / "ended", ended)
            shutil.rmtree(place / "epochs", ignore_errors=True)
        trial = Trial.model_validate(ended.about["trial"])
        self._tell(trial, [Epoch.model_validate(epoch) for epoch in ended.about["epochs"]])
        return trial

    def _run(self, number: int, place: Path, run: Callable[[Attempt], Attempted]) -> Checkpoint:
        # Seeded by number: after a crash the same trials ended give the same next proposal.
        self._study.sampler = optuna.samplers.TPESampler(seed=self._seed + number, n_startup_trials=TPE_STARTS_AFTER)
        if number < len(self._starts):
            self._study.enqueue_trial(self._starts[number][1].model_dump())
        asked = self._study.ask(self._space)
        settings = Settings.model_validate(asked.params)

        def pruned(epoch: Epoch) -> bool:
            asked.report(epoch.validation_loss, epoch.number)
            return bool(asked.should_prune())

        did = run(Attempt(number=number, settings=settings, folder=place / "epochs", pruned=pruned))
        self._study.tell(asked, state=optuna.trial.TrialState.FAIL)
        origin = self._starts[number][0] if number < len(self._starts) else "search"
        trial = _summed_up(number, origin, settings, did)
        about = {"trial": trial.model_dump(), "epochs": [epoch.model_dump() for epoch in did.epochs]}
        return Checkpoint(step=1, files={WEIGHTS: did.weights}, about=about)

    def _tell(self, trial: Trial, epochs: list[Epoch]) -> None:
        """One way in for trials just run and trials read back, so that the search cannot tell them apart."""
        states = optuna.trial.TrialState
        ended = optuna.trial.create_trial(
            params=trial.model_dump(include=set(Settings.model_fields)),
            distributions=self._space,
            intermediate_values={epoch.number: epoch.validation_loss for epoch in epochs},
            value=trial.validation_loss,
            state=states.PRUNED if trial.pruned else states.COMPLETE,
        )
        self._study.add_trial(ended)


def _summed_up(number: int, origin: Origin, settings: Settings, did: Attempted) -> Trial:
    best = best_epoch(did.epochs)
    return Trial(
        number=number,
        origin=origin,
        **settings.model_dump(),
        epochs=len(did.epochs),
        validation_loss=best.validation_loss,
        validation_accuracy=best.validation_accuracy,
        pruned=did.pruned,
    )


def _starts(policy: TrainingPolicy, champion: Settings | None) -> list[tuple[Origin, Settings]]:
    default = Settings.model_validate(policy.model_dump(include=set(Settings.model_fields)))
    starts: list[tuple[Origin, Settings]] = [("default", default)]
    if champion is not None and champion != default:
        starts.append(("last champion", champion))
    return starts


def _space(policy: TrainingPolicy, starts: list[Settings]) -> dict[str, BaseDistribution]:
    """The ranges, widened to hold every start."""

    def rates(middle: float, span: tuple[float, float], held: list[float]) -> FloatDistribution:
        return FloatDistribution(min(middle * span[0], *held, middle), max(middle * span[1], *held, middle), log=True)

    return {
        "learning_rate": rates(policy.learning_rate, RATE_SPAN, [each.learning_rate for each in starts]),
        "head_learning_rate": rates(policy.head_learning_rate, HEAD_SPAN, [each.head_learning_rate for each in starts]),
        "batch_size": CategoricalDistribution(sorted({*BATCH_SIZES, *(each.batch_size for each in starts)})),
    }
