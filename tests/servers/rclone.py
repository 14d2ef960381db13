"""How is `rclone serve s3` started, which answers 200 to every conditional put?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.answering import answering
from servers.needed import free_port, needed


@contextmanager
def rclone(root: Path) -> Iterator[dict[str, str]]:
    """What boto3 has to be told to reach it; its buckets are the folders of `root`."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = [needed("rclone"), "serve", "s3", "--addr", address, "--auth-key", "test,test-secret", str(root)]
    configuration = {"RCLONE_CONFIG": str(root / ".rclone.conf")}
    with answering(command, f"http://{address}", root / ".rclone.log", configuration):
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_DEFAULT_REGION": "us-east-1"}
        yield {**keys, "AWS_ENDPOINT_URL": f"http://{address}"}
