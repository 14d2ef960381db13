"""What of a model's past may go? The command that collects it: collect."""

from typing import Annotated

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site
from retrain.pipeline.collecting import collect

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("collect")(collect_command)


def collect_command(model: Model, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Delete old versions, checks and evaluations that nothing needs, by the policy `retention` of the spec."""
    result = collect(site(model), dry_run=dry_run)
    if as_json:
        print_json(result)
        return
    say(f"{plain(result.model)}: {result.outcome.replace('_', ' ')}, {result.bytes:,} bytes")
    for kind, digests in result.bundles.items():
        say(f"  {len(digests):>6}  {kind}")
    for reason in result.reasons:
        say(f"  {plain(reason)}")
