"""Is a retrain due, and what comes of it? The commands that do the work: check and run."""

import inspect
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import typer

from retrain.cli.output import (
    AsJson,
    Model,
    Reason,
    given,
    plain,
    print_json,
    say,
    site,
    styled,
    table,
    tell,
    version_name,
)
from retrain.drift.performance.sentences import told
from retrain.errors import UsageError
from retrain.pipeline.check import CheckResult, check
from retrain.pipeline.retrain import RunResult, retrain
from retrain.pipeline.site import Site
from retrain.store.judged import Signal
from retrain.store.state import Cause
from retrain.values import counted


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("check")(check_command)
    app.command("run")(_run)


def check_command(model: Model, as_json: AsJson = False) -> None:
    """Judge the windows of production that are owed, and say whether a retrain is due."""
    result = check(site(model))
    if as_json:
        print_json(result)
        return
    _print_check(result)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What `retrain run` is told; a value, since it is more than a function should take."""

    model: Model
    reason: Reason
    cause: Annotated[
        str,
        typer.Option(
            help="manual, drift, schedule or alert; all but the first wait, and the next two run only when due."
        ),
    ] = "manual"
    queue: Annotated[
        bool, typer.Option("--queue", help="Hand it to the service and return at once; PREFECT_API_URL names it.")
    ] = False
    request: Annotated[
        str | None,
        typer.Option(help="An id of yours: the same id is answered once. By default it is made of the words."),
    ] = None
    as_json: AsJson = False


def run_command(told: RunOptions) -> None:
    """Retrain now: gather and clean examples, tune, compare, and promote only what is shown to be better."""
    causes: dict[str, Cause] = {name: name for name in get_args(Cause)}
    if told.cause not in causes:
        raise UsageError(f"--cause is {told.cause!r}; expected {', '.join(causes)}")
    if told.queue:
        _queue(told, causes[told.cause])
        return
    reason, place = given(told.reason), site(told.model)
    request = told.request or _request(place, causes[told.cause], reason)
    result = retrain(place, cause=causes[told.cause], reason=reason, request=request, tell=tell)
    if told.as_json:
        print_json(result)
        return
    _print_run(result)


def _run(**words: Any) -> None:
    run_command(RunOptions(**words))


# The command line is read off the value's fields, as it otherwise is off a function's parameters.
_run.__signature__ = inspect.signature(RunOptions)  # type: ignore[attr-defined]
_run.__annotations__ = dict(RunOptions.__init__.__annotations__)
_run.__doc__ = run_command.__doc__


def _request(place: Site, cause: Cause, reason: str) -> str:
    """The id of this ask: typed here, queued, or asked of the webhook in the same words, it is the same request."""
    from retrain.service.request import derived_request, one_line, runs_ended  # noqa: PLC0415

    return derived_request(place.model, cause, one_line(reason, len(reason)), runs_ended(place.ledger.state()))


def _queue(told: RunOptions, cause: Cause) -> None:
    """Hand the request to the service. Said twice before a retrain has ended, it is one request."""
    from retrain.service.queue_prefect import Ask, queue  # noqa: PLC0415  (prefect is heavy)
    from retrain.service.request import given_reason  # noqa: PLC0415

    reason, place = given_reason(given(told.reason)), site(told.model)
    request = told.request if told.request is not None else _request(place, cause, reason)
    queued = queue(Ask(model=place.model, cause=cause, reason=reason, request=request))
    if told.as_json:
        print_json({"model": place.model, "outcome": "queued", "request": request, **queued.model_dump(mode="json")})
        return
    again = "was queued before" if queued.again else "queued"
    say(f"{plain(place.model)}: {again}   flow run {queued.flow_run} ({plain(queued.state)})")
    say(f"  {plain(queued.address)}")
    say(f"  request {plain(request)}: the same id is answered once")
    if queued.again and queued.state in ("Pending", "Running"):
        # What Prefect says of a run whose worker was killed too, until its watch on silence has ended it.
        say("  if its worker was killed: Prefect sees that after two minutes, and the same command then asks anew")


def _print_check(result: CheckResult) -> None:
    seen = result.window
    span = (
        f"{seen.start:%Y-%m-%d %H:%M} to {seen.end:%Y-%m-%d %H:%M} UTC, {counted(seen.rows, 'row')}"
        if seen.start and seen.end
        else "-"
    )
    before = "" if result.state_now == result.state else f"before it {styled(result.state)}, "
    say(f"{plain(result.model)}: {styled(result.state_now)}   {before}window {span}")
    if result.signals:
        ordered = sorted(result.signals, key=lambda s: s.value / max(s.threshold, 1e-9), reverse=True)
        table(("signal", "method", "score", "threshold", "p", "evidence", ""), [_signal_row(s) for s in ordered])
    if result.performance:
        for sentence in told(result.performance):
            say(f"  {plain(sentence)}")
    for reason in result.reasons:
        say(f"  {plain(reason)}")
    if not result.signals:
        for reason, count in result.broken_rows.items():
            say(f"  {counted(count, 'row')} could not be used: {plain(reason)}")
    if result.late_rows:
        late = counted(result.late_rows, "row")
        say(f"  {late} of the window before came after it was judged (production.lateness_minutes)")
    if result.report:
        say(f"report: {plain(result.report)}")
    if result.retrain:
        say(f'next: retrain run {plain(result.model)} --cause {result.cause} --reason "..."')


def _signal_row(seen: Signal) -> tuple[str, ...]:
    chance = "-" if seen.p_value is None else f"{seen.p_value:.2g}"
    evidence = "-" if seen.evidence is None else f"{seen.evidence:.3g}"
    state = "[red]drifted[/]" if seen.drifted else ""
    return seen.signal, seen.method, f"{seen.value:.3f}", f"{seen.threshold:.3f}", chance, evidence, state


def _print_run(result: RunResult) -> None:
    say(f"{plain(result.model)}: {styled(result.outcome)}   version {version_name(result.version)}")
    if result.comparison:
        seen = result.comparison
        low, high = seen.difference.low, seen.difference.high
        champion = version_name(seen.champion_version) if seen.champion_version else "(most frequent label)"
        table(
            (f"{seen.rows} held-out rows", "accuracy", "precision", "recall", "F1"),
            [
                (name, *(f"{value:.3f}" for value in (m.accuracy, m.precision, m.recall, m.f1)))
                for name, m in ((f"champion {champion}", seen.champion), ("challenger", seen.challenger))
            ],
        )
        say(
            f"difference {low:+.3f} to {high:+.3f} ({seen.difference.confidence:.0%}), exact McNemar p "
            f"= {seen.p_value:.2g}"
        )
    for reason in (*result.reasons, *result.notes):
        say(f"  {plain(reason)}")
    if result.cost:
        seconds = sum(result.cost.wall_seconds.values())
        money = f", {result.cost.money:.2f} {result.cost.currency}" if result.cost.money is not None else ""
        say(f"cost: {seconds:.0f} s, {result.cost.cpu_seconds:.0f} CPU s, {result.cost.gpu_seconds:.0f} GPU s{money}")
    for name, address in (("report", result.report), ("card", result.card)):
        if address:
            say(f"{name}: {plain(address)}")
