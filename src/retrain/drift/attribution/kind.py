"""What does a drift look like as a whole? Plain rules over measured shares, the first that holds decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrain.drift.attribution.sentences import named
from retrain.drift.report import DriftKind, Segment

# A cluster that holds five times its reference share was not there before, but for strays: where the mix alone changes,
# intents grow to two to four times their share.
NEW_TIMES = 5
# Style accounts for a new topic, or a known topic for strange rows, where it holds this share of its rows.
MOST = 0.5
# With this share of the log unreadable, what can still be read is no fair picture of it.
UNREADABLE = 0.05

Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A segment whose share moved by more than chance, and its rows in the window."""

    segment: Segment
    rows: Marks
    strong: bool = True
    """Whether a way of writing speaks of the writing alone."""
    by_distance: bool = False
    """Whether strange rows are strange by their distance to all reference rows: known topics then do not explain it."""


def kind_of(found: Sequence[Found], unreadable: float) -> tuple[DriftKind, str]:
    """The kind, and the fact that decided.

    In this order: damage first, since damaged rows also look new and badly spelt; then what was never seen, unless the
    way of writing accounts for it; then the writing, the mix, and what follows from either: lengths and digits.
    """
    if unreadable >= UNREADABLE:
        return "broken data", f"{unreadable:.1%} of the log's rows could not be read"
    return next(_that_hold(found), ("unclear", "no segment moved by more than chance"))


def _that_hold(found: Sequence[Found]) -> Iterator[tuple[DriftKind, str]]:
    damage = [one for one in found if one.segment.what == "damage" and _rose(one)]
    if damage:
        yield "broken data", _told(damage)
    style = [one for one in found if one.segment.what == "style" and one.strong and _rose(one)]
    new = [one for one in found if _is_new(one)]
    if new and _overlap(new, style) >= MOST:
        yield "change of style", f"{_told(style)}; that accounts for the rows that look new"
    elif new and not _is_known(new, found):
        yield "new topic", _told(new)
    if style:
        yield "change of style", _told(style)
    known = [one for one in found if one.segment.what in ("cluster", "label", "group") and not _is_new(one)]
    if known:
        yield "change of mix", _told(known)
    weak = [one for one in found if one.segment.what == "style" and not one.strong]
    if weak:
        yield "change of style", f"{_told(weak)}; the topics are the same"
    if found:
        yield "unclear", _told(found)


def _is_known(new: Sequence[Found], found: Sequence[Found]) -> bool:
    """Whether rows are strange only in that the model is unsure of them, and most lie in topics it knows that grew."""
    if any(one.by_distance or one.segment.what == "cluster" for one in new):
        return False
    grown = [one for one in found if one.segment.what in ("cluster", "label") and _rose(one)]
    return _overlap(new, grown) >= MOST


def _rose(one: Found) -> bool:
    return one.segment.current_share > one.segment.reference_share


def _is_new(one: Found) -> bool:
    segment = one.segment
    if segment.what == "unfamiliar":
        return True
    return segment.what == "cluster" and segment.current_share > NEW_TIMES * segment.reference_share


def _overlap(inner: Sequence[Found], outer: Sequence[Found]) -> float:
    """The share of the rows of some segments that lies in others."""
    if not inner or not outer:
        return 0.0
    inside = np.any([one.rows for one in inner], axis=0)
    also = inside & np.any([one.rows for one in outer], axis=0)
    return float(also.sum() / max(1, inside.sum()))


def _told(found: Sequence[Found]) -> str:
    largest = max(found, key=lambda one: abs(one.segment.current_share - one.segment.reference_share))
    segment = largest.segment
    shares = f"{segment.current_share:.1%} of rows, {segment.reference_share:.1%} in the reference"
    return f"{named(segment)}: {shares}"
