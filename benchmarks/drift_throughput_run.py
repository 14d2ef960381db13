"""What does one check cost, by this tool or by that? Run by benchmarks/drift_throughput.py, a process each.

Peers run it with interpreters of their own, which lack the project and its libraries: so every import stands in the
function that needs it, before the clock starts.
"""

import glob
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Answer = tuple[tuple[float, float], "list[str] | None"]
"""Seconds and processor seconds, and the columns called drifted; none where only the reference was read."""
SAMPLE = 20_000


def now() -> tuple[float, float]:
    """The clock, and the processor's."""
    return time.perf_counter(), time.process_time()


def since(began: tuple[float, float]) -> tuple[float, float]:
    """What both have gone on."""
    return time.perf_counter() - began[0], time.process_time() - began[1]


class Work:
    """What to compare, and where."""

    def __init__(self, folder: str, reference: str, window: str, *columns: str) -> None:
        self.folder = Path(folder)
        self.reference = reference
        self.window = window
        self.columns = list(columns)

    def read(self, day: str) -> Any:
        """The columns of a day, whole."""
        import pandas as pd  # noqa: PLC0415

        files = sorted(glob.glob(str(self.folder / day / "*.parquet")))  # noqa: PTH207
        return pd.concat([pd.read_parquet(file, columns=self.columns) for file in files], ignore_index=True)


def retrain_profile(work: Work) -> Answer:
    """The reference's rows sampled, measured, stored."""
    from retrain.drift.policy import DriftPolicy  # noqa: PLC0415
    from retrain.drift.reference import build_reference, to_files  # noqa: PLC0415

    window = _retrain_window(work)
    began = now()
    profile = build_reference(window(work.reference), DriftPolicy())
    (work.folder / "profile").mkdir(exist_ok=True)
    for name, content in to_files(profile).items():
        (work.folder / "profile" / name).write_bytes(content)
    return since(began), None


def retrain(work: Work) -> Answer:
    """The stored profile read, the window read, the score."""
    from retrain.drift.check import score  # noqa: PLC0415
    from retrain.drift.policy import DriftPolicy  # noqa: PLC0415
    from retrain.drift.reference import from_files  # noqa: PLC0415

    window = _retrain_window(work)
    began = now()
    profile = from_files({file.name: file.read_bytes() for file in (work.folder / "profile").iterdir()})
    report = score(window(work.window), profile, DriftPolicy(), model="throughput")
    return since(began), [name.removeprefix("number.") for name in report.drifted]


def _retrain_window(work: Work) -> Callable[[str], Any]:
    from retrain.production.policy import ProductionPolicy  # noqa: PLC0415
    from retrain.production.reader import read_window  # noqa: PLC0415

    policy = ProductionPolicy(log=str(work.folder), numbers=tuple(work.columns))

    def window(day: str) -> Any:
        start = datetime.fromisoformat(day.removeprefix("date=") + "T00:00:00+00:00")
        end = start + timedelta(days=1)
        return read_window(work.folder, policy, start=start, end=end, now=end + timedelta(days=1))

    return window


def evidently(work: Work, rows: int | None = None) -> Answer:
    """DataDriftPreset at its defaults."""
    from evidently import Report  # noqa: PLC0415
    from evidently.presets import DataDriftPreset  # noqa: PLC0415

    began = now()
    old, new = work.read(work.reference), work.read(work.window)
    if rows is not None:
        old, new = (side.sample(min(rows, len(side)), random_state=7) for side in (old, new))
    seen = Report([DataDriftPreset()]).run(new, old).dict()
    spent = since(began)
    # Of each column a score: a distance drifts at or above 0.1, a p-value below 0.05.
    columns = {one["config"]["column"]: one for one in seen["metrics"] if "column" in one.get("config", {})}
    return spent, [name for name, one in columns.items() if _evidently_drifted(one)]


def _evidently_drifted(metric: dict[str, Any]) -> bool:
    limit, value = metric["config"]["threshold"], metric["value"]
    return bool(value < limit if "p_value" in metric["config"]["method"] else value >= limit)


def evidently_sample(work: Work) -> Answer:
    """The same on a sample, drawn once all is read."""
    return evidently(work, SAMPLE)


def nannyml_fit(work: Work) -> Answer:
    """The univariate calculator fitted, stored."""
    import pickle  # noqa: PLC0415

    from nannyml import UnivariateDriftCalculator  # noqa: PLC0415

    began = now()
    fitted = UnivariateDriftCalculator(column_names=work.columns).fit(work.read(work.reference))
    (work.folder / "nannyml.pickle").write_bytes(pickle.dumps(fitted))
    return since(began), None


def nannyml(work: Work) -> Answer:
    """Univariate drift at its defaults, the window as one chunk."""
    import pickle  # noqa: PLC0415

    import nannyml as _loaded  # noqa: F401, PLC0415

    began = now()
    fitted = pickle.loads((work.folder / "nannyml.pickle").read_bytes())
    found = fitted.calculate(work.read(work.window)).filter(period="analysis").to_df()
    spent = since(began)
    alerts = [name for name in work.columns if found[name]["jensen_shannon"]["alert"].any()]
    return spent, alerts


def whylogs_profile(work: Work) -> Answer:
    """The reference's sketches, stored."""
    import whylogs as why  # noqa: PLC0415

    began = now()
    why.log(work.read(work.reference)).view().write(str(work.folder / "whylogs.bin"))
    return since(began), None


def whylogs(work: Work) -> Answer:
    """The window's sketches, and drift scores between them at their defaults."""
    import whylogs as why  # noqa: PLC0415
    from whylogs.core import DatasetProfileView  # noqa: PLC0415
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores  # noqa: PLC0415

    began = now()
    reference = DatasetProfileView.read(str(work.folder / "whylogs.bin"))
    scores = calculate_drift_scores(
        target_view=why.log(work.read(work.window)).view(), reference_view=reference, with_thresholds=True
    )
    spent = since(began)
    return spent, [name for name, one in scores.items() if one and one["drift_category"] == "DRIFT"]


RUNS: "dict[str, Callable[[Work], Answer]]" = {
    "retrain-profile": retrain_profile,
    "retrain": retrain,
    "evidently": evidently,
    "evidently-sample": evidently_sample,
    "nannyml-fit": nannyml_fit,
    "nannyml": nannyml,
    "whylogs-profile": whylogs_profile,
    "whylogs": whylogs,
}

if __name__ == "__main__":
    spent, drifted = RUNS[sys.argv[1]](Work(*sys.argv[2:]))
    sys.stdout.write(json.dumps({"spent": spent, "drifted": drifted}) + "\n")
