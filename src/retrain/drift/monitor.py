"""Do the latest windows together raise an alarm, keep one, or end it?"""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from retrain.drift.policy import DriftPolicy
from retrain.drift.report import CheckState, Deviation, DriftReport
from retrain.drift.sequential.budget import evidence, needed, rate, warning
from retrain.drift.sequential.pool import FIELDS, KEPT, limits, p_values, pooled, seen
from retrain.store.judged import Evidence
from retrain.values import Value

ANY_P = 0.05
DIGITS = 6
"""Of each number remembered: more would say nothing, and the ledger keeps them for ever."""

Memory = tuple[tuple[float, ...], ...]


class Monitor(Value):
    """What is remembered between windows."""

    recent: tuple[bool, ...] = ()
    """Whether each of the latest windows drifted, the newest last; at most the policy's `alarm_within`."""
    quiet_streak: int = Field(default=0, ge=0)
    """Calm windows in a row, the newest included."""
    alarmed: bool = False
    pooled: dict[str, Memory] = Field(default_factory=dict)
    """Signal to what its windows say together, in each memory."""
    raised_by: int = 0
    """Number of the shortest memory that raised the alarm: that one has to calm down for its end."""
    until: datetime | None = None
    """End of the newest window that was judged."""
    evidence: Evidence | None = None


def advance(monitor: Monitor, report: DriftReport, policy: DriftPolicy) -> tuple[Monitor, CheckState]:
    """Take in one window. One that says too little changes nothing, so it neither ends an alarm nor delays one."""
    if unjudged(monitor, report, policy) is not None:
        return monitor, "insufficient_data"
    if policy.rule == "budget":
        deviations = {score.signal: score.deviation for score in report.scores if score.deviation}
        after, state = pool_window(monitor, deviations, policy)
    else:
        after, state = _count_window(monitor, _drifted(report, policy), policy)
    return after.model_copy(update={"until": report.end}), state


def unjudged(monitor: Monitor, report: DriftReport, policy: DriftPolicy) -> str | None:
    """Why this window decides nothing, or None when it does."""
    if monitor.until is not None and report.start < monitor.until:
        return (
            f"the window begins at {report.start:%Y-%m-%d %H:%M}, and rows to {monitor.until:%Y-%m-%d %H:%M} were "
            f"judged: no row counts twice"
        )
    return says_too_little(report, policy)


def says_too_little(report: DriftReport, policy: DriftPolicy) -> str | None:
    """Why such a window decides nothing, whatever came before it."""
    rows = min(policy.reference_rows, policy.max_rows)
    if report.rows < policy.min_rows:
        return f"window has {report.rows} rows, {policy.min_rows} needed"
    if report.reference_rows < rows:
        return f"reference has {report.reference_rows} rows, {rows} needed"
    if not report.scores:
        return "no signal could be computed: " + "; ".join(f"{name} {why}" for name, why in report.not_watched.items())
    return None


def pool_window(
    monitor: Monitor, deviations: Mapping[str, Deviation], policy: DriftPolicy
) -> tuple[Monitor, CheckState]:
    """Alarm where what the windows say together is rarer by chance than the budget allows."""
    names = sorted(deviations)
    window = seen([deviations[name] for name in names])
    before = np.array([monitor.pooled.get(name, ((0.0,) * FIELDS,) * len(KEPT)) for name in names])
    memory = pooled(before.reshape(-1, len(KEPT), FIELDS), window, limits(window, rate(policy, len(names))))
    found = evidence(p_values(memory, window, policy.effect_floor), len(names))
    said = _said(names, found, policy)
    kept = {**monitor.pooled, **dict(zip(names, map(_remembered, memory), strict=True))}
    over = np.flatnonzero(found.max(axis=0, initial=1.0) >= said.needed)
    raised_by = monitor.raised_by if monitor.alarmed or not len(over) else int(over[0])
    calm = bool(found[:, : raised_by + 1].max(initial=1.0) < said.warning)
    quiet_streak = monitor.quiet_streak + 1 if calm else 0
    if monitor.alarmed and quiet_streak >= policy.clear_after:
        # What raised the alarm is forgotten, or its remains would raise the next.
        return Monitor(quiet_streak=quiet_streak, evidence=said), "quiet"
    alarmed = monitor.alarmed or bool(len(over))
    after = Monitor(quiet_streak=quiet_streak, alarmed=alarmed, pooled=kept, raised_by=raised_by, evidence=said)
    if alarmed:
        return after, "alarm"
    return after, "quiet" if said.total < said.warning else "warning"


def _said(names: list[str], found: NDArray[np.float64], policy: DriftPolicy) -> Evidence:
    of_signal = found.max(axis=1, initial=1.0)
    return Evidence(
        total=_short(of_signal.max(initial=1.0)),
        warning=_short(warning(policy)),
        needed=_short(needed(policy)),
        signals=dict(zip(names, map(_short, of_signal), strict=True)),
    )


def _remembered(memory: NDArray[np.float64]) -> Memory:
    return tuple(tuple(map(_short, row)) for row in memory)


def _short(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")


def _drifted(report: DriftReport, policy: DriftPolicy) -> bool:
    """Whether the window alone counts as drifted, under the rules that count windows."""
    if policy.rule == "p_value":
        return any(score.p_value is not None and score.p_value < ANY_P for score in report.scores)
    if policy.rule == "evidently":
        return report.evidently is True
    return bool(report.drifted)


def _count_window(monitor: Monitor, drifted: bool, policy: DriftPolicy) -> tuple[Monitor, CheckState]:  # noqa: FBT001
    """Alarm at enough drifted windows among the latest; at the first one under the rules that know only one window."""
    within, enough = (policy.alarm_within, policy.alarm_after) if policy.rule == "windows" else (1, 1)
    recent = (*monitor.recent, drifted)[-within:]
    quiet_streak = 0 if drifted else monitor.quiet_streak + 1
    if monitor.alarmed and quiet_streak >= policy.clear_after:
        # The windows of the alarm are forgotten, or the first drifted window after it would raise the next.
        return Monitor(recent=(), quiet_streak=quiet_streak), "quiet"
    alarmed = monitor.alarmed or sum(recent) >= enough
    after = Monitor(recent=recent, quiet_streak=quiet_streak, alarmed=alarmed)
    if alarmed:
        return after, "alarm"
    return after, "warning" if drifted else "quiet"
