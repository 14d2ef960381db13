"""What would Prometheus hold after the story? The exporter's samples of each moment, written as if it had scraped."""

import logging
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from dashboards.draw.life import DAY, START
from dashboards.draw.server import NotDrawn, Prometheus, program, prometheus
from dashboards.draw.story import END, tell
from retrain.store.folder import FolderStore
from retrain.telemetry.fleet import Fleet

ROOT = Path(__file__).parents[2]
STEP = timedelta(hours=2)
LOOKBACK = timedelta(hours=3)
"""How long Prometheus takes a sample for the present: longer than the step, shorter than two."""
SCRAPED_EACH = 60.0
AWAY = (START + 87.4 * DAY, START + 87.75 * DAY)
"""When the folder of the store is not there."""
PREFECT_AWAY = (START + 85.2 * DAY, START + 85.4 * DAY)
EXPORTER = {"job": "retrain", "instance": "127.0.0.1:9464"}
PREFECT = {"job": "prefect", "instance": "127.0.0.1:4200"}

Labels = tuple[tuple[str, str], ...]
Series = dict[tuple[str, Labels], list[tuple[float, float]]]


@contextmanager
def told(folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that holds the ninety days, and what the alerts of deploy/ would have said of them."""
    # The story takes the store away for a while, and the exporter says so.
    logging.getLogger("retrain.telemetry").setLevel(logging.ERROR)
    _backfill(folder, "history", _scraped(folder / "store"))
    flags = (f"--query.lookback-delta={int(LOOKBACK.total_seconds())}s",)
    with prometheus(folder, {}, *flags) as server:
        alerts = _alerts(server)
    _backfill(folder, "alerts", alerts)
    with prometheus(folder, {}, *flags) as server:
        yield server


def _scraped(place: Path) -> Series:
    """Tell the story over a folder, and look at it every two hours with the exporter's own code."""
    store, found = FolderStore(place), defaultdict[tuple[str, Labels], list[tuple[float, float]]](list)
    fleet, spent, at = Fleet(lambda: FolderStore(place)), 0.0, START
    story = tell(store)
    upcoming = next(story, None)
    while at <= END:
        while upcoming is not None and upcoming <= at:
            upcoming = next(story, None)
        spent += _look(fleet, place, at, found) * STEP.total_seconds() / SCRAPED_EACH
        _keep(found, at, "process_cpu_seconds_total", EXPORTER, spent)
        _keep(found, at, "process_resident_memory_bytes", EXPORTER, _memory())
        _keep(found, at, "up", EXPORTER, 1)
        _keep(found, at, "up", PREFECT, float(not PREFECT_AWAY[0] <= at < PREFECT_AWAY[1]))
        at += STEP
    return found


def _look(fleet: Fleet, place: Path, at: datetime, found: Series) -> float:
    """One scrape; the processor seconds that it took."""
    elsewhere, away = place.with_name("unmounted"), AWAY[0] <= at < AWAY[1]
    if away:
        place.rename(elsewhere)
    began = time.process_time()
    samples = fleet.scrape(seconds=30)
    took = time.process_time() - began
    if away:
        elsewhere.rename(place)
    for sample in samples:
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        _keep(found, at, sample.metric.name, {**EXPORTER, **labels}, float(sample.value))
    return took


def _keep(found: Series, at: datetime, name: str, labels: Mapping[str, str], value: float) -> None:
    found.setdefault((name, tuple(sorted(labels.items()))), []).append((at.timestamp(), value))


def _memory() -> float:
    """Resident memory of this process, which runs the exporter's code."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * 4096)


def _alerts(server: Prometheus) -> Series:
    """What each rule of deploy/prometheus asks for, put to the history: Prometheus judges rules only in the present."""
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.rules.yml").read_text())
    found: Series = {}
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        span = {"start": START.timestamp(), "end": END.timestamp(), "step": STEP.total_seconds()}
        for series in server.ask("query_range", query=rule["expr"], **span)["result"]:
            known = {name: value for name, value in series["metric"].items() if name != "__name__"}
            _fired(found, {**known, **rule["labels"], "alertname": rule["alert"]}, series["values"])
    return found


def _fired(found: Series, labels: dict[str, str], values: list[list[Any]]) -> None:
    began, before = 0.0, 0.0
    for at, _ in values:
        began = began if at - before <= STEP.total_seconds() else at
        before = at
        found.setdefault(("ALERTS", tuple(sorted({**labels, "alertstate": "firing"}.items()))), []).append((at, 1.0))
        found.setdefault(("ALERTS_FOR_STATE", tuple(sorted(labels.items()))), []).append((at, began))


def _backfill(folder: Path, name: str, found: Series) -> None:
    """Blocks of Prometheus from samples; `promtool` makes them as from any OpenMetrics file."""
    text = folder / f"{name}.txt"
    text.write_text("".join(_openmetrics(found)), encoding="utf-8")
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=2160h"]
    made = subprocess.run([*command, str(text), str(folder / "data")], capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        raise NotDrawn(f"promtool made no blocks: {made.stderr[-2000:]}")


def _openmetrics(found: Series) -> Iterator[str]:
    named = defaultdict[str, list[Labels]](list)
    for name, labels in found:
        named[name].append(labels)
    for name, each in named.items():
        yield f"# TYPE {name} unknown\n"
        for labels in each:
            text = ",".join(f'{label}="{value}"' for label, value in labels)
            yield "".join(f"{name}{{{text}}} {value!r} {at}\n" for at, value in found[(name, labels)])
    yield "# EOF\n"
