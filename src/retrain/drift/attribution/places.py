"""Where do the rows lie, drawn on a plane?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrain.drift.attribution.space import Space
from retrain.drift.observation import in_runs
from retrain.drift.report import Places

POINTS = 400
"""Of each side: more would cover each other."""


def places_of(space: Space, segments: Sequence[NDArray[np.bool_]]) -> Places | None:
    """The first two principal components of both sides together; `segments` are marks on the window's placed rows."""
    both = np.vstack([space.old, space.new]).astype(np.float64)
    if min(len(space.old), len(space.new)) == 0 or min(both.shape) < 2:
        return None
    centred = both - both.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    plane = axes[:, ::-1][:, :2]
    # An axis has no direction of its own: the larger part of its weights is made to point upwards.
    plane = plane * np.where(plane.sum(axis=0) < 0, -1.0, 1.0)
    cut = len(space.old)
    old, new = (_rounded((centred @ plane)[part]) for part in (slice(None, cut), slice(cut, None)))
    kept_old, kept_new = (in_runs(rows, POINTS).tolist() for rows in (len(old), len(new)))
    marked = np.full(len(new), -1)
    for number, marks in reversed(list(enumerate(segments))):
        marked[marks] = number
    return Places(
        embedded=space.embedded,
        reference=tuple(old[row] for row in kept_old),
        current=tuple(new[row] for row in kept_new),
        marked=tuple(marked[kept_new].tolist()),
    )


def _rounded(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points.round(3).tolist()]
