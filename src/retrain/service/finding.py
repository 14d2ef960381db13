"""What did one examination of the doctor find, and what should be done about it?"""

from typing import Literal

from retrain.values import Value

Verdict = Literal["ok", "warning", "broken"]

WRONG_WORDS = 2
BROKEN_WORLD = 3
UNSAFE = 4


class Finding(Value):
    """One line of the doctor's table."""

    name: str
    verdict: Verdict
    found: str
    next_step: str | None = None
    """What to do; none where all is well."""
    exit_status: int = 0
    """0 for ok and warning; else 2, 3 or 4, as in the tree of exceptions."""


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name=name, verdict="ok", found=found)


def warning(name: str, found: str, next_step: str) -> Finding:
    """It works, and somebody should know."""
    return Finding(name=name, verdict="warning", found=found, next_step=next_step)


def broken(name: str, found: str, next_step: str, *, exit_status: int = BROKEN_WORLD) -> Finding:
    """It does not work, or cannot be trusted."""
    return Finding(name=name, verdict="broken", found=found, next_step=next_step, exit_status=exit_status)
