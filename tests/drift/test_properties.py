"""Is each property of a text what its name says?"""

import numpy as np
import pytest

from retrain.drift.properties import NEAR_ROWS, READ_CHARS, describe, own_unseen_share, unseen_share, vocabulary


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("where is my card", "latin"),
        ("где моя карта", "cyrillic"),
        ("卡在哪里", "cjk"),
        ("أين بطاقتي", "arabic"),
        ("मेरा कार्ड", "devanagari"),
        ("card карта карта", "cyrillic"),
        ("12:30 ?!", "none"),
        ("", "none"),
    ],
)
def test_a_text_has_the_script_of_most_of_its_letters(text: str, script: str) -> None:
    assert describe([text]).scripts == (script,)


@pytest.mark.parametrize(("text", "share"), [("abcd", 0.0), ("ab 12", 0.5), ("कार्ड", 0.0), ("!?", 1.0), ("", 0.0), ("  ", 0.0)])
def test_vowel_signs_are_letters_and_spaces_count_for_nothing(text: str, share: float) -> None:
    assert describe([text]).non_letters.tolist() == [share]


def test_length_counts_all_characters_and_tokens_only_what_is_read() -> None:
    described = describe(["don't panic", "word " * READ_CHARS])
    assert np.exp(described.length).round().tolist() == [12, 5 * READ_CHARS + 1]
    assert described.tokens.tolist() == [4, READ_CHARS / 5]


def test_scripts_without_spaces_are_read_letter_by_letter() -> None:
    assert describe(["卡在哪里 my card"]).words == (frozenset({"卡", "在", "哪", "里", "my", "card"}),)


def test_a_window_of_known_words_looks_no_worse_than_the_reference() -> None:
    texts = [f"common word{row}" for row in range(200)]
    words = describe(texts).words
    known = vocabulary(words)
    assert own_unseen_share(words, known).tolist() == [0.5] * 200
    assert unseen_share(describe(["common word7", "common never", "", "never seen"]).words, known).tolist() == [0, 0.5, 0, 1]


@pytest.mark.parametrize(("gap", "expected"), [(1, 1.0), (NEAR_ROWS, 1.0), (NEAR_ROWS + 1, 0.0)])
def test_a_word_that_only_neighbours_in_time_use_is_unseen(gap: int, expected: float) -> None:
    words = [frozenset[str]() for _ in range(200)]
    words[50] = words[50 + gap] = frozenset({"burst"})
    assert own_unseen_share(words, vocabulary(words))[50] == expected
