"""Was a probation judged as its stored evidence says? Computed anew, for whoever audits a ledger."""

import json

from retrain.pipeline.probation import ANSWERS, LABELS, TERMS
from retrain.pipeline.site import Site
from retrain.promotion.probation import Replayed, counted, judge
from retrain.store.events import ProbationSeen, RolledBack
from retrain.store.ledger import LedgerEntry
from retrain.store.probation import Terms
from retrain.store.state import State


def other_probation(site: Site, before: State, entry: LedgerEntry) -> str | None:
    """What the same evidence gives now, where that is something else; `before` is the state that the entry followed.

    Raises NotInStore or DigestMismatch where the evidence itself does not hold.
    """
    event = entry.event
    if not isinstance(event, ProbationSeen | RolledBack) or event.tally is None or before.probation is None:
        return None
    replayed, truth, terms = Replayed(), {}, before.probation.terms
    if event.tally.answers is not None:
        read = site.probations.read
        replayed = Replayed.model_validate_json(read(event.tally.answers, ANSWERS))
        truth = json.loads(read(event.tally.answers, LABELS))
        terms = Terms.model_validate_json(read(event.tally.answers, TERMS))
    seen = counted(replayed, truth, event.tally.labels, terms)
    said = event.state if isinstance(event, ProbationSeen) else "breach"
    # A look that began before the end may have been written down after it; none may end it before.
    ended = said in ("confirmed", "not_enough_labels")
    judged = judge(seen, terms, over=ended and entry.at >= before.probation.ends_at)
    same = seen.model_copy(update={"answers": event.tally.answers}).canonical() == event.tally.canonical()
    if same and judged.state == said and terms == before.probation.terms:
        return None
    then, now = (f"{one.won} won, {one.lost} lost of {one.rows}" for one in (event.tally, seen))
    return f"a probation was judged {said!r} ({then}); the same evidence gives {judged.state!r} now ({now})"
