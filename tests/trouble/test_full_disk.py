"""What is lost when the disk under store and server fills up during a retrain? Nothing; it is gone on with."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from retrain.pipeline.audit import audit
from servers.crew import Crew, until
from servers.prefect import prefect_server
from servers.wreck import PATIENCE_SECONDS, all_ended, held_trainer, processes, ready, steps, unfinished, working
from shop import SPEC, Messages, Shop, few

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

SIZE = "200m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        reason = "only root may mount a small disk"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def crew(small_disk: Path) -> Iterator[Crew]:
    with prefect_server(small_disk / "prefect") as server:
        yield ready(server)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(b"\0" * 65_536):
            pass
    assert shutil.disk_usage(disk).free < 65_536
    return filler


@pytest.mark.model
def test_a_disk_that_fills_up_during_a_retrain_loses_nothing(
    crew: Crew, small_disk: Path, stack: ExitStack, messages: Messages
) -> None:
    shop = Shop(root=small_disk / "shop")
    shop.spec(SPEC)
    shop.examples(few(messages("base", 0, 1560))[:160])
    shop.day(0, messages("base", 0, 50))
    working(crew, stack, shop, "cpu", "gpu")
    run = crew.ask("shop", "the-first-champion").flow_run
    trainer = held_trainer(shop)
    filler = fill(small_disk)
    os.kill(trainer, signal.SIGCONT)
    until(lambda: not processes(crew, run), seconds=PATIENCE_SECONDS, what="the end of the run's processes")
    assert steps(shop) == ["claimed", "prepared"], "no entry could be written, and none is torn"
    filler.unlink()
    crew.ended(run, PATIENCE_SECONDS)

    crew.start("check/model", model="shop")
    assert all_ended(crew, "retrain/model", least=2)[1] == ("COMPLETED", "Promoted")
    assert steps(shop) == ["claimed", "prepared", "taken over", "trained", "promoted"]
    assert unfinished(crew) == []
    assert audit(shop.site()).sound
