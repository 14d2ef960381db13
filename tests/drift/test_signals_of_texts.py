"""Is a text taken for damaged, repeated, repetitive or a refusal only where it is?"""

import numpy as np
import pytest

from retrain.drift.signals.generated import refuses, repeated_share
from retrain.drift.signals.quality import REPEATED_WITHIN, damaged, repeated


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("Grüße aus Köln, 5 € für São Paulo", False),
        ("AT&T & Co <b>", False),
        ("naïve café ÃO", False),
        ("caf\ufffd", True),
        ("cafÃ©", True),
        ("donâ€™t", True),
        ("5&nbsp;euros &amp; more", True),
        ("caf\\u00e9", True),
        ("bell\x07", True),
        ("line\none\ttab", False),
    ],
)
def test_letters_that_went_wrong_on_the_way_are_told_from_those_that_are_only_foreign(text: str, bad: bool) -> None:
    assert damaged(text) == bad


def test_a_repeat_counts_only_near_the_row_it_repeats() -> None:
    rows = [
        "same",
        *(f"t{n}" for n in range(REPEATED_WITHIN - 1)),
        "same",
        *(f"u{n}" for n in range(REPEATED_WITHIN)),
        "same",
    ]
    assert np.flatnonzero(repeated(rows)).tolist() == [REPEATED_WITHIN]


@pytest.mark.parametrize(
    ("text", "declines"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I\u2019m unable to provide this.", True),
        ("As an AI, I have no account.", True),
        ("Es tut mir leid, das geht nicht.", True),
        ("Your parcel arrives tomorrow.", False),
        ("You can help yourself in the app.", False),
        ("Open the app. " * 30 + "I'm sorry for the delay.", False),
    ],
)
def test_a_refusal_is_known_by_how_it_begins(text: str, declines: bool) -> None:
    assert refuses(text) == declines


@pytest.mark.parametrize(
    ("text", "share"), [("", 0.0), ("one two", 0.0), ("a b c d", 0.0), ("go on now " * 11, 1 - 3 / 31)]
)
def test_repetition_is_the_share_of_phrases_said_before(text: str, share: float) -> None:
    assert repeated_share(text) == pytest.approx(share)
