"""What does the exporter serve beside the metrics? An index, and stable links from dashboards to stored pages."""

import re
import threading
import time
from collections.abc import Callable
from html import escape
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from retrain.errors import NotInStore, RetrainError, StoreError
from retrain.spec import MODEL_NAME
from retrain.store.protocol import Store
from retrain.telemetry.crew import Crew
from retrain.telemetry.documents import Document, card, drift_report, evaluation

T = TypeVar("T")

SECONDS = 8.0
CAREFUL = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
QUIET = {**CAREFUL, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
REPORT = {
    **CAREFUL,
    # The report draws itself by scripts that stand in it. Beside them it holds text from production: in a sandbox it is
    # of no origin, so whatever ran in it could neither read other pages nor send anything anywhere.
    "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'",
}
MARKDOWN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
LINKS: dict[str, tuple[Document, str, dict[str, str]]] = {
    "drift-report": (drift_report, HTML, REPORT),
    "evaluation": (evaluation, MARKDOWN, QUIET),
    "card": (card, MARKDOWN, QUIET),
}


class Pages:
    """The pages of one store, each read and verified when it is asked for."""

    def __init__(self, opened: Callable[[], Store]) -> None:
        self._opened = opened
        # One at a time: a store that hangs must not take the threads that answer scrapes.
        self._crew = Crew(1)
        self._turn = threading.Lock()

    def routes(self) -> list[Route]:
        """Where they stand."""
        links = [
            Route(f"/models/{{model}}/{name}", self._answer_of(*link), methods=["GET"]) for name, link in LINKS.items()
        ]
        return [Route("/", self._index, methods=["GET"]), Route("/health", _health, methods=["GET"]), *links]

    def _answer_of(self, read: Document, kind: str, headers: dict[str, str]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            model = request.path_params["model"]
            if not re.fullmatch(MODEL_NAME, model):
                return _said("no model can have that name: lower-case letters, digits, '-' and '_' are expected", 404)
            try:
                content = self._in_time(lambda: read(self._opened(), model))
            except (RetrainError, OSError) as error:
                return _told(error)
            return Response(content, media_type=kind, headers=headers)

        return answer

    def _index(self, _request: Request) -> Response:
        try:
            names = self._in_time(lambda: list(self._opened().names("models/")))
        except (RetrainError, OSError) as error:
            return HTMLResponse(_page(f"<p>The store is away: {escape(str(error))}</p>"), 503, QUIET)
        models = [name for name in names if re.fullmatch(MODEL_NAME, name)]
        return HTMLResponse(_page("".join(map(_row, models)) or "<p>The store holds no models yet.</p>"), 200, QUIET)

    def _in_time(self, read: Callable[[], T]) -> T:
        until = time.monotonic() + SECONDS
        if not self._turn.acquire(timeout=SECONDS):
            raise StoreError("the store did not answer in time: others wait for it too")
        try:
            (found,) = self._crew.each([read], until=until)
            return found
        finally:
            self._turn.release()


def _health(_request: Request) -> Response:
    """That this process answers; whether the store does is a metric."""
    return PlainTextResponse("ok\n", headers=CAREFUL)


def _told(error: Exception) -> Response:
    """The sentence of an error, and whose matter it is: not there, away, or damaged."""
    status = 404 if isinstance(error, NotInStore) else 503 if isinstance(error, StoreError | OSError) else 500
    return _said(str(error), status)


def _said(sentence: str, status: int) -> Response:
    return PlainTextResponse(f"{sentence}\n", status, QUIET)


def _row(model: str) -> str:
    links = " ".join(f'<a href="/models/{escape(model)}/{name}">{name}</a>' for name in LINKS)
    return f"<li>{escape(model)}: {links}</li>"


def _page(body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>retrain</title>"
        "<style>body{font-family:system-ui,sans-serif;margin:2rem;line-height:1.6}</style>"
        f"<h1>retrain</h1><p><a href=/metrics>metrics</a></p><ul>{body}</ul></html>"
    )
