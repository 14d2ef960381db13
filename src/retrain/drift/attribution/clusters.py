"""Which rows belong together? A tree of clusters over both sides, made without a look at which side a row is on."""

import numpy as np
from numpy.typing import NDArray

from retrain.drift.observation import Vectors

SEED = 43
# Leaves of about this many rows: a topic of one row in twenty of a window of 300 then has a leaf of its own.
LEAF_ROWS = 20
MAX_LEAVES = 64
MIN_ROWS = 8
STEPS = 10
FLAT = (8, 16, 32)

Rows = NDArray[np.int64]


def clusters(places: Vectors) -> list[Rows]:
    """Row numbers of each cluster, large and small ones; a row is in several, and the whole is none of them.

    The cluster with the largest spread is halved again and again (bisecting k-means, seeded): what is far apart is
    parted early. Flat k-means with several numbers of clusters finds what such cuts went through.
    """
    draws = np.random.default_rng(SEED)
    flat = [part for count in FLAT if count * LEAF_ROWS <= len(places) for part in _flat(places, count, draws)]
    return [*_tree(places, draws), *flat]


def _flat(places: Vectors, count: int, draws: np.random.Generator) -> list[Rows]:
    centres = places[[int(draws.integers(len(places)))]]
    away = _away(places, centres)[:, 0]
    while len(centres) < count and away.sum() > 0:
        # k-means++ (Arthur and Vassilvitskii 2007): a next centre is the likelier, the farther it lies from the others.
        fresh = places[[int(draws.choice(len(places), p=away / away.sum()))]]
        centres, away = np.vstack([centres, fresh]), np.minimum(away, _away(places, fresh)[:, 0])
    nearest = np.zeros(len(places), dtype=np.int64)
    for _ in range(STEPS):
        nearest = _away(places, centres).argmin(axis=1)
        filled = np.unique(nearest)
        centres = np.stack([places[nearest == number].mean(axis=0) for number in filled])
    nearest = _away(places, centres).argmin(axis=1)
    parts = [np.flatnonzero(nearest == number) for number in range(len(centres))]
    return [part for part in parts if MIN_ROWS <= len(part) < len(places)]


def _away(places: Vectors, centres: Vectors) -> NDArray[np.float64]:
    """Squared distances of every row to every centre."""
    squares = (places**2).sum(axis=1)[:, None] - 2 * places @ centres.T + (centres**2).sum(axis=1)[None, :]
    return np.asarray(np.maximum(squares, 0.0), dtype=np.float64)


def _tree(places: Vectors, draws: np.random.Generator) -> list[Rows]:
    leaves = [np.arange(len(places))]
    spreads = [_spread(places)]
    found: list[Rows] = []
    target = min(MAX_LEAVES, max(2, len(places) // LEAF_ROWS))
    while len(leaves) < target and max(spreads) > 0:
        widest = int(np.argmax(spreads))
        rows = leaves[widest]
        side = _halves(places[rows], draws)
        parts = [rows[side], rows[~side]]
        if min(map(len, parts)) < MIN_ROWS:
            # Nothing to be cut off but strays: it stays as it is.
            spreads[widest] = 0.0
            continue
        found.extend(parts)
        leaves[widest : widest + 1] = parts
        spreads[widest : widest + 1] = [_spread(places[part]) for part in parts]
    return found


def _spread(places: Vectors) -> float:
    if len(places) < 2 * MIN_ROWS:
        return 0.0
    return float(((places - places.mean(axis=0)) ** 2).sum())


def _halves(places: Vectors, draws: np.random.Generator) -> NDArray[np.bool_]:
    """True for the rows of one half: the better of a few starts of 2-means."""
    best, least = np.zeros(len(places), dtype=np.bool_), np.inf
    for _ in range(4):
        first = places[draws.integers(len(places))]
        away = ((places - first) ** 2).sum(axis=1).astype(np.float64)
        if away.sum() <= 0:
            continue
        second = places[draws.choice(len(places), p=away / away.sum())]
        side, cost = _two_means(places, np.stack([first, second]))
        if cost < least:
            best, least = side, cost
    return best


def _two_means(places: Vectors, centres: Vectors) -> tuple[NDArray[np.bool_], float]:
    side = np.zeros(len(places), dtype=np.bool_)
    for _ in range(STEPS):
        # Nearer to the second centre than to the first, without the square that both distances share.
        new = places @ (centres[1] - centres[0]) > ((centres[1] ** 2).sum() - (centres[0] ** 2).sum()) / 2
        if (new == side).all() or new.all() or not new.any():
            break
        side = new
        centres = np.stack([places[~side].mean(axis=0), places[side].mean(axis=0)])
    cost = ((places - centres[side.astype(np.int64)]) ** 2).sum()
    return side, float(cost)
