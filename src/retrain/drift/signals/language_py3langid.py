"""Which language is a text written in?"""

from collections.abc import Sequence

from py3langid.langid import classify

READ_CHARS = 500
"""Enough for any language; longer texts cost more and say no more."""
MIN_LETTERS = 12
"""Shorter texts are guesses: `ok` would be Afrikaans."""
UNKNOWN = "unknown"


def languages(texts: Sequence[str]) -> list[str]:
    """A code a text, `en` or `de`; `unknown` for what is too short to tell."""
    return [_language(text[:READ_CHARS]) for text in texts]


def _language(text: str) -> str:
    if sum(letter.isalpha() for letter in text) < MIN_LETTERS:
        return UNKNOWN
    return str(classify(text)[0])
