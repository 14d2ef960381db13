"""Is each property of a text what its name says?"""

import numpy as np
import pytest

from retrain.drift.properties import READ_CHARS, describe, unseen_share, vocabulary


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


@pytest.mark.parametrize(
    ("text", "share"), [("abcd", 0.0), ("ab 12", 0.5), ("कार्ड", 0.0), ("!?", 1.0), ("", 0.0), ("  ", 0.0)]
)
def test_vowel_signs_are_letters_and_spaces_count_for_nothing(text: str, share: float) -> None:
    assert describe([text]).non_letters.tolist() == [share]


def test_length_counts_all_characters_and_tokens_only_what_is_read() -> None:
    described = describe(["don't panic", "word " * READ_CHARS])
    assert np.exp(described.length).round().tolist() == [12, 5 * READ_CHARS + 1]
    assert described.tokens.tolist() == [4, READ_CHARS / 5]


def test_scripts_without_spaces_are_read_letter_by_letter() -> None:
    assert describe(["卡在哪里 my card"]).words == (frozenset({"卡", "在", "哪", "里", "my", "card"}),)


def test_the_unseen_share_is_of_distinct_words_in_any_case() -> None:
    known = vocabulary(describe(["common card", "lost"]).words)
    words = describe(["Common never never", "common CARD", "", "never seen", "12 ?"]).words
    assert unseen_share(words, known).tolist() == [0.5, 0, 0, 1, 0]
