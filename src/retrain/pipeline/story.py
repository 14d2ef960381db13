"""What led to a decision, what would have changed it, and what came of it? In sentences, from the ledger alone."""

import json
from collections.abc import Iterator, Sequence

from retrain.errors import NotInStore, SafetyError
from retrain.pipeline.sentences import sentence
from retrain.pipeline.site import Archive
from retrain.pipeline.verdicts import gave, said_before
from retrain.promotion.decision import Check, PromotionDecision
from retrain.store.events import (
    Checked,
    Claimed,
    Dismissed,
    Ended,
    Event,
    Prepared,
    Promoted,
    Reviewed,
    RolledBack,
    Trained,
)
from retrain.store.ledger import LedgerEntry
from retrain.values import short

Entries = Sequence[LedgerEntry]
STAMP = "%Y-%m-%d %H:%M UTC"
OF_A_RUN = (Prepared, Trained, Ended, Promoted)


def headline(site: Archive, entries: Entries, entry: LedgerEntry) -> str:
    """What happened, in one sentence; of a challenger that was held at a further look, by whom or by which rule."""
    event = entry.event
    if not isinstance(event, Dismissed) or event.outcome != "held":
        return sentence(event)
    name = f"Version {short(event.challenger)}"
    if people := _rejected_by(entries, entry, event.challenger):
        return f"{name} was dismissed because people ({', '.join(people)}) rejected it; the champion stays."
    failed = [check.rule for check in _checks(site, entry) if check.verdict == "fail"]
    if failed == ["reviewed"]:
        return f"{name} was dismissed because too few people approved it in time; the champion stays."
    if "better_or_equal" in failed:
        return f"{name} was shown to be no better and is looked at no more; the champion stays."
    rules = f"did not pass {', '.join(failed)}" if failed else "was held when it was looked at again"
    return f"{name} {rules} and is looked at no more; the champion stays."


def _rejected_by(entries: Entries, entry: LedgerEntry, challenger: str) -> tuple[str, ...]:
    """Whose rejection stood then: it holds whatever else is said."""
    champion = entry.state.champion.version if entry.state.champion else None
    earlier = [one for one in reversed(entries) if one.number < entry.number]
    before = said_before(earlier, challenger, champion)
    stands = before.newest.event if before.newest else None
    return tuple(gave("reject", before)) if isinstance(stands, Reviewed) and stands.verdict == "reject" else ()


def who(entry: LedgerEntry) -> str:
    """Who decided, and on whose word."""
    event = entry.event
    if isinstance(event, Reviewed):
        return f"A person decided: {entry.actor} said {_quoted(entry)}."
    if isinstance(event, Promoted) and event.by == "pending":
        return f"The program decided by its policy, at a later look, run by {entry.actor}."
    if isinstance(event, RolledBack | Promoted) and getattr(event, "claim", None) is None:
        by_probation = isinstance(event, RolledBack) and event.reason == "probation"
        if not by_probation:
            return f"A person decided, past the gate: {entry.actor} said {_quoted(entry)}."
    if isinstance(event, Claimed) and event.claim.cause == "manual":
        return f"A person asked: {entry.actor} said {event.claim.reason!r}."
    return f"The program decided by its policy, run by {entry.actor}."


def led_to(entries: Entries, entry: LedgerEntry) -> tuple[str, ...]:
    """The earlier entries that it rests on, the nearest first."""
    earlier = [one for one in entries if one.number < entry.number]
    return tuple(_led_to(earlier, entry))


def _led_to(earlier: Entries, entry: LedgerEntry) -> Iterator[str]:
    event = entry.event
    if isinstance(event, Checked):
        yield from _drift(earlier, entry)
    elif isinstance(event, Claimed):
        yield from _asked(earlier, event)
    elif isinstance(event, OF_A_RUN) and event.claim is not None:
        yield from _run(earlier, event.claim)
    elif isinstance(event, Promoted):
        yield from _judged_before(earlier, event.version)
    elif isinstance(event, Dismissed | Reviewed):
        yield from _judged_before(earlier, event.challenger)
    if isinstance(event, Promoted | RolledBack) and (made := _made_champion(earlier)) is not None:
        yield f"{_stamped(made)} had made {short(_version(made))} champion."
    if isinstance(event, RolledBack):
        first = next((one for one in earlier if _version(one) == event.version), None)
        if first is not None:
            yield f"{_stamped(first)} had made {short(event.version)} champion before."


