"""Does an audit find a verdict of people that their judgements do not bear out, or a decision that overlooked one?"""

import json
from pathlib import Path
from typing import Any

import pytest

from left_open import CLEAR, Change, append, approve, as_it_was, forged, left_open, with_report
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.audit import audit
from retrain.pipeline.pending import decide_pending
from retrain.pipeline.review_room import ReviewRoom, open_review, said_so_far
from retrain.pipeline.reviewing import conclude, waiting
from retrain.review.judgement import Choice
from retrain.store import ledger
from retrain.store.events import Reviewed
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.shelf import Shelf
from retrain.values import canonical_json
from shop import Shop

REVIEW = "review: {required: always, rows: 15}"


def judged(room: ReviewRoom, who: str, model: str) -> None:
    for row in room.plan.rows:
        side: Choice = "left" if row.challenger_left == (model == "challenger") else "right"
        room.judge(who, row.id, side if row.differ else "both")
    room.finish(who)


def concluded(shop: Shop, verdict: Any, who: str) -> None:
    site = shop.site()
    conclude(site, waiting(site), said_so_far(site), verdict=verdict, by=(who, "looked at them"))


@pytest.fixture
def reviewed(shop: Shop) -> Shop:
    """Entry 4: two people looked at 15 rows, and one of them approves."""
    left_open(shop, REVIEW, CLEAR)
    room = open_review(shop.site(), "a seed")
    judged(room, "Ann", "challenger")
    judged(room, "Bo", "champion")
    concluded(shop, "approve", "Ann")
    return shop


def said(shop: Shop, number: int = 4) -> list[str]:
    found = audit(shop.site()).findings
    assert {finding.entry for finding in found} == {number}, found
    return [finding.what for finding in found]


def saying(**changed: object) -> Change:
    return lambda entry: as_it_was(entry).model_copy(update={"event": entry.event.model_copy(update=changed)})


def stored(shop: Shop, change: dict[str, bytes], about: dict[str, str] | None = None) -> Change:
    """The same verdict on another bundle of what was said."""

    def forge(entry: LedgerEntry) -> Draft:
        shelf, digest = shop.site().reviews, entry.evidence["review"]
        files: dict[str, bytes | Path] = {name: shelf.read(digest, name) for name in shelf.manifest(digest).files}
        other = shelf.put({**files, **change}, {**shelf.manifest(digest).about, **(about or {})})
        return as_it_was(entry).model_copy(update={"evidence": {**entry.evidence, "review": other}})

    return forge


def words(shop: Shop) -> list[dict[str, Any]]:
    entry = shop.site().ledger.newest()
    assert entry is not None
    return [json.loads(line) for line in shop.site().reviews.read(entry.evidence["review"], "said.jsonl").splitlines()]


def lines(found: list[dict[str, Any]]) -> bytes:
    return b"".join(canonical_json(line) + b"\n" for line in found)


def test_an_honest_review_is_counted_again_and_so_is_the_next_one_and_what_rests_on_it(reviewed: Shop) -> None:
    judged(open_review(reviewed.site(), "a seed"), "Cleo", "challenger")
    concluded(reviewed, "reject", "Dora")
    concluded(reviewed, "approve", "Cleo")
    assert decide_pending(reviewed.site()).outcome == "promoted"
    found = audit(reviewed.site())
    assert found.findings == ()
    assert (found.recomputed["review"], found.recomputed["budget"]) == (3, 2)
    last = list(reviewed.site().ledger.entries())[5].event
    assert isinstance(last, Reviewed)
    assert (last.reviewers, list(last.judges or {})) == (("Cleo",), ["Ann", "Bo", "Cleo"])
    assert str(last.agreement).startswith("Krippendorff's alpha")


def test_a_verdict_without_any_judgement_is_sound(shop: Shop) -> None:
    left_open(shop, REVIEW, CLEAR)
    approve(shop)
    assert audit(shop.site()).findings == ()
    forged(shop, 4, saying(preferred_challenger=9))
    assert said(shop) == ["its preferred challenger is 9; the stored judgements give 0"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"preferred_challenger": 12}, "its preferred challenger is 12; the stored judgements give 0"),
        ({"preferred_champion": 3}, "its preferred champion is 3; the stored judgements give 0"),
        ({"tied": 1}, "its tied is 1; the stored judgements give 15"),
        ({"p_value": 0.001}, "its p value is 0.001; the stored judgements give 1.0"),
        ({"agreement": "Cohen's kappa 1.00 on 15 rows"}, "its agreement is Cohen's kappa 1.00 on 15 rows; the stored"),
        ({"reviewers": ("Ann", "Bo", "Eve")}, "its reviewers is Ann, Bo, Eve; the stored judgements give Ann"),
        ({"judges": {"Ann": 15}}, "its judges is Ann (15); the stored judgements give Ann (15), Bo (15)"),
        ({"judges": None}, "its judges is none; the stored judgements give Ann (15), Bo (15)"),
        ({"verdict": "reject"}, "its verdict is reject; the stored review says approve"),
        ({"challenger": "d" * 64}, "it is a verdict about dddddddddddd, which did not wait for one"),
    ],
)
def test_an_entry_that_says_otherwise_than_its_judgements(
    reviewed: Shop, changed: dict[str, object], sentence: str
) -> None:
    forged(reviewed, 4, saying(**changed))
    assert any(sentence in what for what in said(reviewed)), said(reviewed)


