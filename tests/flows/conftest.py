"""One Prefect server for all tests of this folder, and what it remembers of a run."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flows.check import check_model  # noqa: F401  (before prefect: the package switches the analytics off)
from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.sorting import LogSort
from prefect.events import ReceivedEvent
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from shop import SPEC, Shop

PATIENCE_SECONDS = 60.0
"""How long the server may take to file what it was sent; logs and events arrive in batches."""

T = TypeVar("T")
Said = Callable[[State[Any]], list[str]]
Events = Callable[[str], list[ReceivedEvent]]


@pytest.fixture(scope="session", autouse=True)
def prefect_server() -> Iterator[str]:
    """Address of a real server with a database of its own; starting it takes longer than all the tests here."""
    with pytest.MonkeyPatch.context() as patch:
        # Read by the server's process alone.
        patch.setenv("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL", "0.2")
        # With heartbeats a run costs five times as much.
        with (
            temporary_settings(restore_defaults={PREFECT_FLOWS_HEARTBEAT_FREQUENCY}),
            prefect_test_harness(server_startup_timeout=180),
        ):
            yield str(PREFECT_API_URL.value())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with a spec, named by the environment as an operator does it."""
    made = Shop(root=tmp_path)
    made.spec(SPEC)
    for name in ("STORE", "MODELS", "WORK", "CACHE"):
        monkeypatch.setenv(f"RETRAIN_{name}", str(tmp_path / name.lower()))
    return made


@pytest.fixture
def said() -> Said:
    """`said(state)`: every line that the flow run with this last state logged, as the server has them."""

    def lines(state: State[Any]) -> list[str]:
        run = state.state_details.flow_run_id
        assert run is not None
        chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
        with get_client(sync_client=True) as client:
            found = eventually(
                lambda: client.read_logs(chosen, sort=LogSort.TIMESTAMP_ASC),
                # The flow's own last word, and not that of one of its tasks; the lines before it were sent before.
                lambda logs: (
                    len(logs) > 1 and logs[-1].task_run_id is None and logs[-1].message.startswith("Finished in state")
                ),
            )
        return [log.message for log in found]

    return lines


@pytest.fixture
def events() -> Events:
    """`events(name)`: the events of this name that the server has received, once there is one."""

    def received(name: str) -> list[ReceivedEvent]:
        chosen = EventFilter(event=EventNameFilter(name=[name]))
        with get_client(sync_client=True) as client:
            return eventually(lambda: client.read_events(chosen, limit=50).events, bool)

    return received


def eventually(look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What is seen once it is enough, or at the end of patience; the server files what it gets in batches."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not enough(seen := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return seen
