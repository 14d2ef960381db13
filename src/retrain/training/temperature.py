"""How sure should it say it is? One temperature, fitted on validation, divides the logits."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from retrain.training.measures import mean_loss

# Outside of this a temperature says that the validation rows are too few or too easy, not how sure the model is.
LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature with the lowest validation loss; 1 when no validation row has a label known to training."""
    if not np.any(labels >= 0):
        return 1.0
    found = minimize_scalar(
        lambda power: mean_loss(logits / np.exp(power), labels),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
    )
    return float(np.exp(found.x))
