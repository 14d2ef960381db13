"""Is what reviewers say kept, for as long as their review waits, and is nothing lost or let in by a file?"""

import csv
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from retrain.errors import UsageError
from retrain.pipeline.review_room import export_review, import_review
from retrain.pipeline.reviewing import conclude, waiting
from retrain.review.files import written
from retrain.store.events import Ended, Promoted
from reviewing import CHALLENGER, CHAMPION, append, end_inconclusive, judge_all, room_of, waiting_shop
from shop import Shop

SHAPELESS = '{"review": "x", "row_id": [1], "text": "", "left": "", "right": "", "choice": ""}\n'


def test_rows_where_the_models_differ_come_first_then_a_random_share(asked: Shop) -> None:
    room = room_of(asked)
    assert [row.differ for row in room.plan.rows] == [True] * 12 + [False] * 3
    assert len({row.text for row in room.rows}) == 15


def test_a_review_is_what_it_was_when_it_was_first_opened(asked: Shop) -> None:
    first = room_of(asked, "one seed")
    again = room_of(asked, "another seed")
    assert again.plan == first.plan
    with ThreadPoolExecutor(4) as threads:
        end_inconclusive(asked, waiting(asked.site()).snapshot, differ=11, champion=CHAMPION)
        opened = list(threads.map(lambda seed: room_of(asked, seed).plan, "abcd"))
    assert len(set(opened)) == 1, "of four who open it at once, all go by one plan"
    assert opened[0] != first.plan


def test_a_judgement_outlives_the_process_and_undo_goes_back_past_it(asked: Shop) -> None:
    rows = [row.id for row in room_of(asked).rows]
    room_of(asked).judge("Ann", rows[0], "left")
    room_of(asked).judge("ann ", rows[1], "skip")
    assert room_of(asked).opinion_of("ANN").choices == {rows[0]: "left", rows[1]: "skip"}
    room_of(asked).undo("Ann")
    assert room_of(asked).undo("Ann").choices == {}
    with pytest.raises(UsageError, match="nothing to undo"):
        room_of(asked).undo("Ann")
    assert [one.reviewer for one in room_of(asked).opinions()] == ["Ann"]


def test_who_judges_the_same_again_adds_nothing(asked: Shop) -> None:
    room = room_of(asked)
    before = [room.judge("Ann", room.rows[0].id, "left") for _ in range(3)]
    assert before[0] == before[2]
    assert len([key for key in asked.site().store.keys("models/shop/judgements/") if "/seats/" in key]) == 1


def test_reviewers_at_once_and_one_in_two_windows_lose_nothing(asked: Shop) -> None:
    rows = [row.id for row in room_of(asked).rows]
    rooms = [room_of(asked) for _ in range(6)]
    jobs = [(rooms[at % 6], ("Ann", "Bo")[at % 2], row) for row in rows for at in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda job: job[0].judge(job[1], job[2], "left"), jobs))
    for name in ("Ann", "Bo"):
        assert room_of(asked).opinion_of(name).choices == dict.fromkeys(rows, "left")


def test_what_is_not_a_row_is_refused_and_nothing_is_finished_early_or_changed_after(asked: Shop) -> None:
    room = room_of(asked)
    with pytest.raises(UsageError, match="no row 'nowhere'"):
        room.judge("Ann", "nowhere", "left")
    with pytest.raises(UsageError, match="15 of 15 rows are not judged yet"):
        room.finish("Ann")
    judge_all(room, "Ann")
    with pytest.raises(UsageError, match="Ann has finished this review"):
        room.undo("Ann")
    with pytest.raises(UsageError, match="Ann has finished this review"):
        room.judge("ann", room.rows[0].id, "skip")


@pytest.mark.parametrize("end", ["held", "inconclusive"])
def test_after_another_end_nothing_waits(asked: Shop, end: str) -> None:
    room = room_of(asked)
    append(asked, Ended.model_validate({"claim": "run-1", "outcome": end, "challenger": CHALLENGER}))
    with pytest.raises(UsageError, match="nothing of 'shop' waits for people"):
        room_of(asked)
    with pytest.raises(UsageError, match="nothing of 'shop' waits"):
        conclude(asked.site(), room.about, room.kept(), verdict="approve", by=("Ann", "why"))


def test_after_a_promotion_by_hand_nothing_waits(asked: Shop) -> None:
    append(asked, Promoted(claim=None, version="f" * 64, over=CHAMPION, snapshot="5" * 64))
    with pytest.raises(UsageError, match="waits for people"):
        waiting(asked.site())


