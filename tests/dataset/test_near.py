"""Is the search for near duplicates exact?"""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.dataset import near
from retrain.dataset.near import first_alike

WORDS = st.text(alphabet="abé", min_size=1, max_size=6)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), max_size=30, unique=True)
SHARES = st.sampled_from([Fraction(1, 5), Fraction(1, 2), Fraction(3, 5), Fraction(4, 5), Fraction(1)])


def by_hand(texts: list[str], share: Fraction, fixed: int) -> list[int | None]:
    grams = [{f" {word} "[i : i + 3] for word in text.split() for i in range(len(word))} for text in texts]
    alike: list[int | None] = []
    for row, own in enumerate(grams):
        near = [
            other
            for other in range(row)
            if alike[other] is None and len(own & grams[other]) >= share * len(own | grams[other])
        ]
        alike.append(near[0] if near and row >= fixed else None)
    return alike


@given(texts=TEXTS, share=SHARES, fixed=st.integers(0, 5))
def test_it_finds_what_comparing_all_pairs_finds(texts: list[str], share: Fraction, fixed: int) -> None:
    assert first_alike(texts, float(share), fixed=fixed) == by_hand(texts, share, fixed)


@settings(max_examples=30)
@given(texts=TEXTS, share=SHARES)
def test_the_size_of_a_block_changes_nothing(texts: list[str], share: Fraction) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near, "BLOCK_ENTRIES", 3 * max(1, len(texts)))
        patch.setattr(near, "PAIRS_AT_ONCE", 2)
        assert first_alike(texts, float(share)) == by_hand(texts, share, 0)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("lost card", "lost card?", True),
        ("“lost” card...", "lost card", True),
        ("help with c++", "help with c#", False),
        ("great :)", "great :(", False),
        ("我丢了卡", "我丢了卡。", True),
        ("how do i activate my card", "how do i block my card", False),
    ],
)
def test_sentence_marks_at_the_ends_of_words_do_not_count(one: str, other: str, *, alike: bool) -> None:
    assert first_alike([one, other], 0.8) == [None, 0 if alike else None]


def test_thousands_of_variants_of_one_template_become_one() -> None:
    texts = [f"where is the parcel that i ordered last week under number {number}" for number in range(10_000)]
    alike = first_alike(texts, 0.8)
    assert alike == [None, *[0] * 9_999]
