"""How does anyone ask for a retrain by way of Prefect? Here and nowhere else: one request is one flow run.

Prefect keeps a request's key for ever, and answers it with the run that was made first, even when that run was
cancelled. So the key carries an attempt, which counts up past runs that ended without doing what was asked.
"""

import itertools
import uuid

from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from retrain.errors import ServiceAway, UsageError
from retrain.service.server_prefect import api_address, connected, run_address
from retrain.store.state import Cause
from retrain.values import Value

DEPLOYMENT = "retrain/model"
LONGEST_REQUEST = 200
"""Characters; such an id comes from outside, and stands in the ledger and in Prefect's database for good."""

STOOD_ASIDE = "AlreadyRunning"
"""Name of the completed state of a run that found another one at work: it did not do what it was asked."""


class Ask(Value):
    """A request for a retrain. The same `request` is the same request, however often it is made."""

    model: str
    cause: Cause = "manual"
    reason: str
    request: str


class Queued(Value):
    """The flow run that answers a request."""

    flow_run: str
    state: str
    """As Prefect names it, such as Scheduled, Running or Completed."""
    address: str
    """Its page in Prefect's UI."""
    again: bool
    """The run was there already: this request had been made before."""


def queue(ask: Ask, *, api: str | None = None) -> Queued:
    """Have the request's flow run, made now or before. Raises ServiceAway, and UsageError for an id of no use.

    Safe to repeat, and safe for two at once: the server makes one run of one key.
    """
    _check(ask)
    address = api_address(api)
    with connected(address) as client:
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            hint = "" if address.endswith("/api") else "; PREFECT_API_URL usually ends in /api"
            raise ServiceAway(
                f"the Prefect server at {address} has no deployment {DEPLOYMENT!r}: run `retrain up` or "
                f"`python -m flows.deployments`{hint}"
            ) from None
        # A name of our own tells whether the server made this run now or gives back an earlier one.
        name = f"{ask.model}-{ask.cause}-{uuid.uuid4().hex[:8]}"
        for attempt in itertools.count(1):
            run = client.create_flow_run_from_deployment(
                deployment.id,
                parameters=ask.model_dump(mode="json"),
                name=name,
                idempotency_key=f"retrain-{ask.model}-{ask.request}-{attempt}",
            )
            if not _ended_without_answer(run):
                break
    return Queued(
        flow_run=str(run.id),
        state=run.state.name or run.state.type.value if run.state else "Unknown",
        address=run_address(address, run.id),
        again=run.name != name,
    )


def _check(ask: Ask) -> None:
    if not ask.request.strip() or len(ask.request) > LONGEST_REQUEST or not ask.request.isprintable():
        raise UsageError(
            f"the request id is {ask.request[:40]!r} ({len(ask.request)} characters); expected 1 to {LONGEST_REQUEST} "
            f"printable ones, the same for the same request"
        )


def _ended_without_answer(run: FlowRun) -> bool:
    """Cancelled, crashed, failed, or stood aside: the same request may be made again."""
    state = run.state
    if state is None or not state.is_final():
        return False
    return not state.is_completed() or state.name == STOOD_ASIDE
