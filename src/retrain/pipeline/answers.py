"""Which answers of the champion are known to be right or wrong by now? Production's labels, and its evaluation."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from retrain.dataset.snapshot import Example
from retrain.drift.observation import Observation
from retrain.drift.performance.answers import MIN_ANSWERS, Answers
from retrain.drift.performance.labelled import labelled_rows, not_at_random
from retrain.drift.reference import ReferenceProfile
from retrain.errors import LogError
from retrain.pipeline.site import Site
from retrain.production.labels import not_by_models, read_labels
from retrain.production.window import Window
from retrain.store.state import State
from retrain.training.prediction import Prediction
from retrain.values import canonical_json

ANSWERS = "answers.json"
"""A file of an evaluation: a held-out row each, whether the challenger was right and how sure it was."""


def answer_lines(heldout: Sequence[Example], predictions: Sequence[Prediction]) -> bytes:
    """The challenger's answers as an evaluation keeps them; neither texts nor labels."""
    rows = [
        {"right": row.label == said.label, "confidence": said.confidence, "entropy": said.entropy}
        for row, said in zip(heldout, predictions, strict=True)
    ]
    return canonical_json(rows)


def with_answers(
    site: Site, state: State, profile: ReferenceProfile, window: Window
) -> tuple[ReferenceProfile, Window]:
    """Reference and window with the labels there are by now, and the reference with the answers to estimate from."""
    labels = _labels(site)
    seen = replace(profile.seen, rows=_joined(profile.seen.rows, labels))
    seen = replace(seen, answers=_from_production(seen) or _from_evaluation(site, state))
    return replace(profile, seen=seen), replace(window, rows=_joined(window.rows, labels))


def labelled_since(site: Site, window: Window) -> pl.DataFrame:
    """The rows of a window whose label is known by now."""
    rows = _joined(window.rows, _labels(site))
    return rows.filter(pl.col("label").is_not_null()) if "label" in rows.columns else rows.clear()


def _labels(site: Site) -> pl.DataFrame | None:
    place = site.spec.production.labels
    if place is None or not site.spec.path(place).exists():
        return None
    try:
        found = read_labels(site.spec.path(place), now=site.clock()).rows
    except LogError:
        # A label log that cannot be read is said where it is needed, by `retrain run`; a check goes on without it.
        return None
    return not_by_models(found).select("id", "label")


def _joined(rows: pl.DataFrame, labels: pl.DataFrame | None) -> pl.DataFrame:
    if labels is None:
        return rows
    return rows.drop("label", strict=False).join(labels, on="id", how="left", maintain_order="left")


def _from_production(reference: Observation) -> Answers | None:
    """The reference's labelled rows, where there are enough and nobody picked them by how doubtful they looked."""
    known = labelled_rows(reference)
    if known.height < MIN_ANSWERS or not_at_random(reference) is not None:
        return None
    seen = replace(reference, rows=known)
    return Answers(
        right=~seen.wrong,
        confidence=seen.column("confidence"),
        entropy=seen.column("entropy"),
        source=f"{known.height} labelled rows of the reference",
    )


def _from_evaluation(site: Site, state: State) -> Answers | None:
    """The held-out rows that the champion was promoted on."""
    digest = state.champion.evaluation if state.champion else None
    if digest is None or ANSWERS not in site.evaluations.manifest(digest).files:
        return None
    rows = json.loads(site.evaluations.read(digest, ANSWERS))
    known = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in ("confidence", "entropy")}
    right = np.array([row["right"] for row in rows], dtype=np.bool_)
    return Answers(right=right, source=f"{len(rows)} held-out rows of the champion's evaluation", **known)
