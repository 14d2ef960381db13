"""How does a test lose, cut or damage what a client and a server say to each other?"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["lose", "busy", "cut", "flip", "drop", "damage", "silent"]
"""Of an answer: `lose` throws it away and closes the connection, `busy` gives a 503 in its place, `cut` passes its
beginning on, `flip` changes a byte of its body, `silent` keeps it and closes nothing. Of a request: `drop` closes
before the server sees it, `damage` changes a byte of its body."""
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
CHUNK = 65536


@dataclass(slots=True)
class Proxy:
    """Passes bytes on, but for the faults that a test has planned; each happens once, in turn, to its method."""

    server_port: int
    port: int = 0
    planned: list[tuple[str, Fault]] = field(default_factory=list)
    happened: list[tuple[str, Fault]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, method: str, *faults: Fault) -> None:
        self.planned += [(method, fault) for fault in faults]

    def next(self, method: str, *kinds: Fault) -> Fault | None:
        """The fault that this request or answer has to suffer now."""
        with self.lock:
            for number, (each, fault) in enumerate(self.planned):
                if each == method:
                    if fault in kinds:
                        self.happened.append(self.planned.pop(number))
                        return fault
                    return None
        return None


@dataclass(slots=True)
class Pair:
    """One connection of a client, and the one to the server that belongs to it."""

    proxy: Proxy
    client: socket.socket
    server: socket.socket
    method: str = ""
    answered: bool = True
    damage: bool = False
    flip: bool = False

    def forth(self) -> None:
        """Client to server."""
        while chunk := self.client.recv(CHUNK):
            first = chunk.split(b" ", 1)[0]
            if first in (b"PUT", b"GET", b"HEAD", b"DELETE"):
                self.method, self.answered = first.decode(), False
                fault = self.proxy.next(self.method, "drop", "damage")
                if fault == "drop":
                    break
                self.damage = fault == "damage"
            if self.damage and not chunk.endswith(b"\r\n\r\n"):
                chunk, self.damage = _flipped(chunk), False
            self.server.sendall(chunk)
        self.close()

    def back(self) -> None:
        """Server to client."""
        while chunk := self.server.recv(CHUNK):
            if not self.answered and not chunk.startswith(b"HTTP/1.1 100"):
                self.answered = True
                match self.proxy.next(self.method, "lose", "busy", "cut", "flip", "silent"):
                    case "lose":
                        break
                    case "busy":
                        self.client.sendall(BUSY)
                        break
                    case "cut":
                        self.client.sendall(chunk[: chunk.index(b"\r\n\r\n") + 10])
                        break
                    case "flip":
                        self.flip = True
                    case "silent":
                        continue
            if self.flip and not chunk.endswith(b"\r\n\r\n"):
                chunk, self.flip = _flipped(chunk), False
            self.client.sendall(chunk)
        self.close()

    def close(self) -> None:
        for side in (self.client, self.server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


def _flipped(chunk: bytes) -> bytes:
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


def _pump(work: object) -> None:
    with suppress(OSError):
        work()  # type: ignore[operator]


@contextmanager
def lossy(server_port: int) -> Iterator[Proxy]:
    """A proxy in front of a server of this machine."""
    proxy = Proxy(server_port=server_port)
    pairs: list[Pair] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy.port = listening.getsockname()[1]

        def accept() -> None:
            while True:
                client, _ = listening.accept()
                pair = Pair(proxy, client, socket.create_connection(("127.0.0.1", server_port)))
                pairs.append(pair)
                for work in (pair.forth, pair.back):
                    threading.Thread(target=_pump, args=(work,), daemon=True).start()

        threading.Thread(target=_pump, args=(accept,), daemon=True).start()
        try:
            yield proxy
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for pair in pairs:
                pair.close()
                pair.client.close()
                pair.server.close()
