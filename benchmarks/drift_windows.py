"""How often is a window called drifted, quiet or not, by this project and by the usual rules, on the same rows?

    python -m benchmarks.drift_windows [--windows 60]

Real text (CLINC150), 1,000 reference rows, windows of 300, no embeddings. Independent rows, and rows in bursts of three
of one intent. The peers see the same properties and outputs: Evidently's DataDriftPreset at its defaults, and a p-value
below 0.05 in any column.
"""

import argparse
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from benchmarks.clinc import Traffic, read_traffic
from evidently import Report
from evidently.presets import DataDriftPreset
from scipy.stats import chi2_contingency, ks_2samp

from retrain.drift.check import score
from retrain.drift.policy import DriftPolicy
from retrain.drift.reference import ReferenceProfile, build_reference
from retrain.production.window import Window

REFERENCE_ROWS, ROWS = 1_000, 300
CONDITIONS = (("no drift", 0.0), ("out of scope 10 %", 0.1), ("out of scope 20 %", 0.2))
Rule = Callable[[Window, Window, ReferenceProfile], bool]


def frame(window: Window) -> pd.DataFrame:
    """What the peers are given: three properties of the input, and the outputs."""
    texts = window.rows["input"].to_list()
    return pd.DataFrame(
        {
            "length": [len(text) for text in texts],
            "words": [len(text.split()) for text in texts],
            "non_letters": [sum(not c.isalpha() for c in text) / max(len(text), 1) for text in texts],
            "confidence": window.rows["confidence"].to_numpy(),
            "entropy": window.rows["entropy"].to_numpy(),
            "output": window.rows["output"].to_list(),
        }
    )


def ours(_before: Window, now: Window, profile: ReferenceProfile) -> bool:
    """At least one signal at or beyond its block-calibrated threshold."""
    return bool(score(now, profile, DriftPolicy(), model="clinc").drifted)


def evidently(before: Window, now: Window, _profile: ReferenceProfile) -> bool:
    """At least half of the columns drifted, each by Evidently's own choice of test."""
    seen = Report([DataDriftPreset()]).run(frame(now), frame(before)).dict()
    return bool(seen["metrics"][0]["value"]["share"] >= 0.5)


def any_p_value(before: Window, now: Window, _profile: ReferenceProfile) -> bool:
    """A p-value below 0.05 in any column."""
    old, new = frame(before), frame(now)
    numeric = [ks_2samp(old[name], new[name]).pvalue for name in old.columns if name != "output"]
    table = pd.crosstab(pd.concat([old["output"], new["output"]]), [0] * len(old) + [1] * len(new))
    return bool(min(*numeric, chi2_contingency(table.to_numpy()).pvalue) < 0.05)


RULES: dict[str, Rule] = {"retrain": ours, "Evidently, defaults": evidently, "any p < 0.05": any_p_value}


def windows(traffic: Traffic, *, count: int, burst: int, outside: float) -> Iterator[tuple[Window, Window]]:
    """Pairs of a reference and a window, each pair from an order of its own."""
    for seed in range(count):
        order = traffic.order(burst=burst, seed=50_000 + seed)
        before = traffic.window(order[:REFERENCE_ROWS])
        yield before, traffic.window(order[REFERENCE_ROWS : REFERENCE_ROWS + ROWS], outside=outside, seed=seed)


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--windows", type=int, default=60)
    count = words.parse_args().windows
    warnings.simplefilter("ignore")
    traffic = read_traffic()
    print(f"share of {count} windows called drifted (nominal for retrain without drift: 0.01)\n")
    print(f"| rows | condition | {' | '.join(RULES)} |\n| --- | --- |{' --- |' * len(RULES)}")
    for burst, rows in ((1, "independent"), (3, "bursts of 3")):
        for condition, outside in CONDITIONS:
            called = np.zeros(len(RULES))
            for before, now in windows(traffic, count=count, burst=burst, outside=outside):
                profile = build_reference(before, DriftPolicy())
                called += [rule(before, now, profile) for rule in RULES.values()]
            shares = " | ".join(f"{share:.2f}" for share in called / count)
            print(f"| {rows} | {condition} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
