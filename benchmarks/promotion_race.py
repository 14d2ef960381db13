"""Of twenty processes that promote different versions over the same champion at once, does exactly one win, each time?

    python -m benchmarks.promotion_race [--rounds 1000] [--promoters 20] [--store s3://BUCKET/PREFIX]

Every round, each promoter reads the newest entry, waits until all the others have read it too, and promotes its own
version over the champion that it found. What is counted is in the ledger afterwards: one entry a round, its winner told
so, all others told that they lost, no number missing, the chain sound, the state the fold of all.
A second series lets all of them promote by hand: every entry then is kept, twenty a round.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

from retrain.store.events import Promoted
from retrain.store.ledger import Draft, Ledger, LedgerEntry, follows
from retrain.store.open import open_store
from retrain.values import digest_of

PATIENCE_SECONDS = 300.0
START = datetime(2026, 1, 5, tzinfo=UTC)


class Race(NamedTuple):
    """What a series found."""

    rounds: int
    entries: int
    winners: Counter[int]
    """How many winners a round had, to the number of such rounds."""
    faults: tuple[str, ...]
    seconds: float


def race(address: str, model: str, rounds: int, promoters: int, *, by_hand: bool = False) -> Race:
    """Race in processes of their own, each with an interpreter of its own, and look at what the ledger has then."""
    context = multiprocessing.get_context("spawn")
    barrier, told = context.Barrier(promoters), context.Queue()
    began = time.perf_counter()
    crew = [
        context.Process(target=_promoter, args=((address, model, number), rounds, barrier, told.put, by_hand))
        for number in range(promoters)
    ]
    for each in crew:
        each.start()
    # The first to tell has run all the rounds; on a server each takes a second.
    wins = [win for _ in crew for win in told.get(timeout=PATIENCE_SECONDS + 5.0 * rounds)]
    for each in crew:
        each.join(PATIENCE_SECONDS)
    seconds = time.perf_counter() - began
    entries = list(_ledger(address, model).entries())
    return Race(rounds, len(entries), _winners(wins, rounds), tuple(_faults(entries, wins)), seconds)


def _promoter(
    where: tuple[str, str, int],
    rounds: int,
    barrier: Barrier,
    tell: Callable[[list[tuple[int, int, str]]], None],
    by_hand: bool,  # noqa: FBT001  a process takes no names
) -> None:
    address, model, number = where
    ledger = _ledger(address, model)
    wins = []
    for turn in range(rounds):
        version = digest_of(f"{turn} {number}".encode())
        newest = ledger.newest()
        seen = newest.state.champion.version if newest and newest.state.champion else None
        barrier.wait(PATIENCE_SECONDS)
        entry = ledger.append(_draft(version, None if by_hand else seen, anyway=by_hand))
        if entry is not None:
            wins.append((turn, entry.number, version))
        # No one begins the next round while another still decides in this one.
        barrier.wait(PATIENCE_SECONDS)
    tell(wins)


def _draft(version: str, seen: str | None, *, anyway: bool) -> Callable[[LedgerEntry | None], Draft | None]:
    """Promote over the champion that was compared with, and over no other; by hand over whoever it is."""

    def draft(newest: LedgerEntry | None) -> Draft | None:
        champion = newest.state.champion if newest else None
        over = champion.version if champion else None
        if not anyway and over != seen:
            return None
        event = Promoted(claim=None, version=version, over=over, snapshot="s" * 64)
        return Draft(event=event, reasons=("a race",), actor="a benchmark")

    return draft


def _ledger(address: str, model: str) -> Ledger:
    ticks = iter(range(10**9))
    return Ledger(open_store(address), model, lambda: START + timedelta(seconds=next(ticks)))


def _winners(wins: list[tuple[int, int, str]], rounds: int) -> Counter[int]:
    each = Counter(turn for turn, _, _ in wins)
    return Counter(each[turn] for turn in range(rounds))


def _faults(entries: list[LedgerEntry], wins: list[tuple[int, int, str]]) -> list[str]:
    """Whatever does not hold between what winners were told and what the ledger has."""
    found: list[str] = []
    before: LedgerEntry | None = None
    promised = {number: version for _, number, version in wins}
    for entry in entries:
        follows(before, entry)
        assert isinstance(entry.event, Promoted)
        if promised.pop(entry.number, None) != entry.event.version:
            found.append(f"entry {entry.number} is not what its winner was told")
        over = before.state.champion if before else None
        if entry.event.over != (over.version if over else None):
            found.append(f"entry {entry.number} replaced another champion than the one it was decided about")
        if entry.state.champion is None or entry.state.champion.version != entry.event.version:
            found.append(f"after entry {entry.number} another version is champion")
        before = entry
    return [*found, *(f"the winner of number {number} is not in the ledger" for number in promised)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--promoters", type=int, default=20)
    parser.add_argument("--store", help="a store to race in; a new folder by default")
    given = parser.parse_args()
    head = f"{'series':<24}{'rounds':>7}{'promoters':>10}{'winners a round':>17}"
    print(f"{head}{'entries':>9}{'faults':>8}{'seconds':>9}")
    with tempfile.TemporaryDirectory() as folder:
        address, mark = given.store or folder, f"{time.time_ns():x}"
        for name, by_hand, rounds in (
            ("over what it compared", False, given.rounds),
            ("by hand, all kept", True, max(1, given.rounds // 20)),
        ):
            seen = race(address, f"race-{mark}-{by_hand:d}", rounds, given.promoters, by_hand=by_hand)
            winners = ", ".join(f"{count}" for count in sorted(seen.winners))
            row = f"{name:<24}{seen.rounds:>7}{given.promoters:>10}{winners:>17}{seen.entries:>9}"
            print(f"{row}{len(seen.faults):>8}{seen.seconds:>9.1f}")
            for fault in seen.faults[:5]:
                print(f"  {fault}")


if __name__ == "__main__":
    main()
