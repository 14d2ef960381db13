"""How does a dashboard become Grafana's JSON? Panels laid out in rows, and what all dashboards share."""

import json
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.palette import EVENTS
from dashboards.panels_grafana import SOURCE, link_to, panel
from dashboards.parts import Board

TAG = "retrain"
WIDTH = 24
EXPORTER = "http://127.0.0.1:9464"
SPANS = (1, 7, 30, 90, 365)
ROW_NUMBERS = 1000
"""Rows are numbered from here on, panels below it."""

MARKS = {
    "alarm": ("Alarms", "retrain_alarm_timestamp_seconds", "Drift alarm"),
    "retrain": ("Retrains", "retrain_last_run_timestamp_seconds", "Retrain ended"),
    "promotion": ("Promotions", "retrain_promoted_timestamp_seconds", "Promoted"),
    "rollback": ("Rollbacks", "retrain_rolled_back_timestamp_seconds", "Rolled back"),
}
"""Of the time axes: name, the metric whose value is the moment, and what is written at the mark."""


def render(board: Board) -> str:
    """The dashboard as it is checked in: the same bytes each time."""
    return json.dumps(content(board), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def content(board: Board) -> dict[str, Any]:
    """The dashboard as plain JSON content."""
    made = build.Dashboard(board.title).uid(f"retrain-{board.name}").description(board.says).tags([TAG])
    made.timezone("browser").time(f"now-{board.days}d", "now").refresh("1m").readonly()
    made.tooltip(model.DashboardCursorSync.CROSSHAIR).timepicker(_timepicker())
    made.with_variable(build.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    made.with_variable(_models(several=board.several)).with_variable(_per(board.per)).with_variable(_exporter())
    made.links([_to_dashboards(), *(link_to(link) for link in board.links)])
    _lay_out(made, board)
    plain: dict[str, Any] = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    for variable in plain["templating"]["list"]:
        if variable["type"] != "interval":
            # The SDK gives these to every kind of variable; Grafana knows them of this one.
            for name in ("auto", "auto_count", "auto_min"):
                del variable[name]
    # The SDK has no fields for what only Prometheus annotations know, so they are added to its plain form.
    plain["annotations"] = {"list": [_by_hand(), *(_mark(name) for name in MARKS)]}
    return plain


def _lay_out(made: Any, board: Board) -> None:
    top = 0
    for place, row in enumerate(board.rows):
        made.with_row(build.Row(row.title).id(ROW_NUMBERS + place).grid_pos(model.GridPos(x=0, y=top, w=WIDTH, h=1)))
        skyline = [top + 1] * WIDTH
        for part in row.panels:
            left = min(range(WIDTH - part.width + 1), key=lambda x: max(skyline[x : x + part.width]))
            high = max(skyline[left : left + part.width])
            made.with_panel(panel(part, left, high))
            skyline[left : left + part.width] = [high + part.height] * part.width
        top = max(skyline)


def _timepicker() -> Any:
    ranges = [
        build.TimeOption().display(f"Last {days} days" if days > 1 else "Last day").from_val(f"now-{days}d").to("now")
        for days in SPANS
    ]
    return build.TimePicker().quick_ranges(ranges).refresh_intervals(["1m", "5m", "1h"])


def _models(*, several: bool) -> Any:
    query = {"qryType": 1, "query": "label_values(retrain_ledger_up, model)", "refId": "model"}
    made = build.QueryVariable("model").label("Model").query(query).datasource(SOURCE)
    made.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.ALPHABETICAL_ASC)
    if several:
        everything = model.VariableOption(selected=True, text=["All"], value=["$__all"])
        made.multi(multi=True).include_all(include_all=True).all_value(".+").current(everything)
    return made


def _per(chosen_first: str) -> Any:
    chosen = model.VariableOption(selected=True, text=chosen_first, value=chosen_first)
    return build.IntervalVariable("per").label("Bars per").values("1h,6h,1d,7d,30d").current(chosen)


def _exporter() -> Any:
    chosen = model.VariableOption(selected=True, text=EXPORTER, value=EXPORTER)
    made = build.TextBoxVariable("exporter").label("Reports at").default_value(EXPORTER).current(chosen)
    return made.description("Where your browser reaches the exporter, which serves the reports that panels link to.")


def _to_dashboards() -> Any:
    made = build.DashboardLink("retrain").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    return made.as_dropdown(as_dropdown=True).include_vars(include_vars=True).keep_time(keep_time=True)


def _by_hand() -> dict[str, Any]:
    """Marks that people set in Grafana itself; every dashboard has them."""
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": EVENTS["retrain"],
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }


def _mark(name: str) -> dict[str, Any]:
    title, metric, words = MARKS[name]
    # Grafana takes the value for the moment, and wants milliseconds there.
    expr = f'max by (model) ({metric}{{model=~"$model"}}) * 1000'
    return {
        "datasource": SOURCE.to_json(),
        "enable": True,
        "expr": expr,
        "hide": False,
        "iconColor": EVENTS[name],
        "name": title,
        "step": "5m",
        "tagKeys": "model",
        "target": {"expr": expr, "interval": "5m", "refId": "Anno"},
        "textFormat": "{{model}}",
        "titleFormat": words,
        "useValueForTime": True,
    }
