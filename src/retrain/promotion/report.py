"""What do people read about a decision? One page of Markdown."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from retrain.evaluation.comparison import Comparison, EvaluationReport, Metrics, Slice
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.foresight import foresight
from retrain.promotion.review import people
from retrain.promotion.sections import sections
from retrain.promotion.words import chance, percent, span
from retrain.values import short

MOST_LABELS = 10
MARKUP = re.compile(r"&(?=#?\w+;)|<(?=[A-Za-z/!?])")
HEADLINE = {
    "promote": "Promote: the challenger goes into service",
    "hold": "Hold: nothing changes",
    "inconclusive": "Inconclusive: nothing changes until more is known",
}

HEADED = {"drifted": "What drifted", "group": "By group", "label": "By label"}


def render(report: EvaluationReport, decision: PromotionDecision) -> str:
    """The decision, the reasons of every rule, and the evidence they rest on. Ends with a newline."""
    seen = report.comparison
    parts = [
        f"# {HEADLINE[decision.verdict]}\n",
        f"Challenger `{short(decision.challenger)}` against {_champion(seen)}, both run on the same {seen.rows:,} "
        f"held-out rows of snapshot `{short(report.snapshot)}`.\n",
        "## Why\n",
        _table(["rule", "verdict", "reason"], [[c.rule, c.verdict, c.reason] for c in decision.checks]),
        "## Both models\n",
        _table(
            ["model", "accuracy", "macro precision", "macro recall", "macro F1"],
            [
                ["champion" if seen.champion_version else "stand-in", *_cells(seen.champion)],
                ["challenger", *_cells(seen.challenger)],
            ],
        ),
        _difference(report),
        *_could_see(report),
        *(f"## {title}\n\n{_table(heads, rows)}" for title, heads, rows in sections(report)),
        *people(report.review),
        *_slices(seen.slices),
        *_with_fresh(report),
    ]
    return "\n".join(parts)


def _champion(seen: Comparison) -> str:
    if seen.champion_version is None:
        return "a stand-in that always answers the most frequent label (there is no champion)"
    return f"champion `{short(seen.champion_version)}`"


def _difference(report: EvaluationReport) -> str:
    seen = report.comparison
    won, lost = seen.only_challenger_right, seen.only_champion_right
    rival = "champion" if seen.champion_version else "stand-in"
    between = span(seen.difference.low, seen.difference.high)
    gain, confidence = (won - lost) / max(seen.rows, 1), percent(seen.difference.confidence)
    return (
        f"Difference in accuracy {gain:+.3f}, {confidence} interval {between} (Tango). Only the challenger was right "
        f"on {won:,} rows, only the {rival} on {lost:,} (exact McNemar p {chance(seen.p_value)}).\n\n"
        f"The challenger has {report.train_accuracy:.3f} on training rows, expected calibration error "
        f"{report.calibration_error:.3f}, and answers 95 % of single rows within {report.latency_p95_ms:,.1f} ms.\n"
    )


def _could_see(report: EvaluationReport) -> list[str]:
    """What a verdict of "open" is worth: the gain that these rows could have shown."""
    seen, differ = report.comparison, report.comparison.only_champion_right + report.comparison.only_challenger_right
    if report.budget is None or report.budget.free or differ == 0:
        return []
    told = foresight(seen.rows, differ / seen.rows, report.budget.level)
    return [f"{told[0].upper()}{told[1:]}.\n"]


def _slices(slices: Sequence[Slice]) -> list[str]:
    """All groups; of the labels, those with the lowest bound first, and no more than people read."""
    parts: list[str] = []
    for kind, found in groupby(sorted(slices, key=lambda part: part.kind), key=lambda part: part.kind):
        ranked = sorted(found, key=lambda part: (not part.enough, part.difference.high, part.name))
        shown = ranked if kind == "group" else ranked[:MOST_LABELS]
        parts += [
            f"## {HEADED[kind]}\n",
            _table([kind, "rows", "champion", "challenger", "difference"], map(_row, shown)),
        ]
        if len(ranked) > len(shown):
            parts.append(f"{len(ranked) - len(shown)} more labels, all with a higher bound or too few rows.\n")
    return parts


def _with_fresh(report: EvaluationReport) -> list[str]:
    """The groups once more, where fresh rows came."""
    seen = report.together
    groups = [part for part in seen.slices if part.kind == "group"] if seen else []
    if seen is None or not groups:
        return []
    title = f"## By group, with {seen.rows - report.comparison.rows} fresh rows\n"
    return [title, _table(["group", "rows", "champion", "challenger", "difference"], map(_row, groups))]


def _row(part: Slice) -> list[str]:
    between = span(part.difference.low, part.difference.high)
    return [
        part.name,
        f"{part.rows:,}",
        f"{part.champion.accuracy:.3f}",
        f"{part.challenger.accuracy:.3f}",
        between if part.enough else f"{between}, too few rows to say",
    ]


def _cells(of: Metrics) -> list[str]:
    return [f"{of.accuracy:.3f}", f"{of.precision:.3f}", f"{of.recall:.3f}", f"{of.f1:.3f}"]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(_cell(text) for text in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    """Labels come from outside: none may end a cell or a line, or become markup."""
    flat = " ".join(text.split())
    return MARKUP.sub(lambda found: f"&{'amp' if found[0] == '&' else 'lt'};", flat).replace("|", "\\|")
