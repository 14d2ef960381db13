"""What does the gate say? A verdict, and the reasons of every rule, passed or not."""

from typing import Literal

from retrain.values import Value

ASKS_REVIEW = "; policy for that: review, a person is asked to look before this challenger may be promoted"
"""How the reason of a rule ends that could not say, where the policy wants people to look then."""


class Check(Value):
    """One rule's answer. `unknown` is a state of its own: too little evidence is neither pass nor fail."""

    rule: str
    verdict: Literal["pass", "fail", "unknown"]
    reason: str


class PromotionDecision(Value):
    """Promote, hold or inconclusive, about exactly this challenger against exactly this champion."""

    verdict: Literal["promote", "hold", "inconclusive"]
    champion: str | None
    challenger: str
    checks: tuple[Check, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every rule's reason, in order."""
        return tuple(f"{check.rule}: {check.reason}" for check in self.checks)
