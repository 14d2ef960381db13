"""Is a gap between groups that widened found, one that was there left alone, and the unknown called unknown?"""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.conftest import Evidence
from retrain.dataset.snapshot import Example
from retrain.evaluation.compare import Answers, compare
from retrain.evaluation.policy import EvaluationPolicy
from retrain.promotion.decision import ASKS_REVIEW
from retrain.promotion.fairness import fair, fair_at_intersections
from retrain.promotion.gaps import gaps
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.report import render
from retrain.promotion.waiting import waits_for
from retrain.training.prediction import Prediction

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


CELLS = ("app & region=eu", "app & region=us", "web & region=eu", "web & region=us")


def met(evidence: Any, *lost: int, rows: int = 200) -> list[Any]:
    """Four intersections of channel and region, the first one first."""
    return [
        evidence.slice("intersection", f"channel={cell}", rows, lost=each)
        for cell, each in zip(CELLS, lost, strict=True)
    ]


@pytest.mark.parametrize(
    ("lost", "rows", "verdict"),
    [
        pytest.param((0, 0, 0, 0), 400, "pass", id="none changed"),
        pytest.param((60, 0, 0, 0), 200, "fail", id="one loses"),
        pytest.param((2, 0, 0, 0), 30, "unknown", id="too few rows to tell"),
        pytest.param((9, 0, 0, 0), 19, "unknown", id="too few rows to look"),
    ],
)
def test_a_gap_that_shows_only_where_groups_meet_is_found(
    evidence: Any, lost: tuple[int, ...], rows: int, verdict: str
) -> None:
    report = evidence.report(slices=two(evidence, 2_000, {}, {}), intersections=met(evidence, *lost, rows=rows))
    assert fair(report, POLICY).verdict == "pass"
    found = fair_at_intersections(report, POLICY)
    assert found.verdict == verdict, found.reason
    if verdict == "fail":
        assert "over 'channel=app & region=eu' +0.300 (+0." in found.reason


def test_intersections_of_other_attributes_are_not_compared(evidence: Any) -> None:
    cells = [
        evidence.slice("intersection", "channel=app & region=eu", 400),
        evidence.slice("intersection", "channel=app & age=old", 400, lost=200),
    ]
    found = fair_at_intersections(evidence.report(intersections=cells), POLICY)
    assert (found.verdict, "nothing to compare with" in found.reason) == ("unknown", True)


def test_held_out_rows_with_two_attributes_are_compared_where_they_meet() -> None:
    rows = [
        Example(text="x", label="a", source="standing", groups={"region": region, "channel": channel})
        for region in ("eu", "us")
        for channel in ("app", "web")
        for _ in range(25)
    ]
    said = [Prediction(label="a", confidence=0.9)] * len(rows)
    pair = (Answers("old", said), Answers("new", said))
    seen = compare(rows, *pair, EvaluationPolicy())
    assert [(part.name, part.rows) for part in seen.intersections] == [(f"channel={cell}", 25) for cell in CELLS]
    assert compare(rows, *pair, EvaluationPolicy(intersections=False)).intersections == ()


counts = st.tuples(st.integers(20, 300), st.integers(0, 20), st.integers(0, 20))


@given(st.lists(counts, min_size=2, max_size=4), st.booleans())
def test_a_gap_lies_in_its_interval_and_only_one_of_two_groups_can_have_got_ahead(
    drawn: list[tuple[int, int, int]], first: bool
) -> None:
    parts = [
        Evidence().slice("group", f"channel={place}", rows, won=won // 8, lost=lost // 2, right=rows // 2)
        for place, (rows, won, lost) in enumerate(drawn)
    ]
    found = {(gap.ahead, gap.behind): gap for gap in gaps(parts, 0.05, first=first)}
    assert len(found) == len(parts) * (len(parts) - 1)
    for (ahead, behind), gap in found.items():
        assert gap.low <= gap.seen <= gap.high
        assert gap.seen + found[behind, ahead].seen <= 1e-9


@pytest.mark.parametrize(("unknown", "asks"), [("allow", False), ("block", False), ("review", True)])
def test_too_little_evidence_is_let_through_blocks_or_asks_for_a_person(
    evidence: Any, unknown: str, asks: bool
) -> None:
    policy = PromotionPolicy.model_validate({"unknown_group": unknown})
    decision = decide(evidence.report(slices=two(evidence, 30, {"won": 1}, {"lost": 2})), policy)
    assert decision.verdict == ("promote" if unknown == "allow" else "inconclusive")
    assert ("review" in waits_for(decision, policy)) == asks
    assert any(reason.endswith(ASKS_REVIEW) for reason in decision.reasons) == asks


def test_nobody_is_asked_to_look_at_what_is_held_anyway(evidence: Any) -> None:
    policy = PromotionPolicy(unknown_group="review")
    assert waits_for(decide(evidence.report(won=10, lost=40), policy), policy) == ()


CLAIM = re.compile(r"(?<!not )\b(fair|fairness|unbiased|bias|biased|bias-free|equitable)\b", re.IGNORECASE)


@given(st.lists(counts, min_size=2, max_size=4), st.sampled_from(["allow", "block", "review"]), st.booleans())
def test_no_sentence_claims_that_a_model_is_unbiased(
    drawn: list[tuple[int, int, int]], unknown: str, first: bool
) -> None:
    made = Evidence()
    cells = [
        made.slice("intersection", f"channel={place} & region={place}", rows, won=won // 8, lost=lost // 2)
        for place, (rows, won, lost) in enumerate(drawn)
    ]
    groups = [cell.model_copy(update={"kind": "group", "name": f"channel={n}"}) for n, cell in enumerate(cells)]
    report = made.report(slices=groups, intersections=cells, champion_version=None if first else "c" * 64)
    decision = decide(report, PromotionPolicy.model_validate({"unknown_group": unknown}))
    page = render(report, decision).replace("| fair |", "").replace("| fair_at_intersections |", "")
    said = [*(check.reason for check in decision.checks), page]
    assert [found[0] for text in said for found in CLAIM.finditer(text)] == []
