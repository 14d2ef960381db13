"""Is a retrain asked for when one is due, and only then?"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.trigger.decide import Situation, decide, next_quarter, quarter_start
from retrain.trigger.policy import TriggerPolicy
from trigger.situations import DRIFTED, MANUAL, NOW, POLICY, ago, policies, situations

HOUR = timedelta(hours=1)
gaps = st.timedeltas(timedelta(0), timedelta(days=1_000))


@pytest.mark.parametrize(
    ("given", "cause", "reasons"),
    [
        ({}, "none", ('no champion yet: run `retrain run MODEL --reason "first champion"`',)),
        (MANUAL, "manual", ("asked for by hand: 'new topic'",)),
        (
            {"champion_since": ago(days=12.37), "check_state": "quiet"},
            "none",
            ("nothing to act on", "no drift alarm open", "champion is 12.3 d old, limit 91 d"),
        ),
        (DRIFTED, "drift", ("drift alarm open, not answered yet", "champion is 30 d old, limit 91 d")),
        (
            {**DRIFTED, "episode_answered": True},
            "none",
            (
                "nothing to act on",
                "drift alarm open, already answered by a retrain",
                "champion is 30 d old, limit 91 d",
            ),
        ),
        (
            {"champion_since": ago(days=91), "check_state": "insufficient_data"},
            "schedule",
            ("champion is 91 d old, limit 91 d", "drift unknown: too few rows"),
        ),
        (
            {**DRIFTED, "last_retrain_ended": ago(hours=1)},
            "none",
            (
                "cooldown until 2026-04-02 09:00 UTC",
                "drift alarm open, not answered yet",
                "champion is 30 d old, last retrain ended 0 d ago, limit 91 d",
            ),
        ),
        (
            {**MANUAL, "champion_since": ago(days=1), "last_retrain_ended": ago(hours=1)},
            "manual",
            ("asked for by hand: 'new topic'", "set aside: cooldown until 2026-04-02 09:00 UTC"),
        ),
        (
            {**DRIFTED, "refusals_in_a_row": 3, "last_refusal_at": ago(hours=95)},
            "none",
            (
                "after 3 refused or failed runs in a row, next try not before 2026-03-30 11:00 UTC",
                "drift alarm open, not answered yet",
                "champion is 30 d old, limit 91 d",
            ),
        ),
        (
            {**MANUAL, "claim_active": True},
            "none",
            ("another run holds the claim; its result counts, or its claim expires",),
        ),
        (
            {**DRIFTED, "last_retrain_ended": NOW + timedelta(days=9)},
            "none",
            (
                "cooldown until 2026-04-02 10:00 UTC (stamped 2026-04-08 10:00 UTC, in the future: check the clock)",
                "drift alarm open, not answered yet",
                "champion is 30 d old, last retrain ended 0 d ago, limit 91 d",
            ),
        ),
    ],
)
def test_each_case_is_answered_with_its_reasons(given: dict[str, Any], cause: str, reasons: tuple[str, ...]) -> None:
    decision = decide(Situation.model_validate(given), POLICY, now=NOW)
    assert (decision.retrain, decision.cause, decision.reasons) == (cause != "none", cause, reasons)


@given(situation=situations, policy=policies)
def test_there_is_always_a_reason_and_a_cause_exactly_for_a_yes(situation: Situation, policy: TriggerPolicy) -> None:
    decision = decide(situation, policy, now=NOW)
    assert decision.reasons
    assert all(decision.reasons)
    assert (decision.cause != "none") == decision.retrain


@given(situation=situations, policy=policies, earlier=gaps, later=gaps)
def test_a_yes_stays_a_yes_as_time_passes(
    situation: Situation, policy: TriggerPolicy, earlier: timedelta, later: timedelta
) -> None:
    before = decide(situation, policy, now=NOW - earlier)
    after = decide(situation, policy, now=NOW + later)
    assert after.retrain or not before.retrain


@given(situation=situations, policy=policies)
def test_a_live_claim_always_says_no(situation: Situation, policy: TriggerPolicy) -> None:
    assert not decide(situation.model_copy(update={"claim_active": True}), policy, now=NOW).retrain


@given(situation=situations, policy=policies)
def test_a_person_waits_for_nothing_but_a_live_claim(situation: Situation, policy: TriggerPolicy) -> None:
    asked = situation.model_copy(update={"asked": "manual", "claim_active": False})
    assert decide(asked, policy, now=NOW).cause == "manual"


@given(situation=situations.filter(lambda each: each.interrupted != "drift"), policy=policies, gap=gaps)
def test_an_answered_episode_never_causes_another_retrain(
    situation: Situation, policy: TriggerPolicy, gap: timedelta
) -> None:
    answered = situation.model_copy(update={"episode_open": True, "episode_answered": True})
    assert decide(answered, policy, now=NOW + gap).cause != "drift"


@given(situation=situations)
def test_stamps_from_the_future_do_not_block_for_ever(situation: Situation) -> None:
    free = {"champion_since": NOW, "claim_active": False, "begun": (), "examples_missing": 0}
    waiting = situation.model_copy(update=free)
    assert decide(waiting, POLICY, now=NOW + timedelta(days=100 + 91)).retrain


def test_a_year_of_hourly_checks_under_one_open_alarm_retrains_once_by_drift_and_then_each_quarter() -> None:
    situation = Situation(champion_since=NOW, episode_open=True, check_state="alarm")
    causes = []
    for hour in range(365 * 24):
        now = NOW + hour * HOUR
        decision = decide(situation, POLICY, now=now)
        if decision.retrain:
            causes.append(decision.cause)
            # The challenger is held each time: the champion stays, and only grows older.
            situation = situation.model_copy(update={"episode_answered": True, "last_retrain_ended": now})
    assert causes == ["drift", "schedule", "schedule", "schedule", "schedule"]


@given(outage=st.integers(0, 5_000))
def test_a_quarter_missed_by_downtime_is_due_at_the_first_check_after_it(outage: int) -> None:
    situation = Situation(champion_since=NOW, check_state="quiet")
    due = NOW + timedelta(days=91)
    assert not decide(situation, POLICY, now=due - HOUR).retrain
    assert decide(situation, POLICY, now=due + outage * HOUR).cause == "schedule"


@pytest.mark.parametrize(("refusals", "hours"), [(1, 24), (2, 48), (4, 192), (5, 336), (6, 336), (5_000, 336)])
def test_the_wait_after_refusals_doubles_up_to_its_limit(refusals: int, hours: int) -> None:
    situation = Situation.model_validate({**DRIFTED, "refusals_in_a_row": refusals, "last_refusal_at": NOW})
    due = NOW + timedelta(hours=hours)
    assert not decide(situation, POLICY, now=due - timedelta(seconds=1)).retrain
    assert decide(situation, POLICY, now=due).cause == "drift"


@pytest.mark.parametrize("state", [None, "quiet", "warning", "alarm", "insufficient_data"])
def test_without_an_open_episode_no_state_retrains_by_drift(state: str | None) -> None:
    decision = decide(Situation.model_validate({"champion_since": NOW, "check_state": state}), POLICY, now=NOW)
    assert not decision.retrain
    assert decision.reasons[1].startswith("drift" if state != "quiet" else "no drift")


def test_drift_can_be_switched_off() -> None:
    decision = decide(Situation.model_validate(DRIFTED), TriggerPolicy(on_drift=False), now=NOW)
    assert decision.reasons[1] == "drift does not trigger: on_drift is off"
    assert not decision.retrain


def berlin(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=ZoneInfo("Europe/Berlin"))


QUARTERLY = TriggerPolicy(timezone="Europe/Berlin")


@pytest.mark.parametrize("month", [1, 4, 7, 10])
def test_a_quarter_begins_at_midnight_of_its_time_zone(month: int) -> None:
    start = berlin(2027, month, 1)
    situation = Situation(champion_since=start - timedelta(days=60), check_state="quiet")
    assert not decide(situation, QUARTERLY, now=start - timedelta(seconds=1)).retrain
    due = decide(situation, QUARTERLY, now=start)
    assert due.cause == "schedule"
    assert due.reasons[1].startswith("the quarter that began 20")


@given(minutes=st.integers(0, 120 * 24 * 60))
def test_a_lost_tick_is_made_up_for_by_the_next_check_and_once(minutes: int) -> None:
    start = berlin(2027, 4, 1)
    situation = Situation(champion_since=start - timedelta(days=40), check_state="quiet")
    now = start + timedelta(minutes=minutes)
    assert decide(situation, QUARTERLY, now=now).cause == "schedule"
    answered = situation.model_copy(update={"last_retrain_ended": now})
    assert not decide(answered, QUARTERLY, now=min(now + timedelta(days=29), berlin(2027, 7, 1) + timedelta(0))).retrain


def test_a_model_retrained_shortly_before_a_quarter_is_let_off() -> None:
    start = berlin(2027, 7, 1)
    situation = Situation(champion_since=start - timedelta(days=200), last_retrain_ended=start - timedelta(days=29))
    assert not decide(situation, QUARTERLY, now=start + timedelta(days=20)).retrain
    earlier = situation.model_copy(update={"last_retrain_ended": start - timedelta(days=31)})
    assert decide(earlier, QUARTERLY, now=start).cause == "schedule"


@given(days=st.integers(0, 4_000), timezone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"]))
def test_quarters_follow_each_other_and_hold_every_moment(days: int, timezone: str) -> None:
    now = NOW + timedelta(days=days, hours=days % 24)
    start = quarter_start(now, timezone)
    following = next_quarter(start + timedelta(seconds=1), timezone)
    assert start <= now < following
    assert timedelta(days=89) < following - start < timedelta(days=93)
    local = following.astimezone(ZoneInfo(timezone))
    assert (local.day, local.hour) == (1, 0)


def test_a_year_without_drift_has_four_quarterly_retrains() -> None:
    situation = Situation(champion_since=ago(days=60), check_state="quiet")
    stamps = []
    for hour in range(366 * 24):
        now = NOW + hour * HOUR
        if decide(situation, TriggerPolicy(), now=now).retrain:
            stamps.append(f"{now:%m-%d}")
            situation = situation.model_copy(update={"champion_since": now, "last_retrain_ended": now})
    assert stamps == ["04-01", "07-01", "10-01", "01-01"]


@pytest.mark.parametrize("cause", ["drift", "schedule", "manual", "alert"])
def test_a_run_that_died_is_gone_on_with_by_itself(cause: str) -> None:
    situation = {"champion_since": NOW, "interrupted": cause, "last_retrain_ended": NOW, "refusals_in_a_row": 9}
    decision = decide(Situation.model_validate(situation), POLICY, now=NOW)
    assert (decision.cause, decision.reasons) == (cause, ("a run died and left its work: another one goes on with it",))
