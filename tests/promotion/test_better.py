"""When is a challenger better, not worse, or not yet known?"""

from typing import Any

import numpy as np
import pytest

from retrain.evaluation.power import power_of
from retrain.promotion.better import better_or_equal
from retrain.promotion.policy import PromotionPolicy

SUPERIOR = PromotionPolicy()
NON_INFERIOR = PromotionPolicy(require="non_inferior", margin=0.03)


@pytest.mark.parametrize(
    ("counts", "verdict", "says"),
    [
        pytest.param((500, 30, 10), "pass", "better: difference +0.040, 95 % interval", id="better"),
        pytest.param(
            (80, 18, 6), "pass", "exact McNemar p 0.0227, within 0.05", id="the fewest rows that show 18 against 6"
        ),
        pytest.param((500, 10, 30), "fail", "worse beyond doubt: difference -0.040", id="worse"),
        pytest.param((500, 0, 0), "fail", "no gain that matters, 0.010 or more", id="the same answers"),
        pytest.param((20_000, 300, 290), "fail", "no gain that matters", id="many rows, next to no gain"),
        pytest.param((200, 12, 6), "unknown", "(12 won, 6 lost)", id="seemingly better"),
        pytest.param((200, 8, 8), "unknown", "further labelled held-out rows would decide", id="even"),
        pytest.param((80, 0, 0), "unknown", "further labelled held-out rows would decide", id="the same, few rows"),
    ],
)
def test_superior(evidence: Any, counts: tuple[int, int, int], verdict: str, says: str) -> None:
    found = better_or_equal(evidence.report(*counts), SUPERIOR)
    assert found.verdict == verdict
    assert says in found.reason


@pytest.mark.parametrize(
    ("counts", "verdict", "says"),
    [
        pytest.param((500, 15, 15), "pass", "not worse: difference +0.000, 90 % interval", id="even, rows enough"),
        pytest.param((500, 30, 10), "pass", "not worse: difference +0.040", id="better is not worse"),
        pytest.param(
            (20_000, 200, 300), "pass", "a loss under 0.030 counts as none", id="worse by less than the margin"
        ),
        pytest.param((500, 5, 30), "fail", "worse beyond doubt: difference -0.050", id="worse"),
        pytest.param((500, 10, 22), "fail", "worse beyond doubt: difference -0.024", id="worse, perhaps by the margin"),
        pytest.param((150, 5, 6), "unknown", "open: difference -0.007", id="even, too few rows"),
    ],
)
def test_non_inferior(evidence: Any, counts: tuple[int, int, int], verdict: str, says: str) -> None:
    found = better_or_equal(evidence.report(*counts), NON_INFERIOR)
    assert found.verdict == verdict
    assert says in found.reason


def test_the_further_rows_named_are_those_the_gain_seen_needs(evidence: Any) -> None:
    found = better_or_equal(evidence.report(500, 20, 10), SUPERIOR)
    # 2 points at 6 % disagreement: 1,244 rows in all, 500 are there.
    assert "about 750 further" in found.reason


def test_without_a_champion_the_reason_says_what_was_beaten(evidence: Any) -> None:
    found = better_or_equal(evidence.report(500, 300, 10, champion_version=None, right=100), SUPERIOR)
    assert found.verdict == "pass"
    assert "against always the most frequent label, as there is no champion" in found.reason


def promoted(evidence: Any, chances: tuple[float, float], rows: int) -> float:
    """Share of 2,000 seeded draws that pass, each pair of counts judged once."""
    drawn = np.random.default_rng(11).multinomial(rows, [*chances, 1 - sum(chances)], size=2_000)
    pairs, times = np.unique(drawn[:, :2], axis=0, return_counts=True)
    verdicts = [better_or_equal(evidence.report(rows, int(won), int(lost)), SUPERIOR).verdict for won, lost in pairs]
    return float(np.dot([verdict == "pass" for verdict in verdicts], times) / times.sum())


@pytest.mark.parametrize("disagreement", [0.02, 0.06, 0.15, 0.4])
def test_equal_models_at_500_rows_are_rarely_promoted(disagreement: float, record_property: Any) -> None:
    exact = power_of(500, disagreement, 0.0, SUPERIOR.alpha)
    record_property("promoted_of_equal_models", round(exact, 4))
    # McNemar's 3.4 % counts both directions; only one of them promotes.
    assert 0.005 < exact <= 0.025


def test_the_rule_promotes_equal_models_as_often_as_counted(evidence: Any) -> None:
    assert promoted(evidence, (0.03, 0.03), 500) == pytest.approx(power_of(500, 0.06, 0.0, SUPERIOR.alpha), abs=0.01)


def test_a_model_one_point_worse_at_200_rows_is_promoted_once_in_two_hundred_at_most(evidence: Any) -> None:
    assert promoted(evidence, (0.025, 0.035), 200) <= 0.005
