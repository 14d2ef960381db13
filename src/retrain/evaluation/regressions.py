"""Which cases of the suite does each model pass, and what has it forgotten?"""

from typing import Literal

from retrain.values import Value


class CaseSeen(Value):
    """One case of the suite, answered by both models."""

    id: str
    kind: Literal["minimum", "invariance", "direction"]
    must: bool
    why: str
    challenger: bool
    """Whether it passes."""
    champion: bool | None
    """None: there is no champion."""
    found: str
    """What the challenger answered, and what was expected."""


class SuiteSeen(Value):
    """The suite as it was run."""

    digest: str
    """Of the suite file, which is kept beside the evaluation."""
    cases: tuple[CaseSeen, ...]
