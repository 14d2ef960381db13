"""How does a bucket keep the store's promise? Conditional puts, marked with who sent them, and digests of our own."""

import hashlib
import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from retrain.errors import AlreadyExists, DigestMismatch, NotInStore, StoreError, UnsafeName
from retrain.store.patience import Patience
from retrain.store.protocol import checked_key
from retrain.store.s3_address import S3Address, parse_address
from retrain.store.s3_body import Body, SourceChanged
from retrain.store.s3_bucket_boto3 import DELETE, DIGEST, Bucket
from retrain.store.s3_client_boto3 import endpoint, translated
from retrain.store.s3_put_boto3 import put
from retrain.store.s3_trouble import Trouble
from retrain.values import CHUNK_BYTES, short

LARGEST_BYTES = 5 * 1024**3
"""What one put can hold. More takes a multipart upload, whose conditional completion some servers ignore."""
LARGE_BYTES = 8 * 1024**2
"""From here on it is worth a request to learn that nothing has to be sent."""
SCRATCH = ".probe"


class S3Store:
    """The artifact store in a bucket of S3, or of a server that speaks as S3 does.

    It may be pickled, forked and shared by threads. Server, credentials and certificates come from boto3's own
    environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_CA_BUNDLE and so on).
    """

    def __init__(self, address: str | S3Address, patience: Patience | None = None) -> None:
        place = parse_address(address) if isinstance(address, str) else address
        self._bucket = Bucket(place, patience or Patience())
        self._place = place

    @property
    def address(self) -> str:
        """Bucket and prefix."""
        return str(self._place)

    @property
    def server(self) -> str:
        """Where requests go; without credentials."""
        return self._bucket.answered("reach", "", endpoint)

    def create(self, key: str, content: bytes) -> None:
        """See Store.create."""
        put(self._bucket, checked_key(key), Body(content))

    def create_from(self, key: str, source: Path) -> None:
        """See Store.create_from. The source is read twice: for its digests, and to be sent."""
        checked_key(key)
        try:
            if source.stat().st_size > LARGEST_BYTES:
                raise StoreError(
                    f"could not write {key!r} in the store {self.address}: {str(source)!r} has "
                    f"{source.stat().st_size:,} bytes, and one put takes {LARGEST_BYTES:,} at most; keep the store in "
                    f"a folder, or make the file smaller"
                )
            body = Body(source)
            if body.size >= LARGE_BYTES and self._bucket.mark(key):
                raise AlreadyExists(key)
            put(self._bucket, key, body)
        except SourceChanged:
            raise StoreError(
                f"could not write {key!r} in the store {self.address}: {str(source)!r} was changed while it was sent; "
                f"nothing was stored. Let its writer finish, then run the same command again"
            ) from None
        except OSError as error:
            raise StoreError(
                f"could not write {key!r} in the store {self.address}: {str(source)!r} cannot be read "
                f"({error.strerror}); nothing was stored"
            ) from error

    def read(self, key: str) -> bytes:
        """See Store.read. Raises DigestMismatch when these are not the bytes that were stored."""
        sink = io.BytesIO()
        self._receive(checked_key(key), sink)
        return sink.getvalue()

    def fetch(self, key: str, target: Path) -> str:
        """See Store.fetch. The target appears when it is whole; raises DigestMismatch as `read` does."""
        checked_key(key)
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        try:
            with part.open("xb") as sink:
                found = self._receive(key, sink)
            part.replace(target)
            return found
        except OSError as error:
            raise StoreError(
                f"could not copy {key!r} of the store {self.address} to {str(target)!r} ({error.strerror}): "
                f"free space there, or mend that; then run the same command again"
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def digest(self, key: str) -> str:
        """See Store.digest."""
        return self._receive(checked_key(key), None)

    def delete(self, key: str) -> None:
        """See Store.delete. In a bucket that keeps versions the bytes stay until a lifecycle rule takes them."""
        with suppress(NotInStore):
            self._bucket.answered(DELETE, checked_key(key), lambda made: made.delete_object(**self._bucket.of(key)))

    def keys(self, prefix: str) -> Iterator[str]:
        """See Store.keys."""
        if "/" in prefix:
            checked_key(prefix.rpartition("/")[0])
        found = (each["Key"] for page in self._pages(prefix) for each in page.get("Contents", ()))
        yield from sorted(key for key in map(self._place.within, found) if _ours(key))

    def names(self, prefix: str) -> Iterator[str]:
        """See Store.names."""
        if prefix:
            checked_key(prefix.removesuffix("/"))
        found = set()
        for page in self._pages(prefix, Delimiter="/"):
            found |= {each["Key"] for each in page.get("Contents", ())}
            found |= {each["Prefix"].removesuffix("/") for each in page.get("CommonPrefixes", ())}
        names = (self._place.within(key).removeprefix(prefix) for key in found)
        yield from sorted(name for name in names if _ours(name))

    def versioning(self) -> str:
        """`off`, `on`, `suspended`, or `unknown` where it is not told: some servers keep the promise in some only."""
        try:
            with translated():
                kept = self._bucket.client().get_bucket_versioning(Bucket=self._place.bucket)
        except Trouble:
            return "unknown"
        return {"Enabled": "on", "Suspended": "suspended"}.get(kept.get("Status", ""), "off")

    def recognises(self, key: str) -> bool:
        """Whether the server says who wrote a key; without that a put whose answer was lost cannot be told."""
        mark = self._bucket.mark(key)
        return mark is not None and None not in (mark.writer, mark.digest)

    @contextmanager
    def apart(self) -> Iterator["S3Store"]:
        """An empty store for trials, hidden from this one's keys; what was created there goes, as far as it can."""
        scratch = S3Store(self._place.below(f"{SCRATCH}/{uuid.uuid4().hex}"), self._bucket.patience)
        try:
            yield scratch
        finally:
            with suppress(StoreError, Trouble):
                scratch._remove_all()

    def _remove_all(self) -> None:
        for key in self.keys(""):
            with translated():
                self._bucket.client().delete_object(**self._bucket.of(key))

    def _pages(self, prefix: str, **how: str) -> Iterator[dict[str, Any]]:
        asked = {"Bucket": self._place.bucket, "Prefix": self._place.key(prefix), **how}
        while True:
            page = self._bucket.answered("list", prefix, lambda made: made.list_objects_v2(**asked))
            yield page
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def _receive(self, key: str, sink: BinaryIO | None) -> str:
        """Copy an object's bytes; what was read before a connection broke is read again. Returns their digest."""
        promised: str | None = None
        found = ""
        # Twice: the bytes may have been damaged on their way.
        for _ in range(2):
            promised, found = self._bucket.answered("read", key, lambda made: self._copied(made, key, sink))
            if promised in (None, found):
                return found
        raise DigestMismatch(
            f"{key!r} in the store {self.address}: its bytes have digest {short(found)}, stored was "
            f"{short(promised or '')}; it was changed or damaged since. It is not used; restore it from a backup"
        )

    def _copied(self, made: Any, key: str, sink: BinaryIO | None) -> tuple[str | None, str]:
        """The digest that was promised when the object was stored, and the one found."""
        if sink is not None:
            sink.seek(0)
            sink.truncate()
        answer = made.get_object(**self._bucket.of(key))
        seen, size = hashlib.sha256(), 0
        stream = answer["Body"]
        with stream:
            while piece := stream.read(CHUNK_BYTES):
                seen.update(piece)
                size += len(piece)
                if sink is not None:
                    sink.write(piece)
        if size != answer["ContentLength"]:
            raise Trouble("the answer broke off")
        return answer["Metadata"].get(DIGEST), seen.hexdigest()


def _ours(key: str) -> bool:
    """Whether a store could have created it; a console leaves `folder/`, a probe that was killed `.probe/...`."""
    try:
        checked_key(key)
    except UnsafeName:
        return False
    return True
