"""What was decided, by whom, on what evidence, and what came of it? In sentences."""

from retrain.errors import UnknownDecision
from retrain.pipeline.site import Archive
from retrain.pipeline.story import Entries, came_of_it, headline, led_to, turned, who
from retrain.store.events import (
    Checked,
)
from retrain.store.ledger import LedgerEntry
from retrain.store.shelf import Shelf
from retrain.values import Value

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


def history(site: Archive) -> list[Decision]:
    """Every decision of a model, oldest first."""
    entries = list(site.ledger.entries())
    return [described(site, entry, entries) for entry in entries]


def explain(site: Archive, number: int) -> Decision:
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
            return described(site, entry, entries).model_copy(update=story)
    has = f"entries 1 to {entries[-1].number}" if entries else "no entries yet"
    raise UnknownDecision(
        f"no decision {number} of {site.model!r}: its ledger has {has}; see `retrain history {site.model}`"
    )


def described(site: Archive, entry: LedgerEntry, entries: Entries) -> Decision:
    """An entry of a ledger in a person's terms."""
    return Decision(
        number=entry.number,
        model=entry.model,
        at=entry.at.strftime(STAMP),
        actor=entry.actor,
        kind=entry.event.kind,
        what=headline(site, entries, entry),
        reasons=entry.reasons,
        evidence={name: _address(site, entry, name, digest) for name, digest in entry.evidence.items()},
        digest=entry.digest,
        signed_by=entry.key,
    )


def shelf_of(site: Archive, entry: LedgerEntry, name: str) -> Shelf:
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


def _address(site: Archive, entry: LedgerEntry, name: str, digest: str) -> str:
    return shelf_of(site, entry, name).address(digest, FIRST_FILE.get(name, "manifest.json"))
