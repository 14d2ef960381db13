"""Is a comparison paired, sliced and symmetric?"""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.dataset.snapshot import Example
from retrain.evaluation.compare import Answers, Drifted, compare, majority_baseline
from retrain.evaluation.comparison import Comparison, Slice
from retrain.evaluation.policy import EvaluationPolicy
from retrain.training.prediction import Prediction

POLICY = EvaluationPolicy()
LABELS = ("card lost", "refund", "top up")

row = st.tuples(*[st.sampled_from(LABELS)] * 3, st.sampled_from(["app", "web", ""]))
rows = st.lists(row, min_size=1, max_size=80)


def example(label: str, **groups: str) -> Example:
    return Example(text=f"about {label}", label=label, source="standing", groups=groups)


def answers(version: str | None, labels: list[str]) -> Answers:
    return Answers(version, [Prediction(label=label, confidence=0.9) for label in labels])


def three(drawn: list[tuple[str, str, str, str]]) -> tuple[list[Example], Answers, Answers]:
    heldout = [example(truth, **({"channel": channel} if channel else {})) for truth, _, _, channel in drawn]
    return heldout, answers("old", [each[1] for each in drawn]), answers("new", [each[2] for each in drawn])


@given(rows)
def test_changing_places_mirrors_everything(drawn: list[tuple[str, str, str, str]]) -> None:
    heldout, old, new = three(drawn)
    there, back = compare(heldout, old, new, POLICY), compare(heldout, new, old, POLICY)
    assert (there.champion, there.p_value) == (back.challenger, back.p_value)
    both: list[tuple[Comparison | Slice, Comparison | Slice]] = [(there, back)]
    for one, other in [*both, *zip(there.slices, back.slices, strict=True)]:
        assert (one.difference.low, one.difference.high) == (-other.difference.high, -other.difference.low)
        assert one.only_champion_right == other.only_challenger_right


@given(rows)
def test_identical_answers_differ_by_nothing(drawn: list[tuple[str, str, str, str]]) -> None:
    heldout, old, _ = three(drawn)
    found = compare(heldout, old, old, POLICY)
    assert (found.only_champion_right, found.only_challenger_right, found.p_value) == (0, 0, 1.0)
    assert found.difference.low == -found.difference.high < 0
    assert found.champion == found.challenger


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(drawn: list[tuple[str, str, str, str]], order: Random) -> None:
    shuffled = list(drawn)
    order.shuffle(shuffled)
    first, second = compare(*three(drawn), POLICY), compare(*three(shuffled), POLICY)
    assert first == second


@given(rows)
def test_the_label_slices_part_the_rows_and_their_wins(drawn: list[tuple[str, str, str, str]]) -> None:
    found = compare(*three(drawn), POLICY)
    labels = [part for part in found.slices if part.kind == "label"]
    assert sum(part.rows for part in labels) == found.rows
    assert sum(part.only_challenger_right for part in labels) == found.only_challenger_right
    assert sum(part.only_champion_right for part in labels) == found.only_champion_right
    assert all(part.challenger.accuracy == part.challenger.recall for part in labels)


def test_a_group_slice_holds_the_rows_of_one_value() -> None:
    heldout = [example("refund", channel="app", region="eu"), example("refund", channel="web"), example("refund")]
    found = compare(heldout, answers("old", ["refund"] * 3), answers("new", ["refund", "top up", "refund"]), POLICY)
    groups = {part.name: part for part in found.slices if part.kind == "group"}
    assert {name: part.rows for name, part in groups.items()} == {"channel=app": 1, "channel=web": 1, "region=eu": 1}
    assert groups["channel=web"].only_champion_right == 1
    assert groups["channel=app"].only_champion_right == 0


@pytest.mark.parametrize(("count", "enough"), [(19, False), (20, True)])
def test_a_slice_needs_the_rows_of_the_policy(count: int, enough: bool) -> None:
    heldout = [example("refund")] * count
    found = compare(heldout, answers("old", ["refund"] * count), answers("new", ["refund"] * count), POLICY)
    assert [part.enough for part in found.slices] == [enough]


def test_without_an_answer_to_each_row_nothing_is_compared() -> None:
    with pytest.raises(ValueError, match="1 answers of the champion and 2 of the challenger"):
        compare([example("refund")] * 2, answers("old", ["refund"]), answers("new", ["refund"] * 2), POLICY)
    with pytest.raises(ValueError, match="at least one row"):
        compare([], answers("old", []), answers("new", []), POLICY)


def test_only_the_stand_in_has_no_version() -> None:
    with pytest.raises(ValueError, match="the challenger has no version"):
        compare([example("refund")], answers("old", ["refund"]), answers(None, ["refund"]), POLICY)


def test_the_baseline_always_answers_the_most_frequent_label() -> None:
    train = [example("top up"), example("refund"), example("refund"), example("top up"), example("card lost")]
    assert majority_baseline(train, 3) == [Prediction(label="refund", confidence=0.4)] * 3
    with pytest.raises(ValueError, match="no training rows"):
        majority_baseline([], 3)


def test_what_drifted_is_a_slice_of_its_own() -> None:
    heldout = [example("refund"), example("top up"), example("refund")]
    old, new = answers("old", ["refund", "refund", "refund"]), answers("new", ["refund", "top up", "refund"])
    found = compare(heldout, old, new, POLICY, drifted=Drifted("seen since Monday", [False, True, True]))
    part = next(each for each in found.slices if each.kind == "drifted")
    assert (part.name, part.rows, part.only_challenger_right, part.only_champion_right) == (
        "seen since Monday",
        2,
        1,
        0,
    )
    nobody = compare(heldout, old, new, POLICY, drifted=Drifted("seen since Monday", [False] * 3))
    assert [each for each in nobody.slices if each.kind == "drifted"] == []
