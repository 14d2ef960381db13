"""How is each text written, and is it damaged? Marks that hold or not, told from the text itself."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retrain.drift.observation import Observation
from retrain.drift.properties import READ_CHARS, Words

Marks = NDArray[np.bool_]

# UTF-8 read as Latin-1 or Windows-1252, the replacement character, control characters, escapes that nobody resolved.
_DAMAGE = re.compile(
    "[\u00c2\u00c3\u00e2][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    r"|[\ufffd\x00-\x08\x0e-\x1f\x7f]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|&(?:amp|lt|gt|quot|#\d+);"
)
_BLANK = {"null", "none", "nan", "n/a", "na", "nil", "undefined", "unknown", "-", "--", "...", "?", "test", "[]", "{}"}
# A text that is one row in fifty of its side is a form letter, a retry loop or a constant, not a person.
REPEATED_SHARE, REPEATED_ROWS = 0.02, 5
UPPER_SHARE, UPPER_LETTERS = 0.6, 4
LENGTH_TAIL = 0.05
# Of two slips in longer words of CLINC150 these find two in three; of the corpus's own rows they mark one in twenty.
RARE_ROWS, COMMON_ROWS, WORD_LETTERS = 1, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trait:
    """One mark on every row of both sides."""

    what: Literal["style", "damage"]
    name: str
    old: Marks
    new: Marks
    strong: bool = True
    """Whether it speaks of the writing alone: length and digits also follow the topic."""


def traits(reference: Observation, current: Observation) -> list[Trait]:
    """Every trait that some row of either side has and some row has not."""
    old, new = reference.texts, current.texts
    found = [
        _trait("damage", "damaged encoding", _damaged(old), _damaged(new)),
        _trait("damage", "placeholder instead of a text", _blank(old), _blank(new)),
        _trait("damage", "the same text again and again", _repeated(old), _repeated(new)),
        _trait("style", "mostly upper case", _upper(old), _upper(new)),
        _misspelt(reference.properties.words, current.properties.words),
        *_scripts(reference.properties.scripts, current.properties.scripts),
        *_numbers(reference, current),
    ]
    return [trait for trait in found if 0 < trait.old.sum() + trait.new.sum() < len(old) + len(new)]


def _trait(what: Literal["style", "damage"], name: str, old: Sequence[bool], new: Sequence[bool]) -> Trait:
    return Trait(what=what, name=name, old=np.array(old, dtype=np.bool_), new=np.array(new, dtype=np.bool_))


def _damaged(texts: Sequence[str]) -> list[bool]:
    return [_DAMAGE.search(text[:READ_CHARS]) is not None for text in texts]


def _blank(texts: Sequence[str]) -> list[bool]:
    return [text.strip().lower() in _BLANK for text in texts]


def _repeated(texts: Sequence[str]) -> list[bool]:
    times = Counter(texts)
    least = max(REPEATED_ROWS, REPEATED_SHARE * len(texts))
    return [times[text] >= least for text in texts]


def _upper(texts: Sequence[str]) -> list[bool]:
    return [_is_upper(text[:READ_CHARS]) for text in texts]


def _is_upper(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters >= UPPER_LETTERS and sum(map(str.isupper, text)) >= UPPER_SHARE * letters


def _misspelt(old: Sequence[Words], new: Sequence[Words]) -> Trait:
    """Texts with a word that hardly any other text has, and that is one letter off one that many have.

    Counted over both sides together: against the reference's own words alone, its rows would be misspelt never.
    """
    rows = Counter(word for words in (*old, *new) for word in words)
    common = {
        short
        for word, count in rows.items()
        if count >= COMMON_ROWS and len(word) >= WORD_LETTERS
        for short in (word, *_shortened(word))
    }
    slips = {
        word
        for word, count in rows.items()
        if count <= RARE_ROWS and len(word) >= WORD_LETTERS and not _ends_alike(word) and _near(word, common)
    }
    name = "misspelt words"
    return _trait("style", name, [not slips.isdisjoint(words) for words in old], [not slips.isdisjoint(w) for w in new])


def _shortened(word: str) -> list[str]:
    """The word with each letter left out: two words one letter apart share one of these (Garbe's symmetric deletes)."""
    return [word[:place] + word[place + 1 :] for place in range(len(word))]


def _near(word: str, common: set[str]) -> bool:
    return word in common or not common.isdisjoint(_shortened(word))


def _ends_alike(word: str) -> bool:
    """A plural or a past is no slip."""
    return word.endswith(("s", "d", "ing"))


def _scripts(old: Sequence[str], new: Sequence[str]) -> list[Trait]:
    names = sorted({*old, *new} - {"none"})
    return [
        _trait("style", f"{name} script", [one == name for one in old], [one == name for one in new]) for name in names
    ]


def _numbers(reference: Observation, current: Observation) -> list[Trait]:
    old, new = reference.properties, current.properties
    measures = {
        "long texts": (old.length, new.length),
        "short texts": (-old.length, -new.length),
        "many digits and marks": (old.non_letters, new.non_letters),
    }
    return [
        Trait(what="style", name=name, old=before > limit, new=after > limit, strong=False)
        for name, (before, after) in measures.items()
        for limit in [np.quantile(np.concatenate([before, after]), 1 - LENGTH_TAIL)]
    ]
