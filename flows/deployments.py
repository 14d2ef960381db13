"""What does the Prefect server know of us? Pools, deployments with schedules, automations; registered at will."""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.utilities.callables import parameter_schema
from prefect.workers.process import ProcessWorker

from flows.automations import automations, register
from flows.check import check_model
from flows.drilling import drill_models
from flows.patrol import patrol
from flows.retraining import retrain_model
from flows.reviewing import review_model
from flows.rollback import rollback_model
from retrain.errors import RetrainError
from retrain.service.server_prefect import api_address, connected
from retrain.settings import from_environment

ENVIRONMENT = {
    # Without heartbeats a killed run stays Running for ever.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # Tries again after 2, 4, 8 ... seconds: a run outlives a server that is away for eight minutes, not for one.
    "PREFECT_CLIENT_MAX_RETRIES": "8",
    # What a server answers whose database is away; a run that promoted would be told as failed.
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
"""For every flow run, on top of its worker's own environment."""

NVIDIA = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One deployment: a flow, where it runs, and when."""

    flow: Flow[..., Any]
    name: str
    pool: str = "cpu"
    cron: str | None = None
    timezone: str = "UTC"

    @property
    def entrypoint(self) -> str:
        """By module: the wheel installs the flows, so a worker needs no copy of the repository."""
        return f"{self.flow.fn.__module__}.{self.flow.fn.__name__}"


def plans(timezone: str) -> tuple[Plan, ...]:
    """All deployments. None has a limit of its own: Prefect keeps such limits in memory, and a restart kills runs."""
    return (
        Plan(flow=patrol, name="hourly", cron="7 * * * *"),
        # The hourly patrol finds the quarter's retrain due as well: this one only makes it punctual.
        Plan(flow=patrol, name="quarterly", cron="5 0 1 1,4,7,10 *", timezone=timezone),
        # At night of the week's end: a drill takes a core for up to a minute a model.
        Plan(flow=drill_models, name="weekly", cron="37 3 * * 0"),
        Plan(flow=check_model, name="model"),
        Plan(flow=retrain_model, name="model", pool="gpu"),
        Plan(flow=rollback_model, name="model"),
        Plan(flow=review_model, name="model"),
    )


def gpus() -> int:
    """GPUs of this machine, asked of the driver (torch takes seconds to load); 0 where there is none."""
    with suppress(OSError):
        # An empty folder is a driver that has not said yet: its own program is asked.
        if counted := sum(1 for _ in NVIDIA.iterdir()):
            return counted
    with suppress(OSError, subprocess.SubprocessError):
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S607
        return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
    return 0


def register_all(*, timezone: str, gpu_count: int | None = None, api: str | None = None) -> dict[str, Any]:
    """Bring the server to what stands here, and say what it has. Raises ServiceAway."""
    with connected(api) as client:
        pools = [_pool(client, "cpu", None), _pool(client, "gpu", gpu_count)]
        kept = {}
        for plan in plans(timezone):
            kept[f"{plan.flow.name}/{plan.name}"] = _deployment(client, plan)
        wanted = automations(kept["retrain/model"].id)
        for each in wanted:
            register(client, each)
        return {
            "server": api_address(api),
            "pools": pools,
            "deployments": [_shown(name, seen) for name, seen in kept.items()],
            "automations": [each.name for each in wanted],
            "next": sorted((tick for name, seen in kept.items() for tick in _next(name, seen)), key=lambda t: t["at"]),
        }


def _pool(client: SyncPrefectClient, name: str, limit: int | None) -> dict[str, Any]:
    """A pool that is there keeps its type and template. Only on a GPU's own machine are its GPUs counted."""
    with suppress(ObjectAlreadyExists):
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
    pool = client.read_work_pool(name)
    if name == "gpu":
        counted = max(1, gpus()) if pool.type == "process" or pool.concurrency_limit is None else pool.concurrency_limit
        wanted = max(1, limit) if limit is not None else counted
        if pool.concurrency_limit != wanted:
            client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=wanted))
            pool = client.read_work_pool(name)
    return {"name": name, "type": pool.type, "limit": pool.concurrency_limit}


