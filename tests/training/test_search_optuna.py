"""Does the search start where it should, stop what is hopeless, and go on after a crash as if it had not been?"""

from collections.abc import Callable
from pathlib import Path

import pytest

from retrain.training.job import Settings
from retrain.training.policy import TrainingPolicy
from retrain.training.schedule import Epoch
from retrain.training.search_optuna import Attempt, Attempted, best_trial, search, weights_of

POLICY = TrainingPolicy(trials=6, max_epochs=4, prune_after_epochs=2)
CHAMPION = Settings(learning_rate=7e-3, head_learning_rate=2e-4, batch_size=12)


def loss_of(settings: Settings) -> float:
    """Lowest at a rate of 8e-4 and a head's rate of 3e-3."""
    return abs(settings.learning_rate - 8e-4) * 1e3 + abs(settings.head_learning_rate - 3e-3) * 1e2


class Runs:
    """A stand-in for training, whose losses follow from the settings; it counts what it was asked."""

    def __init__(self, loss: Callable[[Settings], float] = loss_of, dies_at: int | None = None) -> None:
        self.asked: list[Settings] = []
        self._loss, self._dies_at = loss, dies_at

    def __call__(self, attempt: Attempt) -> Attempted:
        if attempt.number == self._dies_at:
            raise KeyboardInterrupt
        self.asked.append(attempt.settings)
        epochs: list[Epoch] = []
        pruned = False
        while len(epochs) < 4 and not pruned:
            loss = self._loss(attempt.settings) / (len(epochs) + 1)
            epochs.append(Epoch(number=len(epochs) + 1, train_loss=loss, validation_loss=loss, validation_accuracy=0.5))
            pruned = attempt.pruned(epochs[-1])
        return Attempted(epochs=tuple(epochs), pruned=pruned, weights=b"of trial %d" % attempt.number)


def test_it_starts_from_the_default_then_the_last_champion_then_searches(tmp_path: Path) -> None:
    trials = search(tmp_path, POLICY, CHAMPION, Runs())
    assert [trial.origin for trial in trials] == ["default", "last champion", *["search"] * 4]
    assert Settings.model_validate(trials[1].model_dump(include=set(Settings.model_fields))) == CHAMPION
    assert (trials[0].learning_rate, trials[0].batch_size) == (POLICY.learning_rate, POLICY.batch_size)
    assert len({(trial.learning_rate, trial.head_learning_rate) for trial in trials}) == 6


def test_without_a_champion_the_search_begins_one_trial_earlier(tmp_path: Path) -> None:
    origins = [trial.origin for trial in search(tmp_path, POLICY, None, Runs())]
    assert origins == ["default", *["search"] * 5]


def test_a_champion_with_the_default_settings_is_not_tried_twice(tmp_path: Path) -> None:
    default = Settings(learning_rate=1e-3, head_learning_rate=1e-3, batch_size=32)
    assert [trial.origin for trial in search(tmp_path, POLICY, default, Runs())][1] == "search"


def test_a_trial_behind_the_median_is_stopped_after_the_epochs_of_grace(tmp_path: Path) -> None:
    def worse(settings: Settings) -> float:
        return 1.0 if settings.batch_size == 32 and settings.learning_rate == 1e-3 else 2.0

    first, *others = search(tmp_path, POLICY, CHAMPION, Runs(worse))
    assert (first.pruned, first.epochs) == (False, 4)
    assert {(trial.pruned, trial.epochs) for trial in others} == {(True, 2)}
    assert best_trial((first, *others)) == first


def test_a_trial_on_a_par_is_not_stopped(tmp_path: Path) -> None:
    assert not any(trial.pruned for trial in search(tmp_path, POLICY, None, Runs(lambda _: 1.0)))


def test_the_best_trial_has_the_lowest_loss_and_its_weights_are_kept(tmp_path: Path) -> None:
    trials = search(tmp_path, POLICY, None, Runs())
    best = best_trial(trials)
    assert best.validation_loss == min(trial.validation_loss for trial in trials)
    assert weights_of(tmp_path, best) == b"of trial %d" % best.number


@pytest.mark.parametrize("dies_at", [0, 1, 3, 5])
def test_a_search_killed_anywhere_goes_on_with_the_same_proposals(tmp_path: Path, dies_at: int) -> None:
    whole = Runs()
    expected = search(tmp_path / "whole", POLICY, CHAMPION, whole)
    broken, resumed = Runs(dies_at=dies_at), Runs()
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "broken", POLICY, CHAMPION, broken)
    assert search(tmp_path / "broken", POLICY, CHAMPION, resumed) == expected
    assert broken.asked + resumed.asked == whole.asked


def test_a_trial_whose_kept_weights_were_changed_is_run_again(tmp_path: Path) -> None:
    expected = search(tmp_path, POLICY, None, Runs())
    (weights,) = (tmp_path / "0002" / "ended").glob("*/weights.safetensors")
    weights.write_bytes(b"other")
    again = Runs()
    assert search(tmp_path, POLICY, None, again) == expected
    assert len(again.asked) == 1
