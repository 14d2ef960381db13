"""Does the number of rows asked for decide what it promises?"""

import numpy as np
import pytest

from retrain.evaluation.paired import mcnemar, upper_bound
from retrain.evaluation.power import gain_for_power, power_of, rows_for_bound, rows_for_power


@pytest.mark.parametrize(("gain", "low", "high"), [(0.01, 4_500, 5_100), (0.02, 1_200, 1_500), (0.03, 500, 600)])
def test_rows_for_four_chances_in_five_at_six_percent_disagreement(gain: float, low: int, high: int) -> None:
    rows = rows_for_power(0.06, gain, 0.05)
    assert rows is not None
    assert low <= rows <= high
    assert power_of(rows, 0.06, gain, 0.05) >= 0.8 > power_of(rows - 1, 0.06, gain, 0.05)


def test_power_is_that_of_the_exact_test() -> None:
    drawn = np.random.default_rng(5).multinomial(300, [0.07, 0.03, 0.9], size=4_000)
    seen = np.mean([mcnemar(int(won), int(lost)) <= 0.05 and won > lost for won, lost, _ in drawn])
    assert power_of(300, 0.1, 0.04, 0.05) == pytest.approx(float(seen), abs=0.025)


@pytest.mark.parametrize(("disagreement", "gain"), [(0.06, 0.0), (0.06, -0.01), (0.0, 0.0)])
def test_no_gain_is_never_seen(disagreement: float, gain: float) -> None:
    assert rows_for_power(disagreement, gain, 0.05) is None


def test_where_all_disagreements_are_won_six_of_them_do() -> None:
    assert rows_for_power(1.0, 1.0, 0.05) == 6


def test_rows_for_a_bound_bring_it_there_four_times_in_five() -> None:
    rows = rows_for_bound(0.06, 0.02, 0.05)
    assert rows is not None
    drawn = np.random.default_rng(6).multinomial(rows, [0.03, 0.03, 0.94], size=400)
    reached = np.mean([upper_bound(int(won), int(lost), rows, 0.05) < 0.02 for won, lost, _ in drawn])
    assert reached == pytest.approx(0.8, abs=0.06)


def test_a_bound_at_the_difference_seen_is_never_passed() -> None:
    assert rows_for_bound(0.06, 0.0, 0.05) is None


@pytest.mark.parametrize(("rows", "alpha"), [(300, 0.05), (1_000, 0.0125), (3_000, 0.0125)])
def test_the_gain_foretold_is_the_smallest_that_is_seen_four_times_in_five(rows: int, alpha: float) -> None:
    gain = gain_for_power(rows, 0.06, alpha)
    assert gain is not None
    assert power_of(rows, 0.06, gain, alpha) >= 0.8 > power_of(rows, 0.06, gain - 0.001, alpha)


def test_where_even_winning_every_disagreement_is_not_seen_no_gain_is_foretold() -> None:
    assert gain_for_power(80, 0.06, 0.05) is None


def test_without_any_error_left_no_number_of_rows_is_enough() -> None:
    assert rows_for_power(0.06, 0.02, 0.0) is None
    assert rows_for_bound(0.06, 0.02, 0.0) is None
