"""One numbered chain of decisions, whose newest entry carries the state."""

import itertools
import json
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.errors import BrokenLedger, ClaimLost
from retrain.store.events import Checked, Claimed, Ended, Event, Promoted, Referenced, RolledBack
from retrain.store.fold import fold
from retrain.store.folder import FolderStore
from retrain.store.ledger import Draft, Ledger, LedgerEntry, follows
from retrain.store.state import Claim, State
from retrain.values import canonical_json, digest_of

START = datetime(2026, 1, 5, tzinfo=UTC)


def ledger(root: Path, *hours: int) -> Ledger:
    ticks = iter(hours) if hours else itertools.count()
    return Ledger(FolderStore(root), "m", lambda: START + timedelta(hours=next(ticks)))


def draft(event: Event) -> Draft:
    return Draft(event=event, reasons=("because",), actor="a test")


def claim(name: str = "c1") -> Claim:
    return Claim(
        id=name,
        cause="manual",
        reason="r",
        at=START,
        expires_at=START + timedelta(hours=1),
        host="h",
        pid=1,
        process_start="0",
    )


def checked(state: str, day: int) -> Checked:
    at = START + timedelta(days=day)
    return Checked.model_validate({"start": at, "end": at + timedelta(days=1), "rows": 200, "state": state})


def promoted(version: str, over: str | None = None) -> Promoted:
    return Promoted(claim=None, version=version, over=over, snapshot="s", reference=f"reference of {version}")


def test_entries_are_numbered_and_chained(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    for version in ("v1", "v2", "v3"):
        book.append(lambda _, version=version: draft(promoted(version)))  # type: ignore[misc]
    entries = list(book.entries())
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert [entry.previous for entry in entries] == [None, entries[0].digest, entries[1].digest]
    assert book.state().champion is not None
    assert [champion.version for champion in book.state().predecessors] == ["v1", "v2"]


def test_a_decision_of_nothing_appends_nothing(tmp_path: Path) -> None:
    assert ledger(tmp_path).append(lambda _: None) is None
    assert ledger(tmp_path).newest() is None


def test_whoever_loses_the_race_decides_again_knowing_the_winner(tmp_path: Path) -> None:
    seen: list[int] = []

    def decide(newest: LedgerEntry | None) -> Draft:
        seen.append(newest.number if newest else 0)
        if len(seen) == 1:
            ledger(tmp_path).append(lambda _: draft(promoted("the winner's")))
        return draft(promoted("mine"))

    entry = ledger(tmp_path).append(decide)
    assert seen == [0, 1]
    assert entry is not None
    assert entry.number == 2


def test_what_a_decision_raises_appends_nothing(tmp_path: Path) -> None:
    def decide(_: LedgerEntry | None) -> Draft:
        raise ClaimLost("taken over")

    with pytest.raises(ClaimLost):
        ledger(tmp_path).append(decide)
    assert ledger(tmp_path).newest() is None


def test_a_clock_that_jumps_back_never_makes_a_later_entry_look_earlier(tmp_path: Path) -> None:
    book = ledger(tmp_path, 5, 2, 6)
    for version in ("v1", "v2", "v3"):
        book.append(lambda _, version=version: draft(promoted(version)))  # type: ignore[misc]
    assert [(entry.at - START).seconds // 3600 for entry in book.entries()] == [5, 5, 6]


def _append_many(root: Path) -> None:
    book = ledger(root)
    for _ in range(10):
        book.append(lambda newest: draft(checked("quiet", newest.number if newest else 0)))


def test_processes_that_append_at_once_lose_no_entry(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append_many, args=(tmp_path,)) for _ in range(6)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(timeout=120)
    entries = list(ledger(tmp_path).entries())
    assert [entry.number for entry in entries] == list(range(1, 61))
    for before, entry in itertools.pairwise(entries):
        follows(before, entry)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: text.replace('"because"', '"a better reason"'), "was changed after it was written"),
        (lambda text: text.replace('"v1"', '"v9"'), "was changed"),
        (lambda text: text[:100], "is not one of ours"),
        (lambda text: text.replace('"number":1', '"number":7'), "says it is number 7"),
        (lambda _: None, "is missing"),
    ],
)
def test_a_changed_cut_or_missing_entry_stops_every_decision(tmp_path: Path, damage: object, sentence: str) -> None:
    book = ledger(tmp_path)
    for version in ("v1", "v2"):
        book.append(lambda _, version=version: draft(promoted(version)))  # type: ignore[misc]
    first = tmp_path / "models/m/ledger/00000001.json"
    text = damage(first.read_text())  # type: ignore[operator]
    if text is None:
        first.unlink()
    else:
        first.write_text(text)
    with pytest.raises(BrokenLedger, match=sentence):
        book.append(lambda _: draft(promoted("v3")))
    assert not (tmp_path / "models/m/ledger/00000003.json").exists()


