"""Who may judge and approve through the review page, and from which page of which browser?"""

import logging
import time
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from retrain.errors import UsageError
from retrain.service.guard_starlette import call_line
from retrain.service.token import Refusals, TokenCheck
from retrain.settings import Settings
from retrain.telemetry.loopback import is_local_name, is_loopback

OPEN = frozenset({"/", "/health", "/review.css", "/review.js"})
"""The page without anything in it: it must load before it can show a token."""
TOLD = {
    "missing": "this review asks for a token: open the address that ends in #token=TOKEN, with the RETRAIN_TOKEN that "
    "`retrain review` was started with",
    "wrong": "the token is not the one that `retrain review` was started with; ask whoever started it",
}
FOREIGN = "this call comes from another page than the review's own; nothing was kept"
MISDIRECTED = "this review is asked under a name that is not the loopback's; open http://127.0.0.1 or localhost"

log = logging.getLogger("retrain.webhook")


def token_for(settings: Settings, host: str) -> TokenCheck | None:
    """What reviewers must show: nothing on the loopback. Raises UsageError where a token is needed and not set."""
    if is_loopback(host):
        return None
    if settings.token is None:
        raise UsageError(
            f"--host is {host!r}, which other machines can reach, and RETRAIN_TOKEN is not set: set it, and give "
            f"reviewers the address with #token=TOKEN at its end; or listen on 127.0.0.1"
        )
    return TokenCheck(settings.token)


class ReviewDoor:
    """Around the page and all it calls.

    On the loopback a name that is not the loopback's is refused, as a web site that turned its own name to 127.0.0.1
    would bring. Elsewhere each call shows the token in a header, which no other page can make a browser send.
    """

    def __init__(self, app: ASGIApp, check: TokenCheck | None) -> None:
        self._app, self._check = app, check
        self._refusals = Refusals(clock=time.monotonic, tell=log.warning)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is not None:
            self._refusals.add(f"refused: {call_line(scope)}")
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if self._check is None and not is_local_name(host):
            return JSONResponse({"error": MISDIRECTED}, status_code=421)
        if scope["path"] in OPEN:
            return None
        if _foreign(headers, host):
            return JSONResponse({"error": FOREIGN}, status_code=403)
        shown = "right" if self._check is None else self._check(scope["headers"])
        if shown != "right":
            challenge = {"WWW-Authenticate": 'Bearer realm="retrain"'}
            return JSONResponse({"error": TOLD[shown]}, status_code=401, headers=challenge)
        return None


def _foreign(headers: dict[bytes, str], host: str) -> bool:
    """Whether a browser says that another page sent it. Other programs say nothing; there is no cookie to steal."""
    origin = headers.get(b"origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return True
    return headers.get(b"sec-fetch-site", "same-origin") not in ("same-origin", "none")
