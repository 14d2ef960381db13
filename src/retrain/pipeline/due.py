"""Is a retrain due now, as the ledger and the label log say? Files are read only where they decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from retrain.dataset.gather import read_examples
from retrain.errors import LogError
from retrain.pipeline.site import Site
from retrain.pipeline.situation import Asking, situation_of
from retrain.production.labels import read_labels
from retrain.production.reader import find_rows
from retrain.store.events import Checked
from retrain.store.state import State
from retrain.trigger.decide import Situation, TriggerDecision, decide, lacks_new_labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The trigger's decision, and what it was made from."""

    situation: Situation
    decision: TriggerDecision
    at: datetime
    """The time that it was decided for."""


def due(site: Site, state: State, *, asked: Asking = "check", reason: str = "") -> Due:
    """Ask the trigger; `reason` is that of a person or an alert who asks."""
    now, policy = site.clock(), site.spec.trigger
    situation = situation_of(state, now=now, asked=asked, reason=reason)
    if asked == "check" and situation.episode_open and not situation.episode_answered:
        situation = situation.model_copy(update={"new_labels": new_labels(site, drift_began(site, state))})
    decision = decide(situation, policy, now=now)
    if decision.retrain and decision.cause != "manual" and situation.interrupted is None:
        situation = situation.model_copy(update={"examples_missing": examples_missing(site, state)})
        decision = decide(situation, policy, now=now)
    return Due(situation=situation, decision=decision, at=now)


def judged_backwards(site: Site) -> Iterator[Checked]:
    """The windows judged since the newest change of champion, the newest first."""
    for entry in site.ledger.backwards():
        if entry.state.last_check is None:
            return
        if isinstance(entry.event, Checked) and entry.event.state != "insufficient_data":
            yield entry.event


def drift_began(site: Site, state: State) -> datetime | None:
    """The start of the first of the windows that were not quiet, back from the newest."""
    began = state.last_check.start if state.last_check else None
    for event in judged_backwards(site):
        if event.state == "quiet":
            break
        began = event.start
    return began


def new_labels(site: Site, began: datetime | None) -> int | None:
    """Labelled rows of the windows since drift began; none where that cannot be told.

    The label log alone says when there cannot be enough; only where there may be, the production log is read too.
    """
    place = site.spec.production.labels
    if place is None or began is None:
        return None
    if not site.spec.path(place).exists():
        return 0
    now = site.clock()
    try:
        labels = read_labels(site.spec.path(place), now=now).rows.filter(pl.col("labelled_at") >= began)
        if lacks_new_labels(labels.height, site.spec.trigger):
            return labels.height
        return find_rows(site.log, site.spec.production, set(labels["id"]), span=(began, now), now=now).height
    except LogError:
        # Whatever is wrong with a log is the check's or the run's to say.
        return None


def examples_counted(site: Site) -> int:
    """Standing examples and labels, before anything is cleaned: at most so many can be trained on."""
    place = site.spec.production.labels
    standing, _ = read_examples(site.spec.path(site.spec.dataset.examples), site.spec.production.groups)
    has_labels = place is not None and site.spec.path(place).exists()
    return len(standing) + (
        read_labels(site.spec.path(place), now=site.clock()).rows.height if has_labels and place else 0
    )


def examples_missing(site: Site, state: State) -> int:
    """Examples without which a run would surely be refused: by their number, or since the last run was refused.

    How many a run would keep is known only after cleaning; but each new example adds one at most.
    """
    try:
        counted = examples_counted(site)
    except LogError:
        return 0
    missing = site.spec.dataset.min_examples - counted
    last = state.last_run
    if last is not None and last.outcome == "refused" and last.missing:
        missing = max(missing, last.missing - (counted - last.counted))
    return max(missing, 0)
