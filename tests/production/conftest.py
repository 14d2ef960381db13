"""A small production log that tests write by hand."""

import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retrain.production.policy import ProductionPolicy
from retrain.production.reader import read_window
from retrain.production.window import Window

DAY = datetime(2026, 3, 10, tzinfo=UTC)
NOW = datetime(2026, 3, 12, tzinfo=UTC)
Content = dict[str, Any]


@dataclass(frozen=True)
class Log:
    """A log folder, written file by file and read with one policy."""

    folder: Path

    def row(self, number: int = 0, **changes: Any) -> Content:
        """A sound row of DAY, one a second; a change to None removes the field."""
        row = {
            "id": f"row-{number}",
            "timestamp": (DAY + timedelta(seconds=number)).isoformat(),
            "input": f"where is my card {number}",
            "output": "card_arrival",
            "model_version": "v1",
            "confidence": 0.75,
        }
        return {name: value for name, value in {**row, **changes}.items() if value is not None}

    def write(self, name: str, rows: Sequence[Content], day: datetime = DAY) -> Path:
        """Write a file in the format that its name says."""
        return self.write_bytes(name, encoded(name, rows), day)

    def write_bytes(self, name: str, content: bytes, day: datetime = DAY) -> Path:
        """Write a file as it is."""
        partition = self.folder / f"date={day.date().isoformat()}"
        partition.mkdir(parents=True, exist_ok=True)
        path = partition / name
        path.write_bytes(content)
        return path

    def policy(self, **changes: Any) -> ProductionPolicy:
        """How this log is read."""
        return ProductionPolicy(log=str(self.folder), **changes)

    def read(self, start: datetime = DAY, hours: float = 24, **policy: Any) -> Window:
        """Read a window, by default all of DAY."""
        return read_window(self.folder, self.policy(**policy), start=start, end=start + timedelta(hours=hours), now=NOW)


def encoded(name: str, rows: Sequence[Content]) -> bytes:
    """Rows as Parquet, JSON Lines or gzipped JSON Lines."""
    if name.endswith(".parquet"):
        buffer = io.BytesIO()
        pl.DataFrame(list(rows), infer_schema_length=None).write_parquet(buffer)
        return buffer.getvalue()
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return gzip.compress(lines) if name.endswith(".gz") else lines


@pytest.fixture
def log(tmp_path: Path) -> Log:
    folder = tmp_path / "log"
    folder.mkdir()
    return Log(folder)
