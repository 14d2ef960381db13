"""What can happen to a model? One event a ledger entry; `store/fold.py` says what each does to the state."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from retrain.store.certificate import Awaited, Decided, WaitsFor
from retrain.store.drilled import Drill
from retrain.store.judged import (
    CheckState,
    DriftKind,
    Evidence,
    Fairness,
    Performance,
    RefusedReference,
    SegmentShare,
    Signal,
)
from retrain.store.probation import Tally, Terms
from retrain.store.reviewed import Reviewed as Reviewed
from retrain.store.state import Claim, Wait
from retrain.values import Value


class Spent(Value):
    """What a run used, data preparation and evaluation included."""

    wall_seconds: float
    cpu_seconds: float
    gpu_seconds: float
    money: float | None
    currency: str | None
    stages: dict[str, float] = Field(default_factory=dict)
    """Stage to wall seconds."""


class Replay(Value):
    """The reference's own windows through the monitor, each against the rest of it: an alarm here is a false one."""

    looks: int
    alarms: int
    evidence: float
    """The most that any look showed."""
    needed: float
    signals: tuple[str, ...] = ()
    """Those that raised an alarm."""


class Referenced(Value):
    """The drift reference was gathered from the first rows a champion logged."""

    kind: Literal["referenced"] = "referenced"
    reference: str
    end: datetime
    """The reference's last row: checks go on from there."""
    rows: int
    replay: Replay | None = None
    """What its own windows did to the monitor; none where the rule keeps no budget."""
    refused: RefusedReference | None = None
    """Why the monitor was not armed with it; the model then has no reference yet."""


class Checked(Value):
    """One window was judged, or could not be."""

    kind: Literal["checked"] = "checked"
    start: datetime
    end: datetime
    rows: int
    estimated: bool = False
    """Whether `rows` is a close estimate: there were more than a million ids."""
    state: CheckState
    signals: tuple[Signal, ...] = ()
    evidence: Evidence | None = None
    """Under a budget: how rare chance would make what the latest windows say together."""
    monitor: dict[str, Any] = Field(default_factory=dict)
    report: str | None = None
    performance: Performance = Performance()
    changes: tuple[str, ...] = ()
    """What changed, in words; single words of production at most, and none when the spec lets reports quote none."""
    segments: tuple[SegmentShare, ...] = ()
    """What changed, in numbers; those that account for most of the drift first."""
    fairness: Fairness | None = None
    """What the watch over groups says; none for entries from before there was one."""
    fairness_memory: dict[str, Any] = Field(default_factory=dict)
    breach_retrains: bool = False
    """Whether a breach stands and the spec has a breach ask for a retrain."""
    drift_kind: DriftKind | None = None
    """What the drift looks like as a whole; none where nothing could be compared."""
    broken: dict[str, int] = Field(default_factory=dict)
    """Reason to the number of log rows that could not be used."""
    late: int = 0
    """Rows of the window before this one that came after it was judged: trained on once labelled, never judged."""
    retrain: bool = False
    """Whether the trigger asked for a retrain at this check."""
    waiting: tuple[Wait, ...] = ()
    """What an owed retrain has to wait for."""
    moved: dict[str, float] = Field(default_factory=dict)
    """What changed to the largest change of a share of rows."""
    budget_used: int | None = None
    budget_limit: int | None = None
    new_labels: int | None = None
    """Labelled rows since the open drift began; none where nobody asked, or nobody could tell."""
    examples_missing: int = 0
    """Labelled examples without which a run would surely have been refused."""
    labels_missing: int = 0
    """Labelled examples that an owed retrain waits for."""
    unpromoted_limit: int | None = None
    """Failed challengers in a row from which on a person is asked for."""
    situation: dict[str, Any] = Field(default_factory=dict)
    """What the trigger was asked with, so that its answer can be computed again; the trigger stage writes it."""
    asked_at: datetime | None = None
    """When it was asked; none of entries from before this was kept."""


