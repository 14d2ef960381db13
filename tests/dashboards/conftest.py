"""What do the tests of the dashboards share? The dashboards as checked in, and real servers after a real history."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from dashboards.draw.server import Prometheus as Asked
from dashboards.draw.story import tell

from retrain.store.folder import FolderStore
from servers.answering import answering
from servers.needed import ROOT, free_port
from servers.prometheus import prometheus

NAMES = ("drift", "fleet", "promotion", "quality", "service", "training")
WAIT_SECONDS = 60.0
RULES = ROOT / "deploy" / "prometheus"

Content = dict[str, Any]


def checked_in(name: str) -> Content:
    """A dashboard as it is in the repository."""
    content: Content = json.loads((ROOT / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))
    return content


def drawn(board: Content) -> list[Content]:
    """Its panels without the headings of rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(board: Content) -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression: of panels, variables and annotations."""
    for panel in drawn(board):
        yield from ((f"{panel['title']} {target['refId']}", target["expr"]) for target in panel["targets"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]["query"]
    for mark in board["annotations"]["list"]:
        if not mark.get("builtIn"):
            yield f"annotation {mark['name']}", mark["expr"]


def filled(expression: str, board: str) -> str:
    """What Grafana would send: every variable with a value, as in a time of a minute."""
    several = any(each["multi"] for each in checked_in(board)["templating"]["list"] if each["name"] == "model")
    values = {"model": ".+" if several else "support-intents", "per": "5s", "__range": "30s", "__rate_interval": "5s"}
    for name, value in values.items():
        expression = expression.replace(f"${name}", value)
    return expression.removeprefix("label_values(").removesuffix(", model)")


@dataclass(frozen=True, slots=True)
class Watched:
    """A Prometheus that scrapes an exporter over a store with a history."""

    prometheus: Asked
    exporter: str

    def query(self, expression: str) -> list[Content]:
        """The series of an expression at this moment."""
        found: list[Content] = self.prometheus.ask("query", query=expression)["result"]
        return found

    def await_series(self, expression: str) -> list[Content]:
        """The series of an expression, once there are any; none when there are none in time."""
        end = time.monotonic() + WAIT_SECONDS
        while not (found := self.query(expression)) and time.monotonic() < end:
            time.sleep(0.3)
        return found


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store after ninety days: alarms, retrains, promotions, rollbacks, groups, and a run still at work."""
    place = tmp_path_factory.mktemp("history") / "store"
    for _ in tell(FolderStore(place), every=4):
        pass
    return place


@pytest.fixture(scope="session")
def watched(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The exporter as a process of its own, scraped once a second, with the rules that are deployed."""
    folder, port = tmp_path_factory.mktemp("watched"), free_port()
    exporter = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "retrain.cli.main", "exporter", "--port", str(port)]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in sorted(RULES.glob("*.rules.yml"))],
        "scrape_configs": [
            {"job_name": "retrain", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
            # Not a Prefect server: what matters here is that the job of that name is asked for.
            {"job_name": "prefect", "metrics_path": "/health", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
        ],
    }
    with (
        answering(command, f"{exporter}/health", folder / "exporter.log", {"RETRAIN_STORE": str(history)}),
        prometheus(folder, config) as server,
    ):
        yield Watched(Asked(server.address), exporter)


@pytest.fixture(scope="session")
def fetched(watched: Watched) -> Callable[[str], httpx.Response]:
    """`fetched(path)`: what the exporter answers."""
    return lambda path: httpx.get(f"{watched.exporter}{path}", timeout=30, trust_env=False)
