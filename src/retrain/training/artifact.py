"""Which files are a version? Small ones: the adapter and the head; the base is named by its digest, never copied."""

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from retrain.errors import DigestMismatch
from retrain.training.probe import Head
from retrain.training.version import Kind
from retrain.values import Value

MODEL, HEAD, CARD = "model.json", "head.safetensors", "card.md"


class ModelFile(Value):
    """All that must be known to answer with a version's weights: the content of its model.json."""

    format: Literal[1] = 1
    kind: Kind
    labels: tuple[str, ...]
    """In the order of the head's rows."""
    base: str
    base_digest: str
    max_tokens: int
    pooling: Literal["mean"] = "mean"
    temperature: float


def read_model_file(folder: Path) -> ModelFile:
    """Read model.json. Raises DigestMismatch when the folder does not hold a version of ours."""
    try:
        return ModelFile.model_validate_json((folder / MODEL).read_bytes())
    except (OSError, ValidationError) as error:
        raise DigestMismatch(
            f"version folder {folder}: {MODEL} not readable ({error}); fetch the version again"
        ) from error


def packed_head(head: Head) -> bytes:
    """The head as a safetensors file, in the float32 that it computes with."""
    content: bytes = save({"weight": head.weight.astype(np.float32), "bias": head.bias.astype(np.float32)})
    return content


def unpacked_head(content: bytes) -> Head:
    """A head from a safetensors file."""
    tensors = load(content)
    return Head(weight=tensors["weight"].astype(np.float64), bias=tensors["bias"].astype(np.float64))


def read_head(folder: Path, *, labels: int) -> Head:
    """The head of a version folder. Raises DigestMismatch when it is not readable or is not for that many labels."""
    try:
        head = unpacked_head((folder / HEAD).read_bytes())
    except (OSError, SafetensorError, KeyError) as error:
        raise DigestMismatch(
            f"version folder {folder}: {HEAD} not readable ({error}); fetch the version again"
        ) from error
    if len(head.weight) != labels or head.bias.shape != (labels,):
        raise DigestMismatch(
            f"version folder {folder}: {HEAD} answers {len(head.weight)} labels, {MODEL} names {labels}; the two files "
            f"are not of one version. Fetch the version again"
        )
    return head
