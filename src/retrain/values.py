"""What is a fact in this project? A frozen value with one canonical form, and a digest of that form."""

import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict

CHUNK_BYTES = 1 << 20


class Value(BaseModel):
    """A fact: frozen, closed (no unknown fields), and without NaN or infinity, so that it always has a JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def canonical(self) -> bytes:
        """The one byte string that stands for this value: sorted keys, no spaces, UTF-8."""
        return canonical_json(self.model_dump(mode="json"))


class Policy(BaseModel):
    """The numbers of one stage. Each has a default and a description that says where the default comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    def canonical(self) -> bytes:
        """The one byte string that stands for this policy."""
        return canonical_json(self.model_dump(mode="json"))


def canonical_json(content: Any) -> bytes:
    """Encode plain JSON content in its canonical form; NaN is refused, since no other reader would accept it."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", errors="surrogatepass")


def digest_of(content: bytes) -> str:
    """SHA-256 of the content, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of_text(text: str) -> str:
    """SHA-256 of a text, lone surrogates included: production logs hold them."""
    return digest_of(text.encode("utf-8", errors="surrogatepass"))


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file, read in pieces, so that memory does not grow with its size."""
    with path.open("rb") as stream:
        return digest_of_stream(stream)


def digest_of_stream(stream: BinaryIO, copy: BinaryIO | None = None) -> str:
    """SHA-256 of all that is left of a stream; written to `copy` on the way, so that it is read once."""
    seen = hashlib.sha256()
    while piece := stream.read(CHUNK_BYTES):
        seen.update(piece)
        if copy is not None:
            copy.write(piece)
    return seen.hexdigest()


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 row`, `0 rows`, `1,200 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def short(digest: str) -> str:
    """The first 12 digits: what people read, and what commands accept in place of the whole."""
    return digest[:12]
