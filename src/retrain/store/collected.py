"""Which stored bundles may go? Decided from the ledger alone: what its newest state names stays, whatever its age."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from pydantic import Field

from retrain.store.events import Collected, Drilled
from retrain.store.ledger import LedgerEntry
from retrain.store.state import State
from retrain.values import Policy, Value

Kind = Literal["version", "dataset", "evaluation", "report", "drill", "probation"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Kinds of evidence that can be collected. References and rows that people were asked about are small, and a drift of
long ago cannot be looked at again without its reference: these stay."""
MOST = 1000
"""Bundles of one kind in one entry, so that an entry stays small; the next time goes on."""


class RetentionPolicy(Policy):
    """The numbers of retention. None of them ever takes what the newest state of the ledger names."""

    automatic: bool = False
    """Collect weekly, unattended. Off: it is the one thing here that cannot be taken back, so it is asked for; with the
    numbers below nothing of a model's first year would go in any case. `retrain collect MODEL --dry-run` shows it."""
    keep_versions: int = Field(default=5, ge=1)
    """The newest versions that stay, promoted or not. 5: what somebody may still want to compare."""
    version_days: float = Field(default=365.0, ge=0)
    """Other versions stay so long. 365: the year that a look back covers; versions take most of the space."""
    dataset_days: float = Field(default=365.0, ge=0)
    """Training snapshots, likewise. 365, as for the versions trained on them."""
    evaluation_days: float = Field(default=1_100.0, ge=0)
    """Evaluations and what probations compared: without them a verdict cannot be recomputed. 1,100: three years."""
    check_days: float = Field(default=400.0, ge=0)
    """Drift reports and drills. 400: a year, and a month to look back at the same season."""
    newest_entries: int = Field(default=200, ge=1)
    """What the newest entries of the ledger name stays, whatever its age. 200: months of a quiet model."""
    orphan_hours: float = Field(default=48.0, ge=1)
    """Files of a bundle that was never finished go when they were seen so long before. 48: its writer is dead."""

    def days(self, kind: Kind) -> float:
        """How long a bundle of that kind stays after an entry named it last."""
        ages = {"version": self.version_days, "dataset": self.dataset_days}
        ages |= dict.fromkeys(("evaluation", "probation"), self.evaluation_days)
        return ages.get(kind, self.check_days)


class Named(Value):
    """A bundle, and the last entry that named it."""

    kind: Kind
    digest: str
    number: int


def named(entries: Iterable[LedgerEntry]) -> dict[str, Named]:
    """Every bundle of a kind that can be collected, in the order in which entries named it last."""
    found: dict[str, Named] = {}
    for entry in entries:
        for name, digest in entry.evidence.items():
            if name in KINDS and digest:
                found.pop(digest, None)
                found[digest] = Named(kind=name, digest=digest, number=entry.number)
    return found


def gone(entries: Iterable[LedgerEntry]) -> dict[str, int]:
    """Bundles that were collected, and by which entry; one that an entry names after that was stored anew."""
    found: dict[str, int] = {}
    for entry in entries:
        for digest in entry.evidence.values():
            found.pop(digest, None)
        if isinstance(entry.event, Collected):
            found |= dict.fromkeys(_digests(entry.event), entry.number)
    return found


def kept(state: State, entries: Sequence[LedgerEntry], policy: RetentionPolicy, now: datetime) -> set[str]:
    """Digests that must not go.

    Whatever the state names: champion, predecessors, best ever, what is pending or on probation, a claim's work, the
    reference, the newest snapshot. What these versions were trained on and judged by. What the newest entries name,
    the newest versions, and what is young.
    """
    stated = set(_strings(state.model_dump(mode="json")))
    every = named(entries).values()
    versions = {one.digest for one in [one for one in every if one.kind == "version"][-policy.keep_versions :]}
    found = stated | versions
    for entry in entries:
        # A version without what it was trained on and judged by could be promoted by hand, and not be compared with.
        if entry.evidence.get("version") in found:
            found |= set(entry.evidence.values())
    for entry in entries[-policy.newest_entries :]:
        found |= set(entry.evidence.values())
    drills = [entry.event.report for entry in entries if isinstance(entry.event, Drilled)]
    found |= set(drills[-1:])
    at = {entry.number: entry.at for entry in entries}
    found |= {one.digest for one in every if now - at[one.number] < timedelta(days=policy.days(one.kind))}
    return found


def collectable(entries: Sequence[LedgerEntry], policy: RetentionPolicy, now: datetime) -> list[Named]:
    """What may go by the newest entry, oldest first; at most `MOST` of a kind."""
    state = entries[-1].state if entries else State()
    needed, before = kept(state, entries, policy, now), gone(entries)
    found = [one for one in named(entries).values() if one.digest not in needed and one.digest not in before]
    return [one for kind in KINDS for one in [each for each in found if each.kind == kind][:MOST]]


def seen_unfinished(entries: Iterable[LedgerEntry], policy: RetentionPolicy, now: datetime) -> Mapping[str, bool]:
    """Places of unfinished bundles that an earlier entry tells of, and whether that is long enough ago."""
    found: dict[str, bool] = {}
    for entry in entries:
        if isinstance(entry.event, Collected):
            old = now - entry.at >= timedelta(hours=policy.orphan_hours)
            found |= {place: found.get(place, False) or old for place in entry.event.unfinished}
    return found


def _digests(event: Collected) -> Iterator[str]:
    for digests in event.bundles.values():
        yield from digests


def _strings(content: Any) -> Iterator[str]:
    """Every string in plain JSON content: a field that a later program adds to the state is looked at too."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from (key, *_strings(value))
    elif isinstance(content, Sequence):
        for value in content:
            yield from _strings(value)
