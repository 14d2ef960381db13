"""How does the regression suite grow from incidents, and what does the champion make of it today?"""

from dataclasses import dataclass
from typing import Any

from retrain.errors import LogError, SpecError, UnknownVersion, UsageError
from retrain.evaluation.regressions import CaseSeen
from retrain.evaluation.suite import suite_seen
from retrain.labels.verify import unknown_label
from retrain.pipeline.labels_rows import label_names
from retrain.pipeline.prepare import gather
from retrain.pipeline.scoring import scored
from retrain.pipeline.site import Site
from retrain.pipeline.suite_file import append, read_suite, suite_path
from retrain.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What somebody saw go wrong, and what should have come out."""

    text: str
    labels: tuple[str, ...] = ()
    """One of these is right; with `than`, the one whose probability must not be lower."""
    same: tuple[str, ...] = ()
    """Texts that get the same answer."""
    than: str | None = None
    """The text whose probability of the label must not be higher."""
    why: str
    id: str | None = None
    must: bool = False
    new_labels: tuple[str, ...] = ()
    """Labels that no example has yet, and that are meant all the same."""


class Added(Value):
    """What `retrain suite add` answers."""

    model: str
    suite: str
    """The file."""
    id: str
    kind: str
    added: bool
    """False: the same case was there already."""
    cases: int


class SuiteResult(Value):
    """What `retrain suite check` answers."""

    model: str
    version: str
    suite: str
    digest: str
    passed: int
    failed: int
    cases: tuple[CaseSeen, ...]
    """Told as if the champion were a challenger without a champion before it."""


def add_case(site: Site, incident: Incident) -> Added:
    """Append a case to the suite file; the same words a second time add nothing. Raises SpecError or UsageError."""
    path = suite_path(site.spec)
    before = read_suite(site.spec) if path.exists() else None
    content = _asked(incident)
    ids = {}
    for case in before.suite.cases if before else ():
        ids[case.id] = case
        same = {key: value for key, value in case.model_dump(mode="json").items() if key in content}
        if same == _listed(content):
            count = len(before.suite.cases) if before else 0
            return Added(model=site.model, suite=str(path), id=case.id, kind=case.kind, added=False, cases=count)
    _check_labels(site, incident)
    today = site.clock().date()
    number = next(n for n in range(1, len(ids) + 2) if f"incident-{today}-{n}" not in ids)
    name = incident.id or f"incident-{today}-{number}"
    if name in ids:
        raise UsageError(f"id {name!r} is taken in {path}; name another with --id, or leave it out")
    told: dict[str, Any] = {"must": True} if incident.must else {}
    entry = {"id": name, **content, **told, "why": incident.why, "since": today.isoformat()}
    suite = append(path, entry)
    return Added(model=site.model, suite=str(path), id=name, kind=content["kind"], added=True, cases=len(suite.cases))


def check_suite(site: Site) -> SuiteResult:
    """Have the champion answer the suite. Raises SpecError, and UnknownVersion without a champion."""
    file, champion = read_suite(site.spec), site.ledger.state().champion
    if file is None:
        raise SpecError(f"the spec of {site.model!r} names no suite; write evaluation.suite in it")
    if champion is None:
        raise UnknownVersion(f"model {site.model!r} has no champion yet, so nothing can answer the suite")
    texts = tuple(file.suite.texts)
    (answers,) = scored(site, [champion.version], texts, watched=file.suite.watched)
    said = dict(zip(texts, answers.predictions, strict=True))
    seen = suite_seen(file.suite, file.digest, said, None)
    passed = sum(case.challenger for case in seen.cases)
    return SuiteResult(
        model=site.model,
        version=champion.version,
        suite=str(file.path),
        digest=file.digest,
        passed=passed,
        failed=len(seen.cases) - passed,
        cases=seen.cases,
    )


def _check_labels(site: Site, incident: Incident) -> None:
    """A slip of the pen in a label is a case that nothing ever passes, and that holds every challenger."""
    try:
        examples, _ = gather(site)
    except LogError:
        # A suite may be written before the first example is there; `retrain validate` tells of those.
        return
    known = {*label_names(site, (example.label for example in examples)), *incident.new_labels}
    for label in incident.labels if known else ():
        if label not in known:
            raise UsageError(f"the case was not added: {unknown_label(label, known)}")


def _asked(incident: Incident) -> dict[str, Any]:
    """What the case says, as its file has it."""
    text, labels = incident.text, list(incident.labels)
    if incident.same and not labels and incident.than is None:
        return {"kind": "invariance", "texts": [text, *incident.same]}
    if incident.than is not None and len(labels) == 1 and not incident.same:
        return {"kind": "direction", "text": text, "than": incident.than, "label": labels[0]}
    if labels and not incident.same and incident.than is None:
        return {"kind": "minimum", "text": text, "label": labels[0] if len(labels) == 1 else labels}
    raise UsageError(
        "of --label, --same and --than this asks for no case; expected --label alone (this text gets it), --same alone "
        "(these texts get one answer), or --than with one --label (this text has no less of it)"
    )


def _listed(content: dict[str, Any]) -> dict[str, Any]:
    """The same with one label as a list of one, as it is read back."""
    if content["kind"] == "minimum" and isinstance(content["label"], str):
        return {**content, "label": [content["label"]]}
    return content
