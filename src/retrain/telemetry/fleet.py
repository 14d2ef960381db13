"""How are all models of a store, each number confirmed by this look? All of them, or the store counts as away."""

import logging
import re
import threading
import time
from collections.abc import Callable
from importlib.metadata import version

from retrain.errors import RetrainError, StoreError, WorldError
from retrain.spec import MODEL_NAME
from retrain.store.protocol import Store
from retrain.telemetry import metrics as m
from retrain.telemetry.crew import Crew
from retrain.telemetry.sample import Sample
from retrain.telemetry.samples import samples_of
from retrain.telemetry.view import ModelReader, ModelView

MODELS = "models/"
READERS = 8
"""Reads side by side: more do not help one interpreter."""

GRACE = 0.4
"""Seconds that a look which began with the same limit, a moment earlier, has to say what came of it."""
BUSY = "the store is being read for somebody else, and that takes long; ask again soon"

log = logging.getLogger("retrain.telemetry")
Looked = tuple[ModelView, ...] | RetrainError | OSError


class Fleet:
    """All models of a store. Between two looks it keeps what a look may confirm, and nothing that is told by itself."""

    def __init__(self, opened: Callable[[], Store]) -> None:
        """`opened`: opens the store, tried again at each look until it succeeds."""
        self._opened = opened
        self._store: Store | None = None
        self._readers: dict[str, ModelReader] = {}
        self._crew = Crew(READERS)
        self._turn = threading.Lock()
        self._begun = 0
        self._latest: Looked = ()
        self._told = ""

    def scrape(self, *, seconds: float) -> tuple[Sample, ...]:
        """The samples of a look that began after this call; of a store that is away, that it is, and nothing else.

        Raises WorldError while another look takes longer than this one may.
        """
        began = time.monotonic()
        looked = self._look(until=began + seconds)
        away = not isinstance(looked, tuple)
        self._tell(str(looked) if away else "")
        return (
            Sample(m.STORE_UP, (), not away),
            Sample(m.BUILD_INFO, (version("retrain"),), 1),
            *(samples_of(looked) if isinstance(looked, tuple) else ()),
            Sample(m.SCRAPE_SECONDS, (), time.monotonic() - began),
        )

    def _look(self, *, until: float) -> Looked:
        half = (until - time.monotonic()) / 2
        arrived, waits = self._begun, not self._turn.acquire(blocking=False)
        if waits and not self._turn.acquire(timeout=2 * half + GRACE):
            raise WorldError(BUSY)
        try:
            # Who waited takes a look that began after they asked, and shares it with all who waited; of one that had
            # begun before, only that the store is away, since it ended after they asked.
            if self._begun == arrived and not (waits and isinstance(self._latest, Exception)):
                if until - time.monotonic() < half:
                    # A store that is slow once, because all of it is new, must not be called away.
                    raise WorldError(BUSY)
                self._begun += 1
                self._latest = StoreError("the look was broken off")
                self._latest = self._read(until)
            return self._latest
        finally:
            self._turn.release()

    def _read(self, until: float) -> Looked:
        try:
            names = self._names(until)
            self._readers = {name: self._readers.get(name) or ModelReader(self.open(), name) for name in names}
            views = self._crew.each([reader.look for reader in self._readers.values()], until=until)
            if None in views:
                # A ledger that is not there may be a store that vanished under the look; then nothing of it counts.
                self._names(until)
        except (RetrainError, OSError) as error:
            return error
        return tuple(view for view in views if view is not None)

    def _names(self, until: float) -> list[str]:
        (names,) = self._crew.each([lambda: list(self.open().names(MODELS))], until=until)
        return [name for name in names if re.fullmatch(MODEL_NAME, name)]

    def open(self) -> Store:
        """The store. Raises what opening it raises; it is tried again then."""
        if self._store is None:
            self._store = self._opened()
        return self._store

    def _tell(self, trouble: str) -> None:
        """Once for each new trouble, and once when it is over; not once a scrape."""
        if trouble != self._told:
            self._told = trouble
            log.warning(f"the store is away, no model is exported: {trouble}" if trouble else "the store answers again")
