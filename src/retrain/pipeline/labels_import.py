"""What did people answer? Verify an answer file, and add what can be used to the label log, once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from retrain.drift.attribution.quoting import redacted
from retrain.errors import AlreadyExists, UsageError
from retrain.labels.answers import Answer, read_answers
from retrain.labels.estimate import Estimate, estimate
from retrain.labels.tasks import Task
from retrain.labels.verify import Fault, Verified, verify
from retrain.pipeline.labels_export import DESIGN, Design
from retrain.pipeline.labels_rows import asked_before, label_names, texts_asked
from retrain.pipeline.prepare import gather
from retrain.pipeline.site import Site
from retrain.production.instants import micros, moment, parse
from retrain.production.labels import SKEW, read_labels
from retrain.production.quarantine import BrokenValueError
from retrain.production.reader import find_rows, first_timestamp
from retrain.store.folder import FolderStore
from retrain.store.state import State
from retrain.values import Value, canonical_json, digest_of, short

LABELLERS = "expected human, outcome or model:NAME"


class Accuracy(Value):
    """What the labels of one export say of the model that answered."""

    entry: int
    """Of the export."""
    estimate: Estimate


class ImportResult(Value):
    """What `retrain labels import` answers."""

    model: str
    added: int
    """Labels new to the label log."""
    already: int
    """Labels that it had."""
    corrected: int
    """Of those added, labels that replace another one of the same row."""
    unlabelled: int
    repeated: int
    faults: tuple[Fault, ...]
    """Every answer that was not used, and why."""
    file: str | None
    """The new file of the label log; none when there was nothing to add."""
    accuracy: tuple[Accuracy, ...] = ()
    """Of the exports that these labels belong to; those with a part that nobody has labelled yet are not there."""


def import_labels(site: Site, file: Path, *, labeller: str = "human", new_labels: Collection[str] = ()) -> ImportResult:
    """Add the labels of a file as one new file of the label log; the same file a second time adds nothing."""
    place = _place(site)
    _check_labeller(labeller)
    answers = read_answers(file)
    asked = texts_asked(site, site.ledger.state())
    examples, _ = gather(site)
    names = {*label_names(site, (example.label for example in examples)), *new_labels}
    seen = verify(answers, _known(site, answers, asked), names)
    before = _labels_now(site, place)
    fresh = [answer for answer in seen.labels if before.get(answer.id) != (answer.label, labeller)]
    written = _add(site, place, seen.labels, labeller) if fresh else None
    added = fresh if written else []
    return ImportResult(
        model=site.model,
        added=len(added),
        already=len(seen.labels) - len(added),
        corrected=sum(answer.id in before for answer in added),
        unlabelled=seen.unlabelled,
        repeated=seen.repeated,
        faults=seen.faults,
        file=str(written) if written else None,
        accuracy=_accuracies(site, seen),
    )


def _place(site: Site) -> Path:
    """The label log's folder."""
    labels = site.spec.production.labels
    if labels is None:
        raise UsageError(
            f"the spec of {site.model!r} names no label log; set production.labels to a folder, such as ../labels"
        )
    place = site.spec.path(labels)
    if place.is_file():
        raise UsageError(
            f"the label log {str(place)!r} is one file, which cannot be added to in one piece; move it into a folder "
            f"of its own, and name the folder in production.labels"
        )
    return place


def _check_labeller(labeller: str) -> None:
    if labeller not in ("human", "outcome") and not (labeller.startswith("model:") and len(labeller) > len("model:")):
        raise UsageError(f"--labeller is {labeller!r}; {LABELLERS}")


def _known(
    site: Site, answers: Sequence[Answer], asked: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    """Ids that were asked about, or stand in the production log, with the texts that they may come back with."""
    strangers = {answer.id for answer in answers if answer.id and answer.id not in asked}
    first = first_timestamp(site.log, site.spec.production) if strangers and site.log.is_dir() else None
    if first is None:
        return asked
    now = site.clock()
    found = find_rows(site.log, site.spec.production, strangers, span=(first, now), now=now)
    logged = found.select("id", "input").iter_rows()
    return {**asked, **{row: (redacted(text, site.spec.drift), text) for row, text in logged}}


def _labels_now(site: Site, place: Path) -> dict[str, tuple[str, str]]:
    """Id to the label that counts, and who gave it."""
    if not place.exists():
        return {}
    rows = read_labels(place, now=site.clock()).rows
    return {row: (label, who) for row, label, who in rows.select("id", "label", "labeller").iter_rows()}


def _add(site: Site, place: Path, labels: Sequence[Answer], labeller: str) -> Path | None:
    """Create one file, whole or not at all; none when these labels were added before.

    It is named by what it says and not by when, so that the same labels are the same file.
    """
    said = sorted((answer.id, answer.label) for answer in labels)
    name = f"import-{short(digest_of(canonical_json([labeller, said])))}.jsonl"
    now = site.clock()
    lines = [
        canonical_json(
            {
                **{"id": answer.id, "label": answer.label, "labeller": labeller},
                "labelled_at": _when(answer, now).isoformat(),
            }
        )
        for answer in labels
    ]
    try:
        place.mkdir(parents=True, exist_ok=True)
        FolderStore(place).create(name, b"".join(line + b"\n" for line in lines))
    except AlreadyExists:
        return None
    return place / name


def _when(answer: Answer, now: datetime) -> datetime:
    """As the file says, unless it says nothing that can be read, or a time to come."""
    try:
        instant = parse(answer.labelled_at)
    except BrokenValueError:
        return now
    return moment(instant) if instant <= micros(now) + SKEW else now


def _accuracies(site: Site, seen: Verified) -> tuple[Accuracy, ...]:
    """Of the model's answers, for each export that these labels belong to, by all labels there are now."""
    state = site.ledger.state()
    numbers = {
        entry.evidence["asked"]: entry.number for entry in site.ledger.backwards() if entry.event.kind == "asked"
    }
    given = {answer.id for answer in seen.labels}
    labels = {row: label for row, (label, _) in _labels_now(site, _place(site)).items()}
    found = []
    for digest in state.asked:
        tasks = asked_before(site, State(asked=(digest,)))
        if given & tasks.keys() and (estimated := _estimated(site, digest, (tasks, labels))) is not None:
            found.append(Accuracy(entry=numbers[digest], estimate=estimated))
    return tuple(found)


def _estimated(site: Site, digest: str, known: tuple[dict[str, Task], dict[str, str]]) -> Estimate | None:
    tasks, labels = known
    design = Design.model_validate_json(site.asked.read(digest, DESIGN))
    right = {row: labels[row] == task.suggestion for row, task in tasks.items() if row in labels}
    return estimate(design.strata, {row: task.stands_for for row, task in tasks.items()}, right, design.known)
