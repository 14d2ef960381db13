"""Does the review page keep what is judged, give nothing away, and let nobody in who may not be?"""

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from retrain.errors import StoreError, UsageError
from retrain.service.review_door_starlette import token_for
from retrain.service.review_starlette import review_application
from retrain.service.token import TokenCheck
from retrain.settings import Settings
from retrain.store.events import Reviewed
from reviewing import CHALLENGER, CHAMPION, PLANTED, end_inconclusive, room_of
from service.judging import HERE, TOKEN, Page
from shop import Shop

CALLS = ("open", "judge", "undo", "finish", "verdict")


@pytest.fixture
def page(asked: Shop) -> Iterator[Page]:
    with TestClient(review_application(room_of(asked), None), base_url=HERE, raise_server_exceptions=False) as client:
        yield Page(client)


def test_what_is_judged_is_kept_before_it_is_answered(page: Page, asked: Shop) -> None:
    row = page.call("open")["rows"][0]["id"]
    assert page.call("judge", row=row, choice="right")["choices"] == {row: "right"}
    assert room_of(asked).opinion_of("Ann").choices == {row: "right"}
    assert page.call("undo")["choices"] == {}


def test_no_answer_says_which_is_which(page: Page, asked: Shop) -> None:
    """Not even to one who has finished: totals name the models, rows never do."""
    room = room_of(asked)
    told = [page.call("open"), page.judge_all("Ann"), page.call("verdict", verdict="approve", reason="fine")]
    said = json.dumps(told)
    secrets = [CHAMPION, CHALLENGER, CHALLENGER[:12], CHAMPION[:12], room.plan.seed, room.about.evaluation, "differ"]
    assert not [secret for secret in secrets if secret in said]
    assert {name for one in told for row in one.get("rows", ()) for name in row} == {"id", "text", "left", "right"}


def test_totals_are_for_those_who_have_finished_among_enough(page: Page, asked: Shop) -> None:
    spec = (asked.root / "models" / "shop.yaml").read_text()
    asked.spec(spec.replace("rows: 15", "rows: 15, min_reviewers: 2"))
    with TestClient(review_application(room_of(asked), None), base_url=HERE) as client:
        page = Page(client)
        assert page.judge_all("Ann")["result"] is None, "one of two"
        early = page.post("verdict", {"reviewer": "Ann", "verdict": "approve", "reason": "fine"})
        assert (early.status_code, early.json()["error"][:22]) == (422, "a verdict needs 2 who ")
        assert page.judge_all("Bo", "right")["result"]["agreement"] == "Cohen's kappa -0.99 on 15 rows"
        assert page.call("open", "Cy")["result"] is None, "who still judges sees no totals"
        assert page.call("open", "Cy")["people"][0] == {"name": "Ann", "judged": 15, "finished": True}
        assert page.call("open", "ann")["result"]["rows"] == 15
        given = page.call("verdict", "Bo", verdict="reject", reason="worse on returns")
        assert given["verdict"]["verdict"] == "reject"
        assert page.call("open", "Cy")["verdict"] is None
    entry = asked.site().ledger.newest()
    assert entry is not None
    assert isinstance(entry.event, Reviewed)
    assert (entry.event.reviewers, entry.event.note) == (("Bo",), "worse on returns")


