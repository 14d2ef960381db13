"""Do the latest windows together raise an alarm, keep one, or end it?"""

from pydantic import Field

from retrain.drift.policy import DriftPolicy
from retrain.drift.report import CheckState, DriftReport
from retrain.values import Value


class Monitor(Value):
    """What is remembered between windows."""

    recent: tuple[bool, ...] = ()
    """Whether each of the latest windows drifted, the newest last; at most the policy's `alarm_within`."""
    quiet_streak: int = Field(default=0, ge=0)
    """Quiet windows in a row, the newest included."""
    alarmed: bool = False


def advance(monitor: Monitor, report: DriftReport, policy: DriftPolicy) -> tuple[Monitor, CheckState]:
    """Take in one window. One that says too little changes nothing, so it neither ends an alarm nor delays one."""
    if says_too_little(report, policy) is not None:
        return monitor, "insufficient_data"
    drifted = bool(report.drifted)
    recent = (*monitor.recent, drifted)[-policy.alarm_within :]
    quiet_streak = 0 if drifted else monitor.quiet_streak + 1
    if monitor.alarmed and quiet_streak >= policy.clear_after:
        # The windows of the alarm are forgotten, or the first drifted window after it would raise the next.
        return Monitor(recent=(), quiet_streak=quiet_streak), "quiet"
    alarmed = monitor.alarmed or sum(recent) >= policy.alarm_after
    after = Monitor(recent=recent, quiet_streak=quiet_streak, alarmed=alarmed)
    if alarmed:
        return after, "alarm"
    return after, "warning" if drifted else "quiet"


def says_too_little(report: DriftReport, policy: DriftPolicy) -> str | None:
    """Why this window decides nothing, or None when it does."""
    needed = min(policy.reference_rows, policy.max_rows)
    if report.rows < policy.min_rows:
        return f"window has {report.rows} rows, {policy.min_rows} needed"
    if report.reference_rows < needed:
        return f"reference has {report.reference_rows} rows, {needed} needed"
    if not report.scores:
        return "no signal could be computed: " + "; ".join(f"{name} {why}" for name, why in report.not_watched.items())
    return None
