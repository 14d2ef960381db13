"""What is true of a model now? Carried by its newest ledger entry."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from retrain.values import Value

CheckState = Literal["quiet", "warning", "alarm", "insufficient_data"]
Cause = Literal["drift", "schedule", "manual"]


class Champion(Value):
    """The version in service."""

    version: str
    since: datetime
    snapshot: str
    """What it was trained on."""
    reference: str | None = None
    """The drift reference that belongs to it; none until enough production rows are there."""


class Claim(Value):
    """Who is retraining, since when, and how far that has come. Progress outlives the process: the next run goes on."""

    id: str
    cause: Cause
    reason: str
    at: datetime
    expires_at: datetime
    host: str
    pid: int
    process_start: str
    """When the kernel says that the process began: a number used again by another process does not keep a claim."""
    snapshot: str | None = None
    version: str | None = None


class Episode(Value):
    """A drift, from its first alarm to its end."""

    number: int
    opened_at: datetime
    signals: tuple[str, ...]
    answered: bool = False
    """It has had its retrain, whatever came of it."""


class LastCheck(Value):
    """What a drift check said of one window."""

    at: datetime
    start: datetime
    end: datetime
    rows: int
    state: CheckState
    report: str | None = None
    """Digest of the stored report."""


class Rest(Value):
    """When retraining last ended, and how often in a row it was refused or failed: cooldown and backoff rest on it."""

    ended_at: datetime | None = None
    refusals: int = 0
    refused_at: datetime | None = None


class State(Value):
    """The fold of all ledger entries of one model."""

    champion: Champion | None = None
    predecessors: tuple[Champion, ...] = ()
    """Earlier champions that a rollback can return to, the latest last."""
    reference: str | None = None
    watermark: datetime | None = None
    """Everything before it has been checked."""
    monitor: dict[str, Any] = Field(default_factory=dict)
    """The drift monitor's own memory; the drift stage reads and writes it."""
    last_check: LastCheck | None = None
    """The newest window that was judged."""
    starved: LastCheck | None = None
    """The newest window that could not be judged, when that came after: unknown takes nothing back that is known."""
    episode: Episode | None = None
    episodes: int = 0
    claim: Claim | None = None
    snapshot: str | None = None
    """The newest training snapshot: where the held-out set is carried on from."""
    rest: Rest = Rest()
