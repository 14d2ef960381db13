"""In which windows do labels show that the model had become worse, whatever a policy said of them?"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from retrain.drift.check import observed
from retrain.drift.performance.known import performance
from retrain.errors import LogError
from retrain.pipeline.answers import with_answers
from retrain.pipeline.owed import read
from retrain.pipeline.reference import load_reference
from retrain.pipeline.site import Site
from retrain.store.events import Checked
from retrain.store.judged import Performance
from retrain.store.ledger import LedgerEntry
from retrain.store.state import State
from retrain.values import Value


class Fall(Value):
    """A window whose labels put the accuracy below what was measured without drift."""

    start: datetime
    end: datetime
    labelled: int
    accuracy: float
    high: float
    expected: float
    note: str | None
    """Why the labels may not speak for all rows of the window."""


def falls(site: Site, entries: Sequence[LedgerEntry]) -> tuple[Fall, ...]:
    """By the labels that there are by now; a window without enough of them, or without rows, shows nothing."""
    return tuple(_falls(site, entries))


def _falls(site: Site, entries: Sequence[LedgerEntry]) -> Iterator[Fall]:
    if site.spec.production.labels is None:
        return
    for entry in entries:
        event = entry.event
        if not isinstance(event, Checked) or event.state == "insufficient_data" or entry.state.reference is None:
            continue
        labelled, expected = _known(site, entry.state, event)
        if labelled is not None and expected is not None and (labelled.labelled.high or 1.0) < expected:
            seen = labelled.labelled
            yield Fall(
                start=event.start,
                end=event.end,
                labelled=seen.rows,
                accuracy=seen.value or 0.0,
                high=seen.high or 0.0,
                expected=expected,
                note=seen.note,
            )


def _known(site: Site, state: State, event: Checked) -> tuple[Performance | None, float | None]:
    """The window's accuracy, and what the champion had where it was measured."""
    try:
        window = read(site, event.start, event.end)
        if window.rows.is_empty():
            return None, None
        profile, window = with_answers(site, state, load_reference(site, state), window)
        current = observed(window, profile, site.spec.drift, None)
    except LogError:
        return None, None
    found = performance(profile.seen, current)
    return found, found.expected
