"""Which texts count as the same? Those whose character 3-grams overlap by a Jaccard share, searched exactly."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# Entries of one block of the product: at most about 50 MB, however many rows there are.
BLOCK_ENTRIES = 4_000_000
BLOCK_ROWS = 512
# A share such as 0.8 is not exact in binary; without this, 4 of 5 would fall short of 0.8 on some counts.
ROUNDING = 1e-9
CODE_POINT_BITS = 21
KEPT = -1
# "lost card?" and "lost card" must not end on both sides of a split; "c++" and "c#" stay apart, and ":)" is a word.
MARKS = ".,;:!?\"'()“”\u2018\u2019«»¿¡。、"
PAIRS_AT_ONCE = 50_000


def first_alike(texts: Sequence[str], share: float, *, fixed: int = 0) -> list[int | None]:
    """For each text the first kept one before it that counts as the same, or None for a text that is kept.

    The first `fixed` texts are kept whatever they resemble. Texts come normalised, words separated by one space, the
    preferred first. Kept texts beyond the fixed ones resemble no other kept text.
    """
    grams = shingles(texts)
    rare = _rarest(grams, share)
    alike = np.full(len(texts), KEPT)
    step = min(BLOCK_ROWS, max(1, BLOCK_ENTRIES // max(1, len(texts))))
    for start in range(fixed, len(texts), step):
        block = np.arange(start, min(start + step, len(texts)))
        before = np.flatnonzero(alike[:start] == KEPT)
        # Against what is kept first: of ten thousand variants of one text only the first block is compared with itself.
        for rivals in (before, block):
            rows = block[alike[block] == KEPT]
            candidates = (rare[rows] @ rare[rivals].T).tocoo()
            row, rival = rows[candidates.row], rivals[candidates.col]
            for one, other in _confirmed(grams, row[rival < row], rival[rival < row], share):
                if alike[one] == alike[other] == KEPT:
                    alike[one] = other
    return [None if row == KEPT else row for row in alike.tolist()]


def shingles(texts: Sequence[str]) -> Any:
    """A sparse 0/1 matrix, a row a text, a column a 3-gram, rare ones first; none spans two words."""
    padded = [f" {' '.join(word.strip(MARKS) or word for word in text.split())} " for text in texts]
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in padded])[1:-1]
    # A space in the middle is a border between words or, since each text is padded, between texts.
    inside = points[1:-1] != ord(" ")
    # Three code points of 21 bits fit 63 bits: the column is the 3-gram itself, so nothing collides.
    whole = (points[:-2] << 2 * CODE_POINT_BITS) | (points[1:-1] << CODE_POINT_BITS) | points[2:]
    seen, columns = np.unique(whole[inside], return_inverse=True)
    width = max(1, len(seen))
    row, column = np.divmod(np.unique(rows[inside] * width + columns), width)
    by_rarity = np.argsort(np.argsort(np.bincount(column, minlength=width), kind="stable"))
    grams = sparse.csr_matrix((np.ones(len(row), np.int32), (row, by_rarity[column])), shape=(len(texts), width))
    grams.sort_indices()
    return grams


def _rarest(grams: Any, share: float) -> Any:
    """Of each row so many of its rarest 3-grams that two rows alike must have one of them in common.

    A row lacks at most `size - ceil(share * size)` of its 3-grams in a row alike; of one more than that, taken in one
    order for all rows, at least one is found there (the prefix filter of set similarity joins).
    """
    sizes = np.diff(grams.indptr)
    enough = sizes - np.ceil(share * sizes - ROUNDING).astype(np.int64) + 1
    place = np.arange(grams.nnz) - np.repeat(grams.indptr[:-1], sizes)
    first = place < np.repeat(enough, sizes)
    ends = np.concatenate([[0], np.cumsum(np.minimum(enough, sizes))])
    return sparse.csr_matrix((grams.data[first], grams.indices[first], ends), shape=grams.shape)


def _confirmed(grams: Any, row: NDArray[np.int64], rival: NDArray[np.int64], share: float) -> list[tuple[int, int]]:
    """The candidate pairs whose share holds over all 3-grams, by row, then by rival."""
    sizes = np.diff(grams.indptr)
    shorter, longer = np.minimum(sizes[row], sizes[rival]), np.maximum(sizes[row], sizes[rival])
    able = shorter + ROUNDING >= share * longer
    row, rival = row[able], rival[able]
    pairs: list[tuple[int, int]] = []
    for piece in np.array_split(np.arange(len(row)), 1 + len(row) // PAIRS_AT_ONCE):
        one, other = row[piece], rival[piece]
        common = np.asarray(grams[one].multiply(grams[other]).sum(axis=1)).ravel()
        near = common + ROUNDING >= share * (sizes[one] + sizes[other] - common)
        pairs += zip(one[near].tolist(), other[near].tolist(), strict=True)
    return sorted(pairs)
