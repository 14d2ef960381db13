"""What changed? The segments that account for the drift, and what it looks like as a whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrain.drift.attribution.candidates import Candidates, Sides, candidates
from retrain.drift.attribution.explain import Whole, whole_of
from retrain.drift.attribution.kind import Found, kind_of
from retrain.drift.attribution.places import places_of
from retrain.drift.attribution.quoting import quotes
from retrain.drift.attribution.shares import RATE, bounds, chances, how_clustered, level_of
from retrain.drift.attribution.space import Space, space_of
from retrain.drift.attribution.terms import nameable, risen
from retrain.drift.attribution.traits import Trait, traits
from retrain.drift.observation import Observation
from retrain.drift.policy import DriftPolicy
from retrain.drift.report import DriftKind, Places, Segment
from retrain.drift.signals import MIN_REFERENCE
from retrain.values import Value

NAMED = 5
"""Segments of one kind in a report."""
LIKELIEST = 3
# Clusters that grew to this many times their share may be parts of one new topic.
GROWN_TIMES = 3
NAME_WORDS = 3
# A word that so many other rows have too names nothing.
COMMON = 0.05
# A cluster inside another one that is named already is not named again.
SAME = 0.5

Marks = NDArray[np.bool_]


class Attribution(Value):
    """What changed."""

    segments: tuple[Segment, ...] = ()
    kind: DriftKind | None = None
    kind_reason: str = ""
    places: Places | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Column:
    """One candidate, measured."""

    of: Candidates
    column: int
    chance: float
    alike: float
    explains: float | None = None

    @property
    def sure(self) -> bool:
        return self.chance <= RATE / self.of.looked_at

    @property
    def shares(self) -> tuple[float, float]:
        before, after = self.of.before[:, self.column], self.of.after[:, self.column]
        return float(before.mean(dtype=np.float64)), float(after.mean(dtype=np.float64))

    @property
    def grown(self) -> bool:
        """Whether most of its rows are new ones."""
        old, new = self.shares
        return new > GROWN_TIMES * old

    @property
    def weight(self) -> float:
        """What it explains, times the root of the share of its rows that are too many (or too few) for the other side:
        of clusters around the same rows the one that holds these rows and few others weighs most."""
        old, new = self.shares
        return (self.explains or 0.0) * float(np.sqrt(abs(new - old) / max(new, old)))

    def rows(self, height: int, *, new: bool) -> Marks:
        """Its rows among all rows of one side."""
        numbers = self.of.new_rows if new else self.of.old_rows
        marks = self.of.after if new else self.of.before
        inside = np.zeros(height, dtype=np.bool_)
        inside[numbers[marks[:, self.column] > 0]] = True
        return inside


def attribute(reference: Observation, current: Observation, policy: DriftPolicy, unreadable: float) -> Attribution:
    """Name the segments that moved; `unreadable` is the share of the log's rows that could not be used."""
    return attribution(reference, current, policy, unreadable)[0]


def attribution(
    reference: Observation, current: Observation, policy: DriftPolicy, unreadable: float
) -> tuple[Attribution, list[Marks]]:
    """What `attribute` says, and the window's rows of each segment, in its order."""
    if reference.rows.height < MIN_REFERENCE or current.rows.is_empty():
        return Attribution(), []
    sides = (reference, current)
    space, found = space_of(*sides), traits(*sides)
    measured = _measured(sides, space, found, policy)
    shown = _shown(measured, sides, space, found)
    shown_of = Counter(column.of.what for column in shown)
    segments = tuple(_segment(column, sides, shown_of[column.of.what], policy) for column in shown)
    rows = [column.rows(current.rows.height, new=True) for column in shown]
    kind, why = kind_of(_facts(shown, segments, rows, found), unreadable)
    places = places_of(space, [marks[space.new_rows] for marks in rows])
    return Attribution(segments=segments, kind=kind, kind_reason=why, places=places), rows


def _measured(sides: Sides, space: Space, found: Sequence[Trait], policy: DriftPolicy) -> list[_Column]:
    """Every candidate that moved at all."""
    columns: list[_Column] = []
    for made in candidates(sides, space, found, policy):
        alike = how_clustered(made.before, len(made.after), policy.calibration_blocks)
        chance = chances(made.before, made.after, alike)
        moved = made.after.mean(axis=0) - made.before.mean(axis=0)
        kept = np.flatnonzero(moved > 0 if made.rises_only else moved != 0)
        columns += [
            _Column(of=made, column=column, chance=float(chance[column]), alike=float(alike[column]))
            for column in kept.tolist()
        ]
    words = [column for column in columns if column.sure and column.of.what == "term"]
    grown = [column for column in columns if column.sure and column.grown and column.of.what == "cluster"]
    return [*columns, *_together(words), *_together(grown)]


