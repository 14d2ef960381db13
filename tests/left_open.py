"""A run whose challenger the gate left open, without any training: its answers are made up, all else is as it was."""

import random
from collections.abc import Callable
from datetime import timedelta

from retrain.dataset import stored
from retrain.dataset.snapshot import Example, Snapshot
from retrain.evaluation.compare import Answers, compare
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.remember import remembered
from retrain.evaluation.soundness import Loaded
from retrain.pipeline.certificate import best_of, budget_of
from retrain.pipeline.review_room import said_so_far
from retrain.pipeline.reviewing import conclude, waiting
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.report import render
from retrain.promotion.spending import decided
from retrain.promotion.waiting import awaited, labels_to_decide, waits_for
from retrain.store.events import Claimed, Ended, Event, Promoted
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import Claim
from retrain.training.prediction import Prediction
from retrain.values import canonical_json
from shop import FEW, SPEC, Shop
from versions import untrained

ROWS = 300
CLEAR = (40, 8)
"""Rows that only the challenger, and only the champion, answers rightly: better beyond doubt."""
OPEN = (20, 8)


def append(
    shop: Shop, event: Event, evidence: dict[str, str] | None = None, reasons: tuple[str, ...] = ("so it was",)
) -> None:
    draft = Draft(event=event, reasons=reasons, actor="a test", evidence=evidence or {})
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


def left_open(
    shop: Shop, promotion: str, counts: tuple[int, int], *, run: str = "run-1", takes: timedelta = timedelta()
) -> str:
    """A run whose challenger the gate left open under these keys of the spec; the champion of the first is by hand.

    `takes`: how long it is from the evaluation to the entry that it leads to.
    """
    shop.spec(SPEC.replace("promotion: {", f"promotion: {{{promotion}, "))
    chance, (won, lost) = random.Random(3), counts
    heldout = [Example(text=f"held {at:03}", label=chance.choice(FEW), source="standing") for at in range(ROWS)]
    heldout.sort(key=Example.canonical)
    snapshot = Snapshot(train=(), validation=(), heldout=tuple(heldout), removed={})
    digest = stored.put(shop.site().snapshots, snapshot)
    champion, challenger = version(shop, "old", digest), version(shop, f"new of {run}", digest)
    if shop.site().ledger.newest() is None:
        append(shop, Promoted(claim=None, version=champion, over=None, snapshot=digest, by="hand"))
    begun(shop, run)
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
        claim=run,
        outcome="inconclusive",
        challenger=challenger,
        evaluation=evaluation,
        decided=used,
        waits_for=open_,
        awaited=awaited(open_, policy, labels_to_decide(report, policy)),
    )
    shop.now += takes
    append(shop, ended, {"evaluation": evaluation, "version": challenger}, decision.reasons)
    return challenger


def approve(shop: Shop) -> None:
    site = shop.site()
    conclude(site, waiting(site), said_so_far(site), verdict="approve", by=("Ann", "better on returns"))


Change = Callable[[LedgerEntry], Draft]


def as_it_was(entry: LedgerEntry) -> Draft:
    """What is not forged."""
    return Draft(event=entry.event, reasons=entry.reasons, actor=entry.actor, evidence=entry.evidence)


def forged(shop: Shop, number: int, change: Change) -> None:
    """The ledger written anew from an entry on, that one changed: every digest and every state fits again."""
    site, now = shop.site(), shop.now
    entries = list(site.ledger.entries())
    for key in list(site.store.keys("models/shop/ledger/"))[number - 1 :]:
        site.store.delete(key)
    for entry in entries[number - 1 :]:
        shop.now = entry.at
        draft = change(entry) if entry.number == number else as_it_was(entry)
        shop.site().ledger.append(lambda _, draft=draft: draft)  # type: ignore[misc]
    shop.now = now


def with_report(shop: Shop, change: Callable[[EvaluationReport], EvaluationReport]) -> Change:
    """An entry whose evaluation is another one, decided by the gate's own rules."""

    def forge(entry: LedgerEntry) -> Draft:
        shelf, digest = shop.site().evaluations, entry.evidence["evaluation"]
        files = {name: shelf.read(digest, name) for name in shelf.manifest(digest).files}
        report = change(EvaluationReport.model_validate_json(files["evaluation.json"]))
        decision = decide(report, PromotionPolicy.model_validate_json(files["policy.json"]))
        files |= {"evaluation.json": report.canonical(), "decision.json": decision.canonical()}
        other = shelf.put(files, {"verdict": decision.verdict})
        event = entry.event.model_copy(update={"evaluation": other})
        evidence = {**entry.evidence, "evaluation": other}
        return Draft(event=event, reasons=decision.reasons, actor=entry.actor, evidence=evidence)

    return forge
