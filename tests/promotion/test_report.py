"""Is the page people read the agreed one, and can a label from outside break it?"""

from collections.abc import Callable
from typing import Any

import pytest

from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.report import render

Golden = Callable[[str, str], None]


def slices(evidence: Any, *, lost: int) -> list[Any]:
    labels = [
        evidence.slice("label", f"intent {number:02}", 30 + number, won=2, lost=number % 3) for number in range(12)
    ]
    return [
        *labels,
        evidence.slice("label", "rare", 7),
        evidence.slice("group", "channel=app", 250, won=15, lost=5),
        evidence.slice("group", "channel=web", 250, won=15, lost=lost),
    ]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("promotion-promote.md", {"won": 30, "lost": 10}),
        ("promotion-hold.md", {"won": 15, "lost": 65}),
        ("promotion-inconclusive.md", {"won": 15, "lost": 10}),
    ],
)
def test_the_page_is_the_agreed_one(evidence: Any, golden: Golden, name: str, counts: dict[str, int]) -> None:
    report = evidence.report(**counts, slices=slices(evidence, lost=counts["lost"] - 5))
    golden(name, render(report, decide(report, PromotionPolicy())))


def test_the_page_of_a_first_champion_names_the_stand_in(evidence: Any, golden: Golden) -> None:
    report = evidence.report(won=350, lost=12, right=60, champion_version=None)
    golden("promotion-first.md", render(report, decide(report, PromotionPolicy())))


def test_a_label_from_outside_stays_in_its_cell(evidence: Any) -> None:
    report = evidence.report(slices=[evidence.slice("label", "a | b\n| <script> |", 40)])
    page = render(report, decide(report, PromotionPolicy()))
    assert "| a \\| b \\| &lt;script> \\| | 40 |" in page
    assert "<script>" not in page
