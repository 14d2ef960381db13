"""Does a new champion keep in production what it was promoted for? The predecessor answers the same labelled rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from retrain.errors import LogError
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.rollback import check_stored
from retrain.pipeline.scoring import scored
from retrain.pipeline.site import Site
from retrain.production.labels import MODEL, read_labels
from retrain.production.reader import find_rows
from retrain.promotion.probation import Judgement, judge, tally
from retrain.store.events import ProbationSeen, RolledBack
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.probation import Probation, ProbationState, Tally, Terms
from retrain.values import Value, canonical_json, digest_of, short

ANSWERS = "answers.json"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What both answered to one labelled row of production."""

    champion: str
    predecessor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """The labels given since the promotion; none, and why, where the log of labels cannot be read."""

    truth: Mapping[str, str]
    trouble: str | None = None


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
    fresh = _fresh(site, running)
    if not over and not _worth_a_look(running, fresh):
        return _told(site, running, (fresh.trouble,) if fresh.trouble else ())
    try:
        answers, digest = _answers(site, running, fresh)
    except LogError as error:
        if not over:
            return _told(site, running, (str(error),))
        fresh, (answers, digest) = Fresh(truth={}, trouble=str(error)), ({}, None)
    seen = _counted(running, answers, fresh).model_copy(update={"answers": digest})
    judgement = judge(seen, running.terms, over=over)
    reasons = (*judgement.reasons, *((fresh.trouble,) if fresh.trouble else ()))
    return _recorded(site, running, seen, judgement.model_copy(update={"reasons": reasons}))


def _fresh(site: Site, running: Probation) -> Fresh:
    """Labels of people and outcomes; what another model said is no truth to measure by."""
    place = site.spec.production.labels
    if place is None or not site.spec.path(place).exists():
        return Fresh(truth={})
    try:
        rows = read_labels(site.spec.path(place), now=site.clock()).rows
    except LogError as error:
        return Fresh(truth={}, trouble=str(error))
    given = rows.filter(~pl.col("labeller").str.starts_with(MODEL) & (pl.col("labelled_at") >= running.since))
    return Fresh(truth=dict(given.select("id", "label").iter_rows()))


def _worth_a_look(running: Probation, fresh: Fresh) -> bool:
    before = running.tally
    full = before is not None and before.rows >= running.terms.max_rows
    return not full and len(fresh.truth) - (before.labels if before else 0) >= running.terms.look_labels


def _answers(site: Site, running: Probation, fresh: Fresh) -> tuple[dict[str, Answer], str | None]:
    """What both answered to the labelled rows, those of earlier looks included, and where it is stored.

    Each input counts once, however often it was sent: traffic comes in bursts, and the same row again is no evidence.
    """
    stored = running.tally.answers if running.tally else None
    kept = json.loads(site.probations.read(stored, ANSWERS)) if stored else {"answers": {}, "inputs": []}
    answers = {row: Answer(**said) for row, said in kept["answers"].items()}
    texts = _new_rows(site, running, fresh, (set(answers), set(kept["inputs"])))
    if not texts:
        return answers, stored
    champion, predecessor = scored(site, (running.version, running.predecessor), list(texts.values()))
    for row, new, old in zip(texts, champion.predictions, predecessor.predictions, strict=True):
        answers[row] = Answer(champion=new.label, predecessor=old.label)
    content = {
        "answers": {row: {"champion": said.champion, "predecessor": said.predecessor} for row, said in answers.items()},
        # Digests, so that no text of production is kept for longer than its log.
        "inputs": sorted({*kept["inputs"], *(_of(text) for text in texts.values())}),
    }
    truth = {row: fresh.truth[row] for row in sorted(answers) if row in fresh.truth}
    files = {ANSWERS: canonical_json(content), "labels.json": canonical_json(truth)}
    files["terms.json"] = running.terms.canonical()
    about = {"version": running.version, "predecessor": running.predecessor, "rows": len(answers)}
    return answers, site.probations.put(files, about)


def _new_rows(site: Site, running: Probation, fresh: Fresh, known: tuple[set[str], set[str]]) -> dict[str, str]:
    """Id to input of the rows to be answered now; of more than there is room for, those whose digest comes first."""
    ids, inputs = known
    room = running.terms.max_rows - len(ids)
    wanted = set(fresh.truth) - ids
    if room <= 0 or not wanted:
        return {}
    now = site.clock()
    span = (running.since, min(now, running.ends_at))
    rows = find_rows(site.log, site.spec.production, wanted, span=span, now=now)
    once: dict[str, str] = {}
    for row, text in rows.sort("timestamp", "id").select("id", "input").iter_rows():
        if (digest := _of(text)) not in inputs:
            inputs.add(digest)
            once[row] = text
    return {row: once[row] for row in sorted(once, key=_of)[:room]}


def _of(text: str) -> str:
    return digest_of(text.encode("utf-8", errors="surrogatepass"))


def _counted(running: Probation, answers: Mapping[str, Answer], fresh: Fresh) -> Tally:
    """Counted anew at each look: a label that was corrected counts as it stands now."""
    rows = [(fresh.truth[row], said) for row, said in answers.items() if row in fresh.truth]
    won = sum(said.champion == truth != said.predecessor for truth, said in rows)
    lost = sum(said.predecessor == truth != said.champion for truth, said in rows)
    return tally(won, lost, len(rows), len(fresh.truth), running.terms.confidence)


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
