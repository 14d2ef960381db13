"""What does a text read when words of one group stand in the place of another's?

Only whole words are exchanged, never a part of one; their case is kept; and a text whose exchange could not be undone
is left alone.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache


def exchanged(text: str, one: Iterable[str], other: Iterable[str]) -> str | None:
    """The text with the words of both groups exchanged for each other, in order. None where there are none, or where
    doing it twice would not give the text again."""
    pairs = list(zip(one, other, strict=True))
    mapping = {a.lower(): b for a, b in pairs} | {b.lower(): a for a, b in pairs}
    there = _replaced(text, mapping)
    return there if there not in (None, text) and _replaced(there or "", mapping) == text else None


def holds(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words stands in the text, as a whole word in any case."""
    listed = tuple(sorted({word.lower() for word in words}))
    return bool(listed) and _pattern(listed).search(text) is not None


def _replaced(text: str, mapping: Mapping[str, str]) -> str | None:
    """None where a word is written in a case that another word cannot be written in."""
    odd: list[str] = []

    def other(found: re.Match[str]) -> str:
        word = mapping.get(found[0].lower())
        cased = None if word is None else _cased(found[0], word)
        if cased is None:
            odd.append(found[0])
        return cased or found[0]

    replaced = _pattern(tuple(sorted(mapping))).sub(other, text)
    return None if odd else replaced


def _cased(like: str, word: str) -> str | None:
    """The word in lower case, with a capital, in capitals."""
    if like == like.lower():
        return word.lower()
    if like == _capitalised(like.lower()):
        return _capitalised(word.lower())
    return word.upper() if like == like.upper() else None


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the words, the longest first; not inside a word, nor as a part of one with a hyphen."""
    listed = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rf"(?<![\w'\u2019])(?<!\w-)(?:{listed})(?!\w|-\w)", re.IGNORECASE)
