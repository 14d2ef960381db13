"""What will this run train on? Old and new examples together, as one stored snapshot."""

from datetime import timedelta

from retrain.dataset import stored
from retrain.dataset.build import build_snapshot
from retrain.dataset.gather import from_production, read_examples
from retrain.dataset.snapshot import Example, Refusal, Snapshot
from retrain.pipeline.certificate import foreseen
from retrain.pipeline.claim import Run
from retrain.pipeline.site import Site
from retrain.production.labels import labelled, read_labels
from retrain.production.reader import find_rows, first_timestamp
from retrain.store.events import Prepared
from retrain.values import Value, counted, short


class PreparedSnapshot(Value):
    """A snapshot and the digest it is stored under."""

    digest: str
    snapshot: Snapshot
    notes: tuple[str, ...] = ()
    """Rows that were of no use or left out, and why."""


def prepare(run: Run) -> PreparedSnapshot | Refusal:
    """The run's snapshot: the one it already has when it goes on from a dead run, else a new one."""
    if run.claim.snapshot is not None:
        run.tell("prepare", f"going on with snapshot {short(run.claim.snapshot)}")
        return PreparedSnapshot(digest=run.claim.snapshot, snapshot=stored.get(run.site.snapshots, run.claim.snapshot))
    examples, broken = gather(run.site)
    run.tell("prepare", f"{len(examples)} labelled examples found")
    snapshot = build_snapshot(examples, run.site.spec.dataset, earlier_heldout=_earlier_heldout(run.site))
    if isinstance(snapshot, Refusal):
        return snapshot
    policy = run.site.spec.dataset.model_dump(mode="json")
    digest = stored.put(run.site.snapshots, snapshot, about={"broken": broken, "policy": policy})
    notes = tuple(f"{counted(count, 'row')} not used: {reason}" for reason, count in broken.items())
    notes += tuple(f"{counted(count, 'row')} left out: {reason}" for reason, count in sorted(snapshot.removed.items()))
    state, held = run.site.ledger.state(), len(snapshot.heldout)
    # What the gate could see at best is said before anything is paid for; without a champion there is no contest.
    power = (foreseen(run.site, state, held),) if state.champion else ()
    reasons = (f"{snapshot.clean} clean examples, {held} of them held out", *power, *notes)
    run.append(Prepared(claim=run.claim.id, snapshot=digest, clean=snapshot.clean), reasons, {"dataset": digest})
    for reason in reasons:
        run.tell("prepare", reason)
    return PreparedSnapshot(digest=digest, snapshot=snapshot, notes=notes)


def gather(site: Site) -> tuple[list[Example], dict[str, int]]:
    """Standing examples and production rows that have a label by now, and the number of rows of no use by reason."""
    policy = site.spec.dataset
    standing, broken = read_examples(site.spec.path(policy.examples), site.spec.production.groups)
    labelled_rows, useless = _labelled_production(site)
    return [*standing, *labelled_rows], {**{f"example: {reason}": n for reason, n in broken.items()}, **useless}


def _labelled_production(site: Site) -> tuple[list[Example], dict[str, int]]:
    place = site.spec.production.labels
    if place is None or not site.spec.path(place).exists():
        return [], {}
    now = site.clock()
    labels = read_labels(site.spec.path(place), now=now)
    first = first_timestamp(site.log, site.spec.production) if site.log.is_dir() else None
    useless = {f"label: {reason}": count for reason, count in labels.quarantined.items()}
    if first is None or labels.rows.is_empty():
        return [], useless
    start = max(first, now - timedelta(days=site.spec.dataset.label_days))
    ids = set(labels.rows["id"])
    rows = find_rows(site.log, site.spec.production, ids, span=(start, now), now=now)
    joined = labelled(rows, labels)
    if joined.unknown:
        useless["label: no production row has its id"] = joined.unknown
    return from_production(joined.rows), useless


def _earlier_heldout(site: Site) -> tuple[Example, ...]:
    """The held-out rows of the newest snapshot: once held out, held out for ever."""
    digest = site.ledger.state().snapshot
    return stored.get(site.snapshots, digest).heldout if digest else ()
