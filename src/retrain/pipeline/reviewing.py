"""Which challenger waits for people, what have they said of it, and how does their verdict get into the ledger?"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from retrain.errors import UsageError
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.reviewed import ReviewSeen
from retrain.pipeline.site import Site
from retrain.review.judgement import reviewer_name
from retrain.review.plan import About
from retrain.review.tally import Tally
from retrain.store.events import Dismissed, Ended, Promoted, Reviewed, RolledBack, Trained
from retrain.store.ledger import Draft, LedgerEntry
from retrain.values import Value, canonical_json, short

Verdict = Literal["approve", "reject"]
LONGEST_NOTE = 2_000
PLAN, SAID = "plan.json", "said.jsonl"
"""What a stored review holds: which rows were shown on which side, and every word that was said."""


class Waiting(Value):
    """An evaluation that left a challenger neither promoted nor held."""

    evaluation: str
    challenger: str
    champion: str | None
    snapshot: str
    entry: int
    """The ledger entry that left it open."""

    @property
    def about(self) -> About:
        """What is compared."""
        return About(evaluation=self.evaluation, challenger=self.challenger, champion=self.champion)


class Kept(Value):
    """What people said so far, as it goes into the ledger with a verdict."""

    tally: Tally | None
    files: dict[str, bytes]
    """What the tally was made from."""


class VerdictGiven(Value):
    """What `retrain review --approve` and `--reject` answer."""

    model: str
    verdict: Verdict
    challenger: str
    reviewers: tuple[str, ...]
    missing: int
    """Reviewers that an approval still needs before the gate counts it."""
    entry: int


def waiting(site: Site) -> Waiting:
    """The evaluation that waits. Raises UsageError when none does."""
    for entry in site.ledger.backwards():
        event = entry.event
        if isinstance(event, Promoted | RolledBack | Dismissed):
            break
        if isinstance(event, Ended) and event.challenger is not None:
            if event.waits_for and event.outcome == "inconclusive" and event.evaluation and event.challenger:
                return _waiting(site, event.evaluation, entry.number)
            break
    raise UsageError(
        f"nothing of {site.model!r} waits for people: its newest run did not end inconclusive; "
        f"`retrain history {site.model}` shows what came of it"
    )


def _waiting(site: Site, evaluation: str, entry: int) -> Waiting:
    report = EvaluationReport.model_validate_json(site.evaluations.read(evaluation, "evaluation.json"))
    compared = report.comparison
    state = site.ledger.state()
    now = state.champion.version if state.champion else None
    if now != compared.champion_version:
        raise UsageError(
            f"the champion of {site.model!r} is {short(now or 'none')} now, the challenger was compared with "
            f'{short(compared.champion_version or "none")}; compare anew: retrain run {site.model} --reason "..."'
        )
    return Waiting(
        evaluation=evaluation,
        challenger=compared.challenger_version,
        champion=compared.champion_version,
        snapshot=report.snapshot,
        entry=entry,
    )


def review_seen(site: Site, challenger: str, champion: str | None) -> ReviewSeen | None:
    """The newest verdict of people about these two, and since when one is waited for; none before anybody was asked."""
    verdict, asked_at = said_before(site.ledger.backwards(), challenger, champion)
    if verdict is None and asked_at is None:
        return None
    waited = (site.clock() - asked_at) / timedelta(days=1) if asked_at else 0.0
    return ReviewSeen(waited_days=waited, **(as_seen(verdict) if verdict else {"verdict": None}))


def said_before(
    backwards: Iterable[LedgerEntry], challenger: str, champion: str | None
) -> tuple[LedgerEntry | None, datetime | None]:
    """The entry of the newest verdict about these two, and when the first evaluation left it open.

    Looks back to the challenger's training and no further: a verdict is about one version against one champion.
    """
    verdict: LedgerEntry | None = None
    asked_at = None
    for entry in backwards:
        match entry.event:
            case Reviewed() as said if (said.challenger, said.champion) == (challenger, champion):
                verdict = verdict or entry
            case Ended(outcome="inconclusive") as ended if ended.challenger == challenger:
                asked_at = entry.at
            case Trained(version=version) if version == challenger:
                break
    return verdict, asked_at


def as_seen(entry: LedgerEntry) -> dict[str, Any]:
    """What an evaluation says of a verdict: its number, and all that the entry says as well."""
    assert isinstance(entry.event, Reviewed)
    shared = set(ReviewSeen.model_fields) & set(Reviewed.model_fields)
    return {"entry": entry.number, **entry.event.model_dump(include=shared)}


def verdict_word(given: object) -> Verdict:
    """Raises UsageError for anything but approve and reject."""
    if given == "approve":
        return "approve"
    if given == "reject":
        return "reject"
    raise UsageError(f"the verdict is {given!r}; expected 'approve' or 'reject'")


def note_of(given: object) -> str:
    """Why, in a person's words. Raises UsageError."""
    note = given.strip() if isinstance(given, str) else ""
    if not note:
        raise UsageError("the reason is empty; say in a few words why, it stands in the ledger for good")
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"the reason has {len(note)} characters, {LONGEST_NOTE} at most; give a shorter one")
    return note


