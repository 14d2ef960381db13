"""What is a panel, before Grafana's own format? Plain values, so that a dashboard's file reads like its content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["lines", "steps", "bars", "band", "stat", "names", "gauge", "table"]
"""`band`: stacked steps without gaps, for states. `names`: a stat that shows the series' name, not its value."""

Steps = Sequence[tuple[float | None, str]]
"""From which value on which colour; the first has no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One expression. In a table it is asked for one moment; its columns are its labels and `Value #<letter>`."""

    expr: str
    legend: str = ""
    per: bool = False
    """Asked once every $per, so that bars do not overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """From a value to a page. `${exporter}` and `${__field.labels.model}` are filled in by Grafana."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How numbers are written and coloured."""

    unit: str = "none"
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    steps: Steps = ()
    line: bool = False
    """Draw the steps as lines over the time axis."""
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Value (or text of a label) to the word and colour it is shown as."""
    nothing: str = "no data"
    """What stands where there is no series: unknown is not zero."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """Legend to colour."""
    links: tuple[Link, ...] = ()
    axis: bool = True
    """Whether the numbers beside the lines mean anything."""
    between: tuple[str, str] | None = None
    """Upper and lower legend of an interval, which is filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table, in the order they are shown."""

    source: str
    """A label's name, or `Value #A` for the first query."""
    header: str
    look: Look = Look()
    width: int | None = None
    filled: bool = False
    """Colour the cell, not just keep the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. Its number is its identity in links, so it never changes when another one is put before it."""

    number: int
    kind: Kind
    title: str
    says: str
    """How to read it: shown behind the small i."""
    queries: tuple[Query, ...]
    width: int = 12
    height: int = 8
    look: Look = Look()
    columns: tuple[Column, ...] = ()
    sorted_by: str = ""
    """Header of the column that a table is sorted by, the largest first."""
    legend: Literal["list", "table"] = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading, laid out from left to right, 24 units wide."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    name: str
    """Of its file, and after `retrain-` its stable identity in Grafana."""
    title: str
    says: str
    rows: tuple[Row, ...]
    days: int
    """How far back it looks at first."""
    several: bool
    """Whether several models can be chosen at once."""
    links: tuple[Link, ...] = ()

    @property
    def per(self) -> str:
        """What one bar counts at first: about thirty bars or fewer."""
        return {7: "6h", 30: "1d"}.get(self.days, "7d")

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in their order."""
        return tuple(panel for row in self.rows for panel in row.panels)


AT = "${exporter:raw}/models"
"""The exporter serves stable addresses, and sends on to what is newest."""
OF_SERIES = f"{AT}/${{__field.labels.model}}"
EVALUATION = Link(title="Last evaluation", url=f"{OF_SERIES}/evaluation")
DRIFT_REPORT = Link(title="Newest drift report", url=f"{OF_SERIES}/drift-report")
CARD = Link(title="The champion's model card", url=f"{OF_SERIES}/card")
"""Of the model of a line: only for series that keep the label."""

THIS_DRIFT_REPORT = Link(title="Newest drift report", url=f"{AT}/${{model}}/drift-report")
THIS_EVALUATION = Link(title="Last evaluation", url=f"{AT}/${{model}}/evaluation")
THIS_CARD = Link(title="The champion's model card", url=f"{AT}/${{model}}/card")
"""Of the one model that a dashboard shows."""

OF_ROW = f"{AT}/${{__data.fields.Model}}"
"""Of the model in a table's row, from its column with that header."""
