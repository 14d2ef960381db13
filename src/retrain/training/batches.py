"""Which rows go through the network together? Rows of similar length, so that little is padded."""

from collections.abc import Sequence

import numpy as np

BLOCK_BATCHES = 50


def training_batches(lengths: Sequence[int], *, size: int, seed: int, epoch: int) -> list[list[int]]:
    """Every row once, in batches of `size`: shuffled, sorted by length within large blocks, the batches shuffled.

    The order depends on seed and epoch alone, so an epoch that is repeated after a crash sees the same batches.
    """
    chance = np.random.default_rng((seed, epoch))
    order = chance.permutation(len(lengths)).tolist()
    block = size * BLOCK_BATCHES
    batches = []
    for start in range(0, len(order), block):
        rows = sorted(order[start : start + block], key=lambda row: lengths[row])
        batches += [rows[at : at + size] for at in range(0, len(rows), size)]
    return [batches[at] for at in chance.permutation(len(batches))]


def reading_batches(lengths: Sequence[int], *, tokens: int) -> list[list[int]]:
    """Every row once, longest first, at most `tokens` a batch after padding (a longer row goes alone)."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        if not batches or (len(batches[-1]) + 1) * lengths[batches[-1][0]] > tokens:
            batches.append([])
        batches[-1].append(row)
    return batches


def halves(rows: Sequence[int], at_most: int) -> list[list[int]]:
    """A batch in pieces of at most `at_most` rows: what is accumulated when the whole does not fit into memory."""
    return [list(rows[at : at + at_most]) for at in range(0, len(rows), at_most)]
