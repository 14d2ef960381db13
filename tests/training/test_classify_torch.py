"""Does a stored version answer only on its own base, and with honest probabilities?"""

from pathlib import Path

import numpy as np
import pytest

from retrain.base import Base
from retrain.errors import DigestMismatch
from retrain.training.artifact import HEAD, MODEL, ModelFile, packed_head
from retrain.training.classify_torch import Classifier, base_of
from retrain.training.probe import Head

pytestmark = pytest.mark.model

WIDTH = 32
TEXTS = ["where is my card", "the rate for euro", "top up failed because of a transfer", ""]


def write(folder: Path, base: Base, *, temperature: float = 2.0, width: int = WIDTH, rows: int = 3) -> Path:
    chance = np.random.default_rng(4)
    head = Head(weight=chance.normal(size=(rows, width)), bias=chance.normal(size=rows))
    labels = ("card", "rate", "top up")
    about = ModelFile(
        kind="probe", labels=labels, base=base.name, base_digest=base.digest, max_tokens=16, temperature=temperature
    )
    (folder / HEAD).write_bytes(packed_head(head))
    (folder / MODEL).write_bytes(about.canonical())
    return folder


def test_predictions_are_the_highest_scores_and_rows_do_not_depend_on_their_batch(
    tmp_path: Path, tiny_base: Base
) -> None:
    classifier = Classifier.load(write(tmp_path, tiny_base), tiny_base)
    scores = classifier.scores(TEXTS)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert [answer.label for answer in classifier.predict(TEXTS)] == [classifier.labels[at] for at in scores.argmax(1)]
    np.testing.assert_allclose([answer.confidence for answer in classifier.predict(TEXTS)], scores.max(1))
    alone = np.vstack([classifier.scores([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, scores, atol=1e-5)
    assert classifier.scores([]).shape == (0, 3)
    assert base_of(tmp_path) == tiny_base.name


def test_a_higher_temperature_is_less_sure_of_the_same_answer(tmp_path: Path, tiny_base: Base) -> None:
    cold = Classifier.load(write(tmp_path, tiny_base, temperature=0.5), tiny_base).scores(TEXTS)
    warm = Classifier.load(write(tmp_path, tiny_base, temperature=5.0), tiny_base).scores(TEXTS)
    assert (cold.argmax(1) == warm.argmax(1)).all()
    assert (cold.max(1) > warm.max(1)).all()


def test_another_base_is_refused(tmp_path: Path, tiny_base: Base) -> None:
    folder = write(tmp_path, tiny_base)
    other = Base(name=tiny_base.name, folder=tiny_base.folder, digest="0" * 64)
    with pytest.raises(DigestMismatch, match="found 'tiny' with 000000000000"):
        Classifier.load(folder, other)


@pytest.mark.parametrize(
    ("change", "said"), [({"width": 33}, "vectors of 33 numbers"), ({"rows": 4}, "answers 4 labels")]
)
def test_files_that_are_not_of_one_version_are_refused(
    tmp_path: Path, tiny_base: Base, change: dict[str, int], said: str
) -> None:
    folder = write(tmp_path, tiny_base, **change)
    with pytest.raises(DigestMismatch, match=said):
        Classifier.load(folder, tiny_base)


def test_an_unreadable_head_or_model_file_is_refused(tmp_path: Path, tiny_base: Base) -> None:
    folder = write(tmp_path, tiny_base)
    (folder / HEAD).write_bytes(b"not safetensors")
    with pytest.raises(DigestMismatch, match=r"head\.safetensors not readable"):
        Classifier.load(folder, tiny_base)
    (folder / MODEL).write_bytes(b"{}")
    with pytest.raises(DigestMismatch, match=r"model\.json not readable"):
        Classifier.load(folder, tiny_base)


def test_a_version_that_needs_an_adapter_is_refused_without_it(tmp_path: Path, tiny_base: Base) -> None:
    folder = write(tmp_path, tiny_base)
    about = ModelFile.model_validate_json((folder / MODEL).read_bytes())
    (folder / MODEL).write_bytes(about.model_copy(update={"kind": "lora"}).canonical())
    with pytest.raises(DigestMismatch, match=r"adapter in .* not readable"):
        Classifier.load(folder, tiny_base)
