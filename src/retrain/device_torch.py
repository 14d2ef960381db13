"""On which device does torch compute, how much does it read at once there, and does it give the same numbers twice?"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

READING_TOKENS = {"cpu": 1_024, "cuda": 65_536}
"""Tokens a batch when nothing is learned. 1,024 stay in a processor's cache; 8,192 took a quarter longer. On an H200
65,536 read a third more rows a second than 1,024 or 262,144, in 1.2 GB."""


def chosen_device() -> torch.device:
    """The GPU when there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Inside, a GPU adds up in the same order each time, so that training resumed is training not interrupted.

    Strictly: with `warn_only` torch leaves attention as it is. Needs CUBLAS_WORKSPACE_CONFIG, as a training process
    has it.
    """
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(before or device.type == "cuda")
    # Else every tensor is filled before use, to make reading too early visible: nothing here does that.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def settles_for_less(error: RuntimeError) -> bool:
    """Whether an operation has no repeatable form on a GPU; from here on such are let through: trained beats exact."""
    if "deterministic" not in str(error) or torch.is_deterministic_algorithms_warn_only_enabled():
        return False
    torch.use_deterministic_algorithms(True, warn_only=True)  # noqa: FBT003  the signature is torch's
    return True


def in_parts_that_fit(
    rows: Sequence[int], answer: Callable[[Sequence[int]], NDArray[np.floating]]
) -> NDArray[np.floating]:
    """`answer(rows)`, below each other; in halves when memory does not hold them. Raises when it holds not one."""
    try:
        return answer(rows)
    except torch.OutOfMemoryError:
        if len(rows) == 1:
            raise
    # Only here, after the exception and what its frames held are gone, is there something to give back.
    torch.cuda.empty_cache()
    half = (len(rows) + 1) // 2
    return np.concatenate([in_parts_that_fit(part, answer) for part in (rows[:half], rows[half:])])
