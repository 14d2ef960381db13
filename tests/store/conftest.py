"""The servers that tests of the store share."""

from collections.abc import Iterator

import pytest

from servers.bucket import made_bucket, told
from servers.ceph import Ceph, ceph


@pytest.fixture(scope="session")
def ceph_server() -> Iterator[Ceph]:
    """One cluster for all tests here; each makes a bucket of its own."""
    with ceph(tls=True) as cluster:
        yield cluster


@pytest.fixture
def bucket(ceph_server: Ceph, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, on the server that the environment names."""
    told(monkeypatch, ceph_server.environment)
    return made_bucket()
