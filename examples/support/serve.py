"""How does an application serve the champion, and log what it answers? One small web app, for Starlette.

POST /classify  {"text": "where is my parcel", "channel": "chat"}
GET  /healthz
"""

import argparse
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import retrain
from retrain.errors import RetrainError

if TYPE_CHECKING:
    from retrain.training.classify_torch import Classifier

CHANNELS = ("app", "chat", "email")
MAX_CHARS = 20_000
"""Longer messages are refused; the drift check would cut them there."""

Ask = Callable[[], retrain.ServedChampion]
"""Which version should serve right now? `retrain.champion`, with the model filled in."""


class Desk:
    """The champion's classifier: loaded at the first message, and again when another version is champion."""

    def __init__(self, ask: Ask, log: retrain.PredictionLogger) -> None:
        self._ask = ask
        self._log = log
        # A classifier is not safe for several threads at once.
        self._lock = threading.Lock()
        self._served: tuple[str, Classifier] | None = None

    def classify(self, text: str, channel: str) -> dict[str, Any]:
        """Answer one message, and log the answer. Raises RetrainError as long as there never was a champion."""
        began = time.perf_counter()
        with self._lock:
            version, classifier = self._newest()
            row = classifier.scores([text])[0]
        scores = dict(zip(classifier.labels, map(float, row), strict=True))
        label = max(scores, key=scores.__getitem__)
        key = self._log.log(
            input=text,
            output=label,
            model_version=version,
            confidence=scores[label],
            scores=scores,
            groups={"channel": channel},
            latency_ms=(time.perf_counter() - began) * 1000,
        )
        # The id joins the row with a label that comes later, so the caller has to have it.
        return {"label": label, "confidence": scores[label], "version": version, "id": key}

    def version(self) -> str:
        """The version that would answer now."""
        return self._ask().version

    def _newest(self) -> "tuple[str, Classifier]":
        try:
            champion = self._ask()
            if self._served is None or self._served[0] != champion.version:
                self._served = (champion.version, champion.load())
        except RetrainError as error:
            # The store may be away for a while; customers go on being answered by the version in memory.
            if self._served is None:
                raise
            logging.getLogger(__name__).warning("version %s goes on serving: %s", self._served[0][:12], error)
        return self._served


def make_app(ask: Ask, log: retrain.PredictionLogger) -> Starlette:
    """The app, and what it serves with; the log is closed when the app ends."""
    desk = Desk(ask, log)

    async def classify(request: Request) -> JSONResponse:
        try:
            given = await request.json()
        except ValueError:
            given = None
        fault = _fault(given)
        if fault:
            return JSONResponse({"error": fault}, status_code=400)
        try:
            # Torch would hold up every other request of the event loop.
            return JSONResponse(await run_in_threadpool(desk.classify, given["text"], given["channel"]))
        except RetrainError as error:
            return JSONResponse({"error": str(error)}, status_code=503)

    async def healthz(_request: Request) -> JSONResponse:
        try:
            return JSONResponse({"version": await run_in_threadpool(desk.version)})
        except RetrainError as error:
            return JSONResponse({"error": str(error)}, status_code=503)

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(log.close)

    routes = [Route("/classify", classify, methods=["POST"]), Route("/healthz", healthz)]
    return Starlette(routes=routes, lifespan=life)


def _fault(given: Any) -> str | None:
    """What is wrong with a request; none when it can be answered."""
    if not isinstance(given, dict):
        return 'expected a JSON object such as {"text": "where is my parcel", "channel": "chat"}'
    text, channel = given.get("text"), given.get("channel")
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_CHARS:
        return f"'text' must be a string of 1 to {MAX_CHARS} characters, and not only blanks"
    if channel not in CHANNELS:
        return f"'channel' is {channel!r}; expected one of {', '.join(CHANNELS)}"
    return None


def main() -> None:
    """Serve on this machine only, unless told otherwise: there is no password."""
    words = argparse.ArgumentParser(description="Serve the champion of the support desk.")
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, default=8000)
    words.add_argument(
        "--log", type=Path, default=Path(__file__).with_name("log"), help="as production.log in the spec"
    )
    given = words.parse_args()
    app = make_app(lambda: retrain.champion("support"), retrain.PredictionLogger(given.log))
    uvicorn.run(app, host=given.host, port=given.port)


if __name__ == "__main__":
    main()
