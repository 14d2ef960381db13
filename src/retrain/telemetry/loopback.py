"""Can other machines reach what listens on this host?"""

import ipaddress
import socket

from retrain.errors import UsageError


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it; a name counts by what it stands for now."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        raise UsageError(
            f"--host is {host!r}: no address of that name is known; expected one of this machine, such as 127.0.0.1"
        ) from None
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)


def is_local_name(host: str) -> bool:
    """Whether the Host header of a call names the loopback; nobody is asked what the name stands for."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
