"""What is sent, and is it still what was promised when the last byte goes out?"""

import base64
import hashlib
import io
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from retrain.values import CHUNK_BYTES


class SourceChanged(Exception):  # never leaves the room
    """The source no longer holds the bytes that were promised; the last of them has not been sent."""


class Body:
    """Bytes to put: their digests first, then the bytes, any number of times.

    A file may be written to while it is read. So what is sent is digested once more on its way, and the piece that
    would complete it is held back unless all is as promised: the server, which was told the length, keeps nothing.
    """

    def __init__(self, content: bytes | Path) -> None:
        self.content = content
        self._stream: BinaryIO = io.BytesIO()
        self.changed = False
        self.size = 0
        seen, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with self:
            while piece := self._stream.read(CHUNK_BYTES):
                seen.update(piece)
                md5.update(piece)
                self.size += len(piece)
        self.digest = seen.hexdigest()
        self.md5 = base64.b64encode(md5.digest()).decode()
        """As the header Content-MD5 wants it, which every server checks: it refuses bytes that were damaged."""

    def __enter__(self) -> Self:
        self._seen = hashlib.sha256()
        if isinstance(self.content, Path):
            self._stream = self.content.open("rb")
        else:
            self._stream = io.BytesIO(self.content)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stream.close()

    def __len__(self) -> int:
        return self.size

    def read(self, size: int | None = -1) -> bytes:
        """The next piece, of the promised length at most."""
        left = self.size - self._stream.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        piece = self._stream.read(wanted)
        self._seen.update(piece)
        whole = self._stream.tell() == self.size
        if len(piece) < wanted or (piece and whole and self._seen.hexdigest() != self.digest):
            self.changed = True
            raise SourceChanged
        return piece

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """To the start, to be sent again; elsewhere only to be measured."""
        if whence == io.SEEK_END:
            offset += self.size
        elif whence == io.SEEK_CUR:
            offset += self._stream.tell()
        if offset == 0:
            self._seen = hashlib.sha256()
        return self._stream.seek(offset)

    def tell(self) -> int:
        """How far it was read."""
        return self._stream.tell()
