"""How do champion and challenger compare, on the same rows, both run now?"""

from typing import Literal

from retrain.evaluation.evidence import Budget, Fresh
from retrain.evaluation.regressions import SuiteSeen
from retrain.evaluation.reviewed import ReviewSeen
from retrain.evaluation.soundness import Calibration, Loaded, Remembered
from retrain.evaluation.swapped import SwapTally
from retrain.values import Value

MetricName = Literal["f1", "precision", "recall"]


class Metrics(Value):
    """Of one model on the held-out rows, macro averages over the labels that occur in them."""

    accuracy: float
    precision: float
    recall: float
    f1: float


class Interval(Value):
    """A two-sided confidence interval of challenger minus champion."""

    low: float
    high: float
    confidence: float
    method: Literal["tango", "bootstrap"] = "tango"


class MetricDifference(Value):
    """A macro average of both models on the same rows, and how far they lie apart."""

    metric: MetricName
    champion: float
    challenger: float
    difference: Interval


class Slice(Value):
    """The same comparison on a part of the rows: one label, one value of a group, or what drifted.

    Of a label, accuracy and recall are the share of its rows answered with it; precision and F1 look at all rows, since
    within its own rows its precision is always one.
    """

    kind: Literal["label", "group", "intersection", "drifted"]
    name: str
    """The label, `channel=app`, `channel=app & region=eu`, or since when it drifted."""
    rows: int
    champion: Metrics
    challenger: Metrics
    only_champion_right: int
    only_challenger_right: int
    difference: Interval
    enough: bool
    """False when there are too few rows to say anything."""


class Comparison(Value):
    """Champion against challenger on the same held-out rows."""

    rows: int
    champion_version: str | None
    """None: there was no champion; the stand-in always answers with the most frequent label of the training rows."""
    challenger_version: str
    champion: Metrics
    challenger: Metrics
    only_champion_right: int
    only_challenger_right: int
    p_value: float
    """Exact McNemar, two-sided."""
    difference: Interval
    slices: tuple[Slice, ...]
    metrics: tuple[MetricDifference, ...] = ()
    """Other metrics that the spec names."""
    intersections: tuple[Slice, ...] = ()
    """Where the values of two group attributes meet."""


class EvaluationReport(Value):
    """All evidence the gate decides on."""

    comparison: Comparison
    snapshot: str
    train_accuracy: float
    latency_p95_ms: float
    """Of the challenger answering single rows, in the process that scored it."""
    calibration_error: float
    """Expected calibration error of the challenger, ten equal-width bins."""
    budget: Budget | None = None
    """How much the decision may err; none in reports from before there was a budget."""
    best: str | None = None
    """The best champion ever; none when there was no champion."""
    anchor: Comparison | None = None
    """The challenger against the best champion ever, where that is not the champion: then `comparison` says it."""
    fresh: Fresh | None = None
    """Rows that came while the challenger was waiting; none at the first decision about it."""
    together: Comparison | None = None
    """The held-out rows and these together, for the rules about groups and metrics; none where no fresh row came, or
    nothing stored says what was answered to the held-out ones."""
    swaps: tuple[SwapTally, ...] | None = None
    """Counterfactual swaps; none where the spec turns them off."""
    suite: SuiteSeen | None = None
    """The regression suite; none where the spec names none."""
    remembered: Remembered | None = None
    calibration: Calibration | None = None
    size_mb: float | None = None
    """Of the stored version, without its base."""
    champion_latency_p95_ms: float | None = None
    """Of the champion, in the same process; none without one."""
    loaded: Loaded | None = None
    """None: not tried, since another rule failed."""
    review: ReviewSeen | None = None
    """None: nobody was asked before."""
