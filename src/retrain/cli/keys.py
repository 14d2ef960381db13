"""Who vouches for decisions? The command keys, which makes a pair to sign and to check with."""

from pathlib import Path
from typing import Annotated

import typer

from retrain.cli.output import AsJson, plain, print_json, say

Out = Annotated[Path, typer.Option("--out", help="File of the secret key; FILE.pub beside it.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Keys that decisions are signed with.", no_args_is_help=True)
    group.command("new")(new_command)
    app.add_typer(group, name="keys")


def new_command(out: Out, as_json: AsJson = False) -> None:
    """Make an Ed25519 pair: the secret readable by its owner alone, the public key for all who check."""
    # Here, so that other commands start without it.
    from retrain.store.signing_cryptography import new_pair  # noqa: PLC0415

    made = new_pair(out.expanduser().resolve())
    if as_json:
        print_json({"key": made.key, "secret": str(made.secret), "public": str(made.public)})
        return
    say(f"key {made.key}")
    say(f"sign with   RETRAIN_SIGNING_KEY={plain(made.secret)}   where decisions are made; show it to nobody")
    say(f"check with  RETRAIN_TRUSTED_KEYS={plain(made.public)}   everywhere, once a signed entry is the newest")
