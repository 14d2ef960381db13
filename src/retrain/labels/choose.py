"""Which rows are worth a label? Those that drifted, then those the model is unsure of, and a share by lot.

Each row belongs to one stratum, which depends on the rows alone and not on the lot. Within it rows are drawn by lot,
each with the same known probability; so labels of the chosen rows speak for all rows (Horvitz and Thompson 1952).
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Literal

from pydantic import Field

from retrain.labels.policy import LabelsPolicy
from retrain.values import Value

Why = Literal["drifted", "uncertain", "random"]


class Candidate(Value):
    """A row without a label, standing for all rows alike to it."""

    id: str
    segment: str | None = None
    """The drifted segment it belongs to."""
    unsure: float | None = None
    """How unsure the model was: higher is more; none where that is not known."""
    stands_for: int = Field(default=1, ge=1)
    """Rows alike, itself included."""


class Stratum(Value):
    """Rows that have the same chance to be chosen, and how many of them were."""

    why: Why
    segment: str | None
    rows: int
    """Candidates in it."""
    stands_for: int
    """Production rows that these stand for."""
    chosen: tuple[str, ...]
    """Ids, in the order of the lot."""

    @property
    def probability(self) -> float:
        """Of each candidate in it to be chosen."""
        return len(self.chosen) / self.rows


def choose(candidates: Sequence[Candidate], budget: int, policy: LabelsPolicy, *, lot: str = "") -> tuple[Stratum, ...]:
    """Divide the candidates and draw from each part: at most `budget` rows, all of them where there are no more.

    No row is without a chance, since at least one of the budget is for the rows that nothing speaks for. `lot` names
    the draw.
    """
    drawn = sorted(candidates, key=lambda one: (_lot(lot, one.id), one.id))
    for_random = min(budget, max(1, round(budget * policy.random_share)))
    for_drifted = min(budget - for_random, round(budget * policy.drifted_share))
    segments = _segments(drawn, for_drifted)
    named = {one.id for rows in segments.values() for one in rows}
    others = [one for one in drawn if one.id not in named]
    drifted = min(for_drifted, len(named))
    doubtful = sorted((one for one in others if one.unsure is not None), key=_least_sure_first)
    # The rows the model is least sure of are all taken, so their probability is 1, whatever the lot.
    uncertain = doubtful[: budget - for_random - drifted]
    taken = {one.id for one in uncertain}
    rest = [one for one in others if one.id not in taken]
    by_lot = min(len(rest), budget - drifted - len(uncertain))
    spare = budget - len(uncertain) - by_lot
    quotas = _shared_out({name: len(rows) for name, rows in segments.items()}, spare)
    strata = [_stratum("drifted", name, rows, quotas[name]) for name, rows in segments.items()]
    strata += [_stratum("uncertain", None, uncertain, len(uncertain)), _stratum("random", None, rest, by_lot)]
    return tuple(stratum for stratum in strata if stratum.chosen)


def _segments(drawn: Sequence[Candidate], quota: int) -> dict[str, list[Candidate]]:
    """The largest segments by name, at most one for each row that may be spent on them."""
    found: dict[str, list[Candidate]] = {}
    for one in drawn:
        if one.segment is not None:
            found.setdefault(one.segment, []).append(one)
    largest = sorted(found, key=lambda name: (-len(found[name]), name))[:quota]
    return {name: found[name] for name in sorted(largest)}


def _shared_out(sizes: Mapping[str, int], quota: int) -> dict[str, int]:
    """Evenly, so that a small segment is learned too; what one has no rows for goes to the others."""
    given = dict.fromkeys(sizes, 0)
    open_to = list(sizes)
    left = min(quota, sum(sizes.values()))
    while left:
        each, more = divmod(left, len(open_to))
        for place, name in enumerate(open_to):
            share = min(sizes[name] - given[name], each + (place < more))
            given[name] += share
            left -= share
        open_to = [name for name in open_to if given[name] < sizes[name]]
    return given


def _stratum(why: Why, segment: str | None, rows: Sequence[Candidate], quota: int) -> Stratum:
    chosen = tuple(one.id for one in rows[:quota])
    stands_for = sum(one.stands_for for one in rows)
    return Stratum(why=why, segment=segment, rows=len(rows), stands_for=stands_for, chosen=chosen)


def _least_sure_first(one: Candidate) -> float:
    assert one.unsure is not None
    return -one.unsure


def _lot(name: str, row: str) -> bytes:
    return blake2b(f"lot\0{name}\0{row}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
