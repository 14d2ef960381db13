"""What is owed after the server was away? One retrain, however many late runs and events come when it is back."""

import os
import uuid
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from retrain.pipeline.site import utc_now
from servers.crew import Crew, until
from servers.wreck import (
    PATIENCE_SECONDS,
    all_ended,
    drifting,
    judged,
    late,
    steps,
    unfinished,
    working,
)
from shop import SPEC, Messages, Shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

HOURS_AWAY = 6
"""More than the worker takes at once: some of the late patrols begin when the first have ended."""
FEW_EXAMPLES = 20
COPIES = 4
"""A run begins where enough are counted, and is refused, which is quick, when it sees that they are the same few."""


def test_hours_of_late_patrols_all_at_once_are_one_retrain(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    known = len(crew.runs("retrain/model"))
    drifting(shop, messages)
    shop.examples(messages("base", 0, FEW_EXAMPLES) * COPIES)
    now = utc_now()
    patrols = [late(crew, "patrol/hourly", now - timedelta(hours=hour)) for hour in range(HOURS_AWAY)]
    crew.server.kill()
    crew.server.start()
    working(crew, stack, shop, "cpu", "gpu")

    ends = Counter(crew.ended(run, PATIENCE_SECONDS)[0] for run in patrols)
    # Where so many processes begin at once on few cores, one may be silent for so long that it is taken for dead.
    assert set(ends) <= {"COMPLETED", "CRASHED"}
    assert ends["COMPLETED"] >= HOURS_AWAY / 2
    # A loaded server may lose the event, too; the next hour's patrol says it again.
    crew.ended(crew.start("patrol/hourly"), PATIENCE_SECONDS)
    told = all_ended(crew, "retrain/model", known=known)
    assert {name for _, name in told} <= {"Refused", "AlreadyRunning", "Crashed"}
    assert steps(shop) == ["claimed", "refused"]
    assert shop.site().ledger.state().totals.started == {"drift": 1}
    assert len(judged(shop)) == len(set(judged(shop))) == 3, "each window once, though many looked at the same time"
    assert unfinished(crew) == []


def test_the_same_event_again_after_a_restart_is_no_second_retrain(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    known = len(crew.runs("retrain/model"))
    drifting(shop, messages)
    shop.examples(messages("base", 0, FEW_EXAMPLES) * COPIES)
    working(crew, stack, shop, "gpu")
    same = str(uuid.uuid4())
    payload = {"model": "shop", "cause": "manual", "reason": "an alert", "request": "alert-7"}
    for _ in range(3):
        crew.emit("retrain.due", "retrain.model.shop", payload, identity=same)
    before = all_ended(crew, "retrain/model", known=known)
    assert steps(shop) == ["claimed", "refused"]

    crew.server.kill()
    crew.server.start()
    # The server has forgotten that it knows this event.
    crew.emit("retrain.due", "retrain.model.shop", payload, identity=same)
    told = all_ended(crew, "retrain/model", known=known, least=len(before) + 1)
    assert set(told) == {("COMPLETED", "Refused")}, "the first answer, told again"
    assert steps(shop) == ["claimed", "refused"]
    assert shop.site().ledger.state().totals.started == {"manual": 1}
    assert unfinished(crew) == []


def read_by_now(pipe: Path) -> IO[str] | None:
    """The end that is written to, once somebody reads at the other one."""
    with suppress(OSError):
        return os.fdopen(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), "w")
    return None


def test_a_check_outlives_its_server_and_a_lost_event_is_made_up_for(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    known = len(crew.runs("retrain/model"))
    drifting(shop, messages)
    shop.examples(messages("base", 0, FEW_EXAMPLES) * COPIES)
    # A model whose spec is a pipe: the check waits there, until the test writes into it.
    spec = shop.root / "models" / "shop.yaml"
    spec.unlink()
    os.mkfifo(spec)
    working(crew, stack, shop, "cpu", "gpu")
    run = crew.start("check/model", model="shop")
    # Running is not yet reading: a run whose server dies while it is set up has judged nothing, and is no check.
    pipe = until(lambda: read_by_now(spec), what="the check's look at its spec")
    crew.server.kill()
    with pipe:
        pipe.write(SPEC)
    spec.rename(spec.with_suffix(".pipe"))
    shop.spec(SPEC)
    until(lambda: len(judged(shop)) == 3, seconds=PATIENCE_SECONDS, what="the verdict on each window")
    assert steps(shop) == [], "nobody was there who could have answered"

    crew.server.start()
    assert crew.ended(run, PATIENCE_SECONDS)[0] == "COMPLETED"
    crew.start("check/model", model="shop")
    told = all_ended(crew, "retrain/model", known=known)
    assert {name for _, name in told} <= {"Refused", "AlreadyRunning"}
    assert steps(shop) == ["claimed", "refused"]
    all_ended(crew, "check/model")
    assert len(judged(shop)) == 3
    assert unfinished(crew) == []
