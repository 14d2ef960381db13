"""What was decided, by whom, on what evidence, and what came of it? In sentences."""

from retrain.errors import UnknownDecision
from retrain.pipeline.site import Site
from retrain.pipeline.story import came_of_it, led_to, turned, who
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
from retrain.store.ledger import LedgerEntry
from retrain.store.shelf import Shelf
from retrain.values import Value, short

STAMP = "%Y-%m-%d %H:%M UTC"


class Decision(Value):
    """A ledger entry, for people."""

    number: int
    model: str
    at: str
    actor: str
    kind: str
    what: str
    """One sentence."""
    reasons: tuple[str, ...]
    evidence: dict[str, str]
    """Name to the address of what the decision was made from."""
    digest: str
    signed_by: str | None = None
    """Id of the key that it is signed with."""
    who: str = ""
    """Who decided, and on whose word."""
    led_to: tuple[str, ...] = ()
    """Earlier entries that it rests on, the nearest first."""
    would_change: tuple[str, ...] = ()
    """What would have changed it."""
    came_of_it: tuple[str, ...] = ()
    """The later entry that ended what this one began."""


def history(site: Site) -> list[Decision]:
    """Every decision of a model, oldest first."""
    return [described(site, entry) for entry in site.ledger.entries()]


def explain(site: Site, number: int) -> Decision:
    """One decision, with what led to it and what would have changed it. Raises UnknownDecision."""
    entries = list(site.ledger.entries())
    for entry in entries:
        if entry.number == number:
            story = {
                "who": who(entry),
                "led_to": led_to(entries, entry),
                "would_change": turned(site, entry),
                "came_of_it": came_of_it(entries, entry),
            }
            return described(site, entry).model_copy(update=story)
    has = f"entries 1 to {entries[-1].number}" if entries else "no entries yet"
    raise UnknownDecision(
        f"no decision {number} of {site.model!r}: its ledger has {has}; see `retrain history {site.model}`"
    )


def described(site: Site, entry: LedgerEntry) -> Decision:
    """An entry in a person's terms."""
    return Decision(
        number=entry.number,
        model=entry.model,
        at=entry.at.strftime(STAMP),
        actor=entry.actor,
        kind=entry.event.kind,
        what=sentence(entry.event),
        reasons=entry.reasons,
        evidence={name: _address(site, entry, name, digest) for name, digest in entry.evidence.items()},
        digest=entry.digest,
        signed_by=entry.key,
    )


def sentence(event: Event) -> str:  # noqa: C901, PLR0912  (one case an event)
    """What happened, in one sentence."""
    match event:
        case Referenced():
            text = _referenced(event)
        case Checked():
            span = f"{event.start:%Y-%m-%d %H:%M} to {event.end:%Y-%m-%d %H:%M}"
            due = " A retrain is due." if event.retrain else ""
            text = f"The window {span} ({event.rows} rows) was judged: {event.state.replace('_', ' ')}.{due}"
        case Drilled():
            seen = event.drill
            text = (
                f"The drift monitor was drilled: {seen.alarms} false alarms in {seen.looks} looks at its own reference."
            )
        case Claimed():
            over = f", taking over from run {short(event.took_over)}" if event.took_over else ""
            text = f"Run {short(event.claim.id)} began for {event.claim.cause}{over}."
        case Prepared():
            text = f"Run {short(event.claim)} stored its snapshot {short(event.snapshot)} of {event.clean} examples."
        case Trained():
            text = f"Run {short(event.claim)} trained version {short(event.version)}."
        case Ended():
            about = f" about version {short(event.challenger)}" if event.challenger else ""
            text = f"Run {short(event.claim)} ended {event.outcome}{about}; the champion stays."
        case Promoted():
            over = f" in place of {short(event.over)}" if event.over else ""
            by = "by hand" if event.claim is None else f"by run {short(event.claim)}"
            by = "after a further look" if event.by == "pending" else by
            text = f"Version {short(event.version)} became champion {by}{over}."
        case Dismissed():
            why = "was shown to be no better" if event.outcome == "held" else "waited too long"
            text = f"Version {short(event.challenger)} {why} and is looked at no more; the champion stays."
        case RolledBack():
            why = " by its probation" if event.reason == "probation" else ""
            text = f"Version {short(event.version)} became champion again; {short(event.withdrawn)} was withdrawn{why}."
        case Collected():
            text = _collected(event)
        case ProbationSeen():
            text = _on_probation(event)
        case Reviewed():
            text = reviewed_sentence(event)
        case LabelsAsked():
            why = ", ".join(f"{count} {name}" for name, count in event.why.items())
            span = f"{event.start:%Y-%m-%d} to {event.end:%Y-%m-%d}"
            text = f"People were asked to label {event.rows} rows of {span}: {why}."
    return text


def _collected(event: Collected) -> str:
    if not event.bundles:
        return f"{len(event.unfinished)} bundles were seen that were never finished; they stay for now."
    kinds = ", ".join(f"{len(digests)} of kind {kind}" for kind, digests in event.bundles.items())
    return f"What nothing needs any more was collected: {kinds}; {event.bytes:,} bytes."


def _on_probation(event: ProbationSeen) -> str:
    seen, name = event.tally, f"version {short(event.version)}"
    compared = f"{seen.rows} labelled rows compared, {seen.won} won, {seen.lost} lost"
    if event.state == "running":
        return f"The probation of {name} goes on: {compared}."
    if event.state == "confirmed":
        return f"The probation of {name} ended; it is confirmed: {compared}."
    return f"The probation of {name} ended without enough labels; it stays champion: {compared}."


def reviewed_sentence(event: Reviewed) -> str:
    """What people said, in one sentence."""
    said = "approved" if event.verdict == "approve" else "rejected"
    rows = event.preferred_challenger + event.preferred_champion + event.tied
    seen = (
        f"the challenger was preferred on {event.preferred_challenger} and the champion on {event.preferred_champion} "
        f"of {rows} rows"
        if rows
        else "no row was judged side by side"
    )
    return f"Version {short(event.challenger)} was {said} after review by {', '.join(event.reviewers)}: {seen}."


def _referenced(event: Referenced) -> str:
    if event.refused is not None:
        return f"A drift reference of {event.rows} production rows was refused; the monitor is not armed."
    return f"The drift reference was set from {event.rows} production rows."


def shelf_of(site: Site, entry: LedgerEntry, name: str) -> Shelf:
    """Where the evidence of that name is kept."""
    if name == "report" and isinstance(entry.event, Checked):
        return site.checks(entry.event.end)
    shelves = {
        "dataset": site.snapshots,
        "version": site.versions,
        "evaluation": site.evaluations,
        "asked": site.asked,
        "drill": site.drills,
        "probation": site.probations,
        "review": site.reviews,
    }
    return shelves.get(name, site.references)


FIRST_FILE = {
    "report": "report.html",
    "version": "card.md",
    "evaluation": "report.md",
    "asked": "labels.jsonl",
    "drill": "drill.json",
    "probation": "answers.json",
    "review": "review.json",
}


def _address(site: Site, entry: LedgerEntry, name: str, digest: str) -> str:
    return shelf_of(site, entry, name).address(digest, FIRST_FILE.get(name, "manifest.json"))
