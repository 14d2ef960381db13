"""How soon does each detector see a drift, at equal false-alarm rates?

    python -m benchmarks.drift_power [--streams 10] [--rows 100 300 1000] [--bursts 1] [--jobs 1]

Streams of real text (CLINC150, Banking77, MiniLM, a probe's answers): ten quiet windows, then ten drifted ones, each
stream with a reference of its own, of 3,000 rows. Every detector's threshold is set on quiet streams that score
nothing, ten for each one that does, at 0.8 false alarms per 1,000 windows; the line `none` shows what it does on
others. A cell is the share of streams whose drift was detected within ten windows, and the median delay in windows.
`budget` is the product with the threshold that its own budget sets at a look a day: it is not tuned on any stream.
Beside it, at the same threshold: the product without its floor of effect, and the CUSUM of e-values.
Evidently and MMD with 200 permutations take too long for so many streams, and a threshold so rare is beyond what
either can say: they stand at their own defaults, and the line `none` shows what that costs. The last column names the
detectors that were ahead of ours, at the same rate of false alarms.
The whole picture: `--streams 40 --rows 100 300 1000 3000 --bursts 1 3 --peer-streams 5 --jobs 16`.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from benchmarks.corpora import Corpora, read_corpora
from benchmarks.crew import Crew, crew
from benchmarks.drift_peers import e_values, evidently, mmd_p_value, plain_p_values
from benchmarks.drift_streams import (
    Floats,
    Measured,
    Rows,
    seen_of,
    stationary,
    values_of,
    watch,
    window_p_values,
)
from benchmarks.drift_years import evidence_of
from numpy.typing import NDArray

from retrain.drift.policy import DriftPolicy
from retrain.drift.sequential.budget import HOURS_PER_YEAR
from retrain.drift.sequential.pool import Seen

QUIET, DRIFTED, SEED = 10, 10, 23
REFERENCE_ROWS = 3_000
FALSE_ALARMS = 0.8 / 1_000
"""A window."""
QUIET_STREAMS = 10
"""For one that is scored."""
POLICY = DriftPolicy()
LOOKS = HOURS_PER_YEAR / POLICY.window_hours
"""A year, and so the threshold of one false alarm a year."""
UNTUNED = {"budget": "retrain", "budget, no floor": "retrain, no floor", "e-values at that": "e-values, CUSUM"}
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
    peer_streams: int


@dataclass(frozen=True)
class Batch:
    """Streams of one setting that are simulated together, by their numbers."""

    setting: Setting
    drift: str | None
    """One of DRIFTS."""
    seed: int
    numbers: range


def streamed(measured: Measured, batch: Batch) -> Iterator[tuple[Rows, Rows, np.random.Generator]]:
    """A reference and the windows of each stream, as row numbers."""
    rows, burst = batch.setting.rows, batch.setting.burst
    for number in batch.numbers:
        draws = np.random.default_rng([SEED, batch.seed, rows, burst, number])
        reference = stationary(measured.corpora, draws, REFERENCE_ROWS, burst)
        windows = stationary(measured.corpora, draws, (QUIET + DRIFTED) * rows, burst).reshape(QUIET + DRIFTED, rows)
        if batch.drift is not None:
            for look in range(DRIFTED):
                windows[QUIET + look] = DRIFTS[batch.drift](measured.corpora, windows[QUIET + look], look, draws)
        yield reference, windows, draws


def scores(measured: Measured, batch: Batch) -> dict[str, Floats]:
    """Each detector's score (higher is more drift) at each look, shape (streams, looks)."""
    streams, plain = list[Seen](), []
    names: list[str] = []
    for reference, windows, _ in streamed(measured, batch):
        signals = watch(measured, reference, batch.setting.rows, POLICY)
        names = [signal.name for signal in signals]
        streams.append(seen_of(signals, values_of(signals, [windows])))
        plain.append(plain_p_values(measured, reference, windows).min(axis=1))
    return _detectors(streams, np.array(plain), names)


