"""How does a test hear from a server what no server here says?"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


@dataclass(slots=True)
class Script:
    """The answers still to come, by method; the last one is given again and again."""

    port: int
    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def scripted() -> Iterator[Script]:
    """A server that answers each request with a status and an S3 error code, as told."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Scripted) as server:
        script = Scripted.script = Script(port=server.server_address[1])
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield script
        finally:
            server.shutdown()


class Scripted(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    script: ClassVar[Script]

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.script.asked.append(self.command)
        answers = self.script.answers[self.command]
        status, code = answers.pop(0) if len(answers) > 1 else answers[0]
        body = f"<Error><Code>{code}</Code><Message>hush</Message></Error>".encode() if code else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: pytest shows what is needed."""
