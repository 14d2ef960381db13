"""Whatever befalls a caller at whichever store call: one champion, whole; nothing lost; the next run ends the work."""

from contextlib import suppress

import pytest

from faults.conftest import Fresh
from faults.faulty import DEADLY, LIVING, OTHERS, Died, Faulty, Kind
from faults.yard import EXPIRED, LEDGER, Act, Yard, back, by_hand, run
from retrain.errors import RetrainError
from retrain.pipeline.retrain import retrain
from retrain.store.events import Claimed, Ended, Promoted, RolledBack

ACTS: dict[str, Act] = {"promote": by_hand, "rollback": back, "run": run}
EVERY = ("promote", "rollback", pytest.param("run", marks=pytest.mark.slow))
"""A run has sixty store calls, so that all faults at all of them take minutes."""


def undisturbed(fresh: Fresh, act: Act) -> tuple[tuple[str, ...], list[str]]:
    """Champions after the act, and its store calls."""
    yard = fresh()
    store = Faulty(yard.open())
    act(yard, store)
    return yard.champions(), store.calls


def points(calls: list[str], kind: Kind, every: int) -> list[int]:
    """Where a fault of that kind makes a difference: what is not written cannot be torn, doubled or lost."""
    writes = [number for number, call in enumerate(calls, 1) if call.startswith("create")]
    fetches = [number for number, call in enumerate(calls, 1) if call.startswith("fetch")]
    if kind == "before":
        # All of them, on every store: to die after a call is to die before the next.
        return list(range(1, len(calls) + 1))
    if kind in ("after", "twice", "lost"):
        # Of a bundle's many files one stands for all where points are dear; an entry of the ledger always counts.
        return [number for number in writes if LEDGER in calls[number - 1] or number % every == 0]
    if kind == "torn":
        return sorted((*writes, *fetches))[::every]
    return sorted({*range(1, len(calls) + 1, every), *(each for each in writes if LEDGER in calls[each - 1])})


def test_a_run_that_dies_around_any_entry_of_the_ledger_is_ended_by_the_next(fresh: Fresh) -> None:
    expected, calls = undisturbed(fresh, run)
    entries = [number for number, call in enumerate(calls, 1) if call.startswith(f"create {LEDGER}")]
    assert len(entries) == 4, "claimed, prepared, trained, promoted"
    for at in entries:
        for kind in DEADLY:
            yard = fresh()
            before = yard.ledger()
            with pytest.raises(Died):
                run(yard, Faulty(yard.open(), at, kind))
            yard.now += EXPIRED
            run(yard, yard.open())
            assert (yard.broken(before), yard.champions()) == ([], expected), (at, kind)


def gone_on_with(yard: Yard, act: Act, before: dict[str, bytes], expected: tuple[str, ...], fault: str) -> list[str]:
    """The same again by another process, after the claim has expired: what does not hold then, in sentences."""
    yard.now += EXPIRED
    act(yard, yard.open())
    found = [f"{fault}, afterwards: {what}" for what in yard.broken(before)]
    if yard.champions() != expected:
        found.append(f"{fault}: champions {yard.champions()}, expected {expected}")
    return found


@pytest.mark.parametrize("kind", DEADLY)
@pytest.mark.parametrize("name", EVERY)
def test_a_caller_that_dies_at_any_store_call_leaves_a_whole_champion_and_the_next_run_ends_its_work(
    fresh: Fresh, name: str, kind: Kind
) -> None:
    act = ACTS[name]
    expected, calls = undisturbed(fresh, act)
    found = []
    for at in points(calls, kind, fresh.every):
        yard = fresh()
        before = yard.ledger()
        with pytest.raises(Died):
            act(yard, Faulty(yard.open(), at, kind))
        found += [f"{at} {calls[at - 1]}: {what}" for what in yard.broken(before)]
        found += gone_on_with(yard, act, yard.ledger(), expected, f"{at} {calls[at - 1]}")
    assert not found, "\n".join(found[:8])


@pytest.mark.parametrize("kind", LIVING)
@pytest.mark.parametrize("name", EVERY)
def test_a_lost_doubled_or_cut_answer_at_any_store_call_breaks_nothing_and_the_next_run_ends_the_work(
    fresh: Fresh, name: str, kind: Kind
) -> None:
    act = ACTS[name]
    expected, calls = undisturbed(fresh, act)
    found = []
    for at in points(calls, kind, fresh.every):
        yard = fresh()
        before = yard.ledger()
        with suppress(RetrainError):
            act(yard, Faulty(yard.open(), at, kind))
        found += gone_on_with(yard, act, {**before, **yard.ledger()}, expected, f"{at} {calls[at - 1]}")
    assert not found, "\n".join(found[:8])


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", EVERY)
def test_what_others_decide_while_a_call_is_under_way_is_known_to_the_decision(
    fresh: Fresh, name: str, kind: Kind
) -> None:
    act = ACTS[name]
    rival: Act = by_hand if act is not by_hand else back
    _, calls = undisturbed(fresh, act)
    found = []
    for at in points(calls, kind, fresh.every):
        yard = fresh()
        before = yard.ledger()
        store = Faulty(yard.open(), at, kind, meanwhile=lambda yard=yard: rival(yard, yard.open()))  # type: ignore[misc]
        with suppress(RetrainError):
            act(yard, store)
        found += [f"{at} {calls[at - 1]}: {what}" for what in yard.broken(before)]
        champion = None
        for entry in yard.site().ledger.entries():
            event = entry.event
            if isinstance(event, Promoted | RolledBack):
                replaced = event.over if isinstance(event, Promoted) else event.withdrawn
                if replaced != champion:
                    found.append(f"{at} {calls[at - 1]}: entry {entry.number} was decided about another champion")
                champion = event.version
    assert not found, "\n".join(found[:8])


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHERS)
def test_a_run_whose_work_was_taken_over_at_any_store_call_counts_for_nothing(fresh: Fresh, kind: Kind) -> None:
    expected, calls = undisturbed(fresh, run)
    found, fenced = [], 0
    for at in points(calls, kind, fresh.every):
        yard = fresh()
        before = yard.ledger()

        def takes_over(yard: Yard = yard) -> None:
            yard.now += EXPIRED
            retrain(yard.site(actor="the other"), cause="manual", reason="the first seems dead")

        store = Faulty(yard.open(), at, kind, meanwhile=takes_over)
        outcome = retrain(yard.site(store, actor="the first"), cause="manual", reason="asked for").outcome
        found += [f"{at} {calls[at - 1]}: {what}" for what in yard.broken(before)]
        entries = list(yard.site().ledger.entries())
        claims = [entry for entry in entries if isinstance(entry.event, Claimed)]
        ends = [entry for entry in entries if isinstance(entry.event, Ended | Promoted) and entry.event.claim]
        overtaken = len(claims) > 1 and claims[1].actor == "the other"
        fenced += overtaken
        late = [e.number for e in entries if overtaken and e.actor == "the first" and e.number > claims[1].number]
        if late:
            found.append(f"{at} {calls[at - 1]}: the stale run still wrote entries {late}, and was told {outcome!r}")
        if not ends or yard.champions()[-3:] != expected[-3:]:
            found.append(f"{at} {calls[at - 1]}: champions {yard.champions()}, expected {expected}")
    assert not found, "\n".join(found[:8])
    assert fenced > len(points(calls, kind, fresh.every)) / 3, "most of a run's calls come after its claim"
