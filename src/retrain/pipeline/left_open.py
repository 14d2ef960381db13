"""Which challenger was left open, what does it wait for, until when, and what can a person type?"""

from collections.abc import Iterator
from datetime import datetime
from math import ceil

from retrain.promotion.waiting import awaited
from retrain.spec import ModelSpec
from retrain.store.certificate import Pending, WaitsFor
from retrain.store.state import State
from retrain.values import Value

SECONDS_PER_DAY = 86_400.0
USUAL_BUDGET = 300
"""Rows that `retrain labels export` asks for where no number is named."""


class Waiting(Value):
    """A challenger that was left open."""

    version: str
    since: datetime
    waited_days: float
    until: datetime
    """When it is held or dismissed, should nothing more come."""
    waits_for: tuple[WaitsFor, ...]
    """What it waits for now; nothing where people have answered, and the next look decides."""
    labels_needed: int | None
    """Rows labelled since that would probably decide, as the comparison saw it; none where that is not known."""
    reviewers_missing: int | None
    """People who must approve yet; none where none was asked for, or the ledger did not count them then."""
    next_steps: tuple[str, ...]
    """Commands, in their order."""


def left_open(state: State, spec: ModelSpec, now: datetime) -> Waiting | None:
    """The challenger of this state that waits; none when none does."""
    if state.pending is None:
        return None
    labels = state.pending.awaited.labels if state.pending.awaited else None
    # The next look goes by the spec of now, whatever it was when the challenger began to wait.
    terms = awaited(state.pending.waits_for, spec.promotion, labels)
    left = state.pending.model_copy(update={"awaited": terms})
    assert left.until is not None, "the terms say it"
    return Waiting(
        version=left.challenger,
        since=left.since,
        waited_days=max((now - left.since).total_seconds(), 0.0) / SECONDS_PER_DAY,
        until=left.until,
        waits_for=left.still_for,
        labels_needed=labels,
        reviewers_missing=left.reviewers_missing,
        next_steps=tuple(_steps(left, spec, drifts=state.episode is not None)),
    )


def _steps(left: Pending, spec: ModelSpec, *, drifts: bool) -> Iterator[str]:
    if "review" in left.still_for:
        yield f"retrain review {spec.model}"
    if "labels" in left.still_for:
        yield f"retrain labels export {spec.model} --budget {_budget(left, spec, drifts=drifts)}"
        yield f"retrain labels import {spec.model} FILE"
    yield f"retrain decide {spec.model}"


def _budget(left: Pending, spec: ModelSpec, *, drifts: bool) -> int:
    """Rows to ask for: those chosen because the champion was unsure say nothing about a challenger (`fresh.py`)."""
    if left.awaited is None or left.awaited.labels is None:
        return USUAL_BUDGET
    counted = spec.labels.random_share + (spec.labels.drifted_share if drifts else 0.0)
    return ceil(left.awaited.labels / min(counted, 1.0))
