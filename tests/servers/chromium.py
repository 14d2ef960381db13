"""What does a person see and do in a browser? A real Chromium without a window, told by its own protocol."""

import base64
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

from servers.needed import needed

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--no-proxy-server", "--remote-debugging-port=0", "--remote-allow-origins=*"),
)
PATIENCE = 120.0
"""Seconds; on a loaded machine everything takes long."""
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))
CODES = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13, "Tab": 9}


@dataclass(slots=True)
class Tab:
    """One page of the browser."""

    line: Connection
    errors: list[str] = field(default_factory=list)
    """What the page's own console called an error, and what its rules forbade."""
    _number: int = 0

    def tell(self, method: str, **words: Any) -> dict[str, Any]:
        """One command of the DevTools protocol; its answer."""
        self._number += 1
        self.line.send(json.dumps({"id": self._number, "method": method, "params": words}))
        while True:
            heard = json.loads(self.line.recv(timeout=PATIENCE))
            if heard.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.errors.append(json.dumps(heard["params"])[:500])
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                answer: dict[str, Any] = heard["result"]
                return answer

    def open(self, address: str) -> None:
        """Go to an address, as typed into the bar."""
        self.tell("Page.navigate", url=address)

    def reload(self) -> None:
        self.tell("Runtime.evaluate", expression="window.before = true")
        self.tell("Page.reload")
        self.until("!window.before && document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """What JavaScript makes of an expression in the page."""
        told = self.tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def text(self, selector: str) -> str:
        """The text that is shown there; empty for what is hidden."""
        found = f"document.querySelector({json.dumps(selector)})"
        seen = f"(node => node?.getClientRects().length ? node.innerText : '')({found})"
        return str(self.value(seen)).strip()

    def until(self, expression: str) -> None:
        """Wait until the page says so."""
        end = time.monotonic() + PATIENCE
        while not self.value(expression):
            assert time.monotonic() < end, f"{expression} did not come; the page shows: {self.text('body')[:500]}"

    def press(self, key: str) -> None:
        """One key, as the keyboard sends it."""
        about: dict[str, Any] = {"key": key, "code": key if len(key) > 1 else f"Key{key.upper()}"}
        about["windowsVirtualKeyCode"] = CODES.get(key, ord(key.upper()[0]))
        typed = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        self.tell("Input.dispatchKeyEvent", type="keyDown", **about, **typed)
        self.tell("Input.dispatchKeyEvent", type="keyUp", **about)

    def type(self, text: str) -> None:
        """Text into what has the focus."""
        self.tell("Input.insertText", text=text)

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, file: Path) -> None:
        """What is seen, as a PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def chromium(folder: Path) -> Iterator[Tab]:
    """A browser with a profile of its own and one empty page."""
    profile = folder / "profile"
    command = [needed("chromium"), *QUIET, f"--user-data-dir={profile}", "about:blank"]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with connect(_address(profile, process), max_size=None, proxy=None, open_timeout=PATIENCE) as line:
            tab = Tab(line=line)
            for part in ("Page", "Runtime", "Log"):
                tab.tell(f"{part}.enable")
            yield tab
    finally:
        process.kill()
        process.wait()


def _address(profile: Path, process: "subprocess.Popen[bytes]") -> str:
    """Where the first page listens: the browser writes its port into its profile."""
    end = time.monotonic() + PATIENCE
    told = profile / "DevToolsActivePort"
    while time.monotonic() < end:
        assert process.poll() is None, f"Chromium ended with {process.returncode}"
        lines = told.read_text().splitlines() if told.is_file() else []
        if len(lines) > 1:
            with LOCAL.open(f"http://127.0.0.1:{lines[0]}/json/list", timeout=PATIENCE) as answer:
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("Chromium did not say where it listens")
