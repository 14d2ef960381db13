"""What is left of a log when its process is killed, forks, or ends without closing?"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Log

START = """
import os, signal, sys
from datetime import datetime, UTC
from retrain.production.logger import PredictionLogger

folder = sys.argv[1]
day = datetime(2026, 3, 10, tzinfo=UTC)
logger = PredictionLogger(folder, model_version="v1", flush_seconds=300, clock=lambda: day)
for number in range(100):
    logger.log(input=f"flushed {number}", output="b")
assert logger.flush()
"""

KILLED = """
logger.log(input="never flushed", output="b")
[file] = [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]
with open(file, "ab", buffering=0) as stream:
    stream.write(b'{"id":"torn","timestamp":"2026-03-10T00:00:00+00:00","inp')
os.kill(os.getpid(), signal.SIGKILL)
"""

FORKED = """
logger.log(input="parent before", output="b")
child = os.fork()
logger.log(input="child" if child == 0 else "parent", output="b")
safe = logger.flush()
if child == 0:
    os._exit(0 if safe and logger.stats.written == 1 else 1)
assert safe and os.waitpid(child, 0)[1] == 0
logger.close()
"""

ENDED = """
logger.log(input="not closed", output="b")
"""


def run(script: str, folder: Path) -> int:
    command = [sys.executable, "-c", START + script, str(folder)]
    return subprocess.run(command, check=False, timeout=60).returncode


def test_a_killed_process_loses_only_what_was_not_flushed(log: Log) -> None:
    assert run(KILLED, log.folder) == -signal.SIGKILL
    window = log.read()
    assert sorted(window.rows["input"]) == sorted(f"flushed {number}" for number in range(100))
    assert window.quarantined == {"not JSON": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_logs_to_its_own_file_and_repeats_nothing(log: Log) -> None:
    assert run(FORKED, log.folder) == 0
    window = log.read()
    assert (window.total, window.duplicates, window.quarantined) == (103, 0, {})
    owners = {path.name.split("-")[-2] for path in log.folder.glob("*/*.jsonl")}
    assert len(owners) == 2


def test_a_process_that_ends_writes_what_it_holds(log: Log) -> None:
    assert run(ENDED, log.folder) == 0
    assert "not closed" in log.read().rows["input"].to_list()


def test_the_logger_loads_neither_polars_nor_numpy() -> None:
    script = "import sys, retrain.production.logger; print(sorted({'polars', 'numpy', 'torch'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
