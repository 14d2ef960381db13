"""What does the frozen base make of a text? One vector a text, pooled by the mean over its tokens."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from retrain.device_torch import READING_TOKENS, chosen_device, in_parts_that_fit

# A bar for a load of half a second would only end up in logs.
transformers_logging.disable_progress_bar()


class Embedder:
    """The frozen base as a function from texts to vectors."""

    def __init__(self, folder: Path, *, max_tokens: int = 128) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        self.model = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        ).eval()
        self._max_tokens = max_tokens
        try:
            self.model.to(chosen_device())
        except RuntimeError:
            self._leave_the_gpu()

    @torch.inference_mode()
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, float32, shape (len(texts), width), in the order of the texts."""
        tokens = self.tokenizer(list(texts), truncation=True, max_length=self._max_tokens)["input_ids"] if texts else []
        out = np.zeros((len(tokens), self.model.config.hidden_size), dtype=np.float32)

        def pooled(rows: Sequence[int]) -> NDArray[np.float32]:
            return self._pooled([tokens[row] for row in rows])

        for batch in _by_length(tokens, READING_TOKENS[self.model.device.type]):
            try:
                out[batch] = in_parts_that_fit(batch, pooled)
                continue
            except torch.OutOfMemoryError:
                if self.model.device.type == "cpu":
                    raise
            self._leave_the_gpu()
            out[batch] = pooled(batch)
        return out

    def _leave_the_gpu(self) -> None:
        """A training may have taken all its memory; a check is then slower, and not late."""
        self.model.to("cpu")
        torch.cuda.empty_cache()

    def _pooled(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        padded = self.tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self.model.device)
        states = self.model(**padded).last_hidden_state
        mask = padded["attention_mask"].unsqueeze(-1).to(states.dtype)
        # MiniLM was trained with the mean of its tokens; its pooler layer was not trained at all.
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).float().cpu().numpy()
        return vectors


def _by_length(tokens: Sequence[Sequence[int]], limit: int) -> list[list[int]]:
    """Row numbers in batches of similar length, so that little is padded: half the time of batches as they come."""
    batches: list[list[int]] = []
    for row in sorted(range(len(tokens)), key=lambda row: len(tokens[row]), reverse=True):
        if not batches or (len(batches[-1]) + 1) * len(tokens[batches[-1][0]]) > limit:
            batches.append([])
        batches[-1].append(row)
    return batches
