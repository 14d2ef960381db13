"""How do rows become the table of a window? Read one by one or as a file has them, the same rows give the same."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.production.policy import ProductionPolicy
from retrain.production.rows import NAME_CHARS, Row, Scores, group_value, read_scores
from retrain.production.window import SCORES

PLAIN: Mapping[str, pl.DataType] = {
    "id": pl.String(),
    "timestamp": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("input", "output", "model_version"), pl.String()),
    **dict.fromkeys(("confidence", "entropy"), pl.Float64()),
    "scores": SCORES,
}


def together(tables: Sequence[pl.DataFrame], policy: ProductionPolicy) -> pl.DataFrame:
    """All rows ordered by timestamp, then id."""
    unknown = [pl.col(f"number_{name}").fill_nan(None) for name in policy.numbers]
    return pl.concat(tables or [of_rows([], policy)]).with_columns(unknown).sort("timestamp", "id")


def of_rows(rows: Sequence[Row], policy: ProductionPolicy) -> pl.DataFrame:
    """Rows that were read one by one; numbers that are not known are NaN."""
    columns: dict[str, object] = {column: [getattr(row, column) for row in rows] for column in PLAIN}
    columns["scores"] = _scores([row.scores for row in rows])
    groups = {f"group_{name}": [row.groups[place] for row in rows] for place, name in enumerate(policy.groups)}
    numbers = np.frombuffer(b"".join(row.numbers for row in rows)).reshape(len(rows), len(policy.numbers))
    return _table(columns, groups, numbers, policy)


def of_sound(
    frame: pl.DataFrame, instants: pl.Series, numbers: NDArray[np.float64], policy: ProductionPolicy
) -> pl.DataFrame:
    """Rows known to be sound: what `read_row` would make of them, by column."""
    names = policy.columns
    nothing = pl.repeat(None, frame.height, eager=True)
    given = {name: frame[name] if name in frame.columns else nothing for name in dict(names).values()}
    read = [read_scores(value) for value in given[names.scores].to_list()]
    columns = {
        "id": given[names.id].cast(pl.String),
        "timestamp": instants,
        "input": given[names.input],
        "output": given[names.output],
        "model_version": given[names.model_version].cast(pl.String).str.slice(0, NAME_CHARS),
        "confidence": given[names.confidence].cast(pl.Float64),
        "entropy": [entropy for entropy, _ in read],
        "scores": _scores([scores for _, scores in read]),
    }
    groups = {name: _group(frame, name) for name in (f"group_{one}" for one in policy.groups)}
    return _table(columns, groups, numbers, policy)


def _group(frame: pl.DataFrame, column: str) -> list[str | None]:
    return list(map(group_value, frame[column].to_list() if column in frame.columns else [None] * frame.height))


def _table(
    columns: Mapping[str, object],
    groups: Mapping[str, Sequence[str | None]],
    numbers: NDArray[np.float64],
    policy: ProductionPolicy,
) -> pl.DataFrame:
    schema = {**PLAIN, **dict.fromkeys(groups, pl.String())}
    beside = [pl.Series(f"number_{name}", numbers[:, place]) for place, name in enumerate(policy.numbers)]
    return pl.DataFrame({**columns, **groups}, schema=schema).with_columns(beside)


def _scores(rows: Sequence[Scores | None]) -> pl.Series:
    """Built by column: a struct at a time costs more than all the rest of a window."""
    given = [(place, *pair) for place, scores in enumerate(rows) for pair in scores or ()]
    columns = zip(*given, strict=True) if given else ((), (), ())
    kinds: dict[str, pl.DataType] = {"row": pl.UInt32(), "label": pl.String(), "probability": pl.Float32()}
    pairs = pl.DataFrame(dict(zip(kinds, columns, strict=True)), schema=kinds)
    lists = pairs.group_by("row", maintain_order=True).agg(scores=pl.struct("label", "probability"))
    every = pl.DataFrame({"row": pl.arange(len(rows), dtype=pl.UInt32, eager=True)})
    return every.join(lists, on="row", how="left", maintain_order="left")["scores"].cast(SCORES)
