"""Is a model that answers by name told from one that any small change moves?"""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.conftest import Evidence
from retrain.evaluation.swapped import Flips, SwapTally
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.report import render
from retrain.promotion.swaps import swaps_change_little

POLICY = PromotionPolicy()


def tally(rows: int, only_swap: int, only_control: int, *, change: str = "male / female", both: int = 0) -> SwapTally:
    flips = Flips(swap=only_swap + both, control=only_control + both, only_swap=only_swap, only_control=only_control)
    return SwapTally(kind="names", change=change, rows=rows, in_place=0, challenger=flips, champion=flips)


@pytest.mark.parametrize(
    ("rows", "only_swap", "only_control", "verdict"),
    [
        pytest.param(200, 8, 4, "pass", id="two points over the control"),
        pytest.param(200, 20, 20, "pass", id="much changes, but not by the name"),
        pytest.param(200, 60, 5, "fail", id="a quarter changes by the name"),
        pytest.param(200, 24, 4, "unknown", id="at the limit"),
        pytest.param(29, 20, 0, "unknown", id="too few texts"),
    ],
)
def test_the_excess_over_the_control_is_what_counts(
    evidence: Any, rows: int, only_swap: int, only_control: int, verdict: str
) -> None:
    found = swaps_change_little(evidence.report(swaps=(tally(rows, only_swap, only_control),)), POLICY)
    assert found.verdict == verdict, found.reason
    assert re.search(r"\d", found.reason)


def test_a_kind_with_too_few_texts_keeps_it_unknown_and_the_policy_decides(evidence: Any) -> None:
    report = evidence.report(swaps=(tally(200, 5, 5), tally(10, 0, 0, change="old / young")))
    found = swaps_change_little(report, POLICY)
    assert (found.verdict, "'names old / young'" in found.reason) == ("unknown", True)
    verdicts = {
        word: decide(report, PromotionPolicy.model_validate({"unknown_group": word})).verdict
        for word in ("allow", "block", "review")
    }
    assert verdicts == {"allow": "promote", "block": "inconclusive", "review": "inconclusive"}


def test_swaps_that_nobody_asked_for_pass_and_say_so(evidence: Any) -> None:
    found = swaps_change_little(evidence.report(), POLICY)
    assert (found.verdict, "asks for none" in found.reason) == ("pass", True)


def test_what_fails_names_the_next_step_and_the_champions_own(evidence: Any) -> None:
    found = swaps_change_little(evidence.report(swaps=(tally(200, 60, 5),)), POLICY)
    assert "names 'male / female' +0.275 (+0.2" in found.reason
    assert "the champion's +0.275" in found.reason
    assert "promotion.swaps.max_excess" in found.reason


@given(st.integers(30, 400), st.data())
def test_more_changes_by_the_swap_never_help(rows: int, data: st.DataObject) -> None:
    control = data.draw(st.integers(0, rows // 3))
    swap = data.draw(st.integers(0, rows // 2))
    order = ("pass", "unknown", "fail")
    verdicts = [
        order.index(swaps_change_little(Evidence().report(swaps=(tally(rows, swap + more, control),)), POLICY).verdict)
        for more in (0, rows // 8)
    ]
    assert verdicts == sorted(verdicts)


def test_the_page_shows_what_changed_and_what_the_control_did(evidence: Any) -> None:
    report = evidence.report(swaps=(tally(200, 8, 4, both=6),))
    page = render(report, decide(report, POLICY))
    assert "| names | male / female | 200 (0) | 0.070 | 0.050 | +0.020 (" in page
