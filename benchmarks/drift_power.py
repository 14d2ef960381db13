"""How soon does each detector see a drift, at equal false-alarm rates?

    python -m benchmarks.drift_power [--streams 10] [--rows 100 300 1000] [--bursts 1]

Streams of real text (CLINC150, Banking77, MiniLM, a probe's answers): ten quiet windows, then ten drifted ones, each
stream with a reference of its own, of 3,000 rows. Every detector's threshold is set on quiet streams that score
nothing, ten for each one that does, at 0.8 false alarms per 1,000 windows; the line `none` shows what it does on
others. A cell is the share of streams whose drift was detected within ten windows, and the median delay in windows.
`budget` is the product with the threshold that its own budget sets at a look a day: it is not tuned on any stream.
The whole picture takes an hour: `--streams 40 --rows 100 300 1000 3000 --bursts 1 3`.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from benchmarks.corpora import Corpora, read_corpora
from benchmarks.drift_peers import e_values, plain_p_values
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

from retrain.drift.policy import DriftPolicy
from retrain.drift.sequential.pool import Seen

QUIET, DRIFTED, SEED = 10, 10, 23
REFERENCE_ROWS = 3_000
FALSE_ALARMS = 0.8 / 1_000
"""A window."""
QUIET_STREAMS = 10
"""For one that is scored."""
POLICY = DriftPolicy()
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
    "new domain 10 %": replaced("new domain", 0.1),
    "new intents 10 %": replaced("new intents", 0.1),
    "out of scope 5 %": replaced("out of scope", 0.05),
    "out of scope 10 %": replaced("out of scope", 0.1),
    "out of scope 20 %": replaced("out of scope", 0.2),
    "out of scope 40 %": replaced("out of scope", 0.4),
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


def scores(measured: Measured, setting: Setting, drift: Drift | None, seed: int) -> dict[str, Floats]:
    """Each detector's score (higher is more drift) at each look, shape (streams, looks)."""
    streams, plain = list[Seen](), []
    names: list[str] = []
    for number in range(setting.streams):
        draws = np.random.default_rng([SEED, seed, setting.rows, setting.burst, number])
        reference = stationary(measured.corpora, draws, REFERENCE_ROWS, setting.burst)
        rows = stationary(measured.corpora, draws, (QUIET + DRIFTED) * setting.rows, setting.burst)
        windows = rows.reshape(QUIET + DRIFTED, setting.rows)
        if drift is not None:
            for look in range(DRIFTED):
                windows[QUIET + look] = drift(measured.corpora, windows[QUIET + look], look, draws)
        signals = watch(measured, reference, setting.rows, POLICY)
        names = [signal.name for signal in signals]
        streams.append(seen_of(signals, values_of(signals, [windows])))
        plain.append(plain_p_values(measured, reference, windows).min(axis=1))
    return _detectors(streams, np.array(plain), names)


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


def delays(score: Floats, limit: float) -> Floats:
    """Drifted windows until the first one beyond the limit; infinite where there is none."""
    beyond = score[:, QUIET:] > limit
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
    told = words.parse_args()
    measured = Measured.of(read_corpora())
    for burst in told.bursts:
        for rows in told.rows:
            _table(measured, Setting(rows=rows, burst=burst, streams=told.streams))


def _table(measured: Measured, setting: Setting) -> None:
    many = Setting(rows=setting.rows, burst=setting.burst, streams=QUIET_STREAMS * setting.streams)
    quiet = scores(measured, many, None, 0)
    limits = {name: float(np.quantile(s.max(axis=1), 1 - FALSE_ALARMS * s.shape[1])) for name, s in quiet.items()}
    print(
        f"\nwindows of {setting.rows}, {'independent rows' if setting.burst == 1 else f'bursts of {setting.burst}'}\n"
    )
    print(f"| drift | budget | {' | '.join(limits)} |\n| --- | --- |{' --- |' * len(limits)}")
    for number, (name, drift) in enumerate({"none": None, **DRIFTS}.items(), start=1):
        found = scores(measured, setting, drift, number)
        cells = [cell(delays(found["retrain"], 8_766 / POLICY.window_hours - 1e-6))]
        cells += [cell(delays(found[detector], limit)) for detector, limit in limits.items()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
