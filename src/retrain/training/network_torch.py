"""What is the network? The base, the mean over its tokens brought to length 1, and a linear head."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from retrain.device_torch import READING_TOKENS, in_parts_that_fit
from retrain.training.batches import reading_batches
from retrain.training.machine import has_fast_bf16
from retrain.training.probe import Head

# A bar for a load of half a second would only end up in logs.
transformers_logging.disable_progress_bar()


class Network(nn.Module):
    """Logits of tokenised texts. With the probe's head and the bare base it computes what the probe computes."""

    def __init__(self, encoder: nn.Module, head: Head, *, half: bool = False) -> None:
        """`half`: the encoder's frozen weights are kept and multiplied in bfloat16, for training only."""
        super().__init__()
        self.encoder = _halved(encoder) if half else encoder
        self.halved = half
        classes, width = head.weight.shape
        self.head = nn.Linear(width, classes)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(head.weight))
            self.head.bias.copy_(torch.from_numpy(head.bias))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits, shape (rows, classes)."""
        logits: Tensor = self.head(self.vectors(input_ids, attention_mask))
        return logits

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of length 1, float32 under autocast too: the head was fitted on such."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.halved):
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        # MiniLM was trained with the mean of its tokens; its pooler layer was not trained at all.
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
        return nn.functional.normalize(mean, dim=1)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.head.weight.device

    @property
    def fitted_head(self) -> Head:
        """The head as it is now."""
        weight, bias = (part.detach().cpu().double().numpy() for part in (self.head.weight, self.head.bias))
        return Head(weight=weight, bias=bias)


class Tokenizer:
    """Texts to token numbers, cut to what the model reads."""

    def __init__(self, base_folder: Path, *, max_tokens: int) -> None:
        self.library = AutoTokenizer.from_pretrained(base_folder, local_files_only=True, trust_remote_code=False)
        self._max_tokens = max_tokens

    def __call__(self, texts: Sequence[str]) -> "Tokens":
        """The token numbers of each text."""
        if not texts:
            return Tokens(self, [])
        return Tokens(self, self.library(list(texts), truncation=True, max_length=self._max_tokens)["input_ids"])


class Tokens:
    """Tokenised texts, padded a batch at a time."""

    def __init__(self, tokenizer: Tokenizer, ids: list[list[int]]) -> None:
        self._tokenizer = tokenizer.library
        self._ids = ids

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text."""
        return [len(ids) for ids in self._ids]

    def batch(self, rows: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        """The network's arguments for these rows."""
        padded = self._tokenizer.pad({"input_ids": [self._ids[row] for row in rows]}, return_tensors="pt")
        return {name: padded[name].to(device) for name in ("input_ids", "attention_mask")}


def load_encoder(base_folder: Path) -> nn.Module:
    """The base's weights in float32. Safetensors only: a pickle could run code."""
    encoder: nn.Module = AutoModel.from_pretrained(
        base_folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
    )
    return encoder.eval()


def _halved(encoder: nn.Module) -> nn.Module:
    """Frozen weights in bfloat16: autocast alone would convert all of them anew for every batch (twice the time)."""
    for weight in encoder.parameters():
        if not weight.requires_grad:
            weight.data = weight.data.to(torch.bfloat16)
    return encoder


def width_of(encoder: nn.Module) -> int:
    """Numbers in one vector."""
    return int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]


def has_fast_autocast(device: torch.device) -> bool:
    """Whether this device multiplies bfloat16 in hardware; where it only emulates it, float32 is faster."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return has_fast_bf16()


@torch.inference_mode()
def logits_of(network: Network, tokens: Tokens) -> NDArray[np.float64]:
    """Logits in the order of the texts."""
    return _read(network, tokens, vectors=False)


@torch.inference_mode()
def vectors_of(network: Network, tokens: Tokens) -> NDArray[np.float64]:
    """Vectors in the order of the texts."""
    return _read(network, tokens, vectors=True)


def _read(network: Network, tokens: Tokens, *, vectors: bool) -> NDArray[np.float64]:
    network.eval()

    def answer(rows: Sequence[int]) -> NDArray[np.float64]:
        batch = tokens.batch(rows, network.device)
        given: NDArray[np.float64] = (network.vectors(**batch) if vectors else network(**batch)).double().cpu().numpy()
        return given

    out = np.zeros((len(tokens.lengths), network.head.in_features if vectors else network.head.out_features))
    for rows in reading_batches(tokens.lengths, tokens=READING_TOKENS[network.device.type]):
        out[rows] = in_parts_that_fit(rows, answer)
    return out
