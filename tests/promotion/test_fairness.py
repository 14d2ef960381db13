"""Is a gap between groups that widened found, one that was there left alone, and the unknown called unknown?"""

from typing import Any

import numpy as np
import pytest

from retrain.promotion.fairness import fair
from retrain.promotion.policy import PromotionPolicy

POLICY = PromotionPolicy()


def two(evidence: Any, rows: int, app: dict[str, int], web: dict[str, int]) -> list[Any]:
    return [evidence.slice("group", "channel=app", rows, **app), evidence.slice("group", "channel=web", rows, **web)]


@pytest.mark.parametrize(
    ("rows", "app", "web", "verdict"),
    [
        pytest.param(200, {"won": 5}, {"won": 4}, "pass", id="both gain"),
        pytest.param(200, {}, {"lost": 50}, "fail", id="one loses"),
        pytest.param(200, {"won": 18}, {"lost": 18}, "fail", id="one gains what the other loses"),
        pytest.param(1_000, {"won": 30}, {"lost": 30}, "pass", id="wider beyond doubt, within the limit"),
        pytest.param(200, {"right": 190}, {"right": 120}, "pass", id="the gap was there"),
        pytest.param(200, {"right": 190}, {"right": 120, "won": 60}, "pass", id="the gap closes"),
        pytest.param(200, {"right": 150, "won": 50}, {"right": 180, "lost": 60}, "fail", id="the gap turns and widens"),
        pytest.param(200, {"right": 150, "won": 30}, {"right": 180, "lost": 30}, "pass", id="the gap turns"),
        pytest.param(30, {"won": 1}, {"lost": 2}, "unknown", id="too few rows to tell"),
        pytest.param(19, {}, {"lost": 15}, "unknown", id="too few rows to look"),
    ],
)
def test_a_gap_must_not_widen(evidence: Any, rows: int, app: dict[str, int], web: dict[str, int], verdict: str) -> None:
    found = fair(evidence.report(slices=two(evidence, rows, app, web)), POLICY)
    assert found.verdict == verdict, found.reason


def test_the_groups_at_odds_are_named_with_an_interval(evidence: Any) -> None:
    found = fair(evidence.report(slices=two(evidence, 200, {}, {"lost": 50})), POLICY)
    assert "'channel=app' over 'channel=web' +0.250 (+0." in found.reason


def test_no_groups_at_all_is_not_fair_but_unknown(evidence: Any) -> None:
    found = fair(evidence.report(), POLICY)
    assert found.verdict == "unknown"
    assert found.reason.startswith("unknown, not fair")


def test_a_third_value_with_too_few_rows_keeps_it_unknown(evidence: Any) -> None:
    slices = [*two(evidence, 400, {}, {}), evidence.slice("group", "channel=post", 6)]
    found = fair(evidence.report(slices=slices), POLICY)
    assert (found.verdict, "too few rows: 'channel=post'" in found.reason) == ("unknown", True)


def test_values_of_different_groups_are_not_compared(evidence: Any) -> None:
    slices = [evidence.slice("group", "channel=app", 400), evidence.slice("group", "region=eu", 400, lost=200)]
    found = fair(evidence.report(slices=slices), POLICY)
    assert (found.verdict, "nothing to compare with" in found.reason) == ("unknown", True)


@pytest.mark.parametrize(("app", "web"), [(180, 130), (10, 150)])
def test_without_a_champion_the_gap_itself_counts(evidence: Any, app: int, web: int) -> None:
    # The stand-in happens to be right in one group: what it had does not excuse the challenger.
    slices = two(evidence, 200, {"right": app, "won": 190 - app}, {"right": web, "lost": web - 130})
    assert fair(evidence.report(slices=slices), POLICY).verdict == "pass"
    found = fair(evidence.report(slices=slices, champion_version=None), POLICY)
    assert (found.verdict, found.reason.startswith("gap over 0.100")) == ("fail", True)


def test_equal_changes_are_called_unfair_at_most_as_often_as_alpha(evidence: Any) -> None:
    random, failed, draws = np.random.default_rng(4), 0, 300
    for _ in range(draws):
        slices = [
            evidence.slice("group", f"channel={name}", 40, right=30, won=int(won), lost=int(lost))
            for name, (won, lost, _) in zip("abc", random.multinomial(40, [0.1, 0.1, 0.8], size=3), strict=True)
        ]
        failed += fair(evidence.report(slices=slices), POLICY).verdict == "fail"
    assert failed / draws <= 0.05
