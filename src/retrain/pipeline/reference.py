"""What is a champion's production like while nothing has drifted? The first rows that it logged."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from retrain.drift.embedding_cache import EmbeddingCache
from retrain.drift.reference import ReferenceProfile, build_reference, from_files, to_files
from retrain.drift.season import season_unknown
from retrain.drift.sequential.replay import not_armed, replay
from retrain.pipeline.owed import read, settled
from retrain.pipeline.site import Site
from retrain.production.reader import first_timestamp
from retrain.production.window import Window
from retrain.store.events import Referenced
from retrain.store.judged import RefusedReference
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.probation import Probation
from retrain.store.state import State
from retrain.values import digest_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrain.drift.embed_transformers import Embedder


@dataclass(slots=True)
class Embedding:
    """The base as a function from texts to vectors, loaded at the first text that the cache does not know: no window
    owed, no torch loaded."""

    site: Site
    _embedder: "Embedder | None" = None
    _cache: EmbeddingCache | None = None

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors, shape (len(texts), width)."""
        if self._cache is None:
            base = f"{self.site.base().digest} {self.site.spec.training.max_tokens}"
            self._cache = EmbeddingCache(self.site.settings.cache / "embeddings", self._embedded, base=base)
        return self._cache.embed(texts)

    def _embedded(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        if self._embedder is None:
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
            # Before torch is loaded: a thread per core is many times slower where cores are shared.
            os.environ.setdefault("OMP_NUM_THREADS", str(self.site.spec.training.threads or os.cpu_count()))
            from retrain.drift.embed_transformers import Embedder  # noqa: PLC0415

            self._embedder = Embedder(self.site.base().folder, max_tokens=self.site.spec.training.max_tokens)
        return self._embedder.embed(texts)


def embedding_for(site: Site) -> Embedding | None:
    """None when the spec does not ask for embeddings: then nothing here ever loads torch."""
    return Embedding(site) if site.spec.drift.embeddings else None


def load_reference(site: Site, state: State) -> ReferenceProfile:
    """The stored reference, verified."""
    assert state.reference is not None, "callers gather a reference first"
    manifest = site.references.manifest(state.reference)
    return from_files({name: site.references.read(state.reference, name) for name in manifest.files})


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFew:
    """Why there is no reference yet."""

    reason: str
    broken: dict[str, int]
    """Reason to the number of rows that could not be used: a log of garbage must not look like no traffic."""


def gather_reference(site: Site, state: State, embedding: Embedding | None) -> TooFew | None:
    """Store the reference of the model in service; returns why not, when there are not enough rows yet.

    Its rows are the first ones since the promotion: rows from before were answered by another model, and picking others
    would let drift into the yardstick.
    """
    if state.probation is not None and state.probation.holds(site.clock()):
        return TooFew(reason=_held(state.probation), broken={})
    window = _first_rows(site, state)
    needed = site.spec.drift.reference_rows
    if window is None or window.total < needed:
        return _gathering(state, window, needed)
    policy, refused = digest_of(site.spec.drift.canonical()), state.refused
    if refused is not None and (refused.policy, refused.end) == (policy, window.end):
        return TooFew(reason=refused.reason, broken=window.quarantined)
    champion = state.champion.version if state.champion else None
    embed = embedding.embed if embedding else None
    profile = build_reference(window, site.spec.drift, embed=embed, champion=champion)
    about = {"start": window.start.isoformat(), "end": window.end.isoformat(), "rows": window.total}
    digest = site.references.put(to_files(profile), about)
    event = Referenced(reference=digest, end=window.end, rows=window.total)
    event = _examined(event, profile, site, policy)
    _record(site, state, event, window)
    return TooFew(reason=event.refused.reason, broken=window.quarantined) if event.refused else None


def _held(probation: Probation) -> str:
    """Until it is clear that this champion stays, what it answers is nobody's yardstick; no window is skipped by it."""
    return (
        f"the champion is on probation until {probation.ends_at:%Y-%m-%d %H:%M} UTC: the drift reference "
        f"moves when that has ended, and the windows since are judged then"
    )


def _start(site: Site, state: State) -> datetime | None:
    """Since when the log holds what this champion answered; while it was a canary, its predecessor answered as well."""
    if state.champion is None:
        return first_timestamp(site.log, site.spec.production)
    held = state.probation
    if held is None or held.version != state.champion.version or held.terms.canary_share >= 1.0:
        return state.champion.since
    return held.ended_at or held.ends_at


def _gathering(state: State, window: Window | None, needed: int) -> TooFew:
    found = window.total if window else 0
    since = state.champion.since if state.champion else None
    after = f" since the promotion at {since:%Y-%m-%d %H:%M} UTC" if since else ""
    reason = (
        f"the drift reference is being gathered: {found} production rows{after}, {needed} needed (drift.reference_rows)"
    )
    return TooFew(reason=reason, broken=window.quarantined if window else {})


def _examined(event: Referenced, profile: ReferenceProfile, site: Site, policy: str) -> Referenced:
    """The event with what the reference's own windows did to the monitor, and whether that forbids arming it."""
    drift, seen = site.spec.drift, None
    hours = (profile.end - profile.start).total_seconds() / 3_600
    reason = season_unknown(profile.seen, hours, drift)
    if reason is None and drift.rule == "budget":
        seen = replay(profile, drift)
        reason = not_armed(profile, seen)
    refused = reason and RefusedReference(reference=event.reference, end=event.end, reason=reason, policy=policy)
    return event.model_copy(update={"replay": seen, "refused": refused or None})


def _record(site: Site, state: State, event: Referenced, window: Window) -> None:
    span = f"{window.total} rows from {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}"
    said = f"{span} are the drift reference" if event.refused is None else f"{span}: {event.refused.reason}"
    reasons = [said]
    if event.replay:
        seen = event.replay
        calm = f"evidence {seen.evidence:.3g} of {seen.needed:.0f}"
        reasons.append(f"{seen.looks} of its windows replayed: {seen.alarms} alarms, {calm}")

    def draft(newest: LedgerEntry | None) -> Draft | None:
        now = newest.state if newest else State()
        if now.reference is not None or (now.champion, now.refused) != (state.champion, state.refused):
            return None
        evidence = {"reference": event.reference}
        return Draft(event=event, reasons=tuple(reasons), actor=site.actor, evidence=evidence)

    site.ledger.append(draft)


def _first_rows(site: Site, state: State) -> Window | None:
    """The fewest whole windows from the start that hold enough rows, or all there are.

    Where a reference of so many was refused, all there are: rows that were not steady may be so in the long run.
    """
    start = _start(site, state)
    if start is None:
        # Not one row with a time: what is there is counted all the same, so that garbage does not look like silence.
        return read(site, site.clock() - timedelta(days=site.spec.dataset.label_days), site.clock())
    step = timedelta(hours=site.spec.drift.window_hours)
    # Windows end on a grid counted from midnight UTC, so that a day's window is a day, whenever the promotion was.
    end = start.replace(hour=0, minute=0, second=0, microsecond=0) + step
    window = None
    complete = settled(site)
    while end <= complete and (window is None or window.total < site.spec.drift.reference_rows):
        if end > start:
            window = read(site, start, end)
        end += step
    if window is not None and state.refused is not None and end <= complete:
        return read(site, start, end + (complete - end) // step * step)
    return window
