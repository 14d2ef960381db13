"""Are words exchanged whole and so that it can be undone, and is the control really neutral?"""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from retrain.evaluation.exchange import exchanged, holds
from retrain.evaluation.swap_policy import SwapList, SwapPolicy, default_lists
from retrain.evaluation.swapped import Flips
from retrain.evaluation.swaps import swap_trials, tallied, trial_texts
from retrain.training.prediction import Prediction

KINDS = default_lists()
WORDS = sorted({word for words in KINDS.values() for group in words.groups.values() for word in group})
filler = st.text("abcdefg hijkuy'\u2019-,.!?\nÉßİK", max_size=8)
word = st.sampled_from(WORDS).flatmap(lambda each: st.sampled_from([each, each.lower(), each.upper(), each.title()]))
sentences = st.lists(st.one_of(word, filler, st.just(" ")), max_size=8).map("".join) | st.lists(
    st.one_of(word, filler), max_size=8
).map(" ".join)
kinds = st.sampled_from(sorted(KINDS))


def spoken(text: str) -> list[str]:
    """The words of a text, as a reader sees them: runs of letters, digits, apostrophes and hyphens."""
    return re.findall(r"[\w'\u2019-]+", text)


@given(sentences, kinds)
def test_a_swap_done_twice_gives_the_text_again(text: str, kind: str) -> None:
    one, *others = KINDS[kind].groups.values()
    for other in others:
        there = exchanged(text, one, other)
        assert there != text
        assert there is None or exchanged(there, one, other) == text


@given(st.text("abcdeghijlmnorsuy", min_size=1, max_size=3), kinds, st.data())
def test_no_part_of_a_word_is_exchanged(letters: str, kind: str, data: st.DataObject) -> None:
    one, other, *_ = KINDS[kind].groups.values()
    inside = data.draw(st.sampled_from([*one, *other]))
    every = {each.lower() for each in (*one, *other)}
    for longer in (letters + inside, inside + letters, f"{letters}-{inside}", f"{inside}-{letters}", f"'{inside}"):
        if not {piece.lower() for piece in longer.split(" ")} & every:
            assert exchanged(f"so {longer} it is", one, other) is None


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("Emily's order, emily! EMILY?", "James's order, james! JAMES?"),
        ("James met Emily", "Emily met James"),
        ("Jameson and eMily", None),
        ("nothing of the kind", None),
        ("", None),
    ],
)
def test_case_and_what_stands_around_a_word_stay(text: str, swapped: str | None) -> None:
    assert exchanged(text, ["Emily"], ["James"]) == swapped


def test_what_could_not_be_undone_is_left_alone() -> None:
    assert exchanged("I NEED U", ["you"], ["u"]) is None or exchanged("I NEED YOU", ["you"], ["u"]) is None
    assert exchanged("u there", ["you"], ["u"]) == "you there"


@given(st.lists(sentences, min_size=1, max_size=6))
def test_a_control_touches_no_word_of_another_group(texts: list[str]) -> None:
    for trial in swap_trials(texts, SwapPolicy()):
        groups = KINDS[trial.kind].groups
        of = {each.lower(): name for name, words in groups.items() for each in words}
        before, after = ([of[each.lower()] for each in spoken(text) if each.lower() in of] for text in trial[3::2])
        assert before == after, trial
        if KINDS[trial.kind].control == "neutral" and trial.in_place:
            assert trial.control == f"Hello. {trial.base}"


