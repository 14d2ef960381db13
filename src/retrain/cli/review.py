"""Which of two answers do people prefer, and do they approve? The command review."""

import inspect
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site
from retrain.errors import UsageError
from retrain.pipeline.review_room import ReviewRoom, export_review, import_review, open_review, said_so_far
from retrain.pipeline.reviewing import VerdictGiven, conclude, waiting
from retrain.pipeline.site import Site
from retrain.pipeline.verdicts import Verdict
from retrain.service.addresses import LOOPBACK, REVIEW_PORT, Addresses
from retrain.values import counted, short


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions:
    """What `retrain review` is told; a value, since it is more than a function should take."""

    model: Model
    host: Annotated[str, typer.Option(help="Address to listen on; others than the loopback need RETRAIN_TOKEN.")] = (
        LOOPBACK
    )
    port: Annotated[int, typer.Option(help="Port of the page.", min=1, max=65535)] = REVIEW_PORT
    export_to: Annotated[
        Path | None,
        typer.Option("--export", help="Write the blinded rows to a new .jsonl or .csv instead.", show_default=False),
    ] = None
    import_from: Annotated[
        Path | None, typer.Option("--import", help="Take the answers of such a file instead.", show_default=False)
    ] = None
    reviewer: Annotated[
        str | None, typer.Option(help="Whose answers or verdict it is; you by default.", show_default=False)
    ] = None
    approve: Annotated[bool, typer.Option("--approve", help="Approve the challenger that waits.")] = False
    reject: Annotated[bool, typer.Option("--reject", help="Reject it.")] = False
    reason: Annotated[str | None, typer.Option(help="Why; it stands in the ledger.", show_default=False)] = None
    as_json: AsJson = False


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("review")(_review)


def review_command(told: ReviewOptions) -> None:
    """Judge champion and challenger side by side, blinded, in a browser or a file; approve or reject."""
    ways = (told.export_to is not None, told.import_from is not None, told.approve, told.reject)
    if sum(ways) > 1:
        raise UsageError("--export, --import, --approve and --reject are one thing each; give one of them")
    place = site(told.model)
    if told.approve or told.reject:
        return _verdict(place, told, "approve" if told.approve else "reject")
    room = open_review(place, secrets.token_hex(16))
    if told.export_to is not None:
        return _export(room, told, told.export_to)
    if told.import_from is not None:
        return _import(room, told, told.import_from)
    return _page(room, told)


def _review(**words: Any) -> None:
    review_command(ReviewOptions(**words))


# The command line is read off the value's fields, as it otherwise is off a function's parameters.
_review.__signature__ = inspect.signature(ReviewOptions)  # type: ignore[attr-defined]
_review.__annotations__ = dict(ReviewOptions.__init__.__annotations__)
_review.__doc__ = review_command.__doc__


def _verdict(place: Site, told: ReviewOptions, verdict: Verdict) -> None:
    who = place.actor if told.reviewer is None else told.reviewer
    given = conclude(place, waiting(place), said_so_far(place), verdict=verdict, by=(who, told.reason or ""))
    if told.as_json:
        return print_json(given)
    return _print_verdict(given)


def _export(room: ReviewRoom, told: ReviewOptions, file: Path) -> None:
    rows = export_review(room, file)
    if told.as_json:
        return print_json({"model": told.model, "rows": rows, "file": str(file), "fewer": room.fewer})
    say(f"{plain(told.model)}: {counted(rows, 'row')} in {plain(file)}")
    _say_fewer(room)
    return say(f"next: fill in choice, then retrain review {plain(told.model)} --import FILE --reviewer NAME")


def _import(room: ReviewRoom, told: ReviewOptions, file: Path) -> None:
    if told.reviewer is None:
        raise UsageError("--import needs --reviewer NAME: whose answers are these?")
    taken = import_review(room, file, told.reviewer)
    if told.as_json:
        return print_json(taken)
    added = counted(taken.added, "judgement")
    say(f"{plain(told.model)}: {added} of {plain(taken.reviewer)} taken, {taken.already} known before")
    if taken.left:
        return say(f"  left: {counted(taken.left, 'row')}; fill in and import the file again, or go on in the page")
    return say("  all rows are judged: finished")


def _page(room: ReviewRoom, told: ReviewOptions) -> None:
    # Here, so that files and verdicts need no server.
    from retrain.service.review_door_starlette import token_for  # noqa: PLC0415
    from retrain.service.review_starlette import serve  # noqa: PLC0415

    check = token_for(room.site.settings, told.host)
    ask = "" if check is None else "#token=TOKEN"
    address = f"{Addresses(host=told.host).url_of(told.port)}/{ask}"
    if told.as_json:
        print_json({"model": told.model, "address": address, "rows": len(room.rows), "fewer": room.fewer})
    else:
        say(f"{plain(told.model)}: {counted(len(room.rows), 'row')} to judge   {plain(address)}")
        _say_fewer(room)
        say("Ctrl-C ends the page; everything judged is kept.")
    serve(room, check, told.host, told.port)


def _say_fewer(room: ReviewRoom) -> None:
    if room.fewer is not None:
        say(f"  {plain(room.fewer)}")


def _print_verdict(given: VerdictGiven) -> None:
    names = plain(", ".join(given.reviewers))
    say(f"{plain(given.model)}: {short(given.challenger)}, verdict {given.verdict}, by {names}")
    if given.already:
        say(f"  entry {given.entry} says so already; nothing was written")
    if given.judges:
        say(f"  rows were judged by {plain(', '.join(f'{name} ({n})' for name, n in given.judges.items()))}")
    if given.missing:
        say(f"  {given.missing} more people must approve before it counts; who judges rows has not approved")
    say(f"why: retrain explain {plain(given.model)}/{given.entry}")
