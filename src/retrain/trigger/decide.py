"""Is a retrain due now? By drift, quarter, age or hand, or for a run that died, unless something has to be waited for.

For the same situation a later `now` never turns a yes into a no, and what was due during an outage is due after it.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from retrain.drift.report import CheckState
from retrain.store.state import Cause as RunCause
from retrain.store.state import Wait
from retrain.trigger.policy import TriggerPolicy
from retrain.values import Value

Cause = Literal["drift", "schedule", "manual", "alert", "none"]

# Dates end with the year 9999; a policy that waits for longer than a century means "never", which must not overflow.
LONGEST_WAIT_HOURS = 24.0 * 36_525
MOST_DOUBLINGS = 60
QUARTER_MONTHS = (1, 4, 7, 10)
YEAR = timedelta(days=365)


class Situation(Value):
    """What the ledger says when the question is asked."""

    asked: Literal["check", "manual", "alert"] = "check"
    reason: str = ""
    """Why a person or an alert asks for it."""
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
    unpromoted: int = Field(default=0, ge=0)
    """Challengers in a row that were compared and not promoted, or rolled back by probation."""
    claim_active: bool = False
    """Another run holds a live claim."""
    interrupted: RunCause | None = None
    """What the run was for that died and left its work."""
    new_labels: int | None = Field(default=None, ge=0)
    """Labelled rows since the open drift began; none where that is not known."""
    examples_missing: int = Field(default=0, ge=0)
    """Labelled examples without which a run would surely be refused."""
    broken_data: bool = False
    """What drifted in the newest window looks like broken data."""
    refuted: str | None = None
    """Why a drift alarm may only propose a retrain: the false alarms of a drill, in numbers. None where it may ask."""
    begun: tuple[AwareDatetime, ...] = ()
    """When automatic runs began; those of the last 365 days count."""


class TriggerDecision(Value):
    """Yes or no, and why."""

    retrain: bool
    cause: Cause
    reasons: tuple[str, ...]
    waiting: tuple[Wait, ...] = ()
    """What an owed retrain waits for; empty where nothing is owed, or nothing has to be waited for."""
    budget_used: int = 0
    labels_missing: int = 0
    """Labelled examples that an owed retrain waits for."""

    @property
    def proposed(self) -> bool:
        """A drift alarm asks for a retrain, and may not start it: a person may."""
        return "drill" in self.waiting or "data" in self.waiting


def decide(situation: Situation, policy: TriggerPolicy, *, now: datetime) -> TriggerDecision:
    """Decide, with reasons for yes and for no. `now` carries a time zone."""
    used = _used(situation, now)
    decision = _decided(situation, policy, now)
    return decision.model_copy(update={"budget_used": used})


def _decided(situation: Situation, policy: TriggerPolicy, now: datetime) -> TriggerDecision:
    waits = _waits(situation, policy, now)
    if situation.claim_active:
        return _no("another run holds the claim; its result counts, or its claim expires")
    if situation.asked == "manual":
        asked = f"asked for by hand: {situation.reason!r}" if situation.reason else "asked for by hand"
        return _yes("manual", asked, *(f"set aside: {why}" for _, why in waits))
    if situation.interrupted is not None:
        # It was allowed when it began, and began once: going on with it needs no new leave.
        return _yes(situation.interrupted, "a run died and left its work: another one goes on with it")
    if situation.asked == "alert":
        return _by_alert(situation, waits)
    if situation.champion_since is None:
        return _no('no champion yet: run `retrain run MODEL --reason "first champion"`')
    return _by_itself(situation, policy, now, waits)


def _by_alert(situation: Situation, waits: list[tuple[Wait, str]]) -> TriggerDecision:
    """An alert is no person: one that flaps must not spend the year's budget, or what the cooldown saves."""
    asked = f"asked for by an alert: {situation.reason!r}"
    return _waiting(waits, situation.examples_missing, asked) or _yes("alert", asked)


def _by_itself(
    situation: Situation, policy: TriggerPolicy, now: datetime, waits: list[tuple[Wait, str]]
) -> TriggerDecision:
    drift_due, drift = _drift(situation, policy)
    scheduled, schedule = _schedule(situation, policy, now)
    if not drift_due and not scheduled:
        return _no("nothing to act on", drift, *schedule)
    # New labels are needed to answer drift, not to keep a date; examples enough are needed for both.
    lacked = lacks_new_labels(situation.new_labels, policy) if drift_due else 0
    missing = max(lacked if not scheduled else 0, situation.examples_missing)
    held = _for_a_person(situation, policy) if drift_due else []
    if (no := _waiting([*(held if not scheduled else []), *waits], missing, drift, *schedule)) is not None:
        return no
    by_drift = drift_due and not lacked and not held
    return _yes("drift", drift, *schedule) if by_drift else _yes("schedule", *schedule, drift)


def _for_a_person(situation: Situation, policy: TriggerPolicy) -> list[tuple[Wait, str]]:
    """Why a drift alarm may only propose: what it cannot be trusted with, or what a retrain does not mend."""
    waits: list[tuple[Wait, str]] = []
    if situation.refuted is not None:
        waits.append(("drill", f"a retrain is proposed, and waits for a person: {situation.refuted}"))
    if situation.broken_data and not policy.on_broken_data:
        waits.append(("data", "the drift looks like broken data, which a retrain would teach: mend the source"))
    return waits


