"""The state counts what happened, and entries of an older program stay readable."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.errors import BrokenLedger
from retrain.store.events import Checked, Claimed, Ended, Event, Promoted, RolledBack, Spent
from retrain.store.fold import KEPT_REQUESTS, fold
from retrain.store.folder import FolderStore
from retrain.store.judged import Signal
from retrain.store.ledger import FORMAT, Draft, Ledger
from retrain.store.state import Claim, State
from retrain.values import canonical_json, digest_of
from shop import START

HOUR = timedelta(hours=1)
SIGNAL = Signal(signal="output.labels", method="total_variation", value=0.3, threshold=0.1, drifted=True)
SPENT = Spent(wall_seconds=10, cpu_seconds=8, gpu_seconds=2, money=0.5, currency="EUR", stages={"train": 7.0})


def claim(name: str, cause: str = "drift", request: str | None = None) -> Claim:
    return Claim.model_validate(
        {
            **{"id": name, "cause": cause, "reason": "r", "at": START, "expires_at": START + HOUR, "request": request},
            **{"host": "h", "pid": 1, "process_start": "0"},
        }
    )


def checked(state: str) -> Checked:
    seen = {"start": START, "end": START + 24 * HOUR, "rows": 200, "state": state, "signals": (SIGNAL,), "late": 2}
    return Checked.model_validate({**seen, "broken": {"no text": 3, "no time": 1}, "moved": {"label": 0.2}})


def promoted(version: str, by: str | None) -> Promoted:
    return Promoted(claim=by, version=version, over=None, snapshot="s", cost=SPENT, evaluation="e")


events = st.lists(
    st.sampled_from(["quiet", "alarm", "warning", "claim", "held", "failed", "promoted", "by hand"]), max_size=40
)


def happened(state: State, word: str, number: int) -> Event:
    if word in ("quiet", "alarm", "warning"):
        return checked(word)
    if word == "claim":
        return Claimed(claim=claim(f"c{number}"), took_over=state.claim.id if state.claim else None)
    if word in ("held", "failed"):
        return Ended.model_validate({"claim": "c", "outcome": word, "cost": SPENT})
    return promoted(f"v{number}", None if word == "by hand" else "c")


@given(words=events)
def test_totals_are_what_happened(words: list[str]) -> None:
    state = State()
    taken = 0
    for number, word in enumerate(words):
        event = happened(state, word, number)
        taken += isinstance(event, Claimed) and event.took_over is not None
        state = fold(state, event, START + number * HOUR)
    totals = state.totals
    for name in ("quiet", "alarm", "warning"):
        assert totals.checks.get(name, 0) == words.count(name)
    assert totals.started.get("drift", 0) + totals.taken_over == words.count("claim")
    assert totals.taken_over == taken
    assert totals.ended.get("held", 0) == words.count("held")
    assert totals.promotions.get("run", 0) == totals.ended.get("promoted", 0) == words.count("promoted")
    assert totals.promotions.get("hand", 0) == words.count("by hand")
    assert totals.money == pytest.approx(0.5 * sum(words.count(word) for word in ("held", "failed", "promoted")))
    assert len(state.begun) == totals.started.get("drift", 0)


def test_the_newest_check_and_run_are_carried_for_those_who_only_read_the_newest_entry() -> None:
    state = fold(State(), checked("alarm"), START)
    assert state.last_check is not None
    assert state.last_check.model_dump(include={"signals", "broken", "late", "moved"}) == {
        **{"signals": (SIGNAL.model_dump(),), "broken": 4, "late": 2, "moved": {"label": 0.2}}
    }
    assert state.alarmed_at == START
    state = fold(state, Claimed(claim=claim("c1", request="r1")), START + HOUR)
    state = fold(state, promoted("v1", "c1"), START + 2 * HOUR)
    assert state.last_run is not None
    assert (state.last_run.cause, state.last_run.outcome, state.last_run.stages) == ("drift", "promoted", {"train": 7})
    assert (state.requests, state.promoted_at, state.claim) == (("r1",), START + 2 * HOUR, None)
    state = fold(state, promoted("v2", None), START + 3 * HOUR)
    state = fold(state, RolledBack(version="v1", withdrawn="v2", reason="probation"), START + 4 * HOUR)
    assert (state.rolled_back_at, state.totals.rollbacks) == (START + 4 * HOUR, {"probation": 1})


def test_stamps_older_than_a_year_and_requests_beyond_the_kept_are_let_go() -> None:
    state = State()
    for number in range(KEPT_REQUESTS + 5):
        at = START + number * 100 * HOUR
        state = fold(state, Claimed(claim=claim("c", request=f"r{number}")), at)
        state = fold(state, Ended(claim="c", outcome="held"), at)
    assert len(state.requests) == KEPT_REQUESTS
    assert state.requests[-1] == f"r{KEPT_REQUESTS + 4}"
    assert len(state.begun) == 88, "365 days of one each 100 hours"


LATER = ("begun", "requests", "last_run", "alarmed_at", "promoted_at", "rolled_back_at", "totals")
CHECK_LATER = ("signals", "broken", "late", "moved", "retrain", "waiting", "budget_used", "budget_limit")


def as_the_first_format_wrote_it(root: Path) -> None:
    """Write a ledger's entries anew, without what their states carry since."""
    previous = None
    for path in sorted(root.rglob("ledger/*.json")):
        entry = json.loads(path.read_text())
        state = entry["state"]
        for name in LATER:
            del state[name]
        for name in ("last_check", "starved"):
            state[name] = state[name] and {k: v for k, v in state[name].items() if k not in CHECK_LATER}
        if state["claim"]:
            del state["claim"]["attempt"], state["claim"]["request"]
        entry |= {"previous": previous, "format": 1}
        path.write_bytes(canonical_json(entry))
        previous = digest_of(path.read_bytes())


def test_a_ledger_of_the_first_format_is_read_and_gone_on_with(tmp_path: Path) -> None:
    def append(event: Event) -> None:
        Ledger(FolderStore(tmp_path), "m", lambda: START).append(
            lambda _: Draft(event=event, reasons=("because",), actor="a test")
        )

    for event in (checked("alarm"), Claimed(claim=claim("c1")), promoted("v1", "c1"), checked("quiet")):
        append(event)
    as_the_first_format_wrote_it(tmp_path)
    append(checked("quiet"))
    book = Ledger(FolderStore(tmp_path), "m", lambda: START)
    assert [entry.format for entry in book.entries()] == [1, 1, 1, 1, FORMAT]
    assert book.state().totals.checks == {"quiet": 1}, "counted from where counting began"
    assert book.state().champion is not None
    append(checked("quiet"))
    path = sorted(tmp_path.rglob("ledger/*.json"))[-1]
    entry = json.loads(path.read_text())
    entry["state"]["totals"]["checks"]["quiet"] = 9
    path.write_bytes(canonical_json(entry))
    with pytest.raises(BrokenLedger, match="its state is not what its event makes"):
        Ledger(FolderStore(tmp_path), "m", lambda: START).newest()


def test_a_ledger_that_was_put_back_to_an_older_copy_is_noticed(tmp_path: Path) -> None:
    book = Ledger(FolderStore(tmp_path), "m", lambda: START)
    for _ in range(3):
        book.append(lambda _: Draft(event=checked("quiet"), reasons=("because",), actor="a test"))
    assert book.newest() is not None
    sorted(tmp_path.rglob("ledger/*.json"))[-1].unlink()
    newest = book.newest()
    assert newest is not None
    assert newest.number == 2
