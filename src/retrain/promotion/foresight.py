"""Which gain can the gate see on so many rows, at what it may err?"""

from retrain.evaluation.power import DEFAULT_POWER, gain_for_power
from retrain.promotion.words import percent


def foresight(rows: int, disagreement: float, error: float) -> str:
    """As a sentence, without its full stop; `error` is one-sided, of the exact McNemar test."""
    gain = gain_for_power(rows, disagreement, 2 * error)
    assumed = f"with {rows:,} held-out rows and {percent(disagreement)} disagreement"
    if gain is None:
        return f"{assumed} no gain at all is seen with {percent(DEFAULT_POWER)}; more labels are the way"
    return f"{assumed} a gain of {100 * gain:.1f} points is seen with {percent(DEFAULT_POWER)}"
