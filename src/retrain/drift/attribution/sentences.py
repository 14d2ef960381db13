"""How does a person say what changed?"""

from retrain.drift.report import DriftReport
from retrain.store.judged import SegmentShare

TOLD = 5
"""What a person reads at a glance; the report has all of them."""
NAMES = {
    "cluster": "topic {!r}",
    "label": "label {!r}",
    "group": "group {!r}",
    "term": "word {!r}",
    "style": "writing: {}",
    "damage": "damage: {}",
    "unfamiliar": "unfamiliar rows: {}",
}


def told(report: DriftReport) -> tuple[str, ...]:
    """What it looks like, and the segments that account for most of it; of a quiet window what is sure alone."""
    quiet = report.state not in ("warning", "alarm")
    segments = [segment for segment in report.segments if segment.sure or not quiet]
    said = tuple(sentence(segment) for segment in segments[:TOLD])
    if quiet or report.kind is None:
        return said
    return (
        f"it looks like {report.kind}: {report.kind_reason}" if report.kind != "unclear" else _unclear(report),
        *said,
    )


def named(segment: SegmentShare) -> str:
    """What kind of segment, and its name."""
    return NAMES[segment.what].format(segment.name)


def sentence(segment: SegmentShare) -> str:
    """One segment."""
    shares = f"went from {segment.reference_share:.1%} to {segment.current_share:.1%} of rows"
    between = f"({100 * segment.low:+.1f} to {100 * segment.high:+.1f} points)"
    said = f"{named(segment)} {shares} {between}"
    if not segment.sure:
        return f"{said}; this may be chance"
    return f"{said}; {part}" if (part := explained(segment.explains)) else said


def explained(part: float | None) -> str:
    """Its part of the drift; nothing where that is unknown or would be read as 0 %."""
    return "" if part is None or round(100 * part) == 0 else f"accounts for {part:.0%} of the drift"


def _unclear(report: DriftReport) -> str:
    return f"what kind of drift it is cannot be told: {report.kind_reason}"
