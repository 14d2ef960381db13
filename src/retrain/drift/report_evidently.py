"""How does a drift check become a page? Evidently draws it, with our statistics, our thresholds and so our verdicts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.legacy.calculations.stattests import StatTest, register_stattest
from evidently.legacy.core import ColumnType
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset
from evidently.tests import lt

from retrain.drift.attribution.quoting import redacted
from retrain.drift.check import measure
from retrain.drift.observation import Observation, in_runs, observe_window
from retrain.drift.page import summary
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile
from retrain.drift.report import DriftReport, DriftScore
from retrain.drift.signals import Signal, categories, numeric
from retrain.production.window import Window

PREFIX = "retrain_"
MOST_COLUMNS = 0.5
"""Share of drifted columns from which the preset calls the whole drifted."""
# Beyond, drawing takes minutes; what is decided does not depend on it.
MAX_ROWS = 5_000
CATEGORIES = {"input.script", "output.labels"}


class GivenScore(SingleValueMetric):  # type: ignore[misc]  # evidently is untyped here
    """A score that has no column of its own: it is shown as it was decided."""

    signal: str
    score: float


class GivenScoreCalculation(SingleValueCalculation[GivenScore]):  # type: ignore[misc]
    """Shows a GivenScore."""

    def display_name(self) -> str:
        """The title of its card."""
        return f"Drift score of {self.metric.signal}"

    def calculate(self, context: Any, current_data: Any, reference_data: Any) -> SingleValue:  # noqa: ARG002
        """The score as given."""
        return self.result(self.metric.score)


def render(
    report: DriftReport, window: Window, reference: ReferenceProfile, policy: DriftPolicy
) -> tuple[bytes, bytes]:
    """The page, and Evidently's JSON. Both show the report's own scores, thresholds and verdicts."""
    top = summary(report)
    rows = window.rows[in_runs(window.rows.height, max(1, report.compared_rows))]
    current = observe_window(rows, reference.vocabulary, np.arange(0), None)
    if not report.scores:
        return f"<!DOCTYPE html><html><body>{top}</body></html>".encode(), b"{}"
    sides = [_columns(reference.seen, policy), _columns(current, policy)]
    shown = [score for score in report.scores if _yields(score, sides)]
    definition = DataDefinition(
        numerical_columns=[score.signal for score in shown if score.signal not in CATEGORIES],
        categorical_columns=[score.signal for score in shown if score.signal in CATEGORIES],
    )
    old, new = (
        Dataset.from_pandas(pd.DataFrame({s.signal: side[s.signal] for s in shown}), data_definition=definition)
        for side in sides
    )
    drawn = [_drawn(score) if score in shown else _given(score) for score in report.scores]
    snapshot = Report(drawn, include_tests=True).run(new, old)
    page = _with_summary(snapshot.get_html_str(as_iframe=False), top)
    return page.encode("utf-8", errors="replace"), snapshot.json().encode("utf-8")


def default_verdict(window: Window, reference: ReferenceProfile, policy: DriftPolicy) -> bool:
    """What Evidently's DataDriftPreset says, at its own defaults, of the columns that both sides have."""
    rows = window.rows[in_runs(window.rows.height, policy.max_rows)]
    current = observe_window(rows, reference.vocabulary, np.arange(0), None)
    sides = [_columns(side, policy) for side in (reference.seen, current)]
    names = [name for name in sides[0] if all(side[name].notna().any() for side in sides)]
    if rows.is_empty() or not names:
        return False
    old, new = (pd.DataFrame({name: side[name] for name in names}) for side in sides)
    seen = Report([DataDriftPreset()]).run(new, old).dict()
    return bool(seen["metrics"][0]["value"]["share"] >= MOST_COLUMNS)


def _columns(side: Observation, policy: DriftPolicy) -> dict[str, "pd.Series[Any]"]:
    """One column a signal that has a value a row."""
    kept = in_runs(side.rows.height, MAX_ROWS)
    columns = {
        "input.length": side.properties.length,
        "input.tokens": side.properties.tokens,
        "input.non_letters": side.properties.non_letters,
        "input.unseen_words": side.unseen,
        "input.script": np.array(side.properties.scripts, dtype=object),
        "output.labels": np.array(
            [_harmless(redacted(name, policy)) for name in side.rows["output"].to_list()], dtype=object
        ),
        "output.confidence": side.column("confidence"),
        "output.entropy": side.column("entropy"),
    }
    return {name: pd.Series(values[kept]) for name, values in columns.items()}


def _yields(score: DriftScore, sides: list[dict[str, "pd.Series[Any]"]]) -> bool:
    """Whether the columns to be drawn give the very score that was decided; if not, the score is shown without them."""
    old, new = (side.get(score.signal) for side in sides)
    return old is not None and new is not None and _measured(score.method, old, new) == score.value


def _measured(method: str, old: "pd.Series[Any]", new: "pd.Series[Any]") -> float | None:
    if method == "total_variation":
        signal = categories(method, old.to_list(), new.to_list())
    else:
        signal = numeric(method, method, old.to_numpy(dtype=np.float64), new.to_numpy(dtype=np.float64))
    return measure(signal) if isinstance(signal, Signal) else None


def _drawn(score: DriftScore) -> ValueDrift:
    return ValueDrift(column=score.signal, method=PREFIX + score.method, threshold=score.threshold)


def _given(score: DriftScore) -> GivenScore:
    return GivenScore(signal=score.signal, score=score.value, tests=[lt(score.threshold)])


def _harmless(name: str) -> str:
    """A label that is text only: Evidently writes labels unescaped into a script of the page."""
    return name.replace("&", "\uff06").replace("<", "\u2039").replace(">", "\u203a")


def _with_summary(page: str, top: str) -> str:
    before, body, after = page.partition("<body>")
    assert body, "Evidently's page has a body"
    return before + body + top + after


def _stat_test(method: str) -> Callable[["pd.Series[Any]", "pd.Series[Any]", ColumnType, float], tuple[float, bool]]:
    def run(old: "pd.Series[Any]", new: "pd.Series[Any]", kind: ColumnType, threshold: float) -> tuple[float, bool]:  # noqa: ARG001
        value = _measured(method, old, new)
        assert value is not None, "only columns that yield a score are drawn"
        return value, value >= threshold

    return run


for _method in ("ks", "total_variation", "tail_share", "rank_shift"):
    _kind = ColumnType.Categorical if _method == "total_variation" else ColumnType.Numerical
    register_stattest(StatTest(PREFIX + _method, _method, [_kind]), _stat_test(_method))
