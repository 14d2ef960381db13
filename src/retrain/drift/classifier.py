"""Can a classifier tell the window from the reference? A linear one, fitted on half the rows, asked about the rest.

In whitened coordinates the linear discriminant of two groups is the difference of their means. So the classifier of a
fold is a mean difference, and its score on the other fold is the product of the two: hundreds of divisions are fitted
and cross-fitted at the cost of two matrix products, and chance alone leaves the score at zero.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from retrain.drift.statistics import Floats, Parts, mean_difference

COMPONENTS = 64
"""As many principal components as the discriminant of the published comparisons used."""
FOLD_ROWS = 25
"""Neighbours in time fall into the same fold, so that no burst stands on both sides: ten bursts of three fit in."""
RIDGE = 0.1
"""Of the largest variance, added to each: directions in which the reference hardly varies would drown the others."""


def whitened(vectors: NDArray[np.float32], *, like: NDArray[np.float32]) -> NDArray[np.float32]:
    """The principal components of `like`, each scaled to about one standard deviation."""
    centre = like.mean(axis=0, dtype=np.float64)
    spread = np.cov((like - centre).T.astype(np.float64)) if len(like) > 1 else np.eye(like.shape[1])
    variances, axes = np.linalg.eigh(np.atleast_2d(spread))
    variances, axes = variances[::-1][:COMPONENTS], axes[:, ::-1][:, :COMPONENTS]
    # The sign of an axis is the solver's whim; it must not be the report's.
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    scale = np.sqrt(np.maximum(variances, 0) + RIDGE * max(float(variances[0]), 1e-12))
    return np.asarray((vectors - centre) @ axes / scale, dtype=np.float32)


def in_first_fold(rows: int) -> NDArray[np.bool_]:
    """Which of so many rows, in time order, are in the first of two folds."""
    return np.asarray((np.arange(rows) // FOLD_ROWS) % 2 == 0, dtype=np.bool_)


def told_apart(features: NDArray[np.generic], parts: Parts) -> Floats:
    """2 (AUC - 0.5) of the classifier on rows it has not seen, given as `whitened`: 0 by chance, 1 without an error."""
    first = in_first_fold(len(features))
    one, other = (_direction(features[fold], parts[:, fold]) for fold in (first, ~first))
    return told_apart_along(one, other)


def told_apart_along(one: Floats, other: Floats) -> Floats:
    """The same from the difference of the means in each fold, a line a division: each is the other's classifier."""
    gap = (one * other).sum(axis=1)
    sizes = np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)
    # In whitened coordinates a classifier's scores spread as long as its direction is.
    apart = [gap / np.where(size > 0, size, 1.0) for size in sizes]
    return np.asarray(2 * ndtr((apart[0] + apart[1]) / 2 / np.sqrt(2)) - 1)


def _direction(features: NDArray[np.generic], parts: Parts) -> Floats:
    inside = parts.sum(axis=1)
    fits = (inside > 0) & (inside < len(features))
    found = np.zeros((len(parts), features.shape[1]))
    if fits.any():
        found[fits] = mean_difference(features, parts[fits])
    return found
