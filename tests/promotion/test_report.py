"""Is the page people read the agreed one, and can a label from outside break it?"""

from collections.abc import Callable
from typing import Any

import pytest

from retrain.evaluation.evidence import Budget
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


def test_the_page_says_which_gain_the_rows_could_have_shown(evidence: Any) -> None:
    budget = Budget(
        year=0.05,
        spent=0.0,
        error=0.00625,
        waiting=0.005,
        free=False,
        pairs=1,
        uses=0,
        most_uses=20,
        rows=500,
        heldout_share=0.2,
    )
    report = evidence.report(won=15, lost=10).model_copy(update={"budget": budget})
    page = render(report, decide(report, PromotionPolicy()))
    assert "With 500 held-out rows and 5 % disagreement a gain of 3.4 points is seen with 80 %." in page
    assert "is seen with" not in render(evidence.report(), decide(evidence.report(), PromotionPolicy()))
