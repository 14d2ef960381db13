"""Are reviewers blinded, and are the rows that can show a preference shown first?"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.review.plan import DISAGREEING, About, Candidate, chosen, planned, shown

ABOUT = About(evaluation="e" * 64, challenger="d" * 64, champion="c" * 64)
answers = st.sampled_from(["a", "b", "c"])
candidates = st.lists(st.builds(Candidate, st.text(max_size=20), answers, answers), max_size=60)
seeds = st.text(min_size=1, max_size=12)
limits = st.integers(5, 50)


@given(candidates, limits, seeds)
def test_the_sides_are_balanced_and_stable(rows: list[Candidate], limit: int, seed: str) -> None:
    plan = planned(ABOUT, rows, limit, seed)
    left = sum(row.challenger_left for row in plan.rows)
    assert abs(2 * left - len(plan.rows)) <= 1
    assert planned(ABOUT, rows, limit, seed) == plan


@given(candidates, limits, seeds, st.randoms(use_true_random=False))
def test_the_sides_do_not_depend_on_what_the_rows_say(
    rows: list[Candidate], limit: int, seed: str, noise: st.DataObject
) -> None:
    """Other texts, and models that change places: the challenger stands where it stood."""
    other = [Candidate(row.text[::-1] + "?", row.challenger, row.champion) for row in rows]
    mine, theirs = planned(ABOUT, rows, limit, seed), planned(ABOUT, other, limit, seed)
    assert [(row.id, row.place, row.challenger_left) for row in mine.rows] == [
        (row.id, row.place, row.challenger_left) for row in theirs.rows
    ]


@given(candidates, limits, seeds)
def test_each_side_shows_the_model_that_the_plan_says_and_no_row_comes_twice(
    rows: list[Candidate], limit: int, seed: str
) -> None:
    plan = planned(ABOUT, rows, limit, seed)
    assert len({row.place for row in plan.rows}) == len({row.id for row in plan.rows}) == len(plan.rows) <= limit
    for row, seen in zip(plan.rows, shown(plan, rows), strict=True):
        there = rows[row.place]
        left, right = (seen.left, seen.right) if row.challenger_left else (seen.right, seen.left)
        assert (seen.text, left, right) == (there.text, there.challenger, there.champion)
        assert row.differ == (there.champion != there.challenger)


@given(st.lists(st.booleans(), max_size=80), limits, seeds)
def test_disagreements_come_first_and_a_random_share_follows(differ: list[bool], limit: int, seed: str) -> None:
    places = chosen(differ, limit, seed)
    first = min(sum(differ), round(limit * DISAGREEING))
    assert all(differ[place] for place in places[:first])
    assert len(places) == first + min(len(differ) - first, limit - round(limit * DISAGREEING))


def test_over_many_seeds_no_row_and_no_turn_has_a_side_and_none_gives_away_the_next() -> None:
    rows = [Candidate(str(place), "a", "b") for place in range(9)]
    by_row, by_turn, alike, five_left = [0] * 9, [0] * 9, 0, 0
    for number in range(400):
        sides = [(row.place, row.challenger_left) for row in planned(ABOUT, rows, 11, f"seed {number}").rows]
        for turn, (place, left) in enumerate(sides):
            by_row[place] += left
            by_turn[turn] += left
        five_left += sum(left for _, left in sides) == 5
        alike += sum(one[1] == next_[1] for one, next_ in pairwise(sides))
    # 400 tosses: outside of 150 to 250 once in two million.
    assert all(150 < count < 250 for count in (*by_row, *by_turn, five_left)), (by_row, by_turn, five_left)
    # Of 9 in balance, the next side is the same in 4 of 9: 1,422 of 3,200, give or take 100 (four standard errors).
    assert 1_300 < alike < 1_550, alike


@pytest.mark.parametrize("secret", ["d" * 64, "c" * 64, "e" * 64, "seed", "d" * 12])
def test_what_is_shown_names_neither_version_nor_seed(secret: str) -> None:
    rows = [Candidate(str(place), "a", "b") for place in range(9)]
    plan = planned(ABOUT, rows, 9, "seed")
    seen = b"".join(row.canonical() for row in shown(plan, rows)).decode()
    assert secret not in seen + plan.name
