"""What stands in one log file? A record a line, or the reason why there is none; reading never fails as a whole."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from retrain.production.quarantine import Reason
from retrain.production.slices import LINE, Slices, UnreadableFileError

LINE_BYTES = 64 << 20
"""Longer lines are skipped, so that a file without line ends cannot fill the memory."""
BOM = b"\xef\xbb\xbf"

Content = dict[str, object]


class Record(NamedTuple):
    """One line of a file."""

    line: int
    content: Content | Reason


def read_records(path: Path) -> Iterator[Record]:
    """All records of one file. What stands before a tear is given, and the tear itself is a record with a reason."""
    line = 0
    try:
        for record in _source(path):
            line = record.line
            yield record
    except (OSError, EOFError, zlib.error, UnreadableFileError):
        yield Record(line + 1 if line else 0, Reason.UNREADABLE_FILE)


def _source(path: Path) -> Iterator[Record]:
    if path.name.endswith(".parquet"):
        return _parquet(path)
    if path.name.endswith(".csv"):
        return _csv(path)
    return _gzip_lines(path) if path.name.endswith(".gz") else _plain_lines(path)


def _plain_lines(path: Path) -> Iterator[Record]:
    with path.open("rb") as stream:
        yield from _json_lines(stream)


def _gzip_lines(path: Path) -> Iterator[Record]:
    with gzip.open(path, "rb") as stream:
        yield from _json_lines(stream)


def _json_lines(stream: IO[bytes] | gzip.GzipFile) -> Iterator[Record]:
    number = 0
    while raw := stream.readline(LINE_BYTES):
        number += 1
        if len(raw) == LINE_BYTES and not raw.endswith(b"\n"):
            while (rest := stream.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield Record(number, Reason.LINE_TOO_LONG)
        elif not raw.isspace():
            yield Record(number, _decode(raw.removeprefix(BOM) if number == 1 else raw))


def _decode(raw: bytes) -> Content | Reason:
    try:
        content = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return Reason.NOT_UTF8
    except (ValueError, RecursionError):
        return Reason.NOT_JSON
    return content if isinstance(content, dict) else Reason.NOT_OBJECT


def _csv(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        rows = csv.DictReader(stream)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield Record(rows.line_num, Reason.NOT_CSV)
            else:
                # A row longer than the header has its surplus under None.
                yield Record(rows.line_num, Reason.NOT_CSV if None in row else dict(row))


def _parquet(path: Path) -> Iterator[Record]:
    slices = Slices(path)
    for piece in slices:
        for row in slices.whole(piece).iter_rows(named=True):
            yield Record(row.pop(LINE), row)
