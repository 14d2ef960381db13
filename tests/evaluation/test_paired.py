"""Are the paired test and interval those of the literature, and do they hold at the edges?"""

from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlog1py, xlogy
from scipy.stats import multinomial

from retrain.evaluation.paired import lower_bound, mcnemar, tango, upper_bound

counts = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 300))


@pytest.mark.parametrize(
    ("counts", "confidence", "low", "high"),
    [
        pytest.param((1, 7, 21), 0.95, -0.517, -0.026, id="Fagerland, Lydersen and Laake 2014"),
        pytest.param((16, 8, 86), 0.95, -0.020, 0.207, id="Agresti and Min 2005"),
        pytest.param((28, 25, 618), 0.90, -0.0148, 0.0247, id="R package PropCIs"),
        pytest.param((0, 1, 44), 0.90, -0.096, 0.037, id="Tango 1998, section 6.1: contact lenses, never won"),
        pytest.param((9, 3, 32), 0.95, -0.027, 0.390, id="Tango 1998, as quoted in the tests of R package ratesci"),
        pytest.param((25, 2, 102), 0.95, 0.139, 0.321, id="Chang et al. 2024, as quoted in the tests of ratesci"),
        pytest.param((3, 1, 14), 0.95, -0.1670, 0.4327, id="Tang et al. 2010, as quoted in the tests of ratesci"),
        pytest.param(
            (6, 16, 161), 0.95, -0.1240, -0.0054, id="Fagerland et al. 2017, chapter 8, R package contingencytables"
        ),
    ],
)
def test_the_interval_is_the_published_one(
    counts: tuple[int, int, int], confidence: float, low: float, high: float
) -> None:
    found = tango(*counts, confidence)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0005)


def statistic_by_brute_force(won: int, lost: int, rows: int, difference: float) -> float:
    """The same score statistic, its constrained estimate found by maximising the likelihood numerically."""

    def minus_likelihood(losing: float) -> float:
        winning = losing + difference
        return -float(xlogy(won, winning) + xlogy(lost, losing) + xlog1py(rows - won - lost, -winning - losing))

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    losing = minimize_scalar(minus_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    return (won - lost - rows * difference) / sqrt(rows * (2 * losing + difference - difference**2))


@pytest.mark.parametrize(("won", "lost", "rows"), [(12, 3, 80), (30, 18, 500), (1, 9, 40), (5, 5, 20)])
def test_at_its_ends_the_score_statistic_is_critical(won: int, lost: int, rows: int) -> None:
    found = tango(won, lost, rows, 0.95)
    assert statistic_by_brute_force(won, lost, rows, found.low) == pytest.approx(1.959964, abs=1e-4)
    assert statistic_by_brute_force(won, lost, rows, found.high) == pytest.approx(-1.959964, abs=1e-4)


def test_the_first_worked_example_is_tangos_own() -> None:
    """Tango 1998, section 6.1: 43 pairs alike, one lost, none won; at margin 0.1 the statistic is 1.709, p 0.044."""
    assert statistic_by_brute_force(0, 1, 44, -0.1) == pytest.approx(1.709, abs=0.0005)
    assert lower_bound(0, 1, 44, 0.0435) < -0.1 < lower_bound(0, 1, 44, 0.0445), "p is what puts the bound there"


Z2 = 1.959963984540054**2


@pytest.mark.parametrize(
    ("won", "lost", "rows", "low", "high"),
    [
        pytest.param(0, 0, 0, -1.0, 1.0, id="no rows: anything is possible"),
        pytest.param(0, 0, 50, -Z2 / (50 + Z2), Z2 / (50 + Z2), id="never different: still not certain"),
        pytest.param(50, 0, 50, (50 - Z2) / (50 + Z2), 1.0, id="all won"),
        pytest.param(0, 50, 50, -1.0, (Z2 - 50) / (50 + Z2), id="all lost"),
    ],
)
def test_the_interval_at_the_edges(won: int, lost: int, rows: int, low: float, high: float) -> None:
    found = tango(won, lost, rows, 0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_more_disagreements_than_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit in 5 rows"):
        lower_bound(4, 2, 5, 0.05)


@pytest.mark.parametrize(
    ("won", "lost", "p"),
    [(18, 6, 0.022656), (1, 7, 0.070313), (0, 0, 1.0), (7, 7, 1.0), (6, 0, 0.03125), (5, 0, 0.0625)],
)
def test_mcnemar_is_exact(won: int, lost: int, p: float) -> None:
    assert mcnemar(won, lost) == pytest.approx(p, abs=1e-6)


@given(counts)
def test_mcnemar_adds_up_the_coin_tosses(seen: tuple[int, int, int]) -> None:
    won, lost, _ = seen
    total = won + lost
    tail = sum(comb(total, k) for k in range(min(won, lost) + 1))
    assert mcnemar(won, lost) == pytest.approx(min(1.0, 2 * tail / 2**total), rel=1e-9)


@given(counts)
def test_changing_places_mirrors_the_interval_and_keeps_p(seen: tuple[int, int, int]) -> None:
    won, lost, same = seen
    there, back = tango(won, lost, won + lost + same, 0.95), tango(lost, won, won + lost + same, 0.95)
    assert (there.low, there.high) == (-back.high, -back.low)
    assert mcnemar(won, lost) == mcnemar(lost, won)


@given(counts, st.integers(1, 200))
def test_rows_both_answer_alike_narrow_the_interval(seen: tuple[int, int, int], more: int) -> None:
    won, lost, same = seen
    # Where nearly every row differs the interval ends at 1, and more rows open it before they narrow it.
    rows = 2 * (won + lost) + same + 1
    before, after = (tango(won, lost, n, 0.95) for n in (rows, rows + more))
    assert after.high - after.low < before.high - before.low


@given(counts)
def test_the_interval_holds_the_difference_seen(seen: tuple[int, int, int]) -> None:
    won, lost, same = seen
    rows = won + lost + same + 1
    found = tango(won, lost, rows, 0.95)
    assert -1 <= found.low <= (won - lost) / rows <= found.high <= 1


@given(counts, st.floats(0.001, 0.2))
def test_a_stricter_bound_lies_further_out(seen: tuple[int, int, int], alpha: float) -> None:
    won, lost, same = seen
    rows = won + lost + same + 1
    assert lower_bound(won, lost, rows, alpha / 2) <= lower_bound(won, lost, rows, alpha)
    assert upper_bound(won, lost, rows, alpha / 2) >= upper_bound(won, lost, rows, alpha)


def size_of_non_inferiority(rows: int, margin: float, alpha: float) -> float:
    """Worst chance of calling a challenger that is exactly `margin` worse not inferior; counted, not simulated."""
    passing = [
        (won, lost, rows - won - lost)
        for won in range(rows + 1)
        for lost in range(rows - won + 1)
        if lower_bound(won, lost, rows, alpha) > -margin
    ]
    disagreements = (margin, margin + 0.02, margin + 0.06, margin + 0.15, margin + 0.3)
    chances = [((d - margin) / 2, (d + margin) / 2, 1 - d) for d in disagreements]
    return max(float(multinomial.pmf(passing, rows, chance).sum()) for chance in chances)


@pytest.mark.parametrize("margin", [0.05, 0.1])
def test_non_inferiority_at_100_rows_errs_at_most_6_percent_at_a_nominal_5(margin: float) -> None:
    assert 0.02 < size_of_non_inferiority(100, margin, 0.05) <= 0.06
