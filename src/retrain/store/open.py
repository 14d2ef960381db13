"""Which store does an address name?"""

from pathlib import Path

from retrain.errors import UsageError
from retrain.store.folder import FolderStore, remove_leftovers
from retrain.store.protocol import Store


def open_store(address: str) -> Store:
    """The store at an address: a folder. Other schemes are refused by name, not taken for odd folder names."""
    scheme, separator, _ = address.partition("://")
    if separator and scheme != "file":
        raise UsageError(f"RETRAIN_STORE is {address!r}: stores of scheme {scheme!r} are not supported; name a folder")
    root = Path(address.removeprefix("file://")).expanduser()
    remove_leftovers(root)
    return FolderStore(root)
