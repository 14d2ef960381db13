"""How much of the whole drift is a segment's? As much as vanishes when its share is put back to the reference's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrain.drift.attribution.space import Space
from retrain.drift.attribution.traits import Trait
from retrain.drift.observation import Observation, Vectors

# Labels beyond these are one: a window does not hold enough rows of each to tell.
LABELS = 60

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whole:
    """Everything measured of each placed row: where it lies, how it is written, what was answered.

    The three count alike: each has a total variance of 1 over both sides, which count alike too.
    """

    old: Floats
    new: Floats
    alike: float
    """How many rows of a burst say as much as one."""
    spread: tuple[float, float]
    """The total variance of each side."""

    def explained(self, segment: tuple[Marks, Marks], *, old_share: float, new_share: float) -> float | None:
        """The share of the drift that a segment accounts for; None where the whole is no more than chance.

        Rows of the side that has more of the segment are weighted down to the share that the other side has.
        """
        whole = self._distance(np.ones(len(self.old)), np.ones(len(self.new)))
        if whole <= 0:
            return None
        old, new = np.ones(len(self.old)), np.ones(len(self.new))
        if new_share >= old_share:
            new = _weighted(segment[1], old_share)
        else:
            old = _weighted(segment[0], new_share)
        left = self._distance(old, new)
        return float(np.clip(1.0 - left / whole, 0.0, 1.0))

    def _distance(self, old: Floats, new: Floats) -> float:
        """Squared distance between the means of both sides, less what chance alone would make it."""
        old, new = old / old.sum(), new / new.sum()
        gap = new @ self.new - old @ self.old
        chance = self.alike * (self.spread[0] * (old**2).sum() + self.spread[1] * (new**2).sum())
        return float(gap @ gap - chance)


def whole_of(sides: tuple[Observation, Observation], space: Space, found: Sequence[Trait], alike: float) -> Whole:
    """All that is measured of the placed rows of reference and window."""
    rows = (space.old_rows, space.new_rows)
    labels = [
        side.rows["output"][of_side].fill_null("(unknown)").to_list() for side, of_side in zip(sides, rows, strict=True)
    ]
    blocks = [
        (space.old, space.new),
        _written(found, rows),
        _answered(labels[0], labels[1]),
    ]
    scaled = [_scaled(old, new) for old, new in blocks if old.shape[1]]
    both = [np.hstack(of_side).astype(np.float64) for of_side in zip(*scaled, strict=True)]
    return Whole(old=both[0], new=both[1], alike=alike, spread=(_variance(both[0]), _variance(both[1])))


def _variance(side: Floats) -> float:
    return float(side.var(axis=0).sum())


def _weighted(inside: Marks, share: float) -> Floats:
    now = float(inside.mean())
    if now in (0.0, 1.0):
        return np.ones(len(inside))
    return np.where(inside, share / now, (1 - share) / (1 - now))


def _written(found: Sequence[Trait], rows: tuple[NDArray[np.int64], NDArray[np.int64]]) -> tuple[Vectors, Vectors]:
    sides = [
        np.array([side[of_side] for side in marks], dtype=np.float32).reshape(len(found), len(of_side)).T
        for marks, of_side in (([t.old for t in found], rows[0]), ([t.new for t in found], rows[1]))
    ]
    together = np.sqrt((sides[0].var(axis=0) + sides[1].var(axis=0)) / 2 + np.ptp(_means(sides), axis=0) ** 2 / 4)
    kept = together > 0
    return sides[0][:, kept] / together[kept], sides[1][:, kept] / together[kept]


def _means(sides: Sequence[Vectors]) -> Floats:
    return np.array([side.mean(axis=0, dtype=np.float64) for side in sides])


def _answered(old: Sequence[str], new: Sequence[str]) -> tuple[Vectors, Vectors]:
    kept = [name for name, _ in sorted(Counter([*old, *new]).items(), key=lambda item: (-item[1], item[0]))[:LABELS]]
    place = {name: index for index, name in enumerate(kept)}
    sides = []
    for labels in (old, new):
        marks = np.zeros((len(labels), len(kept) + 1), dtype=np.float32)
        marks[np.arange(len(labels)), [place.get(name, len(kept)) for name in labels]] = 1.0
        sides.append(marks)
    return sides[0], sides[1]


def _scaled(old: Vectors, new: Vectors) -> tuple[Vectors, Vectors]:
    within = (old.var(axis=0, dtype=np.float64).sum() + new.var(axis=0, dtype=np.float64).sum()) / 2
    between = float(((old.mean(axis=0) - new.mean(axis=0)) ** 2).sum()) / 4
    scale = np.float32(1 / np.sqrt(max(within + between, 1e-12)))
    return old * scale, new * scale
