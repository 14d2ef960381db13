"""What does `retrain up` do? It starts the whole service here, and keeps it running until it is told to stop."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from retrain.errors import ServiceAway
from retrain.service.addresses import NOTE, Addresses
from retrain.service.before import alone, check_exposure, check_places, end_leftovers
from retrain.service.children import Child, stop
from retrain.service.examine_server import workers_online
from retrain.service.logs import rotate
from retrain.service.marked import end, marked
from retrain.service.plan import MARK, Mark, Plan, make_plan
from retrain.service.ports import check_ports
from retrain.service.registration import register
from retrain.service.server_http import Server, answers
from retrain.service.stopping import Stop, StopAsked, listening
from retrain.service.webhook_token import token_file, with_token
from retrain.settings import Settings
from retrain.training.durable import write_file
from retrain.values import Value

SERVER_PATIENCE_SECONDS = 300.0
"""Nine seconds on an idle machine with a new database; minutes on a loaded one."""
PART_PATIENCE_SECONDS = 60.0
FLOW_SECONDS = 30.0
"""For a flow to end its training process and to tell the server; the ledger needs neither."""
LOOK_SECONDS = 0.5
HOUSEKEEPING_SECONDS = 60.0
LITTLE_BYTES = 200_000_000
"""Prefect's database grows by some tens of megabytes a day; below this it is said."""

Tell = Callable[[str], None]


class Up(Value):
    """What is told once everything runs."""

    addresses: Addresses
    ui: str
    api: str
    metrics: str
    webhook: str
    token_file: str | None
    """Where the webhook's token was written; none when RETRAIN_TOKEN gave it."""
    registered: dict[str, Any]
    """What `python -m flows.deployments --json` answered."""
    logs: str
    processes: dict[str, int | None]
    silent: tuple[str, ...] = ()
    """Parts that do not answer yet; they are kept running, and their logs say why."""


def up(
    settings: Settings,
    addresses: Addresses,
    given: Mapping[str, str],
    *,
    tell: Tell,
    announce: Callable[[Up], None],
) -> None:
    """Run until a signal asks to stop. Raises errors of ours when it cannot be started; after that it only tells.

    `given` is the environment, `tell` gets a line whenever something happens, `announce` is called once all runs.
    """
    check_exposure(addresses, settings, given)
    with listening() as stopping, alone(settings.work):
        end_leftovers(settings.work, tell)
        check_ports(addresses)
        check_places(settings)
        safe = with_token(settings)
        mark = Mark(work=settings.work, run=f"{os.getpid()}-{uuid.uuid4().hex[:8]}")
        plan = make_plan(safe, addresses, mark, given)
        with _kept(mark), _service(plan, safe, tell, stopping) as children:
            try:
                tell("starting the Prefect server")
                _start_server(children[0], stopping)
                tell("registering flows and schedules")
                registered = register(plan.registration, safe.work, stopping)
                tell("starting workers, exporter and webhook")
                server = Server(api=addresses.api, secrets=plan.server.environment)
                silent = _start_rest(children, server, stopping)
                told = _told(addresses, settings, children, registered).model_copy(update={"silent": silent})
                write_file(settings.work / NOTE, told.canonical())
                announce(told)
                _watch(children, settings, stopping, tell)
            except StopAsked:
                tell("stopping; a second Ctrl-C kills what still runs")


