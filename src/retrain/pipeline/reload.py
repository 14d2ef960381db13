"""Does the stored version answer as it did when evaluated, from the store's own bytes, in a process that never saw it?

The evaluation itself may have answered from a copy that this machine kept; a server elsewhere has only the store.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from retrain.evaluation.soundness import Loaded
from retrain.pipeline.scoring import scored
from retrain.pipeline.site import Site
from retrain.training.prediction import Prediction

ROWS = 20
"""Held-out rows that are answered again: weights that are wrong show in the first; it costs one start of a process."""
TOLERANCE = 1e-3
"""Of a confidence. The same text beside others in a batch, or on another kind of processor, is rounded otherwise."""


def loaded_anew(site: Site, version: str, rows: Sequence[str], said: Sequence[Prediction]) -> Loaded:
    """Fetch into an empty folder, verify, load and answer. Raises DigestMismatch or NotInStore for what is stored."""
    step = max(1, len(rows) // ROWS)
    texts, before = list(rows)[::step][:ROWS], list(said)[::step][:ROWS]
    site.settings.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.settings.cache, prefix="loads-") as empty:
        now = scored(site, [version], texts, fetched_into=Path(empty))[0].predictions
    pairs = list(zip(before, now, strict=True))
    off = [abs(one.confidence - other.confidence) for one, other in pairs]
    same = [one.label == other.label and gap <= TOLERANCE for (one, other), gap in zip(pairs, off, strict=True)]
    return Loaded(rows=len(pairs), same=sum(same), largest=max(off, default=0.0))
