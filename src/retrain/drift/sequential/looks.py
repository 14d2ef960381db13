"""What does the monitor say of the reference's own windows? Each goes through the functions that production's do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from retrain.drift.check import report_of
from retrain.drift.monitor import Monitor, advance
from retrain.drift.observation import Observation
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile
from retrain.production.window import Window
from retrain.store.judged import CheckState

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One look, and the monitor after it."""

    monitor: Monitor
    state: CheckState
    opened: bool
    """Whether it raised an alarm that was not there before."""


def looked(
    profile: ReferenceProfile,
    looks: Iterable[tuple[Numbers, Observation]],
    policy: DriftPolicy,
    monitor: Monitor | None = None,
) -> Iterator[Looked]:
    """Judge windows of the reference one after the other, each against the rows of the reference that it is not.

    A look is the numbers of those rows that the window was cut out of, and the window itself. No look is refused
    for its few rows: how many there are of the whole reference was judged before.
    """
    monitor = monitor or Monitor()
    lenient = policy.model_copy(update={"min_rows": 1, "reference_rows": 1})
    step = timedelta(hours=policy.window_hours)
    everything = np.arange(profile.seen.rows.height)
    start = monitor.until or profile.end
    for cut, window in looks:
        rest = replace(profile, seen=profile.seen.taken(np.setdiff1d(everything, cut)))
        span = Window(start=start, end=start + step, rows=window.rows, total=window.rows.height)
        report = report_of(span, window, rest, policy, model="")
        begun, start = monitor.alarmed, span.end
        monitor, state = advance(monitor, report, lenient)
        yield Looked(monitor=monitor, state=state, opened=state == "alarm" and not begun)
