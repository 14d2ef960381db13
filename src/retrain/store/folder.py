"""How does a folder keep the store's promise? Synced temporary files, linked to names that do not exist yet."""

import errno
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from retrain.errors import AlreadyExists, NotInStore, StoreError
from retrain.store.protocol import checked_key
from retrain.values import CHUNK_BYTES, digest_of_stream

SCRATCH = ".writing"
LINK_TRIES = 20
NEXT_STEP = {
    errno.ENOSPC: "the disk is full: free space there and run the same command again; nothing was half written",
    errno.EDQUOT: "the quota is used up: free space there and run the same command again; nothing was half written",
    errno.EROFS: "the file system is read-only: mount it writable, or set RETRAIN_STORE to another folder",
    errno.EACCES: "this user may not do that there: change its owner, or set RETRAIN_STORE to another folder",
    errno.ENOENT: "it is not there: mount it, or set RETRAIN_STORE to the folder that is meant",
    errno.ENOTDIR: "part of that path is a file: set RETRAIN_STORE to a folder",
    errno.EPERM: "this file system refuses hard links, on which create-only rests: keep the store on another disk",
    errno.ENOTSUP: "this file system has no hard links, on which create-only rests: keep the store on another disk",
}


class FolderStore:
    """The artifact store in a local folder; its twins pass the same contract suite (tests/contracts)."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def address(self) -> str:
        """The folder."""
        return str(self._root)

    def create(self, key: str, content: bytes) -> None:
        """See Store.create."""
        self._create(key, lambda stream: _write(stream, content))

    def create_from(self, key: str, source: Path) -> None:
        """See Store.create_from."""

        def copy(stream: BinaryIO) -> None:
            with source.open("rb") as origin:
                shutil.copyfileobj(origin, stream, CHUNK_BYTES)

        self._create(key, copy)

    def read(self, key: str) -> bytes:
        """See Store.read."""
        with self._opened(key) as stream:
            return stream.read()

    def fetch(self, key: str, target: Path) -> str:
        """See Store.fetch."""
        with self._opened(key) as stream:
            try:
                with target.open("wb") as copy:
                    return digest_of_stream(stream, copy)
            except FileNotFoundError as error:
                # Of the copy, not of the key: that one is there.
                raise StoreError(
                    f"could not copy {key!r} of the store {self.address} to {str(target)!r}: its folder is gone; run "
                    f"the same command again"
                ) from error

    def digest(self, key: str) -> str:
        """See Store.digest."""
        with self._opened(key) as stream:
            return digest_of_stream(stream)

    def delete(self, key: str) -> None:
        """See Store.delete. Folders that become empty go too."""
        path = self._path(key)
        try:
            path.unlink()
            _sync_folder(path.parent)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self._check_root()
            return
        except OSError as error:
            raise self._broken("delete", key, error) from error
        for above in path.relative_to(self._root).parents:
            with suppress(OSError):
                # Refused where something is left in it; whoever creates a key there meanwhile makes it again.
                if above != Path():
                    (self._root / above).rmdir()

    @contextmanager
    def _opened(self, key: str) -> Iterator[BinaryIO]:
        try:
            with self._path(key).open("rb") as stream:
                yield stream
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self._check_root()
            raise NotInStore(f"{key!r} is not in the store {self.address}") from None
        except OSError as error:
            raise self._broken("read", key, error) from error

    def keys(self, prefix: str) -> Iterator[str]:
        """See Store.keys."""
        above = prefix.rpartition("/")[0]
        folder = self._root / checked_key(above) if "/" in prefix else self._root
        self._check_root()
        found = []
        for place, folders, files in os.walk(folder, onerror=self._unless_gone):
            folders[:] = [name for name in folders if not name.startswith(".")]
            below = Path(place).relative_to(self._root).as_posix()
            found += [name if below == "." else f"{below}/{name}" for name in files if not name.startswith(".")]
        yield from sorted(key for key in found if key.startswith(prefix))

    def names(self, prefix: str) -> Iterator[str]:
        """See Store.names. A folder that never got its key, because a writer was killed, is named too."""
        folder = self._root / checked_key(prefix.removesuffix("/")) if prefix else self._root
        try:
            found = [path.name for path in folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError) as error:
            if not self._root.is_dir():
                raise self._broken("list", prefix, error) from error
            found = []
        except OSError as error:
            raise self._broken("list", prefix, error) from error
        yield from sorted(name for name in found if not name.startswith("."))

    def _unless_gone(self, error: OSError) -> None:
        """A folder that may not be read is not an empty one; one that is not there has no keys."""
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise self._broken("list", self.address, error) from error

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _create(self, key: str, write: Callable[[BinaryIO], None]) -> None:
        target = self._path(key)
        try:
            if target.exists():
                raise AlreadyExists(key)
            scratch = self._root / SCRATCH
            self._make_folder(scratch)
            part = scratch / f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex}"
            try:
                with part.open("xb") as stream:
                    write(stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                # The link is the commit: it fails if the name exists, and a name only ever shows complete bytes.
                self._link(part, target)
            finally:
                part.unlink(missing_ok=True)
            _sync_folder(target.parent)
        except FileExistsError:
            raise AlreadyExists(key) from None
        except OSError as error:
            raise self._broken("write", key, error) from error

    def _link(self, part: Path, target: Path) -> None:
        for left in reversed(range(LINK_TRIES)):
            try:
                self._make_folder(target.parent)
                os.link(part, target)
            except FileNotFoundError:
                # A deletion found the folder empty and took it away in between.
                if not left:
                    raise
            else:
                return

    def _check_root(self) -> None:
        """A file where the store should be is no empty store: a champion must not seem to be gone."""
        place = self._root
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            error = NotADirectoryError(errno.ENOTDIR, "Not a directory")
            raise self._broken("read", place.name, error)

    def _make_folder(self, folder: Path) -> None:
        """Create a folder so that it outlives a power cut: each new name is synced in its parent."""
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            new.mkdir(exist_ok=True)
            _sync_folder(new.parent)

    def _broken(self, doing: str, key: str, error: OSError) -> StoreError:
        step = NEXT_STEP.get(error.errno or 0, "look at the disk, then run the same command again")
        return StoreError(f"could not {doing} {key!r} in the store {self.address} ({error.strerror}): {step}")


def remove_leftovers(root: Path) -> int:
    """Delete what killed writers of this machine left in the scratch folder; returns how many files that were."""
    removed = 0
    for part in sorted((root / SCRATCH).glob(f"{socket.gethostname()}-*-*")):
        pid = part.name.removeprefix(f"{socket.gethostname()}-").split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            part.unlink(missing_ok=True)
            removed += 1
    return removed


def _write(stream: BinaryIO, content: bytes) -> None:
    stream.write(content)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
