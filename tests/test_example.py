"""Does the example that a reader copies from work: the spec, and the app that serves the champion?"""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from starlette.testclient import TestClient

from retrain.pipeline.champion import ChampionWatch
from retrain.pipeline.rollback import promote
from retrain.production.logger import PredictionLogger
from retrain.production.reader import read_window
from retrain.spec_file import read_spec
from shop import DAY, START, Shop

EXAMPLE = Path(__file__).parents[1] / "examples" / "support"
MESSAGE = {"text": "where is my parcel", "channel": "chat"}


@pytest.fixture(scope="module")
def serve() -> ModuleType:
    """The example's app; a script, in no package."""
    spec = importlib.util.spec_from_file_location("serve", EXAMPLE / "serve.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def client(serve: ModuleType, shop: Shop) -> TestClient:
    watch = ChampionWatch("shop", shop.settings, refresh_seconds=0)
    return TestClient(serve.make_app(watch.get, PredictionLogger(shop.root / "served", clock=lambda: START + DAY / 2)))


def another_version(shop: Shop, version: str) -> str:
    """The same model without its card, which is another version."""
    shelf = shop.site().versions
    folder = shelf.fetch(version, shop.root / "copies")
    files = {path.name: path for path in folder.iterdir() if path.name not in ("manifest.json", "card.md")}
    return shelf.put(files, shelf.manifest(version).about)


def test_the_spec_is_valid_and_names_files_that_are_there() -> None:
    spec = read_spec(EXAMPLE / "support.yaml")
    assert spec.path(spec.dataset.examples) == EXAMPLE / "messages.csv"
    assert spec.path(spec.production.log) == EXAMPLE / "log"


def test_without_a_champion_the_app_says_how_to_make_one(serve: ModuleType, shop: Shop) -> None:
    with client(serve, shop) as app:
        for answer in (app.get("/healthz"), app.post("/classify", json=MESSAGE)):
            assert answer.status_code == 503
            assert "retrain run shop" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("not json", "expected a JSON object"),
        ("[]", "expected a JSON object"),
        ("{}", "'text'"),
        ('{"text": "  ", "channel": "chat"}', "'text'"),
        ('{"text": 7, "channel": "chat"}', "'text'"),
        ('{"text": "hello", "channel": "fax"}', "'fax'; expected one of app, chat, email"),
        ('{"text": "hello", "channel": ["chat"]}', "'channel'"),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_why(serve: ModuleType, shop: Shop, body: str, named: str) -> None:
    with client(serve, shop) as app:
        answer = app.post("/classify", content=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert not (shop.root / "served").exists(), "nothing was answered, so nothing is logged"


@pytest.mark.model
def test_each_answer_is_logged_and_a_promotion_is_noticed(serve: ModuleType, running_shop: Shop) -> None:
    first = ChampionWatch("shop", running_shop.settings).get().version
    with client(serve, running_shop) as app:
        assert app.get("/healthz").json() == {"version": first}
        before = app.post("/classify", json=MESSAGE).json()
        other = another_version(running_shop, first)
        promote(running_shop.site(), other, reason="by hand")
        after = app.post("/classify", json=MESSAGE | {"channel": "email"}).json()
    assert (before["version"], after["version"]) == (first, other)
    assert before["label"] == after["label"]
    policy = running_shop.site().spec.production
    window = read_window(running_shop.root / "served", policy, start=START, end=START + DAY, now=START + 2 * DAY)
    assert (window.total, window.quarantined) == (2, {})
    rows = {row["id"]: row for row in window.rows.to_dicts()}
    for answer, channel in ((before, "chat"), (after, "email")):
        row = rows[answer["id"]]
        assert (row["output"], row["model_version"], row["group_channel"]) == (
            answer["label"],
            answer["version"],
            channel,
        )
        assert row["confidence"] == pytest.approx(answer["confidence"])


@pytest.mark.model
def test_while_the_store_is_away_the_version_in_memory_answers(serve: ModuleType, running_shop: Shop) -> None:
    with client(serve, running_shop) as app:
        before = app.post("/classify", json=MESSAGE).json()
        store = running_shop.root / "store"
        store.rename(running_shop.root / "away")
        store.write_text("in the way")
        after = app.post("/classify", json=MESSAGE)
        assert app.get("/healthz").json() == {"version": before["version"]}
    assert (after.status_code, after.json()["version"]) == (200, before["version"])
