"""How does a policy go through what the ledger and the log hold, window by window?"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import log

from retrain.drift.policy import DriftPolicy
from retrain.drift.report import DriftReport
from retrain.errors import NotInStore
from retrain.pipeline.due import new_labels
from retrain.pipeline.judge import Verdict, measured, verdict
from retrain.pipeline.owed import next_window, read
from retrain.pipeline.reference import Embedding, embedding_for
from retrain.pipeline.saying import signals
from retrain.pipeline.site import Site
from retrain.pipeline.situation import request_of, situation_then
from retrain.production.window import Window
from retrain.store.events import Checked, Claimed, Ended, Event, Prepared, Trained
from retrain.store.fold import fold
from retrain.store.ledger import LedgerEntry
from retrain.store.state import Cause, Claim, State
from retrain.trigger.backtest import Course, Fire, How, Look
from retrain.trigger.decide import TriggerDecision, decide

CUTTING = {"window_hours", "min_rows", "max_windows_per_check"}
"""With others of these the windows themselves would have been others: they are cut anew from the log."""
JUDGING = {"rule", "false_retrains_per_year", "alarm_after", "alarm_within", "clear_after", *CUTTING}
TELLING = {"examples_in_reports", "redact", "reference_rows"}
"""With others of `JUDGING` and `TELLING`, a window's scores would have been the same: its stored report is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the store has of a window."""

    policy: DriftPolicy
    report: DriftReport


@dataclass(slots=True)
class Replay:
    """One policy's way through the ledger.

    As long as it decides as was decided, history is followed. After that its own retrains are taken to have ended at
    once without a promotion; promotions stay as they were, since the rows were answered by those champions.
    """

    site: Site
    gone: frozenset[tuple[datetime, datetime]]
    """Windows whose rows the log no longer holds."""
    state: State = field(default_factory=State)
    parted: bool = False
    cutting: bool = False
    """Whether windows are cut anew, since this policy would have cut others."""
    looks: list[Look] = field(default_factory=list)
    fires: dict[str, Fire] = field(default_factory=dict)
    _by_hand: set[str] = field(default_factory=set)
    _embedding: Embedding | None = None

    def run(self, entries: list[LedgerEntry]) -> Course:
        """Every entry in its order."""
        self._embedding = embedding_for(self.site)
        for entry in entries:
            event = entry.event
            if isinstance(event, Claimed) and event.claim.cause == "manual":
                self._by_hand.add(event.claim.id)
            if isinstance(event, Checked):
                self._checked(entry, event)
            elif not self._undone(event):
                self.state = fold(self.state, event, entry.at)
        return Course(looks=tuple(self.looks), fires=tuple(self.fires.values()))

    def _undone(self, event: Event) -> bool:
        """A step of a run that this policy would not have begun."""
        if not self.parted:
            return False
        if isinstance(event, Claimed):
            return event.claim.cause != "manual"
        return isinstance(event, Prepared | Trained | Ended) and event.claim not in self._by_hand

    def _checked(self, entry: LedgerEntry, event: Checked) -> None:
        at = replace(self.site, clock=lambda: entry.at)
        kept = _as_stored(self.site, event)
        self.cutting = self.cutting or (kept is not None and cuts_otherwise(self.site.spec.drift, kept.policy))
        if not self.cutting:
            self._look(at, event, kept)
            return
        self.parted = True
        while self.state.reference and (owed := next_window(at, self.state)).window is not None:
            if not self._cut(at, owed.window):
                return

    def _look(self, at: Site, event: Checked, kept: "Kept | None") -> None:
        if event.state == "insufficient_data":
            self._decide(at, event.model_copy(update={"monitor": self.state.monitor}), event)
            return
        report, how = self._report(at, event, kept)
        if report is None:
            self.looks.append(_lost(at.clock(), event.start, event.end, event.rows))
            return
        found = verdict(self.state, report, self.site.spec.drift)
        said = {"state": found.state, "monitor": found.monitor.model_dump(mode="json"), "evidence": found.evidence}
        told = signals(report.model_copy(update={"evidence": found.evidence}))
        decided = self._decide(at, event.model_copy(update={**said, "signals": told}), event)
        self.looks.append(_seen(at.clock(), decided, how, _strength(report, found, self.site.spec.drift)))

    def _cut(self, at: Site, window: Window) -> bool:
        """Judge a window that another policy would have cut; whether the next may be looked for."""
        if any(window.start < end and start < window.end for start, end in self.gone):
            self.looks.append(_lost(at.clock(), window.start, window.end, window.total))
            self.state = self.state.model_copy(update={"watermark": window.end})
            return True
        report = measured(at, self.state, window, self._embedding).report
        found = verdict(self.state, report, self.site.spec.drift)
        event = Checked(
            start=window.start,
            end=window.end,
            rows=window.total,
            state=found.state,
            signals=signals(report),
            monitor=found.monitor.model_dump(mode="json"),
        )
        decided = self._decide(at, event, event)
        self.looks.append(_seen(at.clock(), decided, "rows", _strength(report, found, self.site.spec.drift)))
        return found.state != "insufficient_data"

    def _report(self, at: Site, event: Checked, kept: "Kept | None") -> tuple[DriftReport | None, How]:
        """The stored one where the policy would have measured the same, else a new one, else none."""
        policy = self.site.spec.drift
        if kept is not None and _measures_alike(policy, kept.policy) and _knows(policy, kept.report):
            return kept.report, "stored"
        if (event.start, event.end) in self.gone:
            return None, "lost"
        window = read(at, event.start, event.end)
        return measured(at, self.state, window, self._embedding).report, "rows"

    def _decide(self, at: Site, event: Checked, recorded: Checked) -> Checked:
        """Fold the event with what the trigger says of it, and the retrain it asks for."""
        now = at.clock()
        state = fold(self.state, event, now)
        known: dict[str, int | None] = recorded.model_dump(include={"new_labels", "examples_missing"})
        asked = state.episode is not None and not state.episode.answered
        if asked and (self.parted or recorded.new_labels is None):
            known["new_labels"] = new_labels(at, self._drift_began(event))
        decision = decide(situation_then(state, now).model_copy(update=known), self.site.spec.trigger, now=now)
        said = {"retrain": decision.retrain, "waiting": decision.waiting, "labels_missing": decision.labels_missing}
        decided = event.model_copy(update={**said, "budget_used": decision.budget_used})
        self.parted = self.parted or decision.retrain != recorded.retrain
        self.state = fold(self.state, decided, now)
        request = request_of(self.site.model, self.state.model_copy(update={"claim": None}), decision, now)
        if request is not None:
            self.fires.setdefault(request, Fire(at=now, cause=decision.cause, request=request))
            if self.parted:
                self._imagine(decision, now)
        return decided

    def _drift_began(self, event: Checked) -> datetime:
        """The start of the first of the windows that were not quiet, back from this one."""
        began = event.start
        for look in reversed(self.looks):
            if look.state == "quiet":
                break
            began = min(began, look.start)
        return began

    def _imagine(self, decision: TriggerDecision, now: datetime) -> None:
        """A retrain that ends at once, and changes nothing but that it was."""
        cause: Cause = "schedule" if decision.cause == "schedule" else "drift"
        words = {"id": "replayed", "reason": "", "host": "", "process_start": ""}
        claim = Claim(cause=cause, at=now, expires_at=now, pid=0, **words)
        for event in (Claimed(claim=claim), Ended(claim=claim.id, outcome="held")):
            self.state = fold(self.state, event, now)


