"""Does fine-tuning start at the probe, learn, and go on after a crash with the same numbers?"""

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import OutOfMemoryError, Tensor

from retrain.base import Base
from retrain.device_torch import repeatable
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
from retrain.training.state_torch import pack, put_weights

pytestmark = pytest.mark.model

POLICY = TrainingPolicy(max_epochs=4, patience=4)
SETTINGS = Settings(learning_rate=1e-2, head_learning_rate=5e-2, batch_size=4)


def head_for(base: Base, classes: int = 3) -> Head:
    width = width_of(load_encoder(base.folder))
    chance = np.random.default_rng(1)
    return Head(weight=chance.normal(size=(classes, width)), bias=chance.normal(size=classes))


class Bench:
    """One base and rows to fit on, again and again; on a GPU in bfloat16, as training does there."""

    rows_that_fit = 0

    def __init__(self, job: TrainingJob, device: torch.device) -> None:
        self.device = device
        rows = read_rows(job.snapshot_folder)
        self.base, self.head = job.base, head_for(job.base)
        self.tokenizer = Tokenizer(job.base.folder, max_tokens=32)
        self.train, self.validation = self._part(rows.train), self._part(rows.validation)

    def network(self, *, half: bool | None = None) -> Network:
        half = self.device.type == "cuda" if half is None else half
        return Network(adapted_encoder(self.base.folder, rank=2, seed=17), self.head, half=half).to(self.device)

    def fit(self, network: Network, folder: Path, pruned: Callable[[Epoch], bool] = lambda _: False) -> Outcome:
        course = Course(train=self.train, validation=self.validation, settings=SETTINGS, policy=POLICY)
        with repeatable(self.device):
            return fit(network, course, folder=folder, pruned=pruned)

    def _part(self, rows: Rows) -> Part:
        return Part(tokens=self.tokenizer(rows.texts), labels=rows.labels)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def bench(
    request: pytest.FixtureRequest,
    job: Callable[[Base], TrainingJob],
    tiny_base: Base,
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    return Bench(job(tiny_base), torch.device(request.param))


def test_vectors_are_those_of_the_embedder_and_logits_start_at_the_probe(bench: Bench) -> None:
    texts = ["where is my card", "top up", "what is the rate for a very long transfer", "top up"]
    network = bench.network(half=False)
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
    assert pack(resumed.best) == pack(whole.best)
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
    network = bench.network(half=False)
    put_weights(network, bench.fit(bench.network(), tmp_path / "trial").best)
    for name, content in adapter_files(network.encoder, base_name="package:tiny").items():
        (tmp_path / name).write_bytes(content)
    assert str(bench.base.folder) not in (tmp_path / "adapter_config.json").read_text()
    encoder = load_encoder(bench.base.folder)
    merge_adapter(encoder, tmp_path)
    tokens = bench.validation.tokens
    again = logits_of(Network(encoder, network.fitted_head).to(bench.device), tokens)
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


class Frame:
    """Dies with the frame that holds it, as a batch's activations do."""


def test_what_a_batch_that_did_not_fit_has_held_is_free_before_its_halves_are_tried(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = bench.network()
    forward, held = network.forward, weakref.WeakSet[Frame]()
    freed: list[int] = []

    def full(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        activations = Frame()
        held.add(activations)
        if network.training and len(input_ids) > 2:
            raise OutOfMemoryError
        return forward(input_ids, attention_mask)

    monkeypatch.setattr(network, "forward", full)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(len(held)))
    bench.fit(network, tmp_path)
    assert freed
    assert not any(freed)


def test_a_step_of_the_optimizer_is_never_done_twice(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutOfMemoryError

    monkeypatch.setattr(torch.optim.AdamW, "step", full)
    steps: list[int] = []
    network = bench.network()
    network.register_forward_hook(lambda *_: steps.append(1))
    with pytest.raises(OutOfMemoryError):
        bench.fit(network, tmp_path)
    assert steps == [1]


def test_reading_that_does_not_fit_into_memory_is_taken_in_halves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = bench.network(half=False)
    texts = ["where is my card", "top up", "rate", "a very long question about the rate of a transfer", ""]
    whole = logits_of(network, bench.tokenizer(texts))
    forward, rows_seen = network.forward, []

    def small_memory(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        rows_seen.append(len(input_ids))
        if len(input_ids) > bench.rows_that_fit:
            raise OutOfMemoryError
        return forward(input_ids, attention_mask)

    monkeypatch.setattr(network, "forward", small_memory)
    bench.rows_that_fit = 2
    np.testing.assert_allclose(logits_of(network, bench.tokenizer(texts)), whole, atol=1e-5)
    assert rows_seen == [5, 3, 2, 1, 2]
    bench.rows_that_fit = 0
    with pytest.raises(OutOfMemoryError):
        logits_of(network, bench.tokenizer(texts))


def test_an_operation_without_a_repeatable_form_is_let_through(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = bench.network()
    forward, strict = network.forward, []

    def scattered(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        strict.append(not torch.is_deterministic_algorithms_warn_only_enabled())
        if strict[-1]:
            raise RuntimeError("scatter does not have a deterministic implementation")
        return forward(input_ids, attention_mask)

    monkeypatch.setattr(network, "forward", scattered)
    with repeatable(torch.device("cuda")):
        bench.fit(network, tmp_path)
    assert strict[:2] == [True, False]
    assert not torch.are_deterministic_algorithms_enabled()
    monkeypatch.setattr(network, "forward", lambda **_: exec("raise RuntimeError('of another kind')"))
    with pytest.raises(RuntimeError, match="of another kind"):
        bench.fit(network, tmp_path / "other")


def test_embedding_that_does_not_fit_into_memory_is_taken_in_halves_and_one_row_that_never_fits_is_said(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["where is my card", "top up", "rate", "a very long question about the rate of a transfer", ""]
    embedder = Embedder(bench.base.folder)
    whole, pooled = embedder.embed(texts), embedder._pooled
    fits = 2

    def small_memory(tokens: list[list[int]]) -> NDArray[np.float32]:
        if len(tokens) > fits:
            raise OutOfMemoryError
        return pooled(tokens)

    monkeypatch.setattr(embedder, "_pooled", small_memory)
    np.testing.assert_allclose(embedder.embed(texts), whole, atol=1e-5)
    fits = 0
    with pytest.raises(OutOfMemoryError):
        embedder.embed(texts)
