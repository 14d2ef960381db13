"""Is what reviewers say kept, counted and decided on, and is nothing lost or let in by a file?"""

import csv
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from retrain.errors import UsageError
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.audit import audit
from retrain.pipeline.explain import history
from retrain.pipeline.retrain import retrain
from retrain.pipeline.review_room import ReviewRoom, export_review, import_review, said_so_far
from retrain.pipeline.reviewing import VerdictGiven, conclude, review_seen, waiting
from retrain.promotion.gate import decide
from retrain.review.files import written
from retrain.review.judgement import Choice
from retrain.store.events import Ended, Promoted, Reviewed, Trained
from retrain.store.ledger import Draft
from reviewing import CHALLENGER, CHAMPION, append, end_inconclusive, room_of, waiting_shop
from shop import SPEC, Messages, Shop, few

SHAPELESS = '{"review": "x", "row_id": [1], "text": "", "left": "", "right": "", "choice": ""}\n'


@pytest.fixture
def asked(tmp_path: Path) -> Shop:
    return waiting_shop(tmp_path)


def judge_all(room: ReviewRoom, name: str, model: str = "challenger") -> None:
    """Prefer one model wherever both differ, and finish."""
    for row in room.plan.rows:
        side: Choice = "left" if row.challenger_left == (model == "challenger") else "right"
        room.judge(name, row.id, side if row.differ else "both")
    room.finish(name)


def give(shop: Shop, verdict: str, who: str = "Ann", why: str = "looked at them") -> VerdictGiven:
    word = "approve" if verdict == "approve" else "reject"
    site = shop.site()
    return conclude(site, waiting(site), said_so_far(site), verdict=word, by=(who, why))  # type: ignore[arg-type]


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


def test_an_approval_is_an_entry_with_counts_people_and_reason_and_lets_the_gate_pass(asked: Shop) -> None:
    room = room_of(asked)
    judge_all(room, "Ann")
    judge_all(room, "Bo")
    given = give(asked, "approve", "Ann", "clearly better on returns")
    entry = asked.site().ledger.newest()
    assert entry is not None
    assert isinstance(entry.event, Reviewed)
    assert entry.event.model_dump(exclude={"evaluation"}) == {
        "kind": "reviewed",
        "challenger": CHALLENGER,
        "champion": CHAMPION,
        "verdict": "approve",
        "reviewers": ("Ann",),
        "judges": {"Ann": 15, "Bo": 15},
        "preferred_challenger": 12,
        "preferred_champion": 0,
        "tied": 3,
        "p_value": pytest.approx(2 / 2**12),
        "agreement": "Cohen's kappa 1.00 on 15 rows",
        "note": "clearly better on returns",
    }
    assert (entry.number, entry.reasons) == (given.entry, ("clearly better on returns",))
    assert entry.actor == "Ann, through a test"
    said = history(asked.site())[-1].what
    assert "approved after review by Ann: the challenger was preferred on 12" in said
    assert said.endswith("of 15 rows, judged by Ann (15), Bo (15).")
    assert verdict_of(asked)["reviewed"].startswith("pass approved after review by 'Ann' (entry")


@pytest.mark.model
@pytest.mark.slow
def test_a_run_that_only_people_can_let_through_ends_inconclusive_and_waits(shop: Shop, messages: Messages) -> None:
    shop.spec(SPEC.replace("promotion: {", "promotion: {review: {required: always}, "))
    shop.examples(few(messages("base", 0, 1560))[:230])
    result = retrain(shop.site(), cause="manual", reason="first champion")
    assert result.outcome == "inconclusive"
    assert [reason for reason in result.reasons if "retrain review MODEL" in reason], result.reasons
    room = room_of(shop)
    judge_all(room, "Ann")
    give(shop, "approve")
    site = shop.site()
    evaluation = waiting(site).evaluation
    report = EvaluationReport.model_validate_json(site.evaluations.read(evaluation, "evaluation.json"))
    seen = report.model_copy(update={"review": review_seen(site, room.about.challenger, None)})
    assert decide(seen, site.spec.promotion).verdict == "promote"
    assert audit(site).sound


