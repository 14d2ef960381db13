"""How soon does each detector see a drift, at equal false-alarm rates?

    python -m benchmarks.drift_power [--streams 10] [--rows 100 300 1000] [--bursts 1]

Streams of real text (CLINC150, Banking77, MiniLM, a probe's answers): ten quiet windows, then ten drifted ones, each
stream with a reference of its own, of 3,000 rows. Every detector's threshold is set on quiet streams that score
nothing, ten for each one that does, at 0.8 false alarms per 1,000 windows; the line `none` shows what it does on
others. A cell is the share of streams whose drift was detected within ten windows, and the median delay in windows.
`budget` is the product with the threshold that its own budget sets at a look a day: it is not tuned on any stream.
Evidently and MMD with 200 permutations take too long for so many streams, and a threshold so rare is beyond what
either can say: they stand at their own defaults, and the line `none` shows what that costs.
The whole picture: `--streams 40 --rows 100 300 1000 3000 --bursts 1 3 --peer-streams 5`.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from benchmarks.corpora import Corpora, read_corpora
from benchmarks.drift_peers import e_values, evidently, mmd_p_value, plain_p_values
from benchmarks.drift_streams import (
    Floats,
    Measured,
    Rows,
    evidence_of,
    seen_of,
    stationary,
    values_of,
    watch,
    window_p_values,
)
from numpy.typing import NDArray

from retrain.drift.policy import DriftPolicy
from retrain.drift.sequential.pool import Seen

QUIET, DRIFTED, SEED = 10, 10, 23
REFERENCE_ROWS = 3_000
FALSE_ALARMS = 0.8 / 1_000
"""A window."""
QUIET_STREAMS = 10
"""For one that is scored."""
POLICY = DriftPolicy()
PERMUTED, EVIDENTLY = "MMD permuted, p < 0.05", "Evidently, defaults"
Drift = Callable[[Corpora, Rows, int, np.random.Generator], Rows]


def replaced(kind: str, share: float) -> Drift:
    """A share of rows of another kind."""

    def run(corpora: Corpora, rows: Rows, _look: int, draws: np.random.Generator) -> Rows:
        return _swap(rows, corpora.rows(kind), share, draws)

    return run


def prior(domain: str, factor: float) -> Drift:
    """One domain so many times as frequent."""

    def run(corpora: Corpora, rows: Rows, _look: int, draws: np.random.Generator) -> Rows:
        known = corpora.rows("known")
        members = known[corpora.domains[known] == domain]
        share = len(members) / len(known)
        return _swap(rows, members, (factor - 1) * share / (1 - share), draws)

    return run


def gradual(kind: str, last: float) -> Drift:
    """A share that grows in equal steps over the ten windows."""

    def run(corpora: Corpora, rows: Rows, look: int, draws: np.random.Generator) -> Rows:
        return _swap(rows, corpora.rows(kind), last * (look + 1) / DRIFTED, draws)

    return run


DRIFTS: dict[str, Drift] = {
    **{
        f"{kind} {share:.0%}".replace("%", " %"): replaced(kind, share)
        for kind in ("new domain", "new intents", "out of scope")
        for share in (0.05, 0.1, 0.2, 0.4)
    },
    "one domain twice": prior("travel", 2.0),
    "style 30 %": replaced("style", 0.3),
    "gradual, out of scope to 20 %": gradual("out of scope", 0.2),
}


def _swap(rows: Rows, others: Rows, share: float, draws: np.random.Generator) -> Rows:
    taken = draws.random(rows.shape) < share
    return np.where(taken, draws.choice(others, rows.shape), rows)


@dataclass(frozen=True)
class Setting:
    """One kind of stream."""

    rows: int
    burst: int
    streams: int


def streamed(
    measured: Measured, setting: Setting, drift: Drift | None, seed: int
) -> Iterator[tuple[Rows, Rows, np.random.Generator]]:
    """A reference and the windows of each stream, as row numbers."""
    for number in range(setting.streams):
        draws = np.random.default_rng([SEED, seed, setting.rows, setting.burst, number])
        reference = stationary(measured.corpora, draws, REFERENCE_ROWS, setting.burst)
        rows = stationary(measured.corpora, draws, (QUIET + DRIFTED) * setting.rows, setting.burst)
        windows = rows.reshape(QUIET + DRIFTED, setting.rows)
        if drift is not None:
            for look in range(DRIFTED):
                windows[QUIET + look] = drift(measured.corpora, windows[QUIET + look], look, draws)
        yield reference, windows, draws


def scores(measured: Measured, setting: Setting, drift: Drift | None, seed: int) -> dict[str, Floats]:
    """Each detector's score (higher is more drift) at each look, shape (streams, looks)."""
    streams, plain = list[Seen](), []
    names: list[str] = []
    for reference, windows, _ in streamed(measured, setting, drift, seed):
        signals = watch(measured, reference, setting.rows, POLICY)
        names = [signal.name for signal in signals]
        streams.append(seen_of(signals, values_of(signals, [windows])))
        plain.append(plain_p_values(measured, reference, windows).min(axis=1))
    return _detectors(streams, np.array(plain), names)


