"""Does the story of a challenger that people judged say what they said, and what came of it?"""

from datetime import timedelta

from left_open import CLEAR, OPEN, approve, left_open
from retrain.pipeline.explain import Decision, explain, history
from retrain.pipeline.pending import decide_pending
from retrain.pipeline.review_room import said_so_far
from retrain.pipeline.reviewing import conclude, waiting
from shop import Shop

REVIEW = "review: {required: always, min_reviewers: 2}"


def reject(shop: Shop, who: str = "Bob") -> None:
    site = shop.site()
    conclude(site, waiting(site), said_so_far(site), verdict="reject", by=(who, "rude on returns"))


def told(shop: Shop, number: int) -> Decision:
    return explain(shop.site(), number)


def test_what_people_rejected_is_dismissed_because_of_them(shop: Shop) -> None:
    challenger = left_open(shop, REVIEW, CLEAR)
    reject(shop)
    assert decide_pending(shop.site()).outcome == "held"
    said = told(shop, 5)
    assert said.what == (
        f"Version {challenger[:12]} was dismissed because people (Bob) rejected it; the champion stays."
    )
    assert history(shop.site())[-1].what == said.what
    assert any("Entry 4 (" in line and line.endswith("Bob, through a test rejected it.") for line in said.led_to)


def test_what_nobody_approved_in_time_is_no_worse_for_it(shop: Shop) -> None:
    left_open(shop, REVIEW, CLEAR)
    approve(shop)
    shop.now += timedelta(days=15)
    assert decide_pending(shop.site()).outcome == "held"
    assert "was dismissed because too few people approved it in time; the champion stays." in told(shop, 5).what


def test_a_challenger_that_another_rule_holds_is_told_by_its_rule(shop: Shop) -> None:
    left_open(shop, "review: {required: inconclusive}", OPEN)
    shop.spec(
        (shop.root / "models" / "shop.yaml").read_text().replace("promotion: {", "promotion: {max_size_mb: 0.1, ")
    )
    assert decide_pending(shop.site()).outcome == "held"
    assert "did not pass small_enough and is looked at no more" in told(shop, 4).what


def test_a_verdict_says_what_it_needs_what_would_undo_it_and_what_came_of_it(shop: Shop) -> None:
    left_open(shop, REVIEW, CLEAR)
    approve(shop)
    said = told(shop, 4)
    assert said.would_change == (
        "1 more people must approve before it counts: `retrain review shop --approve`.",
        "A rejection by anybody after it would have taken its place, until the gate's next look.",
    )
    assert said.came_of_it == (
        "Nothing yet: the gate reads it at its next look, with each check or by `retrain decide`.",
    )
    assert said.who == "A person decided: Ann, through a test said 'better on returns'."
    reject(shop)
    decide_pending(shop.site())
    assert [line.split(": ", 1)[1] for line in told(shop, 4).came_of_it] == [
        "Bob, through a test rejected it; that stands since."
    ]
    (then,) = told(shop, 5).came_of_it
    assert then.startswith("Entry 6 (")
    assert then.endswith("the challenger was held.")
    assert "An approval after it" in told(shop, 5).would_change[0]


def test_an_approval_that_promotes_says_so(shop: Shop) -> None:
    left_open(shop, "review: {required: always}", CLEAR)
    approve(shop)
    assert decide_pending(shop.site()).outcome == "promoted"
    assert told(shop, 4).came_of_it[0].endswith("the challenger became champion.")
