"""How right, and how sure, are logits?"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax


def accuracy(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Share of rows whose highest logit is the label; a label that training does not know (-1) counts as wrong."""
    return float(np.mean(logits.argmax(axis=1) == labels)) if len(labels) else 0.0


def mean_loss(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Mean cross-entropy over the rows whose label is known to training; 0 when there are none."""
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        return 0.0
    likelihood = log_softmax(np.asarray(logits, dtype=np.float64), axis=1)
    return float(-likelihood[known, labels[known]].mean())
