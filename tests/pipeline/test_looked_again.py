"""Are groups looked at again when labels come for a challenger that waits? No model is asked here."""

import json

import pytest

from left_open import OPEN, as_it_was, forged, left_open, with_report
from retrain.evaluation.comparison import EvaluationReport
from retrain.pipeline.answered_before import AnsweredBefore
from retrain.pipeline.audit import audit
from retrain.pipeline.pending import decide_pending
from retrain.store.events import Dismissed, Promoted
from shop import DAY, FEW, LATE, START, Message, Messages, Shop, few

WON, LOST = 80, 30
ROWS = 2 * WON + 2 * LOST
"""So many of them one of the two alone gets right; of the others the first are right and the last wrong by both."""


@pytest.fixture
def waits(shop: Shop) -> Shop:
    """A challenger that waits for labels; none of its held-out rows names a group."""
    left_open(shop, "unknown_group: allow", OPEN)
    pending = shop.site().ledger.state().pending
    assert pending is not None
    assert pending.waits_for == ("labels",)
    return shop


def labelled(shop: Shop, rows: list[Message]) -> None:
    """Rows of a day with their labels, and what was answered: by halves of the won, and by halves of the lost."""
    ids = shop.day(0, rows)
    shop.now = START + DAY + LATE
    right = [row["label"] for row in rows]
    shop.label(ids, right)
    wrong = [FEW[(FEW.index(label) + 1) % len(FEW)] for label in right]
    pending = shop.site().ledger.state().pending
    assert pending is not None
    challenger = [*right[: 2 * WON], *wrong[2 * WON :]]
    champion = [wrong[at] if at < WON or at >= 2 * WON + LOST else right[at] for at in range(ROWS)]
    AnsweredBefore(shop.site(), pending).add([row["text"] for row in rows], challenger, champion)


def in_channels(messages: Messages, *, apart: bool) -> list[Message]:
    """Under the champion half of each channel's rows are right; apart, the challenger has all of one and none of the
    other."""
    rows = few(messages("base", 0, 1560))[:ROWS]
    channels = [("web", "app")[at >= 2 * WON if apart else at % 2] for at in range(ROWS)]
    return [{**row, "channel": channel} for row, channel in zip(rows, channels, strict=True)]


def test_a_gain_that_every_group_has_promotes(waits: Shop, messages: Messages) -> None:
    labelled(waits, in_channels(messages, apart=False))
    result = decide_pending(waits.site())
    assert (result.outcome, result.fresh_rows > 100) == ("promoted", True), result.reasons
    assert any(reason.startswith("fair: with ") for reason in result.reasons)
    newest = waits.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Promoted)
    page = waits.site().evaluations.read(newest.evidence["evaluation"], "report.md").decode()
    assert f"## By group, with {result.fresh_rows} fresh rows" in page
    assert audit(waits.site()).findings == ()


def test_a_gain_at_the_cost_of_a_group_is_held_though_no_held_out_row_names_it(waits: Shop, messages: Messages) -> None:
    labelled(waits, in_channels(messages, apart=True))
    result = decide_pending(waits.site())
    told = {reason.partition(": ")[0]: reason for reason in result.reasons}
    assert "better: " in told["better_or_equal"], "over all rows it has shown what it was waiting for"
    assert "gap over 0.100: 'channel=web' over 'channel=app'" in told["fair"]
    assert "'channel=app' -0.500" in told["not_worse_in_any_slice"]
    assert result.outcome == "held"
    newest = waits.site().ledger.newest()
    assert newest is not None
    assert isinstance(newest.event, Dismissed)
    assert audit(waits.site()).findings == ()


def test_held_out_and_fresh_rows_are_kept_as_one_comparison_and_apart(waits: Shop, messages: Messages) -> None:
    labelled(waits, in_channels(messages, apart=False))
    result = decide_pending(waits.site())
    newest = waits.site().ledger.newest()
    assert newest is not None
    stored = waits.site().evaluations.read(newest.evidence["evaluation"], "evaluation.json")
    report = EvaluationReport.model_validate_json(stored)
    assert report.together is not None
    assert report.fresh is not None
    assert report.together.rows == report.comparison.rows + result.fresh_rows
    won = report.comparison.only_challenger_right + report.fresh.won
    assert (report.together.only_challenger_right, report.together.champion_version) == (
        won,
        report.comparison.champion_version,
    )
    assert {part.name for part in report.together.slices if part.kind == "group"} == {"channel=app", "channel=web"}
    assert not [part for part in report.comparison.slices if part.kind == "group"]
    assert json.loads(stored)["together"]["metrics"]


def test_a_promotion_that_forgets_what_fresh_rows_showed_of_groups_is_found(waits: Shop, messages: Messages) -> None:
    labelled(waits, in_channels(messages, apart=True))
    result = decide_pending(waits.site())
    assert result.outcome == "held"
    number = waits.site().ledger.newest().number  # type: ignore[union-attr]
    forged(waits, number, as_it_was)
    assert audit(waits.site()).findings == ()
    forged(waits, number, with_report(waits, lambda report: report.model_copy(update={"together": None})))
    told = [finding.what for finding in audit(waits.site()).findings]
    assert f"{result.fresh_rows} fresh rows came, and its evaluation does not look at groups with them" in told
