"""Where does each row lie? By its embedding where there are some, else by its words."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from retrain.drift.observation import Observation, Vectors, in_runs
from retrain.drift.properties import Words

SEED = 41
# Beyond so many rows a share is known to a point anyway, and the places cost more than they tell.
STUDIED_ROWS = 3_000
BUCKETS = 8_192
DIMENSIONS = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Space:
    """Places of some rows of the reference and of the window, in one space; vectors of length 1 or 0."""

    embedded: bool
    old_rows: NDArray[np.int64]
    """Numbers of the reference's rows that have a place."""
    new_rows: NDArray[np.int64]
    old: Vectors
    new: Vectors


def space_of(reference: Observation, current: Observation) -> Space:
    """One space for both sides. Which side a row is on has no part in it, so that shares in it may be tested."""
    old, new = reference.vectors, current.vectors
    if old is not None and new is not None and len(old) and len(new) and old.shape[1] == new.shape[1]:
        return Space(embedded=True, old_rows=reference.embedded, new_rows=current.embedded, old=old, new=new)
    old_rows, new_rows = (in_runs(side.rows.height, STUDIED_ROWS) for side in (reference, current))
    words = [
        *(reference.properties.words[row] for row in old_rows.tolist()),
        *(current.properties.words[row] for row in new_rows.tolist()),
    ]
    places = word_places(words)
    cut = len(old_rows)
    return Space(embedded=False, old_rows=old_rows, new_rows=new_rows, old=places[:cut], new=places[cut:])


def word_places(words: Sequence[Words]) -> Vectors:
    """Latent semantic analysis of hashed words, weighted by how rare they are: near are texts that share rare words."""
    counts = _counts(words)
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    weighted = counts.multiply(np.log((1 + len(words)) / (1 + frequency))[None, :]).tocsr().astype(np.float64)
    weighted = _unit_rows(weighted)
    wide = min(DIMENSIONS, *weighted.shape)
    draws = np.random.default_rng(SEED)
    # A randomised singular value decomposition (Halko, Martinsson and Tropp 2011) with two power steps.
    basis = weighted @ draws.standard_normal((weighted.shape[1], wide + 8))
    for _ in range(2):
        basis = weighted @ (weighted.T @ np.linalg.qr(basis)[0])
    basis = np.linalg.qr(basis)[0]
    against = weighted.T @ basis
    squares, turned = np.linalg.eigh(against.T @ against)
    largest = np.argsort(-squares, kind="stable")[:wide]
    places = basis @ (turned * np.sqrt(np.maximum(squares, 0.0)))[:, largest]
    norms = np.linalg.norm(places, axis=1, keepdims=True)
    return np.asarray(places / np.maximum(norms, 1e-9), dtype=np.float32)


def _counts(words: Sequence[Words]) -> sp.csr_matrix:
    columns = [sorted({zlib.crc32(word.encode()) % BUCKETS for word in of_row}) for of_row in words]
    starts = np.cumsum([0, *(len(of_row) for of_row in columns)])
    flat = np.array([column for of_row in columns for column in of_row], dtype=np.int64)
    return sp.csr_matrix((np.ones(len(flat)), flat, starts), shape=(len(words), BUCKETS))


def _unit_rows(matrix: sp.csr_matrix) -> sp.csr_matrix:
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1 / np.maximum(norms, 1e-9)) @ matrix)
