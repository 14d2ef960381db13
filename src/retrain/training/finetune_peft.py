"""How is the base adapted? By low-rank matrices beside its linear layers (LoRA); its own weights stay as they are."""

import json
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save
from torch import nn

from retrain.training.adapter_torch import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from retrain.training.network_torch import load_encoder
from retrain.values import canonical_json

# Scale twice the rank: the adapter library's own examples, and the recipe behind the policy's learning rate.
ALPHA_PER_RANK = 2
DROPOUT = 0.0
# The mean is pooled, so a pooler layer is never run and would only fill the file.
UNUSED = r".*pooler.*"


def adapted_encoder(base_folder: Path, *, rank: int, seed: int) -> PeftModel:
    """The base with a fresh adapter, which changes nothing yet; the seed decides where it starts."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank,
        lora_alpha=ALPHA_PER_RANK * rank,
        lora_dropout=DROPOUT,
        target_modules="all-linear",
        exclude_modules=UNUSED,
    )
    return get_peft_model(load_encoder(base_folder), config)


def adapter_files(encoder: nn.Module, *, base_name: str) -> dict[str, bytes]:
    """The adapter as files that peft can read too. The base goes by its name: a path says nothing elsewhere."""
    if not isinstance(encoder, PeftModel):
        raise TypeError(f"encoder is {type(encoder).__name__}, expected one from adapted_encoder")
    weights = {name: value.detach().cpu().contiguous() for name, value in get_peft_model_state_dict(encoder).items()}
    config = {**encoder.peft_config["default"].to_dict(), "base_model_name_or_path": base_name, "inference_mode": True}
    # Sets of layer names become sorted lists, so that the same adapter has the same digest.
    plain = json.loads(json.dumps(config, default=sorted))
    return {ADAPTER_WEIGHTS: save(weights), ADAPTER_CONFIG: canonical_json(plain)}
