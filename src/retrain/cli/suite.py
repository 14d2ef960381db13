"""Which cases may no challenger lose? The commands suite add and suite check."""

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site
from retrain.errors import UsageError
from retrain.pipeline.suite import Incident, add_case, check_suite
from retrain.values import counted, short

HELP = "Cases that no challenger may lose: add one from an incident, or see what the champion makes of them."


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("add")(_add)
    group.command("check")(check_command)
    app.add_typer(group, name="suite")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """What `retrain suite add` is told; a value, since it is more than a function should take."""

    model: Model
    text: Annotated[str, typer.Option(help="What was asked.", show_default=False)]
    why: Annotated[str, typer.Option(help="The incident, or the promise; it stands in the file.", show_default=False)]
    label: Annotated[
        list[str] | None, typer.Option(help="The right answer; several where each would do.", show_default=False)
    ] = None
    same: Annotated[
        list[str] | None, typer.Option(help="A text that gets the same answer, whichever.", show_default=False)
    ] = None
    than: Annotated[
        str | None, typer.Option(help="A text that may not have more of the label.", show_default=False)
    ] = None
    id: Annotated[
        str | None, typer.Option(help="Name of the case; by default made of the day.", show_default=False)
    ] = None
    new_label: Annotated[
        list[str] | None, typer.Option(help="A label that no example has yet, meant all the same.", show_default=False)
    ] = None
    must: Annotated[
        bool, typer.Option("--must", help="Nothing that fails it is promoted, even if the champion fails it.")
    ] = False
    as_json: AsJson = False


def add_command(told: AddOptions) -> None:
    """Append a case to the model's suite file; the other cases and comments stay as they are."""
    if not told.why.strip() or not told.text.strip():
        raise UsageError("--text or --why is empty; say what was asked, and what went wrong")
    incident = Incident(
        text=told.text,
        labels=tuple(told.label or ()),
        same=tuple(told.same or ()),
        than=told.than,
        why=told.why,
        id=told.id,
        must=told.must,
        new_labels=tuple(told.new_label or ()),
    )
    result = add_case(site(told.model), incident)
    if told.as_json:
        print_json(result)
        return
    what = "added" if result.added else "was there already"
    where = f"{counted(result.cases, 'case')} in {plain(result.suite)}"
    say(f"{plain(result.model)}: case {plain(result.id)} ({result.kind}) {what}, {where}")
    say(f"next: retrain suite check {plain(result.model)}")


def _add(**words: Any) -> None:
    add_command(AddOptions(**words))


# The command line is read off the value's fields, as it otherwise is off a function's parameters.
_add.__signature__ = inspect.signature(AddOptions)  # type: ignore[attr-defined]
_add.__annotations__ = dict(AddOptions.__init__.__annotations__)
_add.__doc__ = add_command.__doc__


def check_command(model: Model, as_json: AsJson = False) -> None:
    """Have the champion answer every case. A failed case is an answer, not an error."""
    result = check_suite(site(model))
    if as_json:
        print_json(result)
        return
    total = result.passed + result.failed
    say(f"{plain(result.model)}: {result.passed} of {counted(total, 'case')} pass   champion {short(result.version)}")
    for case in result.cases:
        if not case.challenger:
            say(f"  {plain(case.id)}: {plain(case.found)}   {plain(case.why)}")
