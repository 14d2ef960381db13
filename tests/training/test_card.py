"""Does the card say what was measured, and no more?"""

from collections.abc import Callable

from retrain.training.card import Data, model_card
from retrain.training.version import ModelVersion

DATA = Data(train={"card_lost": 400, "refund": 595, "a|b <i>": 5}, validation_rows=200)


def test_the_card_is_as_agreed(golden: Callable[[str, str], None], version: ModelVersion) -> None:
    golden("model_card.md", model_card(version, DATA))


def test_money_and_energy_appear_when_they_are_known(version: ModelVersion) -> None:
    known = version.cost.model_copy(update={"joules": 4200.0, "money": 0.5, "currency": "EUR"})
    card = model_card(version.model_copy(update={"cost": known}), DATA)
    assert "| energy | 4200 J |" in card
    assert "| money | 0.50 EUR |" in card


def test_the_card_claims_no_fairness(version: ModelVersion) -> None:
    card = model_card(version, DATA).lower()
    assert not any(word in card for word in ("unbiased", "is fair", "state of the art", "safe to use"))
    assert "was not measured here" in card
