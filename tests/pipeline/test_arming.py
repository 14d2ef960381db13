"""Is the monitor armed only with a reference that it stays quiet on, and does everybody see why not?"""

from retrain.pipeline.audit import audit
from retrain.pipeline.check import check
from retrain.pipeline.explain import history
from retrain.pipeline.status import status
from retrain.store.events import Referenced
from shop import DAY, LATE, SPEC, START, Messages, Shop

BUDGET = SPEC.replace("{reference_rows: 300, rule: windows}", "{reference_rows: 1000}")
ROWS = 260


def referenced(shop: Shop) -> list[Referenced]:
    return [entry.event for entry in shop.site().ledger.entries() if isinstance(entry.event, Referenced)]


def quiet(shop: Shop, messages: Messages, day: int) -> None:
    shop.day(day, messages("base", day * ROWS, ROWS))


def test_a_steady_reference_arms_and_the_ledger_holds_its_replay(shop: Shop, messages: Messages) -> None:
    shop.spec(BUDGET)
    for day in range(5):
        quiet(shop, messages, day)
    shop.now = START + 5 * DAY + LATE
    result = check(shop.site())
    assert (result.state, result.windows) == ("quiet", 1)
    assert result.evidence is not None
    assert result.evidence.total < result.evidence.needed
    assert any("of 365 needed for an alarm" in reason for reason in result.reasons)
    assert all(signal.p_value is not None and signal.evidence is not None for signal in result.signals)
    (entry,) = referenced(shop)
    assert entry.refused is None
    assert entry.replay is not None
    assert (entry.replay.looks, entry.replay.alarms) == (4, 0)


def test_an_unsteady_reference_is_refused_until_it_is_steady_or_the_policy_another(
    shop: Shop, messages: Messages
) -> None:
    shop.spec(BUDGET)
    for day in range(6):
        shop.day(day, messages("base", day * 130, 130))
    for day in (6, 7):
        shop.day(day, messages("new_intent", day * 130, 130), sure=0.3)
    shop.now = START + 8 * DAY + LATE
    result = check(shop.site())
    assert (result.state, result.windows) == ("insufficient_data", 0), referenced(shop)
    assert "the monitor is not armed" in result.reasons[0]
    (entry,) = referenced(shop)
    assert entry.refused is not None
    assert entry.replay is not None
    assert entry.replay.alarms > 0
    seen = status(shop.site())
    assert seen.state == "insufficient_data"
    assert seen.reasons[0] == result.reasons[0]
    assert "was refused; the monitor is not armed" in history(shop.site())[-1].what

    assert check(shop.site()).reasons[0] == result.reasons[0]
    assert len(referenced(shop)) == 1, "the same rows under the same policy are tried once"

    shop.spec(BUDGET.replace("reference_rows: 1000", "reference_rows: 1000, rule: windows"))
    check(shop.site())
    assert referenced(shop)[-1].refused is None
    assert status(shop.site()).reasons[0] != result.reasons[0]
    assert audit(shop.site()).sound


def test_a_season_that_the_reference_does_not_know_is_gathered_further(shop: Shop, messages: Messages) -> None:
    shop.spec(BUDGET.replace("reference_rows: 1000", "reference_rows: 1000, season: weekday"))
    for day in range(14):
        shop.day(day, messages("base", day * 100, 100))
        shop.now = START + (day + 1) * DAY + LATE
        if day in (8, 9, 10, 13):
            result = check(shop.site())
            if day in (9, 10):
                assert f"spans {24 * (day + 1)} h, 336 needed to know each weekday" in result.reasons[0]
    assert [entry.refused is None for entry in referenced(shop)] == [False, False, True], referenced(shop)[-1]