def test_without_a_champion_people_compare_with_the_stand_in(tmp_path: Path) -> None:
    room = room_of(waiting_shop(tmp_path, champion=None))
    answers = {row.left for row in room.rows} & {row.right for row in room.rows}
    assert room.plan.champion is None
    assert answers, "the most frequent label stands now on the left, now on the right"


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_a_file_filled_in_counts_like_the_page(asked: Shop, tmp_path: Path, ending: str) -> None:
    room, file = room_of(asked), tmp_path / f"rows{ending}"
    assert export_review(room, file) == 15
    content = file.read_bytes().decode()
    assert not any(secret in content for secret in (CHAMPION, CHALLENGER, room.plan.seed, room.about.evaluation))
    fill(file, {row.id: "left" for row in room.rows})
    taken = import_review(room_of(asked), file, "Ann")
    assert (taken.added, taken.already, taken.left) == (15, 0, 0)
    now = room_of(asked).opinion_of("Ann")
    assert now.finished
    assert now.choices == {row.id: "left" for row in room.rows}
    again = import_review(room_of(asked), file, "Ann")
    assert (again.added, again.already) == (0, 15)


def fill(file: Path, choices: dict[str, str], **other: str) -> None:
    """Fill a file in as a person would: choices by row, other columns as told."""
    if file.suffix == ".jsonl":
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        file.write_text(
            "".join(json.dumps({**line, "choice": choices.get(line["row_id"], ""), **other}) + "\n" for line in lines)
        )
        return
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    with file.open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows({**row, "choice": choices.get(row["row_id"], ""), **other} for row in rows)


def doubled(file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines, lines[-1]]))


def test_a_file_at_fault_is_refused_whole(asked: Shop, tmp_path: Path) -> None:
    room = room_of(asked)
    everything: dict[str, str] = {row.id: "right" for row in room.rows}
    faults: dict[str, tuple[Callable[[Path], object], str]] = {
        "unknown": (lambda file: fill(file, everything, row_id="0123456789ab"), "no row '0123456789ab' in this review"),
        "double": (doubled, "has an answer in line 15 already"),
        "other": (lambda file: fill(file, everything, review="f" * 16), "it belongs to review 'ffffffffffffffff'"),
        "word": (lambda file: fill(file, everything, choice="better"), "choice is 'better', expected one of left"),
        "none": (lambda file: fill(file, {}), "no row has a choice"),
        "cut": (lambda file: file.write_text(file.read_text()[:-20]), "not a JSON object"),
        "bytes": (lambda file: file.write_bytes(b"\xff\xfe\x00"), "not UTF-8"),
        "shape": (lambda file: file.write_text('{"row_id": "x"}\n'), "no column 'review'"),
        "list": (lambda file: file.write_text(SHAPELESS), "are texts"),
        "gone": (lambda file: file.unlink(), "cannot be read"),
    }
    for name, (spoil, sentence) in faults.items():
        file = tmp_path / f"{name}.jsonl"
        export_review(room, file)
        fill(file, everything)
        spoil(file)
        with pytest.raises(UsageError, match=sentence):
            import_review(room, file, "Ann")
        assert room_of(asked).opinions() == (), name


def test_another_evaluations_file_is_refused(asked: Shop, tmp_path: Path) -> None:
    old, file = room_of(asked), tmp_path / "old.csv"
    export_review(old, file)
    fill(file, {row.id: "left" for row in old.rows})
    end_inconclusive(asked, waiting(asked.site()).snapshot, differ=9, champion=CHAMPION)
    with pytest.raises(UsageError, match=f"it belongs to review '{old.plan.name}', the one that waits is"):
        import_review(room_of(asked), file, "Ann")


def test_a_file_does_not_overrule_what_the_page_took_and_goes_on_where_it_stopped(asked: Shop, tmp_path: Path) -> None:
    room, file = room_of(asked), tmp_path / "rows.jsonl"
    export_review(room, file)
    first, second = room.rows[0].id, room.rows[1].id
    room.judge("Ann", first, "left")
    fill(file, {first: "right", second: "left"})
    with pytest.raises(UsageError, match=r"has judged row .* otherwise already \(1 such rows\); nothing was taken"):
        import_review(room, file, "Ann")
    assert room_of(asked).opinion_of("Ann").choices == {first: "left"}
    fill(file, {first: "left", second: "left"})
    assert import_review(room, file, "Ann").left == 13


def test_an_export_replaces_no_file_and_takes_two_endings(asked: Shop, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("answers of a day")
    with pytest.raises(UsageError, match="is there already"):
        export_review(room_of(asked), file)
    assert file.read_text() == "answers of a day"
    with pytest.raises(UsageError, match=r"found '\.xlsx'"):
        export_review(room_of(asked), tmp_path / "rows.xlsx")


def test_a_formula_in_a_text_stays_a_text_in_a_spreadsheet(asked: Shop, tmp_path: Path) -> None:
    room = room_of(asked)
    formula = room.rows[0].model_copy(update={"text": "=HYPERLINK(1)"})
    assert "'=HYPERLINK(1)" in written(room.plan, [formula], tmp_path / "x.csv").decode()
