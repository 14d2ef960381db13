"""What of a model's past is no longer needed, and how does it go without anything being left half? Entry first."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from retrain.errors import NotInStore, SafetyError
from retrain.pipeline.explain import shelf_of
from retrain.pipeline.site import Site
from retrain.store.collected import MOST, Named, collectable, gone, seen_unfinished
from retrain.store.events import Collected
from retrain.store.ledger import Draft, LedgerEntry, follows
from retrain.store.shelf import MANIFEST
from retrain.values import Value, counted

ROOMS = ("versions", "datasets", "evaluations", "checks", "drills", "probations", "references", "asked")
RUNNING = "a run holds the claim, or died and left its work: nothing is collected until it has ended"


class CollectResult(Value):
    """What `retrain collect` answers."""

    model: str
    outcome: Literal["collected", "would_collect", "nothing", "refused"]
    bundles: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Kind to digests."""
    bytes: int = 0
    unfinished: int = 0
    """Bundles that were never finished and are gone now, or would be."""
    finished: int = 0
    """Bundles that an earlier collection named and, killed, had not removed."""
    reasons: tuple[str, ...] = ()
    entry: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What goes, by one state of the ledger."""

    bundles: tuple[Named, ...]
    bytes: int
    new_unfinished: tuple[str, ...]
    """Places seen without a manifest for the first time: they go when they are seen again, later."""
    left: tuple[str, ...]
    """Places of bundles that were collected before and are still there."""
    dead: tuple[str, ...]
    """Places without a manifest that were seen long enough ago."""
    numbers: dict[str, LedgerEntry] = field(default_factory=dict)


def collect(site: Site, *, dry_run: bool = False) -> CollectResult:
    """Collect by the spec's policy. Raises BrokenLedger, and deletes nothing, when the ledger does not hold.

    What goes is written to the ledger first, so that from then on nobody names it; then it is deleted, manifests first.
    Killed in between, the next one goes on.
    """
    made: list[Plan] = []

    def draft(_newest: LedgerEntry | None) -> Draft | None:
        made.clear()
        entries = list(site.ledger.entries())
        for before, entry in itertools.pairwise([None, *entries]):
            if entry is not None:
                follows(before, entry)
        if entries and entries[-1].state.claim is not None:
            return None
        plan = _plan(site, entries)
        made.append(plan)
        if dry_run or not (plan.bundles or plan.new_unfinished):
            return None
        event = Collected(bundles=_by_kind(plan), bytes=plan.bytes, unfinished=plan.new_unfinished)
        return Draft(event=event, reasons=_reasons(plan), actor=site.actor)

    entry = site.ledger.append(draft)
    if not made:
        return CollectResult(model=site.model, outcome="refused", reasons=(RUNNING,))
    plan = made[0]
    if not dry_run:
        _delete(site, plan)
    return _told(site, plan, entry, dry_run=dry_run)


def _plan(site: Site, entries: Sequence[LedgerEntry]) -> Plan:
    policy, now = site.spec.retention, site.clock()
    places = _places(site)
    removed, seen = gone(entries), seen_unfinished(entries, policy, now)
    left = tuple(place for place, whole in places.items() if _digest(place) in removed)
    strays = [place for place, whole in places.items() if not whole and _digest(place) not in removed]
    bundles = tuple(collectable(entries, policy, now))
    numbers = {one.digest: entries[one.number - 1] for one in bundles}
    return Plan(
        bundles=bundles,
        bytes=sum(_size(site, one, numbers[one.digest]) for one in bundles),
        new_unfinished=tuple(place for place in strays if place not in seen)[:MOST],
        left=left,
        dead=tuple(place for place in strays if seen.get(place, False)),
        numbers=numbers,
    )


def _places(site: Site) -> dict[str, bool]:
    """Where there are files of bundles, and whether a manifest stands beside them."""
    found: dict[str, bool] = {}
    for room in ROOMS:
        for key in site.store.keys(f"models/{site.model}/{room}/"):
            place, _, name = key.rpartition("/")
            found[place] = found.get(place, False) or name == MANIFEST
    return found


def _digest(place: str) -> str:
    return place.rpartition("/")[2]


def _size(site: Site, one: Named, entry: LedgerEntry) -> int:
    """By the manifest; one that is damaged or gone says nothing, and is no reason to keep the rest."""
    try:
        return sum(file.size for file in shelf_of(site, entry, one.kind).manifest(one.digest).files.values())
    except (NotInStore, SafetyError):
        return 0


def _delete(site: Site, plan: Plan) -> None:
    for one in plan.bundles:
        shelf_of(site, plan.numbers[one.digest], one.kind).remove(one.digest)
    for place in (*plan.left, *plan.dead):
        # The manifest first, as a shelf does it.
        for key in sorted(site.store.keys(f"{place}/"), key=lambda key: not key.endswith(f"/{MANIFEST}")):
            site.store.delete(key)


def _by_kind(plan: Plan) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in plan.bundles:
        found[one.kind] = (*found.get(one.kind, ()), one.digest)
    return found


def _reasons(plan: Plan) -> tuple[str, ...]:
    said = [f"{len(digests)} of kind {kind}" for kind, digests in _by_kind(plan).items()]
    told = (
        [f"older than the spec keeps, and needed by nothing: {', '.join(said)}; {plan.bytes:,} bytes"] if said else []
    )
    if plan.new_unfinished:
        told.append(
            f"never finished, and collected if still so next time: {counted(len(plan.new_unfinished), 'bundle')}"
        )
    return tuple(told)


def _told(site: Site, plan: Plan, entry: LedgerEntry | None, *, dry_run: bool) -> CollectResult:
    gone_now = plan.bundles or plan.left or plan.dead
    outcome: Literal["collected", "would_collect", "nothing"] = "nothing"
    if gone_now:
        outcome = "would_collect" if dry_run else "collected"
    reasons = [*_reasons(plan)]
    if plan.left:
        reasons.append(f"left over from an earlier collection: {counted(len(plan.left), 'bundle')}")
    if plan.dead:
        reasons.append(f"never finished, and their writers dead: {counted(len(plan.dead), 'bundle')}")
    return CollectResult(
        model=site.model,
        outcome=outcome,
        bundles=_by_kind(plan),
        bytes=plan.bytes,
        unfinished=len(plan.dead),
        finished=len(plan.left),
        reasons=tuple(reasons) or ("everything stored is needed, or younger than the spec keeps it",),
        entry=entry.number if entry else None,
    )
