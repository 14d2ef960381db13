"""Which version serves? The commands champion, promote and rollback."""

from pathlib import Path
from typing import Annotated

import typer

from retrain.cli.output import AsJson, Model, Reason, given, plain, print_json, say, site, version_name
from retrain.errors import NotInStore, UnknownVersion, UsageError
from retrain.pipeline.rollback import ChangeResult, promote, rollback
from retrain.values import short

Download = Annotated[
    Path | None, typer.Option(help="Also copy the verified version into DIR/<digest>.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("champion")(champion_command)
    app.command("promote")(promote_command)
    app.command("rollback")(rollback_command)


def champion_command(model: Model, download: Download = None, as_json: AsJson = False) -> None:
    """Show the version in service; download a verified copy of it."""
    place = site(model)
    state = place.ledger.state()
    if state.champion is None:
        raise UnknownVersion(
            f'model {model!r} has no champion yet; make one: retrain run {model} --reason "first champion"'
        )
    if download is not None and download.exists() and not download.is_dir():
        raise UsageError(f"--download {str(download)!r} is a file; name a folder to copy the version into")
    try:
        path = place.versions.fetch(state.champion.version, download or place.settings.cache / "versions").resolve()
    except NotInStore as error:
        raise NotInStore(
            f"{error}; `retrain doctor --repair` restores it where a machine has a verified copy, else `retrain "
            f"rollback {model} --reason WHY` or a backup"
        ) from None
    previous = state.predecessors[-1].version if state.predecessors else None
    if as_json:
        since = state.champion.since.isoformat()
        print_json(
            {"model": model, "version": state.champion.version, "since": since, "previous": previous, "path": str(path)}
        )
        return
    say(f"{plain(model)}: {short(state.champion.version)} since {state.champion.since:%Y-%m-%d %H:%M} UTC")
    say(f"previous: {version_name(previous)}")
    say(f"verified copy: {plain(path)}")


def promote_command(
    model: Model,
    version: Annotated[str, typer.Argument(help="First digits of a stored version.", show_default=False)],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Make a stored version champion by hand, past the gate; who and why stand in the ledger."""
    _print(promote(site(model), version, reason=given(reason)), as_json=as_json)


def rollback_command(model: Model, reason: Reason, as_json: AsJson = False) -> None:
    """Make the champion's predecessor champion again."""
    _print(rollback(site(model), reason=given(reason)), as_json=as_json)


def _print(result: ChangeResult, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    say(f"{plain(result.model)}: {short(result.version)} is champion, in place of {version_name(result.withdrawn)}")
    say(f"why: retrain explain {plain(result.model)}/{result.entry}")
