"""What was right, as far as anybody has said since? Labels arrive late, by id, from people, outcomes and models."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from retrain.errors import LogError
from retrain.production.columns import RequiredColumns
from retrain.production.instants import SECOND, micros, parse
from retrain.production.partitions import is_log
from retrain.production.quarantine import BrokenValueError, Quarantine, Reason
from retrain.production.records import Record, read_records
from retrain.production.rows import identity, is_blank, name
from retrain.production.window import BrokenRow

SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".csv")
SKEW = 5 * 60 * SECOND
"""Five minutes, as for predictions."""
HUMAN, OUTCOME, MODEL = "human", "outcome", "model:"
SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "label": pl.String(),
    "labelled_at": pl.Datetime("us", "UTC"),
    "labeller": pl.String(),
}

Label = tuple[int, int, str, str]
"""Trust, labelled_at, labeller, label: of two labels for one id the greater tuple counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """One label an id. `rows`: `id`, `label`, `labelled_at` datetime[us, UTC], `labeller`, ordered by id."""

    rows: pl.DataFrame
    superseded: int = 0
    """Labels that gave way to a better or later one for the same id."""
    quarantined: dict[str, int] = field(default_factory=dict)
    """Reason to number of broken rows."""
    broken: tuple[BrokenRow, ...] = ()
    """A few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Production rows whose right answer is known."""

    rows: pl.DataFrame
    """The columns of the window, and `label`, `labelled_at`, `labeller`; in the window's order."""
    unknown: int
    """Labels whose id is not among the window's rows: other windows', or not sampled, or misspelt."""
    by_labeller: dict[str, int]
    """Kind of labeller (`human`, `outcome`, `model`) to rows."""


def not_by_models(rows: pl.DataFrame) -> pl.DataFrame:
    """The labels of people and outcomes: what a model said is no truth to measure another one by."""
    return rows.filter(~pl.col("labeller").str.starts_with(MODEL))


def read_labels(place: Path, *, now: datetime) -> Labels:
    """Read a label log: a file, or a folder with `.jsonl`, `.jsonl.gz`, `.csv` or `.parquet` at any depth.

    Of several labels for one id human beats outcome beats model, then the latest counts. Broken rows are counted.
    Raises LogError if nothing is there, or if no row has a required column.
    """
    root = place if place.is_dir() else place.parent
    quarantine = Quarantine(root)
    best: dict[str, Label] = {}
    total = 0
    columns = RequiredColumns({column: column for column in SCHEMA}, "Rename the log's column")
    for file, record in _records(place):
        if not isinstance(record.content, Reason):
            columns.note(file, record.content)
        try:
            key, label = _label(record, micros(now) + SKEW)
        except BrokenValueError as error:
            quarantine.add(file, record.line, error.reason)
            continue
        total += 1
        best[key] = max(best.get(key, label), label)
    columns.check()
    return Labels(
        rows=_frame(best),
        superseded=total - len(best),
        quarantined=quarantine.counts(),
        broken=quarantine.examples(),
    )


def labelled(rows: pl.DataFrame, labels: Labels) -> Labelled:
    """The rows of a window that have a label."""
    joined = rows.join(labels.rows, on="id", how="inner", maintain_order="left")
    kinds = Counter(str(labeller).partition(":")[0] for labeller in joined["labeller"])
    return Labelled(rows=joined, unknown=labels.rows.height - joined.height, by_labeller=dict(sorted(kinds.items())))


def _records(place: Path) -> Iterator[tuple[Path, Record]]:
    if not place.exists():
        raise LogError(
            f"label log {str(place)!r}: nothing there; expected a file or folder of id, label, labelled_at, labeller "
            f"({', '.join(SUFFIXES)}). Create it, or mend production.labels in the spec"
        )
    if place.is_file() and not place.name.endswith(SUFFIXES):
        raise LogError(f"label log {str(place)!r}: found {place.suffix!r}, expected {', '.join(SUFFIXES)}; convert it")
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if is_log(path, SUFFIXES))
    for file in files:
        for record in read_records(file):
            yield file, record


def _label(record: Record, latest: int) -> tuple[str, Label]:
    content = record.content
    if isinstance(content, Reason):
        raise BrokenValueError(content)
    if is_blank(content.get("id")):
        raise BrokenValueError(Reason.NO_ID)
    key = identity(content["id"])
    label = name(content.get("label"), (Reason.NO_LABEL, Reason.BAD_LABEL))
    instant = parse(content.get("labelled_at"))
    if instant > latest:
        raise BrokenValueError(Reason.FUTURE)
    labeller = name(content.get("labeller"), (Reason.BAD_LABELLER, Reason.BAD_LABELLER))
    return key, (_trust(labeller), instant, labeller, label)


def _trust(labeller: str) -> int:
    if labeller in (HUMAN, OUTCOME):
        return 2 if labeller == HUMAN else 1
    if labeller.startswith(MODEL) and len(labeller) > len(MODEL):
        return 0
    raise BrokenValueError(Reason.BAD_LABELLER)


def _frame(best: Mapping[str, Label]) -> pl.DataFrame:
    ids = sorted(best)
    columns = {
        "id": ids,
        "label": [best[key][3] for key in ids],
        "labelled_at": [best[key][1] for key in ids],
        "labeller": [best[key][2] for key in ids],
    }
    return pl.DataFrame(columns, schema=SCHEMA)
