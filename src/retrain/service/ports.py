"""Is a port free, and if not, which program listens there?"""

import errno
import os
import socket
from pathlib import Path

from retrain.errors import PortTaken, UsageError, WorldError
from retrain.service.addresses import OPTIONS, Addresses

LISTENING = "0A"
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def check_ports(addresses: Addresses) -> None:
    """Raises PortTaken with the program that listens there, as far as the kernel tells, and what to do."""
    for name, option in OPTIONS.items():
        port = getattr(addresses, name)
        if not _is_free(addresses.host, port):
            by = listener(port) or "another program"
            raise PortTaken(
                f"port {port} on {addresses.host} is in use by {by}; stop that, or choose another port with {option}"
            )


def _is_free(host: str, port: int) -> bool:
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            # Connections that a stopped server left in TIME_WAIT do not hold a port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        raise UsageError(
            f"--host is {host!r}: no address of that name is known; expected one of this machine"
        ) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"--host is {host!r}, which is no address of this machine") from None
        raise WorldError(f"could not listen on {host}, port {port} ({error.strerror}); choose another port") from error
    return True


def listener(port: int) -> str | None:
    """The program that listens on a port of this machine, as `name (process 123)`; none if the kernel does not tell."""
    sockets = {f"socket:[{inode}]" for table in TABLES for inode in _inodes(table, port)}
    for place in Path("/proc").glob("[0-9]*") if sockets else ():
        try:
            held = any(str(each.readlink()) in sockets for each in (place / "fd").iterdir())
            words = (place / "cmdline").read_bytes().split(b"\0") if held else []
        except OSError:
            continue
        if held:
            said = " ".join(os.fsdecode(word) for word in words[:5] if word)
            return f"{said!r} (process {place.name})"
    return None


def _inodes(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    wanted = f"{port:04X}"
    return [row[9] for row in rows if row[3] == LISTENING and row[1].rpartition(":")[2] == wanted]
