"""How far apart are two groups of rows? One number a statistic, for many divisions of the same rows at once.

Each function takes one value (or vector) a row and `parts`, a boolean matrix with one division a line: True for one
group of rows, False for the other. So the same code measures a window against its reference, and the
reference's own blocks against the rest of it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Parts = NDArray[np.bool_]
AT_ONCE = 16
"""Divisions looked at together, so that a few thousand rows of each stay in a processor's cache."""
SMALL = 46_341
"""Rows whose square is more than 32 bits hold."""
Statistic = Callable[[NDArray[np.generic], Parts], Floats]


def between(statistic: Statistic, reference: NDArray[np.generic], current: NDArray[np.generic]) -> float:
    """The statistic of a window against its reference."""
    parts = np.zeros((1, len(reference) + len(current)), dtype=np.bool_)
    parts[0, len(reference) :] = True
    return float(statistic(np.concatenate([reference, current]), parts)[0])


def ks(values: NDArray[np.generic], parts: Parts) -> Floats:
    """Kolmogorov-Smirnov's D: the largest distance between the two distribution functions, 0 to 1."""
    order = np.argsort(values, kind="stable")
    last_of_ties = np.append(values[order][1:] != values[order][:-1], True)
    pieces = range(0, len(parts), AT_ONCE)
    return np.concatenate(
        [_gaps(np.take(parts[piece : piece + AT_ONCE], order, axis=1), last_of_ties) for piece in pieces]
    )


def _gaps(inside: Parts, last_of_ties: NDArray[np.bool_]) -> Floats:
    """The largest distance of each division, its rows in the order of their values: in whole numbers, all over the
    product of the sizes of its two sides, so that little is moved about in memory."""
    rows = inside.shape[1]
    gaps: NDArray[np.signedinteger] = np.cumsum(inside, axis=1, dtype=np.int32 if rows < SMALL else np.int64)
    size = gaps[:, -1:].copy()
    gaps *= rows
    gaps -= size * np.arange(1, rows + 1, dtype=gaps.dtype)
    if not last_of_ties.all():
        gaps = gaps[:, last_of_ties]
    largest = np.maximum(gaps.max(axis=1), -gaps.min(axis=1)).astype(np.float64)
    return np.asarray(largest / (size[:, 0].astype(np.float64) * (rows - size[:, 0])))


def total_variation(codes: NDArray[np.generic], parts: Parts) -> Floats:
    """Half the sum of the absolute differences of the categories' shares: the share of rows that moved, 0 to 1."""
    _, columns = np.unique(codes, return_inverse=True)
    one_hot = np.zeros((len(codes), int(columns.max()) + 1), dtype=np.float32)
    one_hot[np.arange(len(codes)), columns] = 1.0
    return np.asarray(np.abs(mean_difference(one_hot, parts)).sum(axis=1) / 2)


def mmd(features: NDArray[np.generic], parts: Parts) -> Floats:
    """Maximum mean discrepancy of rows given as `fourier_features`: the length of the difference of means."""
    return np.asarray(np.linalg.norm(mean_difference(features, parts), axis=1))


def tail_share(beyond: NDArray[np.generic], parts: Parts) -> Floats:
    """By how much the share of rows marked as `beyond` is larger inside the part than outside, -1 to 1."""
    return np.asarray(mean_difference(beyond[:, None], parts)[:, 0])


def rank_shift(values: NDArray[np.generic], parts: Parts) -> Floats:
    """2 (AUC - 0.5): 1 when every value inside the part is larger than every one outside, -1 the other way round."""
    ranks = rankdata(values)[:, None]
    return np.asarray(2.0 / len(values) * mean_difference(ranks, parts)[:, 0])


def fourier_features(vectors: NDArray[np.float32], *, like: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Random Fourier features of a Gaussian kernel, its width the median distance between rows of `like`.

    Their mean differences are those of the kernel, at a cost that grows with the rows and not with their square.
    """
    draws = np.random.default_rng(seed)
    frequencies = draws.standard_normal((vectors.shape[1], 256), dtype=np.float32) / np.float32(_median_distance(like))
    angles = vectors @ frequencies
    return np.asarray(np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(np.float32(256)), dtype=np.float32)


def _median_distance(vectors: NDArray[np.float32]) -> float:
    some = vectors[:: max(1, len(vectors) // 500)].astype(np.float64)
    squares = (some**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * some @ some.T
    above = distances[np.triu_indices(len(some), k=1)]
    return float(np.sqrt(max(float(np.median(above)), 1e-12))) if len(above) else 1.0


def mean_difference(features: NDArray[np.generic], parts: Parts) -> Floats:
    """Mean of the rows inside each part, less the mean of those outside."""
    size = parts.sum(axis=1, keepdims=True).astype(np.float64)
    inside = (parts.astype(features.dtype) @ features).astype(np.float64)
    outside = features.sum(axis=0, dtype=np.float64) - inside
    return np.asarray(inside / size - outside / (len(features) - size))
