"""Is a retrain asked for when one is due, and only then?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.trigger.decide import Situation, decide, next_quarter, quarter_start
from retrain.trigger.policy import TriggerPolicy

NOW = datetime(2026, 3, 30, 10, tzinfo=UTC)
POLICY = TriggerPolicy(quarterly=False, max_age_days=91)
MANUAL = {"asked": "manual", "reason": "new topic"}
DRIFTED = {"champion_since": NOW - timedelta(days=30), "episode_open": True, "check_state": "alarm"}
HOUR = timedelta(hours=1)

stamps = st.none() | st.timedeltas(timedelta(days=-400), timedelta(days=100)).map(lambda gap: NOW + gap)
situations = st.builds(
    Situation,
    asked=st.sampled_from(["check", "manual", "alert"]),
    reason=st.sampled_from(["", "new topic"]),
    check_state=st.sampled_from([None, "quiet", "warning", "alarm", "insufficient_data"]),
    episode_open=st.booleans(),
    episode_answered=st.booleans(),
    champion_since=stamps,
    last_retrain_ended=stamps,
    refusals_in_a_row=st.integers(0, 2_000),
    last_refusal_at=stamps,
    claim_active=st.booleans(),
    interrupted=st.sampled_from([None, "drift", "schedule", "manual", "alert"]),
    refuted=st.sampled_from([None, "3 false alarms in 100 looks"]),
    begun=st.lists(stamps.filter(bool), max_size=4).map(tuple),
    new_labels=st.none() | st.integers(0, 200),
    examples_missing=st.just(0) | st.integers(0, 900),
)
policies = st.builds(
    TriggerPolicy,
    on_drift=st.booleans(),
    max_age_days=st.floats(0.1, 1e300),
    cooldown_hours=st.floats(0, 1e300),
    refusal_retry_hours=st.floats(0.1, 1e300),
    max_retry_hours=st.floats(0.1, 1e300),
    quarterly=st.booleans(),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles"]),
    quarterly_min_age_days=st.floats(0, 1e300),
    max_runs_per_year=st.integers(1, 5),
    min_new_labels=st.integers(0, 100),
)
gaps = st.timedeltas(timedelta(0), timedelta(days=1_000))


def ago(**gap: float) -> datetime:
    return NOW - timedelta(**gap)


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


def test_the_budget_of_a_year_holds_back_automatic_retrains_and_no_person() -> None:
    policy = TriggerPolicy(max_runs_per_year=2)
    spent = {**DRIFTED, "begun": (ago(days=364), ago(days=100))}
    decision = decide(Situation.model_validate(spent), policy, now=NOW)
    assert decision.reasons[0] == "budget reached: 2 automatic retrains in 365 d, 2 allowed"
    assert (decision.retrain, decision.waiting, decision.budget_used) == (False, ("budget",), 2)
    assert decide(Situation.model_validate(spent), policy, now=NOW + timedelta(days=2)).cause == "drift"
    assert decide(Situation.model_validate({**spent, **MANUAL}), policy, now=NOW).cause == "manual"


@pytest.mark.parametrize(
    ("more", "waiting"),
    [
        ({}, ()),
        ({"last_retrain_ended": ago(hours=71)}, ("cooldown",)),
        ({"refusals_in_a_row": 1, "last_refusal_at": ago(hours=1)}, ("backoff",)),
        ({"begun": (ago(days=3),)}, ("budget",)),
    ],
)
def test_an_alert_asks_at_once_and_waits_where_the_check_would_wait(more: dict[str, Any], waiting: tuple[str]) -> None:
    alert = Situation.model_validate({"asked": "alert", "reason": "refunds", "champion_since": ago(days=9), **more})
    decision = decide(alert, POLICY.model_copy(update={"max_runs_per_year": 1}), now=NOW)
    assert (decision.cause, decision.waiting) == ("none" if waiting else "alert", waiting)
    assert "asked for by an alert: 'refunds'" in decision.reasons


@pytest.mark.parametrize("cause", ["drift", "schedule", "manual", "alert"])
def test_a_run_that_died_is_gone_on_with_by_itself(cause: str) -> None:
    situation = {"champion_since": NOW, "interrupted": cause, "last_retrain_ended": NOW, "refusals_in_a_row": 9}
    decision = decide(Situation.model_validate(situation), POLICY, now=NOW)
    assert (decision.cause, decision.reasons) == (cause, ("a run died and left its work: another one goes on with it",))


@given(situation=situations, policy=policies)
def test_what_is_waited_for_is_named_only_where_something_is_owed(situation: Situation, policy: TriggerPolicy) -> None:
    decision = decide(situation, policy, now=NOW)
    assert not (decision.retrain and decision.waiting)


@pytest.mark.parametrize(
    ("given", "retrain", "missing"),
    [
        ({**DRIFTED, "new_labels": 200}, True, 0),
        ({**DRIFTED, "new_labels": 199}, False, 1),
        ({**DRIFTED, "new_labels": None}, True, 0),
        ({**DRIFTED, "new_labels": 8, "examples_missing": 300}, False, 300),
        ({**DRIFTED, "new_labels": 8, "champion_since": ago(days=91)}, True, 0),
        ({"champion_since": ago(days=91), "examples_missing": 7}, False, 7),
        ({**MANUAL, "examples_missing": 7}, True, 0),
    ],
)
def test_a_run_that_could_only_be_refused_waits_for_labels(given: dict[str, Any], retrain: bool, missing: int) -> None:
    decision = decide(Situation.model_validate(given), POLICY, now=NOW)
    assert (decision.retrain, decision.labels_missing) == (retrain, missing)
    assert decision.waiting == (("labels",) if missing else ())
    told = f"{missing} labelled examples missing (retrain labels export MODEL --budget {missing})"
    assert (decision.reasons[0] == told) == bool(missing)


@given(situation=situations, policy=policies, more=st.integers(0, 500))
def test_more_labels_never_take_a_yes_back(situation: Situation, policy: TriggerPolicy, more: int) -> None:
    before = decide(situation, policy, now=NOW)
    found = None if situation.new_labels is None else situation.new_labels + more
    richer = situation.model_copy(
        update={"new_labels": found, "examples_missing": max(situation.examples_missing - more, 0)}
    )
    assert decide(richer, policy, now=NOW).retrain or not before.retrain


REFUTED = {"refuted": "12 false alarms in 300 looks, 15 a year, 1 allowed"}


def test_a_drift_that_a_drill_has_refuted_is_proposed_and_waits_for_a_person() -> None:
    decision = decide(Situation.model_validate({**DRIFTED, **REFUTED}), POLICY, now=NOW)
    assert (decision.retrain, decision.proposed, decision.waiting) == (False, True, ("drill",))
    assert "a retrain is proposed" in decision.reasons[0]
    assert "12 false alarms in 300 looks" in decision.reasons[0]
    by_hand = decide(Situation.model_validate({**DRIFTED, **REFUTED, **MANUAL}), POLICY, now=NOW)
    assert (by_hand.cause, by_hand.proposed) == ("manual", False)


def test_what_a_proposed_retrain_would_also_have_to_wait_for_is_told_too() -> None:
    situation = {**DRIFTED, **REFUTED, "last_retrain_ended": ago(hours=1)}
    decision = decide(Situation.model_validate(situation), POLICY, now=NOW)
    assert decision.waiting == ("drill", "cooldown")
    assert any(reason.startswith("cooldown until") for reason in decision.reasons)


@given(situation=situations, policy=policies)
def test_a_drill_holds_back_drift_and_nothing_else(situation: Situation, policy: TriggerPolicy) -> None:
    trusted = decide(situation.model_copy(update={"refuted": None}), policy, now=NOW)
    held = decide(situation.model_copy(update={"refuted": "numbers"}), policy, now=NOW)
    assert not held.retrain or trusted.retrain
    if situation.interrupted is None:
        assert held.cause != "drift"
    quiet = decide(situation.model_copy(update={"episode_open": False, "refuted": None}), policy, now=NOW)
    if quiet.retrain:
        assert (held.retrain, held.cause) == (True, quiet.cause)
    assert held.proposed == ("drill" in held.waiting)
    assert not trusted.proposed


BROKEN = {"broken_data": True}


def test_a_drift_that_looks_like_broken_data_is_for_a_person_to_mend_and_starts_no_retrain() -> None:
    decision = decide(Situation.model_validate({**DRIFTED, **BROKEN}), POLICY, now=NOW)
    assert (decision.retrain, decision.proposed, decision.waiting) == (False, True, ("data",))
    assert "looks like broken data" in decision.reasons[0]
    by_hand = decide(Situation.model_validate({**DRIFTED, **BROKEN, **MANUAL}), POLICY, now=NOW)
    assert (by_hand.retrain, by_hand.cause) == (True, "manual")
    bold = decide(Situation.model_validate({**DRIFTED, **BROKEN}), TriggerPolicy(on_broken_data=True), now=NOW)
    assert (bold.retrain, bold.cause) == (True, "drift")


@given(situation=situations, policy=policies)
def test_broken_data_holds_back_drift_and_nothing_else(situation: Situation, policy: TriggerPolicy) -> None:
    sound = decide(situation.model_copy(update={"broken_data": False}), policy, now=NOW)
    broken = decide(situation.model_copy(update=BROKEN), policy, now=NOW)
    assert not broken.retrain or sound.retrain
    quiet = decide(situation.model_copy(update={"episode_open": False, **BROKEN}), policy, now=NOW)
    if quiet.retrain:
        assert (broken.retrain, broken.cause) == (True, quiet.cause)
