"""Which labels would help most, and what did people answer? The commands labels export and labels import."""

import inspect
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site
from retrain.errors import UsageError
from retrain.pipeline.labels_export import ExportResult, export_labels, repeat_export
from retrain.pipeline.labels_import import ImportResult, import_labels
from retrain.values import counted

HELP = "Ask people for the labels that would help most, and take their answers back."
SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("export")(_export)
    group.command("import")(import_command)
    app.add_typer(group, name="labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What `retrain labels export` is told; a value, since it is more than a function should take."""

    model: Model
    budget: Annotated[int, typer.Option(help="Rows at most that people are asked to label.", min=1)] = 300
    out: Annotated[
        Path | None, typer.Option(help="A new or empty folder; ./labels-MODEL by default.", show_default=False)
    ] = None
    since: Annotated[
        str | None,
        typer.Option(help="Rows from this day on (YYYY-MM-DD); by default since drift began.", show_default=False),
    ] = None
    suggest: Annotated[
        bool,
        typer.Option("--suggest", help="Show what the model answered. Quicker, but people agree with it too often."),
    ] = False
    repeat: Annotated[
        int | None,
        typer.Option(help="Write the files of the export in this ledger entry again.", show_default=False),
    ] = None
    as_json: AsJson = False


def export_command(told: ExportOptions) -> None:
    """Choose the production rows whose labels would help most; write them for people, Label Studio and Argilla."""
    place, folder = site(told.model), told.out or Path(f"labels-{told.model}")
    if told.repeat is not None:
        files = repeat_export(place, told.repeat, folder)
        answer = {"model": told.model, "entry": told.repeat, "files": list(files)}
        return print_json(answer) if told.as_json else _print_files(files)
    result = export_labels(place, told.budget, folder, since=_day(told.since), suggest=told.suggest)
    if told.as_json:
        print_json(result)
        return None
    return _print_export(result, told.budget)


def _export(**words: Any) -> None:
    export_command(ExportOptions(**words))


# The command line is read off the value's fields, as it otherwise is off a function's parameters.
_export.__signature__ = inspect.signature(ExportOptions)  # type: ignore[attr-defined]
_export.__annotations__ = dict(ExportOptions.__init__.__annotations__)
_export.__doc__ = export_command.__doc__


def import_command(
    model: Model,
    file: Annotated[
        Path, typer.Argument(help="Our .jsonl or .csv, Label Studio's JSON or Argilla's JSON.", show_default=False)
    ],
    labeller: Annotated[str, typer.Option(help="Who labelled: human, outcome or model:NAME.")] = "human",
    new_label: Annotated[
        list[str] | None, typer.Option(help="A label that no example has yet, and that is meant.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the answers in a file and add them to the label log; the same file a second time adds nothing."""
    result = import_labels(site(model), file, labeller=labeller, new_labels=new_label or ())
    if as_json:
        print_json(result)
        return
    _print_import(result)


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since is {text!r}; expected a day such as 2026-03-30, or a time in ISO 8601") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _print_export(result: ExportResult, budget: int) -> None:
    span = f"{result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M} UTC" if result.start and result.end else "-"
    asked, candidates = counted(result.rows, "row"), counted(result.candidates, "candidate")
    say(f"{plain(result.model)}: {asked} to label, of {candidates}   {span}")
    for name, count in result.why.items():
        say(f"  {count:>5}  {name}")
        if name == "drifted":
            for segment, rows in result.segments.items():
                say(f"         {rows:>5}  {plain(segment)}")
    if 0 < result.rows < budget:
        say(f"  all that is there: {budget - result.rows} fewer than the budget of {budget}")
    for reason in result.reasons:
        say(f"  {plain(reason)}")
    if result.files:
        _print_files(result.files)
        say(f"next: label them, then retrain labels import {plain(result.model)} FILE")


def _print_files(files: tuple[str, ...]) -> None:
    for file in files:
        say(f"  {plain(file)}")


def _print_import(result: ImportResult) -> None:
    say(
        f"{plain(result.model)}: {counted(result.added, 'label')} added"
        + (f" as {plain(result.file)}" if result.file else "")
    )
    told = {
        "of them correct an earlier label": result.corrected,
        "were there already": result.already,
        "rows without a label yet": result.unlabelled,
        "answers say the same of one row again": result.repeated,
        "answers were not used:": len(result.faults),
    }
    for what, count in told.items():
        if count:
            say(f"  {count} {what}")
    for fault in result.faults[:SHOWN]:
        say(f"    {plain(fault.place)}: {plain(fault.what)}")
    if len(result.faults) > SHOWN:
        say(f"    and {len(result.faults) - SHOWN} more; --json lists all")
    for one in result.accuracy:
        seen = one.estimate
        say(
            f"  accuracy over {counted(seen.rows, 'row')}: {seen.accuracy:.3f} ({seen.low:.3f} to {seen.high:.3f}, "
            f"{seen.confidence:.0%}), by {seen.labelled} of {seen.asked} labels of export {one.entry}"
        )
