"""Which labelled rows can still tell about a challenger that waits? Those that came after it, and that it never saw."""

from dataclasses import replace

import polars as pl

from retrain.dataset.clean import clean, normalised
from retrain.dataset.gather import from_production
from retrain.dataset.near import first_alike
from retrain.dataset.snapshot import Example, Snapshot
from retrain.pipeline.labels_rows import asked_before
from retrain.pipeline.site import Site
from retrain.production.labels import Labels, labelled, not_by_models, read_labels
from retrain.production.reader import find_rows, first_timestamp
from retrain.store.certificate import Pending
from retrain.store.state import State

CHOSEN_BY_DOUBT = "uncertain"


def fresh_rows(site: Site, state: State, pending: Pending, snapshot: Snapshot) -> list[Example]:
    """Production rows labelled since the challenger began to wait, nothing alike to a row of its snapshot among them.

    Rows that were asked for because the champion was unsure of them are left out: it is wrong there more often than
    elsewhere, so any other model would look better on them. Sorted, so that the same rows are the same.
    """
    labels = _labels_since(site, state, pending)
    if labels is None:
        return []
    now = site.clock()
    first = first_timestamp(site.log, site.spec.production) if site.log.is_dir() else None
    if first is None:
        return []
    rows = find_rows(site.log, site.spec.production, set(labels.rows["id"]), span=(first, now), now=now)
    cleaned = clean(from_production(labelled(rows, labels).rows), site.spec.dataset).rows
    known = [normalised(row.text) for part in (snapshot.train, snapshot.validation, snapshot.heldout) for row in part]
    keys = sorted(set(known))
    came = sorted(cleaned, key=lambda row: (row.first_seen, row.key))
    alike = first_alike([*keys, *(row.key for row in came)], site.spec.dataset.near_duplicate, fixed=len(keys))
    fresh = [row.example for row, twin in zip(came, alike[len(keys) :], strict=True) if twin is None]
    return sorted(fresh, key=Example.canonical)


def _labels_since(site: Site, state: State, pending: Pending) -> Labels | None:
    place = site.spec.production.labels
    if place is None or not site.spec.path(place).exists():
        return None
    labels = read_labels(site.spec.path(place), now=site.clock())
    doubted = [task.id for task in asked_before(site, state).values() if task.why == CHOSEN_BY_DOUBT]
    rows = not_by_models(labels.rows).filter((pl.col("labelled_at") > pending.since) & ~pl.col("id").is_in(doubted))
    return None if rows.is_empty() else replace(labels, rows=rows)
