"""Does Evidently's page show our scores and verdicts, and is production text harmless in it?"""

import json
from dataclasses import replace
from html import escape

import numpy as np
import polars as pl
import pytest
from benchmarks.clinc import Traffic, hashed

from retrain.drift.check import examine, score
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference
from retrain.drift.report_evidently import render
from retrain.drift.watched import EMBEDDED, QUALITY

from .conftest import MakeWindow

EVIL = "</script><script>alert('planted')</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(("rows", "outside", "max_rows"), [(300, 0.0, 5_000), (1_500, 0.3, 5_000), (1_500, 0.3, 500)])
def test_evidently_shows_exactly_our_values_thresholds_and_verdicts(
    traffic: Traffic, rows: int, outside: float, max_rows: int
) -> None:
    policy = DriftPolicy(rule="windows", embeddings=True, max_rows=max_rows)
    order = traffic.order(burst=1, seed=11)
    reference = build_reference(traffic.window(order[:2_000]), policy, embed=hashed)
    window = traffic.window(order[2_000 : 2_000 + rows], outside=outside)
    report = score(window, reference, policy, model="m", embed=hashed)
    shown = json.loads(render(report, window, reference, policy)[1])
    assert len(report.scores) >= 9
    assert [metric["value"] for metric in shown["metrics"]] == [s.value for s in report.scores]
    assert [test["status"] == "FAIL" for test in shown["tests"]] == [s.drifted for s in report.scores]
    drawn = [metric["config"].get("column", metric["config"].get("signal")) for metric in shown["metrics"]]
    assert drawn == [s.signal for s in report.scores]
    # Means of embeddings, a classifier and rows among others have no column of their own to draw.
    undrawn = {metric["config"]["signal"] for metric in shown["metrics"] if "signal" in metric["config"]}
    assert undrawn <= {*EMBEDDED, *QUALITY, "output.probabilities"}


def test_production_text_is_escaped_wherever_it_is_shown(traffic: Traffic) -> None:
    policy = DriftPolicy()
    order = traffic.order(burst=1, seed=12)
    reference = build_reference(traffic.window(order[:1_000]), policy, champion=EVIL)
    window = traffic.window(order[1_000:1_400])
    planted = pl.int_range(pl.len()) < 60
    rows = window.rows.with_columns(
        pl.when(planted).then(pl.lit(EVIL)).otherwise(pl.col(name)).alias(name) for name in ("input", "output")
    )
    evil = replace(window, rows=rows, quarantined={EVIL: 1})
    report = examine(evil, reference, policy, model=EVIL)
    page, shown = render(report, evil, reference, policy)
    assert any(EVIL in one.name or EVIL in one.examples for one in report.segments)
    assert b"<script>alert(" not in page
    assert b"<img src=x" not in page
    assert b"&lt;script&gt;alert(&#x27;planted&#x27;)" in page
    assert [metric["value"] for metric in json.loads(shown)["metrics"]] == [s.value for s in report.scores]


def test_the_summary_stands_on_top_with_verdict_and_thresholds(traffic: Traffic) -> None:
    policy = DriftPolicy()
    order = traffic.order(burst=1, seed=13)
    reference = build_reference(traffic.window(order[:1_000]), policy)
    window = replace(traffic.window(order[1_000:1_300], outside=0.5), total=4_000, duplicates=7)
    report = examine(window, reference, policy, model="support")
    page = render(report, window, reference, policy)[0].decode()
    top = page[page.index("<body>") : page.index("</section>")]
    assert f"{len(report.drifted)} of {len(report.scores)} signals drifted: {', '.join(report.drifted)}." in top
    assert "4000 rows, 300 of them compared, 7 duplicates dropped" in top
    assert all(f"{s.threshold:.3f}" in top and f"{s.value:.3f}" in top for s in report.scores)
    assert all(escape(reason) in top for reason in report.not_watched.values())


@pytest.mark.parametrize("rows", [0, 1])
def test_a_page_is_drawn_however_few_rows_there_are(make_window: MakeWindow, rows: int) -> None:
    policy = DriftPolicy()
    reference = build_reference(make_window([f"text {row % 9}" for row in range(300)]), policy)
    window = make_window(["text 1"] * rows)
    page, shown = render(examine(window, reference, policy, model="m"), window, reference, policy)
    assert b"Drift check of m" in page
    assert isinstance(json.loads(shown), dict)


def test_drawing_a_page_leaves_the_global_generator_alone(traffic: Traffic) -> None:
    window = traffic.window(traffic.order(burst=1, seed=14)[:400])
    reference = build_reference(window, DriftPolicy())
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    render(score(window, reference, DriftPolicy(), model="m"), window, reference, DriftPolicy())
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[index]
