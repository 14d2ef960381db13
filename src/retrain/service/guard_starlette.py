"""Who gets past the door of the webhook, and what is written down of each call?"""

import logging
import time
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrain.service.request import one_line
from retrain.service.token import Refusals, TokenCheck

OPEN = "/health"
LONGEST_PATH = 120
TOLD = {
    "missing": "the header 'Authorization: Bearer TOKEN' is missing",
    "wrong": "the token in the header 'Authorization: Bearer TOKEN' is not the one that is asked for",
}
SOURCE = "it is the RETRAIN_TOKEN that this webhook was started with; ask whoever runs it"

log = logging.getLogger("retrain.webhook")


class Guard:
    """Around all endpoints, unknown ones included: without the token, nobody learns what is here.

    The one place that writes a line for each call: method, path, status, caller, time; never the query or a header.
    """

    def __init__(self, app: ASGIApp, check: TokenCheck, clock: Callable[[], float]) -> None:
        self._app, self._check = app, check
        self._refusals = Refusals(clock=clock, tell=log.warning)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == OPEN:
            await self._app(scope, receive, send)
            return
        shown = self._check(scope["headers"])
        if shown != "right":
            self._refusals.add(f"refused ({shown} token): {call_line(scope)}")
            await _refuse(shown)(scope, receive, send)
            return
        await self._told(scope, receive, send)

    async def _told(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.monotonic(), 0

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sender)
        finally:
            log.info("%s: %s in %.0f ms", call_line(scope), status or "no answer", 1000 * (time.monotonic() - began))


def _refuse(shown: str) -> JSONResponse:
    challenge = 'Bearer realm="retrain"' + (', error="invalid_token"' if shown == "wrong" else "")
    return JSONResponse({"error": f"{TOLD[shown]}; {SOURCE}"}, status_code=401, headers={"WWW-Authenticate": challenge})


def call_line(scope: Scope) -> str:
    """A call in a line that no caller can break or fill."""
    caller = (scope.get("client") or ("unknown",))[0]
    return f"{one_line(scope['method'], 10)} {one_line(repr(scope['path']), LONGEST_PATH)} from {caller}"
