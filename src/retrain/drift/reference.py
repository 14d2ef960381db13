"""What did production look like while the champion was good? A frozen profile of it, stored and read back whole."""

import io
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retrain.drift.observation import (
    Broken,
    Embed,
    Observation,
    Vectors,
    broken_of,
    in_runs,
    observe_reference,
    older_half,
)
from retrain.drift.policy import DriftPolicy
from retrain.drift.properties import Words, describe, vocabulary
from retrain.errors import LogError
from retrain.production.window import Window
from retrain.values import Value, canonical_json, digest_of

ROWS = "rows.parquet"
ABOUT = "profile.json"
VECTORS = "embeddings.npy"


class _About(Value):
    """What profile.json says."""

    start: datetime
    end: datetime
    total: int
    champion: str | None
    embedded: tuple[int, ...]
    """Numbers of the rows that were embedded."""
    broken: int | None = None
    """Rows that could not be used; none in references stored before they were counted."""
    broken_at: tuple[int, ...] = ()
    """About when they were logged, microseconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceProfile:
    """The reference of one champion.

    Stored are its rows and embeddings alone. Everything else is measured anew when it is read, so that reference and
    window are always measured by the same code.
    """

    start: datetime
    end: datetime
    total: int
    """Distinct rows of the reference window; the profile keeps at most the policy's `max_rows` of them."""
    champion: str | None
    seen: Observation
    vocabulary: Words
    """The words of its older half; the newer half is measured against them, as windows are."""
    digest: str
    """SHA-256 over the digests of its files."""


def build_reference(
    window: Window, policy: DriftPolicy, *, embed: Embed | None = None, champion: str | None = None
) -> ReferenceProfile:
    """Freeze a window as the reference. Rows are embedded when the policy asks for it and `embed` is given."""
    if window.rows.is_empty():
        raise LogError(
            f"reference window {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}: no rows, at least "
            f"{policy.reference_rows} expected; let production log predictions first, or choose another window"
        )
    rows = window.rows[in_runs(window.rows.height, policy.max_rows)]
    vectors = None
    embedded = np.arange(0)
    if policy.embeddings and embed is not None:
        embedded = in_runs(rows.height, policy.embedding_rows)
        vectors = embed(rows["input"][embedded].to_list()).astype(np.float32)
    about = _About(
        start=window.start,
        end=window.end,
        total=window.total,
        champion=champion,
        embedded=tuple(embedded.tolist()),
        **_broken(broken_of(window)),
    )
    return _profile(about, rows, vectors)


def to_files(profile: ReferenceProfile) -> dict[str, bytes]:
    """The files that hold the profile; the same profile gives the same bytes."""
    about = _About(
        start=profile.start,
        end=profile.end,
        total=profile.total,
        champion=profile.champion,
        embedded=tuple(profile.seen.embedded.tolist()),
        **_broken(profile.seen.broken),
    )
    return _files(about, profile.seen.rows, profile.seen.vectors)


def from_files(files: dict[str, bytes]) -> ReferenceProfile:
    """The profile that these files hold."""
    vectors = np.load(io.BytesIO(files[VECTORS]), allow_pickle=False) if VECTORS in files else None
    return _profile(_About.model_validate_json(files[ABOUT]), pl.read_parquet(io.BytesIO(files[ROWS])), vectors)


def _profile(about: _About, rows: pl.DataFrame, vectors: Vectors | None) -> ReferenceProfile:
    known = vocabulary(describe(rows["input"].head(older_half(rows.height)).to_list()).words)
    embedded: NDArray[np.int64] = np.array(about.embedded, dtype=np.int64)
    broken = None if about.broken is None else Broken(rows=about.broken, good=about.total, at=about.broken_at)
    return ReferenceProfile(
        start=about.start,
        end=about.end,
        total=about.total,
        champion=about.champion,
        seen=replace(observe_reference(rows, known, embedded, vectors), broken=broken),
        vocabulary=known,
        digest=_digest(_files(about, rows, vectors)),
    )


def _broken(broken: Broken | None) -> dict[str, Any]:
    """What is said of broken rows: nothing in a reference that was stored before they were counted."""
    return {} if broken is None else {"broken": broken.rows, "broken_at": broken.at}


def _files(about: _About, rows: pl.DataFrame, vectors: Vectors | None) -> dict[str, bytes]:
    table = io.BytesIO()
    rows.write_parquet(table, compression="zstd", statistics=False)
    files = {ROWS: table.getvalue(), ABOUT: canonical_json(about.model_dump(mode="json", exclude_unset=True))}
    if vectors is not None:
        array = io.BytesIO()
        np.save(array, vectors, allow_pickle=False)
        files[VECTORS] = array.getvalue()
    return files


def _digest(files: dict[str, bytes]) -> str:
    return digest_of(canonical_json({name: digest_of(content) for name, content in files.items()}))
