"""How do the inputs differ, as far as it can be seen without a model?"""

from retrain.drift.observation import Observation
from retrain.drift.signals.signal import Found, categories, numeric


def length(reference: Observation, current: Observation) -> Found:
    """Characters."""
    return numeric("input.length", "ks", reference.properties.length, current.properties.length)


def tokens(reference: Observation, current: Observation) -> Found:
    """Words and punctuation marks."""
    return numeric("input.tokens", "ks", reference.properties.tokens, current.properties.tokens)


def non_letters(reference: Observation, current: Observation) -> Found:
    """Digits, marks and symbols."""
    return numeric("input.non_letters", "ks", reference.properties.non_letters, current.properties.non_letters)


def unseen_words(reference: Observation, current: Observation) -> Found:
    """Words that the older half of the reference does not have."""
    return numeric("input.unseen_words", "ks", reference.unseen, current.unseen)


def script(reference: Observation, current: Observation) -> Found:
    """The script that most letters belong to."""
    return categories("input.script", reference.properties.scripts, current.properties.scripts)
