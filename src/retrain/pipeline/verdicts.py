"""Who has approved or rejected, over all that was said of a challenger, and who only judged rows? Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from retrain.evaluation.reviewed import ReviewSeen
from retrain.review.plan import About
from retrain.review.tally import Tally
from retrain.store.events import Ended, Reviewed, Trained
from retrain.store.ledger import LedgerEntry

Verdict = Literal["approve", "reject"]
SINCE = 4
"""Format of the ledger from which `reviewers` are those who gave the verdict; before, all who judged a row as well."""


class Word(NamedTuple):
    """One person's verdict, and why."""

    verdict: Verdict
    by: str
    note: str


class Before(NamedTuple):
    """What was said of these two before."""

    verdicts: tuple[LedgerEntry, ...]
    """The newest first."""
    asked_at: datetime | None
    """When the first evaluation left it open."""

    @property
    def newest(self) -> LedgerEntry | None:
        """The verdict that stands."""
        return self.verdicts[0] if self.verdicts else None


def said_before(backwards: Iterable[LedgerEntry], challenger: str, champion: str | None) -> Before:
    """The verdicts about these two, and when the first evaluation left it open.

    Looks back to the challenger's training and no further: a verdict is about one version against one champion.
    """
    verdicts: list[LedgerEntry] = []
    asked_at = None
    for entry in backwards:
        match entry.event:
            case Reviewed() as said if (said.challenger, said.champion) == (challenger, champion):
                verdicts.append(entry)
            case Ended(outcome="inconclusive") as ended if ended.challenger == challenger:
                asked_at = entry.at
            case Trained(version=version) if version == challenger:
                break
    return Before(tuple(verdicts), asked_at)


def as_seen(entry: LedgerEntry) -> dict[str, Any]:
    """What an evaluation says of a verdict: its number, and all that the entry says as well."""
    assert isinstance(entry.event, Reviewed)
    shared = set(ReviewSeen.model_fields) & set(Reviewed.model_fields)
    return {"entry": entry.number, **entry.event.model_dump(include=shared)}


def counted(about: About, seen: Tally | None, word: Word, before: Before) -> Reviewed:
    """The event: who says so, of them who said the same just before, who judged rows, and what that comes to.

    A verdict of the other kind begins the count anew: whoever approved before a rejection has to approve again.
    """
    names = _each_once((word.by, *gave(word.verdict, before)))
    return _event(about, seen, word, names).model_copy(update={"judges": dict(seen.judged) if seen else {}})


def counted_before(about: About, seen: Tally | None, word: Word, before: Before) -> Reviewed:
    """The event as entries of earlier formats have it: whoever judged a row stood among those who gave the verdict."""
    event = before.newest.event if before.newest else None
    earlier = event.reviewers if isinstance(event, Reviewed) and event.verdict == word.verdict else ()
    return _event(about, seen, word, _each_once((word.by, *(seen.reviewers if seen else ()), *earlier)))


def gave(verdict: Verdict, before: Before) -> Iterator[str]:
    """Those who gave this verdict since the last other one. What people only judged before is no word of theirs."""
    for entry in before.verdicts:
        event = entry.event
        assert isinstance(event, Reviewed)
        if event.verdict != verdict:
            return
        if event.judges is not None:
            yield from event.reviewers
            return
        # An entry from before names everybody; it was written by the one who gave the verdict.
        yield from (name for name in event.reviewers if entry.actor.startswith(f"{name}, through "))


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    known = {name.casefold(): name for name in names}
    return tuple(known[key] for key in sorted(known))


def _event(about: About, seen: Tally | None, word: Word, names: tuple[str, ...]) -> Reviewed:
    event = Reviewed(**about._asdict(), verdict=word.verdict, reviewers=names, note=word.note)
    if seen is None or not seen.rows:
        return event
    counts = {
        "preferred_challenger": seen.challenger,
        "preferred_champion": seen.champion,
        "tied": seen.tied,
        "p_value": seen.p_value,
        "agreement": str(seen.agreement) if seen.agreement else None,
    }
    return event.model_copy(update=counts)
