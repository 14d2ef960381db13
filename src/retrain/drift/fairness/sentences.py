"""How does a person say what the watch over groups found?"""

from retrain.store.judged import Fairness, GroupGap

TOLD = 3


def said(fairness: Fairness) -> tuple[str, ...]:
    """The breaches, or in one sentence what is known and what is not."""
    if fairness.state == "breach":
        breaches = [gap for gap in fairness.gaps if gap.state == "breach"]
        rest = fairness.breached - TOLD
        more = (f"{rest} more fairness {'breach' if rest == 1 else 'breaches'}: see the report",) if rest > 0 else ()
        return (*(f"fairness breach: {sentence(gap, fairness.limit)}" for gap in breaches[:TOLD]), *more)
    if fairness.reason:
        return (f"fairness unknown: {fairness.reason}",)
    known = fairness.watched - fairness.open
    if fairness.state == "within_limit":
        return (f"fairness: all {known} gaps between groups lie within {fairness.limit:g}, as far as is watched",)
    return (
        f"fairness unknown: not enough evidence for {fairness.open} of {fairness.watched} gaps between groups, "
        f"no breach in the others",
    )


def sentence(gap: GroupGap, limit: float) -> str:
    """One gap."""
    if gap.gap is None or gap.rate is None or gap.rest is None or gap.low is None or gap.high is None:
        return f"{gap.outcome} of {gap.group!r}: not enough evidence, {gap.rows} rows"
    return (
        f"{gap.outcome} of {gap.group!r} is {gap.rate:.3f}, {gap.rest:.3f} for the rest: "
        f"gap {gap.gap:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}), limit {limit:g}"
    )
