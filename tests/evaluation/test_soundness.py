"""Is what was held out before told from what is newer, and is an honest confidence not blamed for few rows?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.dataset.snapshot import Example
from retrain.evaluation.calibrated import calibration
from retrain.evaluation.metrics import calibration_error
from retrain.evaluation.remember import remembered
from retrain.training.prediction import Prediction

answers = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab"), st.booleans()), max_size=20)


@given(answers)
def test_every_held_out_row_is_either_old_or_new(drawn: list[tuple[str, str, bool]]) -> None:
    rows = [Example(text=f"text {place}", label="a", source="standing") for place in range(len(drawn))]
    earlier = {row.text for row, (_, _, old) in zip(rows, drawn, strict=True) if old}
    before, now = ([Prediction(label=each[side], confidence=0.9) for each in drawn] for side in (0, 1))
    seen = remembered(rows, earlier, before, now)
    assert seen.rows == len(earlier)
    assert seen.rows + seen.newer == len(rows)
    lost = [old for was, said, old in drawn if was == "a" != said]
    won = [old for was, said, old in drawn if was != "a" == said]
    assert (seen.only_champion_right, seen.newer_only_champion_right) == (sum(lost), len(lost) - sum(lost))
    assert (seen.only_challenger_right, seen.newer_only_challenger_right) == (sum(won), len(won) - sum(won))


def drawn(rows: int, seed: int, *, boast: float) -> tuple[list[str], list[Prediction]]:
    """Answers whose confidence is their chance to be right, plus `boast`."""
    chance = np.random.default_rng(seed)
    honest = chance.uniform(0.4, 0.98 - boast, rows)
    truth = ["a" if chance.random() < share else "b" for share in honest]
    return truth, [Prediction(label="a", confidence=share + boast) for share in honest]


@pytest.mark.parametrize(
    ("rows", "boast", "low", "high"), [(100, 0.0, 0.0, 0.05), (100, 0.25, 0.15, 0.35), (1_000, 0.1, 0.07, 0.13)]
)
def test_what_chance_adds_is_taken_off(rows: int, boast: float, low: float, high: float) -> None:
    seen = [calibration(*drawn(rows, seed, boast=boast), 0.95) for seed in range(12)]
    counted = [calibration_error(*drawn(rows, seed, boast=boast)) for seed in range(12)]
    assert low <= np.mean([each.corrected for each in seen]) <= high
    assert np.mean([each.corrected for each in seen]) < np.mean(counted)
    # Of twelve 95 % intervals, ten hold the truth at least.
    assert sum(each.low <= boast <= each.high or (boast == 0 and each.low <= 0.01) for each in seen) >= 10


def test_the_same_answers_give_the_same_interval() -> None:
    assert calibration(*drawn(50, 1, boast=0.1), 0.95) == calibration(*drawn(50, 1, boast=0.1), 0.95)
