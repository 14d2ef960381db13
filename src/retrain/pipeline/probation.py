"""Does a new champion keep in production what it was promoted for? The predecessor answers the same labelled rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import polars as pl

from retrain.errors import DigestMismatch, LogError, NotInStore
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.rollback import check_stored
from retrain.pipeline.scoring import scored
from retrain.pipeline.site import Site
from retrain.production.labels import not_by_models, read_labels
from retrain.production.reader import find_rows
from retrain.promotion.probation import Answer, Judgement, Replayed, counted, judge, tally
from retrain.store.events import ProbationSeen, RolledBack
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.probation import Probation, ProbationState, Tally, Terms
from retrain.values import Value, canonical_json, digest_of_text, short

ANSWERS, LABELS, TERMS = "answers.json", "labels.json", "terms.json"


class ProbationResult(Value):
    """What `retrain probation` answers."""

    model: str
    state: ProbationState | Literal["none"]
    """`none`: the champion has no predecessor that it is measured by."""
    version: str | None = None
    predecessor: str | None = None
    ends_at: datetime | None = None
    looked: bool = False
    """Whether rows were compared now; nothing new is nothing to look at."""
    tally: Tally | None = None
    missing: int = 0
    """Labelled rows that would probably decide it, and are not there."""
    reasons: tuple[str, ...] = ()
    entry: int | None = None
    """Of the ledger, where this look was written down."""


def terms_for(site: Site, report: EvaluationReport) -> Terms | None:
    """What a promotion on this evidence is held under; none without a predecessor, labels, or a wish for it."""
    policy, seen = site.spec.probation, report.comparison
    if not policy.on or seen.champion_version is None or site.spec.production.labels is None:
        return None
    return Terms(
        **policy.model_dump(exclude={"on"}),
        promised=(seen.only_challenger_right - seen.only_champion_right) / max(seen.rows, 1),
        promised_low=seen.difference.low,
        promised_high=seen.difference.high,
    )


def probation(site: Site) -> ProbationResult:
    """One look. Safe to run at any time and twice: without new labels, before the end, it does nothing.

    A breach puts the predecessor back at once.
    """
    running = site.ledger.state().probation
    if running is None or not running.running:
        return _told(site, running)
    over = site.clock() >= running.ends_at
    trouble: tuple[str, ...] = ()
    try:
        truth = _truth(site, running)
        if not over and not _worth_a_look(running, truth):
            return _told(site, running)
        seen = _seen(site, running, truth)
    except (LogError, DigestMismatch, NotInStore) as error:
        if not over:
            return _told(site, running, (str(error),))
        # No log that cannot be read holds it up for ever: what was seen before stands.
        trouble = (str(error),)
        seen = running.tally or tally(0, 0, 0, 0, running.terms.confidence)
    judgement = judge(seen, running.terms, over=over)
    reasons = (*judgement.reasons, *trouble)
    return _recorded(site, running, seen, judgement.model_copy(update={"reasons": reasons}))


def _truth(site: Site, running: Probation) -> dict[str, str]:
    """Labels given since the promotion, by people and outcomes."""
    place = site.spec.production.labels
    if place is None or not site.spec.path(place).exists():
        return {}
    rows = not_by_models(read_labels(site.spec.path(place), now=site.clock()).rows)
    given = rows.filter(pl.col("labelled_at") >= running.since)
    return dict(given.select("id", "label").iter_rows())


def _seen(site: Site, running: Probation, truth: Mapping[str, str]) -> Tally:
    """What both versions answered to the labelled rows, counted anew: a corrected label counts as it stands now."""
    replayed = _answers(site, running, truth)
    known = {row: truth[row] for row in sorted(replayed.answers) if row in truth}
    seen = counted(replayed, known, len(truth), running.terms)
    return seen.model_copy(update={"answers": _kept(site, running, replayed, known)})


def _worth_a_look(running: Probation, truth: Mapping[str, str]) -> bool:
    before = running.tally
    full = before is not None and before.rows >= running.terms.max_rows
    return not full and len(truth) - (before.labels if before else 0) >= running.terms.look_labels


def _answers(site: Site, running: Probation, truth: Mapping[str, str]) -> Replayed:
    """What both answered to the labelled rows, those of earlier looks included.

    Each input counts once, however often it was sent: traffic comes in bursts, and the same row again is no evidence.
    """
    stored = running.tally.answers if running.tally else None
    known = Replayed.model_validate_json(site.probations.read(stored, ANSWERS)) if stored else Replayed()
    texts = _new_rows(site, running, truth, known)
    if not texts:
        return known
    champion, predecessor = scored(site, (running.version, running.predecessor), list(texts.values()))
    said = zip(texts, champion.predictions, predecessor.predictions, strict=True)
    new = {row: Answer(champion=mine.label, predecessor=old.label) for row, mine, old in said}
    inputs = sorted({*known.inputs, *(digest_of_text(text) for text in texts.values())})
    return Replayed(answers={**known.answers, **new}, inputs=tuple(inputs))


def _new_rows(site: Site, running: Probation, truth: Mapping[str, str], known: Replayed) -> dict[str, str]:
    """Id to input of the rows to be answered now; of more than there is room for, those whose digest comes first."""
    room = running.terms.max_rows - len(known.answers)
    wanted = set(truth) - set(known.answers)
    if room <= 0 or not wanted:
        return {}
    now, inputs = site.clock(), set(known.inputs)
    span = (running.since, min(now, running.ends_at))
    rows = find_rows(site.log, site.spec.production, wanted, span=span, now=now)
    once: dict[str, str] = {}
    for row, text in rows.sort("timestamp", "id").select("id", "input").iter_rows():
        if (digest := digest_of_text(text)) not in inputs:
            inputs.add(digest)
            once[row] = text
    return {row: once[row] for row in sorted(once, key=digest_of_text)[:room]}


def _kept(site: Site, running: Probation, replayed: Replayed, truth: Mapping[str, str]) -> str | None:
    """The evidence of a look, whole: answers, labels as they stand now, and terms. None where no row was answered."""
    if not replayed.answers:
        return None
    files = {ANSWERS: replayed.canonical(), LABELS: canonical_json(truth), TERMS: running.terms.canonical()}
    about = {"version": running.version, "predecessor": running.predecessor, "rows": len(truth)}
    return site.probations.put(files, about)


def _recorded(site: Site, running: Probation, seen: Tally, judged: Judgement) -> ProbationResult:
    """Append what was seen; nothing when another look was quicker, or somebody changed the champion meanwhile."""
    evidence = {"probation": seen.answers} if seen.answers else {}

    def draft(newest: LedgerEntry | None) -> Draft | None:
        if newest is None or newest.state.probation != running:
            return None
        if judged.state != "breach":
            state: Literal["running", "confirmed", "not_enough_labels"] = judged.state
            event = ProbationSeen(version=running.version, state=state, tally=seen, missing=judged.missing)
            return Draft(event=event, reasons=judged.reasons, actor=site.actor, evidence=evidence)
        check_stored(site, running.predecessor)
        back = RolledBack(version=running.predecessor, withdrawn=running.version, reason="probation", tally=seen)
        named = {**evidence, "version": running.predecessor}
        return Draft(event=back, reasons=judged.reasons, actor=site.actor, evidence=named)

    entry = site.ledger.append(draft)
    if entry is None:
        return _told(site, site.ledger.state().probation, ("another look was quicker, or the champion was changed",))
    told = _told(site, entry.state.probation, judged.reasons)
    return told.model_copy(update={"looked": True, "entry": entry.number})


def _told(site: Site, held: Probation | None, reasons: tuple[str, ...] = ()) -> ProbationResult:
    if held is None:
        why = "no champion is on probation: none was promoted by a run over another one, with labels to measure it by"
        return ProbationResult(model=site.model, state="none", reasons=(*reasons, why))
    if not reasons and held.running:
        seen = held.tally.rows if held.tally else 0
        reasons = (
            f"version {short(held.version)} is on probation until {held.ends_at:%Y-%m-%d %H:%M} UTC: {seen} labelled "
            f"rows compared, a look is made with {held.terms.look_labels} new labels",
        )
    elif not reasons:
        reasons = (f"the probation of version {short(held.version)} ended: {held.state.replace('_', ' ')}",)
    return ProbationResult(
        model=site.model,
        state=held.state,
        version=held.version,
        predecessor=held.predecessor,
        ends_at=held.ends_at,
        tally=held.tally,
        missing=held.missing,
        reasons=reasons,
    )
