"""Does the rate rise and fall, and does training stop when it should?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.training.schedule import Epoch, best_epoch, finished, rate_factor


def epochs(*losses: float) -> list[Epoch]:
    return [
        Epoch(number=at, train_loss=1.0, validation_loss=loss, validation_accuracy=0.5)
        for at, loss in enumerate(losses, start=1)
    ]


@given(st.integers(1, 2000))
def test_the_rate_rises_to_its_full_height_and_falls_without_reaching_nothing(total: int) -> None:
    factors = [rate_factor(step, total) for step in range(total)]
    peak = factors.index(max(factors))
    assert max(factors) == 1.0
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    assert all(0 < factor <= 1 for factor in factors)
    assert rate_factor(total, total) == 0 or total == 1


@pytest.mark.parametrize(
    ("losses", "patience", "ended"),
    [
        ((), 1, False),
        ((1.0,), 1, False),
        ((1.0, 1.1), 1, True),
        ((1.0, 1.1), 2, False),
        ((1.0, 1.1, 1.2), 2, True),
        ((1.0, 1.0), 1, True),
        ((1.0, 1.1, 0.9), 2, False),
        ((5.0, 4.0, 3.0, 2.0, 1.0), 2, True),
    ],
)
def test_it_stops_after_patience_or_the_last_epoch(losses: tuple[float, ...], patience: int, *, ended: bool) -> None:
    assert finished(epochs(*losses), max_epochs=5, patience=patience) is ended


def test_the_earlier_of_equal_epochs_is_the_best() -> None:
    assert best_epoch(epochs(2.0, 1.0, 1.0)).number == 2
