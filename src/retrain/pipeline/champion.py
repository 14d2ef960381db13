"""Which version should serve right now, and where is a verified copy of it?"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from retrain.base import locate
from retrain.errors import DigestMismatch, NotInStore, StoreError, UnknownModel, UnknownVersion
from retrain.pipeline.site import seal, utc_now, version_shelf
from retrain.settings import Settings, from_environment
from retrain.spec import MODEL_NAME
from retrain.store.ledger import Ledger
from retrain.store.open import open_store
from retrain.store.probation import in_canary
from retrain.store.state import Champion

if TYPE_CHECKING:
    from retrain.training.classify_torch import Classifier


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedChampion:
    """The version in service, as a verified folder on this machine."""

    model: str
    version: str
    since: datetime
    previous: str | None
    path: Path
    models: Path
    """Where a base that the spec names by a relative folder is looked for."""

    def load(self) -> "Classifier":
        """The model, ready to answer. Loads torch; raises DigestMismatch when the base is not the one trained on."""
        from retrain.training.classify_torch import Classifier, base_of  # noqa: PLC0415

        return Classifier.load(self.path, locate(base_of(self.path), self.models))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Who answers whom: the champion all; or, on probation with a canary share, its predecessor the others."""

    champion: ServedChampion
    predecessor: ServedChampion | None = None
    share: float = 1.0

    def to(self, key: str | None) -> ServedChampion:
        """Without a key the champion: whoever names none cannot be given the same version again."""
        if self.predecessor is None or key is None or in_canary(key, self.champion.version, self.share):
            return self.champion
        return self.predecessor


class ChampionWatch:
    """Answers "which version?" from memory; looks at the ledger again after `refresh_seconds`."""

    def __init__(
        self,
        model: str,
        settings: Settings,
        *,
        refresh_seconds: float = 5.0,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        if not re.fullmatch(MODEL_NAME, model):
            raise UnknownModel(
                f"model name {model!r} cannot be one: lower-case letters, digits, '-' and '_' are expected"
            )
        self._model = model
        self._settings = settings
        self._store = open_store(settings.store)
        self._ledger = Ledger(self._store, model, utc_now, seal(settings))
        self._refresh_seconds = refresh_seconds
        self._timer = timer
        self._lock = threading.Lock()
        self._known: Served | None = None
        self._looked_at = float("-inf")

    def get(self, key: str | None = None) -> ServedChampion:
        """The champion of at most `refresh_seconds` ago; where it is on probation with a canary share, the version that
        the key gets. Raises UnknownVersion when there is none yet."""
        return self._served().to(key)

    def _served(self) -> Served:
        known = self._known
        if known is not None and self._timer() - self._looked_at < self._refresh_seconds:
            return known
        # Who finds another thread looking serves on with what is known: no request waits for a download.
        if not self._lock.acquire(blocking=known is None):
            assert known is not None
            return known
        try:
            self._known = self._look(self._known)
        except StoreError:
            # A store that is away for a moment must not stop a server that has a verified version.
            if self._known is None:
                raise
        finally:
            self._looked_at = self._timer()
            self._lock.release()
        return self._known

    def _look(self, known: Served | None) -> Served:
        state = self._ledger.state()
        if state.champion is None:
            raise UnknownVersion(
                f"model {self._model!r} has no champion in {self._store.address}; make the first one with "
                f'`retrain run {self._model} --reason "first champion"`'
            )
        champion, earlier = state.champion, [*state.predecessors]
        fetched = known.champion if known else None
        if fetched is None or (fetched.version, fetched.since) != (champion.version, champion.since):
            fetched = self._fetched(champion, earlier[-1].version if earlier else None)
        held = state.probation
        if held is None or not held.running or held.terms.canary_share >= 1.0 or not earlier:
            return Served(champion=fetched)
        other = known.predecessor if known else None
        if other is None or other.version != earlier[-1].version:
            try:
                other = self._fetched(earlier[-1], earlier[-2].version if earlier[1:] else None)
            except (DigestMismatch, NotInStore):
                # The champion is whole: it answers all until its predecessor is mended.
                return Served(champion=fetched)
        return Served(champion=fetched, predecessor=other, share=held.terms.canary_share)

    def _fetched(self, champion: Champion, previous: str | None) -> ServedChampion:
        # Every digest is verified here, once a promotion and once a process: never a half or changed version is served.
        shelf = version_shelf(self._store, self._model)
        return ServedChampion(
            model=self._model,
            version=champion.version,
            since=champion.since,
            previous=previous,
            path=shelf.fetch(champion.version, self._settings.cache / "versions"),
            models=self._settings.models,
        )


_watches: dict[tuple[str, Settings], ChampionWatch] = {}
_watches_lock = threading.Lock()


def champion(model: str, settings: Settings | None = None, *, key: str | None = None) -> ServedChampion:
    """The version of a model that should serve now. Cheap enough for every request; notices a promotion in seconds.

    With a `key` (a user, a conversation), a new champion on probation with `probation.canary_share` below 1 is given to
    that share of the keys, always the same ones, and its predecessor to the others. Log the `version` that answered.

    Raises UnknownVersion when there is no champion, DigestMismatch when its stored bytes were changed.
    """
    places = settings or from_environment()
    with _watches_lock:
        if (model, places) not in _watches:
            _watches[model, places] = ChampionWatch(model, places)
        watch = _watches[model, places]
    return watch.get(key)