def _together(parts: Sequence[_Column]) -> list[_Column]:
    """Rows in any of the surest: one topic is told in several words, and may fall into several clusters."""
    surest = sorted(parts, key=lambda column: column.chance)[:NAMED]
    if len(surest) < 2:
        return []
    made = surest[0].of
    columns = [column.column for column in surest]
    both = replace(
        made,
        names=[", ".join(made.names[column] for column in columns[:NAME_WORDS])],
        before=made.before[:, columns].max(axis=1, keepdims=True),
        after=made.after[:, columns].max(axis=1, keepdims=True),
    )
    # As sure as the least sure of them, and as clustered as the most clustered.
    chance, alike = max(column.chance for column in surest), max(column.alike for column in surest)
    return [_Column(of=both, column=0, chance=chance, alike=alike)]


def _shown(measured: list[_Column], sides: Sides, space: Space, found: Sequence[Trait]) -> list[_Column]:
    """The sure ones that explain most; where none is sure, the likeliest."""
    if not measured:
        return []
    likeliest = sorted(measured, key=lambda column: column.chance)[:LIKELIEST]
    whole = whole_of(sides, space, found, float(np.median([column.alike for column in measured])))
    looked_into = [column for column in measured if column.sure] or likeliest
    explained = [replace(column, explains=_explains(column, whole, sides, space)) for column in looked_into]
    return _chosen(explained, sides)


def _explains(column: _Column, whole: Whole, sides: Sides, space: Space) -> float | None:
    inside = (
        column.rows(sides[0].rows.height, new=False)[space.old_rows],
        column.rows(sides[1].rows.height, new=True)[space.new_rows],
    )
    old, new = column.shares
    return whole.explained(inside, old_share=old, new_share=new)


def _chosen(columns: Sequence[_Column], sides: Sides) -> list[_Column]:
    """At most NAMED of each kind, and of clusters inside each other the one that weighs more."""
    kept: list[_Column] = []
    for column in sorted(columns, key=lambda column: (-column.weight, column.chance)):
        alike = [one for one in kept if one.of.what == column.of.what]
        if len(alike) < NAMED and not any(_same(column, one, sides) for one in alike):
            kept.append(column)
    return kept


def _same(one: _Column, other: _Column, sides: Sides) -> bool:
    if one.of.what not in ("cluster", "term"):
        return False
    rows = [
        np.concatenate([column.rows(side.rows.height, new=bool(new)) for new, side in enumerate(sides)])
        for column in (one, other)
    ]
    return bool((rows[0] & rows[1]).sum() > SAME * min(rows[0].sum(), rows[1].sum()))


def _segment(column: _Column, sides: Sides, shown: int, policy: DriftPolicy) -> Segment:
    made = column.of
    before, after = made.before[:, column.column], made.after[:, column.column]
    low, high = bounds(before, after, column.alike, level=level_of(shown, made.looked_at))
    old, new = column.shares
    texts = sides[1].texts
    inside = after[made.order] > 0
    quoted = (texts[row] for row in made.new_rows[made.order[inside]].tolist())
    return Segment(
        what=made.what,
        name=_cluster_name(column, sides, policy) if made.what == "cluster" else made.names[column.column],
        reference_share=old,
        current_share=new,
        low=low,
        high=high,
        explains=column.explains,
        sure=column.sure,
        rows=int(after.sum()),
        examples=quotes(quoted, policy),
    )


def _cluster_name(column: _Column, sides: Sides, policy: DriftPolicy) -> str:
    """The words that its rows have and others have not; a number where no word may be named."""
    if policy.examples_in_reports == 0:
        return column.of.names[column.column]
    words = [word for side in sides for word in nameable(side.texts, side.properties.words, policy)]
    inside = np.concatenate([column.rows(side.rows.height, new=bool(new)) for new, side in enumerate(sides)])
    within, beyond = ([words[row] for row in np.flatnonzero(side).tolist()] for side in (inside, ~inside))
    names, _ = risen(within, beyond)
    often = Counter(word for of_row in beyond for word in of_row)
    telling = [name for name in names if often[name] <= COMMON * len(beyond)]
    return ", ".join((telling or names)[:NAME_WORDS]) or column.of.names[column.column]


def _facts(
    shown: Sequence[_Column], segments: Sequence[Segment], rows: Sequence[Marks], found: Sequence[Trait]
) -> list[Found]:
    weak = {trait.name for trait in found if not trait.strong}
    return [
        Found(
            segment=segment,
            rows=marks,
            strong=segment.name not in weak,
            by_distance=column.of.what == "unfamiliar" and column.of.by_distance,
        )
        for column, segment, marks in zip(shown, segments, rows, strict=True)
        if column.sure
    ]
