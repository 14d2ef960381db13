"""What does a retrain wait for though one is asked for, and is that said?"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.trigger.decide import Situation, decide
from retrain.trigger.policy import TriggerPolicy
from trigger.situations import DRIFTED, MANUAL, NOW, POLICY, ago, policies, situations


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