def test_whoever_has_not_approved_yet_is_asked_until_enough_have(asked: Shop) -> None:
    spec = (asked.root / "models" / "shop.yaml").read_text()
    asked.spec(spec.replace("rows: 15", "rows: 15, min_reviewers: 2"))
    with TestClient(review_application(room_of(asked), None), base_url=HERE) as client:
        page = Page(client)
        page.judge_all("Ann")
        page.judge_all("Bo")
        mine = page.call("verdict", "Ann", verdict="approve", reason="better")["verdict"]
        assert (mine["reviewers"], mine["missing"], mine["asked"]) == (["Ann"], 1, False)
        assert page.call("open", "Bo")["verdict"]["asked"]
        done = page.call("verdict", "Bo", verdict="approve", reason="better")["verdict"]
        assert (done["reviewers"], done["missing"], done["asked"]) == (["Ann", "Bo"], 0, False)


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("open", {"reviewer": ""}, "reviewer's name is empty"),
        ("open", {}, "reviewer's name is empty"),
        ("open", ["Ann"], "expected an object"),
        ("judge", {"reviewer": "Ann", "row": "x", "choice": "left"}, "no row 'x' in this review"),
        ("judge", {"reviewer": "Ann", "row": "x", "choice": "champion"}, "the choice is 'champion'; expected one of"),
        ("judge", {"reviewer": "Ann", "row": "x", "choice": None}, "the choice is 'None'"),
        ("undo", {"reviewer": "Ann"}, "nothing to undo"),
        ("finish", {"reviewer": "Ann"}, "15 of 15 rows are not judged yet"),
        ("verdict", {"reviewer": "Ann", "verdict": "maybe", "reason": "x"}, "expected 'approve' or 'reject'"),
        ("verdict", {"reviewer": "Ann", "verdict": "approve", "reason": " "}, "the reason is empty"),
        ("verdict", {"reviewer": "Ann", "verdict": "approve", "reason": "x"}, "a verdict needs 1 who have finished"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(page: Page, name: str, body: object, sentence: str) -> None:
    answer = page.post(name, body)
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


def test_a_page_about_what_no_longer_waits_says_so(page: Page, asked: Shop) -> None:
    page.judge_all("Ann")
    end_inconclusive(asked, room_of(asked).about.snapshot, differ=5, champion=CHAMPION)
    for name, more in (("open", {}), ("verdict", {"verdict": "approve", "reason": "fine"})):
        answer = page.post(name, {"reviewer": "Ann", **more})
        assert answer.status_code == 422
        assert "no longer" in answer.json()["error"]


def test_a_store_that_is_away_is_told_and_nothing_is_called_kept(
    page: Page, asked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = page.call("open")["rows"][0]["id"]

    def full(*_: object) -> None:
        raise StoreError("could not write in the store: the disk is full")

    monkeypatch.setattr("retrain.store.folder.FolderStore.create", full)
    answer = page.post("judge", {"reviewer": "Ann", "row": row, "choice": "left"})
    assert (answer.status_code, answer.json()["error"]) == (503, "could not write in the store: the disk is full")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_pages_call_is_refused(page: Page, asked: Shop, name: str, headers: dict[str, str]) -> None:
    answer = page.post(name, {"reviewer": "Ann"}, **headers)
    assert answer.status_code == 403
    assert "another page" in answer.json()["error"]
    assert room_of(asked).opinions() == ()


def test_a_form_of_another_page_cannot_be_sent_either(page: Page) -> None:
    """A form needs no permission to be sent anywhere, but cannot call itself JSON."""
    sent = page.client.post(f"{HERE}/api/open", content='{"reviewer": "Ann"}', headers={"Content-Type": "text/plain"})
    assert sent.status_code == 415


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8585", "127.0.0.1.evil.example", ""])
def test_a_name_that_was_turned_to_the_loopback_is_refused(page: Page, host: str) -> None:
    for path in ("/", "/review.js", "/health"):
        assert page.client.get(f"{HERE}{path}", headers={"Host": host}).status_code == 421
    assert page.post("open", {"reviewer": "Ann"}, Host=host).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8585", "127.0.0.1:8585", "[::1]:8585"])
def test_the_loopbacks_own_names_are_let_in(page: Page, host: str) -> None:
    assert page.post("open", {"reviewer": "Ann"}, Host=host, Origin=f"http://{host}").status_code == 200


def test_beyond_the_loopback_every_call_shows_the_token(asked: Shop, caplog: pytest.LogCaptureFixture) -> None:
    application = review_application(room_of(asked), TokenCheck(TOKEN))
    with TestClient(application, base_url="http://reviews.example") as client:
        page = Page(client, "http://reviews.example")
        for name in CALLS:
            for header in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": TOKEN},
                {"Cookie": f"token={TOKEN}"},
            ):
                answer = page.post(name, {"reviewer": "Ann"}, **header)
                assert answer.status_code == 401
                assert "token" in answer.json()["error"]
        assert page.post("open", {"reviewer": "Ann"}, Authorization=f"Bearer {TOKEN}").status_code == 200
        foreign = {"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}
        assert page.post("open", {"reviewer": "Ann"}, **foreign).status_code == 403
        empty = client.get("/").text
        assert "shop" not in empty, "the page that loads without a token names no model"
        assert TOKEN not in empty
    assert "refused: POST '/api/open'" in caplog.text
    assert TOKEN not in caplog.text


def test_a_host_that_others_reach_needs_a_token(asked: Shop) -> None:
    assert token_for(asked.settings, "127.0.0.1") is None
    with pytest.raises(UsageError, match="other machines can reach, and RETRAIN_TOKEN is not set"):
        token_for(asked.settings, "0.0.0.0")
    places = {"store": "s", "models": asked.root, "work": asked.root, "cache": asked.root}
    settings = Settings(**places, token=TOKEN)  # type: ignore[arg-type]
    assert token_for(settings, "0.0.0.0") is not None
    assert TOKEN not in repr(settings)


def test_nothing_that_the_page_shows_can_run_or_call_elsewhere(page: Page) -> None:
    for path in ("/", "/review.js", "/review.css"):
        answer = page.client.get(f"{HERE}{path}")
        rules = answer.headers["content-security-policy"]
        assert "default-src 'none'" in rules
        assert "unsafe" not in rules
        assert "frame-ancestors 'none'" in rules
        assert answer.headers["x-content-type-options"] == "nosniff"
    script = page.client.get(f"{HERE}/review.js").text
    assert "innerHTML" not in script
    assert "eval(" not in script
    texts = [row["text"] for row in page.call("open")["rows"]]
    assert any(PLANTED in text for text in texts), "so that the browser tests have something to show"
