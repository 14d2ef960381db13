"""Is a champion judged rightly by what production shows, however often one looks?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.promotion.always import difference, worse
from retrain.promotion.probation import judge, tally
from retrain.store.probation import Tally, Terms

TERMS = Terms(days=10, min_labels=100, margin=0.03, confidence=0.95, look_labels=20, max_rows=2000)


def seen(won: int, lost: int, rows: int) -> Tally:
    return tally(won, lost, rows, rows, TERMS.confidence)


def test_a_champion_as_good_as_its_predecessor_is_rarely_rolled_back_at_any_of_forty_looks() -> None:
    """Of 1,000 probations without a difference at most 5 % may end in a breach; a binomial bound of that is 72."""
    rng = np.random.default_rng(7)
    breaches = 0
    for _ in range(1000):
        kinds = rng.choice(3, size=800, p=[0.06, 0.06, 0.88])
        won, lost = np.cumsum(kinds == 0), np.cumsum(kinds == 1)
        breaches += any(worse(int(won[n - 1]), int(lost[n - 1])) >= 20 for n in range(20, 801, 20))
    assert 0 < breaches <= 72


def test_the_bounds_hold_the_truth_at_all_looks_together() -> None:
    rng = np.random.default_rng(9)
    outside = 0
    for _ in range(60):
        kinds = rng.choice(3, size=400, p=[0.1, 0.06, 0.84])
        won, lost = np.cumsum(kinds == 0), np.cumsum(kinds == 1)
        bounds = (difference(int(won[n - 1]), int(lost[n - 1]), n, 0.8) for n in range(40, 401, 40))
        outside += any(not low <= 0.04 <= high for low, high in bounds)
    assert outside <= 20, "one in five may, and chance makes no more of it"


def test_a_champion_that_is_worse_is_found_within_its_probation() -> None:
    """Ten points worse: found in nearly all of 100 probations of 600 rows, most of them long before the end."""
    rng = np.random.default_rng(8)
    found = []
    for _ in range(100):
        kinds = rng.choice(3, size=600, p=[0.03, 0.13, 0.84])
        won, lost = np.cumsum(kinds == 0), np.cumsum(kinds == 1)
        looks = (n for n in range(20, 601, 20) if worse(int(won[n - 1]), int(lost[n - 1])) >= 20)
        found.append(next(looks, None))
    assert sum(n is not None for n in found) >= 97
    assert float(np.median([n for n in found if n is not None])) <= 240


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 2000))
def test_the_bounds_hold_what_was_seen_and_mirror_each_other(won: int, lost: int, ties: int) -> None:
    rows = won + lost + ties
    low, high = difference(won, lost, rows, 0.95)
    assert -1.0 <= low <= high <= 1.0
    if rows:
        assert low <= (won - lost) / rows <= high
    assert difference(lost, won, rows, 0.95) == pytest.approx((-high, -low))
    wider = difference(won, lost, rows, 0.99)
    assert wider[0] <= low
    assert wider[1] >= high


@given(st.integers(0, 200), st.integers(0, 200))
def test_one_more_lost_row_is_more_evidence_and_one_more_won_row_less(won: int, lost: int) -> None:
    assert worse(won, lost + 1) >= worse(won, lost)
    assert worse(won + 1, lost) <= worse(won, lost)


def test_no_row_is_no_evidence() -> None:
    assert worse(0, 0) == 1.0
    assert difference(0, 0, 0, 0.95) == (-1.0, 1.0)


def test_evidence_beyond_all_doubt_is_a_number_that_the_ledger_takes() -> None:
    assert worse(0, 5000) == pytest.approx(1e12)
    assert worse(5000, 0) < 0.01
    assert Tally.model_validate_json(seen(0, 2000, 2000).canonical()) == seen(0, 2000, 2000)


@pytest.mark.parametrize(
    ("counts", "over", "state", "said"),
    [
        ((0, 0, 0), False, "running", "no labelled production row"),
        ((0, 0, 0), True, "not_enough_labels", "neither confirmed nor refuted: no labelled production row"),
        ((3, 2, 99), True, "not_enough_labels", "the champion stays"),
        ((3, 2, 400), True, "confirmed", "not worse than its predecessor by 0.030 or more"),
        ((3, 2, 400), False, "running", "that is enough labels"),
        ((20, 25, 200), True, "not_enough_labels", "about "),
        ((2, 20, 100), False, "breach", "once in 20 is enough"),
        ((2, 20, 100), True, "breach", "worse than its predecessor beyond doubt"),
    ],
)
def test_what_is_said(counts: tuple[int, int, int], over: bool, state: str, said: str) -> None:
    judgement = judge(seen(*counts), TERMS, over=over)
    assert judgement.state == state
    assert said in judgement.reasons[0]
    assert (judgement.missing > 0) == (state == "not_enough_labels" or "further" in judgement.reasons[0])


@pytest.mark.parametrize(
    ("promised", "said"),
    [((0.02, 0.06), "does not contradict"), ((0.4, 0.6), "shows less"), ((-0.6, -0.4), "shows more")],
)
def test_what_the_certificate_promised_is_held_against_production(promised: tuple[float, float], said: str) -> None:
    terms = TERMS.model_copy(update={"promised_low": promised[0], "promised_high": promised[1]})
    judgement = judge(seen(12, 9, 300), terms, over=False)
    assert said in judgement.reasons[1]
    assert judgement.state == "running", "less gain than promised is no reason to go back to what was worse"


def test_bounds_of_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="count each row at most once"):
        difference(3, 3, 5, 0.95)
