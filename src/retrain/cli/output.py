"""How does a command answer? One JSON object on standard output, or a few lines for a person."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from retrain.errors import UsageError
from retrain.pipeline.site import Archive, Site, open_archive, open_site
from retrain.settings import from_environment
from retrain.values import Value, short

Model = Annotated[str, typer.Argument(help="Name of a model: its spec is MODELS/<name>.yaml.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the ledger.", show_default=False)]

STYLES = {"quiet": "green", "warning": "yellow", "alarm": "bold red", "promoted": "green", "insufficient_data": "dim"}

out = Console(soft_wrap=True, highlight=False)
progress = Console(stderr=True, soft_wrap=True, highlight=False)


def site(model: str) -> Site:
    """The model's site, with the places that the environment names."""
    return open_site(model, from_environment())


def archive(model: str) -> Archive:
    """The model's past, which needs no spec that can be used."""
    return open_archive(model, from_environment())


def print_json(answer: Value | Mapping[str, Any]) -> None:
    """One JSON object."""
    content = answer.model_dump(mode="json") if isinstance(answer, Value) else dict(answer)
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def say(text: str) -> None:
    """A line for a person; what came from outside must have gone through `plain`."""
    out.print(text)


def plain(text: object) -> str:
    """Text from outside, so that brackets in it are not taken for styles."""
    return escape(str(text))


def styled(word: str) -> str:
    """A state or outcome in its colour."""
    style = STYLES.get(word)
    return f"[{style}]{word}[/]" if style else word


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A small table."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        drawn.add_column(name, overflow="fold")
    for row in rows:
        drawn.add_row(*(cell if isinstance(cell, str) else str(cell) for cell in row))
    out.print(drawn)


def tell(stage: str, sentence: str) -> None:
    """Progress, on standard error, so that pipes get the answer alone."""
    progress.print(f"[dim]{plain(stage):>9}[/]  {plain(sentence)}")


def given(reason: str) -> str:
    """A reason that says something."""
    if not reason.strip():
        raise UsageError("--reason is empty; say in a few words why, it stands in the ledger for good")
    return reason


def version_name(digest: str | None) -> str:
    """The short form of a version; a dash where there is none."""
    return short(digest) if digest else "-"
