"""Is a slice that got worse found, and is what could not be seen said?"""

from typing import Any

import numpy as np
import pytest

from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.slices import not_worse_in_any_slice

POLICY = PromotionPolicy()


def test_a_class_that_got_much_worse_fails_and_is_named(evidence: Any) -> None:
    slices = [evidence.slice("label", "refund", 100, lost=40), evidence.slice("label", "top up", 100, won=10)]
    found = not_worse_in_any_slice(evidence.report(slices=slices), POLICY)
    assert found.verdict == "fail"
    assert "'refund' -0.400" in found.reason
    assert "top up" not in found.reason


def test_a_class_that_seems_worse_within_the_margin_passes(evidence: Any) -> None:
    slices = [evidence.slice("label", "refund", 100, lost=9), evidence.slice("label", "top up", 100)]
    found = not_worse_in_any_slice(evidence.report(slices=slices), POLICY)
    assert found.verdict == "pass"
    assert "nearest 'refund' -0.090" in found.reason


def test_a_pass_says_how_large_a_loss_could_have_stayed_unseen(evidence: Any) -> None:
    slices = [evidence.slice("label", "refund", 20), evidence.slice("label", "top up", 400)]
    found = not_worse_in_any_slice(evidence.report(slices=slices), POLICY)
    assert "could stay unseen in the smallest, 'refund', 20 rows" in found.reason
    limit = float(found.reason.partition("a loss under ")[2].partition(" could")[0])
    seen = [
        not_worse_in_any_slice(
            evidence.report(slices=[evidence.slice("label", "refund", 20, lost=lost), slices[1]]), POLICY
        ).verdict
        for lost in (round(limit * 20) - 1, round(limit * 20))
    ]
    assert seen == ["pass", "fail"]


def test_the_more_slices_the_more_it_takes(evidence: Any) -> None:
    bad = evidence.slice("label", "refund", 40, lost=11)
    many = [evidence.slice("label", f"label {number}", 40) for number in range(60)]
    assert not_worse_in_any_slice(evidence.report(slices=[bad]), POLICY).verdict == "fail"
    assert not_worse_in_any_slice(evidence.report(slices=[bad, *many]), POLICY).verdict == "pass"


def test_many_classes_do_not_hide_a_group(evidence: Any) -> None:
    many = [evidence.slice("label", f"label {number}", 40) for number in range(60)]
    bad = evidence.slice("group", "channel=app", 40, lost=12)
    assert not_worse_in_any_slice(evidence.report(slices=[*many, bad]), POLICY).verdict == "fail"


def test_rare_classes_are_judged_together(evidence: Any) -> None:
    rare = [evidence.slice("label", f"label {number}", 8, lost=3) for number in range(20)]
    found = not_worse_in_any_slice(evidence.report(slices=rare), POLICY)
    assert found.verdict == "fail"
    assert "'20 rare classes together' -0.375" in found.reason


def test_too_few_rows_everywhere_is_unknown_and_names_the_slices(evidence: Any) -> None:
    slices = [evidence.slice("label", f"label {number}", 10, lost=10) for number in range(7)]
    found = not_worse_in_any_slice(evidence.report(slices=slices), POLICY)
    assert found.verdict == "unknown"
    assert "'label 0'" in found.reason
    assert "and 2 more" in found.reason


def test_a_slice_with_too_few_rows_is_named_beside_a_pass(evidence: Any) -> None:
    slices = [evidence.slice("label", "refund", 100), evidence.slice("label", "rare", 5)]
    found = not_worse_in_any_slice(evidence.report(slices=slices), POLICY)
    assert (found.verdict, found.reason.endswith("too few rows by themselves: 'rare'")) == ("pass", True)


def test_the_first_champion_takes_nothing_from_anyone(evidence: Any) -> None:
    # The stand-in answers its one label always, so it is unbeatable in that slice.
    slices = [evidence.slice("label", "refund", 100, lost=40, right=100)]
    found = not_worse_in_any_slice(evidence.report(slices=slices, champion_version=None), POLICY)
    assert found.verdict == "pass"


@pytest.mark.parametrize(("labels", "rows"), [(5, 100), (77, 30)])
def test_slices_that_lose_exactly_the_margin_fail_at_most_as_often_as_alpha(
    evidence: Any, labels: int, rows: int
) -> None:
    random, failed, draws = np.random.default_rng(3), 0, 120
    for _ in range(draws):
        drawn = random.multinomial(rows, [0.05, 0.15, 0.8], size=labels)
        slices = [
            evidence.slice("label", f"label {number}", rows, won=int(won), lost=int(lost))
            for number, (won, lost, _) in enumerate(drawn)
        ]
        failed += not_worse_in_any_slice(evidence.report(slices=slices), POLICY).verdict == "fail"
    assert failed / draws <= 0.08
