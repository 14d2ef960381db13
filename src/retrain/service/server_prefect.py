"""How is the Prefect server reached, and what is said when it is not there?"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings

from retrain.errors import ServiceAway
from retrain.values import Value

REFUSED = (401, 403)
BROKEN = 500
PAGE = 200


class Upcoming(Value):
    """A run that is scheduled and has not begun."""

    deployment: str
    """As people name it: `flow/deployment`."""
    at: datetime


def api_address(api: str | None = None) -> str:
    """Where the server's API is: as given, or as Prefect's own settings say. Raises ServiceAway when nothing says."""
    address = api or PREFECT_API_URL.value()
    if not address:
        raise ServiceAway(
            "no Prefect server is named: PREFECT_API_URL is not set. Start one with `retrain up`, or set it, "
            "for instance to http://127.0.0.1:4200/api"
        )
    return address.rstrip("/")


def run_address(api: str, flow_run: object) -> str:
    """The page of a flow run in the server's own UI."""
    return f"{api.removesuffix('/api')}/runs/flow-run/{flow_run}"


@contextmanager
def connected(api: str | None = None) -> Iterator[SyncPrefectClient]:
    """A client of the server. Whatever the server cannot do now becomes ServiceAway; nothing starts one in its place.

    (Prefect itself, when no address is set, starts a server in the process and forgets what it was told there.)
    """
    address = api_address(api)
    try:
        with temporary_settings({PREFECT_API_URL: address}), get_client(sync_client=True) as client:
            yield client
    except httpx.TransportError as error:
        raise ServiceAway(
            f"the Prefect server at {address} cannot be reached ({type(error).__name__}: {error}); "
            f"start it with `retrain up`, or correct PREFECT_API_URL"
        ) from error
    except PrefectHTTPStatusError as error:
        status = error.response.status_code
        if status in REFUSED:
            raise ServiceAway(
                f"the Prefect server at {address} refuses this caller (status {status}); set PREFECT_API_AUTH_STRING "
                f"to what the server was started with"
            ) from None
        if status >= BROKEN:
            raise ServiceAway(
                f"the Prefect server at {address} cannot answer now (status {status}); its own log says why: look at "
                f"its disk and its database, and try again"
            ) from error
        raise


def scheduled(limit: int, *, api: str | None = None) -> tuple[Upcoming, ...]:
    """What runs next, soonest first: at most one run of each deployment. Raises ServiceAway."""
    waiting = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
    with connected(api) as client:
        names: dict[object, str] = {
            each.id: f"{client.read_flow(each.flow_id).name}/{each.name}" for each in client.read_deployments()
        }
        runs = client.read_flow_runs(flow_run_filter=waiting, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=PAGE)
    first: dict[str, Upcoming] = {}
    for run in runs:
        name, at = names.get(run.deployment_id), _due(run)
        if name and at:
            first.setdefault(name, Upcoming(deployment=name, at=at))
    return tuple(first.values())[:limit]


def _due(run: FlowRun) -> datetime | None:
    return run.next_scheduled_start_time or run.expected_start_time
