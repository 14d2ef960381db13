"""How does a dashboard become a picture? Chromium opens a page of ours, which draws it with Grafana's components."""

import json
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dashboards.draw.server import LOCAL, NotDrawn, Prometheus, program

HERE = Path(__file__).parent
WIDTH = 1400
UNIT, HEAD, GAP = 36, 52, 8
"""As in draw.jsx."""
LIMIT_SECONDS = 180
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--no-proxy-server", "--virtual-time-budget=60000", "--run-all-compositor-stages-before-draw"),
)


@dataclass(slots=True)
class Easel:
    """A server of the page, of one dashboard at a time, and of Prometheus's answers."""

    address: str
    prometheus: Prometheus
    board: bytes = b"{}"
    report: dict[str, Any] = field(default_factory=dict)

    def draw(self, board: Path, picture: Path, scene: dict[str, str | float]) -> dict[str, Any]:
        """Write the picture of a checked-in dashboard; what the page says of each panel."""
        self.board, self.report = board.read_bytes(), {}
        panels = json.loads(self.board)["panels"]
        bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
        height = HEAD + bottom * UNIT + GAP
        query = urllib.parse.urlencode({**scene, "width": WIDTH, "height": height})
        picture.parent.mkdir(parents=True, exist_ok=True)
        page = f"{self.address}/index.html?{query}"
        with tempfile.TemporaryDirectory() as profile:
            size = (f"--user-data-dir={profile}", f"--window-size={WIDTH},{height}", f"--screenshot={picture}")
            command = [program("chromium"), *QUIET, *size, page]
            ran = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
            )
        if not self.report or not picture.is_file():
            raise NotDrawn(f"{board.name} was not drawn: {ran.stderr[-2000:]}")
        return self.report


@contextmanager
def easel(prometheus: Prometheus) -> Iterator[Easel]:
    """Serve the page on a free port of the loopback."""
    if not (HERE / "built" / "draw.js").is_file():
        raise NotDrawn(f"the page is not built; run: cd {HERE.name} && npm ci && npm run build")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.easel = Easel(f"http://127.0.0.1:{server.server_port}", prometheus)  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.easel  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


class _Page(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, directory=str(HERE), **kwargs)

    def do_GET(self) -> None:
        if self.path == "/board.json":
            self._answer(200, self._easel.board)
        elif self.path.startswith("/api/"):
            self._answer(*self._asked())
        else:
            if self.path.startswith("/public/"):
                self.path = f"/node_modules/@grafana/ui/dist{self.path}"
            super().do_GET()

    def do_POST(self) -> None:
        self._easel.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200, b"{}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
        """Say nothing."""

    def _asked(self) -> tuple[int, bytes]:
        try:
            with LOCAL.open(self._easel.prometheus.address + self.path, timeout=60) as answer:
                return 200, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @property
    def _easel(self) -> Easel:
        made: Easel = self.server.easel  # type: ignore[attr-defined]
        return made
