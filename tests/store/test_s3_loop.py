"""Is everything the same with RETRAIN_STORE=s3://...? The real commands, each a process of its own, on Ceph."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from servers.bucket import raw
from shop import Messages, Shop, few

SECONDS = 400


def said(environment: dict[str, str], *arguments: str, status: int = 0) -> Any:
    """What a command answers as JSON."""
    command = [sys.executable, "-m", "retrain.cli.main", *arguments, "--json"]
    ran = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS, cwd="/"
    )
    assert ran.returncode == status, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.slow
@pytest.mark.model
def test_the_loop_runs_on_a_bucket_as_on_a_folder(bucket: str, tmp_path: Path, shop: Shop, messages: Messages) -> None:
    environment = {**shop.environment, "RETRAIN_STORE": f"s3://{bucket}/team", "OMP_NUM_THREADS": "1"}
    shop.examples(few(messages("base", 0, 1560))[:230])
    assert "spec" in said(environment, "init", "other", "--examples", "../examples.csv")

    first = said(environment, "run", "shop", "--reason", "first champion")
    assert first["outcome"] == "promoted", first["reasons"]
    for day in range(3):
        shop.day(day, few(messages("base", day * 400, 800))[:130])
    check = said(environment, "check", "shop")
    assert check["state"] in ("insufficient_data", "quiet")
    assert [model["champion"] for model in said(environment, "status")["models"] if model["champion"]] == [
        first["version"]
    ]
    kinds = [one["kind"] for one in said(environment, "history", "shop")["decisions"]]
    assert kinds[:4] == ["claimed", "prepared", "trained", "promoted"]

    download = tmp_path / "download"
    champion = said(environment, "champion", "shop", "--download", str(download))
    assert champion["version"] == first["version"]
    assert (Path(champion["path"]) / "manifest.json").is_file()
    assert said(environment, "audit", "shop")["sound"] is True
    assert not (shop.root / "store").exists()

    # One byte of the champion's weights changes in the bucket: nothing serves it, and the audit says so.
    listed = raw().list_objects_v2(Bucket=bucket, Prefix=f"team/models/shop/versions/{first['version']}/")["Contents"]
    weights = next(each["Key"] for each in listed if each["Key"].endswith(".safetensors"))
    stored = raw().get_object(Bucket=bucket, Key=weights)
    content = stored["Body"].read()
    changed = content[:-1] + bytes([content[-1] ^ 1])
    raw().put_object(Bucket=bucket, Key=weights, Body=changed, Metadata=stored["Metadata"])
    fresh = {**environment, "RETRAIN_CACHE": str(tmp_path / "fresh-cache")}
    refused = subprocess.run(
        [sys.executable, "-m", "retrain.cli.main", "champion", "shop"],
        env=fresh,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert refused.returncode == 4, refused.stderr
    assert "restore it from a backup" in refused.stderr
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in refused.stderr
