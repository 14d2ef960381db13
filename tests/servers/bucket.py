"""How does a test get a bucket, and how is a test's own S3 the only one that boto3 knows?"""

import os
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from retrain.store.patience import Patience
from retrain.store.s3_client_boto3 import client


def told(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Only what stands in `environment`: whoever runs the tests may have a real account configured."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name == "REQUESTS_CA_BUNDLE"]:
        monkeypatch.delenv(name)
    alone = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in {**alone, **environment}.items():
        monkeypatch.setenv(name, value)


def raw() -> Any:
    """A client beside the store, for what the store itself never does."""
    return client(Patience())


def made_bucket(*, versioned: bool = False) -> str:
    """A new bucket on the server that the environment names."""
    name = f"b-{uuid.uuid4().hex[:12]}"
    raw().create_bucket(Bucket=name)
    if versioned:
        raw().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name
