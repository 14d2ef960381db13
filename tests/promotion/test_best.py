"""Can small losses add up unseen, and what takes the place of the best champion ever?"""

from typing import Any

import numpy as np
import pytest

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.evidence import Budget
from retrain.promotion.best import beats_best, loss_cap, not_below_best
from retrain.promotion.policy import PromotionPolicy

POLICY = PromotionPolicy(require="non_inferior", margin=0.03)
BEST = "b" * 64
BUDGET = Budget(
    year=0.05,
    spent=0.0,
    error=0.00625,
    waiting=0.0,
    free=False,
    pairs=1,
    uses=0.0,
    most_uses=1.0,
    rows=1_000,
    heldout_share=0.2,
)


def anchored(evidence: Any, won: int, lost: int, rows: int = 1_000) -> EvaluationReport:
    """Even with the champion, and so much against the best champion ever."""
    report, other = evidence.report(rows, 15, 15), evidence.report(rows, won, lost, champion_version=BEST)
    changed = {"best": BEST, "anchor": other.comparison}
    return EvaluationReport.model_validate(report.model_copy(update=changed).model_dump())


def test_the_cap_is_twice_the_margin_unless_the_spec_names_it() -> None:
    assert loss_cap(POLICY) == pytest.approx(0.06)
    assert loss_cap(PromotionPolicy(loss_cap=0.015)) == 0.015


@pytest.mark.parametrize(("counts", "verdict"), [((20, 20), "pass"), ((20, 50), "pass"), ((20, 68), "unknown")])
def test_a_challenger_must_be_shown_above_the_cap(evidence: Any, counts: tuple[int, int], verdict: str) -> None:
    found = not_below_best(anchored(evidence, *counts), POLICY)
    assert (found.verdict, "best ever is bbbbbbbbbbbb" in found.reason) == (verdict, True)


def test_far_below_the_best_is_a_fail_though_the_champion_is_no_better(evidence: Any) -> None:
    assert not_below_best(anchored(evidence, 10, 110), POLICY).verdict == "fail"


def test_where_the_champion_is_the_best_the_comparison_with_it_counts(evidence: Any) -> None:
    report = evidence.report(1_000, 20, 20).model_copy(update={"best": "c" * 64})
    found = not_below_best(report, POLICY)
    assert (found.verdict, "the champion is the best ever" in found.reason) == ("pass", True)


def test_the_sentence_says_at_which_level_each_bound_lies(evidence: Any) -> None:
    report = evidence.report(1_000, 20, 20).model_copy(update={"best": "c" * 64})
    assert "(lower bound at 95 %, upper at 95 % confidence)" in not_below_best(report, POLICY).reason
    tight = report.model_copy(update={"budget": BUDGET})
    assert "(lower bound at 99.38 %, upper at 95 % confidence)" in not_below_best(tight, POLICY).reason


def test_a_best_that_did_not_answer_is_unknown(evidence: Any) -> None:
    report = evidence.report(1_000, 20, 20).model_copy(update={"best": BEST})
    assert not_below_best(report, POLICY).verdict == "unknown"
    assert not beats_best(report, POLICY)


def test_only_what_is_better_beyond_chance_becomes_the_best(evidence: Any) -> None:
    assert not beats_best(anchored(evidence, 30, 24), POLICY)
    assert beats_best(anchored(evidence, 60, 20), POLICY)
    assert not beats_best(anchored(evidence, 20, 60), POLICY)
    assert beats_best(evidence.report(), POLICY), "the first one"


def test_ten_challengers_that_each_lose_nearly_the_margin_lose_at_most_the_cap_together(evidence: Any) -> None:
    """Each is 1.5 points worse than the champion of then, truly; against the champion alone all could pass."""
    random, rows, loss = np.random.default_rng(4), 2_000, 0.0
    for _ in range(10):
        below = loss + 0.015
        lost, won = random.binomial(rows, [0.03 + below, 0.03])
        if not_below_best(anchored(evidence, int(won), int(lost), rows), POLICY).verdict == "pass":
            loss = below
    assert 0.015 <= loss <= loss_cap(POLICY)
