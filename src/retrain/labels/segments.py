"""Which rows belong to a segment that drifted, and are worth a label for it?"""

from retrain.drift.attribution.attribute import attribution
from retrain.drift.attribution.sentences import named
from retrain.drift.observation import Observation
from retrain.drift.policy import DriftPolicy
from retrain.store.judged import SegmentShare


def segments_of(reference: Observation, current: Observation, policy: DriftPolicy) -> list[str | None]:
    """For each row of `current` the segment that is most new among those it belongs to; none for other rows.

    Only what surely rose has rows to ask about, and damaged rows teach nothing. Where a segment had half the share
    before, one of two of its rows is nothing new: those of a narrower one are worth more.
    """
    found: list[str | None] = [None] * current.rows.height
    cause, rows = attribution(reference, current, policy, 0.0)
    risen = [(one, inside) for one, inside in zip(cause.segments, rows, strict=True) if _worth_a_label(one)]
    for segment, inside in sorted(risen, key=lambda pair: _known_before(pair[0])):
        found = [name or (named(segment) if within else None) for name, within in zip(found, inside, strict=True)]
    return found


def _worth_a_label(segment: SegmentShare) -> bool:
    return segment.sure and segment.what != "damage" and segment.current_share > segment.reference_share


def _known_before(segment: SegmentShare) -> tuple[float, str]:
    return segment.reference_share / segment.current_share, segment.name
