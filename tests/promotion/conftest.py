"""What evidence do the tests of the gate start from? Counts, made into the report they would have led to."""

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from retrain.evaluation.comparison import Comparison, EvaluationReport, Metrics, Slice
from retrain.evaluation.paired import mcnemar, tango
from retrain.evaluation.soundness import Loaded, Remembered

SOUND: Mapping[str, Any] = {
    "remembered": Remembered(
        rows=0,
        only_champion_right=0,
        only_challenger_right=0,
        newer=500,
        newer_only_champion_right=0,
        newer_only_challenger_right=0,
    ),
    "size_mb": 1.5,
    "loaded": Loaded(rows=20, same=20, largest=0.0),
}
"""What an evaluation always has seen, and a challenger of the usual kind shows."""


class Evidence:
    """Builds reports in which only what a test speaks about is unusual."""

    def slice(
        self,
        kind: Literal["label", "group", "intersection"],
        name: str,
        rows: int,
        *,
        won: int = 0,
        lost: int = 0,
        right: int | None = None,
    ) -> Slice:
        """`right` rows the champion answers rightly, by default nine of ten; `enough` from 20 rows."""
        before = rows * 9 // 10 if right is None else right
        return Slice(
            kind=kind,
            name=name,
            rows=rows,
            champion=metrics(before / rows),
            challenger=metrics((before + won - lost) / rows),
            only_champion_right=lost,
            only_challenger_right=won,
            difference=tango(won, lost, rows, 0.95),
            enough=rows >= 20,
        )

    def report(self, rows: int = 500, won: int = 30, lost: int = 10, **other: Any) -> EvaluationReport:
        """A challenger that is better, sound and quick, unless told otherwise."""
        right = other.pop("right", rows * 8 // 10)
        comparison = Comparison(
            rows=rows,
            champion_version=other.pop("champion_version", "c" * 64),
            challenger_version="d" * 64,
            champion=metrics(right / rows),
            challenger=metrics((right + won - lost) / rows),
            only_champion_right=lost,
            only_challenger_right=won,
            p_value=mcnemar(won, lost),
            difference=tango(won, lost, rows, 0.95),
            slices=tuple(other.pop("slices", ())),
            intersections=tuple(other.pop("intersections", ())),
        )
        usual: Mapping[str, Any] = {
            "train_accuracy": 0.95,
            "latency_p95_ms": 40.0,
            "calibration_error": 0.02,
            **SOUND,
        }
        return EvaluationReport(comparison=comparison, snapshot="5" * 64, **{**usual, **other})


def metrics(share: float) -> Metrics:
    return Metrics(accuracy=share, precision=share, recall=share, f1=share)


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """`evidence.report(rows, won, lost, ...)` and `evidence.slice(kind, name, rows, ...)`."""
    return Evidence()
