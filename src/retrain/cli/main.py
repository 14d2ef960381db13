"""What can a person type? Every command, and the exit status it ends with."""

import importlib
import sys
from collections.abc import Sequence

import typer

from retrain.cli import serve
from retrain.cli.output import print_json, progress
from retrain.errors import RetrainError, WorldError

HELP = "Keeps a fine-tuned language model good, unattended: drift, retraining, paired evaluation, safe promotion."
EPILOG = (
    "Exit status: 0 done (a refusal or a 'no' included), 2 your words or files are wrong, 3 the world is broken "
    "(store, disk, a killed process), 4 refused for safety, 130 interrupted. Settings: RETRAIN_STORE, "
    "RETRAIN_MODELS, RETRAIN_WORK, RETRAIN_CACHE, RETRAIN_TIMEZONE, RETRAIN_SIGNING_KEY, RETRAIN_TRUSTED_KEYS, "
    "RETRAIN_TOKEN."
)

INTERRUPTED = 130
"""What shells call a program that ended by Ctrl-C."""


def made_app(arguments: Sequence[str]) -> typer.Typer:
    """The commands: all of them, or of what runs for months only its own, without the libraries of the others."""
    app = typer.Typer(
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    if list(arguments[:1]) in serve.ALONE:
        serve.register(app)
        return app
    groups = (
        *("setup", "loop", "probation", "drill", "labels", "suite", "look", "backtest"),
        *("change", "decide", "review", "collect", "keys", "serve", "demo"),
    )
    for name in groups:
        group = importlib.import_module(f"retrain.cli.{name}")
        group.register(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status."""
    as_json = "--json" in arguments
    try:
        made_app(arguments)(list(arguments))
    except SystemExit as ended:
        # Every command ends so, with 0, its own status, or 2 for words that the parser did not understand.
        status = ended.code if isinstance(ended.code, int) else 0
        if status == INTERRUPTED:
            sentence = "interrupted; nothing was lost, the same command goes on from there"
            return _failed("Interrupted", sentence, status, as_json=as_json)
        return status
    except RetrainError as error:
        return _failed(type(error).__name__, str(error), error.exit_status, as_json=as_json)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        sentence = f"{error.strerror or error}{where}; mend that and run the same command again: nothing was lost"
        return _failed("OSError", sentence, WorldError.exit_status, as_json=as_json)
    return 0


def _failed(kind: str, sentence: str, status: int, *, as_json: bool) -> int:
    if as_json:
        print_json({"error": kind, "message": sentence, "exit_status": status})
    progress.print(sentence, style="red", markup=False)
    return status


def main() -> None:
    """The `retrain` command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