def _run(earlier: Entries, claim: str) -> Iterator[str]:
    """The steps of a run back to its claim, and what that was made for."""
    for one in reversed(earlier):
        event = one.event
        if isinstance(event, Prepared | Trained) and event.claim == claim:
            what = f"stored snapshot {short(event.snapshot)}" if isinstance(event, Prepared) else "trained its version"
            yield f"{_stamped(one)}: the run {what}."
        if isinstance(event, Claimed) and event.claim.id == claim:
            yield f"{_stamped(one)}: the run began for {event.claim.cause} ({event.claim.reason})."
            yield from _asked([each for each in earlier if each.number < one.number], event)
            return


def _asked(earlier: Entries, event: Claimed) -> Iterator[str]:
    if event.took_over is not None:
        for one in reversed(earlier):
            if isinstance(one.event, Claimed) and one.event.claim.id == event.took_over:
                yield f"{_stamped(one)}: run {short(event.took_over)} began, and died over the work."
                yield from _asked([each for each in earlier if each.number < one.number], one.event)
                return
    check = next((one for one in reversed(earlier) if isinstance(one.event, Checked)), None)
    if check is not None and event.claim.cause != "manual":
        yield f"{_stamped(check)}: the check before it said {_state(check.event)}."
        yield from _drift([one for one in earlier if one.number < check.number], check)


def _drift(earlier: Entries, entry: LedgerEntry) -> Iterator[str]:
    """Since when the drift stands that this check speaks of."""
    episode = entry.state.episode
    if episode is None:
        return
    opened = next((one for one in earlier if one.state.episode and one.state.episode.number == episode.number), None)
    if opened is not None:
        names = ", ".join(episode.signals) or "its signals"
        yield f"{_stamped(opened)}: drift episode {episode.number} was opened by {names}."


def _judged_before(earlier: Entries, version: str) -> Iterator[str]:
    for one in reversed(earlier):
        if isinstance(one.event, Reviewed) and one.event.challenger == version:
            yield f"{_stamped(one)}: {_said(one)}."
        if isinstance(one.event, Ended) and one.event.challenger == version:
            yield f"{_stamped(one)}: the gate had said {one.event.outcome} about this version."
            return
    yield "No gate had judged this version against a champion."


def turned(site: Archive, entry: LedgerEntry) -> tuple[str, ...]:
    """What would have changed it."""
    return tuple(_turned(site, entry))


def _turned(site: Archive, entry: LedgerEntry) -> Iterator[str]:
    event = entry.event
    if isinstance(event, Reviewed):
        # The evaluation that it names is the run's: what was open there is not what people were asked.
        yield from _verdict(site, entry, event)
    elif "evaluation" in entry.evidence:
        yield from _gate(site, entry)
    elif isinstance(event, Checked):
        yield from _check(event)
    elif isinstance(event, Ended) and event.outcome == "refused" and event.missing:
        yield f"{event.missing} more labelled examples of use would have let it train."
    elif isinstance(event, Ended) and event.outcome == "failed":
        yield "It failed; the same command goes on once what its reason names is mended."
    elif isinstance(event, Promoted | RolledBack):
        yield f"It stands until another entry; `retrain rollback {site.model}` goes back to the champion before."


def _verdict(site: Archive, entry: LedgerEntry, event: Reviewed) -> Iterator[str]:
    missing = entry.state.pending.reviewers_missing if entry.state.pending else None
    if event.verdict == "reject":
        yield "An approval after it would have taken its place, until the gate's next look holds what is rejected."
        return
    if missing:
        yield f"{missing} more people must approve before it counts: `retrain review {site.model} --approve`."
    yield "A rejection by anybody after it would have taken its place, until the gate's next look."


def _checks(site: Archive, entry: LedgerEntry) -> tuple[Check, ...]:
    """What each rule said; nothing where that cannot be read, as `retrain audit` tells."""
    try:
        content = site.evaluations.read(entry.evidence.get("evaluation", ""), "decision.json")
    except (NotInStore, SafetyError):
        return ()
    return PromotionDecision.model_validate(json.loads(content)).checks


