"""Is a key ours, when the answer to a put was lost, or was that of the loser of a race?"""

import uuid

from retrain.errors import AlreadyExists
from retrain.store.s3_body import Body, SourceChanged
from retrain.store.s3_bucket_boto3 import DIGEST, WRITE, WRITER, Bucket, Mark
from retrain.store.s3_client_boto3 import translated
from retrain.store.s3_trouble import Trouble

PRECONDITION_FAILED = 412


def put(bucket: Bucket, key: str, body: Body) -> None:
    """Create a key. Raises AlreadyExists when it is another's, StoreError, UnsafeStore, or SourceChanged.

    Each put carries a name of its own beside the bytes. So when an answer is lost, and the next try finds the key
    taken, it shows by whom.
    """
    mark = Mark(writer=uuid.uuid4().hex, digest=body.digest)
    unknown = False
    trouble = Trouble("no try")
    for _ in bucket.patience.tries():
        try:
            _put_once(bucket, key, body, mark)
        except Trouble as met:
            trouble = met
            if met.kind == "refused":
                break
            if met.kind == "away":
                # It may have been stored all the same: from here on, finding the key taken may mean by us.
                unknown = True
            elif _settled(bucket, key, mark, at_once=met.status == PRECONDITION_FAILED and not unknown):
                return
        else:
            return
    raise bucket.told(WRITE, key, trouble)


def _put_once(bucket: Bucket, key: str, body: Body, mark: Mark) -> None:
    try:
        with body, translated():
            bucket.client().put_object(
                **bucket.of(key),
                # Of a stream botocore asks first whether it is wanted, which costs a round trip.
                Body=body.content if isinstance(body.content, bytes) else body,
                ContentLength=body.size,
                ContentMD5=body.md5,
                IfNoneMatch="*",
                Metadata={WRITER: mark.writer, DIGEST: mark.digest},
            )
    except Exception:
        # Botocore wraps what its stream raises in an error of its own.
        if body.changed:
            raise SourceChanged from None
        raise


def _settled(bucket: Bucket, key: str, mark: Mark, *, at_once: bool) -> bool:
    """Whether the key is there and ours. Raises AlreadyExists when it is another's; False when nobody has it.

    The loser of a race hears 412, but also 404 or 409; those can also mean a race that nobody won, so it is looked up.
    """
    if at_once:
        raise AlreadyExists(key)
    found = bucket.mark(key)
    if found is not None and found != mark:
        raise AlreadyExists(key)
    return found is not None
