"""What does the webhook answer, and what does it leave undone, whoever calls and whatever is sent?"""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from retrain.errors import UsageError
from retrain.pipeline.claim import Asked, Run, claim
from retrain.pipeline.retrain import silent
from retrain.service.body_starlette import LARGEST_BYTES
from retrain.service.queue_prefect import Ask
from retrain.service.token import LINES_PER_MINUTE, Refusals, TokenCheck
from retrain.store.events import Claimed, Ended
from retrain.store.ledger import Draft
from retrain.store.state import Claim
from service.calling import JSON, RETRAIN, TOKEN, WITH_TOKEN, Webhook, alert, sentence
from shop import SPEC, spec_with_trigger

# Who may ask.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_needs_no_token_and_tells_nothing(webhook: Webhook, method: str) -> None:
    answer = webhook(method, "/health", headers={})
    assert (answer.status_code, answer.text) == (200, "ok" if method == "GET" else "")


REFUSED: list[tuple[str, Any]] = [
    ("none", {}),
    ("another", {"Authorization": "Bearer not-the-real-token-9999"}),
    ("the beginning", {"Authorization": f"Bearer {TOKEN[:-1]}"}),
    ("longer", {"Authorization": f"Bearer {TOKEN}x"}),
    ("empty", {"Authorization": "Bearer "}),
    ("bare", {"Authorization": TOKEN}),
    ("basic", {"Authorization": f"Basic {TOKEN}"}),
    ("two", [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer x")]),
    ("other header", {"X-Token": TOKEN}),
    ("not text", {"Authorization": b"Bearer \xff\xfe\x80"}),
]


@pytest.mark.parametrize("headers", [each for _, each in REFUSED], ids=[name for name, _ in REFUSED])
@pytest.mark.parametrize("path", [RETRAIN, "/alertmanager", "/nothing", f"{RETRAIN}?token={TOKEN}"])
def test_without_the_token_nobody_gets_in_or_learns_what_is_there(webhook: Webhook, path: str, headers: Any) -> None:
    sent = [*(headers.items() if isinstance(headers, dict) else headers), *JSON.items()]
    answer = webhook("POST", path, headers=sent, content=json.dumps({"reason": "x"}))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="retrain"')
    assert "RETRAIN_TOKEN" in sentence(answer)
    assert webhook.queue.asked == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_right_token_gets_in(webhook: Webhook, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}", **JSON}
    assert webhook("POST", RETRAIN, headers=headers, content='{"reason": "x"}').status_code == 202


@pytest.mark.parametrize("secret", [None, "", "with blanks in it 123", "line-end-01234567\n", "möglicherweise-0123"])
def test_a_token_that_nobody_could_show_is_refused_at_the_start(secret: str | None) -> None:
    with pytest.raises(UsageError, match="RETRAIN_TOKEN"):
        TokenCheck(secret)


def test_refused_callers_are_told_of_without_their_token_and_not_for_ever(
    webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "retrain.webhook"):
        webhook(
            "POST", f"/models/x%0d%0aINFO%20forged/{'long' * 100}?t={TOKEN}", headers={"Authorization": "Bearer tried"}
        )
        webhook("POST", f"{RETRAIN}?t={TOKEN}", content="{}")
    first, second = caplog.messages
    assert first.startswith("refused (wrong token): POST '/models/x\\r\\nINFO forged/longlong")
    assert len(first) < 200
    assert second.startswith(f"POST '{RETRAIN}' from 127.0.0.1: 422 in ")
    assert not any(secret in caplog.text for secret in (TOKEN, "tried"))


def test_a_flood_of_wrong_tries_is_a_few_lines() -> None:
    now, lines = [0.0], list[str]()
    refusals = Refusals(clock=lambda: now[0], tell=lines.append)
    for _ in range(5000):
        refusals.add("refused")
    assert len(lines) == LINES_PER_MINUTE
    now[0] = 61.0
    refusals.add("refused later")
    assert lines[-2:] == [
        f"{5000 - LINES_PER_MINUTE} more callers without the right token were refused since",
        "refused later",
    ]


# A plain request.


def test_a_plain_request_is_queued_and_says_where(webhook: Webhook) -> None:
    answer = webhook.plain(reason="new products\nsince May", request="ticket-7")
    assert answer.status_code == 202
    assert answer.json() == {
        "model": "shop",
        "request": "ticket-7",
        "flow_run": "run-ticket-7",
        "state": "Scheduled",
        "address": "http://ui/run",
        "again": False,
    }
    assert webhook.queue.asked == [
        Ask(model="shop", cause="manual", reason="new products since May", request="ticket-7")
    ]
    assert webhook.plain(reason="said otherwise", request="ticket-7").json()["again"] is True


@pytest.mark.parametrize("key", ["ticket-7", '"ticket-7"'])
def test_an_idempotency_key_is_the_request(webhook: Webhook, key: str) -> None:
    headers = {**WITH_TOKEN, "Idempotency-Key": key}
    answer = webhook("POST", RETRAIN, headers=headers, content='{"reason": "x"}')
    assert answer.json()["request"] == "ticket-7"
    both = webhook("POST", RETRAIN, headers=headers, content='{"reason": "x", "request": "other"}')
    assert (both.status_code, "send one of them" in sentence(both)) == (422, True)


def test_without_an_id_the_same_words_are_one_request_until_a_retrain_has_ended(webhook: Webhook) -> None:
    first, second = (webhook.plain(reason="new products").json() for _ in range(2))
    assert (first["again"], second["again"], second["request"]) == (False, True, first["request"])
    assert webhook.plain(reason="other words").json()["request"] != first["request"]
    ledger = webhook.shop.site().ledger
    now = datetime(2026, 3, 2, tzinfo=UTC)
    claim = Claim(
        id="c",
        cause="manual",
        reason="r",
        at=now,
        expires_at=now + timedelta(hours=1),
        host="h",
        pid=1,
        process_start="s",
    )
    ledger.append(lambda newest: Draft(event=Claimed(claim=claim), reasons=("r",), actor="a"))
    assert webhook.plain(reason="new products").json()["request"] == first["request"], "it is under way"
    ledger.append(lambda newest: Draft(event=Ended(claim="c", outcome="held"), reasons=("r",), actor="a"))
    assert webhook.plain(reason="new products").json()["request"] != first["request"], "it has ended"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "'reason' is missing or empty"),
        ({"reason": " \n\u200b"}, "'reason' is missing or empty"),
        ({"reason": 7}, "'reason' is 7, of type int; expected a few words of text"),
        ({"reason": "x" * 501}, "501 characters, 500 are kept"),
        ({"reason": "x", "request": 7}, "'request' is 7"),
        ({"reason": "x", "resaon": "y"}, "unknown key 'resaon'"),
        (["x"], "expected an object"),
        ("x", "expected an object"),
        (None, "expected an object"),
    ],
)
def test_words_that_do_not_fit_get_422_and_a_sentence(webhook: Webhook, body: object, said: str) -> None:
    answer = webhook("POST", RETRAIN, content=json.dumps(body))
    assert (answer.status_code, webhook.queue.asked) == (422, [])
    assert said in sentence(answer)