def _gate(site: Archive, entry: LedgerEntry) -> Iterator[str]:
    try:
        content = site.evaluations.read(entry.evidence["evaluation"], "decision.json")
    except (NotInStore, SafetyError) as error:
        yield f"What the gate said cannot be read: {error}"
        return
    said = PromotionDecision.model_validate(json.loads(content))
    open_still = (
        "It was let through as unknown, by policy" if said.verdict == "promote" else "More evidence was needed for"
    )
    for verdict, about in (("fail", "It would not have been held without"), ("unknown", open_still)):
        for check in said.checks:
            if check.verdict == verdict:
                yield f"{about}: {check.rule}, {check.reason}."
    if said.verdict == "promote":
        rules = ", ".join(check.rule for check in said.checks)
        yield f"A failure of any one of its {len(said.checks)} rules would have held it: {rules}."


def _check(event: Checked) -> Iterator[str]:
    seen = event.evidence
    if event.state == "insufficient_data":
        yield "More rows in the window would have let it be judged; they wait to be judged with the next ones."
    elif seen is not None and event.state != "alarm":
        yield f"Evidence of {seen.needed:.0f} would have raised an alarm; it was {seen.total:.3g}."
    elif event.state == "alarm":
        yield "Quiet windows end an alarm; a promotion does too."
    if event.waiting and not event.retrain:
        yield f"A retrain was owed, and waits for: {', '.join(event.waiting)}."
    if event.labels_missing:
        yield f"{event.labels_missing} more labelled examples would let it begin."


def came_of_it(entries: Entries, entry: LedgerEntry) -> tuple[str, ...]:
    """The later entry that ended what this one began, if there is one."""
    later = [one for one in entries if one.number > entry.number]
    event = entry.event
    if isinstance(event, Promoted | RolledBack):
        after = _made_champion(list(reversed(later)))
        return (f"{_stamped(after)} put {short(_version(after))} in its place.",) if after else ()
    if isinstance(event, Claimed):
        for one in later:
            if isinstance(one.event, Claimed) and one.event.took_over == event.claim.id:
                return (f"{_stamped(one)}: run {short(one.event.claim.id)} took the work over.",)
            if isinstance(one.event, Ended | Promoted) and one.event.claim == event.claim.id:
                outcome = one.event.outcome if isinstance(one.event, Ended) else "promoted"
                return (f"{_stamped(one)}: it ended {outcome}.",)
    if isinstance(event, Reviewed):
        return tuple(_came_of_verdict(later, event))
    return ()


def _came_of_verdict(later: Entries, event: Reviewed) -> Iterator[str]:
    """What took its place, or what became of the challenger, whichever came first."""
    for one in later:
        match one.event:
            case Reviewed(challenger=event.challenger):
                yield f"{_stamped(one)}: {_said(one)}; that stands since."
            case Promoted(version=event.challenger):
                yield f"{_stamped(one)}: the challenger became champion."
            case Dismissed(challenger=event.challenger, outcome=outcome):
                became = "held" if outcome == "held" else "given up after too long"
                yield f"{_stamped(one)}: the challenger was {became}."
            case Promoted() | RolledBack():
                yield f"{_stamped(one)}: another version became champion, so nothing waited for people any more."
            case _:
                continue
        return
    yield "Nothing yet: the gate reads it at its next look, with each check or by `retrain decide`."


def _said(entry: LedgerEntry) -> str:
    assert isinstance(entry.event, Reviewed)
    return f"{entry.actor} {'approved' if entry.event.verdict == 'approve' else 'rejected'} it"


def _stamped(entry: LedgerEntry) -> str:
    return f"Entry {entry.number} ({entry.at:{STAMP}})"


def _made_champion(entries: Entries) -> LedgerEntry | None:
    return next((one for one in reversed(entries) if isinstance(one.event, Promoted | RolledBack)), None)


def _version(entry: LedgerEntry) -> str:
    return entry.event.version if isinstance(entry.event, Promoted | RolledBack) else ""


def _state(event: Event) -> str:
    assert isinstance(event, Checked)
    return event.state.replace("_", " ") + (", and that a retrain was due" if event.retrain else "")


def _quoted(entry: LedgerEntry) -> str:
    return "; ".join(repr(reason) for reason in entry.reasons)
