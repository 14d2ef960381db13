"""What does a test ask of a real server: its runs, its events, and when they are where they should be?"""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from flows.deployments import register_all

from retrain.service.queue_prefect import Ask, Queued, queue
from retrain.service.server_prefect import connected
from servers.prefect import Server

PATIENCE_SECONDS = 120.0
ANSWER_SECONDS = 70.0
"""Prefect waits up to 60 s for its database's lock, so a slow answer of a loaded machine is one all the same."""
OVER = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class Busy(Exception):
    """The server said that it could not, this time."""


def until(
    true: Callable[[], Any],
    *,
    seconds: float = PATIENCE_SECONDS,
    what: str = "it",
    instead: Callable[[], Any] = lambda: "nothing",
) -> Any:
    """The first answer that is something; fails when there is none in time, and says what there was `instead`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        # A server at work on many runs may not answer one look (its database is locked); the next one asks again.
        with suppress(httpx.TimeoutException, Busy):
            if answer := true():
                return answer
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come in {seconds:.0f} s; there was {instead()}")


@dataclass(frozen=True, slots=True)
class Crew:
    """A server on which everything is registered."""

    server: Server

    def register(self, timezone: str = "UTC") -> dict[str, Any]:
        return register_all(timezone=timezone, api=self.server.api)

    def ask(self, model: str, request: str) -> Queued:
        return queue(Ask(model=model, cause="manual", reason="a test", request=request), api=self.server.api)

    def start(self, deployment: str, **parameters: Any) -> str:
        with connected(self.server.api) as client:
            found = client.read_deployment_by_name(deployment)
            return str(client.create_flow_run_from_deployment(found.id, parameters=parameters).id)

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        """Flow runs of a deployment, oldest first, as the server says it."""
        flow, _, name = deployment.partition("/")
        chosen = {"flows": {"name": {"any_": [flow]}}, "deployments": {"name": {"any_": [name]}}}
        found = self.post("flow_runs/filter", {**chosen, "sort": "START_TIME_ASC"})
        return sorted(found, key=lambda run: str(run["created"]))

    def state(self, run: str) -> tuple[str, str, str]:
        """Type, name and message."""
        state = self.get(f"flow_runs/{run}")["state"]
        return state["type"], state["name"], state["message"] or ""

    def ended(self, run: str, seconds: float = PATIENCE_SECONDS) -> tuple[str, str, str]:
        def over() -> tuple[str, str, str] | None:
            seen = self.state(run)
            return seen if seen[0] in OVER else None

        end: tuple[str, str, str] = until(over, seconds=seconds, what=f"the end of {run}")
        return end

    def subflows(self, run: str) -> list[str]:
        """Ids of the flow runs that a run began in its own process."""
        chosen = {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}}
        return [str(each["id"]) for each in self.post("flow_runs/filter", chosen)]

    def states(self, run: str) -> list[str]:
        """The names of all states that a run has had."""
        return [state["name"] for state in self.get("flow_run_states/", flow_run_id=run)]

    def artifacts(self, run: str) -> dict[str, dict[str, Any]]:
        """Key to artifact."""
        found = self.post("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
        return {each["key"]: each for each in found}

    def log(self, run: str) -> list[str]:
        found = self.post("logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"})
        return [line["message"] for line in found]

    def emit(self, name: str, resource: str, payload: Mapping[str, Any], *, identity: str | None = None) -> None:
        """An event, as a flow emits it."""
        event = {
            "id": identity or str(uuid.uuid4()),
            "occurred": datetime.now(UTC).isoformat(),
            "event": name,
            "resource": {"prefect.resource.id": resource},
            "payload": dict(payload),
        }
        self.post("events", [event])

    def post(self, path: str, body: Any) -> Any:
        """The answer of the server's own API."""
        answer = httpx.post(f"{self.server.api}/{path}", json=body, timeout=ANSWER_SECONDS)
        if answer.is_server_error and path.endswith("/filter"):
            raise Busy(answer.text)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str, **words: str) -> Any:
        """The same, for what is only read."""
        answer = httpx.get(f"{self.server.api}/{path}", params=words, timeout=ANSWER_SECONDS)
        if answer.is_server_error:
            raise Busy(answer.text)
        assert answer.is_success, answer.text
        return answer.json()
