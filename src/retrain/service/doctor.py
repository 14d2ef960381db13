"""What can be trusted here, what not, and what should be done? Every examination, whatever the others found."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from retrain.errors import RetrainError, SpecError, StoreError
from retrain.pipeline.mended import Repair
from retrain.service.addresses import Addresses, noted
from retrain.service.examine_machine import (
    examine_gpu,
    examine_versions,
    gpu_names,
    installed_version,
    own_requirements,
    torch_facts,
)
from retrain.service.examine_places import (
    examine_disks,
    examine_ledgers,
    examine_specs,
    examine_store,
    examine_token,
)
from retrain.service.examine_server import UP, examine_server
from retrain.service.finding import BROKEN_WORLD, Finding, broken, warning
from retrain.service.server_http import Server
from retrain.settings import Settings
from retrain.spec_file import spec_names
from retrain.values import Value

Examination = Callable[[], Iterator[Finding]]


class Diagnosis(Value):
    """All that was found."""

    findings: tuple[Finding, ...]
    repairs: tuple[Repair, ...] = ()
    """What is damaged or left over, and what was, would be or must be done about it."""
    exit_status: int
    """The gravest: 4 refused for safety, 3 the world is broken, 2 wrong words, 0 nothing worse than a warning."""


def examine(
    settings: Settings, given: Mapping[str, str], now: datetime | None = None, *, repair: bool = False
) -> Diagnosis:
    """Look at everything, and with `repair` mend what can be.

    `given` is the environment: it names the Prefect server and its secrets.
    """
    at = now or datetime.now(UTC)
    examinations: dict[str, Examination] = {
        "specs": lambda: examine_specs(settings),
        "store": lambda: examine_store(settings),
        "ledgers": lambda: examine_ledgers(settings, at),
        "disks": lambda: examine_disks(settings),
        "Prefect server": lambda: _server(settings, given, at),
        "webhook token": lambda: examine_token(settings),
        "versions": lambda: examine_versions(own_requirements(), installed_version),
        "GPU": lambda: examine_gpu(gpu_names(), torch_facts(), visible=os.environ.get("CUDA_VISIBLE_DEVICES")),
    }
    findings = [one for name, look in examinations.items() for one in _safely(name, look)]
    mended, failed = _repairs(settings, at, repair=repair)
    statuses = [*(one.exit_status for one in (*findings, *failed)), *(one.exit_status for one in mended)]
    return Diagnosis(findings=(*findings, *failed), repairs=mended, exit_status=max(statuses, default=0))


def _repairs(settings: Settings, now: datetime, *, repair: bool) -> tuple[tuple[Repair, ...], tuple[Finding, ...]]:
    """Model by model; one that cannot be looked at is a finding, unless an examination has said the same."""
    # Here: the other examinations do without the stages.
    from retrain.pipeline.repair import repairs  # noqa: PLC0415
    from retrain.pipeline.site import open_site  # noqa: PLC0415

    found: list[Repair] = []
    failed: list[Finding] = []
    for name in spec_names(settings.models):
        try:
            found += repairs(open_site(name, settings, clock=lambda: now), do=repair)
        except (SpecError, StoreError):
            continue
        except (RetrainError, OSError) as error:
            status = getattr(error, "exit_status", BROKEN_WORLD)
            failed.append(broken(f"repair {name}", str(error), "see above", exit_status=status))
    return tuple(found), tuple(failed)


def _safely(name: str, look: Examination) -> Iterator[Finding]:
    """What an examination finds; one that fails is a finding of its own, and never ends the others."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001  whatever it is, the other examinations are owed
        status = getattr(error, "exit_status", BROKEN_WORLD)
        yield broken(name, f"could not be examined: {type(error).__name__}: {error}", "see above", exit_status=status)


def _server(settings: Settings, given: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """The server that the environment names, else the one that `retrain up` started last with this work folder."""
    last = noted(settings.work)
    named = given.get("PREFECT_API_URL")
    server = Server(api=named or (last or Addresses()).api, secrets=given)
    seen = examine_server(server, installed_version("prefect"), now)
    first = next(seen)
    if first.exit_status and not named and last is None:
        yield warning("Prefect server", f"none runs at {server.api}", f"fine where commands are typed by hand; {UP}")
        return
    yield first
    yield from seen