def conclude(site: Site, about: Waiting, kept: Kept, *, verdict: Verdict, by: tuple[str, str]) -> VerdictGiven:
    """Append a verdict, `by` a person and for a reason. Raises UsageError when the challenger no longer waits.

    It moves no champion: the gate reads it when it next decides about this challenger.
    """
    who, note = reviewer_name(by[0]), note_of(by[1])
    digest = site.reviews.put(
        {**kept.files, "review.json": canonical_json(kept.tally.model_dump(mode="json") if kept.tally else None)},
        {"evaluation": about.evaluation, "verdict": verdict, "by": who},
    )

    def draft(_newest: LedgerEntry | None) -> Draft:
        if waiting(site) != about:
            raise UsageError(
                f"{short(about.challenger)} of {site.model!r} no longer waits for people; nothing was said"
            )
        before, _ = said_before(site.ledger.backwards(), about.challenger, about.champion)
        names = looked(kept.tally, (verdict, who), before)
        event = reviewed(about.about, kept.tally, verdict, (names, note))
        evidence = {"review": digest, "evaluation": about.evaluation, "version": about.challenger}
        return Draft(event=event, reasons=(note,), actor=f"{who}, through {site.actor}", evidence=evidence)

    entry = site.ledger.append(draft)
    assert entry is not None, "the draft is never none"
    assert isinstance(entry.event, Reviewed)
    names = entry.event.reviewers
    missing = max(site.spec.promotion.review.min_reviewers - len(names), 0) if verdict == "approve" else 0
    return VerdictGiven(
        model=site.model,
        verdict=verdict,
        challenger=about.challenger,
        reviewers=names,
        missing=missing,
        entry=entry.number,
    )


def looked(seen: Tally | None, said: tuple[Verdict, str], before: LedgerEntry | None) -> tuple[str, ...]:
    """Who judged rows, who says so now, and who said the same before: two people may approve one after the other."""
    verdict, who = said
    event = before.event if before else None
    earlier = event.reviewers if isinstance(event, Reviewed) and event.verdict == verdict else ()
    names = {name.casefold(): name for name in (who, *(seen.reviewers if seen else ()), *earlier)}
    return tuple(names[key] for key in sorted(names))


def reviewed(about: About, seen: Tally | None, verdict: Verdict, said: tuple[tuple[str, ...], str]) -> Reviewed:
    """The event: who looked, why, and what the judgements come to."""
    reviewers, note = said
    event = Reviewed(
        **about._asdict(),
        verdict=verdict,
        reviewers=reviewers,
        note=note,
    )
    if seen is None or not seen.rows:
        return event
    counted = {
        "preferred_challenger": seen.challenger,
        "preferred_champion": seen.champion,
        "tied": seen.tied,
        "p_value": seen.p_value,
        "agreement": str(seen.agreement) if seen.agreement else None,
    }
    return event.model_copy(update=counted)
