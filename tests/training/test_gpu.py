"""On a real GPU: does training resumed end at the same bytes, give way when memory is short, and tell what it took?"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from retrain.base import Base
from retrain.device_torch import repeatable
from retrain.drift.embed_transformers import Embedder
from retrain.errors import WorkerDied
from retrain.service.examine_machine import examine_gpu, gpu_names, torch_facts
from retrain.training import energy, process
from retrain.training.classify_torch import Classifier
from retrain.training.finetune_peft import adapted_encoder
from retrain.training.job import Progress, ScoringJob, Settings, TrainingJob, TrainingResult, VersionAt
from retrain.training.loop_torch import Course, Outcome, Part, fit
from retrain.training.network_torch import Network, Tokenizer
from retrain.training.policy import TrainingPolicy
from retrain.training.probe import Head

pytestmark = pytest.mark.gpu

MakeJob = Callable[..., TrainingJob]
TEXTS = ("card lost", "exchange rate", "top up failed", "a question about something else altogether", "")
LONG = tuple(f"{text} " * 200 for text in TEXTS)
HEAD = Head(weight=np.random.default_rng(1).normal(size=(3, 32)), bias=np.zeros(3))


@pytest.fixture(autouse=True)
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch.cuda.is_available(), "torch sees no GPU here; these tests are for a machine that has one"
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@pytest.fixture
def room_for() -> Iterator[Callable[[int], None]]:
    """`room_for(size)`: this process gets that many bytes of the GPU beyond what it uses now."""
    taken: list[torch.Tensor] = []

    def allow(size: int) -> None:
        torch.cuda.empty_cache()
        _, whole = torch.cuda.mem_get_info()
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + size) / whole)
        # What is reserved may have holes, and with no room at all these are filled too.
        for piece in (20 << 20, 1 << 20, 1 << 15, 512) if size == 0 else ():
            with suppress(torch.OutOfMemoryError):
                while True:
                    taken.append(torch.empty(piece, dtype=torch.uint8, device="cuda"))

    yield allow
    taken.clear()
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def weights(result: TrainingResult) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in result.folder.iterdir() if path.suffix == ".safetensors"}


def children() -> set[int]:
    tasks = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children")
    return {int(each) for each in tasks.read_text().split()}


def killed_after(epochs: int) -> Callable[[Progress], None]:
    before, told = children(), []

    def kill(progress: Progress) -> None:
        told.append(progress.epoch)
        if sum(epoch is not None for epoch in told) == epochs:
            for child in children() - before:
                os.kill(child, signal.SIGKILL)

    return kill


def test_training_killed_twice_ends_at_the_same_bytes(job: MakeJob, tiny_base: Base, tmp_path: Path) -> None:
    asked = job(tiny_base)
    whole = process.train(asked.model_copy(update={"workspace": tmp_path / "whole"}))
    for epochs in (1, 3):
        with pytest.raises(WorkerDied, match="SIGKILL"):
            process.train(asked, on_progress=killed_after(epochs))
    resumed = process.train(asked)
    assert weights(resumed) == weights(whole)
    assert resumed.version.trials == whole.version.trials


def test_the_cost_has_the_seconds_of_the_gpu_and_its_joules(job: MakeJob, tiny_base: Base) -> None:
    cost = process.train(job(tiny_base)).version.cost
    seconds = sum(cost.wall_seconds.values())
    assert cost.gpu_seconds == pytest.approx(seconds)
    assert cost.joules is not None
    assert 10 < cost.joules / seconds < 2_000 * torch.cuda.device_count()


def test_the_counter_of_joules_sees_the_work() -> None:
    numbers = torch.randn(8_192, 8_192, device="cuda", dtype=torch.bfloat16)

    def watts(work: Callable[[], object]) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
        before = energy.readings()
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        used = energy.used(before, energy.readings())
        assert used is not None
        return used / float(start.elapsed_time(end)) * 1_000

    resting = watts(lambda: torch.cuda._sleep(2_000_000_000))  # type: ignore[no-untyped-call]
    working = watts(lambda: [numbers @ numbers for _ in range(600)])
    assert working > 1.3 * resting > 0


def test_answers_are_those_of_a_fresh_process_and_of_the_processor(job: MakeJob, tiny_base: Base) -> None:
    result = process.train(job(tiny_base))
    asked = ScoringJob(versions=(VersionAt(folder=result.folder, base=tiny_base),), texts=TEXTS)
    (one,), (two,) = process.score(asked).scored, process.score(asked).scored
    assert one.predictions == two.predictions
    here = Classifier.load(result.folder, tiny_base)
    scores = here.scores(TEXTS)
    assert [answer.confidence for answer in one.predictions] == scores.max(axis=1).tolist()
    here._network.to("cpu")
    np.testing.assert_allclose(scores, here.scores(TEXTS), atol=1e-5)


def fitted(base: Base, folder: Path, sizes: list[int]) -> Outcome:
    """One epoch over a single batch of 60 rows of 512 tokens; `sizes` gets the rows of each forward pass."""
    tokens = Tokenizer(base.folder, max_tokens=512)(LONG * 12)
    part = Part(tokens=tokens, labels=np.arange(60) % 3)
    policy = TrainingPolicy(max_epochs=1)
    settings = Settings(learning_rate=1e-3, head_learning_rate=1e-3, batch_size=60)
    network = Network(adapted_encoder(base.folder, rank=2, seed=17), HEAD, half=True).to("cuda")
    network.head.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    course = Course(train=part, validation=part, settings=settings, policy=policy)
    with repeatable(network.device):
        return fit(network, course, folder=folder, pruned=lambda _: False)


def test_where_memory_is_short_training_and_reading_go_on_in_halves(
    tiny_base: Base, tmp_path: Path, room_for: Callable[[int], None]
) -> None:
    at_once: list[int] = []
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    whole = fitted(tiny_base, tmp_path / "whole", at_once)
    room_for((torch.cuda.max_memory_allocated() - before) // 3)
    in_parts: list[int] = []
    halved = fitted(tiny_base, tmp_path / "halved", in_parts)
    assert at_once == [60, 60]
    assert in_parts[0] < 60
    assert sum(in_parts) >= 120
    assert halved.epochs[0].validation_loss == pytest.approx(whole.epochs[0].validation_loss, rel=0.05)


def test_an_embedder_without_room_answers_from_the_processor(tiny_base: Base, room_for: Callable[[int], None]) -> None:
    roomy = Embedder(tiny_base.folder)
    assert roomy.model.device.type == "cuda"
    expected = roomy.embed(TEXTS)
    room_for(0)
    crowded = Embedder(tiny_base.folder)
    assert crowded.model.device.type == "cpu"
    np.testing.assert_allclose(crowded.embed(TEXTS), expected, atol=1e-5)
    # One that came before the memory was gone leaves it as well.
    np.testing.assert_allclose(roomy.embed(LONG * 400)[:5], crowded.embed(LONG), atol=1e-5)
    assert roomy.model.device.type == "cpu"


def test_the_driver_and_torch_count_the_same_gpus() -> None:
    facts = torch_facts()
    assert facts is not None
    assert len(gpu_names()) == facts["gpus"] == torch.cuda.device_count()
    (finding,) = examine_gpu(gpu_names(), facts)
    assert (finding.verdict, "CUDA" in finding.found) == ("ok", True)
