"""Is one lost case enough, and is what both fail told apart from it?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.conftest import Evidence
from retrain.evaluation.regressions import CaseSeen, SuiteSeen
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.regressions import no_regression
from retrain.promotion.report import render

POLICY = PromotionPolicy()


def case(number: int, challenger: bool, champion: bool | None, must: bool = False) -> CaseSeen:
    return CaseSeen(
        id=f"case-{number}",
        kind="minimum",
        must=must,
        why="incident 7",
        challenger=challenger,
        champion=champion,
        found="answered 'a' (0.90), expected 'b'",
    )


def suite(*cases: CaseSeen) -> SuiteSeen:
    return SuiteSeen(digest="5" * 64, cases=cases)


drawn = st.tuples(st.booleans(), st.sampled_from([True, False, None]), st.booleans())


@given(st.lists(drawn, max_size=12))
def test_it_fails_exactly_where_a_case_is_lost_or_must_pass(cases: list[tuple[bool, bool | None, bool]]) -> None:
    seen = suite(*(case(number, *each) for number, each in enumerate(cases)))
    found = no_regression(Evidence().report(suite=seen), POLICY)
    lost = [each for each in cases if not each[0] and (each[1] or each[2])]
    assert found.verdict == ("fail" if lost else "pass")
    assert f"{sum(each[0] for each in cases)} of {len(cases)} cases pass" in found.reason


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        ([case(1, True, True), case(2, True, False)], "promote"),
        ([case(1, False, False)], "promote"),
        ([case(1, False, None)], "promote"),
        ([case(1, False, True)], "hold"),
        ([case(1, False, False, True)], "hold"),
        ([case(1, False, None, True)], "hold"),
        ([], "promote"),
    ],
)
def test_the_gate_holds_what_loses_a_case(evidence: Any, cases: list[CaseSeen], verdict: str) -> None:
    assert decide(evidence.report(suite=suite(*cases)), POLICY).verdict == verdict


def test_a_lost_case_is_named_with_what_was_answered_and_why_it_is_there(evidence: Any) -> None:
    lost = [case(number, False, True) for number in range(5)]
    found = no_regression(evidence.report(suite=suite(*lost, case(9, False, False))), POLICY)
    assert "'case-0' answered 'a' (0.90), expected 'b' (the champion passes it; incident 7)" in found.reason
    assert "'case-3', 'case-4'" in found.reason
    assert "by the champion too or without one: 'case-9'" in found.reason


def test_no_suite_is_said_and_passes(evidence: Any) -> None:
    found = no_regression(evidence.report(), POLICY)
    assert (found.verdict, "names no file" in found.reason) == ("pass", True)


def test_the_page_shows_what_was_gained_and_lost(evidence: Any) -> None:
    report = evidence.report(suite=suite(case(1, True, True), case(2, True, False), case(3, False, True, True)))
    page = render(report, decide(report, POLICY))
    assert "## Regression suite: 2 of 3 cases changed or failed" in page
    assert "| case-2 | minimum | fail | pass |" in page
    assert "| case-3 | must | pass | fail |" in page
