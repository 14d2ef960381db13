"""Which words are exchanged in held-out texts, on how many of them, and what is the neutral control?"""

from functools import cache
from importlib import resources
from typing import Literal, Self

import yaml
from pydantic import Field, field_validator, model_validator

from retrain.values import Policy

TERM, TEXT = "{term}", "{text}"


class SwapList(Policy):
    """One kind of words that ought not to matter, such as first names: groups of them, aligned by their order."""

    groups: dict[str, tuple[str, ...]] = Field(min_length=2)
    """Group to its words. All groups have as many; the first group is the one that the others are set against."""
    control: Literal["neighbour", "neutral"] = "neutral"
    """What the neutral control of a text that holds such words is. `neighbour`: the next word of the same group, in
    pairs. `neutral`: the prefix `evaluation.swaps.neutral`, where a group has no two words that mean the same."""
    carrier: str | None = None
    """What a text that holds no such word is set into, with {term} and {text}. None: such a text is left out."""
    control_carrier: str | None = None
    """The neutral control of a carried text, where `control` is `neutral`: the carrier in other words."""
    unless: tuple[str, ...] = ()
    """A text that holds one of these is not changed in place: the exchange would break its grammar."""
    carried_only: tuple[str, ...] = ()
    """Groups whose words are only ever carried, never put into a sentence that was written for others."""

    @field_validator("groups")
    @classmethod
    def _aligned(cls, groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        lengths = {name: len(words) for name, words in groups.items()}
        if len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise ValueError(f"groups have {lengths} words; expected as many in each: they are exchanged in order")
        lowered = [word.lower() for words in groups.values() for word in words]
        twice = sorted({word for word in lowered if lowered.count(word) > 1})
        if twice:
            raise ValueError(f"{twice} stand twice; expected each word once, so that a swap can be undone")
        if bad := [word for words in groups.values() for word in words if word != " ".join(word.split()) or not word]:
            raise ValueError(f"{bad} are empty or hold spaces that no text has; expected words with single spaces")
        return groups

    @model_validator(mode="after")
    def _whole(self) -> Self:
        words = len(next(iter(self.groups.values())))
        if self.control == "neighbour" and words % 2:
            raise ValueError(f"groups have {words} words; expected an even number, as neighbours are paired")
        for carrier in filter(None, (self.carrier, self.control_carrier)):
            if carrier.count(TERM) != 1 or not carrier.endswith(TEXT) or carrier.count(TEXT) != 1:
                raise ValueError(f"carrier is {carrier!r}; expected {TERM} once, and {TEXT} once, at its end")
        if self.control == "neutral" and bool(self.carrier) != bool(self.control_carrier):
            raise ValueError("one of carrier and control_carrier is set; with control neutral, set both or none")
        if unknown := set(self.carried_only) - set(self.groups):
            raise ValueError(f"carried_only names {sorted(unknown)}; known groups are {sorted(self.groups)}")
        return self


class SwapPolicy(Policy):
    """How answers to texts with exchanged names, pronouns and spellings are measured."""

    rows: int = Field(default=100, ge=0, le=10_000)
    """Held-out texts that each kind is tried on, at most; 0 turns swaps off. 100: some 20 seconds a
    model for MiniLM on one core, and a share of changed answers 10 points over the control is seen."""
    neutral: str = "Hello. "
    """The prefix that must not matter: the control of kinds without one of their own. Short, and no word of any
    group."""
    lists: dict[str, SwapList] | None = None
    """Kind to its words, in place of the project's own (names by gender and by origin, he, she and they, British and
    American spellings, informal spellings; all English). None: those."""

    @property
    def kinds(self) -> dict[str, SwapList]:
        """The lists in force."""
        return dict(default_lists()) if self.lists is None else self.lists


@cache
def default_lists() -> dict[str, SwapList]:
    """The project's own lists."""
    text = resources.files("retrain.evaluation").joinpath("swap-lists.yaml").read_text("utf-8")
    return {name: SwapList.model_validate(content) for name, content in yaml.safe_load(text).items()}
