"""How do champion and challenger compare, on the same rows, both run now?"""

from typing import Literal

from retrain.evaluation.reviewed import ReviewSeen
from retrain.values import Value


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
    method: Literal["tango"] = "tango"


class Slice(Value):
    """The same comparison on a part of the rows: one label, or one value of a group.

    Of a label, accuracy and recall are the share of its rows answered with it; precision and F1 look at all rows, since
    within its own rows its precision is always one.
    """

    kind: Literal["label", "group"]
    name: str
    """The label, or `channel=app`."""
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


class EvaluationReport(Value):
    """All evidence the gate decides on."""

    comparison: Comparison
    snapshot: str
    train_accuracy: float
    latency_p95_ms: float
    """Of the challenger answering single rows, in the process that scored it."""
    calibration_error: float
    """Expected calibration error of the challenger, ten equal-width bins."""
    review: ReviewSeen | None = None
    """None: nobody was asked before."""
