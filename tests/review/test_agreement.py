"""Are kappa and alpha what their authors print, and is the unknown left unknown?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.review.agreement import agreement, cohen_kappa, krippendorff_alpha


def from_table(table: list[list[int]]) -> tuple[dict[str, str], dict[str, str]]:
    """Two people's ratings from the counts of one against the other."""
    pairs = [(row, column) for row, line in enumerate(table) for column, count in enumerate(line) for _ in range(count)]
    return (
        {str(unit): str(row) for unit, (row, _) in enumerate(pairs)},
        {str(unit): str(column) for unit, (_, column) in enumerate(pairs)},
    )


def from_lines(*lines: str) -> list[dict[str, str]]:
    """Each person's ratings in the order of units; a dot is a missing one."""
    return [{str(unit): said for unit, said in enumerate(line.split()) if said != "."} for line in lines]


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[44, 5, 1], [7, 20, 3], [9, 5, 6]], 0.492),  # Cohen (1960), table 1
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304),  # The same share of agreement, 0.6, with other margins
        ([[25, 35], [5, 35]], 0.2593),
    ],
)
def test_kappa_is_the_published_one(table: list[list[int]], kappa: float) -> None:
    assert cohen_kappa(*from_table(table)) == pytest.approx(kappa, abs=0.0005)


@pytest.mark.parametrize(
    ("people", "alpha"),
    [
        # Krippendorff (2011), sections B and C: two observers, then four with gaps.
        (from_lines("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"), 0.095),
        (
            from_lines(
                "1 2 3 3 2 1 4 1 2 . . .",
                "1 2 3 3 2 2 4 1 2 5 . 3",
                ". 3 3 3 2 3 4 2 2 5 1 .",
                "1 2 3 3 2 4 4 1 2 5 1 .",
            ),
            0.743,
        ),
        (
            from_lines(
                ". . . . . 3 4 1 2 1 1 3 3 . 3",
                "1 . 2 1 3 3 4 3 . . . . . . .",
                ". . 2 1 3 4 4 . 2 1 1 3 3 . 4",
            ),
            0.691,
        ),
    ],
)
def test_alpha_is_the_published_one(people: list[dict[str, str]], alpha: float) -> None:
    assert krippendorff_alpha(people) == pytest.approx(alpha, abs=0.0005)


ratings = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("xyz"), max_size=8)


@given(st.lists(ratings, min_size=3, max_size=5), st.randoms(use_true_random=False))
def test_alpha_does_not_depend_on_who_is_named_first(people: list[dict[str, str]], noise: st.DataObject) -> None:
    turned = [*people[1:], people[0]]
    assert krippendorff_alpha(turned) == pytest.approx(krippendorff_alpha(people), nan_ok=True)


@given(st.lists(ratings, min_size=2, max_size=5))
def test_agreement_is_at_most_one_and_one_where_nobody_differs(people: list[dict[str, str]]) -> None:
    seen = agreement(people)
    assert seen is not None
    assert seen.value is None or seen.value <= 1.0
    alike = agreement([people[0]] * len(people))
    assert alike is not None
    assert alike.value is None or alike.value == pytest.approx(1.0)


def test_one_person_has_nobody_to_agree_with() -> None:
    assert agreement([{"a": "x"}]) is None


@pytest.mark.parametrize("people", [[{"a": "x"}, {"b": "x"}], [{"a": "x"}, {"a": "x"}], [{}, {}, {}], [{"a": "x"}] * 3])
def test_where_nothing_can_be_told_agreement_is_unknown(people: list[dict[str, str]]) -> None:
    seen = agreement(people)
    assert seen is not None
    assert seen.value is None
    assert "not defined" in str(seen)
