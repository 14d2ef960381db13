"""What is, and what was decided? The commands that only look: status, history, explain, audit."""

from collections.abc import Iterator
from typing import Annotated

import typer

from retrain.cli.output import AsJson, Model, archive, plain, print_json, say, site, styled, table, version_name
from retrain.errors import BrokenLedger, SafetyError, SpecError, UnknownDecision
from retrain.pipeline.audit import audit
from retrain.pipeline.explain import Decision, explain, history
from retrain.pipeline.left_open import Waiting
from retrain.pipeline.status import ModelStatus, status
from retrain.settings import from_environment
from retrain.spec_file import spec_names
from retrain.values import counted

OneModel = Annotated[str | None, typer.Argument(help="Name of a model; all by default.", show_default=False)]
DecisionName = Annotated[str, typer.Argument(help="MODEL/NUMBER, as `retrain history` shows it.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("status")(status_command)
    app.command("history")(history_command)
    app.command("explain")(explain_command)
    app.command("audit")(audit_command)


def status_command(model: OneModel = None, as_json: AsJson = False) -> None:
    """Show every model: champion, state, age, last check, next retrain."""
    names = [model] if model else spec_names(from_environment().models)
    found, broken, worst = [], {}, 0
    for name in names:
        try:
            found.append(status(site(name)))
        except (SafetyError, SpecError) as error:
            # One damaged ledger or spec must not hide how all the others are.
            broken[name], worst = str(error), max(worst, error.exit_status)
    if as_json:
        print_json({"models": [one.model_dump(mode="json") for one in found], "broken": broken})
    else:
        _print_status(found, broken)
    if broken:
        raise typer.Exit(worst)


def _print_status(found: list[ModelStatus], broken: dict[str, str]) -> None:
    if not found and not broken:
        say(
            f"no specs in {plain(from_environment().models)}; `retrain init MODEL` writes one, "
            f"RETRAIN_MODELS names the folder"
        )
        return
    columns = ("model", "champion", "state", "age", "last check", "next due", "retrain")
    damaged = [(plain(name), "-", "[bold red]cannot be read[/]", *"----") for name in broken]
    table(columns, [*(_row(one) for one in found), *damaged])
    for name, sentence in broken.items():
        say(f"[red]{plain(name)}[/]: {plain(sentence)}")
    for one in found:
        for line in (*alarm_told(one), *(waiting_told(one.model, one.pending) if one.pending else ())):
            say(plain(line))


def alarm_told(one: ModelStatus) -> Iterator[str]:
    """An alarm that no retrain has answered, where the state is that of a newer check that could not see it."""
    if one.alarm_since and one.state != "alarm":
        waits = f", its retrain waits for {' and '.join(one.waiting)}" if one.waiting else ""
        yield f"{one.model}: drift alarm open since {one.alarm_since:%Y-%m-%d %H:%M} UTC{waits}"


def waiting_told(model: str, left: Waiting) -> Iterator[str]:
    """A challenger that waits, as lines: for what, since when and until when, and what to type."""
    what = f"waits for {' and '.join(left.waits_for)}" if left.waits_for else "waits for the next look"
    since = f"since {left.since:%Y-%m-%d %H:%M} UTC ({left.waited_days:.1f} d)"
    ends = f"until {left.until:%Y-%m-%d %H:%M} UTC at most"
    yield f"{model}: challenger {version_name(left.version)} {what}, {since}, {ends}"
    if "review" in left.waits_for and left.reviewers_missing is not None:
        yield f"  {left.reviewers_missing} more must approve it; without them it is held"
    if "labels" in left.waits_for and left.labels_needed is not None:
        yield f"  about {left.labels_needed} rows labelled since would decide, if all stays as the comparison saw it"
    *asked, decided = left.next_steps
    for step in asked:
        yield f"  next: {step}"
    yield f"  each check decides with what has come; at once: {decided}"


def history_command(model: Model, as_json: AsJson = False) -> None:
    """List every decision of a model, oldest first."""
    decisions = history(archive(model))
    if as_json:
        print_json({"model": model, "decisions": [one.model_dump(mode="json") for one in decisions]})
        return
    table(("decision", "at", "what"), [(f"{model}/{d.number}", d.at, plain(d.what)) for d in decisions])
    if not decisions:
        say(f"no decisions of {plain(model)} yet")


def explain_command(decision: DecisionName, as_json: AsJson = False) -> None:
    """Tell one decision: what, who, why, and the evidence it was made from."""
    model, _, number = decision.rpartition("/")
    if not model or not number.isdigit():
        raise UnknownDecision(
            f"decision {decision!r} is not of the form MODEL/NUMBER, such as support/12; see `retrain history MODEL`"
        )
    found = explain(archive(model), int(number))
    if as_json:
        print_json(found)
        return
    for line in told(found):
        say(plain(line))


def told(found: Decision) -> list[str]:
    """A decision as lines: what, by whom and on whose word, why, what led to it, what else could have been."""
    lines = [f"{found.model}/{found.number}  {found.at}  by {found.actor}", found.what, found.who]
    for label, sentences in (
        ("because", found.reasons),
        ("rests on", found.led_to),
        ("else if", found.would_change),
        ("then", found.came_of_it),
    ):
        lines += [f"  {label:>8}  {sentence}" for sentence in sentences]
    lines += [f"  {name:>10}  {address}" for name, address in found.evidence.items()]
    return [*lines, f"  signed by key {found.signed_by}"] if found.signed_by else lines


def audit_command(model: Model, as_json: AsJson = False) -> None:
    """Verify the ledger's chain, every stored file it names, and recompute every verdict."""
    result = audit(site(model))
    if as_json:
        print_json({**result.model_dump(mode="json"), "sound": result.sound})
    else:
        entries, bundles = counted(result.entries, "entry", "entries"), counted(result.bundles, "bundle")
        verdicts = counted(sum(result.recomputed.values()), "verdict")
        say(f"{plain(model)}: {entries}, {bundles} verified, {verdicts} computed again")
        for name, count in result.recomputed.items():
            say(f"  computed again  {name:<9} {count}")
        say(f"  only verified   {sum(not one.recomputed for one in result.trail)} entries (bytes, chain, state)")
        for finding in result.findings:
            say(f"  [red]entry {finding.entry}[/]: {plain(finding.what)}")
        say("sound: everything holds" if result.sound else "[bold red]not sound[/]")
    if not result.sound:
        raise typer.Exit(BrokenLedger.exit_status)


def _row(one: ModelStatus) -> tuple[str, ...]:
    waits = f"waiting: {', '.join(one.waiting)}" if one.waiting else "no"
    if one.labels_missing:
        waits += f" ({one.labels_missing} missing)"
    return (
        plain(one.model),
        version_name(one.champion),
        styled(one.state)
        + (", [bold red]fairness breach[/]" if one.fairness == "breach" else "")
        + (", on probation" if one.probation == "running" else ""),
        f"{one.age_days:.0f} d" if one.age_days is not None else "-",
        f"{one.last_check:%Y-%m-%d %H:%M}" if one.last_check else "-",
        f"{one.next_due:%Y-%m-%d}" if one.next_due else "-",
        "running" if one.retraining else "interrupted" if one.interrupted else "due" if one.retrain_due else waits,
    )
