"""A challenger that was left open is looked at again as labels arrive, by versions that really answer."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from retrain.dataset.snapshot import Snapshot
from retrain.evaluation.comparison import EvaluationReport
from retrain.labels.tasks import Task
from retrain.pipeline.audit import audit
from retrain.pipeline.claim import Asked, Run, claim
from retrain.pipeline.explain import history
from retrain.pipeline.fresh import fresh_rows
from retrain.pipeline.labels_rows import TASKS
from retrain.pipeline.pending import decide_pending
from retrain.pipeline.retrain import silent
from retrain.pipeline.rollback import promote
from retrain.pipeline.train import version_of
from retrain.store.certificate import Decided, Pending
from retrain.store.events import Dismissed, Ended, LabelsAsked, Promoted
from retrain.store.ledger import Draft
from retrain.store.shelf import Shelf
from shop import DAY, LATE, START, Messages, Shop, few


def waiting(shop: Shop) -> str:
    """A shop without a champion, whose first challenger was left open: always the most frequent label is its rival."""
    old = shop.site().ledger.state()
    assert old.champion is not None
    version, evaluation = old.champion.version, old.champion.evaluation
    shutil.rmtree(Path(shop.settings.store) / "models" / "shop" / "ledger")
    run = claim(shop.site(), Asked(cause="manual", reason="first"), silent)
    assert isinstance(run, Run)
    used = Decided(rows=40, error=0.02, waiting=0.02, free=True)
    ended = Ended(
        claim=run.claim.id,
        outcome="inconclusive",
        challenger=version,
        evaluation=evaluation,
        decided=used,
        waits_for=("labels",),
    )
    assert evaluation is not None
    run.append(ended, ("too few rows",), {"evaluation": evaluation, "version": version})
    return version


def answered_and_labelled(shop: Shop, messages: Messages, count: int) -> None:
    """A day of messages that no snapshot holds, all labelled a little later."""
    fresh = few(messages("base", 0, 1560))[230 : 230 + count]
    ids = shop.day(0, fresh)
    shop.now = START + DAY + LATE
    shop.label(ids, [message["label"] for message in fresh])


def test_nobody_waits_in_a_new_shop(shop: Shop) -> None:
    result = decide_pending(shop.site())
    assert (result.outcome, result.reasons) == ("nothing", ("no challenger waits to be decided about",))


@pytest.mark.model
def test_fresh_labels_promote_what_was_left_open(running_shop: Shop, messages: Messages) -> None:
    version = waiting(running_shop)
    first = decide_pending(running_shop.site())
    assert (first.outcome, first.fresh_rows) == ("waiting", 0)
    before = len(history(running_shop.site()))
    answered_and_labelled(running_shop, messages, 60)
    result = decide_pending(running_shop.site())
    assert result.outcome == "promoted", result.reasons
    assert result.fresh_rows > 20
    state = running_shop.site().ledger.state()
    assert state.champion is not None
    assert (state.champion.version, state.pending) == (version, None)
    newest = running_shop.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Promoted)
    assert (newest.event.by, newest.event.over, newest.number) == ("pending", None, before + 1)
    assert "after a further look" in history(running_shop.site())[-1].what
    findings = audit(running_shop.site()).findings
    assert {finding.entry for finding in findings} == {2}, "of the entry that was planted alone"
    assert "it ended inconclusive, and the gate said promote" in [finding.what for finding in findings]
    assert decide_pending(running_shop.site()).outcome == "nothing"


@pytest.mark.model
def test_rows_of_the_challengers_own_snapshot_are_never_fresh(running_shop: Shop, messages: Messages) -> None:
    waiting(running_shop)
    known = few(messages("base", 0, 1560))[:60]
    ids = running_shop.day(0, known)
    running_shop.now = START + DAY + LATE
    running_shop.label(ids, [message["label"] for message in known])
    result = decide_pending(running_shop.site())
    assert (result.outcome, result.fresh_rows) == ("waiting", 0), "all are in its snapshot, or alike to one that is"


@pytest.mark.model
def test_what_waits_too_long_is_dismissed_and_the_next_look_finds_nothing(running_shop: Shop) -> None:
    version = waiting(running_shop)
    running_shop.now += timedelta(days=29)
    assert decide_pending(running_shop.site()).outcome == "waiting"
    running_shop.now += timedelta(days=2)
    result = decide_pending(running_shop.site())
    assert (result.outcome, result.version) == ("expired", version)
    newest = running_shop.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Dismissed)
    assert result.reasons[0] == "open for 31 d, limit 30 d"
    assert decide_pending(running_shop.site()).outcome == "nothing"


@pytest.mark.model
def test_of_many_who_look_at_once_one_decides(running_shop: Shop) -> None:
    waiting(running_shop)
    running_shop.now += timedelta(days=31)
    before = len(list(running_shop.site().ledger.entries()))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: decide_pending(running_shop.site()).outcome, range(8)))
    assert found.count("expired") == 1, found
    assert set(found) <= {"expired", "waiting", "nothing"}
    assert len(list(running_shop.site().ledger.entries())) == before + 1


@pytest.mark.model
def test_a_champion_made_by_hand_meanwhile_ends_the_waiting(
    running_shop: Shop, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = waiting(running_shop)
    answered_and_labelled(running_shop, messages, 60)
    real = Shelf.verify_all

    def meddle(shelf: Shelf, digest: str) -> None:
        monkeypatch.setattr(Shelf, "verify_all", real)
        promote(running_shop.site(), version, reason="I could not wait")

    # The last thing that is done before the entry is written.
    monkeypatch.setattr(Shelf, "verify_all", meddle)
    result = decide_pending(running_shop.site())
    assert (result.outcome, result.reasons) == ("waiting", ("something else was decided meanwhile; look again",))
    events = [entry.event for entry in running_shop.site().ledger.entries()]
    assert [event.by for event in events if isinstance(event, Promoted)] == ["hand"]
    assert decide_pending(running_shop.site()).outcome == "nothing"


@pytest.mark.model
def test_a_run_at_work_goes_before(running_shop: Shop) -> None:
    waiting(running_shop)
    run = claim(running_shop.site(), Asked(cause="manual", reason="another one"), silent)
    assert isinstance(run, Run)
    result = decide_pending(running_shop.site())
    assert (result.outcome, "is at work" in result.reasons[0]) == ("waiting", True)
    assert running_shop.site().ledger.state().pending is not None


@pytest.mark.model
def test_the_first_comparison_took_nothing_from_the_year_but_used_its_rows(running_shop: Shop) -> None:
    state = running_shop.site().ledger.state()
    assert state.champion is not None
    assert state.best == state.champion
    assert (state.spent, state.heldout.decisions, state.heldout.promotions) == ((), 1, 1)
    stored = running_shop.site().evaluations.read(state.champion.evaluation or "", "evaluation.json")
    report = EvaluationReport.model_validate_json(stored)
    assert report.budget is not None
    assert (report.budget.free, report.budget.rows, report.best) == (True, state.heldout.uses, None)
    assert [each.metric for each in report.comparison.metrics] == ["f1"]
    assert version_of(running_shop.site(), state.champion.version).labels


def test_rows_asked_for_because_the_champion_was_unsure_of_them_are_not_counted(shop: Shop, messages: Messages) -> None:
    rows = few(messages("base", 0, 300))[:9]
    ids = shop.day(0, rows)
    lot = {"timestamp": "t", "inclusion_probability": 1.0, "stands_for": 1}
    whys = ("drifted", "uncertain", "random")
    tasks = [Task(id=each, text="x", why=whys[place % 3], **lot) for place, each in enumerate(ids[:6])]
    asked = shop.site().asked.put({TASKS: b"".join(task.canonical() + b"\n" for task in tasks)}, {})
    event = LabelsAsked(rows=6, request=asked, start=START, end=START + DAY)
    shop.site().ledger.append(lambda newest: Draft(event=event, reasons=("r",), actor="a test"))
    shop.now = START + DAY + LATE
    shop.label(ids, [message["label"] for message in rows], at=START + DAY)
    site = shop.site()
    nothing = Snapshot(train=(), validation=(), heldout=(), removed={})

    def fresh(since: timedelta) -> set[str | None]:
        waits = Pending(
            challenger="x", champion="c", evaluation="e", since=START + since, waits_for=("labels",), error=0.01
        )
        return {row.id for row in fresh_rows(site, site.ledger.state(), waits, nothing)}

    unsure = {ids[1], ids[4]}
    assert fresh(timedelta(hours=1)) == set(ids) - unsure
    assert fresh(DAY) == set(), "labelled when the challenger began to wait: its run could have known them"
