"""What came of the challenger that waits? The command that looks at it again: decide."""

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site, styled, version_name
from retrain.pipeline.pending import decide_pending


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("decide")(decide_command)


def decide_command(model: Model, as_json: AsJson = False) -> None:
    """Look again at a challenger that was left open, with the labels that came since; promote or dismiss it."""
    result = decide_pending(site(model))
    if as_json:
        print_json(result)
        return
    say(f"{plain(result.model)}: {styled(result.outcome)}   version {version_name(result.version)}")
    for reason in result.reasons:
        say(f"  {plain(reason)}")
    if result.report:
        say(f"report: {plain(result.report)}")
