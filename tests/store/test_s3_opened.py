"""Which addresses open a bucket, and is what was opened the same store in another process?"""

import multiprocessing
import pickle

import pytest

from retrain.errors import UsageError
from retrain.store.open import open_store
from retrain.store.patience import Patience
from retrain.store.s3_boto3 import S3Store
from retrain.store.s3_client_boto3 import client
from servers.bucket import raw


@pytest.mark.parametrize(
    "address",
    [
        *("s3://key:hush@bucket/p", "s3://hush@bucket/p", "s3://", "s3:///p", "s3://b/p", "s3://bu cket/p"),
        *("s3://bucket/../p", "s3://bucket//p", "s3://bucket/p?secret=hush", "s3://bucket/p#hush", "s3://bucket/.p"),
    ],
)
def test_an_address_that_is_none_or_holds_credentials_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UsageError, match=r"(expected|set it to) s3://\w+/PREFIX") as told_so:
        open_store(address)
    assert "hush" not in str(told_so.value)
    assert told_so.value.exit_status == 2


@pytest.mark.parametrize(("written", "shown"), [("s3://abc", "s3://abc"), ("s3://abc/p/q/", "s3://abc/p/q")])
def test_an_address_is_shown_as_it_is_written(written: str, shown: str) -> None:
    assert open_store(written).address == shown


def test_a_store_without_a_prefix_has_the_whole_bucket(bucket: str) -> None:
    store = S3Store(f"s3://{bucket}")
    store.create("k", b"1")
    raw().put_object(Bucket=bucket, Key="folder/", Body=b"")
    raw().put_object(Bucket=bucket, Key=".probe/left/over", Body=b"")
    assert list(store.keys("")) == ["k"]
    assert list(store.names("")) == ["folder", "k"]
    assert list(S3Store(f"s3://{bucket}/k").keys("")) == []


def _is_mine(parents: object, answer: "multiprocessing.Queue[bool]") -> None:
    answer.put(client(Patience()) is not parents)


def test_a_forked_process_talks_on_connections_of_its_own(bucket: str) -> None:
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    child = context.Process(target=_is_mine, args=(client(Patience()), answer))
    child.start()
    assert answer.get(timeout=60)
    child.join(60)


def test_a_pickled_store_is_the_same_store(bucket: str) -> None:
    store = S3Store(f"s3://{bucket}/p")
    store.create("k", b"1")
    copy = pickle.loads(pickle.dumps(store))
    assert copy.read("k") == b"1"
