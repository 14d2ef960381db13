"""Which stored page does a stable link lead to? A model's newest drift report, last evaluation and champion's card."""

from collections.abc import Callable

from retrain.errors import NotInStore
from retrain.store.events import Checked
from retrain.store.protocol import Store
from retrain.store.shelf import Shelf
from retrain.store.state import State
from retrain.telemetry.view import evaluation_shelf, ledger_of

Document = Callable[[Store, str], bytes]


def drift_report(store: Store, model: str) -> bytes:
    """The newest stored report, HTML: also one from before the last promotion, which the state no longer names."""
    _state(store, model)
    for entry in ledger_of(store, model).backwards():
        if isinstance(entry.event, Checked) and entry.event.report:
            shelf = Shelf(store, f"models/{model}/checks/{entry.event.end:%Y-%m-%dT%H%M%SZ}", "check")
            return shelf.read(entry.event.report, "report.html")
    raise NotInStore(f"model {model!r} has no drift report yet; the first check that judges a window stores one")


def evaluation(store: Store, model: str) -> bytes:
    """The page about the last comparison of a challenger with the champion, Markdown."""
    run = _state(store, model).last_run
    if run is None or run.evaluation is None:
        raise NotInStore(
            f"the last run of model {model!r} compared nothing; `retrain history {model}` says what it did"
        )
    return evaluation_shelf(store, model).read(run.evaluation, "report.md")


def card(store: Store, model: str) -> bytes:
    """The champion's model card, Markdown."""
    champion = _state(store, model).champion
    if champion is None:
        raise NotInStore(f"model {model!r} has no champion yet; `retrain run {model}` makes the first one")
    return Shelf(store, f"models/{model}/versions", "version").read(champion.version, "card.md")


def _state(store: Store, model: str) -> State:
    newest = ledger_of(store, model).newest()
    if newest is None:
        raise NotInStore(f"no model {model!r} in the store {store.address}")
    return newest.state
