"""Which segments may account for a drift? Labels, groups, words, clusters, ways of writing, damage, unfamiliar rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retrain.drift.attribution.clusters import clusters
from retrain.drift.attribution.quoting import redacted
from retrain.drift.attribution.space import Space
from retrain.drift.attribution.terms import nameable, risen
from retrain.drift.attribution.traits import Trait
from retrain.drift.observation import Observation
from retrain.drift.policy import DriftPolicy
from retrain.drift.report import SegmentKind
from retrain.drift.signals import MIN_REFERENCE, beyond

# Answers of which half are different are generated texts, no labels.
MOST_LABELS = 0.5
FAR = "far from every reference row"

Rows = NDArray[np.int64]
Marks = NDArray[np.float32]
Sides = tuple[Observation, Observation]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Segments of one kind, one a column, over those rows of each side for which it is known."""

    what: SegmentKind
    names: Sequence[str]
    before: Marks
    after: Marks
    old_rows: Rows
    new_rows: Rows
    order: Rows
    """The window's rows in the order in which they are quoted."""
    looked_at: int
    """How many were looked at, those left out beforehand included."""

    by_distance: bool = False
    """Whether strange rows are strange by their distance to every reference row."""

    @property
    def rises_only(self) -> bool:
        """A word that fell away, or fewer strange rows, are no news of their own."""
        return self.what in ("term", "unfamiliar")


def candidates(sides: Sides, space: Space, found: Sequence[Trait], policy: DriftPolicy) -> Iterator[Candidates]:
    """One after another; none without a column."""
    for made in (
        *_labels(sides, policy),
        *_groups(sides, policy),
        *_terms(sides, policy),
        *_clusters(space),
        *_traits(found),
        *_unfamiliar(sides),
    ):
        if made.before.shape[1] and len(made.before) and len(made.after):
            yield made


def _labels(sides: Sides, policy: DriftPolicy) -> Iterator[Candidates]:
    old, new = (side.rows["output"].fill_null("(unknown)").to_list() for side in sides)
    if len({*old, *new}) <= MOST_LABELS * (len(old) + len(new)):
        yield _values("label", "", (old, new), policy)


def _groups(sides: Sides, policy: DriftPolicy) -> Iterator[Candidates]:
    reference, current = sides
    for column in sorted(name for name in current.rows.columns if name.startswith("group_")):
        if column in reference.rows.columns:
            old, new = (side.rows[column].fill_null("(unknown)").to_list() for side in sides)
            yield _values("group", f"{column.removeprefix('group_')}=", (old, new), policy)


def _values(what: SegmentKind, prefix: str, values: tuple[list[str], list[str]], policy: DriftPolicy) -> Candidates:
    names = sorted({*values[0], *values[1]})
    before, after = (one_hot(names, side) for side in values)
    shown = [prefix + redacted(name, policy) for name in names]
    return _on_all_rows(what, shown, (before, after))


def _terms(sides: Sides, policy: DriftPolicy) -> Iterator[Candidates]:
    """Words that became more frequent; none where nothing of a text may be quoted."""
    if policy.examples_in_reports == 0:
        return
    old, new = (nameable(side.texts, side.properties.words, policy) for side in sides)
    names, looked_at = risen(new, old)
    before, after = (
        np.array([[name in words for name in names] for words in side], dtype=np.float32).reshape(len(side), len(names))
        for side in (old, new)
    )
    yield _on_all_rows("term", names, (before, after), looked_at)


def _clusters(space: Space) -> Iterator[Candidates]:
    places = np.vstack([space.old, space.new])
    cut = len(space.old)
    if not cut or cut == len(places):
        return
    parts = clusters(places)
    marks = np.zeros((len(places), len(parts)), dtype=np.float32)
    for column, rows in enumerate(parts):
        marks[rows, column] = 1.0
    yield Candidates(
        what="cluster",
        # Named when shown: a name costs more than a share.
        names=[f"cluster {column + 1}" for column in range(len(parts))],
        before=marks[:cut],
        after=marks[cut:],
        old_rows=space.old_rows,
        new_rows=space.new_rows,
        order=np.arange(len(space.new)),
        looked_at=len(parts),
    )


def _traits(found: Sequence[Trait]) -> Iterator[Candidates]:
    kinds: tuple[Literal["style", "damage"], ...] = ("style", "damage")
    for what in kinds:
        of_kind = [trait for trait in found if trait.what == what]
        if of_kind:
            before, after = (
                np.stack(side, axis=1).astype(np.float32)
                for side in ([trait.old for trait in of_kind], [trait.new for trait in of_kind])
            )
            yield _on_all_rows(what, [trait.name for trait in of_kind], (before, after))


def _unfamiliar(sides: Sides) -> Iterator[Candidates]:
    """Rows in the upper 5 % of the reference's strangeness, by the best measure there is."""
    name, (old, new), (old_rows, new_rows) = _strangeness(*sides)
    old_known, new_known = ~np.isnan(old), ~np.isnan(new)
    old, new = old[old_known], new[new_known]
    if len(old) < MIN_REFERENCE or len(new) == 0:
        return
    yield Candidates(
        what="unfamiliar",
        names=[name],
        before=beyond(old, old)[:, None],
        after=beyond(new, old)[:, None],
        old_rows=old_rows[old_known],
        new_rows=new_rows[new_known],
        order=np.argsort(-new, kind="stable"),
        looked_at=1,
        by_distance=name == FAR,
    )


def _strangeness(
    reference: Observation, current: Observation
) -> tuple[str, tuple[NDArray[np.float64], NDArray[np.float64]], tuple[Rows, Rows]]:
    every = np.arange(reference.rows.height), np.arange(current.rows.height)
    if reference.distances is not None and current.distances is not None:
        distances = (reference.distances, current.distances)
        return FAR, distances, (reference.embedded, current.embedded)
    old, new = reference.column("entropy"), current.column("entropy")
    if not np.isnan(new).all() and not np.isnan(old).all():
        return "the model is unsure", (old, new), every
    return "words the reference does not have", (reference.unseen, current.unseen), every


def _on_all_rows(what: SegmentKind, names: Sequence[str], marks: tuple[Marks, Marks], looked_at: int = 0) -> Candidates:
    before, after = marks
    return Candidates(
        what=what,
        names=names,
        before=before,
        after=after,
        old_rows=np.arange(len(before)),
        new_rows=np.arange(len(after)),
        order=np.arange(len(after)),
        looked_at=looked_at or len(names),
    )


def one_hot(names: Sequence[str], values: Sequence[str]) -> Marks:
    """One column a name, one row a value."""
    place = {name: index for index, name in enumerate(names)}
    marks = np.zeros((len(values), len(names)), dtype=np.float32)
    marks[np.arange(len(values)), [place[value] for value in values]] = 1.0
    return marks
