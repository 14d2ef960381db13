"""Every implementation of a protocol, each under the same tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrain.store.folder import FolderStore
from retrain.store.protocol import Store
from retrain.store.s3_boto3 import S3Store
from servers.bucket import made_bucket, told
from servers.ceph import Ceph, ceph
from servers.ministack import ministack


@pytest.fixture(scope="session")
def ceph_server() -> Iterator[Ceph]:
    """One cluster for all tests here; each makes a bucket of its own."""
    with ceph(tls=True) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def ministack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """How to reach it."""
    with ministack(tmp_path_factory.mktemp("ministack")) as environment:
        yield environment


@pytest.fixture(params=["folder", "ceph", pytest.param("ceph-tls", marks=pytest.mark.slow), "ministack"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """One empty artifact store of each kind."""
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    if request.param == "ministack":
        environment = request.getfixturevalue("ministack_server")
    else:
        cluster = request.getfixturevalue("ceph_server")
        environment = cluster.tls_environment if request.param == "ceph-tls" else cluster.environment
    told(monkeypatch, environment)
    return S3Store(f"s3://{made_bucket()}/a/prefix")
