"""Is a retrain due now? By drift, by the champion's age or by hand, unless something has to be waited for.

For the same situation a later `now` never turns a yes into a no, and what was due during an outage is due after it.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from retrain.drift.report import CheckState
from retrain.trigger.policy import TriggerPolicy
from retrain.values import Value

Cause = Literal["drift", "schedule", "manual", "none"]

# Dates end with the year 9999; a policy that waits for longer than a century means "never", which must not overflow.
LONGEST_WAIT_HOURS = 24.0 * 36_525
MOST_DOUBLINGS = 60


class Situation(Value):
    """What the ledger says when the question is asked."""

    asked: Literal["check", "manual"] = "check"
    reason: str = ""
    """Why a person asks for it."""
    check_state: CheckState | None = None
    episode_open: bool = False
    episode_answered: bool = False
    """This episode had its retrain already, whatever became of the challenger."""
    champion_since: AwareDatetime | None = None
    last_retrain_ended: AwareDatetime | None = None
    """The last one that ended with a verdict; a refusal is none."""
    refusals_in_a_row: int = Field(default=0, ge=0)
    """Runs that were refused or failed since the last verdict."""
    last_refusal_at: AwareDatetime | None = None
    claim_active: bool = False
    """Another run holds a live claim."""


class TriggerDecision(Value):
    """Yes or no, and why."""

    retrain: bool
    cause: Cause
    reasons: tuple[str, ...]


def decide(situation: Situation, policy: TriggerPolicy, *, now: datetime) -> TriggerDecision:
    """Decide, with reasons for yes and for no. `now` carries a time zone."""
    waits = _waits(situation, policy, now)
    if situation.claim_active:
        return _no("another run holds the claim; its result counts, or its claim expires")
    if situation.asked == "manual":
        asked = f"asked for by hand: {situation.reason!r}" if situation.reason else "asked for by hand"
        return _yes("manual", asked, *(f"set aside: {wait}" for wait in waits))
    if situation.champion_since is None:
        return _no('no champion yet: run `retrain run MODEL --reason "first champion"`')
    drift_due, drift = _drift(situation, policy)
    old, age = _schedule(situation, policy, now)
    if not drift_due and not old:
        return _no("nothing to act on", drift, age)
    if waits:
        return _no(*waits, drift, age)
    return _yes("drift", drift, age) if drift_due else _yes("schedule", age, drift)


def due_by_age(situation: Situation, policy: TriggerPolicy) -> datetime | None:
    """When the champion's age asks for the next retrain; None without a champion."""
    since = situation.champion_since
    if since is None:
        return None
    counted = max(since, situation.last_retrain_ended or since)
    return counted + timedelta(hours=min(24 * policy.max_age_days, LONGEST_WAIT_HOURS))


def _drift(situation: Situation, policy: TriggerPolicy) -> tuple[bool, str]:
    if not policy.on_drift:
        return False, "drift does not trigger: on_drift is off"
    if situation.episode_open and situation.episode_answered:
        return False, "drift alarm open, already answered by a retrain"
    if situation.episode_open:
        return True, "drift alarm open, not answered yet"
    said = {
        "quiet": "no drift alarm open",
        "warning": "drift warning, no alarm yet",
        "alarm": "drift alarm without an open episode",
        "insufficient_data": "drift unknown: too few rows",
    }
    return False, said.get(situation.check_state or "", "drift unknown: not checked yet")


def _schedule(situation: Situation, policy: TriggerPolicy, now: datetime) -> tuple[bool, str]:
    """By the champion's age, or by the last retrain where that came later: a challenger not promoted answers too."""
    assert situation.champion_since is not None
    since = _past(situation.champion_since, now)
    tried = _past(situation.last_retrain_ended or since, now)
    limit = timedelta(hours=min(24 * policy.max_age_days, LONGEST_WAIT_HOURS))
    reason = f"champion is {_days(now - since)} d old"
    if tried > since:
        reason += f", last retrain ended {_days(now - tried)} d ago"
    return now - max(since, tried) >= limit, f"{reason}, limit {policy.max_age_days:g} d"


def _waits(situation: Situation, policy: TriggerPolicy, now: datetime) -> list[str]:
    """What forbids an automatic retrain now."""
    waits = []
    if situation.last_retrain_ended is not None:
        waits.append(_wait("cooldown until", situation.last_retrain_ended, policy.cooldown_hours, now))
    refused = situation.refusals_in_a_row
    if refused and situation.last_refusal_at is not None:
        hours = min(policy.refusal_retry_hours * 2.0 ** min(refused - 1, MOST_DOUBLINGS), policy.max_retry_hours)
        waits.append(
            _wait(
                f"after {refused} refused or failed runs in a row, next try not before",
                situation.last_refusal_at,
                hours,
                now,
            )
        )
    return [wait for wait in waits if wait is not None]


def _wait(name: str, stamp: datetime, hours: float, now: datetime) -> str | None:
    """The reason to wait, or None once the hours since the stamp are over."""
    start = _past(stamp, now)
    end = start + timedelta(hours=min(hours, LONGEST_WAIT_HOURS))
    if now >= end:
        return None
    doubt = f" (stamped {_shown(stamp)}, in the future: check the clock)" if stamp > now else ""
    return f"{name} {_shown(end)}{doubt}"


def _past(stamp: datetime, now: datetime) -> datetime:
    """A stamp from the future, after a clock jumped backwards, counts as now."""
    return min(stamp, now)


def _days(age: timedelta) -> str:
    """Rounded down, so that what is shown as 91 has reached 91."""
    return f"{math.floor(age / timedelta(days=1) * 10) / 10:g}"


def _shown(stamp: datetime) -> str:
    return f"{stamp.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _yes(cause: Cause, *reasons: str) -> TriggerDecision:
    return TriggerDecision(retrain=True, cause=cause, reasons=reasons)


def _no(*reasons: str) -> TriggerDecision:
    return TriggerDecision(retrain=False, cause="none", reasons=reasons)
