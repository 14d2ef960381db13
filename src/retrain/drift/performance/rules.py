"""How often is a model right on rows without labels? Rules that read it off how sure it is.

None of them can see an error that the model is sure of: they are good for asking for labels, never as proof.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from retrain.drift.performance.answers import Answers

STRETCH = 1.9
"""The fall of accuracy, as a multiple of the fall of the mean confidence. What a model was never taught it answers with
about half of its usual confidence, and always wrongly. 1.9 had the smallest error on Banking77 and was then scored on
CLINC150 (`benchmarks/drift_estimated_performance.py`)."""

Floats = NDArray[np.float64]
Rule = Callable[[Answers, Floats, Floats], float]
"""From known answers, and the entropy and the confidence of a window's rows, to an accuracy."""


def stretched(answers: Answers, _entropy: Floats, confidence: Floats) -> float:
    """Accuracy falls by more than confidence does, since unknown rows keep some of it."""
    return _share(answers.accuracy - STRETCH * confidence_fall(answers, confidence))


def atc(answers: Answers, entropy: Floats, _confidence: Floats) -> float:
    """Average thresholded confidence (Garg et al. 2022): rows beyond the entropy that accuracy leaves room for."""
    limit = float(np.quantile(answers.entropy, answers.accuracy))
    return _share(answers.accuracy - float(np.mean(entropy > limit)) + float(np.mean(answers.entropy > limit)))


def doc(answers: Answers, _entropy: Floats, confidence: Floats) -> float:
    """Difference of confidences (Guillory et al. 2021): accuracy falls as much as the mean confidence."""
    return _share(answers.accuracy - confidence_fall(answers, confidence))


def cbpe(answers: Answers, _entropy: Floats, confidence: Floats) -> float:
    """Confidence-based performance estimation: the mean of the confidence, calibrated by an isotonic fit."""
    order = np.argsort(answers.confidence, kind="stable")
    fitted = isotonic_regression(answers.right[order].astype(np.float64)).x
    return float(np.mean(np.interp(confidence, answers.confidence[order], fitted)))


RULES: dict[str, Rule] = {"stretched": stretched, "atc": atc, "doc": doc, "cbpe": cbpe}


def confidence_fall(answers: Answers, confidence: Floats) -> float:
    """How much less sure the model is of these rows than of the known ones."""
    return float(np.mean(answers.confidence)) - float(np.mean(confidence))


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
