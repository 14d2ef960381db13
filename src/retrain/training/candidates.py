"""Which candidate becomes the version? The one with more validation rows right; of equals the cheaper probe."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrain.training.measures import accuracy
from retrain.training.version import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One trained model, before anyone decided for it."""

    kind: Kind
    validation_logits: NDArray[np.float64]
    train_accuracy: float
    files: dict[str, bytes]
    """Its weights, as they go into the version folder."""


def winner(probe: Candidate, lora: Candidate, labels: NDArray[np.int64]) -> Candidate:
    """The better one on the validation rows with these labels."""
    return lora if validated(lora, labels) > validated(probe, labels) else probe


def validated(candidate: Candidate, labels: NDArray[np.int64]) -> float:
    """Accuracy on the validation rows."""
    return accuracy(candidate.validation_logits, labels)
