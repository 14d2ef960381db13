"""What is a champion's probation: how long, measured by what, and how does it stand?"""

import hashlib
from datetime import datetime
from typing import Literal, get_args

from pydantic import AwareDatetime, Field

from retrain.values import Value

ProbationState = Literal["running", "confirmed", "not_enough_labels", "breach"]
PROBATION_STATES: tuple[ProbationState, ...] = get_args(ProbationState)


class Terms(Value):
    """What a promotion was made under. Kept in the ledger: a spec changed meanwhile changes no probation that runs."""

    days: float = Field(gt=0)
    min_labels: int
    margin: float
    confidence: float
    look_labels: int
    max_rows: int
    canary_share: float = 1.0
    """Share of the keys that get the new champion while it is on probation; servers read it here, without a spec."""
    promised: float | None = None
    """Gain in accuracy over the predecessor that the evaluation saw, and its interval."""
    promised_low: float | None = None
    promised_high: float | None = None


def in_canary(key: str, version: str, share: float) -> bool:
    """Whether a key gets the new version. By a hash salted with the version: the same key gets the same answer in every
    process and after every restart, whoever is in at a small share is in at a larger one, and another version tries
    other keys first."""
    seen = hashlib.sha256(f"{version}\0{key}".encode("utf-8", errors="surrogatepass")).digest()
    return int.from_bytes(seen[:8], "big") < share * 2**64


class Tally(Value):
    """Champion and predecessor on the same labelled rows of production, since the promotion."""

    rows: int = Field(ge=0)
    won: int = Field(ge=0)
    """Rows that only the champion got right."""
    lost: int = Field(ge=0)
    """Rows that only the predecessor got right."""
    labels: int = Field(ge=0)
    """Labels that had come by then: without further ones nothing is looked at again."""
    low: float
    """Bounds of the difference in accuracy that hold at all looks together."""
    high: float
    worse: float
    """Chance alone makes the champion look so much worse once in so many probations, however often one looks."""
    answers: str | None = None
    """Digest of what both answered; none where there was no row to answer."""


class Probation(Value):
    """The newest probation: running, or how it ended."""

    version: str
    predecessor: str
    since: AwareDatetime
    ends_at: AwareDatetime
    terms: Terms
    state: ProbationState = "running"
    tally: Tally | None = None
    missing: int = 0
    """Labelled rows that would probably decide it, and are not there."""
    ended_at: AwareDatetime | None = None

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state == "running"

    def holds(self, now: datetime) -> bool:
        """Whether it still keeps the drift reference where it is: by time too, should nobody look any more. A canary's
        predecessor answers until somebody does, so then it holds until that is written down."""
        return self.running and (now < self.ends_at or self.terms.canary_share < 1.0)
