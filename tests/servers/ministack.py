"""How is ministack, an S3 server in Python, started for a test?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.answering import answering
from servers.needed import free_port, needed


@contextmanager
def ministack(root: Path) -> Iterator[dict[str, str]]:
    """What boto3 has to be told to reach it."""
    port = free_port()
    places = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "SERVICES": "s3", "TMPDIR": str(root)}
    url = f"http://127.0.0.1:{port}"
    with answering([needed("ministack")], url, root / "ministack.log", places):
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_DEFAULT_REGION": "us-east-1"}
        yield {**keys, "AWS_ENDPOINT_URL": url}
