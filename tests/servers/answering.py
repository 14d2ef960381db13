"""How is a server of one process started, and known to answer?"""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

START_SECONDS = 60.0


@contextmanager
def answering(
    command: Sequence[str], url: str, log: Path, more: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Until the block ends the command runs, and `url` has been answered, with whatever status."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            env={**os.environ, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(url):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < end, f"no answer in {START_SECONDS:.0f} s: {log.read_text()[-2000:]}"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return True
