"""What can only a bucket suffer? Lost answers, wrong keys, a bucket that is gone, bytes that change on their way."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retrain.errors import AlreadyExists, DigestMismatch, NotInStore, StoreError
from retrain.store.patience import Patience
from retrain.store.s3_body import Body
from retrain.store.s3_boto3 import S3Store
from servers.bucket import raw, told
from servers.ceph import SECRET, Ceph
from servers.lossy import Fault, Proxy, lossy
from servers.needed import free_port


@dataclass(slots=True)
class Clock:
    """Time that passes only where someone waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def patience(self) -> Patience:
        return Patience(answer_seconds=2, sleep=self.sleep, timer=lambda: self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(bucket: str, clock: Clock) -> S3Store:
    return S3Store(f"s3://{bucket}/p", clock.patience())


@pytest.fixture
def proxy(ceph_server: Ceph, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Between boto3 and the server."""
    with lossy(ceph_server.port) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{between.port}")
        yield between


@pytest.mark.parametrize("fault", ["lose", "busy", "silent"])
def test_a_put_whose_answer_was_lost_is_ours(store: S3Store, proxy: Proxy, fault: Fault) -> None:
    proxy.plan("PUT", fault)
    store.create("k", b"content")
    assert proxy.happened == [("PUT", fault)]
    with pytest.raises(AlreadyExists):
        store.create("k", b"content")


def test_a_large_file_whose_answer_was_lost_is_ours(store: S3Store, proxy: Proxy, tmp_path: Path) -> None:
    source = tmp_path / "weights"
    source.write_bytes(os.urandom(9_000_000))
    proxy.plan("PUT", "lose")
    store.create_from("weights", source)
    assert proxy.happened == [("PUT", "lose")]
    assert store.read("weights") == source.read_bytes()


def test_two_lost_answers_and_a_lost_look_are_still_ours(store: S3Store, proxy: Proxy) -> None:
    proxy.plan("PUT", "lose", "lose")
    proxy.plan("HEAD", "lose")
    store.create("k", b"content")
    assert len(proxy.happened) == 3


@pytest.mark.parametrize("content", [b"content", b"another"])
@pytest.mark.parametrize("fault", ["lose", "drop", "busy"])
def test_what_another_wrote_is_not_ours_though_our_answer_was_lost(
    store: S3Store, proxy: Proxy, fault: Fault, content: bytes
) -> None:
    store.create("k", b"content")
    proxy.plan("PUT", fault)
    with pytest.raises(AlreadyExists):
        store.create("k", content)
    assert proxy.happened == [("PUT", fault)]
    assert store.read("k") == b"content"


def test_what_an_older_program_or_another_tool_wrote_is_not_ours(store: S3Store, bucket: str, proxy: Proxy) -> None:
    raw().put_object(Bucket=bucket, Key="p/k", Body=b"content")
    proxy.plan("PUT", "lose")
    with pytest.raises(AlreadyExists):
        store.create("k", b"content")
    assert store.read("k") == b"content"


@pytest.mark.parametrize("as_file", [False, True])
def test_bytes_damaged_on_their_way_to_the_server_are_sent_again(
    store: S3Store, proxy: Proxy, tmp_path: Path, as_file: bool
) -> None:
    content = os.urandom(100_000)
    (tmp_path / "source").write_bytes(content)
    proxy.plan("PUT", "damage")
    if as_file:
        store.create_from("k", tmp_path / "source")
    else:
        store.create("k", content)
    assert proxy.happened == [("PUT", "damage")]
    assert store.read("k") == content


@pytest.mark.parametrize("fault", ["cut", "flip", "lose", "busy"])
def test_an_answer_that_is_cut_damaged_or_lost_is_asked_for_again(
    store: S3Store, proxy: Proxy, tmp_path: Path, fault: Fault
) -> None:
    store.create("k", b"content" * 1000)
    proxy.plan("GET", fault)
    store.fetch("k", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"content" * 1000
    proxy.plan("GET", fault)
    assert store.read("k") == b"content" * 1000
    assert proxy.happened == [("GET", fault)] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_bytes_that_changed_in_the_store_are_not_handed_out(store: S3Store, bucket: str, tmp_path: Path) -> None:
    store.create("k", b"content")
    marks = raw().head_object(Bucket=bucket, Key="p/k")["Metadata"]
    raw().put_object(Bucket=bucket, Key="p/k", Body=b"c0ntent", Metadata=marks)
    for attempt in (lambda: store.read("k"), lambda: store.fetch("k", tmp_path / "target")):
        with pytest.raises(DigestMismatch, match="changed or damaged since"):
            attempt()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("by", [b"as prom1sed", b"shorter", b""])
def test_a_source_that_changes_while_it_is_sent_is_not_stored(
    store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: bytes
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"as promised")

    def then_changed(content: Path) -> Body:
        body = Body(content)
        source.write_bytes(by)
        return body

    monkeypatch.setattr("retrain.store.s3_boto3.Body", then_changed)
    with pytest.raises(StoreError, match="was changed while it was sent; nothing was stored"):
        store.create_from("k", source)
    with pytest.raises(NotInStore):
        store.read("k")


def test_bytes_without_the_promised_digest_are_refused_by_the_server_over_tls(
    ceph_server: Ceph, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS boto3 signs no digest of the content: what protects it is ours."""
    told(monkeypatch, ceph_server.tls_environment)

    def then_damaged(content: bytes) -> Body:
        body = Body(content)
        body.content = b"damaged"
        return body

    monkeypatch.setattr("retrain.store.s3_boto3.Body", then_damaged)
    with pytest.raises(StoreError, match="BadDigest"):
        store.create("k", b"content")
    with pytest.raises(NotInStore):
        store.read("k")


def test_a_file_that_grows_is_stored_as_it_was_when_its_digest_was_made(
    store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"whole")

    def then_grown(content: Path) -> Body:
        body = Body(content)
        source.write_bytes(b"whole and more")
        return body

    monkeypatch.setattr("retrain.store.s3_boto3.Body", then_grown)
    store.create_from("k", source)
    assert store.read("k") == b"whole"


def test_a_file_too_large_for_one_put_is_refused_at_once(store: S3Store, tmp_path: Path) -> None:
    source = tmp_path / "sparse"
    with source.open("wb") as stream:
        stream.truncate(5 * 1024**3 + 1)
    with pytest.raises(StoreError, match=r"has 5,368,709,121 bytes, and one put takes 5,368,709,120 at most"):
        store.create_from("k", source)


def test_a_source_or_target_that_cannot_be_used_is_a_sentence(store: S3Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        store.create_from("k", tmp_path / "nowhere")
    store.create("k", b"content")
    with pytest.raises(StoreError, match=r"could not copy 'k' of the store .*No such file or directory"):
        store.fetch("k", tmp_path / "no" / "folder")


WRONG = {
    "an unknown access key": ({"AWS_ACCESS_KEY_ID": "unknown"}, "does not know this access key"),
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong" * 8}, "the secret key is not that of the access key"),
    "no credentials": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials were found"),
    "half of them": ({"AWS_SECRET_ACCESS_KEY": ""}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    "no address": ({"AWS_ENDPOINT_URL": "not an address"}, "AWS_ENDPOINT_URL is not the address of a server"),
    "a profile that is not there": ({"AWS_PROFILE": "nobody"}, "AWS_PROFILE names a profile"),
}


@pytest.mark.parametrize(("environment", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_credentials_are_told_at_once_and_never_shown(
    store: S3Store, clock: Clock, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sentence: str
) -> None:
    for name, value in environment.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    attempts = (
        lambda: store.create("k", b""),
        lambda: store.read("k"),
        lambda: list(store.keys("models/")),
    )
    for attempt in attempts:
        with pytest.raises(StoreError, match=sentence) as told_so:
            attempt()
        assert SECRET not in str(told_so.value)
        assert "wrongwrong" not in str(told_so.value)
    assert clock.waits == []


def test_a_bucket_that_is_gone_is_no_empty_store_and_no_lost_race(clock: Clock, bucket: str) -> None:
    store = S3Store("s3://never-made/p", clock.patience())
    attempts = (
        lambda: store.create("k", b""),
        lambda: store.read("k"),
        lambda: list(store.keys("models/")),
        lambda: list(store.names("models/")),
    )
    for attempt in attempts:
        with pytest.raises(StoreError, match="the bucket is gone, or was never made"):
            attempt()
    assert clock.waits == []


def test_a_server_that_is_away_is_waited_for_and_then_told(
    store: S3Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:hush@127.0.0.1:{free_port()}")
    with pytest.raises(StoreError, match=r"at http://127\.0\.0\.1:\d+ \(nothing listens there\); whether") as told_so:
        store.create("k", b"")
    assert "hush" not in str(told_so.value)
    assert 19 < clock.now <= 20.01
    assert 6 < len(clock.waits) < 25
    assert max(clock.waits) <= 3
    with pytest.raises(StoreError, match="is the server up, and the network"):
        store.read("k")


def test_a_clock_that_is_off_by_an_hour_is_named(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "botocore.auth.get_current_datetime", lambda remove_tzinfo=True: _an_hour_off(remove_tzinfo=remove_tzinfo)
    )
    with pytest.raises(StoreError, match=r"clock and the server's lie more than 15 minutes apart: set the clock"):
        store.create("k", b"")


def _an_hour_off(*, remove_tzinfo: bool) -> datetime:
    now = datetime.now(UTC) + timedelta(hours=1)
    return now.replace(tzinfo=None) if remove_tzinfo else now


def test_a_certificate_of_an_unknown_authority_is_told_at_once(
    ceph_server: Ceph, store: S3Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, ceph_server.tls_environment)
    store.create("trusted", b"")
    for unset in (True, False):
        if unset:
            monkeypatch.delenv("AWS_CA_BUNDLE")
        else:
            monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/file")
        with pytest.raises(StoreError, match="set AWS_CA_BUNDLE to its authority's file"):
            store.read("trusted")
    assert clock.waits == []
