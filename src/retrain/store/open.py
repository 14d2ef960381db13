"""Which store does an address name?"""

from pathlib import Path

from retrain.errors import UsageError
from retrain.store.folder import FolderStore, remove_leftovers
from retrain.store.patience import Patience
from retrain.store.protocol import Store


def open_store(address: str, patience: Patience | None = None) -> Store:
    """The store at an address: a folder, or `s3://BUCKET/PREFIX`. Nothing is asked of a server yet.

    Other schemes are refused by name, not taken for odd folder names. `patience` is for a server that does not answer.
    """
    scheme, separator, _ = address.partition("://")
    if separator and scheme == "s3":
        # Here, since boto3 takes half a second that a folder need not pay.
        from retrain.store.s3_boto3 import S3Store  # noqa: PLC0415
        from retrain.store.tried import TriedStore  # noqa: PLC0415

        return TriedStore(S3Store(address, patience))
    if separator and scheme != "file":
        # The address itself is not repeated: it may hold a password.
        raise UsageError(
            f"RETRAIN_STORE has the scheme {scheme!r}, of which no store is known: name a folder, or s3://BUCKET/PREFIX"
        )
    root = Path(address.removeprefix("file://")).expanduser()
    remove_leftovers(root)
    return FolderStore(root)
