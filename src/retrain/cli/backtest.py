"""What would another policy have done? The command backtest."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from retrain.cli.output import AsJson, Model, plain, print_json, say, site, styled, table
from retrain.errors import UsageError
from retrain.pipeline.backtest import BacktestResult, backtest
from retrain.spec_file import read_policies
from retrain.trigger.backtest import Costs, Course
from retrain.trigger.backtest_picture import picture
from retrain.values import counted

DAY = "%Y-%m-%d"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("backtest")(backtest_command)


def backtest_command(
    model: Model,
    policy: Annotated[
        Path, typer.Option(help="A YAML file with drift and trigger keys, or a whole spec.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for backtest.svg and backtest.json.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay the stored windows through another policy: when it would have fired, at what cost, and what it missed."""
    place = site(model)
    result = backtest(place, read_policies(policy, place.spec))
    files = _written(result, out) if out else []
    if as_json:
        print_json({**_answer(result), "files": files})
        return
    _print(result)
    for file in files:
        say(f"  {plain(file)}")


def _answer(result: BacktestResult) -> dict[str, object]:
    content = result.model_dump(mode="json")
    for name, course in (("today", result.today), ("other", result.other)):
        content[name]["episodes"] = [one.model_dump(mode="json") for one in course.episodes]
        content[name]["counts"] = course.counts
    return content


def _written(result: BacktestResult, folder: Path) -> list[str]:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {str(folder)!r} is a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    courses = (("today's policy", result.today), ("the other policy", result.other))
    drawn = picture(result.model, courses, [(fall.start, fall.end) for fall in result.falls])
    (folder / "backtest.svg").write_text(drawn, "utf-8")
    (folder / "backtest.json").write_bytes(result.canonical())
    return [str(folder / name) for name in ("backtest.json", "backtest.svg")]


def _print(result: BacktestResult) -> None:
    span = f"{result.start:{DAY}} to {result.end:{DAY}}" if result.start and result.end else "no window judged yet"
    say(f"{plain(result.model)}: {counted(len(result.today.looks), 'window')}   {span}")
    for key, (before, after) in result.changed.items():
        say(f"  {plain(key)}: {plain(before)} -> {plain(after)}")
    both = (result.today, result.other)
    rows = [("windows", *(_counts(course) for course in both))]
    rows += [("alarms", *(str(len(course.episodes)) for course in both))]
    rows += [("retrains due", *(_fires(course) for course in both))]
    rows += [("cost", *(_cost(len(course.fires), result.costs) for course in both))]
    table(("", "today", "other policy"), rows)
    for one in result.episodes:
        said = f"alarm of {one.episode.start:{DAY}} to {one.episode.end:{DAY}}"
        if not one.found:
            say(f"  [red]missed[/]: {said}")
        elif one.later_hours:
            say(f"  {said}: {abs(one.later_hours):.0f} h {'later' if one.later_hours > 0 else 'earlier'}")
    for episode in result.extra:
        say(f"  only the other policy: alarm of {episode.start:{DAY}} to {episode.end:{DAY}}")
    for fall in result.falls:
        states = ", ".join(f"{name} {styled(_state(course, fall.start))}" for name, course in _named(result))
        note = f"; {plain(fall.note)}" if fall.note else ""
        say(
            f"  labels of {fall.start:{DAY}} show a fall: accuracy {fall.accuracy:.3f} over {fall.labelled} rows, "
            f"{fall.expected:.3f} expected ({states}){note}"
        )
    for note in result.notes:
        say(f"  {plain(note)}")


def _named(result: BacktestResult) -> tuple[tuple[str, Course], tuple[str, Course]]:
    return ("today", result.today), ("other", result.other)


def _state(course: Course, start: datetime) -> str:
    return next((look.state for look in course.looks if look.start <= start < look.end), "unknown")


def _counts(course: Course) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in course.counts.items()) or "-"


def _fires(course: Course) -> str:
    return ", ".join(f"{fire.at:{DAY}} ({fire.cause})" for fire in course.fires) or "none"


def _cost(fires: int, costs: Costs) -> str:
    if not fires:
        return "nothing"
    if costs.seconds is None:
        return "unknown: no retrain of this model has ended yet"
    money = f", {fires * costs.money:.2f} {costs.currency}" if costs.money is not None else ""
    return f"{fires * costs.seconds / 3600:.2f} h{money} (mean of {costs.runs} runs)"
