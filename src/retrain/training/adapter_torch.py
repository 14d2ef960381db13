"""How does a stored adapter come back into the base? Each layer's weight gets the product of its two small matrices.

The adapter's library is not needed for this: a serving process saves its import, and nothing but numbers is read.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from retrain.errors import DigestMismatch

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
PREFIX = "base_model.model."
DOWN, UP = ".lora_A.weight", ".lora_B.weight"


@torch.no_grad()
def merge_adapter(encoder: nn.Module, folder: Path) -> None:
    """Add a stored adapter to the encoder's weights. Raises DigestMismatch when the files are not of this encoder."""
    scale, weights = _stored(folder)
    for name, down in weights.items():
        if not name.endswith(DOWN):
            continue
        module = name.removeprefix(PREFIX).removesuffix(DOWN)
        layer = dict(encoder.named_modules()).get(module)
        up = weights.get(name.removesuffix(DOWN) + UP)
        if not isinstance(layer, nn.Linear) or up is None or (up @ down).shape != layer.weight.shape:
            raise DigestMismatch(
                f"adapter in {folder}: layer {module!r} does not fit the base; it was trained on another one. "
                f"Name that base in the spec, or roll back to a version of this one"
            )
        layer.weight += scale * (up @ down)


def _stored(folder: Path) -> tuple[float, dict[str, torch.Tensor]]:
    try:
        config = json.loads((folder / ADAPTER_CONFIG).read_bytes())
        return config["lora_alpha"] / config["r"], load_file(folder / ADAPTER_WEIGHTS)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DigestMismatch(f"adapter in {folder}: not readable ({error}); fetch the version again") from error
