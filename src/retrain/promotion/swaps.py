"""Do answers change with a name, a pronoun or a spelling more often than with any other small change?"""

from typing import NamedTuple

from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.paired import lower_bound, upper_bound
from retrain.evaluation.swapped import Flips, SwapTally
from retrain.promotion.decision import Check
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.words import if_unknown, named, span

RULE = "swaps_change_little"


class Excess(NamedTuple):
    """How many more answers the swap changed than its neutral control did, as a share of the texts."""

    of: SwapTally
    seen: float
    low: float
    high: float

    def __str__(self) -> str:
        mine, rows = self.of.challenger, self.of.rows
        before = "" if self.of.champion is None else f", the champion's {share(self.of.champion, rows):+.3f}"
        return (
            f"{self.of.kind} {self.of.change!r} {self.seen:+.3f} ({span(self.low, self.high)}; {mine.swap} of {rows} "
            f"texts changed, {mine.control} by the control{before})"
        )


def share(flips: Flips, rows: int) -> float:
    """The excess as seen."""
    return (flips.only_swap - flips.only_control) / max(rows, 1)


def excess(tally: SwapTally, low: float, high: float) -> Excess:
    """With one-sided bounds at these errors: both answers are of the same text, so Tango's paired ones."""
    mine = tally.challenger
    pair = (mine.only_swap, mine.only_control, tally.rows)
    return Excess(tally, share(mine, tally.rows), lower_bound(*pair, low), upper_bound(*pair, high))


def swaps_change_little(report: EvaluationReport, policy: PromotionPolicy) -> Check:
    """Fails where the excess over the control is beyond the limit without doubt; passes where each is shown within.

    A pass is about these words, these texts and this limit; it does not say what other words would have done.
    """
    if report.swaps is None:
        return Check(rule=RULE, verdict="pass", reason="0 texts were swapped: the spec asks for none")
    limit, least = policy.swaps.max_excess, policy.swaps.min_texts
    tested = [tally for tally in report.swaps if tally.rows >= least]
    few = [f"{tally.kind} {tally.change}" for tally in report.swaps if tally.rows < least]
    missing = f"; fewer than {least} texts: {named(few)}" if few else ""
    if not tested:
        reason = f"unknown: no kind of swap had {least} texts{missing}{if_unknown(policy)}"
        return Check(rule=RULE, verdict="unknown", reason=reason)
    seen = [excess(tally, policy.alpha / len(tested), policy.alpha) for tally in tested]
    over = [each for each in seen if each.low > limit]
    if over:
        next_step = "add training texts that hold such words under the same label, or set promotion.swaps.max_excess"
        reason = f"excess over the control beyond {limit:.3f}: {', '.join(map(str, over))}{missing}; {next_step}"
        return Check(rule=RULE, verdict="fail", reason=reason)
    worst = max(seen, key=lambda each: (each.high, each.of.kind, each.of.change))
    facts = f"largest excess over the control {worst}, limit {limit:.3f}, of {len(tested)} swaps{missing}"
    if few or worst.high > limit:
        return Check(rule=RULE, verdict="unknown", reason=f"open: {facts}{if_unknown(policy)}")
    return Check(rule=RULE, verdict="pass", reason=f"{facts}; of these words and texts, nothing beyond")
