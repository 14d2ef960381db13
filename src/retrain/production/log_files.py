"""Where do lines go, and when does the next file begin? Append only; a line is whole, or it is the last of its file."""

import os
import re
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from retrain.production.prediction import Line

FILE_BYTES = 64 << 20
OPEN_DAYS = 3
"""Days around midnight, and one for rows that bring an old timestamp."""


@dataclass(slots=True)
class _File:
    descriptor: int
    size: int = 0


@dataclass(slots=True)
class LogFiles:
    """The open files of one process, one a day."""

    folder: Path
    file_bytes: int = FILE_BYTES
    """A file that has reached this size is followed by a new one. 64 MiB: a few seconds of reading."""
    _open: dict[date, _File] = field(default_factory=dict)
    _full: list[_File] = field(default_factory=list)

    def append(self, lines: Sequence[Line]) -> tuple[int, OSError | None]:
        """Write lines and sync them. Returns how many of them, from the front, are safe, and what stopped the rest."""
        done, stopped = 0, None
        try:
            self._leave_deleted()
            for line in lines:
                self._write(line.day, line.content)
                done += 1
        except OSError as error:
            stopped = error
        try:
            self._sync()
        except OSError as error:
            # After a failed sync the kernel may have dropped the pages, so all is written again, to new files; rows
            # that were safe after all are then there twice, under one id.
            self.close()
            return 0, error
        return done, stopped

    def close(self) -> None:
        """Close all files; the next line begins new ones. In a forked child the parent's files stay as they are."""
        for day in list(self._open):
            self._retire(day)
        while self._full:
            os.close(self._full.pop().descriptor)

    def _write(self, day: date, content: bytes) -> None:
        file = self._file(day)
        try:
            written = os.write(file.descriptor, content)
        except OSError:
            self._take_back(day, file)
            raise
        if written < len(content):
            self._take_back(day, file)
            raise OSError(f"wrote {written} of {len(content)} bytes")
        file.size += written

    def _file(self, day: date) -> _File:
        file = self._open.get(day)
        if file is not None and file.size < self.file_bytes:
            return file
        self._retire(day)
        while len(self._open) >= OPEN_DAYS:
            self._retire(next(iter(self._open)))
        partition = self.folder / f"date={day.isoformat()}"
        partition.mkdir(parents=True, exist_ok=True)
        path = partition / f"{_host()}-{os.getpid()}-{uuid.uuid4().hex}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        file = self._open[day] = _File(os.open(path, flags, 0o666))
        _sync_folder(partition)
        return file

    def _take_back(self, day: date, file: _File) -> None:
        """Remove a torn line. If that fails too, it stays the last of its file, and readers count it as broken."""
        try:
            os.ftruncate(file.descriptor, file.size)
        except OSError:
            self._retire(day)

    def _sync(self) -> None:
        for file in (*self._open.values(), *self._full):
            os.fsync(file.descriptor)
        while self._full:
            os.close(self._full.pop().descriptor)

    def _leave_deleted(self) -> None:
        """Lines written to a file that somebody has deleted would be lost in silence."""
        for day, file in list(self._open.items()):
            if os.fstat(file.descriptor).st_nlink == 0:
                self._retire(day)

    def _retire(self, day: date) -> None:
        """No more lines go to this file; it is closed once it is synced."""
        file = self._open.pop(day, None)
        if file is not None:
            self._full.append(file)


def _host() -> str:
    """The host's name, fit for a file name that readers do not take for a hidden one."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:60].lstrip(".-") or "host"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
