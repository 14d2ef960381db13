"""Did any class or group get worse? Beyond doubt, and with the error shared among all slices looked at (Holm 1979)."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from retrain.evaluation.comparison import Comparison, EvaluationReport, Slice
from retrain.evaluation.paired import lower_bound, upper_bound
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import named, span

RULE = "not_worse_in_any_slice"


class _Tested(NamedTuple):
    name: str
    rows: int
    won: int
    lost: int
    alpha: float

    @property
    def low(self) -> float:
        return lower_bound(self.won, self.lost, self.rows, self.alpha)

    @property
    def high(self) -> float:
        return upper_bound(self.won, self.lost, self.rows, self.alpha)

    def __str__(self) -> str:
        loss = (self.won - self.lost) / self.rows
        return f"{self.name!r} {loss:+.3f} ({span(self.low, self.high)} on {self.rows} rows)"

    def visible(self, margin: float) -> float:
        """The smallest loss in this slice that the test would have called a loss."""
        lost = bisect_right(range(self.rows + 1), margin, key=lambda n: -upper_bound(0, n, self.rows, self.alpha))
        return lost / self.rows


def not_worse_in_any_slice(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Fails where Tango's upper bound lies below the margin, the error shared by all slices step by step.

    Classes and groups get half the error each, since otherwise many classes would hide the few groups. Classes with too
    few rows are also tested together: one by one they show nothing, and a challenger may have given up all of them.
    """
    seen = report.comparison
    if seen.champion_version is None:
        return Check(rule=RULE, verdict="pass", reason="no champion served any slice before, so none can get worse")
    tested = [each for family in _families(seen, policy) for each in family]
    few = [part.name for part in seen.slices if not part.enough]
    left_out = f"; too few rows by themselves: {named(few)}" if few else ""
    if not tested:
        reason = f"none of {len(seen.slices)} slices has rows enough to say anything{left_out}"
        return Check(rule=RULE, verdict="unknown", reason=reason)
    worse = [each for family in _families(seen, policy) for each in _worse(family, policy)]
    shared = (
        f"beyond doubt by more than {policy.slice_margin:.3f}, error {policy.alpha:g} shared by {len(tested)} slices"
    )
    if worse:
        listed = ", ".join(str(each) for each in worse)
        return Check(rule=RULE, verdict="fail", reason=f"worse {shared}: {listed}{left_out}")
    return Check(rule=RULE, verdict="pass", reason=f"none worse {shared}; {_limits(tested, policy)}{left_out}")


def _worse(family: Sequence[_Tested], policy: PromotionPolicy) -> list[_Tested]:
    """Holm's steps: each slice found worse leaves its share of the error to those not found yet, and they may be then.

    Whether any slice is found is the same as by Bonferroni; which ones are named is not.
    """
    error, open_ = sum(each.alpha for each in family), list(family)
    found: list[_Tested] = []
    while open_:
        again = [each._replace(alpha=error / len(open_)) for each in open_]
        more = [each for each in again if each.high < -policy.slice_margin]
        if not more:
            return found
        found += more
        names = {each.name for each in more}
        open_ = [each for each in open_ if each.name not in names]
    return found


def _families(seen: Comparison, policy: PromotionPolicy) -> list[list[_Tested]]:
    few = [part for part in seen.slices if part.kind == "label" and not part.enough]
    families = [
        [*_counted(seen, "label"), *_pooled(few, policy)],
        _counted(seen, "group"),
    ]
    present = [family for family in families if family]
    return [[_Tested(*counts, policy.alpha / len(present) / len(family)) for counts in family] for family in present]


def _counted(seen: Comparison, kind: str) -> list[tuple[str, int, int, int]]:
    return [
        (part.name, part.rows, part.only_challenger_right, part.only_champion_right)
        for part in seen.slices
        if part.kind == kind and part.enough
    ]


def _pooled(few: Sequence[Slice], policy: PromotionPolicy) -> list[tuple[str, int, int, int]]:
    """The rare classes as one slice, if together they have the rows that decide anything at all."""
    rows = sum(part.rows for part in few)
    if rows < policy.min_heldout_rows:
        return []
    won, lost = (sum(part.only_challenger_right for part in few), sum(part.only_champion_right for part in few))
    return [(f"{len(few)} rare classes together", rows, won, lost)]


def _limits(tested: Sequence[_Tested], policy: PromotionPolicy) -> str:
    """What a pass does not say: how large a loss could have stayed unseen."""
    nearest = min(tested, key=lambda each: (each.high, each.name))
    smallest = min(tested, key=lambda each: (each.rows, each.name))
    unseen = smallest.visible(policy.slice_margin)
    bound = f"under {unseen:.2f}" if unseen <= 1 else "of any size"
    return (
        f"nearest {nearest}; a loss {bound} could stay unseen in the smallest, {smallest.name!r}, {smallest.rows} rows"
    )
