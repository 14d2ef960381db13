"""The drift check as a whole: from files on disk to an entry in the ledger."""

import itertools
import subprocess
import sys
from dataclasses import replace
from datetime import datetime

import pytest

from retrain.errors import LogError
from retrain.pipeline.audit import audit
from retrain.pipeline.check import check
from retrain.pipeline.status import status
from retrain.store.events import Checked, Promoted, Referenced
from retrain.store.ledger import Draft
from shop import DAY, LATE, SPEC, START, Messages, Shop

ROWS = 150


def quiet_days(shop: Shop, messages: Messages, first: int, last: int) -> None:
    for day in range(first, last):
        shop.day(day, messages("base", day * ROWS, ROWS))


def drifted_day(shop: Shop, messages: Messages, day: int) -> list[str]:
    rows = (
        messages("new_intent", day * 60, 60) + messages("new_phrasing", day * 30, 30) + messages("base", day * ROWS, 60)
    )
    return shop.day(day, rows, sure=0.6)


def test_without_a_log_the_sentence_names_the_folder(shop: Shop) -> None:
    with pytest.raises(LogError, match="log"):
        check(shop.site())


def test_an_empty_log_is_unknown_not_quiet(shop: Shop) -> None:
    (shop.root / "log").mkdir()
    result = check(shop.site())
    assert (result.state, result.retrain, result.signals) == ("insufficient_data", False, ())
    assert "0 production rows, 300 needed" in result.reasons[0]


def test_a_log_of_garbage_is_counted_and_does_not_look_like_silence(shop: Shop) -> None:
    day = shop.root / "log" / "date=2026-03-01"
    day.mkdir(parents=True)
    (day / "a.jsonl").write_bytes(b"\x00\xff not json\n" * 40)
    shop.now = START + LATE
    result = check(shop.site())
    assert result.state == "insufficient_data"
    assert sum(result.broken_rows.values()) == 40


def test_quiet_days_stay_quiet_and_drift_is_warned_of_then_alarmed(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 6)
    states = []
    for day in range(3, 9):
        if day > 5:
            drifted_day(shop, messages, day)
        shop.now = START + (day + 1) * DAY + LATE
        states.append(check(shop.site()).state)
    assert states == ["quiet", "quiet", "quiet", "warning", "alarm", "alarm"]
    state = shop.site().ledger.state()
    assert state.episode is not None
    assert (state.episode.number, state.episodes) == (1, 1)
    assert audit(shop.site()).sound


def test_a_second_check_finds_nothing_owed(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 4)
    shop.now = START + 4 * DAY + LATE
    first, second = check(shop.site()), check(shop.site())
    assert (first.windows, second.windows) == (2, 0)
    assert second.state == first.state
    assert second.signals == first.signals
    assert "nothing is owed: the next window is complete at 2026-03-07 00:15 UTC" in second.reasons


def test_after_an_outage_every_missed_window_is_judged_once(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 9)
    shop.now = START + 9 * DAY + LATE
    assert check(shop.site()).windows == 7
    windows = [e.event for e in shop.site().ledger.entries() if isinstance(e.event, Checked)]
    assert [w.start for w in windows] == [START + day * DAY for day in range(2, 9)]
    assert all(a.end == b.start for a, b in itertools.pairwise(windows))


def test_a_day_with_few_rows_is_judged_with_the_next(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 2)
    shop.day(2, messages("base", 900, 40))
    shop.now = START + 3 * DAY + LATE
    first = check(shop.site())
    assert first.state == "insufficient_data"
    assert any("40 rows in 2026-03-04 00:00 to 2026-03-05 00:00 UTC, 100 needed" in r for r in first.reasons)
    shop.day(3, messages("base", 1000, 90))
    shop.now += DAY
    second = check(shop.site())
    assert (second.state, second.window.rows, second.window.start) == ("quiet", 130, START + 2 * DAY)


def test_broken_rows_are_counted_and_stop_nothing(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 4)
    day = shop.root / "log" / "date=2026-03-05"
    (day / "garbage.jsonl").write_bytes(b"\x00\xff not json\n" * 50 + b'{"id": 1}\n')
    (day / "torn.parquet").write_bytes(b"PAR1 torn")
    with (day / "3.jsonl").open("a") as stream:
        stream.write(
            '{"id":"n","timestamp":"2026-03-05T10:00:00Z","input":"x","output":"y","model_version":"v","confidence":NaN}\n'
        )
    shop.now = START + 4 * DAY + LATE
    result = check(shop.site())
    assert result.state == "warning"
    assert [signal.signal for signal in result.signals if signal.drifted] == ["quality.broken"]
    assert result.broken_rows["confidence is NaN"] == 1
    assert sum(result.broken_rows.values()) >= 51


