"""Has the world changed? Work off the owed windows, judge each, and say whether a retrain is due."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Literal

from retrain.drift.attribution.sentences import told
from retrain.pipeline.due import Due, due
from retrain.pipeline.groups import watch
from retrain.pipeline.judge import Measured, measured, verdict
from retrain.pipeline.owed import Owed, late_rows, next_window
from retrain.pipeline.reference import Embedding, embedding_for, gather_reference
from retrain.pipeline.saying import moved, reasons_of, signals
from retrain.pipeline.site import Site
from retrain.pipeline.situation import request_of
from retrain.production.window import Window
from retrain.store.events import Checked
from retrain.store.fold import fold
from retrain.store.judged import CheckState, DriftKind, Evidence, Fairness, Performance, SegmentShare, Signal
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import State
from retrain.values import Value, canonical_json, counted


class WindowSeen(Value):
    """The window that the answer is about."""

    start: datetime | None
    end: datetime | None
    rows: int
    estimated: bool = False
    """Whether `rows` is a close estimate: there were more than a million ids."""


class CheckResult(Value):
    """What `retrain check` answers."""

    model: str
    window: WindowSeen
    state: CheckState
    """Of that window."""
    state_now: CheckState
    """What is known now: `insufficient_data` where too few rows have come since that window."""
    signals: tuple[Signal, ...]
    evidence: Evidence | None
    """Under a budget: how rare chance would make what the latest windows say together, and how rare it must be."""
    retrain: bool
    proposed: bool
    """A drift alarm asks for one, and a drill has refuted the alarm budget, or it looks like broken data: a person may
    run it, nobody else does."""
    cause: Literal["drift", "schedule", "manual", "none"]
    request: str | None
    """The id of the retrain that is owed; none when none is. The same need keeps its id."""
    reasons: tuple[str, ...]
    report: str | None
    """Address of the HTML report."""
    broken_rows: dict[str, int]
    """Reason to the number of rows of that window that could not be used."""
    performance: Performance | None
    """Accuracy of that window, estimated without labels and counted from those there are; none when none was judged."""
    kind: DriftKind | None
    """What a warning or an alarm looks like; none when the window is quiet."""
    segments: tuple[SegmentShare, ...]
    """What changed in it, those that account for most of the drift first."""
    fairness: Fairness | None
    """What the watch over groups says. `not_enough_evidence` is not fair."""
    late_rows: int
    """Rows that came after the window before it was judged."""
    windows: int
    """Windows judged by this check: 0 when nothing was owed, several after an outage."""


def check(site: Site) -> CheckResult:
    """One drift check: every owed window, in order, at most the policy's `max_windows_per_check`.

    A second check at the same time finds the watermark moved and the window judged; it judges none twice.
    """
    judged: list[Checked] = []
    embedding = embedding_for(site)
    while len(judged) < site.spec.drift.max_windows_per_check:
        state = site.ledger.state()
        if state.reference is None:
            missing = gather_reference(site, state, embedding)
            if missing is not None:
                return _unknown(site, missing.reason, missing.broken)
            continue
        owed = next_window(site, state)
        if owed.window is None:
            return _nothing_owed(site, owed, judged)
        event = _judge(site, state, owed.window, embedding)
        if event is None:
            continue
        if event.state == "insufficient_data":
            # Rows enough, but nothing in them that can be watched: the watermark stays, so going on would not end.
            return _answer(site, judged, event.changes)
        judged.append(event)
    return _answer(site, judged, ())


def _judge(site: Site, state: State, window: Window, embedding: Embedding | None) -> Checked | None:
    """Score a window and append the verdict; none when another check was quicker."""
    event = _examined(site, state, window, embedding)

    def draft(newest: LedgerEntry | None) -> Draft | None:
        now = newest.state if newest else State()
        if (now.watermark, now.reference) != (state.watermark, state.reference):
            return None
        asked = due(site, fold(now, event, site.clock()))
        decided = event.model_copy(update=_trigger_said(site, asked))
        evidence = {"report": event.report or "", "reference": state.reference or ""}
        return Draft(
            event=decided, reasons=(*reasons_of(event), *asked.decision.reasons), actor=site.actor, evidence=evidence
        )

    entry = site.ledger.append(draft)
    return entry.event if entry and isinstance(entry.event, Checked) else None


def _examined(site: Site, state: State, window: Window, embedding: Embedding | None) -> Checked:
    """What is to be said of a window; its report is stored."""
    seen = measured(site, state, window, embedding)
    found = verdict(state, seen.report, site.spec.drift)
    memory, fairness = watch(site, state, seen.window)
    said = {"state": found.state, "evidence": found.evidence, "fairness": fairness}
    report = seen.report.model_copy(update=said)
    return Checked(
        start=window.start,
        end=window.end,
        rows=window.total,
        estimated=window.estimated,
        state=found.state,
        signals=signals(report),
        monitor=found.monitor.model_dump(mode="json"),
        report=_publish(site, replace(seen, report=report), found.state),
        broken=report.quarantined,
        performance=report.performance,
        moved=moved(report),
        evidence=report.evidence,
        changes=(found.unknown,) if found.unknown else told(report),
        segments=tuple(SegmentShare.model_validate(one, from_attributes=True) for one in report.segments),
        drift_kind=report.kind,
        fairness=fairness,
        fairness_memory=memory.model_dump(mode="json"),
        breach_retrains=fairness.state == "breach" and site.spec.fairness.on_breach == "retrain",
        late=late_rows(site, state),
    )


def _publish(site: Site, seen: Measured, said: CheckState) -> str:
    """Store report.json, report.html and what was broken; complete before the ledger names them."""
    # Evidently takes four seconds and 290 MB to import: only when a page is to be drawn.
    from retrain.drift.report_evidently import render  # noqa: PLC0415

    report, window = seen.report, seen.window
    html, json = render(report, window, seen.profile, site.spec.drift)
    files: dict[str, bytes] = {
        "report.json": report.canonical(),
        "report.html": html,
        "evidently.json": json,
        "quarantine.json": canonical_json([asdict(row) for row in window.broken]),
        "policy.json": canonical_json(site.spec.model_dump(mode="json", include={"drift", "trigger"})),
    }
    return site.checks(window.end).put(files, {"state": said, "rows": window.total})


def _nothing_owed(site: Site, owed: Owed, judged: Sequence[Checked]) -> CheckResult:
    if owed.too_few is not None:
        _record_insufficient(site, owed.too_few)
    return _answer(site, judged, (owed.reason,) if owed.too_few or not judged else ())


def _record_insufficient(site: Site, window: Window) -> None:
    """Unknown is a state of its own in the ledger; once a window end, since a check an hour would say nothing new."""

    def draft(newest: LedgerEntry | None) -> Draft | None:
        state = newest.state if newest else State()
        said = state.starved is not None and state.starved.end == window.end
        if said or state.watermark != window.start:
            return None
        event = Checked(
            start=window.start,
            end=window.end,
            rows=window.total,
            state="insufficient_data",
            monitor=state.monitor,
            broken=window.quarantined,
        )
        event = event.model_copy(update=_trigger_said(site, due(site, fold(state, event, site.clock()))))
        reason = (
            f"{counted(window.total, 'row')} since {window.start:%Y-%m-%d %H:%M} UTC, {site.spec.drift.min_rows} needed"
        )
        return Draft(event=event, reasons=(reason,), actor=site.actor)

    site.ledger.append(draft)


def _answer(site: Site, judged: Sequence[Checked], reasons: tuple[str, ...]) -> CheckResult:
    """About the newest window: the last one judged now, or else the last one in the ledger."""
    state = site.ledger.state()
    decision = due(site, state).decision
    last = state.last_check
    if last is None or (state.starved and not judged):
        before = (f"the window before it, to {last.end:%Y-%m-%d %H:%M} UTC, is {last.state}",) if last else ()
        return _unknown(site, "; ".join((*reasons, *before)))
    newest = _newest_judged(site, judged)
    report = site.checks(last.end).address(last.report, "report.html") if last.report else None
    return CheckResult(
        model=site.model,
        window=WindowSeen(
            start=last.start, end=last.end, rows=last.rows, estimated=newest.estimated if newest else False
        ),
        state=last.state,
        state_now="insufficient_data" if state.starved else last.state,
        signals=newest.signals if newest else (),
        evidence=newest.evidence if newest else None,
        retrain=decision.retrain,
        proposed=decision.proposed,
        cause=decision.cause,
        request=request_of(site.model, state, decision, site.clock()),
        reasons=(*reasons, *reasons_of(newest), *decision.reasons),
        report=report,
        broken_rows=newest.broken if newest else {},
        performance=newest.performance if newest else None,
        kind=newest.drift_kind if newest and newest.state in ("warning", "alarm") else None,
        segments=newest.segments if newest else (),
        fairness=newest.fairness if newest else None,
        late_rows=newest.late if newest else 0,
        windows=len(judged),
    )


def _unknown(site: Site, reason: str, broken: dict[str, int] | None = None) -> CheckResult:
    """Not enough rows to judge anything; the schedule may ask for a retrain all the same."""
    state = site.ledger.state()
    decision = due(site, state).decision
    return CheckResult(
        model=site.model,
        window=WindowSeen(start=None, end=None, rows=0),
        state="insufficient_data",
        state_now="insufficient_data",
        signals=(),
        evidence=None,
        retrain=decision.retrain,
        proposed=decision.proposed,
        cause=decision.cause,
        request=request_of(site.model, state, decision, site.clock()),
        reasons=(reason, *decision.reasons),
        report=None,
        broken_rows=broken or {},
        performance=None,
        kind=None,
        segments=(),
        fairness=None,
        late_rows=0,
        windows=0,
    )


def _newest_judged(site: Site, judged: Sequence[Checked]) -> Checked | None:
    if judged:
        return judged[-1]
    events = (entry.event for entry in site.ledger.backwards())
    return next((e for e in events if isinstance(e, Checked) and e.state != "insufficient_data"), None)


def _trigger_said(site: Site, asked: Due) -> dict[str, Any]:
    decision = asked.decision
    return {
        "new_labels": asked.situation.new_labels,
        "examples_missing": asked.situation.examples_missing,
        "labels_missing": decision.labels_missing,
        "retrain": decision.retrain,
        "waiting": decision.waiting,
        "budget_used": decision.budget_used,
        "unpromoted_limit": site.spec.trigger.max_unpromoted,
        "budget_limit": site.spec.trigger.max_runs_per_year,
        "situation": asked.situation.model_dump(mode="json"),
        "asked_at": asked.at,
    }
