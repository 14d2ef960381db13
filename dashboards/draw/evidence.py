"""What evaluation would such a pair of models have had? Made-up answers, compared and judged by the real code."""

import random
from dataclasses import dataclass

from retrain.dataset.snapshot import Example
from retrain.evaluation.compare import Answers, compare
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.evidence import Budget
from retrain.evaluation.policy import EvaluationPolicy
from retrain.evaluation.remember import remembered
from retrain.evaluation.soundness import Loaded
from retrain.promotion.decision import PromotionDecision
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.report import render
from retrain.store.protocol import Store
from retrain.store.shelf import Shelf
from retrain.training.prediction import Prediction

LABELS = ("account_login", "discount_code", "invoice_request", "order_status", "return_item")
CHANNELS = (("app", 0.5), ("web", 0.34), ("mail", 0.13), ("phone", 0.03))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """How often each of the two is right; the phone is served worse, and by too few rows to say so."""

    champion: float
    challenger: float
    rows: int = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An evaluation, what the gate said, and where it is stored."""

    digest: str
    report: EvaluationReport
    decision: PromotionDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the gate goes by."""

    policy: PromotionPolicy
    budget: Budget
    seed: int
    """Of the made-up answers."""


def evaluation(store: Store, model: str, versions: tuple[str | None, str], pair: Pair, terms: Terms) -> Judged:
    """Compare, judge and store."""
    report = _compared(versions, pair, random.Random(terms.seed)).model_copy(update={"budget": terms.budget})
    decision = decide(report, terms.policy)
    files: dict[str, bytes] = {
        "evaluation.json": report.canonical(),
        "decision.json": decision.canonical(),
        "report.md": render(report, decision).encode(),
    }
    shelf = Shelf(store, f"models/{model}/evaluations", "evaluation")
    digest = shelf.put(files, {"verdict": decision.verdict, "challenger": decision.challenger})
    return Judged(digest=digest, report=report, decision=decision)


def _compared(versions: tuple[str | None, str], pair: Pair, noise: random.Random) -> EvaluationReport:
    channels = noise.choices([name for name, _ in CHANNELS], [share for _, share in CHANNELS], k=pair.rows)
    truth = noise.choices(LABELS, k=pair.rows)
    rows = [
        Example(text=f"message {place}", label=label, source="standing", groups={"channel": channel})
        for place, (label, channel) in enumerate(zip(truth, channels, strict=True))
    ]
    # The same rows are hard for both, so that they differ on few.
    hard = [noise.random() for _ in rows]
    old, new = (
        [_answer(row.label, right=ease < share, noise=noise) for row, ease in zip(rows, hard, strict=True)]
        for share in (pair.champion, pair.challenger)
    )
    return EvaluationReport(
        comparison=compare(rows, Answers(versions[0], old), Answers(versions[1], new), EvaluationPolicy()),
        snapshot="5" * 64,
        train_accuracy=min(pair.challenger + 0.05 + 0.03 * noise.random(), 1.0),
        latency_p95_ms=35 + 12 * noise.random(),
        calibration_error=0.02 + 0.03 * noise.random(),
        remembered=remembered(rows, {row.text for row in rows}, old, new),
        size_mb=1.6,
        loaded=Loaded(rows=20, same=20, largest=0.0),
    )


def _answer(label: str, *, right: bool, noise: random.Random) -> Prediction:
    # A few answers fall the other way, as between any two models.
    hit = right if noise.random() > 0.015 else not right
    return Prediction(label=label if hit else LABELS[(LABELS.index(label) + 1) % len(LABELS)], confidence=0.9)
