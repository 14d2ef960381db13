"""Which texts were embedded before? A folder of vectors by digest of base and text, bounded, rebuilt when broken."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrain.drift.observation import Embed, Vectors
from retrain.values import digest_of, digest_of_file

CACHE_BYTES = 256 << 20
"""Kept at most: 160,000 vectors of 384 numbers. What was neither written nor used for longest goes first."""
SUFFIX = ".vectors"
KEY_BYTES = 32


class EmbeddingCache:
    """An `Embed` that asks another one only for texts it has not seen.

    A file holds what one call embedded, under the SHA-256 of its content: a torn or changed one is known, removed, and
    its texts embedded again. Files are complete before they have their name; several processes may share the folder.
    A base's vector of a text varies in the seventh digit with the texts beside it; the first one made is kept.
    """

    def __init__(self, folder: Path, embed: Embed, *, base: str, limit: int = CACHE_BYTES) -> None:
        """`base`: what else the vectors depend on, such as the digest of the weights and the longest text read."""
        self._folder = folder
        self._embed = embed
        self._base = base
        self._limit = limit

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors in the order of the texts."""
        keys = [digest_of(f"{self._base}\0{text}".encode("utf-8", "surrogatepass")) for text in texts]
        found = self._known(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            fresh = np.asarray(self._embed(list(missing.values())), dtype="<f4")
            found |= dict(zip(missing, fresh, strict=True))
            # A cache that cannot be written costs time, never a check.
            with suppress(OSError):
                self._write(list(missing), fresh)
        return np.array([found[key] for key in keys], dtype=np.float32) if keys else self._embed(texts)

    def _known(self, wanted: set[str]) -> dict[str, NDArray[np.float32]]:
        """Newest files first, until nothing is wanted any more."""
        found: dict[str, NDArray[np.float32]] = {}
        for file in self._files():
            if len(found) == len(wanted):
                break
            here = {key: vector for key, vector in _read(file) if key in wanted}
            if here:
                found |= here
                with suppress(OSError):
                    os.utime(file)
        return found

    def _files(self) -> list[Path]:
        """By time of last use, latest first."""
        times: dict[Path, float] = {}
        for file in self._folder.glob(f"*{SUFFIX}"):
            # Another process may have removed it.
            with suppress(OSError):
                times[file] = file.stat().st_mtime
        return sorted(times, key=lambda file: (-times[file], file.name))

    def _write(self, keys: list[str], vectors: Vectors) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        table = np.zeros(len(keys), dtype=_row(vectors.shape[1]))
        table["key"] = [np.frombuffer(bytes.fromhex(key), dtype=np.uint8) for key in keys]
        table["vector"] = vectors
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as stream:
            try:
                np.save(stream, table, allow_pickle=False)
                stream.close()
                Path(stream.name).replace(self._folder / f"{digest_of_file(Path(stream.name))}{SUFFIX}")
            except BaseException:
                Path(stream.name).unlink(missing_ok=True)
                raise
        self._trim()

    def _trim(self) -> None:
        held = 0
        for file in self._files():
            with suppress(OSError):
                held += file.stat().st_size
                if held > self._limit:
                    file.unlink()


def _row(width: int) -> np.dtype[np.void]:
    return np.dtype([("key", np.uint8, (KEY_BYTES,)), ("vector", "<f4", (width,))])


def _read(file: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """What a file holds; nothing if it is not what its name says."""
    try:
        whole = digest_of_file(file) == file.name.removesuffix(SUFFIX)
        table = np.load(file, allow_pickle=False) if whole else None
    except (OSError, ValueError):
        return
    if table is None:
        with suppress(OSError):
            file.unlink()
        return
    for key, vector in zip(table["key"], table["vector"], strict=True):
        yield key.tobytes().hex(), vector
