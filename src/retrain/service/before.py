"""Can the service be started here? Everything that can be known before the first process is asked for."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from retrain.errors import NotInStore, UsageError, WorldError
from retrain.service.addresses import Addresses, checked, is_loopback
from retrain.service.marked import end, marked
from retrain.service.plan import AUTH, MARK
from retrain.settings import Settings
from retrain.store.open import open_store

LOCK = "up.lock"
END_SECONDS = 10.0


def check_exposure(addresses: Addresses, settings: Settings, given: Mapping[str, str]) -> None:
    """Whoever opens the service to other machines must have set both secrets. Raises UsageError."""
    if is_loopback(checked(addresses).host):
        return
    missing = [name for name, found in (("RETRAIN_TOKEN", settings.token), (AUTH, given.get(AUTH))) if not found]
    if missing:
        raise UsageError(
            f"--host is {addresses.host!r}, which other machines can reach, and {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not set. Prefect's server lets everybody in unless {AUTH} is set "
            f"(user:password), and the webhook's callers need RETRAIN_TOKEN: set both, or stay on 127.0.0.1"
        )


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Hold the work folder for this process. Raises WorldError when another `retrain up` holds it.

    The kernel lets go when the process ends, however it ends, so nothing has to be cleaned up after a crash.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / LOCK).open("a+")
    except OSError as error:
        raise WorldError(
            f"RETRAIN_WORK is {str(work)!r}, which cannot be written ({error.strerror}); "
            f"name a folder of yours on a disk with free space"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WorldError(_taken(work, (work / LOCK).read_text().strip())) from None
        _write_pid(lock.fileno(), work)
        yield


def _taken(work: Path, pid: str) -> str:
    who = f" (process {pid})" if pid else ""
    return (
        f"another `retrain up`{who} runs with RETRAIN_WORK {str(work)!r}; use that one, stop it first, "
        f"or give this one a work folder and ports of its own"
    )


def _write_pid(descriptor: int, work: Path) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except OSError as error:
        raise WorldError(
            f"RETRAIN_WORK {str(work)!r} cannot be written ({error.strerror}): free space there, or name another folder"
        ) from error


def end_leftovers(work: Path, tell: Callable[[str], None]) -> None:
    """End what a killed `retrain up` with this work folder has left. Only for the holder of the folder."""
    left = _leftovers(work)
    if not left:
        return
    tell(f"a `retrain up` that was killed left {len(left)} processes of its own; they are ended first")
    end(lambda: _leftovers(work), patience=END_SECONDS)


def _leftovers(work: Path) -> list[int]:
    return marked(MARK, lambda value: value.partition("@")[2] == str(work))


def check_places(settings: Settings) -> None:
    """The work folder can be written and the store can be read. Raises WorldError, StoreError, UsageError."""
    probe = settings.work / f".probe-{os.getpid()}"
    try:
        # As much as a database needs to begin with: an empty file can be made on a full disk.
        probe.write_bytes(b"\0" * 65_536)
    except OSError as error:
        raise WorldError(
            f"RETRAIN_WORK {str(settings.work)!r} cannot be written ({error.strerror}): free space there, "
            f"or name another folder"
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    with suppress(NotInStore):
        open_store(settings.store).read("nothing-of-this-name")
