"""Can the Prefect server be trusted to run things?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from retrain.errors import ServiceAway
from retrain.service.finding import Finding, broken, ok, warning
from retrain.service.plan import POOLS
from retrain.service.server_http import Server

DEPLOYMENTS = ("check/model", "drill/weekly", "patrol/hourly", "patrol/quarterly", "retrain/model", "rollback/model")
SCHEDULED = "patrol/hourly"
LATE = timedelta(minutes=5)
"""A worker asks every ten seconds; a run that is later than this waits for one."""
UP = "`retrain up` starts everything"


def examine_server(server: Server, version: str | None, now: datetime) -> Iterator[Finding]:
    """It answers, is of our version, has what we registered, and its workers and its scheduler are alive."""
    try:
        server.get("health")
        # Health alone says that the process lives; this one asks its database.
        server.get("ready")
        theirs = str(server.get("admin/version"))
    except ServiceAway as error:
        yield broken("Prefect server", str(error), UP)
        return
    if version and theirs != version:
        found = f"{server.api} runs version {theirs}, this installation has {version}"
        yield warning("Prefect server", found, "start the server from this installation")
    else:
        yield ok("Prefect server", f"{server.api}, version {theirs}")
    for look in (_deployments, _pools, _scheduler, _late):
        try:
            yield look(server, now)
        except ServiceAway as error:
            yield broken(look.__name__.strip("_"), str(error), "look into the server's log")


def workers_online(server: Server, pool: str) -> int:
    """How many workers of a pool have been heard of lately. Raises ServiceAway."""
    workers = server.post(f"work_pools/{pool}/workers/filter", {})
    return sum(worker["status"] == "ONLINE" for worker in workers)


def _deployments(server: Server, _now: datetime) -> Finding:
    seen = {_name(server, each): each for each in server.post("deployments/filter", {"limit": 200})}
    missing = [name for name in DEPLOYMENTS if name not in seen]
    if missing:
        return broken("deployments", f"{', '.join(missing)} not registered", f"python -m flows.deployments, or {UP}")
    paused = [name for name in DEPLOYMENTS if _is_paused(seen[name])]
    if paused:
        return warning("deployments", f"{', '.join(paused)} paused", "resume them in the UI, if that was not meant")
    return ok("deployments", ", ".join(DEPLOYMENTS))


def _is_paused(deployment: dict[str, Any]) -> bool:
    schedules = deployment.get("schedules") or []
    return bool(deployment.get("paused")) or any(not each["active"] for each in schedules)


def _name(server: Server, deployment: dict[str, Any]) -> str:
    return f"{server.get('flows/' + deployment['flow_id'])['name']}/{deployment['name']}"


def _pools(server: Server, _now: datetime) -> Finding:
    found, idle = [], []
    for pool in POOLS:
        online = workers_online(server, pool)
        found.append(f"{pool}: {online} online")
        if not online:
            idle.append(pool)
    if idle:
        step = f"prefect worker start --pool {idle[0]} --type process, or {UP}"
        return broken("workers", f"none online for pool {', '.join(idle)}", step)
    return ok("workers", ", ".join(found))


def _scheduler(server: Server, now: datetime) -> Finding:
    flow, _, name = SCHEDULED.partition("/")
    question = {
        "flows": {"name": {"any_": [flow]}},
        "deployments": {"name": {"any_": [name]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"after_": now.isoformat()}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 1,
    }
    runs = server.post("flow_runs/filter", question)
    if not runs:
        step = "within two minutes of the registration that is normal; later, start the server again and see its log"
        return warning("scheduler", f"no run of {SCHEDULED} is scheduled", step)
    return ok("scheduler", f"next {SCHEDULED} at {runs[0]['expected_start_time'][:16]} UTC")


def _late(server: Server, now: datetime) -> Finding:
    before = (now - LATE).isoformat()
    waiting = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": before}}
    late = server.post("flow_runs/count", {"flow_runs": waiting})
    if late:
        step = "they start as soon as a worker is free; whatever is owed then happens once (the ledger says so)"
        return warning("late runs", f"{late} later than {LATE.seconds // 60} minutes", step)
    return ok("late runs", "none")
