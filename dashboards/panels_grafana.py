"""How does a panel become Grafana's JSON? One builder of Grafana's own SDK for each kind of panel."""

from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.parts import Column, Link, Look, Panel, Query

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Builder = Any
"""Builders of the SDK share their methods, but no base class that declares them."""


def panel(part: Panel, x: int, y: int) -> Builder:
    """The builder of one panel at its place."""
    kinds = {"stat": _stat, "names": _stat, "gauge": _gauge, "table": _table}
    made = kinds.get(part.kind, _series)(part)
    made.id(part.number).title(part.title).description(part.says).datasource(SOURCE)
    made.grid_pos(model.GridPos(x=x, y=y, w=part.width, h=part.height))
    for letter, query in zip(LETTERS, part.queries, strict=False):
        made.with_target(_target(part, letter, query))
    _look(made, part)
    return made


def _target(part: Panel, letter: str, query: Query) -> Builder:
    made = prometheus.Dataquery().expr(query.expr).ref_id(letter).datasource(SOURCE)
    made.legend_format(query.legend or "__auto")
    if part.kind == "table":
        return made.instant().format(PromQueryFormat.TABLE)
    if part.kind in ("stat", "names", "gauge"):
        return made.instant().format(PromQueryFormat.TIME_SERIES)
    return made.range().format(PromQueryFormat.TIME_SERIES).interval("$per" if query.per else "")


def _series(part: Panel) -> Builder:
    made = timeseries.Panel().line_width(2).show_points(options.VisibilityMode.AUTO)
    made.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING))
    made.legend(_legend(part))
    if part.kind == "bars":
        made.draw_style(options.GraphDrawStyle.BARS).fill_opacity(85).line_width(0).axis_soft_min(0)
        return made.stacking(_stacked())
    made.draw_style(options.GraphDrawStyle.LINE)
    if part.kind in ("steps", "band"):
        made.line_interpolation(options.LineInterpolation.STEP_AFTER)
    if part.kind == "band":
        made.fill_opacity(80).line_width(0).stacking(_stacked())
    if part.look.decimals == 0 and part.look.unit == "none":
        made.axis_soft_max(1)
    if not part.look.axis:
        made.axis_placement(options.AxisPlacement.HIDDEN)
    if part.look.between:
        upper, lower = part.look.between
        filling: list[tuple[str, object]] = [("custom.fillBelowTo", lower), ("custom.fillOpacity", 20)]
        made.override_by_name(upper, [model.DynamicConfigValue(id_val=name, value=value) for name, value in filling])
    if part.look.line:
        style = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        made.thresholds_style(style)
    return made


def _legend(part: Panel) -> Builder:
    shown = common.VizLegendOptions().show_legend(show_legend=True).placement(options.LegendPlacement.BOTTOM)
    if part.legend == "table":
        shown.placement(options.LegendPlacement.RIGHT)
        shown.calcs(["lastNotNull", "max"]).sort_by("Last *").sort_desc(sort_desc=True)
        return shown.display_mode(options.LegendDisplayMode.TABLE)
    return shown.display_mode(options.LegendDisplayMode.LIST).calcs([])


def _stacked() -> Builder:
    return common.StackingConfig().mode(options.StackingMode.NORMAL).group("A")


def _stat(part: Panel) -> Builder:
    made = stat.Panel().graph_mode(options.BigValueGraphMode.NONE).reduce_options(_newest())
    made.justify_mode(options.BigValueJustifyMode.CENTER).orientation(options.VizOrientation.VERTICAL)
    if part.kind == "names":
        return made.text_mode(options.BigValueTextMode.NAME).color_mode(options.BigValueColorMode.BACKGROUND_SOLID)
    made.color_mode(options.BigValueColorMode.VALUE)
    several = len(part.queries) > 1
    return made.text_mode(options.BigValueTextMode.VALUE_AND_NAME if several else options.BigValueTextMode.VALUE)


