"""Do the reviewers see the same things? Cohen's kappa of two, Krippendorff's alpha of more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from retrain.values import Value

Ratings = Mapping[str, str]
"""Unit to category, of one person; units that this person did not rate are missing."""


class Agreement(Value):
    """Agreement beyond chance: 1 is perfect, 0 is what chance gives."""

    method: Literal["cohen", "krippendorff"]
    value: float | None
    """None where it is not defined: nothing was rated twice, or only one category was ever used."""
    units: int
    """Rated by two people or more."""

    def __str__(self) -> str:
        name = "Cohen's kappa" if self.method == "cohen" else "Krippendorff's alpha"
        found = "not defined" if self.value is None else f"{self.value:.2f}"
        return f"{name} {found} on {self.units} rows"


def agreement(people: Sequence[Ratings]) -> Agreement | None:
    """None for one person alone."""
    if len(people) < 2:
        return None
    units = sum(count > 1 for count in Counter(unit for ratings in people for unit in ratings).values())
    if len(people) == 2:
        return Agreement(method="cohen", value=cohen_kappa(*people), units=units)
    return Agreement(method="krippendorff", value=krippendorff_alpha(people), units=units)


def cohen_kappa(one: Ratings, other: Ratings) -> float | None:
    """Cohen (1960), over the units that both rated."""
    both = [unit for unit in one if unit in other]
    if not both:
        return None
    seen = sum(one[unit] == other[unit] for unit in both) / len(both)
    mine, theirs = Counter(one[unit] for unit in both), Counter(other[unit] for unit in both)
    by_chance = sum(mine[category] * theirs[category] for category in mine) / len(both) ** 2
    return None if by_chance == 1.0 else (seen - by_chance) / (1.0 - by_chance)


def krippendorff_alpha(people: Sequence[Ratings]) -> float | None:
    """Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", for nominal data with gaps."""
    units: dict[str, Counter[str]] = {}
    for ratings in people:
        for unit, category in ratings.items():
            units.setdefault(unit, Counter())[category] += 1
    pairable = [counts for counts in units.values() if counts.total() > 1]
    totals = sum(pairable, Counter[str]())
    values = totals.total()
    expected = values * values - sum(count * count for count in totals.values())
    if expected == 0:
        return None
    apart = sum(_unlike_pairs(counts) / (counts.total() - 1) for counts in pairable)
    return 1.0 - (values - 1) * apart / expected


def _unlike_pairs(counts: Counter[str]) -> int:
    """Ordered pairs of ratings of one unit that differ."""
    return int(counts.total() ** 2 - sum(count * count for count in counts.values()))