def peers(measured: Measured, setting: Setting, drift: Drift | None, seed: int) -> dict[str, Floats]:
    """Whether a peer calls each drifted window drifted at its own threshold, 0 or 1, shape (streams, looks)."""
    found: dict[str, list[list[float]]] = {PERMUTED: [], EVIDENTLY: []}
    for reference, windows, draws in streamed(measured, setting, drift, seed):
        late = windows[QUIET:]
        found[PERMUTED].append([float(mmd_p_value(measured, reference, each, draws) < 0.05) for each in late])
        found[EVIDENTLY].append([float(evidently(measured, reference, each)) for each in late])
    return {name: np.array(calls).reshape(setting.streams, DRIFTED) for name, calls in found.items()}


def _detectors(streams: list[Seen], plain: Floats, names: list[str]) -> dict[str, Floats]:
    p_values = np.array([window_p_values(seen) for seen in streams])
    found = {
        "retrain": evidence_of(streams, POLICY),
        "e-values, CUSUM": np.array([_cusum(e_values(p)) for p in p_values]),
        "smallest p": -p_values.min(axis=-1),
        "2 of 3 windows": -_second_of_three(p_values.min(axis=-1)),
        "smallest plain p": -plain,
    }
    return found | {name: -p_values[..., place] for place, name in enumerate(names)}


def _cusum(e: Floats) -> Floats:
    found, evidence = np.zeros(len(e)), 1.0
    for look, value in enumerate(e):
        evidence = max(1.0, evidence) * value
        found[look] = evidence
    return found


def _second_of_three(p: Floats) -> Floats:
    padded = np.concatenate([np.ones((len(p), 2)), p], axis=1)
    triples = np.stack([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], axis=-1)
    return np.asarray(np.sort(triples, axis=-1)[..., 1])


def delays(beyond: NDArray[np.bool_]) -> Floats:
    """Drifted windows until the first one that is called drifted; infinite where there is none."""
    return np.where(beyond.any(axis=1), beyond.argmax(axis=1) + 1.0, np.inf)


def cell(waits: Floats) -> str:
    """Share detected, and the median delay."""
    median = float(np.median(waits))
    return (
        f"{np.isfinite(waits).mean():.2f}, {median:.0f}"
        if np.isfinite(median)
        else f"{np.isfinite(waits).mean():.2f}, -"
    )


def main() -> None:
    """Print a table for each size of window and kind of rows."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--streams", type=int, default=10)
    words.add_argument("--rows", type=int, nargs="+", default=[100, 300, 1_000])
    words.add_argument("--bursts", type=int, nargs="+", default=[1])
    words.add_argument("--peer-streams", type=int, default=2)
    told = words.parse_args()
    measured = Measured.of(read_corpora())
    for burst in told.bursts:
        for rows in told.rows:
            _table(measured, Setting(rows=rows, burst=burst, streams=told.streams), told.peer_streams)


def _table(measured: Measured, setting: Setting, peer_streams: int) -> None:
    many, few = (replace(setting, streams=streams) for streams in (QUIET_STREAMS * setting.streams, peer_streams))
    quiet = scores(measured, many, None, 0)
    limits = {name: float(np.quantile(s.max(axis=1), 1 - FALSE_ALARMS * s.shape[1])) for name, s in quiet.items()}
    rows = "independent rows" if setting.burst == 1 else f"bursts of {setting.burst}"
    heads = [*limits, *(f"{name} ({peer_streams} streams)" for name in (PERMUTED, EVIDENTLY))]
    print(f"\nwindows of {setting.rows}, {rows}\n")
    print(f"| drift | budget | {' | '.join(heads)} |\n| --- | --- |{' --- |' * len(heads)}")
    for number, (name, drift) in enumerate({"none": None, **DRIFTS}.items(), start=1):
        found = {detector: s[:, QUIET:] for detector, s in scores(measured, setting, drift, number).items()}
        cells = [cell(delays(found["retrain"] > 8_766 / POLICY.window_hours - 1e-6))]
        cells += [cell(delays(found[detector] > limit)) for detector, limit in limits.items()]
        cells += [cell(delays(calls > 0)) for calls in peers(measured, few, drift, number).values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
