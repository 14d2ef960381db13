"""Does the capital stay small when the challenger is no better, however often one looks?"""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from retrain.evaluation.betting import Won, capital, rows_until

counts = st.builds(
    lambda won, lost, same: Won(won, lost, won + lost + same),
    st.integers(0, 80),
    st.integers(0, 80),
    st.integers(0, 500),
)


def test_without_rows_nothing_was_won() -> None:
    assert capital(Won(0, 0, 0)) == pytest.approx(1.0)
    assert rows_until(Won(0, 0, 0), 0.0, 0.05) is None


@pytest.mark.parametrize(("won", "lost"), [(5, 1), (12, 3), (20, 20), (3, 9)])
def test_it_is_the_mixture_of_likelihood_ratios_over_every_odds(won: int, lost: int) -> None:
    """At margin 0 a stake s is the likelihood ratio of winning with (1 + s)/2 against a fair coin (Robbins 1970)."""
    exact = quad(lambda stake: (1 + stake) ** won * (1 - stake) ** lost, 0, 1)[0]
    assert capital(Won(won, lost, 500)) == pytest.approx(exact, rel=0.01)


@given(counts, st.sampled_from([0.0, 0.01, 0.1]))
def test_a_row_more_changes_it_by_nothing_on_average_at_the_border(seen: Won, margin: float) -> None:
    """The rule that everything rests on: at a true difference of -margin the bet is fair, so no way of looking wins."""
    disagreement = 0.3
    win = (disagreement - margin) / 2
    after = (
        win * capital(Won(seen.won + 1, seen.lost, seen.rows + 1), margin)
        + (disagreement - win) * capital(Won(seen.won, seen.lost + 1, seen.rows + 1), margin)
        + (1 - disagreement) * capital(Won(seen.won, seen.lost, seen.rows + 1), margin)
    )
    assert after == pytest.approx(capital(seen, margin), rel=1e-9)


@given(counts)
def test_a_win_raises_it_and_a_loss_lowers_it(seen: Won) -> None:
    before = capital(seen)
    assert capital(Won(seen.won + 1, seen.lost, seen.rows + 1)) > before
    assert capital(Won(seen.won, seen.lost + 1, seen.rows + 1)) < before


@given(counts)
def test_rows_on_which_both_answer_alike_say_nothing_of_superiority(seen: Won) -> None:
    assert capital(seen._replace(rows=seen.rows + 100)) == pytest.approx(capital(seen))


def test_a_certain_winner_is_told_without_overflow() -> None:
    assert capital(Won(5_000_000, 0, 5_000_000)) > 1e300


@pytest.mark.parametrize("seen", [Won(30, 15, 500), Won(12, 3, 100)])
def test_the_rows_named_are_the_first_at_which_it_reaches_the_goal(seen: Won) -> None:
    rows = rows_until(seen, 0.0, 0.01)
    assert rows is not None
    scale = rows / seen.rows
    reached = capital(Won(round(seen.won * scale), round(seen.lost * scale), rows))
    assert log(reached) == pytest.approx(log(100), abs=0.4)


def test_what_is_no_better_never_reaches_it() -> None:
    assert rows_until(Won(10, 10, 100), 0.0, 0.05) is None
    assert rows_until(Won(10, 10, 100), 0.05, 0.05) is not None, "equal is not worse, and rows enough show it"


def test_of_equal_models_looked_at_after_every_row_at_most_the_error_is_ever_promoted() -> None:
    random, error, ever = np.random.default_rng(8), 0.05, 0
    for _ in range(400):
        steps = random.choice([1, -1], size=200)
        won, lost = np.cumsum(steps > 0), np.cumsum(steps < 0)
        ever += any(
            capital(Won(int(w), int(gone), int(w + gone))) >= 1 / error for w, gone in zip(won, lost, strict=True)
        )
    assert 0 < ever / 400 <= error
