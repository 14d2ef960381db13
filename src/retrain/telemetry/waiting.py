"""Which samples follow from a challenger that was left open?"""

from collections.abc import Iterator

from retrain.store.certificate import Pending
from retrain.telemetry import metrics as m
from retrain.telemetry.sample import Sample, known, moment, one_of


def waited_for(own: tuple[str], left: Pending | None) -> Iterator[Sample]:
    """What people are waited for; numbers only while one waits, as the spec had them when it began to."""
    yield from one_of(m.CHALLENGER_WAITING, own, m.WAITS_FOR, left.still_for if left else ())
    if left is None:
        return
    yield from moment(m.CHALLENGER_WAITING_SINCE, own, left.since)
    yield from moment(m.CHALLENGER_WAITING_ENDS, own, left.until)
    yield from known(m.CHALLENGER_LABELS, own, left.awaited.labels if left.awaited else None)
    yield from known(m.CHALLENGER_REVIEWERS, own, left.reviewers_missing)
