"""How often is the model probably right now? Estimated without labels, with bounds; or why it is unknown."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from retrain.drift.calibration import block_length
from retrain.drift.observation import Observation
from retrain.drift.performance.answers import Answers
from retrain.drift.performance.rules import STRETCH, confidence_fall, stretched
from retrain.store.judged import Accuracy

CONFIDENCE = 0.95
MIN_ROWS = 30
LEAST, MOST = 0.6, 4.0
"""The true fall of accuracy, as a multiple of the fall of the mean confidence: from a change of style, which makes the
model unsure of what it gets right, to new intents that look like known ones. Chosen on Banking77, where bounds drawn
with them hold in 0.98 of windows over all drifts; scored on CLINC150 (`benchmarks/drift_estimated_performance.py`)."""

Floats = NDArray[np.float64]


def estimate(answers: Answers | None, side: Observation) -> Accuracy:
    """The estimated accuracy of a window. Its bounds take in chance, and how far confidence misjudges a fall."""
    confidence = sure_of(answers, side)
    if isinstance(confidence, str) or answers is None:
        return Accuracy(reason=str(confidence))
    value = stretched(answers, confidence, confidence)
    low, high = _bounds(answers, confidence, value)
    rows = len(confidence)
    return Accuracy(value=value, low=low, high=high, rows=rows, method="confidence_fall", source=answers.source)


def sure_of(answers: Answers | None, side: Observation) -> Floats | str:
    """The window's confidence where it is known, in the order of time; or why nothing can be estimated from it."""
    if answers is None:
        return "no answers of this champion whose truth is known"
    if answers.lack is not None:
        return answers.lack
    confidence = side.column("confidence")
    confidence = confidence[~np.isnan(confidence)]
    if len(confidence) < MIN_ROWS:
        return f"confidence is known in {len(confidence)} of {side.rows.height} rows of the window, {MIN_ROWS} needed"
    return confidence


def _bounds(answers: Answers, confidence: Floats, value: float) -> tuple[float, float]:
    """From the largest and the smallest fall that confidence may stand for, and chance beyond either."""
    fall = confidence_fall(answers, confidence)
    # The estimate less the truth is the mean of this over the known rows, less its mean over the window's.
    each = answers.right - STRETCH * answers.confidence
    spread = max(float(each.var()), 1 / len(each))
    error = sqrt(spread * (1 / len(each) + _alike(confidence) / len(confidence)))
    chance = float(ndtri((1 + CONFIDENCE) / 2)) * error
    falls = sorted((LEAST * fall, MOST * fall))
    low, high = answers.accuracy - falls[1] - chance, answers.accuracy - falls[0] + chance
    return min(value, max(0.0, low)), max(value, min(1.0, high))


def _alike(values: Floats) -> float:
    """How many times more the means of blocks vary than those of rows drawn one by one would, in bursts; at least 1."""
    length = block_length(len(values))
    whole = len(values) // length
    if whole < 10 or float(values.var()) == 0:
        return 1.0
    means = values[: whole * length].reshape(whole, length).mean(axis=1)
    return max(1.0, float(means.var(ddof=1)) * length / float(values.var()))
