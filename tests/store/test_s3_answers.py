"""What is made of each answer that an S3 server may give, also of those that no server here gives?"""

from collections.abc import Iterator

import pytest

from retrain.errors import AlreadyExists, NotInStore, RetrainError, StoreError, UnsafeStore
from retrain.store.patience import Patience
from retrain.store.s3_boto3 import S3Store
from servers.bucket import told
from servers.scripted import Script, scripted

Answers = list[tuple[int, str]]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A server that says what it is told to say."""
    with scripted() as script:
        keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
        told(monkeypatch, {**keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{script.port}"})
        yield script


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def store(waited: list[float]) -> S3Store:
    """One that waits in no real time."""
    return S3Store("s3://bucket/p", Patience(sleep=waited.append, timer=lambda: sum(waited)))


@pytest.mark.parametrize(("status", "code"), [(404, "NoSuchKey"), (409, "ConditionalRequestConflict"), (409, "")])
def test_the_loser_of_a_race_may_hear_404_or_409_too(store: S3Store, script: Script, status: int, code: str) -> None:
    script.answers = {"PUT": [(status, code)], "HEAD": [(200, "")]}
    with pytest.raises(AlreadyExists):
        store.create("k", b"")
    assert script.asked == ["PUT", "HEAD"]


@pytest.mark.parametrize(("status", "code"), [(404, "NoSuchKey"), (409, "ConditionalRequestConflict")])
def test_a_race_that_nobody_won_is_run_again(store: S3Store, script: Script, status: int, code: str) -> None:
    script.answers = {"PUT": [(status, code), (200, "")], "HEAD": [(404, "")]}
    store.create("k", b"")
    assert script.asked == ["PUT", "HEAD", "PUT"]


def test_412_at_the_first_try_is_a_lost_race_at_once(store: S3Store, script: Script) -> None:
    script.answers = {"PUT": [(412, "PreconditionFailed")]}
    with pytest.raises(AlreadyExists):
        store.create("k", b"")
    assert script.asked == ["PUT"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((500, "InternalError"), (502, ""), (503, "SlowDown"), (504, ""), (429, "TooManyRequests")),
        *((400, "RequestTimeout"), (400, "BadDigest"), (400, "IncompleteBody"), (503, "ServiceUnavailable")),
    ],
)
def test_what_may_pass_is_tried_again(
    store: S3Store, script: Script, waited: list[float], status: int, code: str
) -> None:
    script.answers = {"PUT": [(status, code), (status, code), (200, "")]}
    store.create("k", b"content")
    assert script.asked == ["PUT"] * 3
    assert len(waited) == 2
    assert 0 < waited[0] <= 0.1
    assert waited[1] <= 0.2


def test_what_does_not_pass_ends_when_patience_does(store: S3Store, script: Script, waited: list[float]) -> None:
    script.answers = {"PUT": [(503, "SlowDown")], "GET": [(503, "SlowDown")]}
    with pytest.raises(StoreError, match=r"SlowDown, status 503\); whether it was stored is not known"):
        store.create("k", b"")
    assert 19.9 < sum(waited) < 20.1
    with pytest.raises(StoreError, match="is the server up, and the network"):
        store.read("k")


REFUSED = {
    (403, "AccessDenied"): "needs s3:GetObject, s3:PutObject and s3:ListBucket",
    (403, "InvalidAccessKeyId"): "set AWS_ACCESS_KEY_ID",
    (403, "SignatureDoesNotMatch"): "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY anew",
    (400, "ExpiredToken"): "have expired: get new credentials",
    (403, "RequestTimeTooSkewed"): "set the clock",
    (404, "NoSuchBucket"): "the bucket is gone, or was never made",
    (403, "QuotaExceeded"): "the quota is used up",
    (507, "InsufficientStorage"): "disks are full",
    (507, ""): "disks are full",
    (400, "EntityTooLarge"): "no object of this size",
    (400, "AuthorizationHeaderMalformed"): "set AWS_DEFAULT_REGION",
    (400, "SomethingNew"): "SomethingNew, status 400",
}


@pytest.mark.parametrize(("answer", "sentence"), REFUSED.items(), ids=[f"{s}-{c}" for s, c in REFUSED])
def test_what_will_not_pass_is_told_at_once(
    store: S3Store, script: Script, waited: list[float], answer: tuple[int, str], sentence: str
) -> None:
    script.answers = {"PUT": [answer], "GET": [answer]}
    for attempt in (lambda: store.create("k", b""), lambda: store.read("k"), lambda: list(store.keys("a"))):
        with pytest.raises(StoreError, match=sentence) as told_so:
            attempt()
        for secret in ("AKIAEXAMPLE", "wJalrXUtnFEMI", "hush"):
            assert secret not in str(told_so.value)
    assert waited == []
    assert script.asked == ["PUT", "GET", "GET"]


def test_a_server_that_knows_no_conditions_is_unsafe(store: S3Store, script: Script) -> None:
    script.answers = {"PUT": [(501, "NotImplemented")]}
    with pytest.raises(UnsafeStore, match="does not know conditional puts"):
        store.create("k", b"")


def test_only_a_missing_key_is_not_in_the_store(store: S3Store, script: Script) -> None:
    script.answers = {"GET": [(404, "NoSuchKey")]}
    with pytest.raises(NotInStore):
        store.read("k")
    script.answers = {"GET": [(403, "AccessDenied")]}
    with pytest.raises(RetrainError) as told_so:
        store.read("k")
    assert isinstance(told_so.value, StoreError)
