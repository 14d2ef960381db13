"""An approval of people leads to a promotion by itself, and their silence to a hold."""

import random
from datetime import timedelta

import pytest

from retrain.dataset import stored
from retrain.dataset.snapshot import Example, Snapshot
from retrain.evaluation.compare import Answers, compare
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.remember import remembered
from retrain.evaluation.soundness import Loaded
from retrain.pipeline.audit import audit
from retrain.pipeline.certificate import best_of, budget_of
from retrain.pipeline.pending import decide_pending
from retrain.pipeline.review_room import said_so_far
from retrain.pipeline.reviewing import conclude, waiting
from retrain.pipeline.status import status
from retrain.promotion.gate import decide
from retrain.promotion.report import render
from retrain.promotion.spending import decided, waits_for
from retrain.store.events import Claimed, Dismissed, Ended, Event, Promoted
from retrain.store.ledger import Draft
from retrain.store.state import Claim
from retrain.training.prediction import Prediction
from retrain.values import canonical_json
from shop import FEW, SPEC, Shop
from versions import untrained

ROWS = 300
CLEAR = (40, 8)
"""Rows that only the challenger, and only the champion, answers rightly: better beyond doubt."""
OPEN = (20, 8)


def append(shop: Shop, event: Event, evidence: dict[str, str] | None = None) -> None:
    draft = Draft(event=event, reasons=("so it was",), actor="a test", evidence=evidence or {})
    shop.site().ledger.append(lambda _: draft)


def begun(shop: Shop, run: str) -> None:
    host = {"host": "elsewhere", "pid": 1, "process_start": "0"}
    claim = Claim(id=run, cause="manual", reason="try", at=shop.now, expires_at=shop.now + timedelta(hours=1), **host)
    append(shop, Claimed(claim=claim))


def version(shop: Shop, name: str, snapshot: str) -> str:
    about = untrained(shop.site().spec.base, FEW, snapshot=snapshot, accuracy=0.95)
    return shop.site().versions.put({"card.md": name.encode()}, about.model_dump(mode="json"))


def answers(label: str, *, right: bool) -> Prediction:
    return Prediction(label=label if right else FEW[(FEW.index(label) + 1) % len(FEW)], confidence=0.9)


def left_open(shop: Shop, promotion: str, counts: tuple[int, int]) -> str:
    """A champion by hand, and a run whose challenger the gate left open under these keys of the spec."""
    shop.spec(SPEC.replace("promotion: {", f"promotion: {{{promotion}, "))
    chance, (won, lost) = random.Random(3), counts
    heldout = [Example(text=f"held {at}", label=chance.choice(FEW), source="standing") for at in range(ROWS)]
    snapshot = Snapshot(train=(), validation=(), heldout=tuple(heldout), removed={})
    digest = stored.put(shop.site().snapshots, snapshot)
    champion, challenger = version(shop, "old", digest), version(shop, "new", digest)
    append(shop, Promoted(claim=None, version=champion, over=None, snapshot=digest, by="hand"))
    begun(shop, "run-1")
    both = won + lost + ROWS // 10
    order = chance.sample(range(ROWS), ROWS)
    place = {row: at for at, row in enumerate(order)}
    told = [(row.label, place[at]) for at, row in enumerate(heldout)]
    old = [answers(label, right=won <= at < won + lost or at >= both) for label, at in told]
    new = [answers(label, right=at < won or at >= both) for label, at in told]
    site = shop.site()
    state, policy = site.ledger.state(), site.spec.promotion
    best = best_of(state)
    report = EvaluationReport(
        comparison=compare(heldout, Answers(champion, old), Answers(challenger, new), site.spec.evaluation),
        snapshot=digest,
        train_accuracy=0.95,
        latency_p95_ms=10.0,
        calibration_error=0.02,
        size_mb=1.0,
        loaded=Loaded(rows=20, same=20, largest=0.0),
        remembered=remembered(heldout, {row.text for row in heldout}, old, new),
        budget=budget_of(site, state, ROWS),
        best=best.version if best else None,
    )
    decision = decide(report, policy)
    assert decision.verdict == "inconclusive", decision.reasons
    files = {
        "evaluation.json": report.canonical(),
        "decision.json": decision.canonical(),
        "policy.json": canonical_json(policy.model_dump(mode="json")),
        "predictions.json": canonical_json([[one.model_dump(mode="json") for one in each] for each in (new, old)]),
        "report.md": render(report, decision).encode(),
    }
    evaluation = site.evaluations.put(files, {"verdict": decision.verdict, "challenger": challenger})
    open_ = waits_for(decision, policy)
    used = decided(report, waits="labels" in open_)
    ended = Ended(
        claim="run-1",
        outcome="inconclusive",
        challenger=challenger,
        evaluation=evaluation,
        decided=used,
        waits_for=open_,
    )
    append(shop, ended, {"evaluation": evaluation, "version": challenger})
    return challenger


