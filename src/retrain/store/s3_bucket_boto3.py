"""What does a bucket answer, once it answers; and what are people told when it does not?"""

from collections.abc import Callable
from typing import Any, TypeVar

from retrain.errors import NotInStore, StoreError, UnsafeStore
from retrain.store.patience import Patience
from retrain.store.s3_address import S3Address
from retrain.store.s3_client_boto3 import client, endpoint, translated
from retrain.store.s3_trouble import Trouble
from retrain.values import Value

Answer = TypeVar("Answer")
WRITER, DIGEST = "retrain-writer", "retrain-sha256"
"""Kept by the server beside each object (x-amz-meta-...)."""
WRITE, DELETE = "write", "delete"
NOT_IMPLEMENTED = 501


class Mark(Value):
    """Who wrote an object, and what: two writers of the same bytes still differ."""

    writer: str | None
    digest: str | None


class Bucket:
    """One bucket, seen from the prefix of a store. Holds no connection, so that it may be pickled and forked."""

    def __init__(self, place: S3Address, patience: Patience) -> None:
        self.place = place
        self.patience = patience

    def client(self) -> Any:
        """The client of this process."""
        return client(self.patience)

    def of(self, key: str) -> dict[str, str]:
        """How a request names a key of the store."""
        return {"Bucket": self.place.bucket, "Key": self.place.key(key)}

    def answered(self, doing: str, key: str, ask: Callable[[Any], Answer]) -> Answer:
        """What the server answers, asked again while it is away. Raises NotInStore or StoreError."""
        trouble = Trouble("no try")
        for _ in self.patience.tries():
            try:
                with translated():
                    return ask(self.client())
            except Trouble as met:
                trouble = met
                if met.kind == "missing":
                    raise NotInStore(f"{key!r} is not in the store {self.place}") from None
                if met.kind != "away":
                    break
        raise self.told(doing, key, trouble)

    def mark(self, key: str) -> Mark | None:
        """Who wrote a key; none when it is not there."""
        try:
            kept = self.answered("look at", key, lambda made: made.head_object(**self.of(key)))["Metadata"]
        except NotInStore:
            return None
        return Mark(writer=kept.get(WRITER), digest=kept.get(DIGEST))

    def told(self, doing: str, key: str, trouble: Trouble) -> StoreError | UnsafeStore:
        """The trouble in our words; none of the server's are repeated, which might hold what is secret."""
        what = f"could not {doing} {key!r} in the store {self.place}{self._at()} ({trouble})"
        if doing == WRITE and trouble.status == NOT_IMPLEMENTED:
            return UnsafeStore(
                f"{what}: the server does not know conditional puts, on which create-only rests; nothing was written. "
                f"Keep the store on a server that does, or in a folder"
            )
        if doing == DELETE and trouble.kind == "refused":
            what += "; deleting needs s3:DeleteObject"
        if doing == WRITE and trouble.kind == "away":
            what += "; whether it was stored is not known, and trying again is safe"
        return StoreError(f"{what}: {trouble.next_step}")

    def _at(self) -> str:
        try:
            return f" at {endpoint(self.client())}"
        except Trouble:
            return ""
