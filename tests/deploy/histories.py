"""Which ledger makes each alert about a model fire, and which further entry mends it? Written with `Ledger` itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from retrain.store.certificate import Awaited
from retrain.store.drilled import Drill
from retrain.store.events import (
    Checked,
    Claimed,
    Drilled,
    Ended,
    Event,
    Promoted,
    Referenced,
    Reviewed,
    RolledBack,
)
from retrain.store.folder import FolderStore
from retrain.store.judged import Accuracy, Fairness, Performance, Signal
from retrain.store.ledger import Draft, Ledger
from retrain.store.state import Claim

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Step = tuple[timedelta, Event]
"""How long ago, and what happened."""


@dataclass(frozen=True, slots=True)
class History:
    """A model whose past makes one alert fire, and what is appended to mend it."""

    alert: str
    past: tuple[Step, ...]
    mend: tuple[Event, ...]


def append(store: Path, model: str, event: Event, at: datetime | None = None) -> None:
    """One entry of a model's ledger, as if it had been written then."""
    book = Ledger(FolderStore(store), model, lambda: at or now())
    book.append(lambda _: Draft(event=event, reasons=("a test",), actor="a test"))


def write(store: Path, model: str, past: tuple[Step, ...]) -> None:
    """A ledger with that past."""
    for ago, event in past:
        append(store, model, event, now() - ago)


def now() -> datetime:
    return datetime.now(UTC)


def promoted(version: str, *, reference: str | None = "r") -> Promoted:
    return Promoted(claim=None, version=version, over=None, snapshot="s", reference=reference)


def checked(state: str = "quiet", *, ago: timedelta = HOUR, **more: Any) -> Checked:
    """A verdict on the day that ended so long ago."""
    end = now() - ago
    drifted = state == "alarm"
    score = Signal(signal="output", method="m", value=0.3 if drifted else 0.1, threshold=0.2, drifted=drifted)
    seen = {"start": end - DAY, "end": end, "rows": 100, "state": state, "signals": (score,), **more}
    return Checked.model_validate(seen)


UNFAIR = Fairness(state="breach", limit=0.1, watched=3, breached=1, open=1)


def estimated(value: float) -> Performance:
    """An accuracy as it is read off doubt, where 0.9 is what it is without drift."""
    seen = Accuracy(value=value, low=value - 0.05, high=value + 0.05, rows=100, method="atc_confidence")
    return Performance(estimated=seen, expected=0.9)


def drilled(*, alarms: int = 0, low: float = 0.0) -> Drilled:
    """A drill of the reference of these histories."""
    drill = Drill(
        at=now(),
        reference="r",
        seed=1,
        looks=300,
        alarms=alarms,
        window_rows=250,
        reference_rows=1_000,
        per_year=float(alarms),
        low=low,
        high=alarms + 10.0,
        confidence=0.95,
        budget=1.0,
        within=7,
    )
    return Drilled(drill=drill, report="d")


def claimed(ago: timedelta, *, took_over: str | None = None, hours: float = 12) -> Claimed:
    at = now() - ago
    claim = Claim(
        id="c",
        cause="schedule",
        reason="r",
        at=at,
        expires_at=at + timedelta(hours=hours),
        host="elsewhere",
        pid=1,
        process_start="unknown",
    )
    return Claimed(claim=claim, took_over=took_over)


def ended(outcome: str, missing: int = 0, **more: Any) -> Ended:
    return Ended.model_validate({"claim": "c", "outcome": outcome, "missing": missing, **more})


def _run(ago: timedelta, outcome: str, missing: int = 0) -> tuple[Step, ...]:
    return (ago, claimed(ago)), (ago - HOUR, ended(outcome, missing))


def _lived(*steps: Step, days: float = 30) -> tuple[Step, ...]:
    """In service for so long, checked an hour ago."""
    start = (timedelta(days=days), promoted("v1"))
    return tuple(sorted((start, (HOUR, checked()), *steps), key=lambda step: -step[0]))


def _served(*steps: Step, days: float = 30) -> tuple[Step, ...]:
    """The same without that check."""
    return ((timedelta(days=days), promoted("v1")), *steps)


LEFT_OPEN: dict[str, Any] = {"challenger": "v2", "evaluation": "0" * 64, "waits_for": ("review",)}
APPROVED = Reviewed(
    challenger="v2", champion="v1", evaluation="0" * 64, verdict="approve", reviewers=("Ann",), note="better"
)
HELD = (claimed(timedelta(0)), ended("held"))
"""A run that comes to a verdict."""
LATE = MINUTE

