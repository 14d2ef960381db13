"""How does the webhook listen, and how does it end? Uvicorn on a socket of ours, with bounds on slow callers."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from retrain.errors import PortTaken, UsageError, WorldError
from retrain.service.addresses import is_loopback
from retrain.service.ports import listener

HEAD_SECONDS = 10
CONNECTIONS = 200
"""Callers beyond get 503, which they try again."""
STOP_SECONDS = 10

log = logging.getLogger("retrain.webhook")


class Patient(H11Protocol):
    """Uvicorn waits for the head of a request for ever; here a caller that sends none is hung up on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller is there."""
        super().connection_made(transport)
        self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        if self.cycle is None:
            self.transport.close()


def listen(app: ASGIApp, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way and return."""
    listening = bound(host, port)
    _log_to_stderr()
    config = uvicorn.Config(
        app,
        http=Patient,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        # Uvicorn's own line would hold the query; `Guard` writes one without.
        access_log=False,
        # Nobody says which proxy to believe, so the caller is whoever opened the connection.
        proxy_headers=False,
        server_header=False,
        # One call a connection, so that the bound on heads holds for each.
        headers=[("Connection", "close"), ("Cache-Control", "no-store")],
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    # Its warnings are about what callers send, one a call: they could fill a disk.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    server = uvicorn.Server(config)
    shown = f"[{host}]" if ":" in host else host
    exposed = "" if is_loopback(host) else "; tokens travel in the clear: put a proxy with TLS in front"
    with listening, _ending_quietly(server):
        log.info("listening on http://%s:%d%s", shown, listening.getsockname()[1], exposed)
        server.run(sockets=[listening])
    log.info("ended")


def bound(host: str, port: int) -> socket.socket:
    """A socket bound there. Raises PortTaken, UsageError or WorldError, where uvicorn would end the process."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise UsageError(
            f"--host is {host!r}: no address of that name is known; expected one of this machine"
        ) from None
    except OverflowError:
        raise UsageError(f"--port is {port}; expected 1 to 65535") from None
    opened = socket.socket(family, kind)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        # Now, not when uvicorn does it: two that bind the same port at once are told apart only by listening.
        opened.listen(CONNECTIONS)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            by = listener(port) or "another program"
            raise PortTaken(f"port {port} on {host} is in use by {by}; stop that, or choose another --port") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"--host is {host!r}, which is no address of this machine") from None
        raise WorldError(f"could not listen on {host}, port {port} ({error.strerror}); choose another port") from error
    return opened


@contextmanager
def _ending_quietly(server: uvicorn.Server) -> Iterator[None]:
    """Uvicorn ends well on these signals and then raises them once more, which would kill the process with them."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def _log_to_stderr() -> None:
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in (log.name, "uvicorn"):
        logging.getLogger(name).handlers = [lines]
        logging.getLogger(name).propagate = False
    log.setLevel(logging.INFO)
