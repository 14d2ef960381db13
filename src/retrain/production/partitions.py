"""Which files of the production log may hold the rows of a span of time?"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from retrain.errors import LogError

PREFIX = "date="
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz")
FILED_WRONG = timedelta(days=1)
"""A row may stand in the partition of the day before or after its own (time zones, midnight, a slow flush)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The folder of one day."""

    day: date
    folder: Path

    def files(self) -> list[Path]:
        """Its log files by name; hidden ones and those that begin with an underscore are other programs' scratch."""
        try:
            return sorted(path for path in self.folder.iterdir() if is_log(path))
        except OSError:
            # Reading the folder as if it were a file fails too, and is then counted as an unreadable file.
            return [self.folder]


def is_log(path: Path, suffixes: tuple[str, ...] = SUFFIXES) -> bool:
    """Whether a file name says that it is part of a log."""
    return path.name.endswith(suffixes) and not path.name.startswith((".", "_"))


def partitions(folder: Path) -> list[Partition]:
    """All days of a log, earliest first. Raises LogError for a folder that is not a log at all."""
    if not folder.is_dir():
        raise LogError(
            f"production log {str(folder)!r}: no such folder; expected one with {PREFIX}YYYY-MM-DD/ and in it "
            f"{', '.join(SUFFIXES)} files. Create it, or mend production.log in the spec"
        )
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise LogError(
            f"production log {str(folder)!r} cannot be listed ({error.strerror}); grant read access"
        ) from error
    days = [Partition(day=day, folder=path) for path in entries if (day := _day(path)) is not None]
    loose = [path.name for path in entries if is_log(path)]
    if loose and not days:
        raise LogError(
            f"production log {str(folder)!r}: found {loose[0]!r} directly in the folder, expected it in "
            f"{PREFIX}YYYY-MM-DD/. Move the files there, or mend production.log in the spec"
        )
    return sorted(days, key=lambda partition: partition.day)


def within(found: list[Partition], first: date, last: date) -> list[Partition]:
    """The partitions that may hold rows of the days first to last."""
    return [one for one in found if first - FILED_WRONG <= one.day <= last + FILED_WRONG]


def _day(path: Path) -> date | None:
    if not path.name.startswith(PREFIX):
        return None
    try:
        return date.fromisoformat(path.name.removeprefix(PREFIX))
    except ValueError:
        return None
