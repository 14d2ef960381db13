"""What does an audit look at when it computes an entry again? The entry, all that came before it, and its evidence."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from retrain.pipeline.site import Site
from retrain.store.ledger import LedgerEntry
from retrain.store.state import State

SINCE = 3
"""Format of entries whose monitor and budgets are this program's; what earlier ones said of these is only verified."""
Faults = Iterator[str]
WORDED = 4
"""Format of entries whose gate gave its reasons in the words of this program."""


class Case(NamedTuple):
    """An entry, the state before it, where its evidence is, and the entries before it."""

    site: Site
    before: State
    entry: LedgerEntry
    earlier: Sequence[LedgerEntry] = ()


Again = Callable[[Case], Faults]
"""What does not hold of an entry, in sentences."""
