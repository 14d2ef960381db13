"""What did the repair of a model's places find, and what was done about it?"""

from typing import Literal

from retrain.values import Value

What = Literal["ledger", "claim", "champion", "predecessor", "cache", "work folder", "half-written bundle"]


class Repair(Value):
    """Something that is not as it should be."""

    model: str
    what: What
    found: str
    action: str
    """What mends it: what was done, would be done, or has to be done by a person."""
    done: bool
    possible: bool = True
    """Whether this program can do it."""
    exit_status: int = 0
    """While it is not done: 4 where something wrong could be served, else 0."""
