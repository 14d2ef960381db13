"""What is true of a model now? Carried by its newest ledger entry."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from retrain.store.certificate import Heldout, Pending, Spend
from retrain.store.drilled import Drill
from retrain.store.judged import CheckState, DriftKind, Evidence, Fairness, Performance, RefusedReference, Signal
from retrain.store.probation import Probation
from retrain.values import Value

Cause = Literal["drift", "schedule", "manual", "alert"]
Outcome = Literal["promoted", "held", "inconclusive", "refused", "failed"]
Wait = Literal["cooldown", "backoff", "budget", "labels", "drill", "data", "unpromoted"]


class Champion(Value):
    """The version in service."""

    version: str
    since: datetime
    snapshot: str
    """What it was trained on."""
    reference: str | None = None
    """The drift reference that belongs to it; none until enough production rows are there."""
    evaluation: str | None = None
    """The comparison that it was promoted on; none when it was promoted by hand."""


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
    attempt: int = 1
    """How often this work was begun: one more each time a run dies and another takes over."""
    request: str | None = None
    """Who asks twice with the same id is answered once."""


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
    signals: tuple[Signal, ...] = ()
    evidence: Evidence | None = None
    broken: int = 0
    """Log rows that could not be used."""
    late: int = 0
    performance: Performance = Performance()
    moved: dict[str, float] = Field(default_factory=dict)
    """What changed (label, group, term, unfamiliar) to the largest change of a share of rows."""
    explained: dict[str, float] = Field(default_factory=dict)
    """The same to the largest share of the whole drift that one segment accounts for."""
    retrain: bool = False
    waiting: tuple[Wait, ...] = ()
    """What an owed retrain has to wait for."""
    budget_used: int | None = None
    budget_limit: int | None = None
    drift_kind: DriftKind | None = None
    fairness: Fairness | None = None
    labels_missing: int = 0
    """Labelled examples that an owed retrain waits for."""
    unpromoted_limit: int | None = None
    """Failed challengers in a row from which on a person is asked for; as the spec had it then."""


class LastRun(Value):
    """What came of the newest retrain that ended."""

    at: datetime
    cause: Cause
    outcome: Outcome
    evaluation: str | None = None
    """Digest of the stored evaluation; none when nothing could be compared."""
    missing: int = 0
    """Labelled examples that it would have needed and had not."""
    counted: int = 0
    """Examples and labels that there were then, before cleaning."""
    stages: dict[str, float] = Field(default_factory=dict)
    """Stage to wall seconds."""


class Totals(Value):
    """Counted since the ledger's first entry, so that a counter survives whatever reads it."""

    checks: dict[str, int] = Field(default_factory=dict)
    """By state."""
    started: dict[str, int] = Field(default_factory=dict)
    """Runs by cause."""
    ended: dict[str, int] = Field(default_factory=dict)
    """Runs by outcome."""
    taken_over: int = 0
    promotions: dict[str, int] = Field(default_factory=dict)
    """By `run`, `hand` or `pending`."""
    rollbacks: dict[str, int] = Field(default_factory=dict)
    """By reason."""
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    money: float = 0.0


class Rest(Value):
    """When retraining last ended, and how often in a row it was refused or failed: cooldown and backoff rest on it."""

    ended_at: datetime | None = None
    refusals: int = 0
    refused_at: datetime | None = None


class State(Value):
    """The fold of all ledger entries of one model."""

    champion: Champion | None = None
    best: Champion | None = None
    """The last champion that was shown better than the best before it: no challenger may fall far below it."""
    pending: Pending | None = None
    heldout: Heldout = Heldout()
    spent: tuple[Spend, ...] = ()
    """Error that decisions of the last 365 days took."""
    predecessors: tuple[Champion, ...] = ()
    """Earlier champions that a rollback can return to, the latest last."""
    reference: str | None = None
    watermark: datetime | None = None
    """Everything before it has been checked."""
    refused: RefusedReference | None = None
    """Why the monitor is not armed, when a reference was gathered and refused."""
    monitor: dict[str, Any] = Field(default_factory=dict)
    """The drift monitor's own memory; the drift stage reads and writes it."""
    fairness: dict[str, Any] = Field(default_factory=dict)
    """The memory of the watch over groups; the drift stage reads and writes it. Bounded."""
    doubtful_windows: int = 0
    """Windows in a row whose estimated accuracy, its upper bound included, lay below what it is without drift."""
    drill: Drill | None = None
    """The newest drill of this reference."""
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
    begun: tuple[datetime, ...] = ()
    """When automatic runs began, those of the last year: the budget is counted from these."""
    requests: tuple[str, ...] = ()
    """Ids of requests that were answered, the latest last."""
    asked: tuple[str, ...] = ()
    """Digests of the files of rows that people were asked to label, the latest last."""
    last_run: LastRun | None = None
    alarmed_at: datetime | None = None
    """When the newest episode was opened."""
    promoted_at: datetime | None = None
    rolled_back_at: datetime | None = None
    probation: Probation | None = None
    """Of the champion, or how the newest one ended; none after a promotion or a rollback by hand."""
    unpromoted: int = 0
    """Challengers in a row that were compared and not promoted, or withdrawn by probation."""
    unpromoted_version: str | None = None
    """The newest of these: looked at again, it is not counted again."""
    totals: Totals = Totals()
