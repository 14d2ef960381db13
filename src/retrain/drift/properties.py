"""What can be said of a text without a model? Its length, its tokens, its letters, its words and its script."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Beyond so many characters only the length is read: a pasted document must not cost as much as a thousand questions.
READ_CHARS = 4_000
_TOKEN = re.compile(r"\w+|[^\w\s]")
# Scripts without spaces are read letter by letter, or each sentence would be one unseen word.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|(?:(?![\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff])[^\W\d_])+"
)

Words = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Properties:
    """One value a text, in the order of the texts."""

    length: NDArray[np.float64]
    """Natural logarithm of 1 + characters."""
    tokens: NDArray[np.float64]
    """Words and punctuation marks."""
    non_letters: NDArray[np.float64]
    """Share of the characters other than spaces that are no letters; 0 for a text without any."""
    scripts: tuple[str, ...]
    """The script most of its letters belong to, e.g. `latin`; `none` without letters."""
    words: tuple[Words, ...]
    """Its distinct words, in lower case."""


def describe(texts: Sequence[str]) -> Properties:
    """Read every text once."""
    letters, scripts = zip(*(_letters(text[:READ_CHARS]) for text in texts), strict=True) if texts else ((), ())
    return Properties(
        length=np.log1p(np.array([len(text) for text in texts], dtype=np.float64)),
        tokens=np.array([len(_TOKEN.findall(text[:READ_CHARS])) for text in texts], dtype=np.float64),
        non_letters=1.0 - np.array(letters, dtype=np.float64),
        scripts=scripts,
        words=tuple(frozenset(_WORD.findall(text[:READ_CHARS].lower())) for text in texts),
    )


def vocabulary(words: Iterable[Words]) -> Words:
    """Every word of these texts."""
    return frozenset().union(*words)


def unseen_share(words: Sequence[Words], known: Words) -> NDArray[np.float64]:
    """Share of each text's words that are not known; 0 for a text without words."""
    return np.array([_share(len(of_row - known), len(of_row)) for of_row in words], dtype=np.float64)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _letters(text: str) -> tuple[float, str]:
    """Share of letters, and the dominant script."""
    total = letters = 0
    scripts: Counter[str] = Counter()
    for character, times in Counter(text).items():
        script = _script(character)
        if script != "space":
            total += times
        if script not in ("space", "none"):
            letters += times
            scripts[script] += times
    if not letters:
        return (1.0 if not total else 0.0), "none"
    # The name breaks ties, so that the order of letters in a text does not.
    return letters / total, max(scripts.items(), key=lambda item: (item[1], item[0]))[0]


@lru_cache(maxsize=65_536)
def _script(character: str) -> str:
    """`latin`, `cyrillic`, `cjk`... from the character's Unicode name; `space`; `none` for what is no letter."""
    if character.isspace():
        return "space"
    if unicodedata.category(character)[0] not in "LM":
        return "none"
    return unicodedata.name(character, "UNKNOWN").split()[0].split("-")[0].lower()