def _deployment(client: SyncPrefectClient, plan: Plan) -> DeploymentResponse:
    """Create or update. What an operator has paused stays paused."""
    before: DeploymentResponse | None = None
    with suppress(ObjectNotFound):
        before = client.read_deployment_by_name(f"{plan.flow.name}/{plan.name}")
    schedules = []
    if plan.cron:
        paused = {each.slug for each in before.schedules if not each.active} if before else set()
        schedule = CronSchedule(cron=plan.cron, timezone=plan.timezone)
        schedules = [DeploymentScheduleCreate(schedule=schedule, slug=plan.name, active=plan.name not in paused)]
    made: UUID = client.create_deployment(
        client.create_flow(plan.flow),
        plan.name,
        schedules=schedules,
        work_pool_name=plan.pool,
        entrypoint=plan.entrypoint,
        description=plan.flow.description,
        parameter_openapi_schema=parameter_schema(plan.flow).model_dump(exclude_unset=True),
        enforce_parameter_schema=True,
        job_variables={"env": ENVIRONMENT},
        pull_steps=[],
        paused=before.paused if before else False,
    )
    return client.read_deployment(made)


def _shown(name: str, seen: DeploymentResponse) -> dict[str, Any]:
    cron = [each.schedule for each in seen.schedules if isinstance(each.schedule, CronSchedule)]
    return {
        "name": name,
        "entrypoint": seen.entrypoint,
        "pool": seen.work_pool_name,
        "cron": cron[0].cron if cron else None,
        "timezone": cron[0].timezone if cron else None,
        "paused": seen.paused or any(not each.active for each in seen.schedules),
    }


def _next(name: str, seen: DeploymentResponse) -> Iterator[dict[str, str]]:
    """When the schedule strikes next. The server writes such runs down seconds later, by the same rule."""
    from prefect.server.schemas.schedules import CronSchedule as Ticking  # noqa: PLC0415  (the server is heavy)

    for each in seen.schedules:
        if isinstance(each.schedule, CronSchedule) and each.active and not seen.paused:
            ticking = Ticking(cron=each.schedule.cron, timezone=each.schedule.timezone)
            (tick,) = asyncio.run(ticking.get_dates(1))
            yield {"deployment": name, "at": datetime.fromtimestamp(tick.timestamp(), tick.tzinfo).isoformat()}


def main() -> int:
    """Register everything; one JSON object or a few lines."""
    words = argparse.ArgumentParser(prog="python -m flows.deployments", description="Register with the Prefect server.")
    words.add_argument("--gpus", type=int, help="limit of the gpu pool (default: the GPUs of this machine, at least 1)")
    words.add_argument("--json", action="store_true", help="print one JSON object")
    given = words.parse_args()
    try:
        seen = register_all(timezone=from_environment().timezone, gpu_count=given.gpus)
    except RetrainError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.write(json.dumps(seen, indent=2) + "\n" if given.json else _told(seen))
    return 0


def _told(seen: dict[str, Any]) -> str:
    lines = [f"registered with {seen['server']}"]
    lines += [
        f"  pool {each['name']}: {each['type']}, runs at once: {each['limit'] or 'any'}" for each in seen["pools"]
    ]
    for each in seen["deployments"]:
        when = f"{each['cron']} ({each['timezone']})" if each["cron"] else "when asked"
        lines.append(f"  {each['name']}: {when}, pool {each['pool']}{', paused' if each['paused'] else ''}")
    lines += [f"  automation {name!r}" for name in seen["automations"]]
    lines += [f"next: {tick['deployment']} at {tick['at']}" for tick in seen["next"]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main() if __package__ else "run it from the folder above flows/: python -m flows.deployments")
