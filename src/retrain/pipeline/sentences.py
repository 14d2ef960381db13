"""What happened, in one sentence? One function an event."""

from functools import singledispatch

from retrain.store.events import (
    Checked,
    Claimed,
    Collected,
    Dismissed,
    Drilled,
    Ended,
    Event,
    LabelsAsked,
    Prepared,
    ProbationSeen,
    Promoted,
    Referenced,
    Reviewed,
    RolledBack,
    Trained,
)
from retrain.values import counted, short


@singledispatch
def sentence(event: Event) -> str:
    """What happened, in one sentence."""
    raise NotImplementedError(f"no sentence tells of an event of kind {event.kind!r}; give it one here")


@sentence.register
def _checked(event: Checked) -> str:
    span = f"{event.start:%Y-%m-%d %H:%M} to {event.end:%Y-%m-%d %H:%M}"
    due = " A retrain is due." if event.retrain else ""
    return f"The window {span} ({counted(event.rows, 'row')}) was judged: {event.state.replace('_', ' ')}.{due}"


@sentence.register
def _drilled(event: Drilled) -> str:
    looks, alarms = counted(event.drill.looks, "look"), counted(event.drill.alarms, "false alarm")
    return f"The drift monitor was drilled: {alarms} in {looks} at its own reference."


@sentence.register
def _claimed(event: Claimed) -> str:
    over = f", taking over from run {short(event.took_over)}" if event.took_over else ""
    return f"Run {short(event.claim.id)} began for {event.claim.cause}{over}."


@sentence.register
def _prepared(event: Prepared) -> str:
    return f"Run {short(event.claim)} stored its snapshot {short(event.snapshot)} of {counted(event.clean, 'example')}."


@sentence.register
def _trained(event: Trained) -> str:
    return f"Run {short(event.claim)} trained version {short(event.version)}."


@sentence.register
def _ended(event: Ended) -> str:
    about = f" about version {short(event.challenger)}" if event.challenger else ""
    return f"Run {short(event.claim)} ended {event.outcome}{about}; it changed no champion."


@sentence.register
def _promoted(event: Promoted) -> str:
    over = f" in place of {short(event.over)}" if event.over else ""
    by = "by hand" if event.claim is None else f"by run {short(event.claim)}"
    by = "after a further look" if event.by == "pending" else by
    return f"Version {short(event.version)} became champion {by}{over}."


@sentence.register
def _dismissed(event: Dismissed) -> str:
    # Why it was held is for its rules to say: `story.headline` reads them.
    why = "was held when it was looked at again" if event.outcome == "held" else "waited too long"
    return f"Version {short(event.challenger)} {why} and is looked at no more; the champion stays."


@sentence.register
def _rolled_back(event: RolledBack) -> str:
    why = " by its probation" if event.reason == "probation" else ""
    return f"Version {short(event.version)} became champion again; {short(event.withdrawn)} was withdrawn{why}."


@sentence.register
def _asked(event: LabelsAsked) -> str:
    why = ", ".join(f"{count} {name}" for name, count in event.why.items())
    span = f"{event.start:%Y-%m-%d} to {event.end:%Y-%m-%d}"
    return f"People were asked to label {counted(event.rows, 'row')} of {span}: {why}."


@sentence.register
def _collected(event: Collected) -> str:
    if not event.bundles:
        return f"Seen, and never finished: {counted(len(event.unfinished), 'bundle')}, for now left as found."
    kinds = ", ".join(f"{len(digests)} of kind {kind}" for kind, digests in event.bundles.items())
    return f"What nothing needs any more was collected: {kinds}; {event.bytes:,} bytes."


@sentence.register
def _on_probation(event: ProbationSeen) -> str:
    seen, name = event.tally, f"version {short(event.version)}"
    compared = f"{counted(seen.rows, 'labelled row')} compared, {seen.won} won, {seen.lost} lost"
    if event.state == "running":
        return f"The probation of {name} goes on: {compared}."
    if event.state == "confirmed":
        return f"The probation of {name} ended; it is confirmed: {compared}."
    return f"The probation of {name} ended without enough labels; it stays champion: {compared}."


@sentence.register
def _reviewed(event: Reviewed) -> str:
    """What people said, in one sentence."""
    said = "approved" if event.verdict == "approve" else "rejected"
    rows = event.preferred_challenger + event.preferred_champion + event.tied
    judges = event.judges or {}
    judged = f", judged by {', '.join(f'{name} ({count})' for name, count in judges.items())}" if judges else ""
    known = {name.casefold() for name in judges}
    people = (
        f"{name} (who judged no row)" if known and name.casefold() not in known else name for name in event.reviewers
    )
    seen = (
        f"the challenger was preferred on {event.preferred_challenger} and the champion on {event.preferred_champion} "
        f"of {counted(rows, 'row')}{judged}"
        if rows
        else "no row was judged side by side"
    )
    return f"Version {short(event.challenger)} was {said} after review by {', '.join(people)}: {seen}."


@sentence.register
def _referenced(event: Referenced) -> str:
    if event.refused is not None:
        return f"A drift reference of {event.rows} production rows was refused; the monitor is not armed."
    return f"The drift reference was set from {event.rows} production rows."
