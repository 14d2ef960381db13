"""How does the ledger put what a check saw? Its signals, what moved, and its reasons in words."""

from retrain.drift.fairness.sentences import said
from retrain.drift.report import DriftReport
from retrain.store.events import Checked
from retrain.store.judged import Signal
from retrain.values import counted


def moved(report: DriftReport) -> dict[str, float]:
    """The largest change of each kind."""
    found: dict[str, float] = {}
    for segment in report.segments:
        if segment.sure:
            size = abs(segment.current_share - segment.reference_share)
            found[segment.what] = max(size, found.get(segment.what, 0.0))
    return found


def signals(report: DriftReport) -> tuple[Signal, ...]:
    of_signal = report.evidence.signals if report.evidence else {}
    return tuple(
        Signal(
            signal=s.signal,
            method=s.method,
            value=s.value,
            threshold=s.threshold,
            drifted=s.drifted,
            p_value=s.p_value,
            evidence=of_signal.get(s.signal),
        )
        for s in report.scores
    )


def reasons_of(event: Checked | None) -> tuple[str, ...]:
    """The drifted scores and what changed, in words; a quiet window says so too."""
    if event is None:
        return ()
    broken = [f"{counted(count, 'row')} could not be used: {reason}" for reason, count in event.broken.items()]
    drifted = [f"{s.signal} {s.value:.2f} >= {s.threshold:.2f} ({s.method})" for s in event.signals if s.drifted]
    if not drifted:
        drifted = [f"none of {len(event.signals)} signals drifted over {counted(event.rows, 'row')}"]
    changes = event.changes if event.state in ("warning", "alarm") else ()
    groups = said(event.fairness) if event.fairness and not event.fairness.reason else ()
    return (*drifted, *_evidence(event), *changes, *groups, *broken)


def _evidence(event: Checked) -> tuple[str, ...]:
    """The evidence of all windows together, against what an alarm needs."""
    seen = event.evidence
    if seen is None:
        return ()
    strongest = max(seen.signals, key=lambda name: seen.signals[name], default="")
    by = f" from {strongest}" if seen.total > 1 and strongest else ""
    return (f"evidence {seen.total:.3g} of {seen.needed:.0f} needed for an alarm{by}",)
