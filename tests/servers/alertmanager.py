"""How is a real Alertmanager started for a test, and stopped?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from servers.needed import free_port, needed
from servers.prometheus import running


@contextmanager
def alertmanager(folder: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """Host and port of a server that answers, on the loopback only, with what it remembers under `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(dict(config)))
    listen = f"127.0.0.1:{free_port()}"
    command = [
        needed("prometheus-alertmanager"),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'memory'}",
        f"--web.listen-address={listen}",
        # Empty, or it opens a port to the world.
        "--cluster.listen-address=",
    ]
    with running(command, folder / "alertmanager.log", listen):
        yield listen
