"""How far is a model's confidence from its accuracy, and how sure is that?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrain.evaluation.metrics import BINS, calibration_error
from retrain.evaluation.soundness import Calibration
from retrain.training.prediction import Prediction

DRAWS = 1_000
"""Of the bootstrap; its interval then moves by less than a fifth of its width from seed to seed."""
SEED = 1


def calibration(truth: Sequence[str], predictions: Sequence[Prediction], confidence: float) -> Calibration:
    """The basic bootstrap (Davison and Hinkley 1997, 5.2): it mirrors, and so takes off, most of what chance adds.

    The plug-in error is biased upwards (Kumar et al. 2019), most on few rows: 100 rows of an honest model show 0.08 as
    counted and 0.04 corrected.
    """
    seen = calibration_error(truth, predictions)
    sure = np.array([prediction.confidence for prediction in predictions])
    right = np.array([true == said.label for true, said in zip(truth, predictions, strict=True)])
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    drawn = _resampled(bins, right - sure)
    bottom, top = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Calibration(
        corrected=_share(2 * seen - float(drawn.mean())),
        low=_share(2 * seen - float(top)),
        high=_share(2 * seen - float(bottom)),
        confidence=confidence,
    )


def _resampled(bins: NDArray[np.int64], off: NDArray[np.float64]) -> NDArray[np.float64]:
    chance, rows = np.random.default_rng(SEED), len(off)
    errors = np.empty(DRAWS)
    for draw in range(DRAWS):
        taken = chance.integers(0, rows, rows)
        errors[draw] = np.abs(np.bincount(bins[taken], weights=off[taken], minlength=BINS)).sum() / rows
    return errors


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
