"""Which real servers can be started here? A missing one skips a test; in CI it is a failure."""

import os
import shutil
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APART = ROOT / ".servers" / "bin"
"""Where `make servers` puts those that do not install beside the project."""


def needed(program: str) -> str:
    """Path of a server's program: from `make servers`, or from the system."""
    own = APART / program
    found = str(own) if own.is_file() else shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = f"{program!r} is not installed; `make servers` installs it (Debian 12, as root)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
