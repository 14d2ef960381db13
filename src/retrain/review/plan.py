"""Which held-out rows are people shown, and which model's answer stands on which side?"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from retrain.values import Value, digest_of

DISAGREEING = 0.8
"""Share of the rows kept for those where the models differ. Only these can show a preference; the others say how good
both are, and keep a reviewer from learning that there is always a difference."""


class Candidate(NamedTuple):
    """A held-out row and what each model answered."""

    text: str
    champion: str
    challenger: str


class Placed(Value):
    """One row that people judge: where it is held out, and which side is the challenger's."""

    id: str
    """Says nothing: neither the place nor the side can be told from it without the seed."""
    place: int
    """Among the held-out rows of the snapshot."""
    challenger_left: bool
    differ: bool


class Plan(Value):
    """What one review shows, fixed when it is first opened. Whoever can read it is no longer blinded."""

    evaluation: str
    challenger: str
    champion: str | None
    seed: str
    """Random, and nowhere but here: from the evaluation's digest alone, a reviewer could have worked out the sides."""
    rows: tuple[Placed, ...]

    @property
    def name(self) -> str:
        """What a file for people calls this review; it gives nothing away."""
        return digest_of(f"review {self.seed} {self.evaluation}".encode())[:16]


class Shown(Value):
    """One row as a reviewer sees it."""

    id: str
    text: str
    left: str
    right: str


class About(NamedTuple):
    """What is compared."""

    evaluation: str
    challenger: str
    champion: str | None


def planned(about: About, candidates: Sequence[Candidate], rows: int, seed: str) -> Plan:
    """Choose at most `rows`, where the models differ first, then a random share; and shuffle the sides.

    The challenger is on the left in half of the rows (of an odd number, in one more or one fewer by chance), whatever
    they say: the sides depend on the seed and on the number of rows alone.
    """
    places = chosen([row.champion != row.challenger for row in candidates], rows, seed)
    sides = _sides(len(places), seed)
    return Plan(
        **about._asdict(),
        seed=seed,
        rows=tuple(
            Placed(
                id=_id(seed, place),
                place=place,
                challenger_left=left,
                differ=candidates[place].champion != candidates[place].challenger,
            )
            for place, left in zip(places, sides, strict=True)
        ),
    )


def as_drawn(plan: Plan) -> bool:
    """Whether rows and sides are named as the seed has it: who turns a side turns what was said of it."""
    sides = [row.challenger_left for row in plan.rows] == _sides(len(plan.rows), plan.seed)
    return sides and all(row.id == _id(plan.seed, row.place) for row in plan.rows)


def _id(seed: str, place: int) -> str:
    return digest_of(f"row {seed} {place}".encode())[:12]


def chosen(differ: Sequence[bool], rows: int, seed: str) -> tuple[int, ...]:
    """Places in the order in which they are shown: disagreements, then a random share of all that is left."""
    lots = Random(f"rows {seed}")
    apart = [place for place, differs in enumerate(differ) if differs]
    first = lots.sample(apart, min(len(apart), round(rows * DISAGREEING)))
    taken = set(first)
    rest = [place for place in range(len(differ)) if place not in taken]
    share = rows - round(rows * DISAGREEING)
    return (*first, *lots.sample(rest, min(len(rest), share)))


def why_fewer(plan: Plan, candidates: Sequence[Candidate], asked: int) -> str | None:
    """Why a review shows fewer rows than were asked for; none where it does not."""
    if len(plan.rows) >= asked:
        return None
    differ = [row.champion != row.challenger for row in candidates]
    few = f"{len(plan.rows)} rows, {asked} asked for (promotion.review.rows)"
    if len(chosen(differ, asked, plan.seed)) != len(plan.rows):
        return f"{few}: the review was first opened when another number was asked for, and stays as it was"
    apart, share = sum(differ), asked - round(asked * DISAGREEING)
    return (
        f"{few}: the models answer {apart or 'none'} of {len(differ)} held-out rows differently, and at most {share} "
        f"that do not differ are shown, since they show no preference"
    )


def _sides(count: int, seed: str) -> list[bool]:
    lots = Random(f"sides {seed}")
    halves = [True] * (count // 2) + [False] * (count // 2) + [lots.random() < 0.5] * (count % 2)
    lots.shuffle(halves)
    return halves


def shown(plan: Plan, candidates: Sequence[Candidate]) -> tuple[Shown, ...]:
    """The rows of a plan without what would tell the models apart."""
    return tuple(_shown(row, candidates[row.place]) for row in plan.rows)


def _shown(row: Placed, answers: Candidate) -> Shown:
    left, right = answers.challenger, answers.champion
    if not row.challenger_left:
        left, right = right, left
    return Shown(id=row.id, text=answers.text, left=left, right=right)
