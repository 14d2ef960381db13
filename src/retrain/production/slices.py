"""How is a Parquet file read in pieces that fit in memory, and what if it is torn?"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl

FIRST_ROWS, SLICE_ROWS = 25_000, 250_000
"""Rows of the first slice, and of the largest. Polars' own batches run ahead of the reader (1 GB for 6 million rows,
slices of 25,000 24 MB); larger ones where rows are small, since a slice unpacks its whole row group again."""
SLICE_BYTES = 96 << 20
"""A slice has as many rows as the one before lets expect in this memory."""
FEWEST_ROWS = 100
LINE = "__line"
TORN = (OSError, EOFError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


class UnreadableFileError(Exception):
    """A file that cannot be read any further. It is caught where files are read, and never leaves this stage."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line
        """The first row of the piece that could not be read; 0: nothing could."""


class Slices:
    """The pieces of one file, in order, with their row numbers, counted from 1, in the column `LINE`."""

    def __init__(self, path: Path, step: int = FIRST_ROWS) -> None:
        """`step`: rows of a slice, as the file before let expect."""
        self._path = path
        self._start = 0
        self.step = min(step, SLICE_ROWS)
        """Rows of the next slice."""
        self.names: tuple[str, ...] = ()
        """The columns of the file, known from the first piece on."""

    def __iter__(self) -> Iterator[pl.LazyFrame]:
        """Raises UnreadableFileError."""
        scan = pl.scan_parquet(self._path, glob=False, hive_partitioning=False, row_index_name=LINE, row_index_offset=1)
        rows = self._collected(scan.select(pl.len())).item()
        self.names = tuple(self._collected(scan.head(0)).columns[1:])
        with suppress(OSError):
            self.step = min(self.step, max(FEWEST_ROWS, SLICE_BYTES * rows // max(1, self._path.stat().st_size)))
        while self._start < rows:
            step = self.step
            yield scan.slice(self._start, step)
            self._start += step

    def moments(self, piece: pl.LazyFrame, column: str) -> pl.Series:
        """One column of a piece, null where the file has none of that name. Raises UnreadableFileError."""
        if column in self.names:
            return self._collected(piece.select(column)).to_series()
        return pl.repeat(None, self._collected(piece.select(pl.len())).item(), eager=True)

    def whole(self, piece: pl.LazyFrame) -> pl.DataFrame:
        """All of a piece that is of use; its size sets that of the next. Raises UnreadableFileError."""
        frame = self._collected(piece)
        expected = SLICE_BYTES * frame.height // max(1, int(frame.estimated_size()))
        self.step = max(1, min(SLICE_ROWS, 4 * self.step, max(expected, FEWEST_ROWS)))
        return frame

    def _collected(self, piece: pl.LazyFrame) -> pl.DataFrame:
        try:
            return piece.collect()
        except TORN:
            raise UnreadableFileError(self._start + 1 if self._start else 0) from None