@pytest.mark.parametrize("name", ["shoop", "SHOP", "..%2Fshop", "%00", "shop.yaml", "a" * 3000])
def test_an_unknown_model_gets_404_and_the_nearest_name(webhook: Webhook, name: str) -> None:
    answer = webhook("POST", f"/models/{name}/retrain", content='{"reason": "x"}')
    assert (answer.status_code, webhook.queue.asked) == (404, [])
    assert "shop" in sentence(answer) or "the doors are" in sentence(answer)
    assert len(sentence(answer)) < 300


def test_a_spec_that_cannot_be_used_says_which_line(webhook: Webhook) -> None:
    webhook.shop.spec(spec_with_trigger("max_age_day: 3"))
    answer = webhook.plain(reason="x")
    assert (answer.status_code, "did you mean 'max_age_days'?" in sentence(answer)) == (422, True)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", RETRAIN, 405), ("POST", "/", 404), ("PUT", "/health", 405)]
)
def test_another_door_or_method_names_the_right_ones(webhook: Webhook, method: str, path: str, status: int) -> None:
    answer = webhook(method, path)
    assert (answer.status_code, "POST /alertmanager" in sentence(answer)) == (status, True)


# Bodies that are none.


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"reason=x", {}, 400),
        (b'{"reason": "x"', {}, 400),
        (b"\xff\xfe\x00", {}, 400),
        ('{"reason": "x"}'.encode("utf-16"), {}, 400),
        (b"[" * 200_000, {}, 400),
        (b"9" * 10_000, {}, 400),
        (b" " * (LARGEST_BYTES + 1), {}, 413),
        (b'{"reason": "x"}', {"Content-Type": "text/plain"}, 415),
        (b'{"reason": "x"}', {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b'{"reason": "x"}', {"Content-Encoding": "gzip"}, 415),
    ],
    ids=["empty", "form", "cut", "bytes", "utf-16", "deep", "number", "large", "text", "urlencoded", "gzip"],
)
@pytest.mark.parametrize("path", [RETRAIN, "/alertmanager"])
def test_garbage_gets_its_status_and_a_sentence(
    webhook: Webhook, path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = webhook("POST", path, content=content, headers={**WITH_TOKEN, **headers})
    assert (answer.status_code, webhook.queue.asked) == (status, [])
    assert sentence(answer)


def test_a_charset_may_be_named(webhook: Webhook) -> None:
    headers = {**WITH_TOKEN, "Content-Type": "Application/JSON; charset=utf-8"}
    assert webhook("POST", RETRAIN, content='{"reason": "x"}', headers=headers).status_code == 202


# Alertmanager.


def test_a_notification_is_answered_alert_by_alert(webhook: Webhook) -> None:
    answer = webhook.notify(alert(), alert("shoop"), alert(status="resolved"), alert())
    assert answer.status_code == 202
    told = answer.json()["alerts"]
    assert [each["outcome"] for each in told] == ["queued", "ignored", "ignored", "again"]
    assert told[0]["flow_run"] == told[3]["flow_run"]
    assert told[1]["why"] == "no model 'shoop' has a spec here"
    assert {(ask.model, ask.cause, ask.reason) for ask in webhook.queue.asked} == {
        ("shop", "alert", "alert Misread: why")
    }


def test_an_alert_waits_for_the_cooldown_and_a_person_does_not(webhook: Webhook) -> None:
    run = claim(webhook.shop.site(), Asked(cause="manual", reason="before"), silent)
    assert isinstance(run, Run)
    run.append(Ended(claim=run.claim.id, outcome="held"), ("no better",))
    # The webhook goes by the real clock, which is well past a retrain of last spring; so the rest is made long.
    webhook.shop.spec(spec_with_trigger("cooldown_hours: 876000"))
    answer = webhook.notify(alert())
    (told,) = answer.json()["alerts"]
    assert (answer.status_code, told["outcome"], webhook.queue.asked) == (200, "waits", [])
    assert "cooldown until" in told["why"]
    assert webhook.plain(reason="I know better").status_code == 202
    webhook.shop.spec(SPEC)
    assert webhook.notify(alert()).status_code == 202


def test_a_notification_that_asks_nothing_is_fine(webhook: Webhook) -> None:
    for alerts in ([], [alert(status="resolved")]):
        answer = webhook.notify(*alerts)
        assert (answer.status_code, webhook.queue.asked) == (200, [])


def test_a_notification_of_which_nothing_can_be_done_is_a_visible_mistake(webhook: Webhook) -> None:
    answer = webhook.notify(alert("shoop"), alert(status="resolved"))
    assert (answer.status_code, webhook.queue.asked) == (422, [])


@pytest.mark.parametrize("content", ["[]", "{}", '{"version": "4"}', '{"version": "1", "alerts": []}', "null"])
def test_json_that_is_no_notification_is_refused(webhook: Webhook, content: str) -> None:
    answer = webhook("POST", "/alertmanager", content=content)
    assert (answer.status_code, bool(sentence(answer))) == (400, True)
