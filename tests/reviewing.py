"""A shop whose newest run ended inconclusive, without any training: the stored evidence is made of made-up answers."""

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from retrain.dataset import stored
from retrain.dataset.snapshot import Example, Snapshot
from retrain.evaluation.compare import Answers, compare, majority_baseline
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.policy import EvaluationPolicy
from retrain.pipeline.review_room import ReviewRoom, open_review
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.review.judgement import Choice
from retrain.store.events import Claimed, Ended, Event, Prepared, Promoted, Trained
from retrain.store.ledger import Draft
from retrain.store.state import Claim
from retrain.training.prediction import Prediction
from retrain.values import canonical_json
from shop import SPEC, Message, Shop

CHAMPION, CHALLENGER = "c" * 64, "d" * 64
LABELS = ("account_login", "discount_code", "invoice_request", "order_status", "return_item")
SEED = "a seed of the tests"
PLANTED = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> & 'more'"


def waiting_shop(
    root: Path, *, differ: int = 12, champion: str | None = CHAMPION, messages: Sequence[Message] | None = None
) -> Shop:
    """The models differ on the first rows; of the texts made up here one holds markup, as one answer does."""
    shop = Shop(root=root)
    shop.spec(SPEC.replace("promotion: {", "promotion: {review: {required: always, rows: 15}, "))
    if champion:
        append(shop, Promoted(claim=None, version=champion, over=None, snapshot="5" * 64))
    append(shop, Claimed(claim=_claim(shop)))
    noise = random.Random(7)
    made_up = [{"text": f"where is parcel {at:03}?", "label": noise.choice(LABELS)} for at in range(1, 40)]
    given = messages or [{"text": f"000 {PLANTED}", "label": LABELS[0]}, *made_up]
    heldout = [Example(text=one["text"], label=one["label"], source="standing") for one in given]
    train = tuple(Example(text=f"train {at}", label=LABELS[at % 3], source="standing") for at in range(30))
    snapshot = Snapshot(train=train, validation=(), heldout=tuple(heldout), removed={})
    digest = stored.put(shop.site().snapshots, snapshot)
    append(shop, Prepared(claim="run-1", snapshot=digest, clean=len(given) + 30))
    append(shop, Trained(claim="run-1", version=CHALLENGER))
    end_inconclusive(shop, digest, differ=differ, champion=champion)
    return shop


def end_inconclusive(shop: Shop, snapshot: str, *, differ: int, champion: str | None) -> str:
    """Store an evaluation and end the run with it; the evaluation's digest."""
    site = shop.site()
    known = stored.get(site.snapshots, snapshot)
    heldout = known.heldout
    other = {row.label: LABELS[(LABELS.index(row.label) + 1) % len(LABELS)] for row in heldout}
    # Where they differ, now the one is right and now the other: nothing that a test could decide.
    old = [
        Prediction(label=row.label if at % 2 else other[row.label], confidence=0.9) for at, row in enumerate(heldout)
    ]
    new = [
        Prediction(label=said.label if at >= differ else other[row.label] if at % 2 else row.label, confidence=0.8)
        for at, (row, said) in enumerate(zip(heldout, old, strict=True))
    ]
    if PLANTED in heldout[0].text:
        new[0] = Prediction(label="<b>bold</b>", confidence=0.8)
    theirs = old if champion else majority_baseline(known.train, len(heldout))
    answers = (Answers(champion, theirs), Answers(CHALLENGER, new))
    report = EvaluationReport(
        comparison=compare(heldout, *answers, EvaluationPolicy()),
        snapshot=snapshot,
        train_accuracy=0.9,
        latency_p95_ms=20.0,
        calibration_error=0.02,
    )
    decision = decide(report, PromotionPolicy())
    said = [new, old] if champion else [new]
    files: dict[str, bytes | Path] = {
        "evaluation.json": report.canonical(),
        "decision.json": decision.canonical(),
        "policy.json": canonical_json(PromotionPolicy().model_dump(mode="json")),
        "predictions.json": canonical_json([[one.model_dump(mode="json") for one in each] for each in said]),
        "report.md": b"# Inconclusive\n",
    }
    evaluation = site.evaluations.put(files, {"verdict": decision.verdict, "challenger": CHALLENGER})
    ended = Ended(
        claim="run-1",
        outcome="inconclusive",
        challenger=CHALLENGER,
        evaluation=evaluation,
        waits_for=("labels", "review"),
    )
    append(shop, ended)
    return evaluation


def append(shop: Shop, event: Event) -> None:
    """One entry of the ledger."""
    shop.site().ledger.append(lambda _: Draft(event=event, reasons=("so it was",), actor="a test"))


def room_of(shop: Shop, seed: str = SEED) -> ReviewRoom:
    """The review that waits."""
    return open_review(shop.site(), seed)


def judge_all(room: ReviewRoom, name: str, model: str = "challenger") -> None:
    """Prefer one model wherever both differ, and finish."""
    for row in room.plan.rows:
        side: Choice = "left" if row.challenger_left == (model == "challenger") else "right"
        room.judge(name, row.id, side if row.differ else "both")
    room.finish(name)


def _claim(shop: Shop) -> Claim:
    return Claim(
        id="run-1",
        cause="manual",
        reason="try",
        at=shop.now,
        expires_at=shop.now + timedelta(hours=1),
        host="here",
        pid=1,
        process_start="0",
    )
