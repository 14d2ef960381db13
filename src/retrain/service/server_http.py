"""What does the Prefect server say of itself? Asked by plain HTTP, so that whoever asks stays small."""

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retrain.errors import ServiceAway

REFUSED = (401, 403)
BUSY = 503
BUSY_SECONDS = (0.1, 0.3, 1.0, 2.0)
LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Prefect server's API, and what it wants to be shown."""

    api: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience: float = 10.0
    """Seconds for one answer."""

    def get(self, path: str) -> Any:
        """The answer to a GET. Raises ServiceAway."""
        return self._ask(path, None)

    def post(self, path: str, question: Mapping[str, Any]) -> Any:
        """The answer to a question in JSON. Raises ServiceAway."""
        return self._ask(path, json.dumps(question).encode())

    def _ask(self, path: str, content: bytes | None) -> Any:
        heads = {"Content-Type": "application/json", **_shown(self.secrets)}
        try:
            body = self._in_turn(f"{self.api.rstrip('/')}/{path}", content, heads)
            return json.loads(body) if body else None
        except urllib.error.HTTPError as error:
            hint = "set PREFECT_API_AUTH_STRING to what it was started with" if error.code in REFUSED else _LOOK
            raise ServiceAway(f"the Prefect server at {self.api} answers {path!r} with {error.code}; {hint}") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", None) or error
            raise ServiceAway(
                f"the Prefect server at {self.api} cannot be reached ({why}); start it with `retrain up`, "
                f"or correct PREFECT_API_URL"
            ) from None

    def _in_turn(self, address: str, content: bytes | None, heads: Mapping[str, str]) -> bytes:
        """The body of an answer; asked again while the server says that its database is busy with another writer.

        SQLite has one, and Prefect then answers 503 at once; nothing of such a request was kept.
        """
        for wait in BUSY_SECONDS:
            try:
                return answer_of(address, self.patience, content, heads)
            except urllib.error.HTTPError as error:
                if error.code != BUSY:
                    raise
            time.sleep(wait)
        return answer_of(address, self.patience, content, heads)


_LOOK = "look into its log, at its disk and at its database"


def answers(address: str, patience: float) -> bool:
    """Whether something answers there without an error."""
    try:
        answer_of(address, patience)
    except (OSError, ValueError):
        return False
    return True


def answer_of(
    address: str, patience: float, content: bytes | None = None, heads: Mapping[str, str] | None = None
) -> bytes:
    """The body of an answer. Raises HTTPError, OSError, ValueError."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{address!r} is no address of http or https")
    # A proxy that the environment names is for the world outside; this machine is not reached through it.
    local = parts.hostname in LOCAL
    opener = urllib.request.build_opener(*((urllib.request.ProxyHandler({}),) if local else ()))
    request = urllib.request.Request(address, content, dict(heads or {}))  # noqa: S310  checked above
    with opener.open(request, timeout=patience) as answer:
        body: bytes = answer.read()
    return body


def _shown(secrets: Mapping[str, str]) -> dict[str, str]:
    """The header that proves who asks: a password of one's own server, or a key of Prefect Cloud."""
    if password := secrets.get("PREFECT_API_AUTH_STRING") or secrets.get("PREFECT_SERVER_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(password.encode()).decode()}"}
    if key := secrets.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    return {}
