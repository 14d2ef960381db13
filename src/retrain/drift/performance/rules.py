"""How often is a model right on rows without labels? Three rules that read it off how sure it is.

Each takes answers whose truth is known, and a window's doubt and confidence. None of them can see an error that the
model is sure of: they are good for asking for labels, never as proof.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from retrain.drift.performance.answers import Answers

Floats = NDArray[np.float64]
Rule = Callable[[Answers, Floats, Floats], float]
"""From known answers, and the doubt and the confidence of a window's rows, to an accuracy."""


def atc(answers: Answers, doubt: Floats, _confidence: Floats) -> float:
    """Average thresholded confidence (Garg et al. 2022): the share of rows beyond the doubt that accuracy leaves."""
    limit = doubt_limit(answers)
    more = float(np.mean(doubt > limit)) - float(np.mean(answers.doubt > limit))
    return min(1.0, max(0.0, answers.accuracy - more))


def doc(answers: Answers, _doubt: Floats, confidence: Floats) -> float:
    """Difference of confidences (Guillory et al. 2021): accuracy falls as much as the mean confidence."""
    return min(1.0, max(0.0, answers.accuracy - float(np.nanmean(answers.confidence)) + float(np.mean(confidence))))


def cbpe(answers: Answers, _doubt: Floats, confidence: Floats) -> float:
    """Confidence-based performance estimation: the mean of the confidence, calibrated by an isotonic fit."""
    known = ~np.isnan(answers.confidence)
    order = np.argsort(answers.confidence[known], kind="stable")
    fitted = isotonic_regression(answers.right[known][order].astype(np.float64)).x
    return float(np.mean(np.interp(confidence, answers.confidence[known][order], fitted)))


RULES: dict[str, Rule] = {"atc": atc, "doc": doc, "cbpe": cbpe}


def doubt_limit(answers: Answers) -> float:
    """The doubt that as many known answers exceed as were wrong."""
    return float(np.quantile(answers.doubt, answers.accuracy))
