"""What did Alertmanager tell people? A receiver that writes down every alert that is posted to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Alert = dict[str, Any]


@dataclass(slots=True)
class Received:
    """Every alert that was posted, in order; one told twice stands here twice."""

    address: str = ""
    alerts: list[Alert] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)
    """What the callers showed as their authorization."""

    def told(self, name: str, model: str | None = None) -> list[str]:
        """What was told of an alert, in order and without repeats: `firing`, `resolved`."""
        seen: list[str] = []
        for alert in list(self.alerts):
            labels = alert["labels"]
            if labels["alertname"] == name and labels.get("model") == model and seen[-1:] != [alert["status"]]:
                seen.append(alert["status"])
        return seen


@contextmanager
def webhook() -> Iterator[Received]:
    """A receiver on a free port of the loopback."""
    received = Received()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.credentials.add(self.headers.get("Authorization", ""))
            received.alerts.extend(body["alerts"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what counts."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    received.address = f"http://127.0.0.1:{server.server_port}/alerts"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
