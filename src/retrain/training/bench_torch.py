"""What do all candidates of one job share? The tokenised rows, and the probe that each of them starts from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from retrain.device_torch import chosen_device, repeatable
from retrain.training import checkpoint
from retrain.training.artifact import HEAD, packed_head, unpacked_head
from retrain.training.candidates import Candidate
from retrain.training.checkpoint import Checkpoint
from retrain.training.finetune_peft import adapted_encoder, adapter_files
from retrain.training.job import Settings, TrainingJob
from retrain.training.loop_torch import Course, Part, fit
from retrain.training.measures import accuracy
from retrain.training.network_torch import (
    Network,
    Tokenizer,
    has_fast_autocast,
    load_encoder,
    logits_of,
    vectors_of,
    width_of,
)
from retrain.training.probe import Head, Vectors, fit_probe, probe_accuracy
from retrain.training.rows import Rows, TrainingRows
from retrain.training.schedule import Epoch
from retrain.training.search_optuna import Attempted
from retrain.training.state_torch import pack, put_weights, unpack

# Training accuracy is only for the gap to held-out rows; 2,000 rows give it to 1 point.
TRAIN_ACCURACY_ROWS = 2_000
LOGITS = "logits.safetensors"


class Bench:
    """Makes candidates from one job's rows."""

    def __init__(self, job: TrainingJob, rows: TrainingRows) -> None:
        self.room = job.room
        self._job, self._rows = job, rows
        self._device = chosen_device()
        self.gpus = 1 if self._device.type == "cuda" else 0
        self._tokenizer = Tokenizer(job.base.folder, max_tokens=job.policy.max_tokens)
        self._train, self._validation = self._part(rows.train), self._part(rows.validation)
        self._head: Head | None = None

    def probe(self) -> Candidate:
        """The linear probe; read back when an earlier attempt has fitted it."""
        kept = checkpoint.newest(self.room / "probe") or self._fitted_probe()
        self._head = unpacked_head(kept.files[HEAD])
        return Candidate(
            kind="probe",
            validation_logits=load(kept.files[LOGITS])["validation"],
            train_accuracy=kept.about["train_accuracy"],
            files={HEAD: kept.files[HEAD]},
        )

    def fit(self, settings: Settings, folder: Path, pruned: Callable[[Epoch], bool]) -> Attempted:
        """Fine-tune with these settings, from the newest checkpoint in the folder on."""
        course = Course(train=self._train, validation=self._validation, settings=settings, policy=self._job.policy)
        # What wins is scored again in float32, as it will be served.
        network = self._adapted(half=has_fast_autocast(self._device))
        with repeatable(self._device):
            outcome = fit(network, course, folder=folder, pruned=pruned)
        return Attempted(epochs=outcome.epochs, pruned=outcome.pruned, weights=pack(outcome.best))

    def lora(self, weights: bytes) -> Candidate:
        """The fine-tuned candidate with these trained weights."""
        network = self._adapted(half=False)
        put_weights(network, unpack(weights))
        chance = np.random.default_rng(self._job.policy.seed)
        rows = np.sort(chance.permutation(len(self._rows.train.labels))[:TRAIN_ACCURACY_ROWS])
        sample = self._tokenizer([self._rows.train.texts[row] for row in rows])
        return Candidate(
            kind="lora",
            validation_logits=logits_of(network, self._validation.tokens),
            train_accuracy=accuracy(logits_of(network, sample), self._rows.train.labels[rows]),
            files={
                **adapter_files(network.encoder, base_name=self._job.base.name),
                HEAD: packed_head(network.fitted_head),
            },
        )

    def _fitted_probe(self) -> Checkpoint:
        encoder = load_encoder(self._job.base.folder)
        classes = len(self._rows.labels)
        start = Head(weight=np.zeros((classes, width_of(encoder))), bias=np.zeros(classes))
        network = Network(encoder, start).to(self._device)
        train, validation = (self._vectors(network, part) for part in (self._train, self._validation))
        head = fit_probe(train, validation, classes=classes)
        kept = Checkpoint(
            step=1,
            files={HEAD: packed_head(head), LOGITS: save({"validation": head.logits(validation.vectors)})},
            about={"train_accuracy": probe_accuracy(head, train)},
        )
        checkpoint.save(self.room / "probe", kept)
        return kept

    def _adapted(self, *, half: bool) -> Network:
        if self._head is None:
            raise RuntimeError("the probe comes first: its head is where fine-tuning starts")
        policy = self._job.policy
        encoder = adapted_encoder(self._job.base.folder, rank=policy.lora_rank, seed=policy.seed)
        return Network(encoder, self._head, half=half).to(self._device)

    def _part(self, rows: Rows) -> Part:
        return Part(tokens=self._tokenizer(rows.texts), labels=rows.labels)

    @staticmethod
    def _vectors(network: Network, part: Part) -> Vectors:
        return Vectors(vectors=vectors_of(network, part.tokens), labels=part.labels)
