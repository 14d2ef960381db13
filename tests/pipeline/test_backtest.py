"""Does a policy replayed decide as it did, and another one as it would have?"""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from retrain.cli.main import run
from retrain.errors import SpecError
from retrain.pipeline.backtest import BacktestResult, backtest
from retrain.pipeline.check import check
from retrain.pipeline.judge import measured
from retrain.pipeline.owed import read
from retrain.spec_file import read_policies
from retrain.store.events import Checked, Claimed, Ended, Promoted, Spent
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.state import Claim
from shop import DAY, LATE, SPEC, START, Messages, Shop

ROWS = 150
COST = Spent(wall_seconds=1_800, cpu_seconds=900, gpu_seconds=0, money=0.5, currency="EUR")


def run_now(shop: Shop) -> None:
    """A retrain that the last check asked for, and that came to nothing."""
    claim = Claim(
        **{"id": "c", "cause": "drift", "reason": "r", "at": shop.now, "expires_at": shop.now + DAY},
        **{"host": "elsewhere", "pid": 1, "process_start": "unknown"},
    )
    ended = Ended(claim="c", outcome="held", cost=COST)
    drafts = [Draft(event=event, reasons=("a test",), actor="a test") for event in (Claimed(claim=claim), ended)]
    while drafts:
        shop.site().ledger.append(lambda _: drafts.pop(0))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, messages: Messages) -> Path:
    """A champion, two days of reference, three quiet days, three that drift, and three quiet ones."""
    shop = Shop(root=tmp_path_factory.mktemp("history"))
    shop.spec(SPEC)
    first = Promoted(claim=None, version="v" * 64, over=None, snapshot="s" * 64)
    shop.site().ledger.append(lambda _: Draft(event=first, reasons=("by hand",), actor="a test"))
    for day in range(11):
        if 5 <= day < 8:
            rows = messages("new_intent", (day - 5) * 60, 90) + messages("base", day * ROWS, 60)
            ids = shop.day(day, rows, sure=0.6)
            shop.label(ids, [row["label"] for row in rows], at=START + (day + 1) * DAY)
        else:
            shop.day(day, messages("base", day * ROWS, ROWS))
        shop.now = START + (day + 1) * DAY + LATE
        if check(shop.site()).retrain:
            run_now(shop)
    return shop.root


@pytest.fixture
def past(history: Path, tmp_path: Path) -> Shop:
    """A copy of it, a day later."""
    shutil.copytree(history, tmp_path / "shop")
    return Shop(root=tmp_path / "shop", now=START + 12 * DAY)


def checked(shop: Shop) -> list[LedgerEntry]:
    return [e for e in shop.site().ledger.entries() if isinstance(e.event, Checked)]


def through(shop: Shop, policy: str = "trigger: {}\n") -> BacktestResult:
    file = shop.root / "policy.yaml"
    file.write_text(policy)
    return backtest(shop.site(), read_policies(file, shop.site().spec))


def decided(result: BacktestResult) -> list[tuple[object, ...]]:
    return [(one.at, one.start, one.end, one.rows, one.state, one.retrain) for one in result.today.looks]


def test_today_s_policy_replayed_decides_exactly_as_it_did(past: Shop) -> None:
    result = through(past)
    entries = checked(past)
    assert {"quiet", "alarm"} <= {entry.event.state for entry in entries if isinstance(entry.event, Checked)}
    assert decided(result) == [
        (e.at, e.event.start, e.event.end, e.event.rows, e.event.state, e.event.retrain)
        for e in entries
        if isinstance(e.event, Checked)
    ]
    claims = [e for e in past.site().ledger.entries() if isinstance(e.event, Claimed)]
    assert [fire.at for fire in result.today.fires] == [claim.at for claim in claims]
    assert result.other == result.today
    assert (result.extra, result.changed) == ((), {})


def test_a_window_measured_anew_gives_the_stored_report(past: Shop) -> None:
    """A replay from rows is as good as one from what was stored: the same functions measure, on the same rows."""
    before = None
    for entry in past.site().ledger.entries():
        event = entry.event
        if isinstance(event, Checked) and event.report and before:
            at = replace(past.site(), clock=partial(getattr, entry, "at"))
            again = measured(at, before.state, read(at, event.start, event.end), None).report
            stored = json.loads(past.site().checks(event.end).read(event.report, "report.json"))
            fresh = json.loads(again.canonical())
            assert {**fresh, **{name: stored[name] for name in ("state", "evidence", "fairness")}} == stored
        before = entry


