"""How does the world outside ask for a retrain? By HTTP, with a token: Alertmanager's notifications and plain requests.

    POST /alertmanager             the body of an Alertmanager webhook
    POST /models/{model}/retrain   {"reason": "...", "request": "an id of the caller's, if any"}
    GET  /health                   whether this process answers; without a token

Every answer is safe to ask for again: the same request is the same flow run, and the ledger answers it once. The status
says what the caller should do. Alertmanager tries again after 5xx; after 4xx it gives up for now, counts a failed
notification (which its own alerts watch), and sends the group anew after `group_interval`. So:

    202  every alert that asks has its flow run, or at least one has and the others are named with why
    200  nothing in the notification asks: resolved alerts, other labels; or what asks has to wait, for the cooldown say
    422  alerts ask, and none of them can be answered (an unknown model): a mistake in a rule, which 200 would hide
    503  Prefect or the store is away: nothing is lost, since what was queued before is found again by its id
    400, 408, 413, 415  no notification at all: the same bytes would fail again

A proxy in front of it does TLS: this process speaks plain HTTP, on the loopback unless told otherwise.
"""

import difflib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from retrain.errors import RetrainError, StoreError, UnknownModel, UsageError, WorldError
from retrain.pipeline.site import open_site
from retrain.pipeline.situation import situation_of
from retrain.service.alertmanager import Alert, read_notification, truncated
from retrain.service.body_starlette import json_body
from retrain.service.guard_starlette import Guard
from retrain.service.request import derived_request, given_reason, one_line, runs_ended
from retrain.service.thread_starlette import in_thread
from retrain.service.token import TokenCheck
from retrain.settings import Settings
from retrain.spec_file import spec_names
from retrain.trigger.decide import decide

if TYPE_CHECKING:
    from retrain.service.queue_prefect import Ask, Queued

ASK_SECONDS = 25.0
"""For Prefect and the store to answer; longer than a busy server needs, shorter than callers wait."""
THREADS = 4
"""More at once make a server on SQLite say that it is busy, and are no faster."""
RETRY_AFTER = {"Retry-After": "30"}
DOORS = "POST /alertmanager, POST /models/MODEL/retrain, GET /health"
KEYS = {"reason", "request"}

log = logging.getLogger("retrain.webhook")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the endpoints work with."""

    settings: Settings
    queue: "Callable[[Ask], Queued]"
    """`retrain.service.queue_prefect.queue`: blocking, and safe from many threads."""

    def known(self) -> list[str]:
        """Models that have a spec. Raises StoreError when the folder is gone: then nothing can be called unknown."""
        folder: Path = self.settings.models
        if not folder.is_dir():
            raise StoreError(f"RETRAIN_MODELS names {str(folder)!r}, which is no folder now; mount or create it")
        return spec_names(folder)

    def request(self, model: str, reason: str) -> str:
        """The id of an ask that came without one."""
        state = open_site(model, self.settings).ledger.state()
        return derived_request(model, "manual", reason, runs_ended(state))

    def waits(self, model: str, reason: str) -> str | None:
        """What an alert has to wait for, in words; none when its retrain may begin.

        Asked before anything is queued: an alert that still fires after the cooldown is told again, and queued then.
        """
        place = open_site(model, self.settings)
        now = place.clock()
        situation = situation_of(place.ledger.state(), now=now, asked="alert", reason=reason)
        decision = decide(situation, place.spec.trigger, now=now)
        return "; ".join(decision.reasons) if decision.waiting else None


def application(desk: Desk) -> Starlette:
    """The endpoints behind the token. Raises UsageError for settings without one."""
    check = TokenCheck(desk.settings.token)
    limiter = CapacityLimiter(THREADS)
    app = Starlette(
        routes=[
            Route("/health", _health, methods=["GET"]),
            Route("/alertmanager", _alertmanager, methods=["POST"]),
            Route("/models/{model}/retrain", _retrain, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refused, RetrainError: _failed, OSError: _failed, Exception: _broken},
    )
    app.state.desk, app.state.limiter = desk, limiter
    app.add_middleware(Guard, check=check, clock=time.monotonic)
    return app


def serve(settings: Settings, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT. Raises UsageError without a token, PortTaken when the port is in use."""
    # Enough tries for a server that says it is busy; then the caller tries again. Read at prefect's first import.
    os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "3")
    from retrain.service.listen_uvicorn import listen  # noqa: PLC0415
    from retrain.service.queue_prefect import queue  # noqa: PLC0415

    listen(application(Desk(settings=settings, queue=queue)), host, port)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _retrain(request: Request) -> Response:
    desk, model, body = request.app.state.desk, request.path_params["model"], await json_body(request)
    known = await _in_thread(request, desk.known)
    if model not in known:
        raise UnknownModel(_unknown(model, known))
    reason, given = _wanted(body, request.headers.get("idempotency-key"))
    chosen = given if given is not None else await _in_thread(request, partial(desk.request, model, reason))
    queued = await _ask(request, {"model": model, "cause": "manual", "reason": reason, "request": chosen})
    return JSONResponse({"model": model, "request": chosen, **_answer(queued)}, status_code=202)


