"""Does fine-tuning start at the probe, learn, and go on after a crash with the same numbers?"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torch import OutOfMemoryError, Tensor

from retrain.base import Base
from retrain.drift.embed_transformers import Embedder
from retrain.training import checkpoint
from retrain.training.adapter_torch import merge_adapter
from retrain.training.finetune_peft import adapted_encoder, adapter_files
from retrain.training.job import Settings, TrainingJob
from retrain.training.loop_torch import Course, Outcome, Part, fit
from retrain.training.network_torch import Network, Tokenizer, load_encoder, logits_of, vectors_of, width_of
from retrain.training.policy import TrainingPolicy
from retrain.training.probe import Head
from retrain.training.rows import Rows, read_rows
from retrain.training.schedule import Epoch
from retrain.training.state_torch import put_weights

pytestmark = pytest.mark.model

POLICY = TrainingPolicy(max_epochs=4, patience=4)
SETTINGS = Settings(learning_rate=1e-2, head_learning_rate=5e-2, batch_size=4)


def head_for(base: Base, classes: int = 3) -> Head:
    width = width_of(load_encoder(base.folder))
    chance = np.random.default_rng(1)
    return Head(weight=chance.normal(size=(classes, width)), bias=chance.normal(size=classes))


class Bench:
    """One base and rows to fit on, again and again."""

    def __init__(self, job: TrainingJob) -> None:
        rows = read_rows(job.snapshot_folder)
        self.base, self.head = job.base, head_for(job.base)
        self.tokenizer = Tokenizer(job.base.folder, max_tokens=32)
        self.train, self.validation = self._part(rows.train), self._part(rows.validation)

    def network(self) -> Network:
        return Network(adapted_encoder(self.base.folder, rank=2, seed=17), self.head)

    def fit(self, network: Network, folder: Path, pruned: Callable[[Epoch], bool] = lambda _: False) -> Outcome:
        course = Course(train=self.train, validation=self.validation, settings=SETTINGS, policy=POLICY)
        return fit(network, course, folder=folder, pruned=pruned)

    def _part(self, rows: Rows) -> Part:
        return Part(tokens=self.tokenizer(rows.texts), labels=rows.labels)


@pytest.fixture
def bench(job: Callable[[Base], TrainingJob], tiny_base: Base) -> Bench:
    return Bench(job(tiny_base))


def test_vectors_are_those_of_the_embedder_and_logits_start_at_the_probe(bench: Bench) -> None:
    texts = ["where is my card", "top up", "what is the rate for a very long transfer", "top up"]
    network = bench.network()
    vectors = vectors_of(network, bench.tokenizer(texts))
    np.testing.assert_allclose(vectors, Embedder(bench.base.folder, max_tokens=32).embed(texts), atol=1e-5)
    np.testing.assert_allclose(logits_of(network, bench.tokenizer(texts)), bench.head.logits(vectors), atol=1e-4)


def test_training_lowers_the_loss_and_keeps_the_best_epoch(bench: Bench, tmp_path: Path) -> None:
    network = bench.network()
    outcome = bench.fit(network, tmp_path)
    losses = [epoch.validation_loss for epoch in outcome.epochs]
    assert min(losses) < losses[0] / 1.2
    put_weights(network, outcome.best)
    logits = logits_of(network, bench.validation.tokens)
    right = float(np.mean(logits.argmax(1) == bench.validation.labels))
    assert right == outcome.epochs[int(np.argmin(losses))].validation_accuracy


class Killed(BaseException):
    """Stands for the death of the process."""


@pytest.mark.parametrize("died_after", [1, 3])
def test_a_resumed_run_has_the_numbers_of_one_that_was_not_interrupted(
    bench: Bench, tmp_path: Path, died_after: int
) -> None:
    whole = bench.fit(bench.network(), tmp_path / "whole")

    def die(epoch: Epoch) -> bool:
        if epoch.number == died_after:
            raise Killed
        return False

    with pytest.raises(Killed):
        bench.fit(bench.network(), tmp_path / "broken", die)
    told: list[int] = []

    def watch(epoch: Epoch) -> bool:
        told.append(epoch.number)
        return False

    resumed = bench.fit(bench.network(), tmp_path / "broken", watch)
    assert resumed.epochs == whole.epochs
    assert all(np.array_equal(resumed.best[name], value) for name, value in whole.best.items())
    assert told == [1, 2, 3, 4]


def test_a_torn_newest_checkpoint_costs_one_epoch_and_no_number(bench: Bench, tmp_path: Path) -> None:
    whole = bench.fit(bench.network(), tmp_path)
    newest = max(tmp_path.glob("step-*"))
    (newest / "state.safetensors").write_bytes((newest / "state.safetensors").read_bytes()[:-7])
    found = checkpoint.newest(tmp_path)
    assert found is not None
    assert found.step == len(whole.epochs) - 1
    assert bench.fit(bench.network(), tmp_path).epochs == whole.epochs


def test_a_stored_adapter_answers_as_the_trained_network(bench: Bench, tmp_path: Path) -> None:
    network = bench.network()
    put_weights(network, bench.fit(network, tmp_path / "trial").best)
    for name, content in adapter_files(network.encoder, base_name="package:tiny").items():
        (tmp_path / name).write_bytes(content)
    assert str(bench.base.folder) not in (tmp_path / "adapter_config.json").read_text()
    encoder = load_encoder(bench.base.folder)
    merge_adapter(encoder, tmp_path)
    tokens = bench.validation.tokens
    again = logits_of(Network(encoder, network.fitted_head), tokens)
    np.testing.assert_allclose(again, logits_of(network, tokens), atol=1e-4)


def test_a_batch_that_does_not_fit_into_memory_is_taken_in_halves(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bench.fit(bench.network(), tmp_path / "whole")
    network = bench.network()
    forward, rows_seen = network.forward, []

    def small_memory(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        if network.training:
            rows_seen.append(len(input_ids))
            if len(input_ids) > 2:
                raise OutOfMemoryError
        return forward(input_ids, attention_mask)

    monkeypatch.setattr(network, "forward", small_memory)
    halved = bench.fit(network, tmp_path / "halved")
    assert rows_seen.count(4) == len(whole.epochs)
    assert halved.epochs[-1].validation_loss == pytest.approx(whole.epochs[-1].validation_loss, rel=0.2)
