"""Does the probe learn what can be learned, and does the temperature say how sure it is?"""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from retrain.training.candidates import Candidate, winner
from retrain.training.measures import accuracy, mean_loss
from retrain.training.probe import Head, Vectors, fit_head, fit_probe, probe_accuracy
from retrain.training.temperature import fit_temperature
from retrain.training.version import Kind


def blobs(rows: int, *, seed: int, noise: float = 0.5, classes: int = 4) -> Vectors:
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, 12))
    labels = chance.integers(classes, size=rows)
    vectors = centres[labels] + noise * chance.normal(size=(rows, 12))
    return Vectors(vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels=labels)


def test_the_head_is_the_one_that_scikit_learn_finds() -> None:
    rows = blobs(200, seed=1)
    start = Head(weight=np.zeros((4, 12)), bias=np.zeros(4))
    ours = softmax(fit_head(rows, start=start, strength=3.0).logits(rows.vectors), axis=1)
    theirs = LogisticRegression(C=3.0, tol=1e-8, max_iter=5000).fit(rows.vectors, rows.labels)
    np.testing.assert_allclose(ours, theirs.predict_proba(rows.vectors), atol=2e-3)


def test_the_probe_answers_rows_it_has_not_seen() -> None:
    head = fit_probe(blobs(300, seed=1), blobs(100, seed=2), classes=4)
    assert probe_accuracy(head, blobs(300, seed=3)) > 0.95


def test_noise_is_met_with_more_regularisation_than_clean_rows() -> None:
    def weight(noise: float) -> float:
        head = fit_probe(blobs(60, seed=1, noise=noise), blobs(200, seed=2, noise=noise), classes=4)
        return float(np.abs(head.weight).mean())

    assert weight(3.0) < weight(0.2) / 2


def test_a_label_unknown_to_training_is_wrong_and_has_no_loss() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 2.0], [5.0, 0.0]])
    assert accuracy(logits, np.array([0, 1, -1])) == pytest.approx(2 / 3)
    assert mean_loss(logits, np.array([0, 1, -1])) == pytest.approx(mean_loss(logits[:2], np.array([0, 1])))
    assert mean_loss(logits, np.array([-1, -1, -1])) == 0.0


@pytest.mark.parametrize("wanted", [0.3, 1.0, 4.0])
def test_the_temperature_that_made_the_labels_is_found(wanted: float) -> None:
    chance = np.random.default_rng(5)
    honest = chance.normal(scale=2.0, size=(6000, 3))
    labels = np.array([chance.choice(3, p=row) for row in softmax(honest, axis=1)])
    assert fit_temperature(honest * wanted, labels) == pytest.approx(wanted, rel=0.08)


def test_without_a_known_label_the_temperature_changes_nothing() -> None:
    assert fit_temperature(np.zeros((2, 3)), np.array([-1, -1])) == 1.0


def candidate(kind: Kind, answers: list[int]) -> Candidate:
    logits: NDArray[np.float64] = np.eye(2)[answers]
    return Candidate(kind=kind, validation_logits=logits, train_accuracy=1.0, files={})


@pytest.mark.parametrize(
    ("probe", "lora", "won"),
    [([0, 0, 1], [0, 1, 1], "lora"), ([0, 1, 1], [0, 1, 1], "probe"), ([0, 1, 1], [0, 0, 1], "probe")],
)
def test_the_better_candidate_wins_and_a_tie_goes_to_the_probe(probe: list[int], lora: list[int], won: str) -> None:
    labels = np.array([0, 1, 1])
    assert winner(candidate("probe", probe), candidate("lora", lora), labels).kind == won
