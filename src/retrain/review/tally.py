"""What do the judgements come to? Which model people prefer, whether that is more than chance, how far they agree."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from retrain.evaluation.paired import mcnemar
from retrain.review.agreement import Agreement, agreement
from retrain.review.judgement import Choice, Opinion, Said, opinions
from retrain.review.plan import Plan
from retrain.values import Value

Vote = Literal["challenger", "champion", "both", "neither"]


class Tally(Value):
    """The judgements with the sides turned back into models; a row counts once, however many judged it."""

    rows: int
    """Judged by somebody; a row that everybody skipped does not count."""
    challenger: int
    """Rows on which more people prefer the challenger than the champion."""
    champion: int
    tied: int
    """As many for one as for the other: both, neither, or people who differ."""
    p_value: float
    """Exact sign test, two-sided, over the rows that are not tied."""
    agreement: Agreement | None
    reviewers: tuple[str, ...]
    judged: dict[str, int] = Field(default_factory=dict)
    """Reviewer to rows, those skipped left out; nobody who skipped all."""

    def suggestion(self, alpha: float) -> Literal["approve", "reject"] | None:
        """What the preferences speak for beyond chance; None where they do not."""
        if self.p_value > alpha:
            return None
        return "approve" if self.challenger > self.champion else "reject"


def tally(plan: Plan, opinions: Sequence[Opinion]) -> Tally:
    """Count what these people said."""
    heard = [opinion for opinion in opinions if opinion.choices]
    ballots = [votes(plan, opinion) for opinion in heard]
    leaning: list[int] = []
    for row in plan.rows:
        cast = Counter(ballot[row.id] for ballot in ballots if row.id in ballot)
        if cast:
            leaning.append(cast["challenger"] - cast["champion"])
    won, lost = sum(lean > 0 for lean in leaning), sum(lean < 0 for lean in leaning)
    return Tally(
        rows=len(leaning),
        challenger=won,
        champion=lost,
        tied=len(leaning) - won - lost,
        p_value=mcnemar(won, lost),
        agreement=agreement(ballots),
        reviewers=tuple(opinion.reviewer for opinion in heard),
        judged={one.reviewer: len(ballot) for one, ballot in zip(heard, ballots, strict=True) if ballot},
    )


def tally_of(plan: Plan, said: Iterable[Said]) -> Tally:
    """What those who have finished say together, of all that was said."""
    return tally(plan, [one for one in opinions(said) if one.finished])


def votes(plan: Plan, opinion: Opinion) -> dict[str, Vote]:
    """Row to what one person prefers there; skipped rows are left out."""
    found: dict[str, Vote] = {}
    for row in plan.rows:
        choice = opinion.choices.get(row.id)
        if choice is not None and choice != "skip":
            found[row.id] = _vote(choice, challenger_left=row.challenger_left)
    return found


def _vote(choice: Choice, *, challenger_left: bool) -> Vote:
    match choice:
        case "left":
            return "challenger" if challenger_left else "champion"
        case "right":
            return "champion" if challenger_left else "challenger"
        case "neither":
            return "neither"
    return "both"
