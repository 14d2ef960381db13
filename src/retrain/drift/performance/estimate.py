"""How often is the model probably right now? Estimated without labels, with bounds; or why it is unknown."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from retrain.drift.calibration import block_length
from retrain.drift.observation import Observation
from retrain.drift.performance.answers import MIN_ANSWERS, Answers, doubt_of
from retrain.drift.performance.rules import atc, doubt_limit
from retrain.store.state import Accuracy

SEED = 37
DRAWS = 200
CONFIDENCE = 0.95
MIN_ROWS = 30
LEAST_SEEN, MOST_SEEN = 0.45, 2.3
"""The true fall of accuracy, as a multiple of the fall that doubt shows: from a change of style, which makes the model
doubt what it gets right, to new intents that look like known ones. Measured on Banking77; the bounds are scored on
CLINC150 (`benchmarks/drift_estimated_performance.py`)."""

Floats = NDArray[np.float64]


def estimate(answers: Answers | None, side: Observation) -> Accuracy:
    """The estimated accuracy of a window. Its bounds take in chance, and how far doubt misjudges a fall."""
    if answers is None:
        return Accuracy(reason="no answers of this champion whose truth is known")
    doubt = _doubt(answers, side)
    if isinstance(doubt, str):
        return Accuracy(reason=doubt)
    value = atc(answers, doubt, doubt)
    low, high = _bounds(answers, doubt, value)
    return Accuracy(
        value=value, low=low, high=high, rows=len(doubt), method=f"atc_{answers.measure}", source=answers.source
    )


def doubted(answers: Answers, side: Observation) -> NDArray[np.bool_] | str:
    """Which rows the model doubts more than its accuracy leaves room for, in the order of time; or why not known."""
    doubt = _doubt(answers, side)
    return doubt if isinstance(doubt, str) else np.asarray(doubt > doubt_limit(answers))


def _doubt(answers: Answers, side: Observation) -> Floats | str:
    if len(answers.right) < MIN_ANSWERS:
        return f"{len(answers.right)} answers whose truth is known, {MIN_ANSWERS} needed ({answers.source})"
    if np.isnan(answers.doubt).any():
        return f"not every answer whose truth is known has a confidence ({answers.source})"
    doubt = doubt_of(side.column("confidence"), side.column("entropy"), answers.measure)
    doubt = doubt[~np.isnan(doubt)]
    if len(doubt) < MIN_ROWS:
        return f"{answers.measure} is known in {len(doubt)} of {side.rows.height} rows of the window, {MIN_ROWS} needed"
    return doubt


def _bounds(answers: Answers, doubt: Floats, value: float) -> tuple[float, float]:
    """Blocks of the window and known answers drawn anew; the window's own answers are a draw of their accuracy, too."""
    fall = answers.accuracy - value
    centre_low, centre_high = (_stretched(answers.accuracy, fall, sign) for sign in (1, -1))
    drawn = _drawn_again(answers, doubt)
    lows, highs = ([_stretched(accuracy, accuracy - one, sign) for accuracy, one in drawn] for sign in (1, -1))
    tail = (1 - CONFIDENCE) / 2
    below = centre_low - float(np.quantile(lows, tail))
    above = float(np.quantile(highs, 1 - tail)) - centre_high
    own = float(ndtri(1 - tail)) * sqrt(max(value * (1 - value), 1 / len(doubt)) / len(doubt))
    return max(0.0, centre_low - sqrt(below**2 + own**2)), min(1.0, centre_high + sqrt(above**2 + own**2))


def _stretched(accuracy: float, fall: float, sign: int) -> float:
    """The accuracy if the true fall were as large (sign 1) or as small (-1) as it can be, for the one that is seen."""
    larger = (fall > 0) == (sign > 0)
    return accuracy - (MOST_SEEN if larger else LEAST_SEEN) * fall


def _drawn_again(answers: Answers, doubt: Floats) -> list[tuple[float, float]]:
    draws = np.random.default_rng(SEED)
    known, length = len(answers.right), min(block_length(len(doubt)), len(doubt))
    ordered, found = answers.doubt, []
    for _ in range(DRAWS):
        some = draws.integers(known, size=known)
        starts = draws.integers(len(doubt), size=-(-len(doubt) // length))
        window = doubt[(starts[:, None] + np.arange(length)).ravel()[: len(doubt)] % len(doubt)]
        accuracy = float(answers.right[some].mean())
        limit = float(np.quantile(ordered[some], accuracy))
        more = float(np.mean(window > limit)) - float(np.mean(ordered[some] > limit))
        found.append((accuracy, min(1.0, max(0.0, accuracy - more))))
    return found
