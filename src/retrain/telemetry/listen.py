"""How does the exporter listen, and how does it end? Uvicorn on a socket of ours; a signal ends it in good order."""

import errno
import logging
import signal
import socket
import sys
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from retrain.errors import PortTaken, UsageError, WorldError

WAITING = 128
STOP_SECONDS = 3

log = logging.getLogger("retrain.telemetry")


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises PortTaken, UsageError or WorldError, where uvicorn would end the process."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError, OverflowError):
        raise UsageError(
            f"--host {host!r} with --port {port} is no address; expected one of this machine and 1 to 65535"
        ) from None
    opened = socket.socket(family, kind)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(WAITING)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} on {host} is in use by another program (perhaps another exporter); stop that, or "
                f"choose another --port"
            ) from None
        raise WorldError(f"could not listen on {host}, port {port} ({error.strerror}); choose another one") from error
    return opened


def listen(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, give what is under way a moment, and return."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Uvicorn ends well on these signals and then raises them once more, which would kill the process with them.
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with listening:
            log.info("exporter listens on port %d of %s", listening.getsockname()[1], listening.getsockname()[0])
            server.run(sockets=[listening])
    finally:
        for number, was in before.items():
            signal.signal(number, was)
        log.removeHandler(lines)