def test_another_policy_fires_at_other_times_and_costs_what_runs_cost(past: Shop) -> None:
    never = through(past, "drift: {alarm_after: 9, alarm_within: 9}\n")
    assert len(never.today.fires) == 1
    assert never.other.fires == ()
    assert [one.found for one in never.episodes] == [False]
    assert never.changed == {"drift.alarm_after": ("2", "9"), "drift.alarm_within": ("3", "9")}
    assert (never.costs.runs, never.costs.seconds, never.costs.money) == (1, 1_800, 0.5)
    assert all(look.how == "stored" for look in never.other.looks)
    sooner = through(past, "drift: {alarm_after: 1}\n")
    assert [one.later_hours for one in sooner.episodes] == [-24]
    assert through(past, "trigger: {on_drift: false}\n").other.fires == ()
    for policy in ("trigger: {min_new_labels: 10000}", "drift: {alarm_after: 1}\ntrigger: {min_new_labels: 10000}"):
        waits = through(past, policy).other
        assert (waits.fires, waits.looks[-1].retrain) == ((), False)


def test_scores_and_windows_that_would_have_been_others_are_made_from_the_rows(past: Shop) -> None:
    few = through(past, "drift: {signals: {output.labels: false, input.length: false}}\n")
    assert {look.how for look in few.other.looks} == {"rows"}
    assert [look.end for look in few.other.looks] == [look.end for look in few.today.looks]
    longer = through(past, "drift: {window_hours: 48}\n").other
    assert {look.end - look.start for look in longer.looks} == {timedelta(hours=48)}
    assert longer.looks[0].start == checked(past)[0].event.start  # type: ignore[union-attr]


def test_where_rows_were_pruned_the_stored_reports_serve_as_far_as_they_can(past: Shop) -> None:
    shutil.rmtree(past.root / "log" / "date=2026-03-06")
    today = through(past, "drift: {alarm_after: 1}\n")
    assert all(look.how == "stored" for look in (*today.today.looks, *today.other.looks))
    blunt = through(past, "drift: {effect_floor: 0.999}\n")
    lost = [look for look in blunt.other.looks if look.how == "lost"]
    assert [look.start for look in lost] == [START + 4 * DAY]
    assert "1 windows could not be replayed under the other policy, the first of 2026-03-06" in blunt.notes[0]


def test_labels_tell_of_windows_in_which_the_model_had_become_worse(past: Shop) -> None:
    labels = past.root / "labels" / "people.jsonl"
    assert through(past).falls == (), "nobody has measured what it was without drift"
    base = [f"row-{n}" for n in range(1, 301)]
    logged = [
        json.loads(line) for file in (past.root / "log").rglob("*.jsonl") for line in file.read_text().splitlines()
    ]
    outputs = {row["id"]: row["output"] for row in logged}
    past.label(base, [outputs[row] for row in base], at=START + 2 * DAY)
    falls = through(past).falls
    assert [fall.start for fall in falls] == [START + day * DAY for day in (5, 6, 7)]
    assert all(fall.accuracy < 0.6 < fall.expected for fall in falls)
    assert labels.is_file()


def test_nothing_is_written(past: Shop) -> None:
    before = {path: path.stat().st_mtime_ns for path in (past.root / "store").rglob("*")}
    through(past, "drift: {window_hours: 48}\n")
    assert {path: path.stat().st_mtime_ns for path in (past.root / "store").rglob("*")} == before


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (
            "drift:\n  alarm_aftr: 1\n",
            "policy.yaml:2: unknown key 'alarm_aftr' under 'drift'; did you mean 'alarm_after'?",
        ),
        ("drfit: {}\n", "policy.yaml:1: unknown key 'drfit'; did you mean 'drift'?"),
        ("drift: {}\ntraining: {trials: 3}\n", "policy.yaml:2: 'training' is not replayed"),
        ("trigger: {cooldown_hours: -1}\n", "policy.yaml:1: trigger.cooldown_hours is -1"),
        ("- a\n", "expected keys"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_line(shop: Shop, policy: str, sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        through(shop, policy)
    assert sentence in str(refused.value)


def test_a_whole_spec_is_a_policy_too(past: Shop) -> None:
    whole = (past.root / "models" / "shop.yaml").read_text()
    assert through(past, whole.replace("trigger: {", "trigger: {cooldown_hours: 1, ")).changed == {
        "trigger.cooldown_hours": ("72.0", "1.0")
    }


def test_without_a_window_there_is_nothing_to_compare(shop: Shop) -> None:
    result = through(shop)
    assert (result.today.looks, result.start, result.costs.runs) == ((), None, 0)


def test_the_command_prints_a_table_and_draws_a_picture(
    past: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in past.environment.items():
        monkeypatch.setenv(name, value)
    file, out = past.root / "policy.yaml", past.root / "backtest"
    file.write_text("drift: {alarm_after: 9, alarm_within: 9}\n")
    assert run(["backtest", "shop", "--policy", str(file), "--out", str(out)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "missed: alarm of 2026-03-08" in said
    assert "0.50 h, 0.50 EUR (mean of 1 runs)" in said
    drawn = (out / "backtest.svg").read_text()
    assert drawn.count("<path") == 1, "today's retrain, and none of the other policy"
    assert run(["backtest", "shop", "--policy", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["other"]["counts"]["alarm" if "alarm" in answer["other"]["counts"] else "quiet"] > 0
    assert len(answer["today"]["episodes"]) == 1
