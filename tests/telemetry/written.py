"""How does a test write a store that looks as a loop leaves it, in milliseconds? By the real ledger and shelves."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from retrain.evaluation.comparison import Comparison, EvaluationReport, Interval, Metrics, Slice
from retrain.promotion.decision import Check, PromotionDecision
from retrain.store.certificate import Awaited
from retrain.store.drilled import Drill
from retrain.store.events import (
    Checked,
    Claimed,
    Drilled,
    Ended,
    Event,
    ProbationSeen,
    Promoted,
    Referenced,
    RolledBack,
    Spent,
)
from retrain.store.judged import Accuracy, Evidence, Fairness, GroupGap, Performance, SegmentShare, Signal
from retrain.store.ledger import Draft, Ledger, LedgerEntry
from retrain.store.probation import Tally, Terms
from retrain.store.protocol import Store
from retrain.store.state import Claim
from retrain.telemetry.view import evaluation_shelf

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
COST = Spent(
    wall_seconds=60.0, cpu_seconds=50.0, gpu_seconds=7.5, money=1.25, currency="EUR", stages={"tune": 40.0, "odd": 2.0}
)
SIGNALS = (
    Signal(
        signal="input.length", method="ks", value=0.5, threshold=0.25, drifted=True, p_value=0.015625, evidence=512.0
    ),
    Signal(signal="output.labels", method="total_variation", value=0.125, threshold=0.25, drifted=False),
)
EVIDENCE = Evidence(total=512.0, warning=36.5, needed=365.0, signals={"input.length": 512.0})
SEGMENTS = tuple(
    SegmentShare(
        what="label",
        name=name,
        reference_share=0.25,
        current_share=0.5,
        low=0.125,
        high=0.375,
        explains=explains,
        sure=True,
    )
    for name, explains in (("refund", 0.75), ("parcel", 0.5), ("other", None))
)
PERFORMANCE = Performance(
    estimated=Accuracy(value=0.75, low=0.625, high=0.875, rows=200, method="atc_entropy", source="100 rows"),
    labelled=Accuracy(value=0.5, low=0.25, high=0.75, rows=40, method="wilson"),
    expected=0.9375,
)
FAIRNESS = Fairness(
    state="breach",
    limit=0.125,
    gaps=(
        GroupGap(
            group="channel=app",
            outcome="label refund",
            rows=900,
            state="breach",
            rate=0.75,
            rest=0.5,
            gap=0.25,
            low=0.1875,
            high=0.3125,
        ),
        GroupGap(group="channel=fax", outcome="error", rows=7, state="not_enough_evidence"),
    ),
    watched=6,
    breached=1,
    open=2,
)


TERMS = Terms(
    **{"days": 10, "min_labels": 30, "margin": 0.05, "confidence": 0.95, "look_labels": 20, "max_rows": 200},
    **{"promised": 0.0625, "promised_low": 0.03125, "promised_high": 0.125},
)
TALLY = Tally(rows=64, won=2, lost=6, labels=70, low=-0.25, high=0.125, worse=1.5)


def append(store: Store, *events: Event, model: str = "shop") -> LedgerEntry:
    """Append events; returns the newest entry."""
    book = Ledger(store, model, lambda: START)
    for event in events:
        book.append(lambda _, event=event: Draft(event=event, reasons=("r",), actor="a test"))  # type: ignore[misc]
    newest = book.newest()
    assert newest is not None
    return newest


def checked(state: str = "quiet", day: int = 0, **more: Any) -> Checked:
    """A window of one day."""
    at = START + day * DAY
    return Checked.model_validate({"start": at, "end": at + DAY, "rows": 200, "state": state, **more})


def alarm(day: int = 0) -> Checked:
    """A window with everything that a check can say."""
    waits = {"retrain": True, "waiting": ("budget",), "budget_used": 4, "budget_limit": 4}
    seen = {"broken": {"no timestamp": 3}, "late": 2, "moved": {"label": 0.2}, "drift_kind": "new topic", **waits}
    watched = {"evidence": EVIDENCE, "segments": SEGMENTS, "performance": PERFORMANCE, "fairness": FAIRNESS}
    return checked("alarm", day, signals=SIGNALS, **seen, **watched)


def promoted(version: str = "v1", over: str | None = None, **more: Any) -> Promoted:
    """By hand, unless a claim is named."""
    return Promoted(**{"claim": None, "version": version, "over": over, "snapshot": "s", "reference": "r", **more})


def claimed(name: str = "c1", **more: Any) -> Claimed:
    """A run began."""
    span = {"at": START, "expires_at": START + DAY, "host": "h", "pid": 1, "process_start": "0"}
    return Claimed(claim=Claim(id=name, cause="drift", reason="r", **span), **more)


def drilled(**more: Any) -> Drilled:
    """A drill of reference r: 300 daily looks without a false alarm, and one kind of drift planted."""
    power = {"drift": "copied_rows", "share": 0.25, "trials": 10, "found": 9, "low": 0.5625, "high": 0.9975}
    known = {"at": START, "reference": "r", "seed": 1, "looks": 300, "alarms": 0, "window_rows": 250}
    known |= {"reference_rows": 1_000, "per_year": 0.0, "low": 0.0, "high": 4.5, "confidence": 0.95, "within": 7}
    planted = ({**power, "windows": 2.0}, {"drift": "label_mix", "share": 0.5, "reason": "one label"})
    return Drilled(drill=Drill.model_validate({**known, "budget": 1.0, "planted": planted, **more}), report="d")


def evaluation(
    store: Store, groups: Sequence[tuple[str, int]] = (("channel=app", 60),), model: str = "shop", **more: Any
) -> str:
    """A stored evaluation; returns its digest."""
    report = report_of(groups, **more)
    decision = PromotionDecision(
        verdict="hold",
        champion="v1",
        challenger="v2",
        checks=(
            Check(rule="good_enough", verdict="pass", reason="r"),
            Check(rule="fair", verdict="unknown", reason="r"),
        ),
    )
    files = {"evaluation.json": report.canonical(), "decision.json": decision.canonical(), "report.md": b"# Held\n"}
    return evaluation_shelf(store, model).put(files, {})


def report_of(groups: Sequence[tuple[str, int]], champion: str | None = "v1") -> EvaluationReport:
    """Champion 0.75, challenger 0.875, over 100 rows."""
    old, new = (Metrics(accuracy=a, precision=a, recall=a, f1=a) for a in (0.75, 0.875))
    sides: dict[str, Any] = {"champion": old, "challenger": new, "only_champion_right": 1, "only_challenger_right": 9}
    difference = Interval(low=0.0625, high=0.25, confidence=0.95)
    kinds: list[tuple[str, str, int]] = [("label", "refund", 30), *(("group", *group) for group in groups)]
    slices = tuple(
        Slice(kind=kind, name=name, rows=rows, difference=difference, enough=rows >= 50, **sides)
        for kind, name, rows in kinds
    )
    both = Comparison(
        rows=100,
        champion_version=champion,
        challenger_version="v2",
        p_value=0.03125,
        difference=difference,
        slices=slices,
        **sides,
    )
    return EvaluationReport(
        comparison=both, snapshot="s", train_accuracy=1.0, latency_p95_ms=12.5, calibration_error=0.0625
    )


def left_open(digest: str = "e", **more: Any) -> Ended:
    """A challenger that labels or people may still decide about."""
    awaited = Awaited(days=30, review_days=14, reviewers=2, labels=240)
    known = {"claim": "c3", "outcome": "inconclusive", "challenger": "v2", "cost": COST, "evaluation": digest}
    return Ended.model_validate({**known, "waits_for": ("labels", "review"), "awaited": awaited, **more})


def full(store: Store, model: str = "shop") -> None:
    """A model about which everything can be said."""
    digest = evaluation(store, model=model)
    append(
        store,
        promoted("v1"),
        promoted("v2", "v1"),
        RolledBack(version="v1", withdrawn="v2"),
        promoted("v3", "v1", probation=TERMS),
        ProbationSeen(version="v3", state="running", tally=TALLY, missing=40),
        Referenced(reference="r", end=START, rows=300),
        claimed("c1"),
        claimed("c2", took_over="c1"),
        Ended(claim="c2", outcome="refused", missing=88, cost=COST),
        claimed("c3"),
        left_open(digest),
        alarm(1).model_copy(update={"unpromoted_limit": 3}),
        drilled(),
        claimed("c4"),
        model=model,
    )
