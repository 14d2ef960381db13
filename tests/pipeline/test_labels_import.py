"""Do answers come back as labels whatever tool they were written in, and is what cannot be used told and left out?"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.labelling import answer, export, rows_of, take
from retrain.errors import LogError
from retrain.pipeline.prepare import gather
from shop import DAY, LATE, START, Messages, Shop


def test_what_was_exported_comes_back_as_labels(drifting: Shop) -> None:
    exported, rows = export(drifting)
    result = take(drifting, answer(drifting, rows))
    assert (result.added, result.already, result.faults) == (40, 0, ())
    found = [example for example in gather(drifting.site())[0] if example.source == "production"]
    assert sorted((one.text, one.label, one.labeller) for one in found) == sorted(
        (row["text"], "refund_status", "human") for row in rows
    )
    assert [one.entry for one in result.accuracy] == [exported.entry]
    assert result.accuracy[0].estimate.labelled == 40


def test_the_same_file_twice_adds_nothing_and_a_correction_is_told(drifting: Shop) -> None:
    _, rows = export(drifting, budget=10)
    file = answer(drifting, rows)
    take(drifting, file)
    again = take(drifting, file)
    assert (again.added, again.already, again.file) == (0, 10, None)
    drifting.now += DAY
    corrected = take(drifting, answer(drifting, rows[:2], "mended.jsonl", "order_status"))
    assert (corrected.added, corrected.corrected) == (2, 2)
    once_more = take(drifting, file)
    assert once_more.added == 0, "an old file must not take a correction back"


def test_what_cannot_be_used_is_told_one_by_one_and_the_rest_is_taken(drifting: Shop) -> None:
    _, rows = export(drifting, budget=10)
    labels = ["refund_status", "refund_statsu", "", "refund_status", "order_status"]
    lines = [{**row, "label": label} for row, label in zip([*rows[:4], rows[3]], labels, strict=True)]
    lines += [{"row_id": "nobody", "label": "refund_status"}, {**rows[5], "label": "refund_status"}]
    lines += [{**rows[5], "label": "refund_status"}]
    file = drifting.root / "some.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    result = take(drifting, file)
    assert (result.added, result.unlabelled, result.repeated) == (2, 1, 1)
    told = {fault.place: fault.what for fault in result.faults}
    assert "did you mean 'refund_status'" in told["line 2"]
    assert "people disagree: 'order_status' (line 5), 'refund_status' (line 4)" in told["line 4"]
    assert "no production row has the id 'nobody'" in told["line 6"]
    assert take(drifting, file, new_labels=["refund_statsu"]).added == 1


@pytest.mark.parametrize("changed", [lambda text: text[::-1], lambda _: "another row's text"])
def test_a_label_beside_another_text_is_not_taken(drifting: Shop, changed: Callable[[str], str]) -> None:
    _, rows = export(drifting)
    spoilt = [{**row, "text": changed(row["text"]) if number < 3 else row["text"]} for number, row in enumerate(rows)]
    result = take(drifting, answer(drifting, spoilt))
    assert result.added == len(rows) - 3
    assert [fault.id for fault in result.faults] == [row["row_id"] for row in rows[:3]]
    assert all("were rows or columns moved apart?" in fault.what for fault in result.faults)


def test_white_space_that_a_spreadsheet_changes_and_no_text_at_all_do_no_harm(drifting: Shop) -> None:
    _, rows = export(drifting)
    rows = [{**row, "text": f"  {row['text'].replace(' ', chr(13) + chr(10))} "} for row in rows]
    for row in rows[:5]:
        del row["text"]
    rows[5]["text"] = ""
    result = take(drifting, answer(drifting, rows))
    assert (result.added, result.faults) == (len(rows), ())


def test_a_label_that_is_new_can_be_declared_in_the_spec(drifting: Shop) -> None:
    drifting.spec((drifting.root / "models/shop.yaml").read_text() + "labels: {names: [gift_card]}\n")
    exported, rows = export(drifting, budget=5)
    assert "gift_card" in exported.labels
    assert take(drifting, answer(drifting, rows, label="gift_card")).added == 5


def test_csv_comes_back_with_cells_that_a_spreadsheet_would_run(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    shop.day(
        0,
        [
            {"text": f"=cmd|' /C calc'!A{n} {n * 7919}", "label": "x", "part": "base", "channel": "app"}
            for n in range(40)
        ],
    )
    shop.now = START + DAY + LATE
    export(shop, budget=5)
    with (shop.root / "out" / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(row["text"].startswith("'=cmd") for row in rows)
    file = shop.root / "filled.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows({**row, "label": "refund_status"} for row in rows)
    assert take(shop, file).added == 5


def sheet(shop: Shop, rows: list[dict[str, Any]], name: str = "sheet.csv") -> Path:
    """The exported CSV as a spreadsheet saves it."""
    file = shop.root / name
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def exported(shop: Shop, label: str = "refund_status") -> list[dict[str, Any]]:
    with (shop.root / "out" / "labels.csv").open(newline="") as stream:
        return [{**row, "label": label} for row in csv.DictReader(stream)]


def test_a_column_of_texts_that_was_sorted_alone_is_refused_line_by_line(drifting: Shop) -> None:
    export(drifting, budget=6)
    rows = exported(drifting)
    turned = [row["text"] for row in rows[1:4]] + [rows[0]["text"]]
    moved = [{**row, "text": text} for row, text in zip(rows[:4], turned, strict=True)]
    result = take(drifting, sheet(drifting, [*moved, *rows[4:]]))
    assert (result.added, len(result.faults)) == (2, 4)
    assert [fault.id for fault in result.faults] == [row["row_id"] for row in rows[:4]]
    first = result.faults[0].what
    assert " ".join(turned[0].split())[:40] in first
    assert " ".join(rows[0]["text"].split())[:40] in first
    assert "were rows or columns moved apart?" in first


def test_white_space_line_ends_and_an_emptied_column_do_not_make_an_honest_file_fail(drifting: Shop) -> None:
    export(drifting, budget=6)
    rows = exported(drifting)
    for row, text in zip(rows, ("  {}\r\n", "{}", "\n{}", "'{}", "", " "), strict=True):
        row["text"] = text.format(row["text"].replace(" ", "\n", 1))
    assert take(drifting, sheet(drifting, rows)).added == 6
    drifting.now += DAY
    without = [{"row_id": row["row_id"], "label": "order_status"} for row in rows]
    assert take(drifting, sheet(drifting, without, "without.csv")).corrected == 6


@pytest.mark.parametrize("afterwards", ["[a-z]{4,}", "never"], ids=["same patterns", "other patterns"])
def test_a_text_that_was_redacted_for_people_comes_back_as_they_saw_it(drifting: Shop, afterwards: str) -> None:
    spec = (drifting.root / "models/shop.yaml").read_text()
    redacting = spec.replace("drift: {", "labels: {redact: true}\ndrift: {redact: ['[a-z]{4,}'], ")
    assert redacting != spec
    drifting.spec(redacting)
    _, rows = export(drifting, budget=6)
    assert all("[redacted]" in row["text"] for row in rows)
    drifting.spec(redacting.replace("[a-z]{4,}", afterwards))
    assert take(drifting, sheet(drifting, exported(drifting))).added == 6


def test_a_row_that_nobody_was_asked_about_is_held_against_the_log(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    shop.day(0, messages("base", 0, 40))
    shop.now = START + DAY + LATE
    logged = rows_of(shop)
    right, wrong = (
        {"id": "row-1", "label": "refund_status", "text": logged["row-1"]["input"]},
        {"id": "row-2", "label": "refund_status", "text": logged["row-3"]["input"]},
    )
    result = take(shop, sheet(shop, [right, wrong]))
    assert (result.added, [fault.place for fault in result.faults]) == (1, ["line 3"])


def studio(shop: Shop, chosen: list[list[str]]) -> Path:
    """What Label Studio exports of our tasks: each with its annotations, by their choice."""
    tasks = json.loads((shop.root / "out" / "label-studio.json").read_text())
    for number, (task, labels) in enumerate(zip(tasks, chosen, strict=False), start=1):
        task["id"] = number
        task["annotations"] = [
            {
                "completed_by": person,
                "was_cancelled": not label,
                "created_at": "2026-03-07T01:00:00.000000Z",
                "result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
                if label
                else [],
            }
            for person, label in enumerate(labels, start=1)
        ]
    file = shop.root / "project-1.json"
    file.write_text(json.dumps(tasks))
    return file


def test_label_studio_s_export_comes_back(drifting: Shop) -> None:
    export(drifting, budget=6)
    file = studio(drifting, [["refund_status"], ["refund_status", "order_status"], [""], ["order_status"] * 2, [], []])
    result = take(drifting, file)
    assert (result.added, result.unlabelled, result.repeated) == (2, 3, 1)
    assert "task 2, annotation 1" in result.faults[0].place
    log = [json.loads(line) for line in Path(result.file or "").read_text().splitlines()]
    assert {line["labelled_at"] for line in log} == {"2026-03-07T00:20:00+00:00"}, "not later than now"


def test_argilla_s_export_comes_back(drifting: Shop) -> None:
    export(drifting, budget=3)
    records = json.loads((drifting.root / "out" / "argilla.json").read_text())
    for record, label in zip(records, ("refund_status", "order_status"), strict=False):
        record["responses"] = {"label": [{"value": label, "user_id": "0" * 8}]}
    file = drifting.root / "records.json"
    file.write_text(json.dumps(records))
    result = take(drifting, file)
    assert (result.added, result.unlabelled) == (2, 1)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", '{"row_id": "row-1", "label": "refund_status"}\n{"row_id": "ro', "a.jsonl:2: not JSON"),
        ("a.jsonl", '{"row_id": "row-1", "label": "x"}\n[1]\n', "a.jsonl:2: not a JSON object"),
        ("a.csv", "row_id,label\r\nrow-1,refund_status,more\r\n", "a.csv:2: not CSV"),
        ("a.csv", "id,annotation_id,text,label\r\n1,2,a,b\r\n", "a.csv:1: no column 'row_id'"),
        ("a.csv", "row_id,text\r\n", "a.csv:1: no column 'label'"),
        ("a.json", '{"row_id": 1}', "a.json:1: not a list"),
        ("a.json", "[\n1,\n}", "a.json:3: not JSON"),
        ("a.xlsx", "PK", "found '.xlsx'"),
        ("a.jsonl", "", "no rows in it"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_next_step(shop: Shop, name: str, content: str, sentence: str) -> None:
    shop.examples([])
    file = shop.root / name
    file.write_text(content)
    with pytest.raises(LogError, match=r"import it again|expected our own") as refused:
        take(shop, file)
    assert sentence in str(refused.value)
    assert not (shop.root / "labels").exists()


def test_bytes_that_are_no_text_are_refused_with_their_line(shop: Shop) -> None:
    file = shop.root / "a.csv"
    file.write_bytes(b"row_id,label\r\nrow-1,\xff\r\n")
    with pytest.raises(LogError, match=r"a.csv:2: not UTF-8"):
        take(shop, file)
