"""Do the defaults let through what is obviously better, on the few hundred rows that a team begins with?"""

import random
from datetime import UTC, datetime

import pytest

from retrain.dataset.snapshot import Example
from retrain.evaluation.compare import Answers, Drifted, compare
from retrain.evaluation.comparison import EvaluationReport
from retrain.evaluation.policy import EvaluationPolicy
from retrain.evaluation.remember import remembered
from retrain.evaluation.soundness import Loaded
from retrain.promotion.gate import decide
from retrain.promotion.policy import PromotionPolicy
from retrain.promotion.spending import budget
from retrain.store.certificate import Heldout
from retrain.store.state import Champion, State
from retrain.training.prediction import Prediction

LABELS = [f"intent {number:02}" for number in range(20)]
NEW = LABELS[16:]
"""Of the drifted rows: the champion never saw them."""
AT = datetime(2026, 6, 1, tzinfo=UTC)


def after_drift(rows: int, seed: int) -> EvaluationReport:
    """One row in six is of a new label, of which the challenger answers seven in ten; else both are right on 88 %."""
    chance = random.Random(seed)
    truth = [chance.choice(NEW) if place % 6 == 0 else chance.choice(LABELS[:16]) for place in range(rows)]

    def said(label: str, share: float) -> Prediction:
        wrong = chance.choice(LABELS[:16])
        return Prediction(label=label if chance.random() < share else wrong, confidence=0.9)

    old = [said(label, 0.0 if label in NEW else 0.88) for label in truth]
    new = [
        said(label, 0.7) if label in NEW else before if chance.random() < 0.93 else said(label, 0.88)
        for label, before in zip(truth, old, strict=True)
    ]
    heldout = [Example(text=f"{place}", label=label, source="standing") for place, label in enumerate(truth)]
    served = Champion(version="old", since=AT, snapshot="s")
    state = State(champion=served, best=served, heldout=Heldout(decisions=1, promotions=1, uses=200))
    return EvaluationReport(
        comparison=compare(
            heldout,
            Answers("old", old),
            Answers("new", new),
            EvaluationPolicy(),
            drifted=Drifted("seen since the drift began", [label in NEW for label in truth]),
        ),
        snapshot="s",
        train_accuracy=0.95,
        latency_p95_ms=20.0,
        calibration_error=0.05,
        budget=budget(state, rows, PromotionPolicy(), now=AT, heldout_share=0.2),
        best="old",
        remembered=remembered(heldout, {row.text for row in heldout if row.label not in NEW}, old, new),
        size_mb=1.5,
        loaded=Loaded(rows=20, same=20, largest=0.0),
    )


@pytest.mark.parametrize("rows", [300, 470])
def test_a_challenger_that_learned_what_drifted_is_promoted(rows: int) -> None:
    seen = [decide(after_drift(rows, seed), PromotionPolicy()) for seed in range(20)]
    promoted = sum(decision.verdict == "promote" for decision in seen)
    assert promoted >= 19, [decision.reasons for decision in seen if decision.verdict != "promote"]
