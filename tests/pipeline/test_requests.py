"""The same request is answered once, and work that a dead run left is gone on with by itself, but not for ever."""

from datetime import timedelta

import pytest

from retrain.errors import ClaimLost, LogError
from retrain.pipeline.check import check
from retrain.pipeline.claim import Asked, NotNow, Run, abandon, claim
from retrain.pipeline.retrain import retrain, silent
from retrain.pipeline.situation import request_of, situation_of
from retrain.pipeline.status import status
from retrain.service.request import runs_ended_before
from retrain.store.events import Claimed, Ended
from retrain.store.state import State
from retrain.trigger.decide import TriggerDecision, decide
from retrain.trigger.policy import TriggerPolicy
from shop import START, Messages, Shop, spec_with_trigger

BY_HAND = Asked(cause="manual", reason="a run that dies")


def begun(shop: Shop) -> Run:
    run = claim(shop.site(), BY_HAND, silent)
    assert isinstance(run, Run)
    return run


def test_a_request_is_answered_once_and_its_answer_repeated(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    first = retrain(shop.site(), cause="manual", reason="alert 7", request="alert-7")
    again = retrain(shop.site(), cause="manual", reason="alert 7", request="alert-7")
    assert (first.outcome, again.outcome) == ("refused", "refused")
    assert again.reasons[0].startswith("request 'alert-7' was answered on 2026-03-02")
    assert again.reasons[1:] == first.reasons
    assert shop.site().ledger.state().totals.started == {"manual": 1}
    other = retrain(shop.site(), cause="manual", reason="alert 8", request="alert-8")
    assert other.reasons == first.reasons
    assert shop.site().ledger.state().totals.ended == {"refused": 2}


def test_a_request_whose_run_failed_may_be_asked_again(shop: Shop, messages: Messages) -> None:
    with pytest.raises(LogError):
        retrain(shop.site(), cause="manual", reason="no examples yet", request="alert-7")
    shop.examples(messages("base", 0, 60))
    assert retrain(shop.site(), cause="manual", reason="now", request="alert-7").outcome == "refused"
    assert shop.site().ledger.state().totals.ended == {"failed": 1, "refused": 1}


def test_a_check_asks_for_the_work_that_a_dead_run_left(shop: Shop) -> None:
    (shop.root / "log").mkdir()
    run = begun(shop)
    assert not check(shop.site()).retrain, "while it is alive"
    shop.now += timedelta(hours=13)
    seen = check(shop.site())
    assert (seen.retrain, seen.cause) == (True, "manual")
    assert seen.request == f"shop-takeover-{run.claim.id[:12]}"
    assert seen.reasons[-1] == "a run died and left its work: another one goes on with it"
    assert status(shop.site()).interrupted


def test_work_that_kills_every_run_ends_as_failed_and_waits(shop: Shop) -> None:
    attempts = []
    for _ in range(3):
        attempts.append(begun(shop).claim.attempt)
        shop.now += timedelta(hours=13)
    assert attempts == [1, 2, 3]
    automatic = claim(shop.site(), Asked(cause="drift", reason="the check saw a dead run"), silent)
    assert isinstance(automatic, NotNow)
    newest = shop.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Ended)
    assert newest.reasons == ("given up: 3 runs died over this work (trigger.max_attempts is 3)",)
    assert newest.state.rest.refusals == 1
    assert newest.state.totals.taken_over == 2
    assert begun(shop).claim.attempt == 1, "a person may ask at once, and begins anew"


def test_the_policy_says_how_often_work_is_begun(shop: Shop) -> None:
    shop.spec(spec_with_trigger("max_attempts: 1"))
    first = begun(shop)
    shop.now += timedelta(hours=13)
    second = begun(shop)
    assert second.claim.attempt == 1
    events = [entry.event for entry in shop.site().ledger.entries()]
    assert [type(event) for event in events] == [Claimed, Ended, Claimed]
    assert isinstance(events[1], Ended)
    assert events[1].claim == first.claim.id


def test_the_id_of_a_need_stays_until_a_try_came_to_nothing() -> None:
    state = State()
    due = TriggerDecision(retrain=True, cause="schedule", reasons=("due",))
    first = request_of("shop", state, due, START)
    assert first == request_of("shop", state, due, START)
    refused = state.model_copy(update={"rest": state.rest.model_copy(update={"refusals": 1})})
    assert request_of("shop", refused, due, START) != first
    nothing = decide(situation_of(state, now=START), TriggerPolicy(), now=START)
    assert request_of("shop", state, nothing, START) is None


def test_what_was_cancelled_is_not_gone_on_with(shop: Shop) -> None:
    run = claim(shop.site(), Asked(cause="manual", reason="a mistake", request="r"), silent)
    assert isinstance(run, Run)
    assert abandon(shop.site(), "another", "cancelled") is None
    assert abandon(shop.site(), "r", "cancelled") is not None
    assert abandon(shop.site(), "r", "cancelled") is None, "once"
    assert shop.site().ledger.state().claim is None
    with pytest.raises(ClaimLost):
        run.append(Ended(claim=run.claim.id, outcome="held"), ("too late",))


def test_how_many_retrains_had_ended_is_counted_at_the_time_of_the_ask(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    asked = [shop.now]
    for number in range(2):
        shop.now += timedelta(hours=1)
        retrain(shop.site(), cause="manual", reason=f"ask {number}")
        shop.now += timedelta(hours=1)
        asked.append(shop.now)
    ledger = shop.site().ledger
    assert [runs_ended_before(ledger, moment) for moment in asked] == [0, 1, 2]
    assert runs_ended_before(ledger, START - timedelta(days=1)) == 0
