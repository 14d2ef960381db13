"""How are large, immutable things kept? As bundles: files, and a manifest whose digest is the bundle's name."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from retrain.errors import AlreadyExists, DigestMismatch, NotInStore, UnsafeName
from retrain.store.protocol import Store
from retrain.values import Value, digest_of, digest_of_file, short

MANIFEST = "manifest.json"


class StoredFile(Value):
    """One file of a bundle."""

    digest: str
    size: int


class Manifest(Value):
    """The table of contents of a bundle. Its canonical bytes are stored last: a bundle without it does not exist."""

    kind: str
    files: dict[str, StoredFile]
    about: dict[str, Any]


class Shelf:
    """All bundles of one kind, under one prefix: `<prefix>/<digest>/<file>`."""

    def __init__(self, store: Store, prefix: str, kind: str) -> None:
        self._store = store
        self._prefix = prefix
        self._kind = kind

    def put(self, files: Mapping[str, bytes | Path], about: Mapping[str, Any]) -> str:
        """Store files and what is to be said about them; returns the digest. The same content twice is one bundle."""
        entries = {_plain(name): _described(content) for name, content in files.items()}
        manifest = Manifest(kind=self._kind, files=entries, about=dict(about)).canonical()
        digest = digest_of(manifest)
        for name, content in files.items():
            self._create(self._key(digest, name), content)
        # The manifest comes last: a writer killed before this line leaves files that no one will ever name.
        self._create(self._key(digest, MANIFEST), manifest)
        return digest

    def manifest(self, digest: str) -> Manifest:
        """The manifest, verified against the bundle's name. Raises NotInStore or DigestMismatch."""
        content = self._store.read(self._key(digest, MANIFEST))
        if digest_of(content) != digest:
            raise DigestMismatch(
                f"{self._kind} {short(digest)} at {self._store.address}: its manifest has digest "
                f"{short(digest_of(content))}; it was changed after it was stored. Restore it from a backup"
            )
        try:
            return Manifest.model_validate_json(content)
        except ValidationError as error:
            raise DigestMismatch(f"{self._kind} {short(digest)}: its manifest is not one of ours: {error}") from error

    def read(self, digest: str, name: str) -> bytes:
        """One file of a bundle, verified."""
        promised = self.manifest(digest).files.get(name)
        if promised is None:
            raise NotInStore(f"{self._kind} {short(digest)} has no file {name!r}")
        content = self._store.read(self._key(digest, name))
        if digest_of(content) != promised.digest:
            raise DigestMismatch(self._tampered(digest, name))
        return content

    def holds(self, digest: str) -> bool:
        """Whether there is a bundle of that name, whole or not."""
        try:
            self.manifest(digest)
        except NotInStore:
            return False
        return True

    def verify_all(self, digest: str) -> None:
        """Raise DigestMismatch or NotInStore unless the store itself holds the whole bundle; a copy proves nothing."""
        for name, promised in self.manifest(digest).files.items():
            # Read where it lies: a copy of a large file would cost more than all the rest of a promotion.
            if self._store.digest(self._key(digest, _plain(name))) != promised.digest:
                raise DigestMismatch(self._tampered(digest, name))

    def lacking(self, digest: str, promised: Manifest) -> tuple[list[str], list[str]]:
        """Files of a bundle that the store has not, and those that it has otherwise than promised."""
        missing, changed = [], []
        wanted = {name: file.digest for name, file in promised.files.items()} | {MANIFEST: digest}
        for name, expected in wanted.items():
            try:
                found = self._store.digest(self._key(digest, name))
            except NotInStore:
                missing.append(name)
            except DigestMismatch:
                changed.append(name)
            else:
                changed += [name] if found != expected else []
        return missing, changed

    def restore(self, digest: str, copy: Path, names: Sequence[str]) -> None:
        """Create files again from a copy that the caller has verified; the manifest last, as in `put`."""
        for name in sorted(names, key=lambda each: (each == MANIFEST, each)):
            self._create(self._key(digest, name), copy / name)

    def fetch(self, digest: str, into: Path) -> Path:
        """A verified local copy, `into/<digest>`; made in a temporary folder and renamed, so never seen half."""
        manifest = self.manifest(digest)
        target = into / digest
        if target.is_dir() and _intact(target, manifest):
            return target
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into, prefix=".fetching-") as scratch:
            copy = Path(scratch) / digest
            copy.mkdir()
            for name, promised in manifest.files.items():
                self._fetch_file(digest, name, promised, copy / _plain(name))
            (copy / MANIFEST).write_bytes(manifest.canonical())
            self._install(copy, target, manifest)
        return target

    def remove(self, digest: str) -> None:
        """Delete a bundle, its manifest first: killed in between, what is left is files that no one will ever name."""
        manifest = self._key(digest, MANIFEST)
        self._store.delete(manifest)
        for key in list(self._store.keys(f"{self._prefix}/{digest}/")):
            self._store.delete(key)

    def address(self, digest: str, name: str) -> str:
        """Where a person finds a file of a bundle."""
        return f"{self._store.address}/{self._key(digest, name)}"

    def digests(self) -> Iterator[str]:
        """Every complete bundle."""
        ending = f"/{MANIFEST}"
        for key in self._store.keys(f"{self._prefix}/"):
            if key.endswith(ending):
                yield key.removesuffix(ending).rsplit("/", 1)[-1]

    def _key(self, digest: str, name: str) -> str:
        return f"{self._prefix}/{digest}/{name}"

    def _fetch_file(self, digest: str, name: str, promised: StoredFile, target: Path) -> None:
        if self._store.fetch(self._key(digest, name), target) != promised.digest:
            raise DigestMismatch(self._tampered(digest, name))

    def _create(self, key: str, content: bytes | Path) -> None:
        try:
            if isinstance(content, bytes):
                self._store.create(key, content)
            else:
                self._store.create_from(key, content)
        except AlreadyExists:
            # Content-addressed: what is there has our name, so it is what we meant; readers verify it in any case.
            return

    def _tampered(self, digest: str, name: str) -> str:
        return (
            f"{self._kind} {short(digest)}, file {name!r} at {self._store.address}: the bytes do not "
            f"match the manifest's "
            f"digest; it was changed or cut after it was stored. It is not used; restore it from a "
            f"backup, or promote another version"
        )

    @staticmethod
    def _install(copy: Path, target: Path, manifest: Manifest) -> None:
        if target.exists() and not _intact(target, manifest):
            damaged = Path(tempfile.mkdtemp(dir=target.parent, prefix=".damaged-"))
            target.rename(damaged / target.name)
            shutil.rmtree(damaged, ignore_errors=True)
        try:
            copy.rename(target)
        except OSError:
            # Another process installed the same bundle first; what counts is that it is whole.
            if not _intact(target, manifest):
                raise


def _plain(name: str) -> str:
    """A file name that stays in its folder."""
    if name != Path(name).name or name in ("", ".", "..", MANIFEST) or name.startswith(".") or "\\" in name:
        raise UnsafeName(f"file name {name!r} in a bundle is not a plain name; the bundle is not used")
    return name


def _described(content: bytes | Path) -> StoredFile:
    if isinstance(content, bytes):
        return StoredFile(digest=digest_of(content), size=len(content))
    return StoredFile(digest=digest_of_file(content), size=content.stat().st_size)


def intact(folder: Path, digest: str) -> Manifest | None:
    """The manifest of a local copy of a bundle that is whole; none of one that is not, whatever it says of itself."""
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest = Manifest.model_validate_json(content)
    except (OSError, ValidationError):
        return None
    return manifest if digest_of(content) == digest and _intact(folder, manifest) else None


def _intact(folder: Path, manifest: Manifest) -> bool:
    return all(
        (folder / name).is_file() and digest_of_file(folder / name) == promised.digest
        for name, promised in manifest.files.items()
    )
