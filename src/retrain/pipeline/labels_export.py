"""Which labels would help most? Choose rows of production, store what is asked, and write it for people to label."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from retrain.drift.attribution.quoting import redacted
from retrain.errors import UnknownDecision, UsageError
from retrain.labels.choose import Candidate, Stratum, choose
from retrain.labels.estimate import Known
from retrain.labels.tasks import Task, task_files
from retrain.pipeline.labels_rows import TASKS, Askable, askable, segments
from retrain.pipeline.site import Site
from retrain.store.events import LabelsAsked
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import State
from retrain.values import Value, canonical_json, counted

DESIGN = "design.json"


class Design(Value):
    """How the rows were drawn: what an estimate from their labels needs to know."""

    strata: tuple[Stratum, ...]
    known: Known
    sampled: float
    """Share of the span's rows that was looked at; of a large log, a sample drawn evenly."""


class ExportResult(Value):
    """What `retrain labels export` answers."""

    model: str
    rows: int
    """Rows that people are asked to label; at most the budget."""
    entry: int | None
    """Of the ledger; none when there was nothing to ask."""
    start: datetime | None
    end: datetime | None
    why: dict[str, int]
    segments: dict[str, int]
    """Drifted segment to the number of rows chosen of it."""
    candidates: int
    """Rows that could have been asked about: without a label, and alike to none that has one."""
    known: int
    """Rows of the span whose label is known, their own or that of a text alike."""
    asked_before: int
    """Rows of the span left out, since they, or rows alike, were asked about by an earlier export."""
    labels: tuple[str, ...]
    files: tuple[str, ...]
    reasons: tuple[str, ...]


def export_labels(
    site: Site, budget: int, folder: Path, *, since: datetime | None = None, suggest: bool = False
) -> ExportResult:
    """Write the files into `folder`, which must be new or empty, once the store and the ledger have them."""
    checked_folder(folder)
    while True:
        state = site.ledger.state()
        found = askable(site, state, since)
        if found is None or not found.people.stands_for:
            return _nothing(site, found)
        design = _design(site, state, found, budget)
        files = _files(site, found, design, suggest=suggest)
        entry = _append(site, state, (found, design), site.asked.put(files, {"rows": _count(design)}))
        if entry is not None:
            return _told(site, (found, design), entry, write(folder, files))


def repeat_export(site: Site, number: int, folder: Path) -> tuple[str, ...]:
    """Write the files of an earlier export again. Raises UnknownDecision when that entry is none."""
    checked_folder(folder)
    for entry in site.ledger.entries():
        if entry.number == number and isinstance(entry.event, LabelsAsked):
            digest = entry.event.request
            names = site.asked.manifest(digest).files
            return write(folder, {name: site.asked.read(digest, name) for name in names})
    raise UnknownDecision(
        f"entry {number} of {site.model!r} is no export of labels; `retrain history {site.model}` lists them"
    )


