"""Which bucket, and which part of it, does an address name?"""

import re
from urllib.parse import quote

from retrain.errors import UnsafeName, UsageError
from retrain.store.protocol import checked_key
from retrain.values import Value

SCHEME = "s3://"
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")


class S3Address(Value):
    """A bucket, and the prefix under which all keys of one store lie."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        """As a person writes it."""
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, key: str) -> str:
        """The bucket's key of a store's key."""
        return f"{self.prefix}/{key}" if self.prefix else key

    def within(self, key: str) -> str:
        """The store's key of one of the bucket's under this prefix."""
        return key[len(self.key("")) :]

    def below(self, folder: str) -> "S3Address":
        """A place inside this one."""
        return S3Address(bucket=self.bucket, prefix=self.key(folder))


def parse_address(text: str) -> S3Address:
    """The address that RETRAIN_STORE gives. Raises UsageError, which never repeats what may be a secret."""
    bucket, _, prefix = text.removeprefix(SCHEME).partition("/")
    if "@" in bucket or ":" in bucket:
        raise UsageError(
            "RETRAIN_STORE holds '@' or ':' before the bucket's end, as credentials or a port would; it is an address "
            "that gets stored and shown: set it to s3://BUCKET/PREFIX, the credentials in AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, and the server in AWS_ENDPOINT_URL"
        )
    prefix = prefix.rstrip("/")
    if not BUCKET.fullmatch(bucket):
        raise UsageError(f"RETRAIN_STORE names the bucket {bucket!r}, which cannot be one; expected s3://BUCKET/PREFIX")
    try:
        plain = not prefix or quote(checked_key(prefix), safe="/=@:+,$&!'()* ") == prefix
    except UnsafeName:
        plain = False
    if not plain:
        raise UsageError(
            f"RETRAIN_STORE names the prefix {re.split('[?#]', prefix)[0]!r}, or more after it; expected "
            f"s3://{bucket}/PREFIX, where PREFIX is names of letters, digits, '-', '_' or '.', with '/' between them"
        )
    return S3Address(bucket=bucket, prefix=prefix)
