"""How many false retrains a year does each rule cause, when nothing drifts at all?

    python -m benchmarks.drift_false_alarms [--years 52:200 365:60 8760:4] [--bursts 1 3] [--peer-windows 100]
        [--jobs 1]

Simulated stationary years of real text (CLINC150, MiniLM, a probe's answers), each with a reference of 1,000 rows drawn
anew; rows drawn one by one, and in bursts of three of one intent. Windows of 300 rows, of 100 at 8,760 looks. A retrain
is counted when an alarm begins; the peers rest three days after each, as the trigger does. The e-detector takes the
same p-values as the budget. Evidently and MMD with 200 permutations take too long for years: their windows are fewer,
and the rate is carried over to a year as if windows were independent. For 1,000 years of each:
`--years 52:1000 365:1000 8760:1000`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from benchmarks.corpora import read_corpora
from benchmarks.crew import Crew, crew
from benchmarks.drift_peers import any_below, e_detector, e_values, evidently, mmd_p_value, plain_p_values
from benchmarks.drift_streams import Measured, Rows, seen_of, stationary, values_of, watch, window_p_values
from benchmarks.drift_years import run_budget
from numpy.typing import NDArray
from scipy.stats import beta, chi2

from retrain.drift.policy import DriftPolicy
from retrain.drift.sequential.budget import HOURS_PER_YEAR
from retrain.drift.sequential.pool import Seen

REFERENCE_ROWS, SEED = 1_000, 11
REST_DAYS = 3.0
TOGETHER = 50
"""Years whose detector runs side by side."""
BUDGET, DETECTOR, ANY_P, EVIDENTLY, MMD = (
    "retrain, rule budget",
    "e-detector, threshold = looks a year",
    "any p < 0.05",
    "Evidently, defaults",
    "MMD, permutation, p < 0.05",
)


@dataclass(frozen=True)
class Setting:
    """One kind of year."""

    looks: int
    burst: int
    years: int

    @property
    def rows(self) -> int:
        """Of a window."""
        return 100 if self.looks > 1_000 else 300

    @property
    def rest(self) -> float:
        """Looks between two retrains."""
        return REST_DAYS / 365.25 * self.looks

    @property
    def policy(self) -> DriftPolicy:
        """The defaults, at so many looks."""
        return DriftPolicy(window_hours=HOURS_PER_YEAR / self.looks)


@dataclass
class Counted:
    """False retrains of each year, by rule; and of single windows, those called drifted."""

    years: dict[str, list[int]] = field(default_factory=lambda: {BUDGET: [], DETECTOR: [], ANY_P: []})
    windows: dict[str, list[bool]] = field(default_factory=lambda: {EVIDENTLY: [], MMD: []})


@dataclass(frozen=True)
class Batch:
    """Years of one setting that are simulated together, by their numbers."""

    setting: Setting
    numbers: range
    peer_windows: int


def years(measured: Measured, batch: Batch) -> Iterator[tuple[int, Rows, Rows, np.random.Generator]]:
    """A year's number, its reference and its windows, as row numbers."""
    looks, burst, rows = batch.setting.looks, batch.setting.burst, batch.setting.rows
    for year in batch.numbers:
        draws = np.random.default_rng([SEED, looks, burst, year])
        reference = stationary(measured.corpora, draws, REFERENCE_ROWS, burst)
        yield year, reference, stationary(measured.corpora, draws, looks * rows, burst).reshape(looks, rows), draws


def begun(alarmed: NDArray[np.bool_], rest: float) -> int:
    """How many retrains alarmed looks cause, with a rest after each."""
    count, free = 0, 0.0
    for look in np.flatnonzero(alarmed):
        if look >= free:
            count, free = count + 1, look + 1 + rest
    return count