def checked_folder(folder: Path) -> None:
    """Raise UsageError unless files can be written there without touching any that is there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{str(folder)!r} is there already and not an empty folder; name another with --out")


def write(folder: Path, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The files for people; what only the store needs stays there."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(name for name in files if name not in (TASKS, DESIGN))
    for name in names:
        (folder / name).write_bytes(files[name])
    return tuple(str(folder / name) for name in names)


def _design(site: Site, state: State, found: Askable, budget: int) -> Design:
    rows = found.window.rows.filter(pl.col("id").is_in(list(found.people.stands_for)))
    names = segments(site, state, found.window)
    unsure = _unsure(rows)
    candidates = [
        Candidate(id=row, segment=names.get(row), unsure=unsure[place], stands_for=found.people.stands_for[row])
        for place, row in enumerate(rows["id"])
    ]
    strata = choose(candidates, budget, site.spec.labels)
    return Design(strata=strata, known=found.people.known, sampled=found.sampled)


def _unsure(rows: pl.DataFrame) -> list[float | None]:
    """By entropy where the log has scores, else by confidence: whichever more rows have."""
    by_entropy, by_confidence = rows["entropy"], 1 - rows["confidence"]
    return (by_confidence if by_entropy.null_count() > by_confidence.null_count() else by_entropy).to_list()


def _files(site: Site, found: Askable, design: Design, *, suggest: bool) -> dict[str, bytes]:
    by_id = {row["id"]: row for row in found.window.rows.iter_rows(named=True)}
    tasks = tuple(
        _task(by_id[row], stratum, (found.people.stands_for[row], found.sampled))
        for stratum in design.strata
        for row in stratum.chosen
    )
    shown = tasks if suggest else tuple(map(_without_answer, tasks))
    if site.spec.labels.redact:
        shown = tuple(one.model_copy(update={"text": redacted(one.text, site.spec.drift)}) for one in shown)
    lines = b"".join(canonical_json(task.model_dump(mode="json")) + b"\n" for task in tasks)
    guidelines = f"Which label fits the text? ({site.model})"
    return {TASKS: lines, DESIGN: design.canonical(), **task_files(shown, found.labels, guidelines)}


def _task(row: Mapping[str, object], stratum: Stratum, weight: tuple[int, float]) -> Task:
    stands_for, sampled = weight
    timestamp = row["timestamp"]
    assert isinstance(timestamp, datetime)
    return Task.model_validate(
        {
            **{"id": row["id"], "text": row["input"], "timestamp": timestamp.isoformat(), "why": stratum.why},
            **{"segment": stratum.segment, "inclusion_probability": stratum.probability * sampled},
            **{"stands_for": stands_for, "suggestion": row["output"], "confidence": row["confidence"]},
        }
    )


def _without_answer(task: Task) -> Task:
    """Whoever sees the model's answer agrees with it too often; that a label has risen gives it away."""
    segment = "a label" if (task.segment or "").startswith("label ") else task.segment
    return task.model_copy(update={"segment": segment, "suggestion": None, "confidence": None})


def _append(site: Site, state: State, asked: tuple[Askable, Design], digest: str) -> LedgerEntry | None:
    """None when another export came first: its rows are not to be asked for twice, so the choice is made again."""
    found, design = asked
    why = Counter[str]()
    for stratum in design.strata:
        why[stratum.why] += len(stratum.chosen)
    event = LabelsAsked(rows=_count(design), request=digest, start=found.start, end=found.end, why=dict(why))

    def draft(newest: LedgerEntry | None) -> Draft | None:
        now = newest.state if newest else State()
        if (now.asked, now.reference, now.watermark) != (state.asked, state.reference, state.watermark):
            return None
        reasons = tuple(f"{counted(count, 'row')}: {name}" for name, count in _segments(design).items())
        return Draft(event=event, reasons=reasons, actor=site.actor, evidence={"asked": digest})

    return site.ledger.append(draft)


def _count(design: Design) -> int:
    return sum(len(stratum.chosen) for stratum in design.strata)


def _segments(design: Design) -> dict[str, int]:
    return {stratum.segment or stratum.why: len(stratum.chosen) for stratum in design.strata}


def _told(site: Site, asked: tuple[Askable, Design], entry: LedgerEntry, files: tuple[str, ...]) -> ExportResult:
    found, design = asked
    assert isinstance(entry.event, LabelsAsked)
    return ExportResult(
        model=site.model,
        rows=entry.event.rows,
        entry=entry.number,
        start=found.start,
        end=found.end,
        why=entry.event.why,
        segments={s.segment: len(s.chosen) for s in design.strata if s.segment},
        candidates=len(found.people.stands_for),
        known=found.people.known.rows,
        asked_before=found.people.asked_before,
        labels=found.labels,
        files=files,
        reasons=_reasons(found),
    )


def _reasons(found: Askable) -> tuple[str, ...]:
    people, reasons = found.people, []
    if people.known.rows:
        reasons.append(f"{people.known.rows} rows have a label, or are alike to a text that has one")
    if people.asked_before:
        reasons.append(f"{people.asked_before} rows were asked about before, or are alike to such, without a label yet")
    if found.sampled < 1:
        reasons.append(f"a sample of {found.sampled:.1%} of the rows was looked at (production.sample_rows)")
    return tuple(reasons)


def _nothing(site: Site, found: Askable | None) -> ExportResult:
    why = ("no row is left to ask about",) if found else ("no production rows there that are complete and old enough",)
    return ExportResult(
        model=site.model,
        rows=0,
        entry=None,
        start=found.start if found else None,
        end=found.end if found else None,
        why={},
        segments={},
        candidates=0,
        known=found.people.known.rows if found else 0,
        asked_before=found.people.asked_before if found else 0,
        labels=found.labels if found else (),
        files=(),
        reasons=(*why, *(_reasons(found) if found else ())),
    )
