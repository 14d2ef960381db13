"""Where does each part of the service listen?"""

import json
import socket
from pathlib import Path

from pydantic import ValidationError

from retrain.errors import UsageError
from retrain.telemetry.loopback import is_loopback as is_loopback
from retrain.values import Value

LOOPBACK = "127.0.0.1"
PREFECT_PORT = 4200
EXPORTER_PORT = 9464
WEBHOOK_PORT = 8484
REVIEW_PORT = 8585
OPTIONS = {"port": "--port", "exporter_port": "--exporter-port", "webhook_port": "--webhook-port"}
"""The option that chooses each port, for sentences."""
NOTE = "up.json"


class Addresses(Value):
    """The host that all parts listen on, and a port each."""

    host: str = LOOPBACK
    port: int = PREFECT_PORT
    exporter_port: int = EXPORTER_PORT
    webhook_port: int = WEBHOOK_PORT

    @property
    def ui(self) -> str:
        """What a person opens in a browser."""
        return self._url(self.seen_as, self.port)

    @property
    def api(self) -> str:
        """What programs on this machine ask."""
        return f"{self._url(self.near, self.port)}/api"

    @property
    def metrics(self) -> str:
        """What Prometheus scrapes."""
        return f"{self._url(self.seen_as, self.exporter_port)}/metrics"

    @property
    def webhook(self) -> str:
        """What Alertmanager and other programs call."""
        return self._url(self.seen_as, self.webhook_port)

    @property
    def near(self) -> str:
        """The host by which this machine reaches itself."""
        return {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.host, self.host)  # noqa: S104  compared, not bound

    @property
    def seen_as(self) -> str:
        """The host by which others reach it: a wildcard is no address."""
        return socket.gethostname() if self.near != self.host else self.host

    def near_url(self, port: int, path: str) -> str:
        """An address by which this machine asks one of its own parts."""
        return f"{self._url(self.near, port)}{path}"

    def url_of(self, port: int) -> str:
        """What a person opens in a browser, of a part that is not always there."""
        return self._url(self.seen_as, port)

    def _url(self, host: str, port: int) -> str:
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def checked(addresses: Addresses) -> Addresses:
    """The same addresses. Raises UsageError when two parts would share a port."""
    ports = [getattr(addresses, name) for name in OPTIONS]
    if len(set(ports)) < len(ports):
        raise UsageError(
            f"ports {', '.join(map(str, ports))} for server, exporter and webhook: each needs one of its own; "
            f"choose with {', '.join(OPTIONS.values())}"
        )
    return addresses


def noted(work: Path) -> Addresses | None:
    """Where the last `retrain up` with this work folder listened; none if there was none."""
    try:
        return Addresses.model_validate(json.loads((work / NOTE).read_text())["addresses"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None