def count(measured: Measured, batch: Batch) -> Counted:
    """Every rule over every year; the detectors of all these years run side by side."""
    setting, seen, found = batch.setting, Counted(), list[Seen]()
    for year, reference, windows, draws in years(measured, batch):
        signals = watch(measured, reference, setting.rows, setting.policy)
        pieces = np.array_split(windows, -(-setting.looks // 500))
        found.append(seen_of(signals, values_of(signals, pieces)))
        detected = e_detector(e_values(window_p_values(found[-1])), setting.looks)
        seen.years[DETECTOR].append(begun(detected, setting.rest))
        plain = np.concatenate([any_below(plain_p_values(measured, reference, piece)) for piece in pieces])
        seen.years[ANY_P].append(begun(plain, setting.rest))
        if year < batch.peer_windows:
            seen.windows[MMD].append(mmd_p_value(measured, reference, windows[0], draws) < 0.05)
            seen.windows[EVIDENTLY].append(evidently(measured, reference, windows[0]))
    seen.years[BUDGET] += run_budget(found, setting.policy).begun.sum(axis=1).tolist()
    return seen


def interval(counts: list[int]) -> tuple[float, float, float]:
    """Mean a year and 95 % interval: exact for a Poisson count, wider where years differ by more."""
    total, number = sum(counts), len(counts)
    mean, error = total / number, 1.96 * float(np.std(counts)) / np.sqrt(number)
    low = chi2.ppf(0.025, 2 * total) / 2 / number if total else 0.0
    return mean, max(0.0, min(low, mean - error)), max(chi2.ppf(0.975, 2 * total + 2) / 2 / number, mean + error)


def carried(calls: list[bool], setting: Setting) -> tuple[float, float, float]:
    """A window's rate as retrains a year, with the exact interval of the rate."""
    hits, number = sum(calls), len(calls)
    low = beta.ppf(0.025, hits, number - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, number - hits) if hits < number else 1.0
    per_year = [setting.looks / (1 / rate + setting.rest) if rate else 0.0 for rate in (hits / number, low, high)]
    return per_year[0], per_year[1], per_year[2]


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--years", nargs="+", default=["52:200", "365:60", "8760:4"], metavar="LOOKS:YEARS")
    words.add_argument("--bursts", nargs="+", type=int, default=[1, 3], metavar="ROWS", help="1: independent rows")
    words.add_argument("--peer-windows", type=int, default=100)
    words.add_argument("--jobs", type=int, default=1, help="processes, of 1 GB each")
    told = words.parse_args()
    print("false retrains a year, mean (95 % interval); the budget is 1\n")
    print("| looks a year | rows | rule | years or windows | false retrains a year |\n| --- | --- | --- | --- | --- |")
    with crew(quiet_rows, told.jobs) as people:
        for looks, number in (map(int, pair.split(":")) for pair in told.years):
            for burst in told.bursts:
                _table(people, Setting(looks=looks, burst=burst, years=number), told.peer_windows)


def quiet_rows() -> Measured:
    """Rows of the known intents alone."""
    return Measured.of(read_corpora().only("known"))


def _table(people: Crew, setting: Setting, peer_windows: int) -> None:
    starts = range(0, setting.years, TOGETHER)
    numbers = [range(start, min(start + TOGETHER, setting.years)) for start in starts]
    counted = list(people(count, [Batch(setting, each, peer_windows) for each in numbers]))
    rows = "independent" if setting.burst == 1 else f"bursts of {setting.burst}"
    head = f"| {setting.looks} | {rows} |"
    for rule in counted[0].years:
        mean, low, high = interval([number for part in counted for number in part.years[rule]])
        print(f"{head} {rule} | {setting.years} years | {mean:.2f} ({low:.2f} to {high:.2f}) |")
    for rule in counted[0].windows if peer_windows else ():
        calls = [call for part in counted for call in part.windows[rule]]
        mean, low, high = carried(calls, setting)
        print(f"{head} {rule} | {len(calls)} windows | {mean:.1f} ({low:.1f} to {high:.1f}) |", flush=True)


if __name__ == "__main__":
    main()
