"""Did the accuracy of one group fall behind that of another, more than it already had?"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations
from math import hypot
from typing import NamedTuple

from retrain.evaluation.comparison import EvaluationReport, Slice
from retrain.evaluation.paired import lower_bound, upper_bound
from retrain.evaluation.proportion import wilson
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import named, span

RULE = "fair"


class _Widening(NamedTuple):
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


def fair(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Fails where a gap between groups is wider than under the champion beyond doubt, and by more than the margin.

    Passes only where every gap is shown to be no wider than the margin. All else, and no groups at all, is unknown.
    """
    groups = [part for part in report.comparison.slices if part.kind == "group"]
    few = [part.name for part in groups if not part.enough]
    first = report.comparison.champion_version is None
    pairs = _widenings(groups, policy, first=first)
    alone = _alone(groups)
    missing = f"; too few rows: {named(few)}" if few else ""
    missing += f"; nothing to compare with: {named(alone)}" if alone else ""
    if not pairs:
        reason = "unknown, not fair: no two values of a group have rows enough to compare" + missing
        return Check(rule=RULE, verdict="unknown", reason=reason + _policy(policy))
    change = "gap" if first else "change of the gap"
    worst = max(pairs, key=lambda pair: (pair.seen, pair.low, pair.ahead, pair.behind))
    wider = [pair for pair in pairs if pair.low > 0 and pair.seen > policy.group_gap]
    if wider:
        reason = f"{change} over {policy.group_gap:.3f}: {', '.join(str(pair) for pair in wider)}{missing}"
        return Check(rule=RULE, verdict="fail", reason=reason)
    if few or alone or max(pair.high for pair in pairs) > policy.group_gap:
        open_ = f"open: largest {change} {worst}, limit {policy.group_gap:.3f}{missing}"
        return Check(rule=RULE, verdict="unknown", reason=open_ + _policy(policy))
    return Check(rule=RULE, verdict="pass", reason=f"largest {change} {worst}, limit {policy.group_gap:.3f}")


def _policy(policy: PromotionPolicy) -> str:
    return f"; policy for that: {policy.unknown_group}"


def _by_attribute(groups: Sequence[Slice]) -> dict[str, list[Slice]]:
    found: dict[str, list[Slice]] = defaultdict(list)
    for part in groups:
        found[part.name.partition("=")[0]].append(part)
    return found


def _alone(groups: Sequence[Slice]) -> list[str]:
    return [parts[0].name for parts in _by_attribute(groups).values() if len(parts) == 1 and parts[0].enough]


def _widenings(groups: Sequence[Slice], policy: PromotionPolicy, *, first: bool) -> list[_Widening]:
    pairs = [
        pair
        for parts in _by_attribute(groups).values()
        for pair in permutations([part for part in parts if part.enough], 2)
    ]
    return [_widening(pair, policy.alpha / len(pairs), policy.alpha, first=first) for pair in pairs]


def _widening(pair: tuple[Slice, Slice], shared: float, alpha: float, *, first: bool) -> _Widening:
    """Of two independent groups, by squaring and adding the distances to their bounds (MOVER, Newcombe 1998)."""
    ahead, behind = pair
    before = 0.0 if first else ahead.champion.accuracy - behind.champion.accuracy
    # Where the order turned, the old gap closed before the new one opened; taken as seen.
    turned = 2 * min(before, 0.0)
    shift = _shift(ahead, first=first) - _shift(behind, first=first)
    down = [_bounds(part, shared, first=first) for part in pair]
    up = [_bounds(part, alpha, first=first) for part in pair]
    return _Widening(
        ahead=ahead.name,
        behind=behind.name,
        seen=shift + turned,
        low=shift + turned - hypot(_shift(ahead, first=first) - down[0][0], down[1][1] - _shift(behind, first=first)),
        high=shift + turned + hypot(up[0][1] - _shift(ahead, first=first), _shift(behind, first=first) - up[1][0]),
    )


def _shift(part: Slice, *, first: bool) -> float:
    """What the challenger changed in a group; its accuracy itself where there was no champion."""
    return part.challenger.accuracy if first else (part.only_challenger_right - part.only_champion_right) / part.rows


def _bounds(part: Slice, alpha: float, *, first: bool) -> tuple[float, float]:
    if first:
        return wilson(part.challenger.accuracy, part.rows, 1 - 2 * alpha)
    won, lost = part.only_challenger_right, part.only_champion_right
    return lower_bound(won, lost, part.rows, alpha), upper_bound(won, lost, part.rows, alpha)
