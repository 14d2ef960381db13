"""What is left after trouble: real servers, workers and processes, killed at bad moments. Nothing stays Running."""

import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from flows.automations import automations, register

from retrain.service.server_prefect import connected
from retrain.store.events import Claimed, Ended, Promoted
from retrain.store.ledger import Draft
from servers.crew import OVER, Crew, until
from servers.prefect import Started, prefect_server, prefect_worker, processes_of
from shop import Messages, Shop

LONG = "training: {trials: 8, max_epochs: 40}"


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        made = Crew(server)
        made.register()
        yield made


@pytest.fixture
def stack(crew: Crew) -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered
    # What one test has left waiting, the next one's worker would take.
    for run in crew.runs("retrain/model"):
        if run["state"]["type"] not in OVER:
            crew.post(f"flow_runs/{run['id']}/set_state", {"state": {"type": "CANCELLED"}, "force": True})


def working(crew: Crew, stack: ExitStack, shop: Shop, pool: str) -> Started:
    return stack.enter_context(prefect_worker(crew.server, pool, shop.environment))


def hanging(shop: Shop) -> Path:
    """A model whose spec is a pipe: whoever reads it waits, until the test writes into it."""
    pipe = shop.root / "models" / "hang.yaml"
    os.mkfifo(pipe)
    return pipe


def processes(crew: Crew, run: str) -> list[int]:
    """Those that carry out a flow run."""
    mark = f"PREFECT__FLOW_RUN_ID={run}".encode()
    return [pid for pid in processes_of(home(crew)) if mark in environment(pid)]


def trainers(shop: Shop) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "retrain.training.worker" in words and str(shop.root) in words:
            found.append(int(place.name))
    return found


def environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def home(crew: Crew) -> Path:
    return Path(crew.server.environment["PREFECT_HOME"])


def running(crew: Crew, run: str) -> None:
    until(lambda: crew.state(run)[0] == "RUNNING", what=f"the start of {run}")


def claims(shop: Shop) -> list[str]:
    """What the ledger has of retrains: when they began and how they ended."""
    said = []
    for entry in shop.site().ledger.entries():
        event = entry.event
        if isinstance(event, Claimed):
            said.append("claimed")
        elif isinstance(event, Ended):
            said.append(event.outcome)
        elif isinstance(event, Promoted) and event.claim:
            said.append("promoted")
    return said


def in_service(shop: Shop) -> None:
    """A champion of last spring: by now a retrain is due."""
    event = Promoted(claim=None, version="v" * 64, over=None, snapshot="s" * 64)
    shop.site().ledger.append(lambda newest: Draft(event=event, reasons=("by hand",), actor="a test"))


def test_a_worker_runs_a_patrol(crew: Crew, stack: ExitStack, shop: Shop, messages: Messages) -> None:
    shop.day(0, messages("base", 0, 50))
    working(crew, stack, shop, "cpu")
    run = crew.start("patrol/hourly")
    assert crew.ended(run)[:2] == ("COMPLETED", "Completed")
    (check,) = crew.subflows(run)
    until(lambda: any(line.startswith("shop: ") for line in crew.log(check)), what="a reason in the check's log")
    assert "patrol" in crew.artifacts(run)


