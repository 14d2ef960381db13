"""Where are the rows of a review and what was said of them? Every word is an own key, created once."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from retrain.dataset import stored
from retrain.errors import AlreadyExists, NotInStore, UsageError
from retrain.pipeline.compared import compared_answers
from retrain.pipeline.reviewing import PLAN, SAID, Kept, Waiting, waiting
from retrain.pipeline.site import Site
from retrain.review.files import choices_in, written
from retrain.review.judgement import Choice, Opinion, Said, opinion, opinions, reviewer_name, seat
from retrain.review.plan import Candidate, Plan, Shown, planned, shown, why_fewer
from retrain.review.tally import Tally, tally_of
from retrain.values import Value

DIGITS = 8


class Imported(Value):
    """What `retrain review --import` answers."""

    model: str
    reviewer: str
    added: int
    already: int
    """Answers that this reviewer had given before."""
    left: int
    """Rows without an answer yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRoom:
    """One review under way: what is shown, and what each reviewer has said. Safe from many threads and processes."""

    site: Site
    about: Waiting
    plan: Plan
    rows: tuple[Shown, ...]
    fewer: str | None = None
    """Why there are fewer rows than the spec asks for; none where there are not."""
    _read: dict[str, Said] = field(default_factory=dict)
    """By key: what was said once never changes."""

    def opinion_of(self, reviewer: str) -> Opinion:
        """All that one reviewer has said so far."""
        return opinion(self._said(seat(reviewer)), reviewer)

    def opinions(self) -> tuple[Opinion, ...]:
        """Everybody's, by name."""
        return opinions(self._all_said())

    def judge(self, reviewer: str, row: str, choice: Choice | None) -> Opinion:
        """Keep one judgement, or take it back; it is in the store when this returns. Raises UsageError."""
        if row not in {one.id for one in self.rows}:
            raise UsageError(f"no row {row[:40]!r} in this review; load the page anew")
        return self._say(reviewer, lambda now: None if now.choices.get(row) == choice else (row, choice))

    def undo(self, reviewer: str) -> Opinion:
        """Take back what was judged last. Raises UsageError when there is nothing."""

        def last(now: Opinion) -> tuple[str, None]:
            if not now.choices:
                raise UsageError("nothing to undo: no row is judged yet")
            return next(reversed(now.choices)), None

        return self._say(reviewer, last)

    def finish(self, reviewer: str) -> Opinion:
        """Nothing more is said by this reviewer. Raises UsageError while rows are left."""

        def done(now: Opinion) -> tuple[None, None]:
            left = sum(row.id not in now.choices for row in self.rows)
            if left:
                raise UsageError(f"{left} of {len(self.rows)} rows are not judged yet; judge or skip them first")
            return None, None

        return self._say(reviewer, done)

    def tally(self) -> Tally:
        """What those who have finished say together."""
        return tally_of(self.plan, self._all_said())

    def kept(self) -> Kept:
        """Everything there is, for the verdict's entry. Only the finished count; all that was said is kept."""
        said = self._all_said()
        # Counted from the very words that are kept: somebody may finish while they are read.
        files = {PLAN: self.plan.canonical(), SAID: b"".join(one.canonical() + b"\n" for one in said)}
        return Kept(tally=tally_of(self.plan, said), files=files)

    def _say(self, reviewer: str, decide: Callable[[Opinion], tuple[str | None, Choice | None] | None]) -> Opinion:
        """Append what `decide` makes of all that was said before; whoever loses the race for a number decides again."""
        name = reviewer_name(reviewer)
        place = seat(name)
        while True:
            said = self._said(place)
            now = opinion(said, name)
            if now.finished:
                raise UsageError(f"{now.reviewer} has finished this review; nothing was changed")
            word = decide(now)
            if word is None:
                return now
            new = Said(reviewer=said[0].reviewer if said else name, at=self.site.clock(), row=word[0], choice=word[1])
            try:
                self.site.store.create(f"{self._prefix}seats/{place}/{len(said) + 1:0{DIGITS}}.json", new.canonical())
            except AlreadyExists:
                continue
            return opinion([*said, new], name)

    def _said(self, place: str) -> list[Said]:
        return [self._read_said(key) for key in sorted(self._keys(f"seats/{place}/"))]

    def _all_said(self) -> list[Said]:
        return [self._read_said(key) for key in sorted(self._keys("seats/"))]

    def _read_said(self, key: str) -> Said:
        if key not in self._read:
            self._read[key] = Said.model_validate_json(self.site.store.read(key))
        return self._read[key]

    def _keys(self, below: str) -> list[str]:
        return list(self.site.store.keys(self._prefix + below))

    @property
    def _prefix(self) -> str:
        return place_of(self.site, self.about.evaluation)


