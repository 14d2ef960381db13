"""Which further tables does the page about a decision have, beside the comparison's own?"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from retrain.evaluation.comparison import EvaluationReport, Slice
from retrain.evaluation.proportion import wilson
from retrain.promotion.gaps import by_attribute, gaps
from retrain.promotion.swaps import excess, share
from retrain.promotion.words import percent, span

MOST_ROWS = 10


class Section(NamedTuple):
    """A table with a title."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def sections(report: EvaluationReport) -> list[Section]:
    """Those that there is evidence for."""
    return [section for section in (_gaps(report), _swaps(report), _suite(report)) if section.rows]


def _gaps(report: EvaluationReport) -> Section:
    """The widest gaps now, between groups and where groups meet; what each was, and how sure the change is."""
    seen = report.comparison
    first, confidence = seen.champion_version is None, seen.difference.confidence
    parts = [*(part for part in seen.slices if part.kind == "group"), *seen.intersections]
    changes = {(gap.ahead, gap.behind): gap for gap in gaps(parts, (1 - confidence) / 2, first=first)}
    ranked = sorted(_apart(parts), key=lambda pair: pair[1].challenger.accuracy - pair[0].challenger.accuracy)
    rows = []
    for ahead, behind in ranked[:MOST_ROWS]:
        change = changes[ahead.name, behind.name]
        before = "-" if first else f"{ahead.champion.accuracy - behind.champion.accuracy:+.3f}"
        moved = "-" if first else f"{change.seen:+.3f} ({span(change.low, change.high)})"
        rows.append([ahead.name, behind.name, before, _now(ahead, behind, confidence), moved])
    sure = f"{percent(confidence)} interval"
    heads = ["ahead", "behind", "champion's gap", f"challenger's gap ({sure})", "change"]
    return Section(f"Widest gaps between groups, of {len(ranked)}", heads, rows)


def _apart(parts: Sequence[Slice]) -> list[tuple[Slice, Slice]]:
    """Every two that may be compared, the one with the higher accuracy now before the other."""
    judged = [[part for part in same if part.enough] for same in by_attribute(parts).values()]
    pairs = [pair for same in judged for pair in combinations(same, 2)]
    return [(b, a) if b.challenger.accuracy > a.challenger.accuracy else (a, b) for a, b in pairs]


def _now(ahead: Slice, behind: Slice, confidence: float) -> str:
    """Two accuracies of independent rows (Newcombe 1998, method 10)."""
    one, other = ahead.challenger.accuracy, behind.challenger.accuracy
    (low, high), (bottom, top) = (wilson(part.challenger.accuracy, part.rows, confidence) for part in (ahead, behind))
    gap = one - other
    down = ((one - low) ** 2 + (top - other) ** 2) ** 0.5
    up = ((high - one) ** 2 + (other - bottom) ** 2) ** 0.5
    return f"{gap:+.3f} ({span(gap - down, gap + up)})"


def _swaps(report: EvaluationReport) -> Section:
    """Every kind of swap: how many answers it changed, and how many its neutral control did."""
    confidence = report.comparison.difference.confidence
    rows = []
    for tally in report.swaps or ():
        seen = excess(tally, (1 - confidence) / 2, (1 - confidence) / 2)
        mine, theirs = tally.challenger, tally.champion
        rows.append(
            [
                tally.kind.replace("_", " "),
                tally.change,
                f"{tally.rows:,} ({tally.in_place:,})",
                f"{mine.swap / max(tally.rows, 1):.3f}",
                f"{mine.control / max(tally.rows, 1):.3f}",
                f"{seen.seen:+.3f} ({span(seen.low, seen.high)})",
                "-" if theirs is None else f"{share(theirs, tally.rows):+.3f}",
            ]
        )
    heads = ["swap", "between", "texts (in place)", "changed", "by the control", "excess", "champion's excess"]
    return Section("Counterfactual swaps: answers changed", heads, rows)


def _suite(report: EvaluationReport) -> Section:
    """The cases that the challenger fails, and those it gained."""
    cases = report.suite.cases if report.suite else ()
    told = [case for case in cases if not case.challenger or case.champion is False]
    word = {True: "pass", False: "fail", None: "-"}
    rows = [
        [case.id, "must" if case.must else case.kind, word[case.champion], word[case.challenger], case.found, case.why]
        for case in told
    ]
    heads = ["case", "kind", "champion", "challenger", "found", "why"]
    return Section(f"Regression suite: {len(told)} of {len(cases)} cases changed or failed", heads, rows)
