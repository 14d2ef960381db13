"""What does a test hold, kill and count while real processes are at work on a shop?"""

import os
import signal
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path

from flows.automations import automations, register
from prefect.client.schemas.objects import StateType
from prefect.states import Scheduled

from retrain.service.server_prefect import connected
from retrain.store.events import Checked, Claimed, Ended, Promoted
from retrain.store.ledger import Draft
from servers.crew import OVER, Crew, until
from servers.prefect import Server, Started, prefect_worker, processes_of
from shop import DAY, FEW, START, Messages, Shop
from versions import untrained

PATIENCE_SECONDS = 900.0
"""For what takes a minute where nothing else is at work, and many where much is."""

SILENT = timedelta(seconds=60)
"""Two of Prefect's shortest heartbeats; one that comes late on a busy machine must not end a run that lives."""

OPEN = ("PENDING", "RUNNING", "CANCELLING", "PAUSED")


def ready(server: Server) -> Crew:
    """Everything registered; silence is noticed sooner than in production, and no tick of the clock comes between."""
    crew = Crew(server)
    crew.register()
    with connected(server.api) as client:
        retrain = client.read_deployment_by_name("retrain/model").id
        for each in automations(retrain, silent=SILENT):
            register(client, each)
        for name in ("drill/weekly", "patrol/hourly", "patrol/quarterly"):
            found = client.read_deployment_by_name(name)
            client.update_deployment_schedule(found.id, found.schedules[0].id, active=False)
    swept(crew)
    return crew


def working(crew: Crew, stack: ExitStack, shop: Shop, *pools: str) -> list[Started]:
    """A worker for each of these pools, at work on this shop until the stack is left; two runs at once, as on two cores
    `retrain up` has it."""
    return [stack.enter_context(prefect_worker(crew.server, pool, shop.environment, limit=2)) for pool in pools]


def late(crew: Crew, deployment: str, at: datetime) -> str:
    """A run that should have begun then, as the schedule makes it."""
    with connected(crew.server.api) as client:
        found = client.read_deployment_by_name(deployment)
        return str(client.create_flow_run_from_deployment(found.id, state=Scheduled(scheduled_time=at)).id)


def swept(crew: Crew) -> None:
    """Runs that nobody has begun are gone: the next test's workers work for another shop."""
    chosen = {"flow_runs": {"state": {"type": {"any_": [StateType.SCHEDULED.value, *OPEN]}}}}
    with connected(crew.server.api) as client:
        for run in crew.post("flow_runs/filter", chosen):
            client.delete_flow_run(run["id"])


def unfinished(crew: Crew) -> list[str]:
    """Flow runs that stand as being at work."""
    found = crew.post("flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": list(OPEN)}}}})
    return [f"{run['name']}: {run['state']['name']}" for run in found]


def all_ended(crew: Crew, deployment: str, *, known: int = 0, least: int = 1) -> list[tuple[str, str]]:
    """Type and name of the last state of each run after those known, once there are so many and all are over."""

    def ends() -> list[tuple[str, str]]:
        found = [(run["state"]["type"], run["state"]["name"]) for run in crew.runs(deployment)[known:]]
        return found if len(found) >= least and all(kind in OVER for kind, _ in found) else []

    def instead() -> str:
        runs = [f"{run['id']} {crew.states(run['id'])}" for run in crew.runs(deployment)[known:]]
        return "\n".join([f"{runs} of at least {least}; the server said:", crew.server.log.read_text()[-6000:]])

    answer: list[tuple[str, str]] = until(
        ends, seconds=PATIENCE_SECONDS, what=f"the end of all runs of {deployment}", instead=instead
    )
    return answer


def trainers(shop: Shop) -> list[int]:
    """Processes that train for this shop."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (place / "cmdline").read_bytes().decode(errors="replace")
            if "retrain.training.worker" in words and str(shop.root) in words:
                found.append(int(place.name))
    return found


def held_trainer(shop: Shop) -> int:
    """The shop's training process, stopped where it stands as soon as it is seen."""
    pid: int = until(lambda: trainers(shop), seconds=PATIENCE_SECONDS, what="a training process")[0]
    os.kill(pid, signal.SIGSTOP)
    return pid


def processes(crew: Crew, run: str) -> list[int]:
    """Those that carry out a flow run, what they have started included."""
    mark = f"PREFECT__FLOW_RUN_ID={run}".encode()
    found = []
    for pid in processes_of(Path(crew.server.environment["PREFECT_HOME"])):
        with suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def kill_9(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def steps(shop: Shop) -> list[str]:
    """What the ledger has of retrains, step by step; an end is named by its outcome."""
    said: list[str] = []
    for entry in shop.site().ledger.entries():
        event = entry.event
        if isinstance(event, Ended):
            said.append(event.outcome)
        elif isinstance(event, Claimed):
            said.append("taken over" if event.took_over else "claimed")
        elif event.kind in ("prepared", "trained") or (isinstance(event, Promoted) and event.claim):
            said.append(event.kind)
    return said


def judged(shop: Shop) -> list[tuple[datetime, datetime]]:
    """Windows that checks have given a verdict on."""
    events = [entry.event for entry in shop.site().ledger.entries()]
    return [(e.start, e.end) for e in events if isinstance(e, Checked) and e.state != "insufficient_data"]


def drifting(shop: Shop, messages: Messages) -> None:
    """A champion of long ago, three quiet days, and two that are not: three windows are owed, and then a retrain."""
    site = shop.site()
    version = site.versions.put({"card.md": b"of long ago"}, untrained(site.spec.base, FEW).model_dump(mode="json"))
    event = Promoted(claim=None, version=version, over=None, snapshot="s" * 64)
    site.ledger.append(lambda newest: Draft(event=event, reasons=("by hand",), actor="a test"))
    for day in range(3):
        shop.day(day, messages("base", day * 150, 150))
    for day in (3, 4):
        rows = messages("new_intent", day * 60, 90) + messages("base", day * 150, 60)
        ids = shop.day(day, rows, sure=0.6)
        shop.label(ids[90:], [row["label"] for row in rows[90:]], at=START + 5 * DAY)
