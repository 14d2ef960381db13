"""Which challenger waits for people, what have they said of it, and how does their verdict get into the ledger?"""

from datetime import timedelta

from retrain.errors import UsageError
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.reviewed import ReviewSeen
from retrain.pipeline.site import Site
from retrain.pipeline.situation import dead_claim
from retrain.pipeline.verdicts import Verdict, Word, as_seen, counted, said_before
from retrain.review.judgement import reviewer_name
from retrain.review.plan import About
from retrain.review.tally import Tally
from retrain.store.events import Dismissed, Ended, Event, Promoted, Reviewed, RolledBack
from retrain.store.ledger import Draft, LedgerEntry
from retrain.values import Value, canonical_json, short

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
    """Who has given this verdict, one after the other."""
    judges: dict[str, int]
    """Who judged rows, and how many; nobody approves or rejects by judging."""
    missing: int
    """People who must approve yet before the gate counts it."""
    entry: int
    already: bool = False
    """This person had said so, of the same judgements: nothing was written, `entry` is the one that says it."""


def waiting(site: Site) -> Waiting:
    """The evaluation that waits. Raises UsageError when none does."""
    newest: Event | None = None
    for entry in site.ledger.backwards():
        event = entry.event
        if isinstance(event, Promoted | RolledBack | Dismissed):
            newest = event
            break
        if isinstance(event, Ended) and event.challenger is not None:
            if event.waits_for and event.outcome == "inconclusive" and event.evaluation and event.challenger:
                return _waiting(site, event.evaluation, entry.number)
            newest = event
            break
    raise UsageError(f"nothing of {site.model!r} waits for people: {_why_nothing(site, newest)}")


def _why_nothing(site: Site, newest: Event | None) -> str:
    """Why there is nothing to review, and what to do; `newest` ended the last challenger's waiting or run."""
    state = site.ledger.state()
    if state.claim is not None and (died := dead_claim(state, site.clock())) is None:
        return (
            f"run {short(state.claim.id)} is still at work, since {state.claim.at:%Y-%m-%d %H:%M} UTC; "
            f"`retrain status {site.model}` says when it has ended and whether people are asked"
        )
    if state.claim is not None:
        again = f'`retrain run {site.model} --reason "..."` goes on with its work'
        return f"run {short(state.claim.id)} was interrupted before it ended ({died}); {again}"
    if newest is None:
        return f'no run has compared a challenger yet; `retrain run {site.model} --reason "..."` begins one'
    return f"{_how_it_ended(newest)}; `retrain history {site.model}` shows what came of it"


def _how_it_ended(newest: Event) -> str:
    match newest:
        case Ended(outcome="inconclusive"):
            return "its newest run ended inconclusive about what people cannot settle"
        case Ended(outcome=outcome):
            return f"its newest run ended {outcome}, not inconclusive"
        case Dismissed():
            return "the challenger that waited was dismissed"
    return "its champion was changed, and no run has ended inconclusive since"


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
    before = said_before(site.ledger.backwards(), challenger, champion)
    if before.newest is None and before.asked_at is None:
        return None
    waited = (site.clock() - before.asked_at) / timedelta(days=1) if before.asked_at else 0.0
    return ReviewSeen(waited_days=waited, **(as_seen(before.newest) if before.newest else {"verdict": None}))


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

    It moves no champion: the gate reads it when it next decides about this challenger. Who says again what stands
    already, of the same judgements, is answered with the entry that says it.
    """
    word = Word(verdict, reviewer_name(by[0]), note_of(by[1]))
    digest = site.reviews.put(
        {**kept.files, "review.json": canonical_json(kept.tally.model_dump(mode="json") if kept.tally else None)},
        {"evaluation": about.evaluation, "verdict": verdict, "by": word.by},
    )
    stands: list[LedgerEntry] = []

    def draft(_newest: LedgerEntry | None) -> Draft | None:
        if waiting(site) != about:
            raise UsageError(
                f"{short(about.challenger)} of {site.model!r} no longer waits for people; nothing was said"
            )
        before = said_before(site.ledger.backwards(), about.challenger, about.champion)
        event = counted(about.about, kept.tally, word, before)
        stands[:] = [before.newest] if before.newest and _says_the_same(before.newest, event) else []
        if stands:
            return None
        evidence = {"review": digest, "evaluation": about.evaluation, "version": about.challenger}
        return Draft(event=event, reasons=(word.note,), actor=f"{word.by}, through {site.actor}", evidence=evidence)

    written = site.ledger.append(draft)
    entry = written or stands[0]
    assert isinstance(entry.event, Reviewed)
    return _given(site, entry.number, entry.event, already=written is None)


def _given(site: Site, number: int, event: Reviewed, *, already: bool) -> VerdictGiven:
    needed = site.spec.promotion.review.min_reviewers if event.verdict == "approve" else 0
    return VerdictGiven(
        model=site.model,
        verdict=event.verdict,
        challenger=event.challenger,
        reviewers=event.reviewers,
        judges=event.judges or {},
        missing=max(needed - len(event.reviewers), 0),
        entry=number,
        already=already,
    )


def _says_the_same(entry: LedgerEntry, event: Reviewed) -> bool:
    """Whether an entry says all this already; another reason for it is none to write it again."""
    assert isinstance(entry.event, Reviewed)
    return entry.event.model_copy(update={"note": event.note}) == event
