"""What else is to be seen of a challenger, beside the comparison?"""

from collections.abc import Sequence
from typing import Any

from retrain.dataset import stored
from retrain.dataset.snapshot import Example
from retrain.evaluation.calibrated import calibration
from retrain.evaluation.remember import remembered
from retrain.pipeline.questions import Questions
from retrain.pipeline.site import Site
from retrain.store.state import Champion
from retrain.training.job import Scored

BYTES_PER_MB = 1e6


def further(
    site: Site, rows: Sequence[Example], asked: Questions, scored: Sequence[Scored], champion: Champion | None
) -> dict[str, Any]:
    """The fields of an evaluation report that speak of swaps, the suite, what is remembered, calibration and time."""
    mine = scored[0].predictions[: len(rows)]
    told: dict[str, Any] = {
        "swaps": asked.swaps(scored),
        "suite": asked.regressions(scored),
        "calibration": calibration([row.label for row in rows], mine, site.spec.evaluation.confidence),
    }
    if champion is None:
        return told
    # What the champion's own snapshot held out is what it was judged by; later rows are new to it.
    known = site.snapshots.holds(champion.snapshot)
    earlier = {row.text for row in stored.get(site.snapshots, champion.snapshot).heldout} if known else set()
    theirs = scored[1].predictions[: len(rows)]
    told["remembered"] = remembered(rows, earlier, theirs, mine)
    told["champion_latency_p95_ms"] = scored[1].latency_p95_ms
    return told


def size_mb(site: Site, version: str) -> float:
    """Of a stored version, without its base."""
    return sum(file.size for file in site.versions.manifest(version).files.values()) / BYTES_PER_MB
