"""How is one window measured, and what does the monitor make of it? Writes nothing: checks and backtests share it."""

from dataclasses import dataclass

from retrain.drift.check import examine
from retrain.drift.monitor import Monitor, advance, unjudged
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile
from retrain.drift.report import DriftReport
from retrain.pipeline.answers import with_answers
from retrain.pipeline.reference import Embedding, load_reference
from retrain.pipeline.site import Site
from retrain.production.window import Window
from retrain.store.judged import CheckState, Evidence
from retrain.store.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A window as it was compared, and with what."""

    report: DriftReport
    window: Window
    profile: ReferenceProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the monitor says of a window, and what it remembers."""

    state: CheckState
    monitor: Monitor
    unknown: str | None
    """Why the window decides nothing, when it does not."""

    @property
    def evidence(self) -> Evidence | None:
        """None of a window that decides nothing."""
        return None if self.unknown else self.monitor.evidence


def measured(site: Site, state: State, window: Window, embedding: Embedding | None) -> Measured:
    """Compare a window with the reference in the state, under the site's policy."""
    profile, window = with_answers(site, state, load_reference(site, state), window)
    embed = embedding.embed if embedding else None
    report = examine(window, profile, site.spec.drift, model=site.model, embed=embed)
    if site.spec.drift.rule == "evidently":
        from retrain.drift.report_evidently import default_verdict  # noqa: PLC0415  (seconds, and heavy)

        report = report.model_copy(update={"evidently": default_verdict(window, profile, site.spec.drift)})
    return Measured(report=report, window=window, profile=profile)


def verdict(state: State, report: DriftReport, policy: DriftPolicy) -> Verdict:
    """Advance the monitor in the state by one report."""
    before = Monitor.model_validate(state.monitor)
    monitor, said = advance(before, report, policy)
    return Verdict(state=said, monitor=monitor, unknown=unjudged(before, report, policy))