def _waiting(waits: list[tuple[Wait, str]], missing: int, *asked: str) -> TriggerDecision | None:
    """No, for now: something that is due has to wait; none when it has not."""
    if missing:
        export = f"{missing} labelled examples missing (retrain labels export MODEL --budget {missing})"
        waits = [*waits, ("labels", export)]
    if not waits:
        return None
    waiting = {"waiting": tuple(kind for kind, _ in waits), "labels_missing": missing}
    return _no(*(why for _, why in waits), *asked).model_copy(update=waiting)


def lacks_new_labels(found: int | None, policy: TriggerPolicy) -> int:
    """How many labels of drifted rows are missing before a retrain could learn from them; none when that is unknown."""
    return 0 if found is None else max(policy.min_new_labels - found, 0)


def due_by_schedule(situation: Situation, policy: TriggerPolicy) -> datetime | None:
    """When age or quarter asks for the next retrain; None without a champion."""
    since = situation.champion_since
    if since is None:
        return None
    counted = max(since, situation.last_retrain_ended or since)
    by_age = counted + _at_most(24 * policy.max_age_days)
    if not policy.quarterly:
        return by_age
    return min(by_age, next_quarter(counted + _at_most(24 * policy.quarterly_min_age_days), policy.timezone))


def quarter_start(now: datetime, timezone: str) -> datetime:
    """When the quarter began that `now` lies in: midnight of that time zone, summer time included."""
    local = now.astimezone(ZoneInfo(timezone))
    month = max(first for first in QUARTER_MONTHS if first <= local.month)
    return datetime(local.year, month, 1, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def next_quarter(after: datetime, timezone: str) -> datetime:
    """The first start of a quarter at or after that time."""
    start = quarter_start(after, timezone)
    # A quarter has 90 to 92 days: 95 days on from its start lies in the next one.
    return start if start == after else quarter_start(start + timedelta(days=95), timezone)


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


def _schedule(situation: Situation, policy: TriggerPolicy, now: datetime) -> tuple[bool, tuple[str, ...]]:
    """By age, or because a quarter began; counted from the last retrain: a challenger not promoted answers too."""
    assert situation.champion_since is not None
    since = _past(situation.champion_since, now)
    tried = _past(situation.last_retrain_ended or since, now)
    answered = max(since, tried)
    age = f"champion is {_days(now - since)} d old"
    if tried > since:
        age += f", last retrain ended {_days(now - tried)} d ago"
    old = now - answered >= _at_most(24 * policy.max_age_days)
    quarter, why = _quarter(answered, policy, now)
    reasons = (f"{age}, limit {policy.max_age_days:g} d", why)
    return old or quarter, tuple(reason for reason in reasons if reason)


def _quarter(answered: datetime, policy: TriggerPolicy, now: datetime) -> tuple[bool, str]:
    if not policy.quarterly:
        return False, ""
    first = next_quarter(answered + _at_most(24 * policy.quarterly_min_age_days), policy.timezone)
    if now < first:
        return False, f"next quarterly retrain {_shown(first)}"
    return True, f"the quarter that began {_shown(quarter_start(now, policy.timezone))} has had no retrain yet"


def _used(situation: Situation, now: datetime) -> int:
    return sum(_past(stamp, now) > now - YEAR for stamp in situation.begun)


def _waits(situation: Situation, policy: TriggerPolicy, now: datetime) -> list[tuple[Wait, str]]:
    """What forbids an automatic retrain now."""
    waits: list[tuple[Wait, str | None]] = []
    if situation.last_retrain_ended is not None:
        waits.append(("cooldown", _wait("cooldown until", situation.last_retrain_ended, policy.cooldown_hours, now)))
    refused = situation.refusals_in_a_row
    if refused and situation.last_refusal_at is not None:
        hours = min(policy.refusal_retry_hours * 2.0 ** min(refused - 1, MOST_DOUBLINGS), policy.max_retry_hours)
        name = f"after {refused} refused or failed runs in a row, next try not before"
        waits.append(("backoff", _wait(name, situation.last_refusal_at, hours, now)))
    waits += _after_failures(situation, policy, now)
    if (used := _used(situation, now)) >= policy.max_runs_per_year:
        told = f"budget reached: {used} automatic retrains in 365 d, {policy.max_runs_per_year} allowed"
        waits.append(("budget", told))
    return [(kind, why) for kind, why in waits if why is not None]


def _after_failures(situation: Situation, policy: TriggerPolicy, now: datetime) -> list[tuple[Wait, str | None]]:
    """Challengers that fail one after the other have a reason that another one does not mend."""
    failed, ended = situation.unpromoted, situation.last_retrain_ended
    if failed < policy.max_unpromoted or ended is None:
        return []
    doubled = 2.0 ** min(failed - policy.max_unpromoted, MOST_DOUBLINGS)
    hours = min(policy.unpromoted_wait_hours * doubled, policy.max_unpromoted_wait_hours)
    name = f"{failed} challengers in a row came to nothing: a person should look; next try not before"
    return [("unpromoted", _wait(name, ended, hours, now))]


def _wait(name: str, stamp: datetime, hours: float, now: datetime) -> str | None:
    """The reason to wait, or None once the hours since the stamp are over."""
    start = _past(stamp, now)
    end = start + _at_most(hours)
    if now >= end:
        return None
    doubt = f" (stamped {_shown(stamp)}, in the future: check the clock)" if stamp > now else ""
    return f"{name} {_shown(end)}{doubt}"


def _at_most(hours: float) -> timedelta:
    return timedelta(hours=min(hours, LONGEST_WAIT_HOURS))


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
