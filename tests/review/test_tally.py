"""Do judgements come to what was meant, whatever side the models stood on, however often people change their minds?"""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.errors import UsageError
from retrain.evaluation.paired import mcnemar
from retrain.review.judgement import LONGEST_NAME, Choice, Opinion, Said, opinion, reviewer_name, seat
from retrain.review.plan import About, Candidate, Plan, planned
from retrain.review.tally import tally, votes

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MIRROR: dict[Choice, Choice] = {"left": "right", "right": "left", "both": "both", "neither": "neither", "skip": "skip"}
choices = st.sampled_from(list(MIRROR))


def a_plan(rows: int = 20, seed: str = "seed") -> Plan:
    about = About(evaluation="e", challenger="d", champion="c")
    return planned(about, [Candidate(str(at), "a", "b") for at in range(rows)], rows + rows // 4 + 1, seed)


def said_by(name: str, plan: Plan, chosen: list[Choice]) -> Opinion:
    return Opinion(
        reviewer=name, choices={row.id: one for row, one in zip(plan.rows, chosen, strict=False)}, finished=True
    )


def preferring(model: str, plan: Plan, name: str = "Ann", rows: int = 20) -> Opinion:
    sides: list[Choice] = [
        "left" if row.challenger_left == (model == "challenger") else "right" for row in plan.rows[:rows]
    ]
    return said_by(name, plan, sides)


@given(st.lists(choices, min_size=20, max_size=20))
def test_the_same_words_about_changed_places_say_the_opposite(chosen: list[Choice]) -> None:
    plan = a_plan()
    turned = plan.model_copy(
        update={"rows": tuple(row.model_copy(update={"challenger_left": not row.challenger_left}) for row in plan.rows)}
    )
    here, there = tally(plan, [said_by("Ann", plan, chosen)]), tally(turned, [said_by("Ann", plan, chosen)])
    assert (here.challenger, here.champion, here.tied) == (there.champion, there.challenger, there.tied)
    mirrored = tally(turned, [said_by("Ann", plan, [MIRROR[one] for one in chosen])])
    assert mirrored == here


@given(st.lists(st.lists(choices, min_size=20, max_size=20), min_size=1, max_size=4))
def test_a_row_counts_once_however_many_judged_it(people: list[list[Choice]]) -> None:
    plan = a_plan()
    seen = tally(plan, [said_by(f"person {at}", plan, chosen) for at, chosen in enumerate(people)])
    judged = {row.id for at, row in enumerate(plan.rows) if any(chosen[at] != "skip" for chosen in people)}
    assert seen.rows == seen.challenger + seen.champion + seen.tied == len(judged)
    assert seen.p_value == mcnemar(seen.challenger, seen.champion)


@pytest.mark.parametrize(("model", "word"), [("challenger", "approve"), ("champion", "reject")])
def test_a_preference_beyond_chance_is_a_suggestion(model: str, word: str) -> None:
    plan = a_plan()
    assert tally(plan, [preferring(model, plan)]).suggestion(0.05) == word
    assert tally(plan, [preferring(model, plan, rows=5)]).suggestion(0.05) is None, "5 of 5: p is 0.0625"
    assert tally(plan, [preferring(model, plan, rows=6)]).suggestion(0.05) == word, "6 of 6: p is 0.03125"


def test_two_who_differ_tie_and_do_not_agree() -> None:
    plan = a_plan()
    seen = tally(plan, [preferring("challenger", plan), preferring("champion", plan, "Bo")])
    assert (seen.tied, seen.suggestion(0.05)) == (20, None)
    assert seen.agreement is not None
    assert seen.agreement.method == "cohen"
    assert seen.agreement.value == 0.0
    third = tally(plan, [preferring("challenger", plan, name) for name in ("Ann", "Bo", "Cy")])
    assert third.agreement is not None
    assert third.agreement.method == "krippendorff"


def test_skips_and_people_who_said_nothing_do_not_count() -> None:
    plan = a_plan()
    seen = tally(plan, [said_by("Ann", plan, ["skip"] * 20), Opinion(reviewer="Bo", choices={}, finished=True)])
    assert (seen.rows, seen.p_value, seen.reviewers) == (0, 1.0, ("Ann",))
    assert votes(plan, said_by("Ann", plan, ["skip"] * 20)) == {}


words = st.lists(st.tuples(st.sampled_from("abc"), st.none() | choices), max_size=12)


@given(words, words)
def test_the_last_word_about_a_row_counts_and_none_after_the_end(
    before: list[tuple[str, Choice | None]], after: list[tuple[str, Choice | None]]
) -> None:
    said = [Said(reviewer="Ann", at=NOW, row=row, choice=choice) for row, choice in before]
    end = Said(reviewer="Ann", at=NOW)
    late = [Said(reviewer="Ann", at=NOW, row=row, choice=choice) for row, choice in after]
    last = dict(before)
    stands = opinion(said, "Ann")
    assert stands.choices == {row: choice for row, choice in last.items() if choice is not None}
    ended = opinion([*said, end, *late], "Ann")
    assert (ended.choices, ended.finished, stands.finished) == (stands.choices, True, False)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "is empty"),
        (" \t\n", "is empty"),
        (None, "is empty"),
        (7, "is empty"),
        ("x" * (LONGEST_NAME + 1), f"{LONGEST_NAME} at most"),
        ("--", "letters or digits"),
        ("Ann\u202eB", "does not show"),
        ("Ann\x00", "does not show"),
    ],
)
def test_a_name_that_says_nothing_is_refused(given: object, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        reviewer_name(given)


@pytest.mark.parametrize(("given", "name"), [("  Ann  Lee ", "Ann Lee"), ("Zoë", "Zoë"), ("O'Neil-2", "O'Neil-2")])
def test_a_name_is_kept_as_it_reads(given: str, name: str) -> None:
    assert reviewer_name(given) == name
    assert seat(name) == seat(name.upper()) != seat("Bo")