def test_an_episode_lasts_from_the_first_alarm_to_the_next_quiet_check() -> None:
    state = State()
    numbers = []
    for day, verdict in enumerate(["quiet", "warning", "alarm", "alarm", "warning", "quiet", "alarm"]):
        state = fold(state, checked(verdict, day), START + timedelta(days=day))
        numbers.append(state.episode.number if state.episode else None)
    assert numbers == [None, None, 1, 1, 1, None, 2]


def test_too_few_rows_leave_the_watermark_and_the_episode_as_they_were() -> None:
    state = fold(State(), checked("alarm", 0), START)
    after = fold(state, checked("insufficient_data", 1), START)
    assert (after.watermark, after.episode) == (state.watermark, state.episode)
    assert after.last_check == state.last_check
    assert after.starved is not None
    assert after.starved.state == "insufficient_data"
    assert fold(after, checked("quiet", 2), START).starved is None


@pytest.mark.parametrize(
    ("outcome", "answered"), [("held", True), ("inconclusive", True), ("refused", False), ("failed", False)]
)
def test_an_episode_is_answered_by_a_finished_retrain_not_by_a_refusal(outcome: str, answered: bool) -> None:
    state = fold(fold(State(), checked("alarm", 0), START), Claimed(claim=claim()), START)
    after = fold(state, Ended.model_validate({"claim": "c1", "outcome": outcome}), START)
    assert after.claim is None
    assert after.episode is not None
    assert after.episode.answered is answered
    assert after.rest.refusals == (0 if answered else 1)


def test_a_rollback_returns_champion_and_reference_of_before() -> None:
    state = fold(State(), promoted("v1"), START)
    state = fold(state, promoted("v2", "v1"), START)
    after = fold(state, RolledBack(version="v1", withdrawn="v2"), START + timedelta(days=1))
    assert after.champion is not None
    assert (after.champion.version, after.reference, after.predecessors) == ("v1", "reference of v1", ())


def test_a_reference_moves_the_watermark_to_its_end() -> None:
    end = START + timedelta(days=3)
    after = fold(fold(State(), promoted("v1"), START), Referenced(reference="r", end=end, rows=1000), START)
    assert (after.reference, after.watermark) == ("r", end)
    assert after.champion is not None
    assert after.champion.reference == "r"


EVENTS = st.one_of(
    st.builds(checked, st.sampled_from(["quiet", "warning", "alarm", "insufficient_data"]), st.integers(0, 99)),
    st.builds(promoted, st.sampled_from(["v1", "v2", "v3"])),
    st.builds(lambda name: Claimed(claim=claim(name)), st.sampled_from(["c1", "c2"])),
    st.builds(lambda name: Ended(claim=name, outcome="held"), st.sampled_from(["c1", "c2"])),
)


@settings(max_examples=50, deadline=None)
@given(events=st.lists(EVENTS, max_size=30))
def test_the_state_survives_the_store_and_never_holds_two_champions(events: list[Event]) -> None:
    state = State()
    for day, event in enumerate(events):
        state = fold(state, event, START + timedelta(days=day))
        assert State.model_validate_json(state.canonical()) == state
        promotions = [e for e in events[: day + 1] if isinstance(e, Promoted)]
        assert (state.champion.version if state.champion else None) == (promotions[-1].version if promotions else None)


def test_an_entry_of_an_older_program_keeps_its_digest_when_this_one_knows_more_fields(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    book.append(lambda _: draft(promoted("v1")))
    path = tmp_path / "models/m/ledger/00000001.json"
    older = json.loads(path.read_text())
    del older["format"]
    path.write_bytes(canonical_json(older))
    second = book.append(lambda _: draft(promoted("v2")))
    assert second is not None
    assert second.previous == digest_of(canonical_json(older))
    assert book.state().champion is not None
