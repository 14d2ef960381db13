"""Who has approved, who has rejected, who only judged; and what does the gate make of it?"""

import json
from datetime import timedelta

import pytest

from retrain.errors import UsageError
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.audit import audit
from retrain.pipeline.explain import history
from retrain.pipeline.retrain import retrain
from retrain.pipeline.review_room import said_so_far
from retrain.pipeline.reviewing import VerdictGiven, conclude, review_seen, waiting
from retrain.promotion.gate import decide
from retrain.store.events import Reviewed, Trained
from retrain.store.ledger import Draft
from reviewing import CHALLENGER, CHAMPION, append, judge_all, room_of
from shop import SPEC, Messages, Shop, few


def give(shop: Shop, verdict: str, who: str = "Ann", why: str = "looked at them") -> VerdictGiven:
    word = "approve" if verdict == "approve" else "reject"
    site = shop.site()
    return conclude(site, waiting(site), said_so_far(site), verdict=word, by=(who, why))  # type: ignore[arg-type]


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
