"""How does a person change the champion by hand: back to its predecessor, or to a version of their choice?"""

from retrain.errors import DigestMismatch, NotInStore, UnknownVersion
from retrain.pipeline.site import Site
from retrain.pipeline.train import version_of
from retrain.store.collected import gone
from retrain.store.events import Promoted, RolledBack
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import State
from retrain.values import Value, short


class ChangeResult(Value):
    """What `retrain rollback` and `retrain promote` answer."""

    model: str
    version: str
    withdrawn: str | None
    entry: int


def rollback(site: Site, *, reason: str) -> ChangeResult:
    """Make the predecessor champion again, after its bytes were verified. Raises UnknownVersion when there is none."""

    def draft(newest: LedgerEntry | None) -> Draft:
        state = newest.state if newest else State()
        if state.champion is None or not state.predecessors:
            found = (
                "no champion"
                if state.champion is None
                else f"champion {short(state.champion.version)} has no predecessor"
            )
            raise UnknownVersion(f"model {site.model!r} cannot be rolled back: {found}; nothing was changed")
        target = state.predecessors[-1].version
        check_stored(site, target)
        event = RolledBack(version=target, withdrawn=state.champion.version)
        return Draft(event=event, reasons=(reason,), actor=site.actor, evidence={"version": target})

    return _result(site, site.ledger.append(draft))


def promote(site: Site, version: str, *, reason: str) -> ChangeResult:
    """Make a stored version champion by hand; the reason and who gave it stand in the ledger. No gate is asked."""
    digest = find_version(site, version)
    _check_kept(site, digest)
    check_stored(site, digest)
    snapshot = version_of(site, digest).lineage.snapshot
    # An entry names only what is there: of a version brought from elsewhere, what it was trained on may not be.
    evidence = {"version": digest, **({"dataset": snapshot} if site.snapshots.holds(snapshot) else {})}

    def draft(newest: LedgerEntry | None) -> Draft:
        state = newest.state if newest else State()
        _check_kept(site, digest)
        over = state.champion.version if state.champion else None
        if over == digest:
            raise UnknownVersion(
                f"version {short(digest)} is already the champion of {site.model!r}; nothing was changed"
            )
        known = [old.reference for old in state.predecessors if old.version == digest]
        event = Promoted(
            claim=None,
            version=digest,
            over=over,
            snapshot=snapshot,
            reference=known[-1] if known else None,
            by="hand",
        )
        return Draft(event=event, reasons=(reason,), actor=site.actor, evidence=evidence)

    return _result(site, site.ledger.append(draft))


LEAST_DIGITS = 6
"""A slip of the finger must not make another version champion."""


def find_version(site: Site, prefix: str) -> str:
    """The whole digest of a stored version, from its first digits. Raises UnknownVersion."""
    if len(prefix) < LEAST_DIGITS:
        raise UnknownVersion(
            f"{prefix!r} names no version of {site.model!r}: at least {LEAST_DIGITS} digits are needed, as `retrain "
            f"history {site.model}` shows them"
        )
    found = [digest for digest in site.versions.digests() if digest.startswith(prefix)]
    if len(found) != 1:
        fits = f"{len(found)} versions of {site.model!r} match" if found else f"no version of {site.model!r} matches"
        raise UnknownVersion(f"{fits} {prefix!r}; give more digits of one that `retrain history {site.model}` shows")
    return found[0]


def _check_kept(site: Site, version: str) -> None:
    """Raise UnknownVersion when a version was collected, whatever of it is still there: it is being deleted."""
    if version in gone(site.ledger.entries()):
        raise UnknownVersion(
            f"version {short(version)} of {site.model!r} was collected, so it may be half gone; nothing was changed. "
            f"`retrain history {site.model}` says when; name another version, or retrain"
        )


def check_stored(site: Site, version: str) -> None:
    """Raise DigestMismatch unless a version is whole in the store.

    Every server fetches from there, so what counts is what the store has and not this machine's copy.
    """
    try:
        site.versions.verify_all(version)
    except NotInStore as error:
        raise DigestMismatch(
            f"version {short(version)} of {site.model!r} is not whole in {site.store.address} ({error}); nothing was "
            f"changed. Restore it from a backup, or name another with `retrain promote {site.model} VERSION`"
        ) from None


def _result(site: Site, entry: LedgerEntry | None) -> ChangeResult:
    assert entry is not None, "the draft is never none"
    assert isinstance(entry.event, RolledBack | Promoted)
    withdrawn = entry.event.withdrawn if isinstance(entry.event, RolledBack) else entry.event.over
    return ChangeResult(model=site.model, version=entry.event.version, withdrawn=withdrawn, entry=entry.number)