class Drilled(Value):
    """The drift monitor was tried on its own reference, as it is and with planted drift."""

    kind: Literal["drilled"] = "drilled"
    drill: Drill
    report: str
    """Digest of what each look said."""


class Claimed(Value):
    """A run began, or took over from one that died."""

    kind: Literal["claimed"] = "claimed"
    claim: Claim
    took_over: str | None = None
    """The dead run's claim."""


class Prepared(Value):
    """The run's training snapshot is stored."""

    kind: Literal["prepared"] = "prepared"
    claim: str
    snapshot: str
    clean: int


class Trained(Value):
    """The run's challenger is stored."""

    kind: Literal["trained"] = "trained"
    claim: str
    version: str


class Ended(Value):
    """The run ended without a promotion."""

    kind: Literal["ended"] = "ended"
    claim: str
    outcome: Literal["held", "inconclusive", "refused", "failed"]
    challenger: str | None = None
    cost: Spent | None = None
    evaluation: str | None = None
    missing: int = 0
    """Labelled examples needed and not there, of a refusal."""
    counted: int = 0
    """Examples and labels that there were then, before cleaning."""
    decided: Decided | None = None
    """What the gate's decision used; none where nothing was compared."""
    waits_for: tuple[WaitsFor, ...] = ()
    """What could still decide about the challenger, when it is inconclusive."""
    awaited: Awaited | None = None
    """How long that is waited for, and how much of it would do."""


class Promoted(Value):
    """A version became champion: by a run's decision, by hand, or by a later look at one that was left waiting."""

    kind: Literal["promoted"] = "promoted"
    claim: str | None
    version: str
    over: str | None
    """The champion it was compared with, and the only one it replaces."""
    snapshot: str
    reference: str | None = None
    challenger_accuracy: float | None = None
    cost: Spent | None = None
    evaluation: str | None = None
    by: Literal["run", "hand", "pending"] | None = None
    """None in entries from before there was a third way: then a claim says that it was a run."""
    decided: Decided | None = None
    beats_best: bool = False
    """Whether it was shown better than the best champion ever."""
    probation: Terms | None = None
    """What the new champion's probation is held under; none where it has none."""


class Dismissed(Value):
    """The challenger that waited is looked at no more."""

    kind: Literal["dismissed"] = "dismissed"
    challenger: str
    outcome: Literal["held", "expired"]
    evaluation: str | None = None
    decided: Decided | None = None


class RolledBack(Value):
    """The champion's predecessor is champion again."""

    kind: Literal["rolled_back"] = "rolled_back"
    version: str
    withdrawn: str
    reason: Literal["manual", "probation"] = "manual"
    """`probation`: production contradicted the evidence of the promotion."""
    tally: Tally | None = None
    """What production showed, where that was the reason."""


class ProbationSeen(Value):
    """Labels came, or the time was over: champion and predecessor were compared on production's own rows."""

    kind: Literal["probation"] = "probation"
    version: str
    state: Literal["running", "confirmed", "not_enough_labels"]
    tally: Tally
    missing: int = 0
    """Labelled rows that would probably decide it, and are not there."""


class LabelsAsked(Value):
    """People were asked to label production rows."""

    kind: Literal["asked"] = "asked"
    rows: int
    request: str
    """Digest of the stored files."""
    start: datetime
    end: datetime
    why: dict[str, int] = Field(default_factory=dict)
    """Why rows were chosen (drifted, uncertain, random) to their number."""


class Collected(Value):
    """Bundles that nothing needs any more go. Written before they are deleted: from here on nobody names them."""

    kind: Literal["collected"] = "collected"
    bundles: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Kind of evidence to digests."""
    bytes: int = 0
    unfinished: tuple[str, ...] = ()
    """Places of bundles whose manifest was never written, seen for the first time: they go when seen again, later."""


Event = Annotated[
    Referenced
    | Checked
    | Drilled
    | Claimed
    | Prepared
    | Trained
    | Ended
    | Promoted
    | Dismissed
    | RolledBack
    | LabelsAsked
    | ProbationSeen
    | Collected
    | Reviewed,
    Field(discriminator="kind"),
]
