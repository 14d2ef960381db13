"""How far are groups apart, how far were they under the champion, and how sure is that?

The intervals are this project's own: both models answer the same rows, and of two groups the change of the gap is what
matters. A gap is the difference of two independent groups, so their intervals are put together by squaring and adding
the distances to their bounds (MOVER; Newcombe 1998, Zou and Donner 2008), each group's own being Tango's of the paired
change, or Wilson's of an accuracy.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import permutations
from math import hypot
from typing import NamedTuple

from retrain.evaluation.comparison import Slice
from retrain.evaluation.paired import lower_bound, upper_bound
from retrain.evaluation.proportion import wilson
from retrain.promotion.words import span

Bounds = Mapping[str, tuple[float, float]]


class Gap(NamedTuple):
    """How much further `ahead` is now ahead of `behind` than either was ahead of the other under the champion."""

    ahead: str
    behind: str
    seen: float
    low: float
    """One-sided, with the error shared by all pairs: what is called wider is wider."""
    high: float
    """One-sided, error not shared: calling all pairs alike needs every one of them to be."""

    def __str__(self) -> str:
        return f"{self.ahead!r} over {self.behind!r} {self.seen:+.3f} ({span(self.low, self.high)})"


def gaps(parts: Sequence[Slice], alpha: float, *, first: bool) -> list[Gap]:
    """Every two values of the same attributes that have rows enough, in both orders. `first`: there is no champion."""
    judged = [[part for part in same if part.enough] for same in by_attribute(parts).values()]
    pairs = [pair for same in judged for pair in permutations(same, 2)]
    if not pairs:
        return []
    known = [part for same in judged for part in same]
    shared = {part.name: _bounds(part, alpha / len(pairs), first=first) for part in known}
    alone = {part.name: _bounds(part, alpha, first=first) for part in known}
    return [_gap(pair, shared, alone, first=first) for pair in pairs]


def by_attribute(parts: Sequence[Slice]) -> dict[str, list[Slice]]:
    """The slices that may be compared with each other: values of one attribute, or of the same two."""
    found: dict[str, list[Slice]] = defaultdict(list)
    for part in parts:
        attributes = (piece.partition("=")[0] for piece in part.name.split(" & "))
        found[" & ".join(attributes) if part.kind == "intersection" else part.name.partition("=")[0]].append(part)
    return found


def alone(parts: Sequence[Slice]) -> list[str]:
    """Values that have rows, but nothing to be compared with."""
    return [same[0].name for same in by_attribute(parts).values() if len(same) == 1 and same[0].enough]


def _gap(pair: tuple[Slice, Slice], shared: Bounds, own: Bounds, *, first: bool) -> Gap:
    ahead, behind = pair
    before = 0.0 if first else ahead.champion.accuracy - behind.champion.accuracy
    # Where the order turned, the old gap closed before the new one opened; taken as seen.
    turned = 2 * min(before, 0.0)
    up, down = _shift(ahead, first=first), _shift(behind, first=first)
    seen = up - down + turned
    return Gap(
        ahead=ahead.name,
        behind=behind.name,
        seen=seen,
        low=seen - hypot(up - shared[ahead.name][0], shared[behind.name][1] - down),
        high=seen + hypot(own[ahead.name][1] - up, down - own[behind.name][0]),
    )


def _shift(part: Slice, *, first: bool) -> float:
    """What the challenger changed in a group; its accuracy itself where there was no champion."""
    return part.challenger.accuracy if first else (part.only_challenger_right - part.only_champion_right) / part.rows


def _bounds(part: Slice, alpha: float, *, first: bool) -> tuple[float, float]:
    if first:
        return wilson(part.challenger.accuracy, part.rows, 1 - 2 * alpha)
    won, lost = part.only_challenger_right, part.only_champion_right
    return lower_bound(won, lost, part.rows, alpha), upper_bound(won, lost, part.rows, alpha)
