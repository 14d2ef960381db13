"""What came of a request that was asked before?"""

from typing import Literal

from retrain.pipeline.site import Site
from retrain.store.events import Claimed, Ended, Promoted
from retrain.store.ledger import LedgerEntry
from retrain.values import Value


class Answered(Value):
    """How the run of an earlier request ended."""

    outcome: Literal["promoted", "held", "inconclusive", "refused"]
    version: str | None
    reasons: tuple[str, ...]


def answered(site: Site, request: str | None) -> Answered | None:
    """The answer that the ledger has for a request id; none when it has none, or the run failed or still goes on."""
    if request is None or request not in site.ledger.state().requests:
        return None
    end: LedgerEntry | None = None
    for entry in site.ledger.backwards():
        if isinstance(entry.event, Ended | Promoted) and entry.event.claim is not None:
            end = entry
        elif isinstance(entry.event, Claimed) and entry.event.claim.request == request and end is not None:
            return _told(end, request)
    return None


def _told(end: LedgerEntry, request: str) -> Answered | None:
    event = end.event
    if isinstance(event, Promoted):
        return Answered(outcome="promoted", version=event.version, reasons=_reasons(end, request))
    if isinstance(event, Ended) and event.outcome != "failed":
        return Answered(outcome=event.outcome, version=event.challenger, reasons=_reasons(end, request))
    return None


def _reasons(end: LedgerEntry, request: str) -> tuple[str, ...]:
    said = f"request {request!r} was answered on {end.at:%Y-%m-%d %H:%M} UTC by entry {end.number}; nothing was run now"
    return (said, *end.reasons)
