"""What did a reviewer say, row by row? Each word is kept as it came; the last one about a row counts."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, get_args

from retrain.errors import UsageError
from retrain.values import Value, digest_of

Choice = Literal["left", "right", "both", "neither", "skip"]
CHOICES: tuple[str, ...] = get_args(Choice)
LONGEST_NAME = 60


class Said(Value):
    """One thing that one reviewer said. Blind, as the reviewer was: a side, never a model."""

    reviewer: str
    at: datetime
    row: str | None = None
    """None: the reviewer has finished, and nothing after it counts."""
    choice: Choice | None = None
    """None: what was said of that row is taken back."""


class Opinion(Value):
    """All that one reviewer said, put together."""

    reviewer: str
    choices: dict[str, Choice]
    """Row to choice, in the order in which the rows were last judged."""
    finished: bool

    def has_judged(self, rows: Iterable[str]) -> bool:
        """Whether every row has an answer, skips included."""
        return all(row in self.choices for row in rows)


def opinion(said: Iterable[Said], reviewer: str) -> Opinion:
    """What stands after everything that was said, in that order."""
    choices: dict[str, Choice] = {}
    for one in said:
        if one.row is None:
            return Opinion(reviewer=one.reviewer, choices=choices, finished=True)
        choices.pop(one.row, None)
        if one.choice is not None:
            choices[one.row] = one.choice
    return Opinion(reviewer=reviewer, choices=choices, finished=False)


def opinions(said: Iterable[Said]) -> tuple[Opinion, ...]:
    """Everybody's, by name; the words of one reviewer in their order, those of several in any."""
    seats: dict[str, list[Said]] = {}
    for one in said:
        seats.setdefault(seat(one.reviewer), []).append(one)
    heard = (opinion(words, words[-1].reviewer) for words in seats.values())
    return tuple(sorted(heard, key=lambda one: one.reviewer))


def reviewer_name(given: object) -> str:
    """A name that says something and can stand in the ledger. Raises UsageError."""
    name = " ".join(unicodedata.normalize("NFC", given).split()) if isinstance(given, str) else ""
    if not name:
        raise UsageError("the reviewer's name is empty; say who judges, it stands in the ledger for good")
    if len(name) > LONGEST_NAME:
        raise UsageError(f"the reviewer's name has {len(name)} characters, {LONGEST_NAME} at most; give a shorter one")
    if not name.isprintable() or not any(letter.isalnum() for letter in name):
        raise UsageError(f"the reviewer's name is {name!r}; expected letters or digits, and nothing that does not show")
    return name


def seat(reviewer: str) -> str:
    """Where a reviewer's words are kept: by name, whatever its capitals."""
    return digest_of(reviewer.casefold().encode())[:16]
