"""Who goes on with a retrain whose processes were killed? The next check asks; it is done once; Prefect knows."""

import os
import signal
from contextlib import ExitStack
from datetime import timedelta

import pytest

from retrain.pipeline.audit import audit
from retrain.pipeline.check import check
from retrain.pipeline.site import open_site, utc_now
from retrain.store.events import Ended
from servers.crew import Crew, until
from servers.wreck import (
    PATIENCE_SECONDS,
    all_ended,
    drifting,
    held_trainer,
    kill_9,
    processes,
    steps,
    trainers,
    unfinished,
    working,
)
from shop import Messages, Shop, few

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


@pytest.mark.model
def test_worker_flow_and_trainer_killed_together_and_a_new_worker_goes_on(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    known = len(crew.runs("retrain/model"))
    shop.examples(few(messages("base", 0, 1560))[:160])
    shop.day(0, messages("base", 0, 50))
    (worker,) = working(crew, stack, shop, "gpu")
    first = crew.ask("shop", "the-first-champion").flow_run
    held_trainer(shop)
    worker.kill()
    kill_9(processes(crew, first))
    until(lambda: not trainers(shop), seconds=20, what="the end of the training process")
    claim = shop.site().ledger.state().claim
    assert claim is not None
    assert steps(shop) == ["claimed", "prepared"]
    assert crew.state(first)[0] == "RUNNING", "nobody was left who could have told the server"

    working(crew, stack, shop, "cpu", "gpu")
    looked = crew.start("check/model", model="shop")
    assert crew.ended(looked, PATIENCE_SECONDS)[0] == "COMPLETED"
    # The check's event alone has the second run begun.
    assert all_ended(crew, "retrain/model", known=known, least=2) == [("CRASHED", "Crashed"), ("COMPLETED", "Promoted")]
    assert "no heartbeat for 60 s" in crew.state(first)[2]
    assert unfinished(crew) == []
    assert steps(shop) == ["claimed", "prepared", "taken over", "trained", "promoted"], "the stored snapshot is used"
    state = shop.site().ledger.state()
    assert (state.claim, state.totals.started, state.totals.taken_over) == (None, {"manual": 1}, 1)
    asked = crew.runs("retrain/model")[-1]["parameters"]
    assert (asked["cause"], asked["request"]) == ("manual", f"shop-takeover-{claim.id[:12]}")

    again = check(open_site("shop", shop.settings))
    assert (again.retrain, again.request) == (False, None)
    assert audit(shop.site()).sound


def test_a_killed_trainer_is_a_failed_run_that_waits_and_is_owed_again(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    drifting(shop, messages)

    shop.examples(few(messages("base", 0, 1560))[:160])
    working(crew, stack, shop, "gpu")
    due = check(open_site("shop", shop.settings))
    assert (due.retrain, due.cause) == (True, "drift")
    assert due.request
    payload = {"model": "shop", "cause": due.cause, "reason": due.reasons[0], "request": due.request}
    known = len(crew.runs("retrain/model"))
    crew.emit("retrain.due", "retrain.model.shop", payload)
    os.kill(held_trainer(shop), signal.SIGKILL)

    assert all_ended(crew, "retrain/model", known=known) == [("FAILED", "Failed")]
    sentence = crew.state(crew.runs("retrain/model")[-1]["id"])[2]
    assert sentence.startswith("the training process ended with SIGKILL and without an answer; ")
    assert "lack of memory" in sentence
    assert unfinished(crew) == []
    newest = shop.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Ended)
    assert (newest.event.outcome, newest.reasons) == ("failed", (sentence,))
    assert newest.state.claim is None

    waits = check(open_site("shop", shop.settings))
    assert not waits.retrain
    assert any("after 1 refused or failed runs in a row, next try not before" in each for each in waits.reasons)
    crew.emit("retrain.due", "retrain.model.shop", payload)
    assert all_ended(crew, "retrain/model", known=known, least=2)[1] == ("COMPLETED", "Refused"), "not before its time"
    assert shop.site().ledger.state().totals.started == {"drift": 1}
    owed = check(open_site("shop", shop.settings, clock=lambda: utc_now() + timedelta(hours=25)))
    assert (owed.retrain, owed.cause) == (True, "drift")
    assert owed.request not in (None, due.request), "another try is another request"
