"""What would the usual rules say of the same windows? Vectorised where they are formulas, else the library itself."""

import warnings

import numpy as np
import pandas as pd
from benchmarks.drift_streams import Floats, Measured, Rows, _counts, _ks
from numpy.typing import NDArray
from scipy.special import chdtrc, kolmogorov

NUMERIC = ("input.length", "input.tokens", "input.non_letters", "output.confidence", "output.entropy")
PERMUTATIONS = 200


def plain_p_values(measured: Measured, reference: Rows, windows: Rows) -> Floats:
    """Kolmogorov-Smirnov for each number, chi-square for the answers; rows taken as independent."""
    n, m = windows.shape[1], len(reference)
    root = np.sqrt(n * m / (n + m))
    columns = [kolmogorov(_ks(measured.columns[name], reference)(windows) * root) for name in NUMERIC]
    width = measured.corpora.scores.shape[1]
    now = _counts(measured.corpora.output, windows, width)
    before = np.bincount(measured.corpora.output[reference], minlength=width).astype(np.float64)
    every = now + before
    expected = every * n / (n + m)
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(every > 0, (now - expected) ** 2 * (1 / expected + 1 / (every - expected)), 0.0)
    columns.append(chdtrc((every > 0).sum(axis=1) - 1, terms.sum(axis=1)))
    return np.stack(columns, axis=1)


def any_below(p_values: Floats, limit: float = 0.05) -> NDArray[np.bool_]:
    """A p-value below the limit in any column."""
    return np.asarray((p_values < limit).any(axis=1))


def mmd_p_value(measured: Measured, reference: Rows, window: Rows, draws: np.random.Generator) -> float:
    """Maximum mean discrepancy with random Fourier features; rows permuted one by one."""
    rows = measured.fourier[np.concatenate([window, reference])]
    n = len(window)
    parts = np.zeros((PERMUTATIONS + 1, len(rows)), dtype=np.float32)
    parts[0, :n] = 1.0
    for part in parts[1:]:
        part[draws.permutation(len(rows))[:n]] = 1.0
    inside = parts @ rows
    gaps = np.linalg.norm(inside / n - (rows.sum(axis=0) - inside) / (len(rows) - n), axis=1)
    return float((gaps[1:] >= gaps[0]).sum() + 1) / (PERMUTATIONS + 1)


def frame(measured: Measured, rows: Rows) -> pd.DataFrame:
    """What Evidently is given: the same columns."""
    columns: dict[str, object] = {name: measured.columns[name][rows] for name in NUMERIC}
    return pd.DataFrame({**columns, "output.labels": measured.corpora.output[rows].astype(str)})


def evidently(measured: Measured, reference: Rows, window: Rows) -> bool:
    """DataDriftPreset at its defaults: at least half of the columns drifted, each by its own choice of test."""
    from evidently import Report  # noqa: PLC0415  (four seconds, only where it is asked for)
    from evidently.presets import DataDriftPreset  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = Report([DataDriftPreset()]).run(frame(measured, window), frame(measured, reference)).dict()
    return bool(seen["metrics"][0]["value"]["share"] >= 0.5)


def e_values(p_values: Floats) -> Floats:
    """Averaged over signals, each p made an e-value by the mixture of all power calibrators (Vovk and Wang 2021)."""
    p = np.clip(p_values, 1e-12, 1 - 1e-9)
    return np.asarray(((1 - p + p * np.log(p)) / (p * np.log(p) ** 2)).mean(axis=-1))


def e_detector(e: Floats, threshold: float) -> NDArray[np.bool_]:
    """Looks at which a Shiryaev-Roberts e-detector alarms (Shin, Ramdas and Rinaldo 2022); it then starts anew."""
    found, evidence = np.zeros(len(e), dtype=np.bool_), 0.0
    for look, value in enumerate(e):
        evidence = (1 + evidence) * value
        found[look] = evidence >= threshold
        evidence = 0.0 if found[look] else evidence
    return found
