"""Is each entry signed by whom it should be? From the first signed entry on, all of them must be."""

from collections.abc import Iterator

from retrain.store.ledger import Ledger, LedgerEntry


class Vouching:
    """Goes through the entries of one ledger in their order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._since: int | None = None

    def faults(self, entry: LedgerEntry) -> Iterator[str]:
        """What is wrong with the signature of the next entry. Without trusted keys, only that one is there is known."""
        if entry.signature is None or entry.key is None:
            if entry.signature is not None or entry.key is not None:
                yield "it names a key without a signature, or has a signature without a key"
            if self._since is not None:
                yield f"it is not signed, and entries are since {self._since}: who wrote it had no key"
            return
        if self._since is None:
            self._since = entry.number
        fault = self._ledger.unvouched(entry)
        if fault is not None:
            yield fault
