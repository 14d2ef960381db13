"""How good is a linear classifier on frozen embeddings? Seconds of work; it starts the head, and is a candidate too."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from retrain.training.measures import accuracy, mean_loss

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# From heavy to hardly any regularisation; on Banking77 at 1,000 rows 100 was best, and 300 no better.
STRENGTHS = (1.0, 10.0, 100.0)
MAX_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A linear layer: logits are `vectors @ weight.T + bias`."""

    weight: Floats
    bias: Floats

    def logits(self, vectors: NDArray[np.floating]) -> Floats:
        """One row of logits a vector."""
        return np.asarray(vectors @ self.weight.T + self.bias, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """Embedded rows with the number of their label; -1 stands for a label that training does not know."""

    vectors: NDArray[np.floating]
    labels: Ints


def fit_probe(train: Vectors, validation: Vectors, *, classes: int, strengths: Sequence[float] = STRENGTHS) -> Head:
    """The head, of those for each strength, with the lowest validation loss; the more regularised one of equals."""
    head = Head(weight=np.zeros((classes, train.vectors.shape[1])), bias=np.zeros(classes))
    tried: list[tuple[float, int, Head]] = []
    for strength in sorted(strengths):
        head = fit_head(train, start=head, strength=strength)
        tried.append((mean_loss(head.logits(validation.vectors), validation.labels), len(tried), head))
    return min(tried, key=lambda entry: entry[:2])[2]


def fit_head(train: Vectors, *, start: Head, strength: float) -> Head:
    """Multinomial logistic regression with an L2 penalty on the weights; `strength` is the inverse of the penalty."""
    shape = start.weight.shape
    features = np.asarray(train.vectors, dtype=np.float64)
    wanted = np.eye(shape[0])[train.labels]

    def loss_and_slope(flat: Floats) -> tuple[float, Floats]:
        weight, bias = flat[: -shape[0]].reshape(shape), flat[-shape[0] :]
        logits = features @ weight.T + bias
        loss = -(log_softmax(logits, axis=1) * wanted).sum() + (weight**2).sum() / (2 * strength)
        residual = softmax(logits, axis=1) - wanted
        slope = np.concatenate([(residual.T @ features + weight / strength).ravel(), residual.sum(0)])
        return loss / len(features), slope / len(features)

    begin = np.concatenate([start.weight.ravel(), start.bias])
    found = minimize(loss_and_slope, begin, jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS}).x
    return Head(weight=found[: -shape[0]].reshape(shape), bias=found[-shape[0] :])


def probe_accuracy(head: Head, rows: Vectors) -> float:
    """Share of rows that the head answers rightly."""
    return accuracy(head.logits(rows.vectors), rows.labels)
