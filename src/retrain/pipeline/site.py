"""What does a use case work with? One model's spec, ledger and shelves, wired here and nowhere else."""

import getpass
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from retrain.base import Base, locate
from retrain.settings import Settings
from retrain.spec import MODEL_NAME, ModelSpec
from retrain.spec_file import load_spec, spec_names
from retrain.store.ledger import Ledger
from retrain.store.open import open_store
from retrain.store.protocol import Store
from retrain.store.seal import UNSEALED, Seal
from retrain.store.shelf import Shelf

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def me() -> str:
    """Who acts, for the ledger: the user and machine of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no user table knows.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What one model decided and stored. It needs no spec: the past stays readable while that is mended, or gone."""

    model: str
    settings: Settings
    store: Store
    ledger: Ledger
    clock: Clock = utc_now
    actor: str = "unknown"

    @property
    def versions(self) -> Shelf:
        """Trained versions."""
        return version_shelf(self.store, self.model)

    @property
    def snapshots(self) -> Shelf:
        """Training snapshots."""
        return Shelf(self.store, f"models/{self.model}/datasets", "dataset")

    @property
    def references(self) -> Shelf:
        """Drift references."""
        return Shelf(self.store, f"models/{self.model}/references", "reference")

    @property
    def evaluations(self) -> Shelf:
        """Evaluations of challengers."""
        return Shelf(self.store, f"models/{self.model}/evaluations", "evaluation")

    @property
    def asked(self) -> Shelf:
        """Rows that people were asked to label."""
        return Shelf(self.store, f"models/{self.model}/asked", "asked")

    @property
    def drills(self) -> Shelf:
        """What each look of a drill said."""
        return Shelf(self.store, f"models/{self.model}/drills", "drill")

    @property
    def probations(self) -> Shelf:
        """What champions on probation and their predecessors answered."""
        return Shelf(self.store, f"models/{self.model}/probations", "probation")

    @property
    def reviews(self) -> Shelf:
        """Reviews that ended with a verdict: what was shown on which side, and everything that was said."""
        return Shelf(self.store, f"models/{self.model}/reviews", "review")

    def checks(self, end: datetime) -> Shelf:
        """Drift reports of the window with this end."""
        return Shelf(self.store, f"models/{self.model}/checks/{end:%Y-%m-%dT%H%M%SZ}", "check")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Archive):
    """One model, and the places and the clock its use cases work with."""

    spec: ModelSpec

    @property
    def log(self) -> Path:
        """The production log's folder."""
        return self.spec.path(self.spec.production.log)

    def base(self) -> Base:
        """The base weights, verified against the pin when there is one."""
        return locate(self.spec.base, self.spec.path("."), pinned=self.spec.base_digest)


def seal(settings: Settings) -> Seal:
    """What the environment has this process sign with, and whom it believes."""
    if settings.signing_key is None and settings.trusted_keys is None:
        return UNSEALED
    # Here, since most have no keys, and serving processes should load no library for none.
    from retrain.store.signing_cryptography import seal_of  # noqa: PLC0415

    return seal_of(settings.signing_key, settings.trusted_keys)


def version_shelf(store: Store, model: str) -> Shelf:
    """Trained versions of a model; serving needs these without its spec."""
    return Shelf(store, f"models/{model}/versions", "version")


def open_site(model: str, settings: Settings, *, clock: Clock = utc_now, actor: str | None = None) -> Site:
    """Wire one model. Raises UnknownModel or SpecError."""
    spec = load_spec(settings.models, model)
    store = open_store(settings.store)
    return Site(
        model=spec.model,
        spec=spec,
        settings=settings,
        store=store,
        ledger=Ledger(store, spec.model, clock, seal(settings)),
        clock=clock,
        actor=actor or me(),
    )


def open_archive(model: str, settings: Settings, *, clock: Clock = utc_now) -> Archive:
    """The past of one model, whatever its spec says now. Raises UnknownModel where there is neither spec nor ledger."""
    named = re.fullmatch(MODEL_NAME, model) is not None
    store = open_store(settings.store)
    if not named or (model not in spec_names(settings.models) and not any(store.keys(f"models/{model}/ledger/"))):
        # It says which names there are, and which is the nearest.
        return open_site(model, settings, clock=clock)
    ledger = Ledger(store, model, clock, seal(settings))
    return Archive(model=model, settings=settings, store=store, ledger=ledger, clock=clock, actor=me())