HISTORIES: dict[str, Callable[[], History]] = {
    "drifting": lambda: History("RetrainDriftAlarm", _served((HOUR, checked("alarm"))), (checked(ago=LATE),)),
    "unanswered": lambda: History(
        "RetrainDriftUnanswered", _served((8 * DAY, checked("alarm", ago=8 * DAY)), (HOUR, checked("alarm"))), HELD
    ),
    "refuted": lambda: History("RetrainProposeOnly", _lived((2 * HOUR, drilled(alarms=12, low=8.0))), (drilled(),)),
    "unanswerable": lambda: History(
        "RetrainDriftWaitsForLabels",
        _served((HOUR, checked("alarm", waiting=("labels",), labels_missing=42))),
        (checked(ago=LATE),),
    ),
    "doubtful": lambda: History(
        "RetrainAccuracyLow",
        _served(*((day * DAY, checked(ago=day * DAY, performance=estimated(0.7))) for day in range(5, 0, -1))),
        (checked(ago=LATE, performance=estimated(0.9)),),
    ),
    "unfair": lambda: History("RetrainFairnessBreach", _served((HOUR, checked(fairness=UNFAIR))), (checked(ago=LATE),)),
    "unlabelled": lambda: History("RetrainLabelsMissing", _lived(*_run(9 * HOUR, "refused", 88)), HELD),
    "failed": lambda: History("RetrainRunFailed", _lived(*_run(9 * HOUR, "failed")), HELD),
    "refused": lambda: History(
        "RetrainKeepsFailing",
        _lived(*_run(9 * DAY, "refused"), *_run(8 * DAY, "failed"), *_run(6 * DAY, "refused")),
        HELD,
    ),
    "fruitless": lambda: History(
        "RetrainChallengersFail",
        _served(
            *(
                step
                for day in (9, 6, 3)
                for step in (
                    (day * DAY, claimed(day * DAY)),
                    (day * DAY - HOUR, ended("held", challenger=f"v{day}")),
                )
            ),
            (HOUR, checked(unpromoted_limit=3)),
        ),
        (promoted("v10"),),
    ),
    "undecided": lambda: History(
        "RetrainChallengerWaits",
        _lived(
            (5 * DAY, claimed(5 * DAY)),
            (4 * DAY, ended("inconclusive", awaited=Awaited(days=30, review_days=14, reviewers=1), **LEFT_OPEN)),
        ),
        (APPROVED,),
    ),
    "slow": lambda: History("RetrainRunTooLong", _lived((7 * HOUR, claimed(7 * HOUR))), (ended("held"),)),
    "dead": lambda: History(
        "RetrainRunInterrupted",
        _lived((15 * HOUR, claimed(15 * HOUR))),
        (claimed(timedelta(0), took_over="c"), ended("held")),
    ),
    "unchecked": lambda: History(
        "RetrainNoCheckFinished", _served((3 * DAY, checked(ago=3 * DAY))), (checked(ago=LATE),)
    ),
    "starved": lambda: History(
        "RetrainTooFewRows",
        _served((9 * DAY, checked(ago=9 * DAY)), (HOUR, checked("insufficient_data"))),
        (checked(ago=LATE),),
    ),
    "unwatched": lambda: History(
        "RetrainModelNotWatched",
        ((15 * DAY, promoted("v1", reference=None)),),
        (Referenced(reference="r", end=now(), rows=300),),
    ),
    "garbled": lambda: History(
        "RetrainUnusableRows", _served((HOUR, checked(broken={"no text": 50}))), (checked(ago=LATE),)
    ),
    "due": lambda: History(
        "RetrainDueNotStarted", _served((7 * HOUR, checked("alarm", ago=7 * HOUR, retrain=True))), HELD
    ),
    "spent": lambda: History(
        "RetrainBudgetReached",
        _served((HOUR, checked(waiting=("budget",), budget_used=26, budget_limit=26))),
        (checked(ago=LATE, budget_used=25, budget_limit=26),),
    ),
    "old": lambda: History("RetrainChampionTooOld", _lived(days=121), (promoted("v2"),)),
    "compared": lambda: History(
        "RetrainEvaluationDamaged",
        _lived((9 * HOUR, claimed(9 * HOUR)), (8 * HOUR, ended("held", evaluation="0" * 64))),
        HELD,
    ),
}
"""One for each alert that further ledger entries can mend; the rest is done to files and servers."""
WITHDRAWN = RolledBack(version="v1", withdrawn="v2", reason="probation")
