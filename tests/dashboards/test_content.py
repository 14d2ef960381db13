"""Are the dashboards whole: as generated, in Grafana's format, each panel explained, each metric of use?"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards.__main__ import write
from dashboards.boards import BOARDS
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from dashboards import palette
from retrain.telemetry.metrics import METRICS
from servers.needed import ROOT

from .conftest import NAMES, RULES, Content, checked_in, drawn, expressions

SCHEMAS = ROOT / "dashboards" / "draw" / "schema"
ONLY_PROMETHEUS = ("expr", "step", "tagKeys", "target", "textFormat", "titleFormat", "useValueForTime")
"""Of an annotation: the data source's own fields, which the schema of dashboards does not list."""
EXPORTED = {metric.name: metric for metric in METRICS}
EXEMPT: dict[str, str] = {}
"""Metrics that neither a dashboard nor an alert uses, and why."""
ALWAYS = {"job", "instance"}
"""Labels that Prometheus adds."""
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
WITHOUT_A_UNIT = {"none"}


@pytest.fixture(params=NAMES)
def board(request: pytest.FixtureRequest) -> Content:
    return checked_in(request.param)


def test_what_is_checked_in_is_what_the_code_makes(tmp_path: Path) -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in write(tmp_path)}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "dashboards").glob("*.json")}
    assert kept == written, "run `python -m dashboards` and look at the difference"


def test_the_sdk_reads_back_what_it_wrote(board: Content) -> None:
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    for content in (board, again):
        content.pop("annotations")
        for variable in content["templating"]["list"]:
            for name in ("auto", "auto_count", "auto_min"):
                variable.pop(name, None)
    assert again == board


def test_it_fits_the_schema_of_grafana(board: Content) -> None:
    for mark in board["annotations"]["list"]:
        for name in ONLY_PROMETHEUS:
            mark.pop(name, None)
    for variable in board["templating"]["list"]:
        for name in ("auto", "auto_count", "auto_min"):
            variable.pop(name, None)
    assert troubles("dashboard", board) == []


def test_options_of_panels_fit_the_schema_of_their_kind(board: Content) -> None:
    for panel in drawn(board):
        kind, options = panel["type"], dict(panel["options"])
        if kind == "table":
            # Grafana 11 has it; the newer schema has moved it to the fields.
            options.pop("footer")
        assert troubles(f"{kind}-options", options) == [], panel["title"]
        if (SCHEMAS / f"{kind}-field.json").is_file():
            assert troubles(f"{kind}-field", panel["fieldConfig"]["defaults"]["custom"]) == [], panel["title"]


def troubles(schema: str, content: Any) -> list[str]:
    validator = Draft7Validator(json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(content)]


def test_the_schema_refuses_what_grafana_does_not_know(board: Content) -> None:
    board["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["mode"] = "sometimes"
    assert troubles("dashboard", board)
    assert troubles("timeseries-field", {"drawStyle": "dots"})


def test_every_panel_says_how_to_read_it(board: Content) -> None:
    for panel in drawn(board):
        defaults = panel["fieldConfig"]["defaults"]
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["description"].rstrip().endswith("."), panel["title"]
        assert defaults["noValue"], panel["title"]
        assert defaults["unit"], panel["title"]
        assert defaults["thresholds"]["steps"], panel["title"]


def test_places_and_numbers_are_the_boards_own(board: Content) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in drawn(board):
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGHIJKL")[: len(panel["targets"])]


def test_identities_are_stable() -> None:
    """Links, bookmarks and alerts' annotations name them: they are never changed."""
    found = {name: checked_in(name)["uid"] for name in NAMES}
    assert found == {name: f"retrain-{name}" for name in NAMES}
    assert sorted(board.name for board in BOARDS) == sorted(NAMES)


def test_every_board_has_the_variables_marks_and_links(board: Content) -> None:
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert list(variables) == ["datasource", "model", "per", "exporter"]
    assert variables["exporter"]["query"] == "http://127.0.0.1:9464"
    marks = {mark["name"]: mark for mark in board["annotations"]["list"]}
    assert set(marks) == {"Annotations & Alerts", "Alarms", "Retrains", "Promotions", "Rollbacks"}
    assert all(mark["useValueForTime"] for mark in marks.values() if not mark.get("builtIn"))
    assert all(mark["expr"].endswith("* 1000") for mark in marks.values() if not mark.get("builtIn"))
    others = board["links"][0]
    assert (others["type"], others["tags"], others["includeVars"], others["keepTime"]) == (
        "dashboards",
        ["retrain"],
        True,
        True,
    )
    assert "retrain" in board["tags"]


def test_every_query_goes_to_the_chosen_prometheus(board: Content) -> None:
    for panel in drawn(board):
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


def test_unknown_is_never_made_zero(board: Content) -> None:
    for where, expression in expressions(board):
        assert not re.search(r"\bor\b|vector\(", expression), where
        assert "absent" not in expression, where
    for panel in drawn(board):
        assert panel["fieldConfig"]["defaults"].get("custom", {}).get("spanNulls") in (None, False), panel["title"]


def test_colours_are_of_the_palette(board: Content) -> None:
    known = {value for value in vars(palette).values() if isinstance(value, str) and COLOUR.fullmatch(value)}
    known |= set(palette.SIGNALS.values())
    assert set(COLOUR.findall(json.dumps(board))) <= known


def test_metrics_and_labels_are_those_that_are_exported(board: Content) -> None:
    for where, expression in expressions(board):
        for name, selector in re.findall(r"(retrain_\w+)(\{[^}]*\})?", expression):
            assert name in EXPORTED, f"{where}: {name}"
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            assert labels <= {*EXPORTED[name].labels, *ALWAYS}, f"{where}: {labels}"


def test_every_metric_is_of_use() -> None:
    rules = "".join(path.read_text() for path in RULES.glob("*.rules.yml"))
    used = set(re.findall(r"retrain_\w+", rules))
    for name in NAMES:
        for _, expression in expressions(checked_in(name)):
            used |= set(re.findall(r"retrain_\w+", expression))
    assert set(EXPORTED) - used == set(EXEMPT)


def test_links_name_a_model_that_grafana_knows(board: Content) -> None:
    """A line's label is filled in only where the query keeps it; a row's only where there is such a column."""
    several = next(each["multi"] for each in board["templating"]["list"] if each["name"] == "model")
    for link in board["links"][1:]:
        assert not several, link["title"]
    for panel in drawn(board):
        text = json.dumps(panel["fieldConfig"])
        if "${__field.labels.model}" in text:
            kept = [re.search(r"by \([^)]*\bmodel\b", target["expr"]) for target in panel["targets"]]
            assert all(kept), panel["title"]
        if "${__data.fields.Model}" in text:
            assert '"options": "Model"' in text, panel["title"]
        if "/models/${model}/" in text:
            assert not several, panel["title"]


def test_provisioning_finds_what_is_here() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert (source["type"], source["access"], source["url"]) == ("prometheus", "proxy", "$GRAFANA_PROMETHEUS_URL")
    (provider,) = yaml.safe_load((folder / "dashboards" / "retrain.yaml").read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"].startswith("$GRAFANA_DASHBOARDS")
    assert provider["allowUiUpdates"] is False
