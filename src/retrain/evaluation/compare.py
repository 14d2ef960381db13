"""How does the challenger differ from the champion, in all and in each slice?"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from retrain.dataset.snapshot import Example
from retrain.evaluation.bootstrap import metric_differences
from retrain.evaluation.comparison import Comparison, Metrics, Slice
from retrain.evaluation.metrics import measure, measure_labels
from retrain.evaluation.paired import mcnemar, tango
from retrain.evaluation.policy import EvaluationPolicy
from retrain.training.prediction import Prediction


class Answers(NamedTuple):
    """What one model said to every held-out row, in their order."""

    version: str | None
    """None: the stand-in where there is no champion."""
    predictions: Sequence[Prediction]


class Drifted(NamedTuple):
    """The rows for whose sake the challenger was trained."""

    name: str
    """Since when, for people."""
    rows: Sequence[bool]
    """Of each held-out row, in their order, whether it is one of them."""


class _Row(NamedTuple):
    truth: str
    champion: str
    challenger: str


def compare(
    heldout: Sequence[Example],
    champion: Answers,
    challenger: Answers,
    policy: EvaluationPolicy,
    *,
    drifted: Drifted | None = None,
) -> Comparison:
    """Compare two models on the same rows. Raises ValueError when there is no row, or not one answer to each."""
    rows = _paired(heldout, champion, challenger)
    won, lost = _won_and_lost(rows)
    old, new = _measured(rows)
    if challenger.version is None:
        raise ValueError("the challenger has no version; only the stand-in for a missing champion has none")
    return Comparison(
        rows=len(rows),
        champion_version=champion.version,
        challenger_version=challenger.version,
        champion=old,
        challenger=new,
        only_champion_right=lost,
        only_challenger_right=won,
        p_value=mcnemar(won, lost),
        difference=tango(won, lost, len(rows), policy.confidence),
        slices=(
            *_label_slices(rows, policy),
            *_group_slices(heldout, rows, policy),
            *_drifted_slice(drifted, rows, policy),
        ),
        intersections=tuple(_intersections(heldout, rows, policy)) if policy.intersections else (),
        metrics=metric_differences(Counter((row.truth, row.champion, row.challenger) for row in rows), policy),
    )


def majority_baseline(train: Sequence[Example], rows: int) -> list[Prediction]:
    """Always the most frequent label of the training rows, its share as confidence: the least a model must beat."""
    seen = Counter(example.label for example in train)
    if not seen:
        raise ValueError("no training rows to take the most frequent label from, at least one needed")
    label, times = min(seen.items(), key=lambda item: (-item[1], item[0]))
    return [Prediction(label=label, confidence=times / len(train))] * rows


def _paired(heldout: Sequence[Example], champion: Answers, challenger: Answers) -> list[_Row]:
    found = (len(champion.predictions), len(challenger.predictions))
    if not heldout or found != (len(heldout), len(heldout)):
        raise ValueError(
            f"{len(heldout)} held-out rows, {found[0]} answers of the champion and {found[1]} of the challenger; "
            f"expected one answer of each to every row, and at least one row; score both models on the held-out rows"
        )
    each = zip(heldout, champion.predictions, challenger.predictions, strict=True)
    return [_Row(example.label, old.label, new.label) for example, old, new in each]


def _won_and_lost(rows: Sequence[_Row]) -> tuple[int, int]:
    won = sum(row.challenger == row.truth != row.champion for row in rows)
    lost = sum(row.champion == row.truth != row.challenger for row in rows)
    return won, lost


def _measured(rows: Sequence[_Row]) -> tuple[Metrics, Metrics]:
    truth = [row.truth for row in rows]
    return measure(truth, [row.champion for row in rows]), measure(truth, [row.challenger for row in rows])


def _label_slices(rows: Sequence[_Row], policy: EvaluationPolicy) -> list[Slice]:
    truth = [row.truth for row in rows]
    old = measure_labels(truth, [row.champion for row in rows])
    new = measure_labels(truth, [row.challenger for row in rows])
    parts: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        parts[row.truth].append(row)
    return [_slice(("label", name), parts[name], (old[name], new[name]), policy) for name in sorted(parts)]


def _group_slices(heldout: Sequence[Example], rows: Sequence[_Row], policy: EvaluationPolicy) -> list[Slice]:
    parts: dict[str, list[_Row]] = defaultdict(list)
    for example, row in zip(heldout, rows, strict=True):
        for group, value in example.groups.items():
            parts[f"{group}={value}"].append(row)
    return [_slice(("group", name), parts[name], _measured(parts[name]), policy) for name in sorted(parts)]


def _drifted_slice(drifted: Drifted | None, rows: Sequence[_Row], policy: EvaluationPolicy) -> list[Slice]:
    part = [row for row, inside in zip(rows, drifted.rows, strict=True) if inside] if drifted else []
    return [_slice(("drifted", drifted.name), part, _measured(part), policy)] if drifted and part else []


def _intersections(heldout: Sequence[Example], rows: Sequence[_Row], policy: EvaluationPolicy) -> list[Slice]:
    """Of each two attributes; three at once leave too few rows to say anything on usual held-out sets."""
    parts: dict[str, list[_Row]] = defaultdict(list)
    for example, row in zip(heldout, rows, strict=True):
        for (one, its), (other, that) in combinations(sorted(example.groups.items()), 2):
            parts[f"{one}={its} & {other}={that}"].append(row)
    return [_slice(("intersection", name), parts[name], _measured(parts[name]), policy) for name in sorted(parts)]


def _slice(
    part: tuple[Literal["label", "group", "intersection", "drifted"], str],
    rows: Sequence[_Row],
    measured: tuple[Metrics, Metrics],
    policy: EvaluationPolicy,
) -> Slice:
    won, lost = _won_and_lost(rows)
    return Slice(
        kind=part[0],
        name=part[1],
        rows=len(rows),
        champion=measured[0],
        challenger=measured[1],
        only_champion_right=lost,
        only_challenger_right=won,
        difference=tango(won, lost, len(rows), policy.confidence),
        enough=len(rows) >= policy.min_slice_rows,
    )
