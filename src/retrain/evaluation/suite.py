"""Which answers must never get lost, whatever else improves? A suite of cases that people write, many from incidents.

Three kinds, as in CheckList (Ribeiro et al. 2020): a minimum of function (this text gets this label), an invariance
(these texts get the same answer) and a direction (this text is not less of a label than that one).
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from retrain.evaluation.regressions import CaseSeen, SuiteSeen
from retrain.training.prediction import Prediction
from retrain.values import Policy

Said = Mapping[str, Prediction]
"""Text to a model's answer."""
NOISE = 1e-4
"""Differences of a probability that the same text shows beside other texts, by rounding."""


class _Case(Policy):
    id: str = Field(pattern=r"^[\w][\w.:-]{0,79}$")
    """Names the case in reasons and pages; letters, digits, `-`, `_`, `.`, `:`."""
    must: bool = False
    """Whether no challenger that fails it is promoted, even where the champion fails it too."""
    why: str = Field(min_length=1)
    """Why it is here: the incident, or the promise to users."""
    since: date | None = None
    """When it was added."""


class Minimum(_Case):
    """This text gets this label, or one of these."""

    kind: Literal["minimum"]
    text: str = Field(min_length=1)
    label: tuple[str, ...] = Field(min_length=1)

    @field_validator("label", mode="before")
    @classmethod
    def _one_or_more(cls, label: Any) -> Any:
        return (label,) if isinstance(label, str) else label

    @property
    def texts(self) -> tuple[str, ...]:
        """What has to be answered."""
        return (self.text,)

    def judge(self, said: Said) -> tuple[bool, str]:
        """Whether the answers hold, and what they were."""
        found = said[self.text]
        expected = " or ".join(map(repr, self.label))
        return found.label in self.label, f"answered {_told(found)}, expected {expected}"


class Invariance(_Case):
    """These texts get the same answer, whichever that is."""

    kind: Literal["invariance"]
    texts: tuple[str, ...] = Field(min_length=2)

    def judge(self, said: Said) -> tuple[bool, str]:
        """Whether the answers hold, and what they were."""
        labels = list(dict.fromkeys(said[text].label for text in self.texts))
        return len(labels) == 1, f"answered {', '.join(map(repr, labels))} to {len(self.texts)} texts, expected one"


class Direction(_Case):
    """`text` has no lower probability of the label than the text it is compared with."""

    kind: Literal["direction"]
    text: str = Field(min_length=1)
    than: str = Field(min_length=1)
    label: str = Field(min_length=1)

    @property
    def texts(self) -> tuple[str, ...]:
        """What has to be answered."""
        return self.than, self.text

    def judge(self, said: Said) -> tuple[bool, str]:
        """Whether the answers hold, and what they were."""
        known = [(said[text].scores or {}).get(self.label) for text in self.texts]
        before, after = known
        if before is None or after is None:
            return False, f"does not know the label {self.label!r}"
        return after >= before - NOISE, f"{self.label!r} went from {before:.3f} to {after:.3f}, expected no less"


def _both(one: tuple[frozenset[str], str], other: tuple[frozenset[str], str], where: str) -> frozenset[str]:
    """The labels that two cases allow; raises ValueError where there is none."""
    if found := one[0] & other[0]:
        return found
    asked = " and ".join(f"{case!r} asks for {' or '.join(sorted(map(repr, labels)))}" for labels, case in (one, other))
    raise ValueError(f"no model can pass both of two cases: {asked}, at {where}; correct the one that is wrong")


Case = Annotated[Minimum | Invariance | Direction, Field(discriminator="kind")]


class Suite(Policy):
    """The content of a suite file."""

    cases: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        ids = [case.id for case in self.cases]
        if twice := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"ids {twice} stand twice; each case needs an id of its own")
        return self

    @model_validator(mode="after")
    def _can_be_passed(self) -> Self:
        # Otherwise every challenger that mends the one case loses the other, and nothing is promoted ever after.
        allowed: dict[str, tuple[frozenset[str], str]] = {}
        for case in self.cases:
            if isinstance(case, Minimum):
                one = frozenset(case.label), case.id
                before = allowed.setdefault(case.text, one)
                allowed[case.text] = _both(before, one, f"{case.text[:60]!r}"), before[1]
        for case in self.cases:
            known = [allowed[text] for text in case.texts if isinstance(case, Invariance) and text in allowed]
            for place, one in enumerate(known[1:]):
                known[place + 1] = _both(known[place], one, f"texts that get one answer by case {case.id!r}"), one[1]
        return self

    @property
    def texts(self) -> list[str]:
        """Every text that has to be answered, once."""
        return list(dict.fromkeys(text for case in self.cases for text in case.texts))

    @property
    def watched(self) -> dict[str, tuple[str, ...]]:
        """Text to the labels whose probability is asked for, beside that of the answer."""
        wanted: dict[str, set[str]] = {}
        for case in self.cases:
            if isinstance(case, Direction):
                for text in case.texts:
                    wanted.setdefault(text, set()).add(case.label)
        return {text: tuple(sorted(labels)) for text, labels in wanted.items()}


def suite_seen(suite: Suite, digest: str, challenger: Said, champion: Said | None) -> SuiteSeen:
    """How both models did on every case."""
    seen = []
    for case in suite.cases:
        holds, found = case.judge(challenger)
        seen.append(
            CaseSeen(
                id=case.id,
                kind=case.kind,
                must=case.must,
                why=case.why,
                challenger=holds,
                champion=None if champion is None else case.judge(champion)[0],
                found=found,
            )
        )
    return SuiteSeen(digest=digest, cases=tuple(seen))


def _told(found: Prediction) -> str:
    return f"{found.label!r} ({found.confidence:.2f})"