def verdict_of(shop: Shop) -> dict[str, str]:
    """What each rule says of the evaluation that waits, with what people have said by now."""
    site = shop.site()
    stored = site.evaluations.read(waiting(site).evaluation, "evaluation.json")
    report = EvaluationReport.model_validate_json(stored)
    seen = report.model_copy(update={"review": review_seen(site, CHALLENGER, CHAMPION)})
    return {check.rule: f"{check.verdict} {check.reason}" for check in decide(seen, site.spec.promotion).checks}


def test_the_stored_review_holds_what_was_shown_and_all_that_was_said(asked: Shop) -> None:
    room = room_of(asked)
    judge_all(room, "Ann")
    room.judge("Bo", room.rows[0].id, "left")
    entry = asked.site().ledger.newest() if give(asked, "reject") else None
    assert entry is not None
    reviews = asked.site().reviews
    digest = entry.evidence["review"]
    assert reviews.read(digest, "plan.json") == room.plan.canonical()
    said = [json.loads(line) for line in reviews.read(digest, "said.jsonl").splitlines()]
    assert len(said) == 17, "15 judgements and the end of one, one judgement of the other"
    assert json.loads(reviews.read(digest, "review.json"))["reviewers"] == ["Ann"]
    named = audit(asked.site()).findings
    assert not [finding for finding in named if "evidence 'review'" in finding.what]


def test_a_rejection_holds_and_a_later_approval_takes_its_place(asked: Shop) -> None:
    give(asked, "reject")
    assert verdict_of(asked)["reviewed"].startswith("fail rejected after review by 'Ann'")
    give(asked, "approve", "Bo")
    assert verdict_of(asked)["reviewed"].startswith("pass approved after review by 'Bo'"), (
        "who rejected has not approved"
    )


def test_a_verdict_moves_no_champion_and_changes_nothing_else(asked: Shop) -> None:
    before = asked.site().ledger.state()
    give(asked, "approve")
    assert asked.site().ledger.state() == before


def test_two_people_may_approve_one_after_the_other(asked: Shop) -> None:
    spec = (asked.root / "models" / "shop.yaml").read_text()
    asked.spec(spec.replace("rows: 15", "rows: 15, min_reviewers: 2"))
    assert give(asked, "approve", "Ann").missing == 1
    assert verdict_of(asked)["reviewed"].startswith("unknown 1 of 2 reviewers have approved")
    again = give(asked, "approve", "ann", "in other words")
    assert (again.missing, again.already) == (1, True), "the same person again is one person, and nothing new"
    assert [entry.event.kind for entry in asked.site().ledger.entries()].count("reviewed") == 1
    assert give(asked, "approve", "Bo").missing == 0
    assert verdict_of(asked)["reviewed"].startswith("pass approved after review by 'Ann', 'Bo' (entry")


def test_who_only_judged_has_neither_approved_nor_rejected(asked: Shop) -> None:
    spec = (asked.root / "models" / "shop.yaml").read_text()
    asked.spec(spec.replace("rows: 15", "rows: 15, min_reviewers: 3"))
    room = room_of(asked)
    for name in ("T1", "T2", "T3", "T4"):
        judge_all(room, name)
    given = give(asked, "approve", "Ann")
    assert (given.reviewers, given.judges, given.missing) == (("Ann",), dict.fromkeys(("T1", "T2", "T3", "T4"), 15), 2)
    assert verdict_of(asked)["reviewed"].startswith("unknown 1 of 3 reviewers have approved")
    assert give(asked, "approve", "T2").missing == 1
    assert give(asked, "approve", "Ben").missing == 0
    said = verdict_of(asked)["reviewed"]
    assert said.startswith(
        "pass approved after review by 'Ann' (who judged no row), 'Ben' (who judged no row), 'T2' (e"
    )
    assert "judged by 'T1' (15), 'T2' (15), 'T3' (15), 'T4' (15)" in said
    assert "approved after review by Ann (who judged no row), Ben" in history(asked.site())[-1].what
    rejected = give(asked, "reject", "Bob")
    assert rejected.reviewers == ("Bob",)
    assert verdict_of(asked)["reviewed"].startswith("fail rejected after review by 'Bob' (who judged no row) (entry")