def _gauge(_part: Panel) -> Builder:
    made = bargauge.Panel().display_mode(options.BarGaugeDisplayMode.BASIC).reduce_options(_newest())
    made.value_mode(options.BarGaugeValueMode.TEXT).show_unfilled(show_unfilled=True)
    made.text(common.VizTextDisplayOptions().title_size(13).value_size(14))
    return made.orientation(options.VizOrientation.HORIZONTAL).name_placement(options.BarGaugeNamePlacement.LEFT)


def _newest() -> Builder:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(values=False)


def _table(part: Panel) -> Builder:
    made = table.Panel().show_header(show_header=True).cell_height(options.TableCellHeight.SM)
    made.align(options.FieldTextAlignment.AUTO).inspect(inspect=False).cell_options(options.TableAutoCellOptions())
    if len(part.queries) > 1:
        made.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    shown = {column.source: place for place, column in enumerate(part.columns)}
    values = [f"Value #{letter}" for letter, _ in zip(LETTERS, part.queries, strict=False)]
    hidden = {name: True for name in ("Time", "Value", *values) if name not in shown}
    names = {column.source: column.header for column in part.columns}
    organize = {"excludeByName": hidden, "indexByName": shown, "renameByName": names}
    made.with_transformation(model.DataTransformerConfig(id_val="organize", options=organize))
    if part.sorted_by:
        made.sort_by([common.TableSortByFieldState().display_name(part.sorted_by).desc(desc=True)])
    for column in part.columns:
        made.override_by_name(column.header, _column(column))
    return made


def _column(column: Column) -> list[Builder]:
    look = column.look
    seen: dict[str, object] = {"unit": look.unit, "noValue": look.nothing}
    if look.decimals is not None:
        seen["decimals"] = look.decimals
    if look.words:
        seen["mappings"] = _mappings(look.words)
    if look.steps:
        seen |= {"thresholds": _thresholds(look).build(), "color": {"mode": "thresholds"}}
    if look.links:
        seen["links"] = [{"title": link.title, "url": link.url, "targetBlank": True} for link in look.links]
    if column.width:
        seen["custom.width"] = column.width
    if column.filled:
        solid = options.TableCellBackgroundDisplayMode.BASIC
        seen["custom.cellOptions"] = options.TableColoredBackgroundCellOptions(mode=solid)
    return [model.DynamicConfigValue(id_val=name, value=value) for name, value in seen.items()]


def _look(made: Builder, part: Panel) -> None:
    """What every kind of panel has: unit, bounds, thresholds, words, colours, links, and what unknown looks like."""
    look = part.look
    made.unit(look.unit).no_value(look.nothing)
    if look.decimals is not None:
        made.decimals(look.decimals)
    if look.low is not None:
        made.min(look.low)
    if look.high is not None:
        made.max(look.high)
    made.thresholds(_thresholds(look))
    coloured = part.kind in ("stat", "names", "gauge") and (look.steps or look.words) and not look.colours
    mode = model.FieldColorModeId.THRESHOLDS if coloured else model.FieldColorModeId.PALETTE_CLASSIC
    made.color_scheme(build.FieldColor().mode(mode))
    if look.words:
        made.mappings(_mappings(look.words))
    if look.links:
        made.data_links([link_to(link) for link in look.links])
    for name, colour in look.colours.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        made.override_by_name(name, [model.DynamicConfigValue(id_val="color", value=fixed)])


def link_to(link: Link) -> Builder:
    """A link that opens beside the dashboard."""
    return build.DashboardLink(link.title).url(link.url).target_blank(target_blank=True).icon("external link")


def _thresholds(look: Look) -> Builder:
    steps = look.steps or ((None, "text"),)
    made = build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE)
    return made.steps([model.Threshold(value=value, color=colour) for value, colour in steps])


def _mappings(words: Mapping[str, tuple[str, str]]) -> list[Builder]:
    results = {
        value: model.ValueMappingResult(text=word, color=colour, index=place)
        for place, (value, (word, colour)) in enumerate(words.items())
    }
    return [model.ValueMap(options=results)]
