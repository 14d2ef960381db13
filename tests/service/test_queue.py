"""One request is one flow run: on a real server, however often and by however many it is asked."""

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from prefect import State
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending, Running

from retrain.errors import ServiceAway, UsageError
from retrain.service.queue_prefect import LONGEST_REQUEST, STOOD_ASIDE, Ask, Queued, queue
from retrain.service.server_prefect import connected
from servers.crew import Crew
from servers.needed import free_port
from servers.prefect import Server, prefect_server


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        yield server


@pytest.fixture(scope="module")
def crew(bare: Server) -> Crew:
    """A server with the deployments, and no worker: what is queued waits."""
    made = Crew(bare)
    with pytest.raises(ServiceAway, match=r"no deployment 'retrain/model': run `retrain up` or `python -m flows.depl"):
        made.ask("shop", "too early")
    made.register()
    return made


def becomes(crew: Crew, queued: Queued, *states: State[None]) -> None:
    with connected(crew.server.api) as client:
        for state in states:
            client.set_flow_run_state(queued.flow_run, state, force=True)


def test_the_same_request_is_the_same_run_while_it_waits_runs_and_is_done(crew: Crew) -> None:
    first = crew.ask("shop", "drift-1")
    assert (first.state, first.again) == ("Scheduled", False)
    assert first.address == f"{crew.server.api.removesuffix('/api')}/runs/flow-run/{first.flow_run}"
    states: tuple[State[None], ...] = (Pending(), Running(), Completed(name="Held"))
    for state in states:
        becomes(crew, first, state)
        again = crew.ask("shop", "drift-1")
        assert again == first.model_copy(update={"state": state.name, "again": True})
    assert crew.ask("shop", "drift-2").flow_run != first.flow_run


def test_the_run_gets_what_was_asked(crew: Crew) -> None:
    ask = Ask(model="shop", cause="drift", reason="{{ event }} 'and' {\"more\"}", request="drift/7 ü")
    queued = queue(ask, api=crew.server.api)
    with connected(crew.server.api) as client:
        run = client.read_flow_run(UUID(queued.flow_run))
    assert run.parameters == ask.model_dump()
    assert run.work_pool_name == "gpu"


@pytest.mark.parametrize("end", [Cancelled(), Crashed(), Failed(), Completed(name=STOOD_ASIDE)], ids=lambda s: s.name)
def test_a_run_that_ended_without_an_answer_makes_way_for_the_next_attempt(crew: Crew, end: State[None]) -> None:
    request = f"after-{end.name}"
    runs = []
    for _ in range(3):
        queued = crew.ask("shop", request)
        assert not queued.again
        becomes(crew, queued, end)
        runs.append(queued.flow_run)
    last = crew.ask("shop", request)
    assert len({*runs, last.flow_run}) == 4
    assert crew.ask("shop", request) == last.model_copy(update={"again": True})
    with connected(crew.server.api) as client:
        assert client.read_flow_run(UUID(last.flow_run)).idempotency_key == f"retrain-shop-{request}-4"


def test_asked_by_many_at_once_it_is_one_run_and_one_of_them_made_it(crew: Crew) -> None:
    said: list[Queued] = []
    threads = [threading.Thread(target=lambda: said.append(crew.ask("shop", "race"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 8
    assert len({each.flow_run for each in said}) == 1
    assert sum(not each.again for each in said) == 1


@pytest.mark.parametrize("request_id", ["", "  ", "a\nb", "x" * (LONGEST_REQUEST + 1)])
def test_an_id_of_no_use_is_refused(crew: Crew, request_id: str) -> None:
    with pytest.raises(UsageError, match="the request id is"):
        crew.ask("shop", request_id)


def test_no_server_is_said_and_none_is_started() -> None:
    ask = Ask(model="shop", reason="a test", request="r")
    away = f"http://127.0.0.1:{free_port()}/api"
    with pytest.raises(
        ServiceAway, match=r"cannot be reached .*; start it with `retrain up`, or correct PREFECT_API_URL"
    ):
        queue(ask, api=away)
    with temporary_settings(restore_defaults={PREFECT_API_URL}), pytest.raises(ServiceAway, match="is not set"):
        queue(ask)


def test_an_address_without_api_is_explained(bare: Server, crew: Crew) -> None:
    with pytest.raises(ServiceAway, match="api"):
        queue(Ask(model="shop", reason="a test", request="r"), api=bare.api.removesuffix("/api"))
