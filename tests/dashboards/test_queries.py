"""Does every expression parse, and find something after a real history, in a real Prometheus?"""

from collections.abc import Callable

import httpx
import pytest
from dashboards.draw.server import NotDrawn

from .conftest import NAMES, Watched, checked_in, expressions, filled


@pytest.mark.parametrize("board", NAMES)
def test_every_expression_parses_and_finds_something(watched: Watched, board: str) -> None:
    for where, expression in expressions(checked_in(board)):
        asked = filled(expression, board)
        assert watched.prometheus.ask("format_query", query=asked), where
        assert watched.await_series(asked), f"{where} of {board} found nothing: {asked}"


def test_the_variable_offers_every_model(watched: Watched) -> None:
    watched.await_series("retrain_ledger_up")
    found = watched.prometheus.ask("label/model/values", **{"match[]": "retrain_ledger_up"})
    assert found == ["refund-reason", "support-intents", "ticket-urgency"]


def test_marks_stand_at_moments_of_the_story(watched: Watched) -> None:
    """In milliseconds, as Grafana takes a value for a time: of the spring of 2026, and not of 1970."""
    for mark in checked_in("drift")["annotations"]["list"][1:]:
        for series in watched.await_series(filled(mark["expr"], "drift")):
            assert 1_772_000_000_000 < float(series["value"][1]) < 1_781_000_000_000, mark["name"]


def test_what_cannot_be_asked_is_told_apart_from_what_finds_nothing(watched: Watched) -> None:
    with pytest.raises(NotDrawn, match="parse error"):
        watched.prometheus.ask("format_query", query="sum by (model) (")
    assert watched.query("retrain_of_no_such_name") == []


@pytest.mark.parametrize("page", ["drift-report", "evaluation", "card"])
def test_links_lead_to_pages_that_the_exporter_serves(page: str, fetched: Callable[[str], httpx.Response]) -> None:
    answer = fetched(f"/models/support-intents/{page}")
    assert answer.status_code == 200, answer.text
    assert answer.text
