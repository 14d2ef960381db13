"""What only a folder can suffer: full disks, wrong places, killed writers."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrain.errors import StoreError, UsageError
from retrain.store.folder import SCRATCH, FolderStore, remove_leftovers
from retrain.store.open import open_store

FULL_DISK = """
import sys
from pathlib import Path
from retrain.errors import StoreError
from retrain.store.folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
store.create("models/m/ledger/00000001.json", b"kept")
try:
    store.create("models/m/versions/big", b"x" * 4_000_000)
except StoreError as error:
    print(error)
assert store.read("models/m/ledger/00000001.json") == b"kept"
assert list(store.keys("models/")) == ["models/m/ledger/00000001.json"]
store.create("models/m/ledger/00000002.json", b"goes on")
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from retrain.store import folder
store = folder.FolderStore(Path(sys.argv[1]))
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
os.link = die
store.create("models/m/ledger/00000001.json", b"never seen")
"""


def test_a_full_disk_is_a_sentence_and_nothing_is_half_written(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("no user namespaces here: a small disk cannot be mounted")
    script = f'mount -t tmpfs -o size=1m none "{tmp_path}" && exec "{sys.executable}" -c "$0" "{tmp_path}"'
    ran = subprocess.run(["unshare", "-rm", "sh", "-c", script, FULL_DISK], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "the disk is full: free space there and run the same command again" in ran.stdout


def test_a_store_below_a_file_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="set RETRAIN_STORE to a folder"):
        FolderStore(tmp_path / "file" / "store").create("key", b"")


def test_a_writer_killed_before_the_commit_leaves_no_key_and_its_leftovers_go(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert ran.returncode == -signal.SIGKILL
    store = open_store(str(tmp_path))
    assert list(store.keys("models/")) == []
    assert list((tmp_path / SCRATCH).iterdir()) == []
    store.create("models/m/ledger/00000001.json", b"the next writer")


def test_leftovers_of_a_living_writer_stay(tmp_path: Path) -> None:
    (tmp_path / SCRATCH).mkdir()
    (tmp_path / SCRATCH / f"{os.uname().nodename}-{os.getpid()}-abc").write_bytes(b"in progress")
    assert remove_leftovers(tmp_path) == 0


def test_an_unknown_scheme_is_not_taken_for_a_folder() -> None:
    with pytest.raises(UsageError, match="scheme 'ftp'"):
        open_store("ftp://bucket/prefix")


def test_a_store_that_is_a_file_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for place in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(StoreError, match="set RETRAIN_STORE to a folder"):
            list(FolderStore(place).keys("models/"))
        with pytest.raises(StoreError, match="set RETRAIN_STORE to a folder"):
            FolderStore(place).read("models/m")


def test_a_folder_that_is_gone_has_no_names(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="mount it"):
        list(FolderStore(tmp_path / "unmounted").names("models/"))


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A store with a ledger that its reader may not look into, whoever runs the test."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o755)
        FolderStore(root).create("models/m/ledger/1", b"")
        ledger = root / "models/m/ledger"
        ledger.chmod(0o000)
        privileged = os.geteuid() == 0
        if privileged:
            os.seteuid(65534)
        yield root
        if privileged:
            os.seteuid(0)
        ledger.chmod(0o755)


def test_a_ledger_that_may_not_be_read_is_not_an_empty_one(forbidden: Path) -> None:
    for look in (FolderStore(forbidden).keys, FolderStore(forbidden).names):
        with pytest.raises(StoreError, match="may not"):
            list(look("models/m/ledger/"))
