"""Which rows are people asked to label after an alarm, and does the retrain wait until they have?"""

from pathlib import Path

import pytest

from pipeline.labelling import answer, export, rows_of, take
from retrain.cli.look import alarm_told
from retrain.errors import UnknownDecision, UsageError
from retrain.pipeline.audit import audit
from retrain.pipeline.due import due
from retrain.pipeline.labels_export import repeat_export
from retrain.pipeline.status import status
from retrain.store.state import Champion, LastRun, State
from shop import DAY, LATE, START, Messages, Shop


def test_rows_of_drifted_windows_are_asked_about_with_reason_and_chance(drifting: Shop) -> None:
    result, rows = export(drifting)
    assert (result.rows, len(rows)) == (40, 40)
    assert result.start == START + 3 * DAY
    assert result.why["drifted"] == 20
    logged = rows_of(drifting)
    assert all(logged[row["row_id"]]["input"] == row["text"] for row in rows)
    assert {row["why"] for row in rows} == {"drifted", "uncertain", "random"}
    assert all(0 < row["inclusion_probability"] <= 1 for row in rows)
    assert all("suggestion" not in row for row in rows), "what the model answered would lead people"
    assert not any("'order_status'" in str(row["segment"]) for row in rows)
    risen = [logged[row["row_id"]]["output"] for row in rows if row["segment"] == "a label"]
    assert set(risen) == {"order_status"}, "what the model takes the new intent for"
    assert all("um" in row["text"].split() for row in rows if row["segment"] == "word 'um'")
    assert audit(drifting.site()).sound


def test_a_second_export_asks_about_other_rows_and_says_so(drifting: Shop) -> None:
    _, first = export(drifting)
    result, second = export(drifting, "again")
    assert not {row["row_id"] for row in first} & {row["row_id"] for row in second}
    assert result.asked_before >= 40
    assert any("asked about before" in reason for reason in result.reasons)
    files = repeat_export(drifting.site(), result.entry or 0, drifting.root / "copy")
    copied = (drifting.root / "copy" / "labels.jsonl").read_bytes()
    assert copied == (drifting.root / "again" / "labels.jsonl").read_bytes()
    assert len(files) == 6


def test_rows_with_a_label_and_rows_alike_are_never_asked_about(drifting: Shop) -> None:
    logged = rows_of(drifting)
    fresh = [row for row, content in logged.items() if content["timestamp"] >= (START + 3 * DAY).isoformat()]
    labelled = fresh[::2]
    drifting.label(labelled, ["refund_status"] * len(labelled))
    result, rows = export(drifting, budget=500)
    texts = {logged[row]["input"].casefold() for row in labelled}
    assert not {row["text"].casefold() for row in rows} & texts
    assert not {row["row_id"] for row in rows} & set(labelled)
    assert result.rows == result.candidates < 500
    assert result.known >= len(labelled)


def test_the_same_ledger_and_log_give_the_same_files(drifting: Shop, tmp_path: Path) -> None:
    other = Shop(root=drifting.root, now=drifting.now + 3 * DAY)
    store = drifting.root / "store" / "models" / "shop" / "ledger"
    before = sorted(store.iterdir())
    _, first = export(drifting)
    for entry in set(store.iterdir()) - set(before):
        entry.unlink()
    _, second = export(other, "later")
    assert first == second
    assert (drifting.root / "out" / "label-studio.json").read_bytes() == (
        drifting.root / "later" / "label-studio.json"
    ).read_bytes()


def test_words_that_are_wrong_are_said_before_anything_is_written(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    shop.day(0, messages("base", 0, 40))
    shop.now = START + DAY + LATE
    (shop.root / "full").mkdir()
    (shop.root / "full" / "file").write_text("")
    with pytest.raises(UsageError, match="not an empty folder"):
        export(shop, "full")
    with pytest.raises(UsageError, match="--labeller is 'me'"):
        take(shop, shop.root / "a.jsonl", labeller="me")
    with pytest.raises(UnknownDecision, match="no export of labels"):
        repeat_export(shop.site(), 7, shop.root / "copy")
    assert shop.site().ledger.newest() is None


def test_nothing_to_ask_is_an_answer(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    (shop.root / "log").mkdir()
    result, _ = export(shop)
    assert (result.rows, result.files, result.entry) == (0, (), None)
    shop.day(0, messages("base", 0, 30))
    shop.now = START + DAY + LATE
    shop.label([f"row-{n}" for n in range(1, 31)], ["refund_status"] * 30)
    assert export(shop)[0].reasons[0] == "no row is left to ask about"
    assert not (shop.root / "out").exists()


def test_a_drift_without_labels_waits_for_them_and_says_how_many(drifting: Shop) -> None:
    version = "v" * 64
    site = drifting.site()
    # The champion was there before the drift: its reference and windows are those of the fixture.
    state = site.ledger.state()
    champion = Champion(version=version, since=START - DAY, snapshot="s" * 64, reference=state.reference)
    state = state.model_copy(update={"champion": champion})
    waits = due(site, state).decision
    assert (waits.retrain, waits.waiting, waits.labels_missing) == (False, ("labels",), 50)
    assert waits.reasons[:2] == (
        "50 labelled examples missing (retrain labels export MODEL --budget 50)",
        "drift alarm open, not answered yet",
    )
    _, rows = export(drifting, budget=50)
    take(drifting, answer(drifting, rows[:30]))
    assert due(drifting.site(), state).decision.labels_missing == 20
    take(drifting, answer(drifting, rows, "all.jsonl"))
    assert due(drifting.site(), state).decision.cause == "drift"


def test_an_alarm_stays_in_sight_while_newer_checks_see_too_little(drifting: Shop) -> None:
    state = drifting.site().ledger.state()
    assert state.episode is not None
    now = status(drifting.site())
    assert (now.state, now.alarm_since) == ("alarm", state.episode.opened_at)
    assert list(alarm_told(now)) == [], "the state says it"
    (line,) = alarm_told(now.model_copy(update={"state": "insufficient_data", "waiting": ("labels",)}))
    assert (
        line
        == f"shop: drift alarm open since {state.episode.opened_at:%Y-%m-%d %H:%M} UTC, its retrain waits for labels"
    )


def test_labels_of_rows_from_before_the_drift_do_not_answer_it(drifting: Shop) -> None:
    state = drifting.site().ledger.state()
    champion = Champion(version="v" * 64, since=START - DAY, snapshot="s" * 64)
    drifting.label([f"row-{n}" for n in range(1, 100)], ["refund_status"] * 99)
    waits = due(drifting.site(), state.model_copy(update={"champion": champion})).decision
    assert waits.labels_missing == 50


def test_a_run_that_was_refused_for_too_few_examples_is_not_begun_again_before_they_are_there(shop: Shop) -> None:
    many = [{"text": f"text number {n} {n * 7919}", "label": f"l{n % 2}", "channel": ""} for n in range(150)]
    shop.examples(many)
    old = Champion(version="v" * 64, since=START - 200 * DAY, snapshot="s" * 64)
    refused = LastRun(at=START, cause="schedule", outcome="refused", missing=30, counted=150)
    state = State(champion=old, last_run=refused)
    assert due(shop.site(), state).decision.labels_missing == 30
    shop.label([f"row-{n}" for n in range(30)], ["l1"] * 30)
    assert due(shop.site(), state).decision.cause == "schedule"
    shop.examples(many[:100])
    assert due(shop.site(), state.model_copy(update={"last_run": None})).decision.labels_missing == 20