async def _alertmanager(request: Request) -> Response:
    body = await json_body(request)
    known = await _in_thread(request, request.app.state.desk.known)
    try:
        alerts = read_notification(body, known)
    except UsageError as error:
        raise HTTPException(400, str(error)) from None
    if left_out := truncated(body):
        log.warning("%d alerts were left out of a notification: raise max_alerts of the receiver", left_out)
    answers: list[dict[str, Any]] = []
    for alert in alerts:
        try:
            answers.append(await _answer_alert(request, alert))
        except (WorldError, OSError) as error:
            # What was queued so far is found again by its id when the notification comes again.
            return _away(error, {"alerts": answers})
    outcomes = {answer["outcome"] for answer in answers}
    hopeless = any(alert.asks for alert in alerts) and "waits" not in outcomes
    status = 202 if outcomes & {"queued", "again"} else 422 if hopeless else 200
    return JSONResponse({"alerts": answers}, status_code=status)


async def _answer_alert(request: Request, alert: Alert) -> dict[str, Any]:
    seen = {"alert": alert.name, "model": alert.model}
    why = alert.why_not
    if why is None:
        assert alert.model is not None, "an alert that asks names its model"
        desk: Desk = request.app.state.desk
        if waits := await _in_thread(request, partial(desk.waits, alert.model, alert.reason)):
            log.info("alert %r asks for a retrain of %s, which waits: %s", alert.name, alert.model, waits)
            return {**seen, "outcome": "waits", "why": waits}
        ask = {"model": alert.model, "cause": "alert", "reason": alert.reason, "request": alert.request}
        try:
            queued = await _ask(request, ask)
        except UsageError as error:
            why = str(error)
        else:
            outcome = "again" if queued.again else "queued"
            return {**seen, "outcome": outcome, "request": alert.request, **_answer(queued)}
    if alert.asks:
        log.warning("alert %r asks for a retrain and gets none: %s", alert.name, why)
    return {**seen, "outcome": "ignored", "why": why}


async def _ask(request: Request, wanted: Mapping[str, str]) -> "Queued":
    from retrain.service.queue_prefect import Ask  # noqa: PLC0415  (prefect is heavy, and is loaded once asked)

    ask = Ask.model_validate(wanted)
    desk: Desk = request.app.state.desk
    queued = await _in_thread(request, partial(desk.queue, ask))
    told = "was asked before" if queued.again else "is queued"
    log.info("retrain of %s %s: request %s, flow run %s", ask.model, told, ask.request, queued.flow_run)
    return queued


async def _in_thread(request: Request, work: Callable[[], T]) -> T:
    otherwise = f"no answer from Prefect or the store within {ASK_SECONDS:g} s; ask again"
    return await in_thread(request, work, seconds=ASK_SECONDS, otherwise=otherwise)


def _wanted(body: Any, header: str | None) -> tuple[str, str | None]:
    """Reason, and the caller's id if there is one. Raises UsageError."""
    if not isinstance(body, Mapping):
        raise UsageError('expected an object such as {"reason": "new products since May"}')
    if unknown := sorted(set(body) - KEYS):
        raise UsageError(f"unknown key {one_line(repr(unknown[0]), 60)}; known are 'reason' and 'request'")
    reason, given = given_reason(body.get("reason")), body.get("request")
    if given is not None and not isinstance(given, str):
        raise UsageError(
            f"'request' is {one_line(json.dumps(given), 60)}; expected a text, the same for the same request"
        )
    if header is not None:
        header = header.strip('"')
        if given is not None and given != header:
            raise UsageError("'request' and the header Idempotency-Key differ; send one of them")
        given = header
    return reason, given


def _unknown(model: str, known: list[str]) -> str:
    near = difflib.get_close_matches(model, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known) or 'none'}"
    return f"no model {one_line(repr(model), 80)} has a spec here; {hint}"


def _answer(queued: "Queued") -> dict[str, Any]:
    return queued.model_dump(mode="json")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {404: f"nothing is here; the doors are {DOORS}", 405: f"not in this way; the doors are {DOORS}"}
    known = sentence.get(error.status_code, error.detail)
    return JSONResponse({"error": known}, status_code=error.status_code, headers=error.headers)


async def _failed(_request: Request, error: Exception) -> Response:
    if isinstance(error, WorldError | OSError):
        return _away(error, {})
    status = 404 if isinstance(error, UnknownModel) else 422 if isinstance(error, UsageError) else 500
    if status >= 500:
        log.error("%s", error)
    return JSONResponse({"error": str(error)}, status_code=status)


def _away(error: Exception, done: Mapping[str, Any]) -> Response:
    log.warning("asked to come again: %s", error)
    return JSONResponse({"error": str(error), **done}, status_code=503, headers=RETRY_AFTER)


async def _broken(_request: Request, _error: Exception) -> Response:
    """A mistake of ours: its traceback goes to the log, not to the caller. 5xx, so that the caller tries again."""
    return JSONResponse({"error": "this is a fault of the webhook itself; its log says which"}, status_code=500)
