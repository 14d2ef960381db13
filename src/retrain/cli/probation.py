"""Does the new champion keep its promise in production? The command that looks: probation."""

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site, styled, version_name
from retrain.pipeline.probation import probation


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("probation")(probation_command)


def probation_command(model: Model, as_json: AsJson = False) -> None:
    """Compare a new champion with its predecessor on labelled production rows; one that is worse is rolled back."""
    result = probation(site(model))
    if as_json:
        print_json(result)
        return
    name = f" of {version_name(result.version)}" if result.version else ""
    say(f"{plain(result.model)}: probation{name}: {styled(result.state)}")
    for reason in result.reasons:
        say(f"  {plain(reason)}")
    if result.entry:
        say(f"why: retrain explain {plain(result.model)}/{result.entry}")
