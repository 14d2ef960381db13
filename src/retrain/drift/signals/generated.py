"""How do generated texts differ? Their length, refusals, repetition and language."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrain.drift.observation import Observation, in_runs
from retrain.drift.properties import READ_CHARS
from retrain.drift.signals.signal import Found, categories, marked, numeric

OPENING_CHARS = 200
"""A refusal says so at once; further on the same words are advice."""
REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:so |very |really )?(?:sorry|unable|not able|afraid)"
    r"|i (?:can(?:'t|not| not)|won't|must decline)"
    r"|(?:can(?:'t|not)|unable to|not able to) (?:assist|help|comply|provide|answer|fulfil)"
    r"|as an ai\b|against my (?:guidelines|policy)|es tut mir leid|ich kann (?:dir |ihnen )?(?:dabei |leider )?nicht"
    r"|je (?:suis désolé|ne peux pas|ne suis pas en mesure)|lo siento|no puedo (?:ayudar|asistir|responder))",
    re.IGNORECASE,
)
PHRASE = 3
LANGUAGE_ROWS = 2_000
"""Answers whose language is read, in runs: 5,000 took most of a generator's check."""
_WORD = re.compile(r"\w+")


def length(reference: Observation, current: Observation) -> Found:
    """Characters, on a logarithmic scale."""
    old, new = (
        np.log1p(np.array([len(text) for text in side.outputs], dtype=np.float64)) for side in (reference, current)
    )
    return numeric("output.length", "ks", old, new)


def refusals(reference: Observation, current: Observation) -> Found:
    """Answers that begin by declining; a rise and a fall both count."""
    old, new = (np.array([refuses(text) for text in side.outputs], dtype=np.bool_) for side in (reference, current))
    return marked("output.refusals", "share_shift", old, new)


def repetition(reference: Observation, current: Observation) -> Found:
    """Answers that repeat themselves more than nearly all of the reference's."""
    old, new = (_each(side.outputs) for side in (reference, current))
    return numeric("output.repetition", "tail_share", old, new)


def language(reference: Observation, current: Observation) -> Found:
    """The languages of the answers."""
    # Half a second and a model of 5 MB: only for those who watch it.
    from retrain.drift.signals.language_py3langid import languages  # noqa: PLC0415

    old, new = (
        languages(side.rows["output"][in_runs(side.rows.height, LANGUAGE_ROWS)].to_list())
        for side in (reference, current)
    )
    return categories("output.language", old, new)


def refuses(text: str) -> bool:
    """Whether an answer begins by declining, in one of the usual phrases."""
    return REFUSAL.search(text[:OPENING_CHARS].replace("\u2019", "'")) is not None


def repeated_share(text: str) -> float:
    """Share of a text's phrases of three words that stood in it before; 0 for a text too short to repeat any."""
    words = _WORD.findall(text[:READ_CHARS].lower())
    phrases = [tuple(words[place : place + PHRASE]) for place in range(len(words) - PHRASE + 1)]
    return 1.0 - len(set(phrases)) / len(phrases) if phrases else 0.0


def _each(texts: Sequence[str]) -> NDArray[np.float64]:
    return np.array([repeated_share(text) for text in texts], dtype=np.float64)
