"""Do the statistics measure what they are named after?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import ks_2samp, mannwhitneyu

from retrain.drift.statistics import between, fourier_features, ks, mmd, rank_shift, tail_share, total_variation

numbers = arrays.arrays(np.float64, st.integers(1, 40), elements=st.integers(-5, 5).map(float))


@given(numbers, numbers)
def test_ks_is_the_two_sample_statistic_with_ties_and_without(one: np.ndarray, other: np.ndarray) -> None:
    assert between(ks, one, other) == pytest.approx(ks_2samp(one, other).statistic)


@given(numbers, numbers)
def test_rank_shift_is_the_area_under_the_curve_scaled_to_one(one: np.ndarray, other: np.ndarray) -> None:
    area = mannwhitneyu(other, one).statistic / (len(one) * len(other))
    assert between(rank_shift, one, other) == pytest.approx(2 * area - 1)


@pytest.mark.parametrize(
    ("reference", "current", "expected"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], 0.0),
        ([0, 0, 1, 1], [0, 0, 0, 0], 0.5),
        ([0, 0], [1, 1], 1.0),
        ([0, 1], [0, 2], 0.5),
    ],
)
def test_total_variation_is_the_share_of_rows_that_moved(
    reference: list[int], current: list[int], expected: float
) -> None:
    assert between(total_variation, np.array(reference), np.array(current)) == pytest.approx(expected)


def test_a_tail_share_is_negative_when_the_window_has_less_of_it() -> None:
    reference, current = np.array([1, 0, 0, 0], dtype=np.float32), np.array([0, 0], dtype=np.float32)
    assert between(tail_share, reference, current) == pytest.approx(-0.25)
    assert between(tail_share, current, reference) == pytest.approx(0.25)


def test_mmd_with_fourier_features_comes_close_to_the_kernel_itself() -> None:
    draws = np.random.default_rng(1)
    one = draws.normal(size=(200, 8)).astype(np.float32)
    other = (draws.normal(size=(200, 8)) + 0.7).astype(np.float32)
    distances = ((one[:, None] - one[None]) ** 2).sum(-1)
    width = np.median(distances[np.triu_indices(200, k=1)])

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / (2 * width)).mean())

    exact = np.sqrt(kernel(one, one) + kernel(other, other) - 2 * kernel(one, other))
    features = [fourier_features(side, like=one, seed=3) for side in (one, other)]
    assert between(mmd, features[0], features[1]) == pytest.approx(exact, rel=0.1)


def test_many_divisions_at_once_give_what_each_gives_alone() -> None:
    draws = np.random.default_rng(2)
    values = draws.integers(0, 9, 60).astype(np.float64)
    parts = draws.random((5, 60)) < 0.4
    for statistic in (ks, rank_shift, total_variation):
        alone = [between(statistic, values[~part], values[part]) for part in parts]
        assert statistic(values, parts) == pytest.approx(alone)
