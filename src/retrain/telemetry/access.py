"""Who may read what the exporter serves? On the loopback programs of this machine; elsewhere who shows the token."""

import hmac

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from retrain.errors import UsageError
from retrain.settings import Settings
from retrain.telemetry.loopback import is_local_name
from retrain.telemetry.loopback import is_loopback as is_loopback

OPEN = "/health"
REFUSED = "the header 'Authorization: Bearer TOKEN' is missing or not right; TOKEN is the exporter's RETRAIN_TOKEN\n"
MISDIRECTED = "this exporter is asked under a name that is not the loopback's; ask for http://127.0.0.1 or localhost\n"


def token_for(settings: Settings, host: str) -> str | None:
    """What callers must show: nothing on the loopback. Raises UsageError when a token is needed and not set."""
    if is_loopback(host):
        return None
    if settings.token is None:
        raise UsageError(
            f"--host is {host!r}, which other machines can reach, and RETRAIN_TOKEN is not set: set it, and have "
            f"Prometheus show it (authorization: credentials_file); or listen on 127.0.0.1"
        )
    return settings.token


class Door:
    """Around all pages, unknown ones included: without the token nobody learns what is here."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._expected = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        refusal = None if scope["type"] != "http" or scope["path"] == OPEN else self._refusal(dict(scope["headers"]))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, headers: dict[bytes, bytes]) -> PlainTextResponse | None:
        if self._expected is None:
            # A page of some web site whose name was turned to 127.0.0.1 would otherwise read this through a browser.
            name = headers.get(b"host", b"").decode("latin-1")
            return None if is_local_name(name) else PlainTextResponse(MISDIRECTED, status_code=421)
        if hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
            return None
        return PlainTextResponse(REFUSED, status_code=401, headers={"WWW-Authenticate": 'Bearer realm="retrain"'})
