"""How do the gate's numbers read? One form for differences, intervals and lists, so that reasons can be compared."""

from collections.abc import Sequence
from math import floor, log10
from typing import Literal

from retrain.promotion.decision import ASKS_REVIEW, Check
from retrain.promotion.policy import PromotionPolicy

NAMED = 5


def answer(rule: str, reason: str, *, holds: bool) -> Check:
    """A check without a middle: it passes or fails."""
    verdict: Literal["pass", "fail"] = "pass" if holds else "fail"
    return Check(rule=rule, verdict=verdict, reason=reason)


def if_unknown(policy: PromotionPolicy) -> str:
    """What becomes of a rule about groups that could not say: the end of its reason."""
    if policy.unknown_group == "review":
        return ASKS_REVIEW
    return f"; policy for that: {policy.unknown_group}"


def percent(share: float) -> str:
    """Of a confidence: no digits that say nothing."""
    return f"{100 * share:.4g} %"


def span(low: float, high: float) -> str:
    """An interval of a difference."""
    return f"{low:+.3f} to {high:+.3f}"


def chance(p: float) -> str:
    """A p-value as part of a sentence; never 0, since nothing is impossible."""
    return f"{p:.4f}" if p >= 0.0001 else "under 0.0001"


def named(names: Sequence[str]) -> str:
    """The first few by name, the others by number."""
    more = len(names) - NAMED
    return ", ".join(repr(name) for name in names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def about(rows: int) -> str:
    """Two digits, upwards: a plan needs no more, and an estimate knows no more."""
    unit: int = 10 ** max(0, floor(log10(max(rows, 1))) - 1)
    return f"{-(-rows // unit) * unit:,}"