def test_rows_that_come_after_their_window_was_judged_are_counted(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 3)
    shop.now = START + 3 * DAY + LATE
    assert check(shop.site()).late_rows == 0
    shop.day(2, messages("base", 700, 7))
    shop.day(3, messages("base", 450, ROWS))
    shop.now += DAY
    result = check(shop.site())
    assert (result.late_rows, result.window.rows) == (7, ROWS)


def test_the_watermark_survives_a_clock_that_jumps_back(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 6)
    shop.now = START + 6 * DAY + LATE
    check(shop.site())
    shop.now -= 3 * DAY
    again = check(shop.site())
    assert again.windows == 0
    assert shop.site().ledger.state().watermark == START + 6 * DAY


def test_the_reports_are_stored_before_the_ledger_names_them(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 3)
    shop.now = START + 3 * DAY + LATE
    result = check(shop.site())
    assert result.report is not None
    page = (shop.root / "store").joinpath(result.report.removeprefix(f"{shop.root / 'store'}/"))
    assert "<html" in page.read_text().lower()


PROGRAM = """
import sys
from datetime import datetime
from retrain.pipeline.check import check
from retrain.pipeline.status import status
from retrain.pipeline.site import open_site
from retrain.settings import from_environment
now = datetime.fromisoformat(sys.argv[1])
print(check(open_site("shop", from_environment(), clock=lambda: now)).state, "torch" in sys.modules)
"""


def begin_check(shop: Shop) -> "subprocess.Popen[str]":
    """A check in a process of its own."""
    words = [sys.executable, "-c", PROGRAM, shop.now.isoformat()]
    return subprocess.Popen(words, env=shop.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_checks_at_the_same_time_judge_no_window_twice(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 5)
    shop.now = START + 5 * DAY + LATE
    checks = [begin_check(shop) for _ in range(3)]
    for process in checks:
        _, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, complaints
    events = [entry.event for entry in shop.site().ledger.entries()]
    assert [type(event) for event in events] == [Referenced, Checked, Checked, Checked]


def test_a_check_without_embeddings_loads_no_torch(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 3)
    shop.now = START + 3 * DAY + LATE
    said, complaints = begin_check(shop).communicate(timeout=120)
    assert said.split() == ["quiet", "False"], complaints


@pytest.mark.model
def test_a_spec_that_asks_for_embeddings_gets_their_signals(shop: Shop, messages: Messages) -> None:
    shop.spec(SPEC.replace("reference_rows: 300", "reference_rows: 300, embeddings: true"))
    quiet_days(shop, messages, 0, 3)
    shop.now = START + 3 * DAY + LATE
    signals = {signal.signal for signal in check(shop.site()).signals}
    assert {"input.embedding", "input.neighbours"} <= signals


def test_a_promotion_while_a_window_is_judged_leaves_it_to_the_new_reference(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 4)
    shop.now = START + 3 * DAY + LATE
    assert check(shop.site()).windows == 1
    shop.now += DAY
    promotions = [Promoted(claim=None, version="b" * 64, over=None, snapshot="c" * 64)]

    def meanwhile() -> datetime:
        # The check asks for the time once it has read the state, before it judges.
        while promotions:
            shop.site().ledger.append(lambda _: Draft(event=promotions.pop(), reasons=("by hand",), actor="another"))
        return shop.now

    result = check(replace(shop.site(), clock=meanwhile))
    assert (result.state, result.windows) == ("insufficient_data", 0)
    assert "since the promotion" in result.reasons[0]


def test_a_window_too_small_to_judge_hides_no_alarm(shop: Shop, messages: Messages) -> None:
    quiet_days(shop, messages, 0, 3)
    drifted_day(shop, messages, 3)
    drifted_day(shop, messages, 4)
    shop.day(5, messages("base", 0, 20))
    shop.now = START + 6 * DAY + LATE
    first = check(shop.site())
    assert (first.state, first.window.end) == ("alarm", START + 5 * DAY)
    assert first.report is not None
    assert any("20 rows in" in reason for reason in first.reasons)
    assert first.state_now == "insufficient_data", "too few rows have come since that window"
    second = check(shop.site())
    assert (second.state, second.signals) == ("insufficient_data", ())
    assert "the window before it, to 2026-03-07 00:00 UTC, is alarm" in second.reasons[0]
    assert shop.site().ledger.state().episode is not None
    assert status(shop.site()).state == "insufficient_data"