def test_after_a_rejection_everybody_approves_anew(asked: Shop) -> None:
    spec = (asked.root / "models" / "shop.yaml").read_text()
    asked.spec(spec.replace("rows: 15", "rows: 15, min_reviewers: 2"))
    give(asked, "approve", "Ann")
    give(asked, "approve", "Ben")
    assert give(asked, "reject", "Bob").reviewers == ("Bob",)
    assert give(asked, "reject", "Cleo").reviewers == ("Bob", "Cleo")
    assert (give(asked, "approve", "Ann").missing, give(asked, "approve", "Dora").missing) == (1, 0)


def test_the_same_verdict_of_more_judgements_is_told_and_its_person_counts_once(asked: Shop) -> None:
    give(asked, "approve", "Ann")
    judge_all(room_of(asked), "Bo")
    again = give(asked, "approve", "Ann")
    assert (again.already, again.reviewers, again.judges) == (False, ("Ann",), {"Bo": 15})


def test_who_skips_every_row_has_judged_none(asked: Shop) -> None:
    room = room_of(asked)
    for row in room.rows:
        room.judge("Ann", row.id, "skip")
    room.finish("Ann")
    assert give(asked, "approve", "Ann").judges == {}


def test_of_an_entry_from_before_only_its_writer_is_counted_on(asked: Shop) -> None:
    about = waiting(asked.site()).about
    old = Reviewed(**about._asdict(), verdict="approve", reviewers=("Ann", "T1", "T2"), note="fine")
    draft = Draft(event=old, reasons=("fine",), actor="Ann, through a test")
    asked.site().ledger.append(lambda _: draft)
    assert give(asked, "approve", "Ben").reviewers == ("Ann", "Ben")


@pytest.mark.parametrize(("who", "why", "sentence"), [(" ", "why", "name is empty"), ("Ann", " ", "reason is empty")])
def test_a_verdict_without_a_name_or_a_reason_is_refused(asked: Shop, who: str, why: str, sentence: str) -> None:
    before = len(list(asked.site().ledger.entries()))
    with pytest.raises(UsageError, match=sentence):
        give(asked, "approve", who, why)
    assert len(list(asked.site().ledger.entries())) == before


def test_a_review_that_nobody_gives_is_missing_and_then_held(asked: Shop) -> None:
    asked.now += timedelta(days=14)
    assert "unknown 0 of 1 reviewers have approved" in verdict_of(asked)["reviewed"]
    assert "retrain review MODEL" in verdict_of(asked)["reviewed"]
    asked.now += timedelta(minutes=1)
    assert verdict_of(asked)["reviewed"].startswith("fail 0 of 1 reviewers have approved after 14.0 days, limit 14")


def test_before_anybody_was_asked_there_is_nothing_to_see(asked: Shop) -> None:
    assert review_seen(asked.site(), "f" * 64, CHAMPION) is None
    append(asked, Trained(claim="run-2", version=CHALLENGER))
    assert review_seen(asked.site(), CHALLENGER, CHAMPION) is None, "trained anew, it is asked about anew"


def test_a_verdict_about_another_champion_does_not_count(asked: Shop) -> None:
    give(asked, "approve")
    seen = review_seen(asked.site(), CHALLENGER, "f" * 64)
    assert seen is not None
    assert seen.verdict is None


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