@given(st.lists(sentences, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_same_texts_in_another_order_give_the_same_trials(texts: list[str], order: Any) -> None:
    shuffled = [*texts, *texts]
    order.shuffle(shuffled)
    assert swap_trials(shuffled, SwapPolicy(rows=3)) == swap_trials(texts, SwapPolicy(rows=3))


@given(st.lists(sentences, min_size=1, max_size=6))
def test_base_swap_and_control_are_three_readings(texts: list[str]) -> None:
    for trial in swap_trials(texts, SwapPolicy()):
        assert len({trial.base, trial.swap, trial.control}) == 3


def test_a_text_without_a_name_carries_one_and_a_text_with_her_is_not_broken() -> None:
    policy = SwapPolicy()
    found = {(each.kind, each.change): each for each in swap_trials(["she lost her card"], policy)}
    named = found["names_by_gender", "female / male"]
    assert not named.in_place
    assert named.base.startswith("This is ")
    assert named.base.endswith(". she lost her card")
    assert not found["pronouns", "he / she"].in_place
    assert found["pronouns", "he / they"].swap in {
        "He asked me to write this. she lost her card",
        "They asked me to write this. she lost her card",
    }
    assert ("dialect_spelling", "american / british") not in found


def test_texts_that_hold_a_word_come_first_and_no_more_than_asked_are_tried() -> None:
    texts = [f"order {number} is late" for number in range(50)] + ["ask Emily about it"]
    trials = [each for each in swap_trials(texts, SwapPolicy(rows=10)) if each.kind == "names_by_gender"]
    assert [each.in_place for each in trials] == [True] + [False] * 9
    assert trials[0].swap == "ask James about it"
    assert trials[0].control == "ask Sarah about it"
    assert swap_trials(texts, SwapPolicy(rows=0)) == []


def test_lists_of_the_spec_take_the_place_of_our_own() -> None:
    lists = {"size": {"groups": {"big": ["big"], "small": ["small"]}}}
    trials = swap_trials(["a big box", "a box"], SwapPolicy.model_validate({"lists": lists}))
    assert [(each.kind, each.swap, each.control) for each in trials] == [
        ("size", "a small box", "Hello. a big box"),
    ]


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ({"groups": {"a": ["x", "y"], "b": ["z"]}}, "as many in each"),
        ({"groups": {"a": ["x"], "b": ["X"]}}, "stand twice"),
        ({"groups": {"a": ["x"], "b": ["z"]}, "control": "neighbour"}, "an even number"),
        ({"groups": {"a": ["x"], "b": ["z"]}, "carrier": "{term} {text}"}, "set both or none"),
        ({"groups": {"a": ["x"], "b": ["z"]}, "carrier": "hi", "control_carrier": "{term} {text}"}, "at its end"),
        ({"groups": {"a": ["x"], "b": ["z"]}, "carried_only": ["c"]}, "known groups are"),
        ({"groups": {"a": ["x"], "b": [" z"]}}, "single spaces"),
        ({"groups": {"a": ["x"]}}, "at least 2"),
    ],
)
def test_a_list_that_cannot_be_swapped_says_why(lists: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        SwapList.model_validate(lists)


def test_changes_of_answers_are_counted_in_pairs() -> None:
    lists = {"size": {"groups": {"big": ["big"], "small": ["small"]}}}
    texts = [f"a big box {number}" for number in range(4)]
    trials = swap_trials(texts, SwapPolicy.model_validate({"lists": lists}))
    same = {text: Prediction(label="a", confidence=0.9) for text in trial_texts(trials)}
    other = Prediction(label="b", confidence=0.9)
    said = {**same, trials[0].swap: other, trials[1].swap: other, trials[1].control: other, trials[2].control: other}
    (tally,) = tallied(trials, said, same)
    assert tally.challenger == Flips(swap=2, control=2, only_swap=1, only_control=1)
    assert tally.champion == Flips(swap=0, control=0, only_swap=0, only_control=0)
    assert (tally.rows, tally.in_place) == (4, 4)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_word_of_our_own_lists_is_in_a_prefix_or_a_carrier(kind: str) -> None:
    words = KINDS[kind]
    every = [each for group in words.groups.values() for each in group]
    for prefix in (SwapPolicy().neutral, words.carrier or "", words.control_carrier or ""):
        assert not holds(prefix.replace("{term}", "").replace("{text}", ""), every)
