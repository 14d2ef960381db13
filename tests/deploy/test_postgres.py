"""Does Prefect on PostgreSQL keep what it was told when the database is restarted, or killed, under it?"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from servers.needed import ROOT
from servers.postgres import Postgres, postgres
from servers.prefect import Server, prefect_environment, prefect_server

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 90.0
DEPLOYMENTS = {
    "drill/weekly",
    "patrol/hourly",
    "patrol/quarterly",
    "check/model",
    "retrain/model",
    "review/model",
    "rollback/model",
}
# Once a minute in production.
SCHEDULER = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2"}

T = TypeVar("T")
Blow = Callable[[Postgres], None]


def eventually(look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What is seen once it is enough, or at the end of patience. A server that cannot answer yet is asked again."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            seen = look()
            if enough(seen) or time.monotonic() > end:
                return seen
        except (httpx.HTTPError, AssertionError):
            if time.monotonic() > end:
                raise
        time.sleep(0.2)


def asked(server: Server, path: str, **body: Any) -> Any:
    answer = httpx.post(f"{server.api}{path}", json=body, timeout=30, trust_env=False)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def registered(server: Server) -> set[str]:
    flows = {each["id"]: each["name"] for each in asked(server, "/flows/filter")}
    return {f"{flows[each['flow_id']]}/{each['name']}" for each in asked(server, "/deployments/filter")}


def scheduled(server: Server) -> set[str]:
    """Ids of the runs that wait for their time, without those that were asked for by hand."""
    waiting = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    return {each["id"] for each in asked(server, "/flow_runs/filter", **waiting) if each["auto_scheduled"]}


def register(server: Server, home: Path) -> None:
    command = [sys.executable, "-P", "-m", "flows.deployments"]
    environment = prefect_environment(home, server.api, {"PYTHONPATH": str(ROOT)})
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr


def restart(database: Postgres) -> None:
    database.stop()
    database.start()


def power_loss(database: Postgres) -> None:
    database.kill()
    database.start()


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def server(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Prefect's server on that database, with everything registered."""
    home = tmp_path_factory.mktemp("prefect")
    more = {"PREFECT_API_DATABASE_CONNECTION_URL": database.url, **SCHEDULER}
    with prefect_server(home, more) as started:
        register(started, home)
        yield started


def test_everything_is_in_postgresql(database: Postgres, server: Server) -> None:
    assert registered(server) == DEPLOYMENTS
    assert eventually(lambda: scheduled(server), bool)
    assert int(database.ask("select count(*) from deployment")) == len(DEPLOYMENTS)
    assert int(database.ask("select count(*) from flow_run where state_type = 'SCHEDULED'")) > 0
    assert list(Path(server.environment["PREFECT_HOME"]).rglob("*.db")) == []


def test_registering_again_changes_nothing(database: Postgres, server: Server) -> None:
    before = database.ask("select id, name from deployment order by id")
    pools = database.ask("select id, name, type, concurrency_limit from work_pool order by id")
    automations = database.ask("select id, name from automation order by id")
    register(server, Path(server.environment["PREFECT_HOME"]))
    assert database.ask("select id, name from deployment order by id") == before
    assert database.ask("select id, name, type, concurrency_limit from work_pool order by id") == pools
    assert database.ask("select id, name from automation order by id") == automations


@pytest.mark.parametrize("blow", [restart, power_loss])
def test_prefect_goes_on_after(blow: Blow, database: Postgres, server: Server) -> None:
    by_name = {each["name"]: each["id"] for each in asked(server, "/deployments/filter")}
    mine = asked(server, f"/deployments/{by_name['hourly']}/create_flow_run", name="acknowledged")["id"]
    assert eventually(lambda: scheduled(server), bool)

    blow(database)

    # The same process as before: nobody restarts the server by hand.
    assert eventually(lambda: registered(server), DEPLOYMENTS.__eq__) == DEPLOYMENTS
    assert server.process.poll() is None
    # What was acknowledged is there; what is missing is scheduled anew.
    assert httpx.get(f"{server.api}/flow_runs/{mine}", timeout=30, trust_env=False).json()["name"] == "acknowledged"
    old = scheduled(server)
    for each in old:
        httpx.delete(f"{server.api}/flow_runs/{each}", timeout=30, trust_env=False).raise_for_status()
    assert eventually(lambda: scheduled(server) - old, bool)


def test_prefect_says_that_it_is_not_ready_while_the_database_is_away(database: Postgres, server: Server) -> None:
    database.stop()
    try:
        seen = eventually(
            lambda: httpx.get(f"{server.api}/ready", timeout=30, trust_env=False).status_code, (503).__eq__
        )
        assert seen == 503
        assert httpx.get(f"{server.api}/health", timeout=30, trust_env=False).json() is True
    finally:
        database.start()
    again = eventually(lambda: httpx.get(f"{server.api}/ready", timeout=30, trust_env=False).status_code, (200).__eq__)
    assert again == 200
