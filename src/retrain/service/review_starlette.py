"""How do people judge in a browser? A page of our own, and the few calls that it makes.

    GET  /                 the page; nothing in it until it is told who judges
    POST /api/open         {"reviewer"}                     the rows, blinded, and what this reviewer said so far
    POST /api/judge        {"reviewer", "row", "choice"}    kept in the store before it is answered
    POST /api/undo         {"reviewer"}                     the last judgement is taken back
    POST /api/finish       {"reviewer"}                     no more changes; then the totals may be seen
    POST /api/verdict      {"reviewer", "verdict", "reason"}   an entry in the ledger
    GET  /health

No answer holds a version, or says which side is which model's. Totals are shown only to those who have finished, and
only when as many have as the spec asks for: nobody judges on with them in mind.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from retrain.errors import RetrainError, UsageError, WorldError
from retrain.pipeline.review_room import ReviewRoom
from retrain.pipeline.reviewing import conclude, note_of, review_seen, verdict_word, waiting
from retrain.review.judgement import CHOICES, Choice, Opinion, reviewer_name, seat
from retrain.service.body_starlette import json_body
from retrain.service.listen_uvicorn import listen
from retrain.service.review_door_starlette import ReviewDoor
from retrain.service.thread_starlette import in_thread
from retrain.service.token import TokenCheck

FOLDER = Path(__file__).parent / "review_page"
KINDS = {"index.html": "text/html", "review.css": "text/css", "review.js": "text/javascript"}
CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Text from outside is only ever set as text; were a mistake made there, nothing in it could run or call anywhere.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
ASK_SECONDS = 60.0
THREADS = 8

log = logging.getLogger("retrain.webhook")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDesk:
    """What the calls work with: each method is one of them, blocking, and safe from many threads."""

    room: ReviewRoom

    def open(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The rows and what this reviewer said. Raises UsageError when this review is over."""
        name = reviewer_name(body.get("reviewer"))
        if waiting(self.room.site) != self.room.about:
            raise UsageError("what this page shows waits no longer; end it, and type `retrain review MODEL` again")
        rows = [row.model_dump(mode="json") for row in self.room.rows]
        return {"rows": rows, **self._seen(self.room.opinion_of(name))}

    def judge(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Keep one judgement."""
        choice: Choice | None = next((each for each in _CHOICES if each == body.get("choice")), None)
        if choice is None:
            raise UsageError(f"the choice is {str(body.get('choice'))[:40]!r}; expected one of {', '.join(CHOICES)}")
        return self._seen(self.room.judge(reviewer_name(body.get("reviewer")), str(body.get("row")), choice))

    def undo(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take the last one back."""
        return self._seen(self.room.undo(reviewer_name(body.get("reviewer"))))

    def finish(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Say nothing more."""
        return self._seen(self.room.finish(reviewer_name(body.get("reviewer"))))

    def verdict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Approve or reject, once enough have finished. Raises UsageError before."""
        name = reviewer_name(body.get("reviewer"))
        verdict, note = verdict_word(body.get("verdict")), note_of(body.get("reason"))
        mine = self.room.opinion_of(name)
        if self._result(mine) is None:
            raise UsageError(f"a verdict needs {self._needed} who have finished, you among them; nothing was decided")
        given = conclude(self.room.site, self.room.about, self.room.kept(), verdict=verdict, by=(mine.reviewer, note))
        log.info("%s: the challenger was given the verdict %r, entry %d", given.model, given.verdict, given.entry)
        return self._seen(mine)

    @property
    def _needed(self) -> int:
        return self.room.site.spec.promotion.review.min_reviewers

    def _seen(self, mine: Opinion) -> dict[str, Any]:
        people = [
            {"name": one.reviewer, "judged": len(one.choices), "finished": one.finished} for one in self.room.opinions()
        ]
        return {
            "model": self.room.site.model,
            "reviewer": mine.reviewer,
            "choices": mine.choices,
            "finished": mine.finished,
            "needed": self._needed,
            "people": people,
            "result": self._result(mine),
            "verdict": self._verdict(mine),
        }

    def _result(self, mine: Opinion) -> dict[str, Any] | None:
        """The totals, for one who has finished among enough who have."""
        everybody = {seat(one.reviewer) for one in self.room.opinions() if one.finished}
        if seat(mine.reviewer) not in everybody or len(everybody) < self._needed:
            return None
        seen = self.room.tally()
        return {
            **seen.model_dump(mode="json", include={"rows", "challenger", "champion", "tied", "p_value"}),
            "agreement": str(seen.agreement) if seen.agreement else None,
            "suggestion": seen.suggestion(self.room.site.spec.promotion.alpha),
        }

    def _verdict(self, mine: Opinion) -> dict[str, Any] | None:
        """Told to those who have finished; a verdict does not end what others judge."""
        about = self.room.about
        seen = review_seen(self.room.site, about.challenger, about.champion) if mine.finished else None
        if seen is None or seen.verdict is None:
            return None
        missing = max(self._needed - len(seen.reviewers), 0) if seen.verdict == "approve" else 0
        asked = missing > 0 and seat(mine.reviewer) not in {seat(name) for name in seen.reviewers}
        return {
            **{"verdict": seen.verdict, "reviewers": seen.reviewers, "entry": seen.entry},
            **{"missing": missing, "asked": asked},
        }


_CHOICES: tuple[Choice, ...] = ("left", "right", "both", "neither", "skip")
Call = Callable[[Mapping[str, Any]], dict[str, Any]]


def review_application(room: ReviewRoom, check: TokenCheck | None) -> Starlette:
    """The page and its calls, behind the door."""
    desk = ReviewDesk(room=room)
    calls: dict[str, Call] = {
        "open": desk.open,
        "judge": desk.judge,
        "undo": desk.undo,
        "finish": desk.finish,
        "verdict": desk.verdict,
    }
    app = Starlette(
        routes=[
            Route("/", _file("index.html"), methods=["GET"]),
            Route("/review.css", _file("review.css"), methods=["GET"]),
            Route("/review.js", _file("review.js"), methods=["GET"]),
            Route("/health", _health, methods=["GET"]),
            *(Route(f"/api/{name}", _answering(call), methods=["POST"]) for name, call in calls.items()),
        ],
        exception_handlers={HTTPException: _refused, RetrainError: _failed, OSError: _failed, Exception: _broken},
    )
    app.state.limiter = CapacityLimiter(THREADS)
    app.add_middleware(ReviewDoor, check=check)
    return app


def serve(room: ReviewRoom, check: TokenCheck | None, host: str, port: int) -> None:
    """Show the page until SIGTERM or SIGINT. Raises PortTaken."""
    listen(review_application(room, check), host, port)


def _file(name: str) -> Callable[[Request], Response]:
    content = (FOLDER / name).read_bytes()

    def answer(_request: Request) -> Response:
        return Response(content, media_type=f"{KINDS[name]}; charset=utf-8", headers=CAREFUL)

    return answer


def _answering(call: Call) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        body = await json_body(request)
        if not isinstance(body, Mapping):
            raise UsageError('expected an object such as {"reviewer": "Ann"}')
        return JSONResponse(await _in_thread(request, partial(call, body)))

    return answer


async def _in_thread(request: Request, work: Callable[[], T]) -> T:
    otherwise = f"no answer from the store within {ASK_SECONDS:g} s; try again"
    return await in_thread(request, work, seconds=ASK_SECONDS, otherwise=otherwise)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


async def _failed(_request: Request, error: Exception) -> Response:
    status = 422 if isinstance(error, UsageError) else 503 if isinstance(error, WorldError | OSError) else 500
    if status != 422:
        log.error("%s", error)
    return JSONResponse({"error": str(error)}, status_code=status)


async def _broken(_request: Request, _error: Exception) -> Response:
    """A mistake of ours: its traceback goes to the log, not to the reviewer."""
    return JSONResponse({"error": "this is a fault of the page itself; its log says which"}, status_code=500)