def cuts_otherwise(policy: DriftPolicy, other: DriftPolicy) -> bool:
    """Whether the windows themselves would be others."""
    return any(getattr(policy, name) != getattr(other, name) for name in CUTTING)


def _measures_alike(policy: DriftPolicy, other: DriftPolicy) -> bool:
    skipped = JUDGING | TELLING
    return policy.model_dump(exclude=skipped) == other.model_dump(exclude=skipped)


def _knows(policy: DriftPolicy, report: DriftReport) -> bool:
    """Whether a stored report has what the rule looks at."""
    return policy.rule != "evidently" or report.evidently is not None


def _as_stored(site: Site, event: Checked) -> Kept | None:
    if event.report is None:
        return None
    shelf = site.checks(event.end)
    try:
        policy = DriftPolicy.model_validate(json.loads(shelf.read(event.report, "policy.json"))["drift"])
        report = DriftReport.model_validate_json(shelf.read(event.report, "report.json"))
    except (NotInStore, ValueError, KeyError):
        # Pruned, or written by a program that measured other things: the rows have to tell.
        return None
    return Kept(policy=policy, report=report)


def _seen(at: datetime, event: Checked, how: How, strength: float | None) -> Look:
    words = event.model_dump(include={"start", "end", "rows", "state", "retrain"})
    return Look(at=at, how=how, strength=strength, **words)


def _lost(at: datetime, start: datetime, end: datetime, rows: int) -> Look:
    return Look(at=at, start=start, end=end, rows=rows, state="insufficient_data", retrain=False, how="lost")


def _strength(report: DriftReport, found: Verdict, policy: DriftPolicy) -> float | None:
    """Evidence against what an alarm needs, on the scale of logarithms; where windows are counted, the largest score
    against its threshold."""
    if found.unknown or not report.scores:
        return None
    if policy.rule == "budget" and found.evidence is not None:
        return log(max(found.evidence.total, 1.0)) / log(found.evidence.needed)
    return max(score.value / max(score.threshold, 1e-9) for score in report.scores)