@contextmanager
def _kept(mark: Mark) -> Iterator[None]:
    """Have somebody clean up, also when this process is killed outright."""
    keeper = subprocess.Popen(  # noqa: S603  our own interpreter and module, no shell
        [sys.executable, "-P", "-m", "retrain.service.keeper", f"{MARK}={mark}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()


@contextmanager
def _service(plan: Plan, settings: Settings, tell: Tell, stopping: Stop) -> Iterator[list[Child]]:
    """The children, none started yet. Whatever ends this also ends them: workers, then the rest, the server last.

    The server hears from the workers and their flows what became of the runs, so that none stays Running for ever.
    """
    children = [Child(part, settings, tell) for part in (plan.server, *plan.rest)]
    server, *rest = children
    workers = [child for child in rest if child.part.pool]
    others = [child for child in rest if not child.part.pool]
    try:
        yield children
    finally:
        # Flows first: a worker that is told to end ends its flows without telling the server.
        end(lambda: _flows(plan, children), patience=FLOW_SECONDS, hurry=lambda: stopping.at_once)
        killed = [name for group in (workers, others, [server]) for name in stop(group, stopping)]
        if killed:
            tell(f"killed, since they did not end when asked: {', '.join(killed)}")


def _flows(plan: Plan, children: list[Child]) -> list[int]:
    """The flows that run. Each leads a session of its own, so a signal to its worker's group misses it."""
    ours = {child.pid for child in children}
    found = marked(MARK, lambda value: value == plan.server.environment[MARK])
    return [pid for pid in found if pid not in ours and _leads_a_session(pid)]


def _leads_a_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _start_server(server: Child, stopping: Stop) -> None:
    """Start the server and wait until it answers. Raises ServiceAway as soon as it has ended."""
    assert server.part.probe is not None
    server.start()
    deadline = time.monotonic() + SERVER_PATIENCE_SECONDS
    while not answers(server.part.probe, patience=5.0):
        if sentence := server.has_ended():
            raise ServiceAway(f"the Prefect server did not start: {sentence}")
        if time.monotonic() > deadline:
            raise ServiceAway(
                f"the Prefect server has not answered for {SERVER_PATIENCE_SECONDS:.0f} s; {server.last_words()}"
            )
        stopping.wait(LOOK_SECONDS)


def _start_rest(children: list[Child], server: Server, stopping: Stop) -> tuple[str, ...]:
    """Start all others at once; the names of those that are not well within a minute."""
    for child in children[1:]:
        child.start()
    waited = children[1:]
    deadline = time.monotonic() + PART_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        waited = [child for child in waited if not _is_well(child, server)]
        if all(child.is_hopeless for child in waited):
            break
        stopping.wait(LOOK_SECONDS)
        for child in children:
            child.look()
    return tuple(sorted(child.part.name for child in waited))


def _is_well(child: Child, server: Server) -> bool:
    if child.part.probe:
        return answers(child.part.probe, patience=2.0)
    try:
        return child.part.pool is None or workers_online(server, child.part.pool) > 0
    except ServiceAway:
        return False


def _watch(children: list[Child], settings: Settings, stopping: Stop, tell: Tell) -> None:
    """Keep everything running. Ends by StopAsked alone."""
    due = 0.0
    little = False
    while True:
        for child in children:
            child.look()
        if time.monotonic() >= due:
            due = time.monotonic() + HOUSEKEEPING_SECONDS
            for child in children:
                rotate(child.log)
            little = _say_if_disk_fills(settings, tell, said=little)
        stopping.wait(LOOK_SECONDS)


def _say_if_disk_fills(settings: Settings, tell: Tell, *, said: bool) -> bool:
    """A line when the disk under the server gets full, and one when that is over."""
    free = shutil.disk_usage(settings.work).free
    if free < LITTLE_BYTES and not said:
        tell(
            f"{free / 1e6:.0f} MB free under RETRAIN_WORK ({settings.work}): when it is full, Prefect cannot note runs "
            f"any more and starts none. Free space there; nothing has to be started again"
        )
    elif said and free >= LITTLE_BYTES:
        tell(f"{free / 1e6:.0f} MB free under RETRAIN_WORK again")
    return free < LITTLE_BYTES


def _told(addresses: Addresses, settings: Settings, children: list[Child], registered: dict[str, Any]) -> Up:
    return Up(
        addresses=addresses,
        ui=addresses.ui,
        api=addresses.api,
        metrics=addresses.metrics,
        webhook=addresses.webhook,
        token_file=None if settings.token else str(token_file(settings.work)),
        registered=registered,
        logs=str(settings.work / "logs"),
        processes={child.part.name: child.pid for child in children},
    )
