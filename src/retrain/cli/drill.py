"""Can the drift monitor be trusted? The command that tries it: drill."""

from typing import Annotated

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site, styled
from retrain.drift.drill.run import LOOKS
from retrain.pipeline.drill import drill_model


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("drill")(drill_command)


def drill_command(
    model: Model,
    looks: Annotated[int, typer.Option(help="Windows of unchanged rows that the monitor is fed.")] = LOOKS,
    seed: Annotated[
        int | None, typer.Option(help="Draws the windows; by default another one each week.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Feed the monitor its own reference, as it is and with planted drift: false alarms a year, and what is found."""
    result = drill_model(site(model), looks=looks, seed=seed)
    if as_json:
        print_json(result)
        return
    only = ": drift alarms only propose a retrain" if result.propose_only else ""
    say(f"{plain(result.model)}: {styled(result.outcome)}{only}")
    for reason in result.reasons:
        say(f"  {plain(reason)}")
    if result.report:
        say(f"looks: {plain(result.report)}")
