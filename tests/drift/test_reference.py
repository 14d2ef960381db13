"""Is a stored reference the one that was built?"""

import numpy as np
import pytest
from numpy.typing import NDArray

from retrain.drift.observation import RUN_ROWS, in_runs
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference, from_files, to_files
from retrain.errors import LogError



def letters(texts: list[str]) -> NDArray[np.float32]:
    vectors = np.array([[text.count(letter) + 0.1 for letter in "aeiou"] for text in texts], dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