def test_entries_from_before_named_everybody_and_are_counted_as_they_were(
    reviewed: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "FORMAT", 3)
    forged(reviewed, 4, saying(reviewers=("Ann", "Bo"), judges=None))
    assert audit(reviewed.site()).findings == ()
    forged(reviewed, 4, saying(reviewers=("Ann", "Bo", "Eve"), judges=None))
    assert said(reviewed) == ["its reviewers is Ann, Bo, Eve; the stored judgements give Ann, Bo"]
    forged(reviewed, 4, saying(reviewers=("Ann", "Bo"), judges=None))
    monkeypatch.undo()
    concluded(reviewed, "approve", "Cleo")
    last = reviewed.site().ledger.newest()
    assert last is not None
    assert isinstance(last.event, Reviewed)
    assert last.event.reviewers == ("Ann", "Cleo"), "Bo only judged"
    assert audit(reviewed.site()).findings == ()


def test_a_verdict_of_somebody_else(reviewed: Shop) -> None:
    forged(reviewed, 4, lambda entry: as_it_was(entry).model_copy(update={"actor": "Eve, through a test"}))
    assert said(reviewed) == ["it was written by 'Eve, through a test'; the stored review is by 'Ann'"]


def test_judgements_turned_over_with_their_counts_are_not_those_that_were_given(reviewed: Shop) -> None:
    turned = {"left": "right", "right": "left"}
    other = [
        {**word, "choice": turned.get(word["choice"], word["choice"])} if word["reviewer"] == "Bo" else word
        for word in words(reviewed)
    ]
    forge = stored(reviewed, {"said.jsonl": lines(other)})
    apart = sum(row.differ for row in open_review(reviewed.site(), "").plan.rows)
    counts: dict[str, object] = {"preferred_challenger": apart, "tied": 15 - apart, "p_value": 2 / 2**apart}
    counts |= {"agreement": "Cohen's kappa 1.00 on 15 rows"}
    forged(reviewed, 4, lambda entry: forge(entry).model_copy(update={"event": entry.event.model_copy(update=counts)}))
    assert said(reviewed) == ["it counts 16 words of 'Bo', who said other ones"]


def test_a_reviewer_made_up_is_found_by_the_words_that_were_kept(reviewed: Shop) -> None:
    eve = [{**word, "reviewer": "Eve"} for word in words(reviewed) if word["reviewer"] == "Ann"]
    forged(reviewed, 4, stored(reviewed, {"said.jsonl": lines([*words(reviewed), *eve])}))
    assert "it counts 16 words of 'Eve', who said other ones" in said(reviewed)


def test_sides_turned_over_are_found_with_and_without_what_people_were_shown(reviewed: Shop) -> None:
    plan = open_review(reviewed.site(), "").plan
    rows = tuple(row.model_copy(update={"challenger_left": not row.challenger_left}) for row in plan.rows)
    forged(reviewed, 4, stored(reviewed, {"plan.json": plan.model_copy(update={"rows": rows}).canonical()}))
    assert "its rows and sides are not those that people were shown" in said(reviewed)
    store = reviewed.site().store
    for key in list(store.keys("models/shop/judgements/")):
        store.delete(key)
    assert said(reviewed)[0] == "its rows and sides are not those that its seed gives"


def test_where_what_people_said_is_no_longer_kept_the_stored_review_is_enough(reviewed: Shop) -> None:
    store = reviewed.site().store
    for key in list(store.keys("models/shop/judgements/")):
        store.delete(key)
    assert audit(reviewed.site()).findings == ()


def test_a_verdict_without_its_review(reviewed: Shop) -> None:
    forged(reviewed, 4, lambda entry: as_it_was(entry).model_copy(update={"evidence": {}}))
    (what,) = said(reviewed)
    assert "its review cannot be computed again" in what


def seen(**changed: object) -> Any:
    def change(report: EvaluationReport) -> EvaluationReport:
        assert report.review is not None
        return report.model_copy(update={"review": report.review.model_copy(update=changed)})

    return change


def test_a_promotion_that_makes_more_of_a_review_than_its_entry_says(reviewed: Shop) -> None:
    assert decide_pending(reviewed.site()).outcome == "promoted"
    forged(reviewed, 5, with_report(reviewed, seen(reviewers=("Ann", "Bo", "Eve"))))
    assert "rests on a review in entry 4, and that entry says otherwise of 'reviewers'" in said(reviewed, 5)[0]


def test_a_promotion_that_overlooks_a_rejection(reviewed: Shop) -> None:
    assert decide_pending(reviewed.site()).outcome == "promoted"
    promoted = reviewed.site().ledger.newest()
    assert promoted is not None
    reviewed.site().store.delete("models/shop/ledger/00000005.json")
    concluded(reviewed, "reject", "Bo")
    append(reviewed, promoted.event, promoted.evidence, promoted.reasons)
    assert said(reviewed, 6) == ["its evaluation does not know of entry 5, in which people say reject"]


def test_a_rejection_that_comes_while_a_promotion_is_decided_is_read_first(
    reviewed: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Shelf.verify_all

    def meddle(shelf: Shelf, digest: str) -> None:
        monkeypatch.setattr(Shelf, "verify_all", real)
        concluded(reviewed, "reject", "Bo")

    # The last thing that is done before the entry is written.
    monkeypatch.setattr(Shelf, "verify_all", meddle)
    assert decide_pending(reviewed.site()).outcome == "waiting"
    assert decide_pending(reviewed.site()).outcome == "held"
    assert [one.event.kind for one in reviewed.site().ledger.entries()][3:] == ["reviewed", "reviewed", "dismissed"]
    assert audit(reviewed.site()).findings == ()
