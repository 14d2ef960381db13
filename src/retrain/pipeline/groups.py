"""Do groups get other answers than the rest? The watch over groups, as it stands after one window more."""

from datetime import timedelta

import polars as pl

from retrain.drift.attribution.quoting import names_redacted
from retrain.drift.fairness.watch import FairnessMemory, judge, take_in
from retrain.pipeline.answers import labelled_since
from retrain.pipeline.owed import read
from retrain.pipeline.site import Site
from retrain.production.window import Window
from retrain.store.judged import Fairness
from retrain.store.state import State


def watch(site: Site, state: State, window: Window) -> tuple[FairnessMemory, Fairness]:
    """The memory with this window, and what it says. Without groups it is unknown, which is not fair."""
    memory, policy = FairnessMemory.model_validate(state.fairness), site.spec.fairness
    if not site.spec.production.groups:
        reason = "no groups are named in production.groups"
        return memory, Fairness(state="not_enough_evidence", limit=policy.gap, reason=reason)
    after = take_in(memory, _named(site, window.rows), _labelled(site, state, window), policy)
    return after, judge(after, policy)


def _labelled(site: Site, state: State, window: Window) -> pl.DataFrame | None:
    """Rows of an earlier window, as old as labels are waited for, as far as they have one by now.

    Each row is counted once: whoever is labelled later still is not counted by group.
    """
    if site.spec.production.labels is None:
        return None
    delay = timedelta(days=site.spec.fairness.label_delay_days)
    start, end = window.start - delay, window.end - delay
    if state.champion:
        # What another version answered is no error of this one.
        start = max(start, state.champion.since)
    if start >= end:
        return None
    rows = labelled_since(site, read(site, start, end))
    return None if rows.is_empty() else _named(site, rows)


def _named(site: Site, rows: pl.DataFrame) -> pl.DataFrame:
    """Labels and groups under the names that the ledger may keep; names that become alike are one."""
    names = [name for name in rows.columns if name.startswith("group_") or name in ("output", "label")]
    return names_redacted(rows, names, site.spec.drift)
