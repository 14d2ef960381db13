"""Which production rows could people be asked about, and what is known of them already?"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from retrain.drift.check import observed
from retrain.labels.alike import Answered, Population, population
from retrain.labels.segments import segments_of
from retrain.labels.tasks import ID, ROWS, Task
from retrain.pipeline.due import drift_began
from retrain.pipeline.owed import read, settled
from retrain.pipeline.prepare import gather
from retrain.pipeline.reference import embedding_for, load_reference
from retrain.pipeline.site import Site
from retrain.production.reader import first_timestamp
from retrain.production.window import Window
from retrain.store.state import State

TASKS = "tasks.jsonl"
"""What was asked and why, nothing hidden; the other files of the bundle are for people and their tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Askable:
    """The rows of a span, and which of them need a label of their own."""

    start: datetime
    end: datetime
    window: Window
    sampled: float
    """Share of the span's rows that the window's sample holds."""
    people: Population
    labels: tuple[str, ...]
    """Every label that may be given, sorted."""


def drifted_since(site: Site, state: State) -> datetime | None:
    """When the first of the windows began that are not quiet, back from the newest; none when the newest is quiet."""
    newest = state.last_check
    return drift_began(site, state) if newest and newest.state != "quiet" else None


def askable(site: Site, state: State, since: datetime | None) -> Askable | None:
    """None where the span has no rows that are old enough to be taken as complete."""
    span = _span(site, state, since or drifted_since(site, state))
    if span is None:
        return None
    window = read(site, *span)
    examples, _ = gather(site)
    rows = [Answered(id=row, text=text, output=out) for row, text, out in _answered(window.rows)]
    return Askable(
        start=span[0],
        end=span[1],
        window=window,
        sampled=window.rows.height / window.total if window.total else 1.0,
        people=population(
            rows,
            {example.text: example.label for example in examples if example.label},
            [task.text for task in asked_before(site, state).values()],
            site.spec.dataset.near_duplicate,
        ),
        labels=label_names(site, (example.label for example in examples)),
    )


def label_names(site: Site, seen: Iterator[str]) -> tuple[str, ...]:
    """The labels of the examples, those given so far, and those that the spec adds."""
    return tuple(sorted({*site.spec.labels.names, *(name for name in seen if name)}))


def segments(site: Site, state: State, window: Window) -> dict[str, str]:
    """Id of each row of a drifted segment to its name: by all rows since drift began, as a report tells of one window.

    Of a large window the rows that a report compares are looked at (`drift.max_rows`).
    """
    if drifted_since(site, state) is None or state.reference is None or window.rows.is_empty():
        return {}
    embedding, policy = embedding_for(site), site.spec.drift
    profile = load_reference(site, state)
    current = observed(window, profile, policy, embedding.embed if embedding else None)
    found = segments_of(profile.seen, current, policy)
    return {row: name for row, name in zip(current.rows["id"], found, strict=True) if name is not None}


def asked_before(site: Site, state: State) -> dict[str, Task]:
    """Every row that people were asked about, by id."""
    lines = (line for digest in state.asked for line in site.asked.read(digest, TASKS).split(b"\n") if line)
    return {task.id: task for task in map(Task.model_validate_json, lines)}


def texts_asked(site: Site, state: State) -> dict[str, tuple[str, ...]]:
    """Every row that people were asked about to its text: as it was shown (perhaps redacted), and as logged."""
    known: dict[str, tuple[str, ...]] = {}
    for digest in state.asked:
        shown = (json.loads(line) for line in site.asked.read(digest, ROWS).split(b"\n") if line)
        for row, text in ((one[ID], one["text"]) for one in shown):
            known[row] = (*known.get(row, ()), text)
    for row, task in asked_before(site, state).items():
        known[row] = (*known.get(row, ()), task.text)
    return known


def _span(site: Site, state: State, since: datetime | None) -> tuple[datetime, datetime] | None:
    """To the end of the newest judged window, so that the same ledger and log give the same rows at any time."""
    end = state.watermark if state.last_check else settled(site)
    assert end is not None, "a judged window has set the watermark"
    first = first_timestamp(site.log, site.spec.production)
    start = since or end - timedelta(days=site.spec.labels.days)
    return (max(start, first), end) if first is not None and max(start, first) < end else None


def _answered(rows: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    yield from rows.select("id", "input", "output").iter_rows()
