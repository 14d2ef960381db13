"""How far apart are two models in macro F1 and its kin? A paired bootstrap, since these have no exact test.

Rows are drawn again with replacement, both models' answers together, so that what they share cancels (Efron and
Tibshirani 1993, chapter 13; for text, Koehn 2004). Rows with the same truth and the same two answers are one kind, and
only the number of each kind is drawn: the result does not depend on the order of the rows, and a million rows cost no
more than their kinds.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from retrain.evaluation.comparison import Interval, MetricDifference, MetricName
from retrain.evaluation.policy import EvaluationPolicy

SEED = 20_041
"""The same counts always give the same interval: a verdict must be the same when it is computed again."""
AT_ONCE = 4_000_000
"""Drawn numbers held at a time: 32 MB."""

Counts = NDArray[np.float64]
Kind = tuple[str, str, str]
"""Truth, the champion's answer, the challenger's."""


class _Marks(NamedTuple):
    """Kinds by labels of the truth, 1 where a kind counts for a label. Sparse: a kind counts for three at most."""

    true: sparse.csr_matrix
    answered: sparse.csr_matrix
    right: sparse.csr_matrix


def metric_differences(kinds: Counter[Kind], policy: EvaluationPolicy) -> tuple[MetricDifference, ...]:
    """Challenger minus champion in each metric that the policy names, with a percentile interval."""
    if not policy.metrics:
        return ()
    named = sorted(kinds)
    seen = np.array([[kinds[kind] for kind in named]], dtype=np.float64)
    marks = [_marks(named, answer) for answer in (1, 2)]
    whole = [_metrics(seen, mark) for mark in marks]
    drawn = [_between(draw, marks, policy.metrics) for draw in _draws(seen[0], policy.bootstrap_samples)]
    spread = {name: np.concatenate([part[name] for part in drawn]) for name in policy.metrics}
    return tuple(
        MetricDifference(
            metric=name,
            champion=float(whole[0][name][0]),
            challenger=float(whole[1][name][0]),
            difference=_interval(spread[name], policy.confidence),
        )
        for name in policy.metrics
    )


def _draws(seen: Counts, samples: int) -> Iterator[Counts]:
    random, rows = np.random.default_rng(SEED), int(seen.sum())
    step = max(1, AT_ONCE // len(seen))
    for start in range(0, samples, step):
        yield random.multinomial(rows, seen / rows, size=min(step, samples - start)).astype(np.float64)


def _marks(kinds: Sequence[Kind], answer: int) -> _Marks:
    labels = {label: place for place, label in enumerate(sorted({kind[0] for kind in kinds}))}

    def marked(columns: Sequence[int | None]) -> sparse.csr_matrix:
        rows = [row for row, column in enumerate(columns) if column is not None]
        found = [column for column in columns if column is not None]
        return sparse.csr_matrix((np.ones(len(rows)), (rows, found)), shape=(len(kinds), len(labels)))

    return _Marks(
        true=marked([labels[kind[0]] for kind in kinds]),
        answered=marked([labels.get(kind[answer]) for kind in kinds]),
        right=marked([labels[kind[0]] if kind[0] == kind[answer] else None for kind in kinds]),
    )


def _metrics(counts: Counts, marks: _Marks) -> dict[MetricName, Counts]:
    """Macro averages, a number a draw, over the labels that occur in it, as `metrics.measure` does for all rows."""
    true, answered, right = (np.asarray(counts @ mark) for mark in marks)
    occurs = true > 0
    many = occurs.sum(axis=1)
    per_label: dict[MetricName, Counts] = {
        "precision": np.divide(right, answered, out=np.zeros_like(right), where=answered > 0),
        "recall": np.divide(right, true, out=np.zeros_like(right), where=occurs),
        "f1": np.divide(2 * right, true + answered, out=np.zeros_like(right), where=occurs),
    }
    return {name: np.where(occurs, found, 0.0).sum(axis=1) / many for name, found in per_label.items()}


def _between(counts: Counts, marks: Sequence[_Marks], names: Sequence[MetricName]) -> dict[MetricName, Counts]:
    old, new = (_metrics(counts, mark) for mark in marks)
    return {name: new[name] - old[name] for name in names}


def _interval(drawn: Counts, confidence: float) -> Interval:
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return Interval(low=float(low), high=float(high), confidence=confidence, method="bootstrap")
