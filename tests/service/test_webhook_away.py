"""What is a caller told when Prefect, the store or the specs behind the webhook are away, or it fails itself?"""

import threading
from pathlib import Path

import pytest

from retrain.errors import BrokenLedger, ServiceAway
from retrain.service import webhook_starlette
from retrain.service.queue_prefect import Ask, Queued
from service.calling import Webhook, alert, sentence


@pytest.mark.parametrize("error", [ServiceAway("Prefect is away"), OSError(28, "No space left on device")])
def test_when_prefect_is_away_callers_are_asked_to_come_again(webhook: Webhook, error: Exception) -> None:
    webhook.queue.fails = error
    for answer in (webhook.plain(reason="x"), webhook.notify(alert())):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert str(error) in sentence(answer)


def test_what_was_queued_before_prefect_went_away_is_told_and_found_again(webhook: Webhook) -> None:
    alerts = [alert(start=f"2026-03-0{day}T00:00:00Z") for day in (1, 2, 3)]
    webhook.queue.fails, webhook.queue.fails_at = ServiceAway("away"), 1
    answer = webhook.notify(*alerts)
    assert (answer.status_code, [each["outcome"] for each in answer.json()["alerts"]]) == (503, ["queued"])
    webhook.queue.fails = None
    assert [each["outcome"] for each in webhook.notify(*alerts).json()["alerts"]] == ["again", "queued", "queued"]


def test_a_models_folder_that_is_gone_makes_no_model_unknown(webhook: Webhook) -> None:
    folder = webhook.shop.root / "models"
    folder.rename(folder.with_name("unmounted"))
    for answer in (webhook.plain(reason="x"), webhook.notify(alert())):
        assert (answer.status_code, "RETRAIN_MODELS" in sentence(answer)) == (503, True)


def test_a_store_that_cannot_be_read_asks_to_come_again(webhook: Webhook) -> None:
    Path(webhook.settings.store).write_text("in the way")
    assert webhook.plain(reason="x").status_code == 503


def test_a_broken_ledger_is_no_reason_to_come_again_at_once(webhook: Webhook) -> None:
    webhook.queue.fails = BrokenLedger("its chain does not hold")
    answer = webhook.plain(reason="x", request="r")
    assert (answer.status_code, "Retry-After" in answer.headers, sentence(answer)) == (
        500,
        False,
        str(webhook.queue.fails),
    )


def test_a_mistake_of_ours_shows_no_insides(webhook: Webhook) -> None:
    webhook.queue.fails = RuntimeError("inside")
    answer = webhook.plain(reason="x", request="r")
    assert (answer.status_code, "fault of the webhook" in sentence(answer), "inside" in answer.text) == (
        500,
        True,
        False,
    )


def test_a_server_that_never_answers_costs_a_bounded_time(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def hang(ask: Ask) -> Queued:
        ended.wait(30)
        raise ServiceAway("late")

    monkeypatch.setattr(webhook_starlette, "ASK_SECONDS", 0.3)
    webhook.queue = hang  # type: ignore[assignment]
    answer = webhook.plain(reason="x", request="r")
    ended.set()
    assert (answer.status_code, "within 0.3 s" in sentence(answer)) == (503, True)
