"""What does a stored version answer? Its base, checked by digest, with its adapter and head."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, softmax

from retrain.base import Base
from retrain.device_torch import chosen_device
from retrain.errors import DigestMismatch
from retrain.training.adapter_torch import merge_adapter
from retrain.training.artifact import ModelFile, read_head, read_model_file
from retrain.training.network_torch import Network, Tokenizer, load_encoder, logits_of, width_of
from retrain.training.prediction import Prediction
from retrain.values import short


class Classifier:
    """A version, ready to answer. Not safe for use from several threads at once."""

    def __init__(self, about: ModelFile, network: Network, tokenizer: Tokenizer) -> None:
        self._about = about
        self._network = network
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, version_folder: Path, base: Base) -> "Classifier":
        """Load a verified version folder onto its base. Raises DigestMismatch when base or files are not its own."""
        about = read_model_file(version_folder)
        if about.base_digest != base.digest:
            raise DigestMismatch(
                f"version in {version_folder} was trained on base {about.base!r} with digest "
                f"{short(about.base_digest)}, found {base.name!r} with {short(base.digest)}; other weights answer "
                f"otherwise. Restore that base"
            )
        head, encoder = read_head(version_folder, labels=len(about.labels)), load_encoder(base.folder)
        if head.weight.shape[1] != width_of(encoder):
            raise DigestMismatch(
                f"version in {version_folder}: its head reads vectors of {head.weight.shape[1]} numbers, the base "
                f"makes {width_of(encoder)}; the files are not of one version. Fetch the version again"
            )
        if about.kind == "lora":
            merge_adapter(encoder, version_folder)
        network = Network(encoder, head).eval().to(chosen_device())
        return cls(about, network, Tokenizer(base.folder, max_tokens=about.max_tokens))

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can answer, in the order of the columns of `scores`."""
        return self._about.labels

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probability of each label, shape (len(texts), len(labels)); each row sums to 1."""
        scores: NDArray[np.float64] = softmax(
            logits_of(self._network, self._tokenizer(texts)) / self._about.temperature, axis=1
        )
        return scores

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The most probable label of each text, in order."""
        return [
            Prediction(label=self.labels[row.argmax()], confidence=float(row.max()), entropy=float(entr(row).sum()))
            for row in self.scores(texts)
        ]


def base_of(version_folder: Path) -> str:
    """Name of the base that a version goes with, as the spec wrote it."""
    return read_model_file(version_folder).base