def peers(measured: Measured, batch: Batch) -> dict[str, Floats]:
    """Whether a peer calls each drifted window drifted at its own threshold, 0 or 1, shape (streams, looks)."""
    found: dict[str, list[list[float]]] = {PERMUTED: [], EVIDENTLY: []}
    for reference, windows, draws in streamed(measured, batch):
        late = windows[QUIET:]
        found[PERMUTED].append([float(mmd_p_value(measured, reference, each, draws) < 0.05) for each in late])
        found[EVIDENTLY].append([float(evidently(measured, reference, each)) for each in late])
    return {name: np.array(calls).reshape(len(batch.numbers), DRIFTED) for name, calls in found.items()}


def _detectors(streams: list[Seen], plain: Floats, names: list[str]) -> dict[str, Floats]:
    p_values = np.array([window_p_values(seen) for seen in streams])
    found = {
        "retrain": evidence_of(streams, POLICY),
        "retrain, no floor": evidence_of(streams, POLICY.model_copy(update={"effect_floor": 0.0})),
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
    if not len(waits):
        return ""
    share, median = _told(waits)
    return f"{share:.2f}, {median:.0f}" if np.isfinite(median) else f"{share:.2f}, -"


def _told(waits: Floats) -> tuple[float, float]:
    return float(np.isfinite(waits).mean()), float(np.median(waits))


def ahead(waits: dict[str, Floats]) -> str:
    """Who found more than `retrain` at the same rate of false alarms, or as much and sooner; chance included."""
    share, median = _told(waits["retrain"])
    found = {name: _told(each) for name, each in waits.items()}
    return ", ".join(name for name, (more, sooner) in found.items() if (more, -sooner) > (share, -median)) or "nobody"


def main() -> None:
    """Print a table for each size of window and kind of rows."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--streams", type=int, default=10)
    words.add_argument("--rows", type=int, nargs="+", default=[100, 300, 1_000])
    words.add_argument("--bursts", type=int, nargs="+", default=[1])
    words.add_argument("--peer-streams", type=int, default=2)
    words.add_argument("--jobs", type=int, default=1, help="processes, of 1.5 GB each")
    told = words.parse_args()
    settings = [Setting(rows, burst, told.streams, told.peer_streams) for burst in told.bursts for rows in told.rows]
    with crew(every_row, told.jobs) as people:
        for setting in settings:
            _table(people, setting)


def every_row() -> Measured:
    """All rows."""
    return Measured.of(read_corpora())


def _table(people: Crew, setting: Setting) -> None:
    kinds = [None, *DRIFTS]
    batches = [Batch(setting, kind, number, range(setting.streams)) for number, kind in enumerate(kinds, start=1)]
    quiet_streams = [range(each * setting.streams, (each + 1) * setting.streams) for each in range(QUIET_STREAMS)]
    all_at_once = people(scores, [*(Batch(setting, None, 0, numbers) for numbers in quiet_streams), *batches])
    of_peers = people(peers, [replace(batch, numbers=range(setting.peer_streams)) for batch in batches])
    limits = _limits([next(all_at_once) for _ in quiet_streams])
    rows = "independent rows" if setting.burst == 1 else f"bursts of {setting.burst}"
    heads = [*limits, *(f"{name} ({setting.peer_streams} streams)" for name in (PERMUTED, EVIDENTLY))]
    print(f"\nwindows of {setting.rows}, {rows}\n")
    print(f"| drift | {' | '.join((*UNTUNED, *heads))} | ahead of retrain |\n| {'--- | ' * (len(heads) + 4)}")
    for kind, seen, theirs in zip(kinds, all_at_once, of_peers, strict=True):
        found = {detector: s[:, QUIET:] for detector, s in seen.items()}
        waits = {detector: delays(found[detector] > limit) for detector, limit in limits.items()}
        cells = [cell(delays(found[detector] > LOOKS - 1e-6)) for detector in UNTUNED.values()]
        cells += [cell(each) for each in waits.values()]
        cells += [cell(delays(calls > 0)) for calls in theirs.values()]
        print(f"| {kind or 'none'} | {' | '.join(cells)} | {ahead(waits)} |", flush=True)


def _limits(quiet: list[dict[str, Floats]]) -> dict[str, float]:
    """Of each detector, what a quiet stream's highest score exceeds so often as is allowed."""
    highest = {name: np.concatenate([part[name].max(axis=1) for part in quiet]) for name in quiet[0]}
    share = 1 - FALSE_ALARMS * (QUIET + DRIFTED)
    return {name: float(np.quantile(found, share)) for name, found in highest.items()}


if __name__ == "__main__":
    main()
