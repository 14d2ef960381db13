"""Traffic made of CLINC150, as the benchmarks make it too."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from benchmarks.clinc import START, Traffic, read_traffic, window_of

from retrain.drift.report import DriftReport, DriftScore
from retrain.production.window import Window

MakeWindow = Callable[..., Window]
MakeReport = Callable[..., DriftReport]


@pytest.fixture
def make_window() -> MakeWindow:
    return window_of


@pytest.fixture
def make_report() -> MakeReport:
    def make(
        *,
        drifted: bool = False,
        rows: int = 1_000,
        reference_rows: int = 1_000,
        watched: bool = True,
        day: int = 0,
    ) -> DriftReport:
        score = DriftScore(signal="input.length", method="ks", value=0.2 if drifted else 0.01, threshold=0.1)
        return DriftReport(
            model="support",
            start=START + day * timedelta(hours=24),
            end=START + (day + 1) * timedelta(hours=24),
            rows=rows,
            compared_rows=rows,
            reference="0" * 64,
            reference_rows=reference_rows,
            champion=None,
            scores=(score,) if watched else (),
            not_watched={},
            quarantined={},
            duplicates=0,
            truncated=0,
        )

    return make


@pytest.fixture(scope="session")
def traffic(real_data: Path) -> Traffic:
    return read_traffic(real_data)
