"""How is a real PostgreSQL started for a test, stopped, killed, and started again?"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.needed import free_port

USER = "prefect"
START_SECONDS = 60.0
STOP_SECONDS = 60.0


@dataclass(slots=True)
class Postgres:
    """A server with one database, on a port of the loopback, with its files in a folder of its own."""

    programs: Path
    folder: Path
    port: int
    password: str
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """As Prefect is given it."""
        return f"postgresql+asyncpg://{USER}:{self.password}@127.0.0.1:{self.port}/{USER}"

    def start(self) -> None:
        """Returns once it takes connections; after a kill, once it has recovered."""
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-h", "127.0.0.1"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*not_root(), *command, "-p", str(self.port), "-k", ""],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.1)

    def stop(self) -> None:
        """As an operator would: connections are cut, everything is written."""
        if self.process is not None:
            # Fast shutdown, whoever is connected.
            self.process.send_signal(signal.SIGINT)
            self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """As a machine that loses its power would."""
        if self.process is not None:
            # Its children have sessions of their own, so their group would not do.
            for pid in (self.process.pid, *_children(self.process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def ask(self, query: str) -> str:
        """The first column of what an SQL query gives, a line a row, told by the database itself."""
        command = [str(self.programs / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-AtXc", query]
        answered = subprocess.run(
            [*command, USER],
            env={**os.environ, "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert answered.returncode == 0, answered.stderr
        return answered.stdout.strip()

    def said(self) -> str:
        """The end of its log, for the message of a test that fails."""
        return (self.folder / "log").read_text()[-2000:]

    def _answers(self) -> bool:
        command = [str(self.programs / "pg_isready"), "--quiet", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False, timeout=30).returncode == 0


def not_root() -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package brings an account for it."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that answers; stopped at the end, whatever a test did to it, and its files removed."""
    programs = _programs()
    # Not under pytest's folder, which root keeps for itself.
    folder = Path(tempfile.mkdtemp(prefix="retrain-postgres-"))
    server = Postgres(programs, folder, free_port(), secrets.token_hex(16))
    try:
        if not_root():
            shutil.chown(folder, "postgres", "postgres")
        given = folder / "password"
        given.write_text(server.password)
        given.chmod(0o644)
        words = ["-D", str(folder / "data"), "-U", USER, "--auth=scram-sha-256", f"--pwfile={given}"]
        _run([str(programs / "initdb"), *words, "--encoding=UTF8", "--locale=C"], folder)
        server.start()
        created = [str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(server.port), "-U", USER, USER]
        _run(created, folder, {**os.environ, "PGPASSWORD": server.password})
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        [*not_root(), *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def _children(parent: int) -> list[int]:
    with suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return []


def _programs() -> Path:
    """The newest that is installed; Debian keeps them outside the search path. A missing one fails in CI."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    if found:
        return max(found, key=lambda place: int(place.parent.name) if place.parent.name.isdigit() else 0)
    reason = "PostgreSQL is not installed; `make servers` installs it (Debian 12, as root)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