@pytest.mark.slow
def test_an_event_three_times_and_again_is_one_retrain(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    in_service(shop)
    # Enough are counted for a run to begin; it is refused once it has seen that they are the same sixty.
    shop.examples(messages("base", 0, 60) * 3)
    working(crew, stack, shop, "gpu")
    before = len(crew.runs("retrain/model"))
    same = str(uuid.uuid4())
    payload = {"model": "shop", "cause": "schedule", "reason": 'it is old; {{ and }} "odd"', "request": "shop-q1"}
    for identity in (same, same, None, None):
        crew.emit("retrain.due", "retrain.model.shop", payload, identity=identity)
    runs = until(lambda: found if len(found := crew.runs("retrain/model")[before:]) >= 3 else None, what="three runs")
    ends = [crew.ended(run["id"])[:2] for run in runs]
    assert {kind for kind, _ in ends} == {"COMPLETED"}
    assert {name for _, name in ends} <= {"Refused", "AlreadyRunning"}
    assert claims(shop) == ["claimed", "refused"]
    assert runs[0]["parameters"] == payload


@pytest.mark.slow
def test_a_killed_run_is_crashed_and_not_running_for_ever(crew: Crew, stack: ExitStack, shop: Shop) -> None:
    hanging(shop)
    working(crew, stack, shop, "gpu")
    run = crew.start("retrain/model", model="hang", reason="a test")
    running(crew, run)
    for pid in processes(crew, run):
        os.kill(pid, signal.SIGKILL)
    assert crew.ended(run, seconds=60)[0] == "CRASHED"


@pytest.mark.slow
def test_a_run_killed_with_its_worker_is_found_by_its_silence(crew: Crew, stack: ExitStack, shop: Shop) -> None:
    hanging(shop)
    worker = working(crew, stack, shop, "gpu")
    with connected(crew.server.api) as client:
        retrain = client.read_deployment_by_name("retrain/model").id
        for each in automations(retrain, silent=timedelta(seconds=10)):
            register(client, each)
    try:
        run = crew.start("retrain/model", model="hang", reason="a test")
        running(crew, run)
        worker.kill()
        for pid in processes(crew, run):
            os.kill(pid, signal.SIGKILL)
        kind, _, message = crew.ended(run, seconds=60)
        assert (kind, message) == ("CRASHED", "no heartbeat for 10 s: its process is gone")
    finally:
        crew.register()


@pytest.mark.slow
def test_a_run_that_a_worker_took_and_lost_does_not_stay_pending(crew: Crew) -> None:
    with connected(crew.server.api) as client:
        deployment = client.read_deployment_by_name("check/model").id
        retrain = client.read_deployment_by_name("retrain/model").id
        for each in automations(retrain, stuck=timedelta(seconds=10)):
            register(client, each)
        run = str(client.create_flow_run_from_deployment(deployment, parameters={"model": "shop"}).id)
    try:
        crew.post(f"flow_runs/{run}/set_state", {"state": {"type": "PENDING"}, "force": True})
        kind, _, message = crew.ended(run, seconds=60)
        assert (kind, message) == ("CRASHED", "taken by a worker and not started within 10 s")
    finally:
        crew.register()


@pytest.mark.slow
def test_a_named_end_is_an_end_for_the_watch_on_silence(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    shop.examples(messages("base", 0, 60))
    working(crew, stack, shop, "gpu")
    with connected(crew.server.api) as client:
        retrain = client.read_deployment_by_name("retrain/model").id
        for each in automations(retrain, silent=timedelta(seconds=10)):
            register(client, each)
    try:
        run = crew.ask("shop", "ends-by-name").flow_run
        assert crew.ended(run)[:2] == ("COMPLETED", "Refused")
        # Until another run, killed after it, has been found: then this one would have been found as well.
        hanging(shop)
        other = crew.start("retrain/model", model="hang", reason="a test")
        running(crew, other)
        for pid in processes(crew, other):
            os.kill(pid, signal.SIGSTOP)
        assert crew.ended(other, seconds=60)[0] == "CRASHED"
        assert crew.state(run)[:2] == ("COMPLETED", "Refused")
    finally:
        crew.register()


@pytest.mark.slow
def test_a_live_run_that_was_taken_for_dead_still_says_how_it_ended(crew: Crew, stack: ExitStack, shop: Shop) -> None:
    pipe = hanging(shop)
    working(crew, stack, shop, "gpu")
    run = crew.start("retrain/model", model="hang", reason="a test")
    running(crew, run)
    crew.post(f"flow_runs/{run}/set_state", {"state": {"type": "CRASHED", "message": "taken for dead"}})
    assert crew.state(run)[0] == "CRASHED"
    pipe.write_text("model: hang\n")
    until(lambda: not processes(crew, run), what="its end")
    kind, _, message = crew.state(run)
    assert kind == "FAILED"
    assert "key 'base' is missing" in message


@pytest.mark.slow
def test_the_same_words_in_prefects_ui_are_one_retrain(
    crew: Crew, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    shop.examples(messages("base", 0, 60))
    words = {"model": "shop", "reason": "asked by two people"}
    runs = [crew.start("retrain/model", **words) for _ in range(2)]
    working(crew, stack, shop, "gpu")
    assert [crew.ended(run)[1] for run in runs] == ["Refused", "Refused"]
    assert claims(shop) == ["claimed", "refused"]
    again = crew.start("retrain/model", **words)
    assert crew.ended(again)[1] == "Refused"
    assert claims(shop) == ["claimed", "refused"] * 2, "asked after the end, the same words mean something new"


@pytest.mark.slow
def test_a_cancelled_run_takes_its_trainer_with_it(crew: Crew, stack: ExitStack, running_shop: Shop) -> None:
    slow_training(running_shop)
    working(crew, stack, running_shop, "gpu")
    queued = crew.ask("shop", "to be cancelled")
    until(lambda: trainers(running_shop), what="a training process")
    crew.post(f"flow_runs/{queued.flow_run}/set_state", {"state": {"type": "CANCELLING"}})
    assert crew.ended(queued.flow_run)[0] == "CANCELLED"
    until(lambda: not trainers(running_shop), seconds=20, what="the end of the training process")
    assert not processes(crew, queued.flow_run)
    until(lambda: claims(running_shop)[-1] == "failed", what="the end of its claim: no check goes on with it")
    assert crew.ask("shop", "to be cancelled").flow_run != queued.flow_run


@pytest.mark.slow
def test_a_training_outlives_a_restart_of_the_server_and_ends_once(
    crew: Crew, stack: ExitStack, running_shop: Shop
) -> None:
    before = claims(running_shop)
    working(crew, stack, running_shop, "gpu")
    queued = crew.ask("shop", "over a restart")
    (trainer,) = until(lambda: trainers(running_shop), what="a training process")
    crew.server.kill()
    until(lambda: trainer not in trainers(running_shop), what="the end of the training, with no server there")
    crew.server.start()
    kind, name, _ = crew.ended(queued.flow_run)
    assert kind == "COMPLETED"
    began, ended = claims(running_shop)[len(before) :]
    assert (began, ended.capitalize()) == ("claimed", name)
    assert crew.ask("shop", "over a restart") == queued.model_copy(update={"again": True, "state": name})
    shown = crew.artifacts(queued.flow_run)
    assert "retrain-shop" in shown
    assert shown["retrain-shop"]["data"].count("](file://") == 2, "evaluation report and model card"


def slow_training(shop: Shop) -> None:
    """More trials than a test has time for."""
    spec = shop.root / "models" / "shop.yaml"
    spec.write_text(spec.read_text().replace("training: {trials: 1, max_epochs: 1}", LONG))
    shutil.rmtree(shop.root / "work", ignore_errors=True)
