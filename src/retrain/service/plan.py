"""Which processes does `retrain up` run, with which arguments and in which environment?"""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from retrain.service.addresses import Addresses, is_loopback
from retrain.settings import Settings

POOLS = ("cpu", "gpu")
MARK = "RUN_BY_RETRAIN_UP"
"""In the environment of everything that is started, and so of all that those start: by it they are found again."""
AT_ONCE = max(2, min(4, os.cpu_count() or 2))
"""Runs of one worker at the same time: as many as cores, two to four. Of forty that began together (a server that was
away for a day) each is a process of some hundred megabytes that loads what all load; the others wait. The worker counts
them itself: no lease of the server's, which a restart would forget."""
SERVER = "retrain.service.process_prefect"
FOREIGN = ("PREFECT_API_KEY", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "RETRAIN_TOKEN")
"""Not passed on: they name another server, or are a secret that one part alone needs."""
DATABASE = ("PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL")
UI_API = ("PREFECT_UI_API_URL", "PREFECT_SERVER_UI_API_URL")
AUTH = "PREFECT_SERVER_API_AUTH_STRING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process to run."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    """Holds secrets, so it is kept out of every text made from this value."""
    probe: str | None = None
    """An address that answers while it is well; none where it serves nothing."""
    pool: str | None = None
    """Of a worker: whose runs it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything to start, in this order; it is stopped in the opposite one."""

    server: Part
    registration: Part
    """Ends by itself; the parts after it need what it has registered."""
    rest: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What tells our processes from others: the work folder, and one run of `retrain up` in it."""

    work: Path
    run: str

    def __str__(self) -> str:
        """As it stands in the environment of processes."""
        return f"{self.run}@{self.work}"


def make_plan(settings: Settings, addresses: Addresses, mark: Mark, given: Mapping[str, str]) -> Plan:
    """The processes. `given` is the environment of this one; `settings.token` must be set."""
    shared = _shared(settings, addresses, mark, given)
    exporter = ("exporter", "--host", addresses.host, "--port", str(addresses.exporter_port))
    webhook = ("webhook", "--host", addresses.host, "--port", str(addresses.webhook_port))
    token = {"RETRAIN_TOKEN": settings.token} if settings.token else {}
    # On the loopback the exporter asks for none, and what it does not need it does not get.
    of_exporter = {} if is_loopback(addresses.host) else token
    return Plan(
        server=Part(
            name="server",
            command=_python(SERVER, "server", "start", "--host", addresses.host, "--port", str(addresses.port)),
            environment={**shared, **_of_server(settings, addresses, given)},
            probe=f"{addresses.api}/health",
        ),
        registration=Part(
            name="deployments", command=_python("flows.deployments", "--json"), environment=shared, probe=None
        ),
        rest=(
            *(_worker(pool, shared) for pool in POOLS),
            Part(
                name="exporter",
                command=_python("retrain.cli.main", *exporter),
                environment={**shared, **of_exporter},
                # Not its metrics: those want the token, and read the whole store.
                probe=addresses.near_url(addresses.exporter_port, "/health"),
            ),
            Part(
                name="webhook",
                command=_python("retrain.cli.main", *webhook),
                environment={**shared, **token},
                probe=addresses.near_url(addresses.webhook_port, "/health"),
            ),
        ),
    )


def _worker(pool: str, shared: Mapping[str, str]) -> Part:
    # A name of its own, or each start leaves one more worker behind that is offline for ever. The pool is there
    # already: one that the worker made by itself would have no limit.
    words = ("--pool", pool, "--type", "process", "--name", f"{pool}@{socket.gethostname()}", "--limit", str(AT_ONCE))
    return Part(
        name=f"worker-{pool}",
        command=_prefect("worker", "start", *words, "--install-policy", "never", "--no-create-pool-if-not-found"),
        environment=shared,
        pool=pool,
    )


def _shared(settings: Settings, addresses: Addresses, mark: Mark, given: Mapping[str, str]) -> dict[str, str]:
    """What all of them get. Places are absolute, since a worker runs its flows in a folder of its own."""
    kept = {name: value for name, value in given.items() if name not in FOREIGN}
    auth = {"PREFECT_API_AUTH_STRING": given[AUTH]} if given.get(AUTH) else {}
    unproxied = ",".join(filter(None, (given.get("no_proxy") or given.get("NO_PROXY"), "127.0.0.1,localhost,::1")))
    return {
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        **kept,
        **auth,
        "RETRAIN_STORE": _absolute(settings.store),
        "RETRAIN_MODELS": str(settings.models),
        "RETRAIN_WORK": str(settings.work),
        "RETRAIN_CACHE": str(settings.cache),
        "RETRAIN_TIMEZONE": settings.timezone,
        **({"RETRAIN_SIGNING_KEY": str(settings.signing_key)} if settings.signing_key else {}),
        **({"RETRAIN_TRUSTED_KEYS": str(settings.trusted_keys)} if settings.trusted_keys else {}),
        "PREFECT_HOME": str(settings.work / "prefect"),
        "PREFECT_API_URL": addresses.api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_CLI_COLORS": "false",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
        MARK: str(mark),
    }


def _of_server(settings: Settings, addresses: Addresses, given: Mapping[str, str]) -> dict[str, str]:
    """What the server alone gets; what the operator has set stands."""
    wanted = {
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # The alert that this server is down looks at its metrics.
        "PREFECT_SERVER_METRICS_ENABLED": "true",
    }
    if not any(given.get(name) for name in DATABASE):
        wanted[DATABASE[0]] = f"sqlite+aiosqlite:///{settings.work / 'prefect' / 'prefect.db'}"
    if not any(given.get(name) for name in UI_API):
        wanted[UI_API[0]] = f"{addresses.ui}/api"
    return {name: given.get(name, value) for name, value in wanted.items()}


def _absolute(store: str) -> str:
    scheme, separator, place = store.partition("://")
    if separator and scheme != "file":
        return store
    return str(Path(place if separator else store).expanduser().resolve())


def _prefect(*words: str) -> tuple[str, ...]:
    return _python("prefect", *words)


def _python(module: str, *words: str) -> tuple[str, ...]:
    # -P: a folder named like one of our packages, in which the command happens to be typed, must not be taken for it.
    return (sys.executable, "-P", "-m", module, *words)