def approve(shop: Shop) -> None:
    site = shop.site()
    conclude(site, waiting(site), said_so_far(site), verdict="approve", by=("Ann", "better on returns"))


@pytest.mark.parametrize(
    ("promotion", "counts"),
    [
        ("review: {required: always}", CLEAR),
        ("unknown_group: review", CLEAR),
        ("review: {required: inconclusive}", OPEN),
        ("unknown_group: block, review: {required: inconclusive}", CLEAR),
    ],
)
def test_an_approval_promotes_what_people_were_asked_about(shop: Shop, promotion: str, counts: tuple[int, int]) -> None:
    challenger = left_open(shop, promotion, counts)
    assert decide_pending(shop.site()).outcome == "waiting"
    approve(shop)
    assert decide_pending(shop.site()).outcome == "promoted"
    state = shop.site().ledger.state()
    assert state.champion is not None
    assert (state.champion.version, state.pending) == (challenger, None)
    assert (state.heldout.decisions, state.heldout.promotions) == (1, 1), "one challenger, decided about twice"
    assert audit(shop.site()).findings == ()


def test_nobody_looked_in_time_and_it_is_held(shop: Shop) -> None:
    left_open(shop, "review: {required: always}", CLEAR)
    shop.now += timedelta(days=15)
    result = decide_pending(shop.site())
    assert result.outcome == "held"
    assert any("a missing review is no approval" in reason for reason in result.reasons)
    newest = shop.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Dismissed)
    assert audit(shop.site()).findings == ()


def test_people_who_were_given_longer_than_a_challenger_waits_have_it(shop: Shop) -> None:
    left_open(shop, "review: {required: always, timeout_days: 60}", CLEAR)
    shop.now += timedelta(days=45)
    assert decide_pending(shop.site()).outcome == "waiting"


def test_a_run_that_was_refused_meanwhile_closes_no_review(shop: Shop) -> None:
    left_open(shop, "review: {required: always}", CLEAR)
    begun(shop, "run-2")
    append(shop, Ended(claim="run-2", outcome="refused"))
    told = status(shop.site()).pending
    assert told is not None
    assert told.waits_for == ("review",)
    approve(shop)
    assert decide_pending(shop.site()).outcome == "promoted"


def test_a_review_that_nobody_gave_is_found_by_the_audit(shop: Shop) -> None:
    challenger = left_open(shop, "review: {required: always}", CLEAR)
    approve(shop)
    decide_pending(shop.site())
    store = shop.site().store
    assert audit(shop.site()).findings == ()
    reviews = [entry for entry in shop.site().ledger.entries() if entry.event.kind == "reviewed"]
    assert [entry.number for entry in reviews] == [4]
    # The same promotion in a ledger in which nobody ever approved.
    forged = Shop(root=shop.root, now=shop.now)
    for key in list(store.keys("models/shop/ledger/"))[3:]:
        store.delete(key)
    champion = forged.site().ledger.state().champion
    assert champion is not None
    promoted = Promoted(claim=None, version=challenger, over=champion.version, snapshot="s" * 64, by="pending")
    last = list(forged.site().evaluations.digests())
    verdicts = {forged.site().evaluations.manifest(digest).about["verdict"]: digest for digest in last}
    append(forged, promoted, {"evaluation": verdicts["promote"]})
    assert any("rests on a review in entry 4" in finding.what for finding in audit(forged.site()).findings)
