"""How is it run unattended? The commands up, exporter and webhook, and doctor, which says what can be trusted."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from retrain.cli.output import AsJson, plain, print_json, say, styled, table, tell
from retrain.service.addresses import EXPORTER_PORT, LOOPBACK, PREFECT_PORT, WEBHOOK_PORT, Addresses
from retrain.settings import from_environment

if TYPE_CHECKING:
    from retrain.service.up import Up

ALONE = (["up"], ["doctor"], ["exporter"], ["webhook"])
"""As first word of a command, it needs no other group; three of them run for months, and their memory counts."""

Host = Annotated[str, typer.Option(help="Address to listen on; others than the loopback need secrets.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("up")(up_command)
    app.command("doctor")(doctor_command)
    app.command("exporter")(exporter_command)
    app.command("webhook")(webhook_command)


def up_command(
    host: Host = LOOPBACK,
    port: Annotated[int, typer.Option(help="Port of the Prefect server.", min=1, max=65535)] = PREFECT_PORT,
    exporter_port: Annotated[int, typer.Option(help="Port of the exporter.", min=1, max=65535)] = EXPORTER_PORT,
    webhook_port: Annotated[int, typer.Option(help="Port of the webhook.", min=1, max=65535)] = WEBHOOK_PORT,
    as_json: AsJson = False,
) -> None:
    """Run the whole service on this machine, in the foreground: Prefect, workers, exporter, webhook."""
    # Here, so that every other command starts without them.
    from retrain.service.up import Up, up  # noqa: PLC0415

    def announce(running: Up) -> None:
        if as_json:
            print_json(running)
        else:
            _print_up(running)
        # It may be read through a pipe, and nothing more comes for a year.
        sys.stdout.flush()

    def told(sentence: str) -> None:
        # Whoever read these lines may be gone (a closed pipe, a restarted journal): the service runs on.
        with suppress(OSError):
            tell("up", sentence)

    addresses = Addresses(host=host, port=port, exporter_port=exporter_port, webhook_port=webhook_port)
    up(from_environment(), addresses, os.environ, tell=told, announce=announce)


def exporter_command(host: Host = LOOPBACK, port: Port = EXPORTER_PORT) -> None:
    """Serve metrics to Prometheus, derived from the store at each scrape."""
    from retrain.telemetry.exporter_prometheus_client import serve  # noqa: PLC0415

    serve(from_environment(), host, port)


def webhook_command(host: Host = LOOPBACK, port: Port = WEBHOOK_PORT) -> None:
    """Let Alertmanager and other programs ask for a retrain; callers show RETRAIN_TOKEN."""
    from retrain.service.webhook_starlette import serve  # noqa: PLC0415

    serve(from_environment(), host, port)


def doctor_command(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be; else say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether specs, store, ledgers, server, versions and GPU can be trusted, and what to do where not."""
    from retrain.service.doctor import examine  # noqa: PLC0415

    seen = examine(from_environment(), os.environ, repair=repair)
    if as_json:
        print_json(seen)
    else:
        table(
            ("what", "verdict", "found"),
            [(one.name, styled(one.verdict), plain(one.found)) for one in seen.findings],
        )
        for one in seen.findings:
            if one.next_step:
                say(f"{styled(one.verdict)} {one.name}: {plain(one.next_step)}")
        for mended in seen.repairs:
            word = "mended" if mended.done else "with --repair" if mended.possible and not repair else "not mended"
            say(f"{plain(mended.model)}, {mended.what}: {plain(mended.found)}")
            say(f"  {word}: {plain(mended.action)}")
    if seen.exit_status:
        raise typer.Exit(seen.exit_status)


def _print_up(told: "Up") -> None:
    say(f"Prefect   {plain(told.ui)}")
    say(f"exporter  {plain(told.metrics)}")
    say(f"webhook   {plain(told.webhook)}" + (f"   token in {plain(told.token_file)}" if told.token_file else ""))
    for tick in told.registered.get("next", []):
        say(f"next      {plain(tick['deployment'])} at {plain(tick['at'])}")
    for name in told.silent:
        say(f"[yellow]{plain(name)} does not answer yet; its log says why[/]")
    say(f"logs      {plain(told.logs)}")
    say(f"elsewhere export PREFECT_API_URL={plain(told.api)}")
    say("Ctrl-C stops everything.")