def open_review(site: Site, seed: str) -> ReviewRoom:
    """The review of what waits, as it was first opened; the seed counts only then. Raises UsageError."""
    about = waiting(site)
    candidates = _candidates(site, about)
    key = place_of(site, about.evaluation) + PLAN
    try:
        content = site.store.read(key)
    except NotInStore:
        plan = planned(about.about, candidates, site.spec.promotion.review.rows, seed)
        with suppress(AlreadyExists):
            site.store.create(key, plan.canonical())
        # Of two that open it at once, both go by the one that is kept.
        content = site.store.read(key)
    plan = Plan.model_validate_json(content)
    fewer = why_fewer(plan, candidates, site.spec.promotion.review.rows)
    return ReviewRoom(site=site, about=about, plan=plan, rows=shown(plan, candidates), fewer=fewer)


def said_so_far(site: Site) -> Kept:
    """What was said of what waits; nothing where nobody has opened it yet. Raises UsageError when nothing waits."""
    opened = next(site.store.keys(place_of(site, waiting(site).evaluation) + PLAN), None)
    return open_review(site, "").kept() if opened else Kept(tally=None, files={})


def export_review(room: ReviewRoom, file: Path) -> int:
    """Write the blinded rows to a new file; their number."""
    content = written(room.plan, room.rows, file)
    try:
        with file.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise UsageError(f"{file} is there already, perhaps with answers in it; name a new file") from None
    return len(room.rows)


def import_review(room: ReviewRoom, file: Path, reviewer: str) -> Imported:
    """Take a file's answers as this reviewer's, all or none. The same file again adds nothing. Raises UsageError."""
    name = reviewer_name(reviewer)
    given = choices_in(room.plan, room.rows, file)
    before = room.opinion_of(name)
    if before.finished and any(before.choices.get(row) != choice for row, choice in given.items()):
        raise UsageError(f"{before.reviewer} has finished this review; nothing was changed")
    if changed := sorted(row for row, choice in given.items() if before.choices.get(row, choice) != choice):
        raise UsageError(
            f"{file}: {before.reviewer} has judged row {changed[0]!r} otherwise already ({len(changed)} such rows); "
            f"nothing was taken. Take it out of the file, or undo it on the page"
        )
    fresh = {row: choice for row, choice in given.items() if row not in before.choices}
    for row, choice in fresh.items():
        room.judge(name, row, choice)
    now = room.opinion_of(name)
    left = sum(row.id not in now.choices for row in room.rows)
    if not left and not now.finished:
        room.finish(name)
    return Imported(model=room.site.model, reviewer=name, added=len(fresh), already=len(given) - len(fresh), left=left)


def place_of(site: Site, evaluation: str) -> str:
    """Below which the plan and the words of a review are kept, as they came."""
    return f"models/{site.model}/judgements/{evaluation}/"


def _candidates(site: Site, about: Waiting) -> list[Candidate]:
    """The held-out rows with what both models answered when they were compared."""
    snapshot = stored.get(site.snapshots, about.snapshot)
    new, old = compared_answers(site, about.evaluation, (about.challenger, about.champion), snapshot)
    each = zip(snapshot.heldout, old.predictions, new.predictions, strict=True)
    return [Candidate(row.text, was.label, now.label) for row, was, now in each]
