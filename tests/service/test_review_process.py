"""Is the review, as a process of its own, safe to kill and easy to end?"""

import json
import signal
import subprocess
import threading

import httpx
import pytest

from reviewing import room_of
from servers.answering import answering
from servers.needed import free_port
from service.judging import Page, served
from shop import Shop


@pytest.mark.slow
def test_kill_9_in_the_middle_loses_no_judgement_that_was_answered(asked: Shop) -> None:
    """Two reviewers judge as fast as they can; the process is killed; the next one knows all that was answered."""
    room = room_of(asked)
    places = {name: value for name, value in asked.environment.items() if name.startswith("RETRAIN_")}
    port, log = free_port(), asked.root / "review.log"
    kept: dict[str, dict[str, str]] = {"Ann": {}, "Bo": {}}
    enough = threading.Event()

    def judge(who: str, page: Page) -> None:
        try:
            for choice in ("left", "right", "both") * 40:
                for row in room.rows:
                    page.call("judge", who, row=row.id, choice=choice)
                    kept[who][row.id] = choice
                    if len(kept[who]) == 15 and choice == "right":
                        enough.set()
        except (httpx.TransportError, AssertionError):
            return

    with (
        answering(served(asked, port), f"http://127.0.0.1:{port}/health", log, places) as process,
        httpx.Client(trust_env=False, timeout=60) as client,
    ):
        page = Page(client, f"http://127.0.0.1:{port}")
        people = [threading.Thread(target=judge, args=(who, page)) for who in kept]
        for one in people:
            one.start()
        assert enough.wait(60)
        process.kill()
        for one in people:
            one.join(60)
    for who, choices in kept.items():
        now = room_of(asked).opinion_of(who).choices
        # The one that was under way may have been kept without its answer having come.
        changed = {row for row in choices if now[row] != choices[row]}
        assert len(changed) <= 1, changed
        assert set(now) == set(choices)


@pytest.mark.slow
def test_the_command_tells_its_address_and_ends_on_ctrl_c(asked: Shop) -> None:
    port = free_port()
    with subprocess.Popen(
        served(asked, port, "--json"), env=asked.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while "listening on" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert json.loads(out) == {"model": "shop", "address": f"http://127.0.0.1:{port}/", "rows": 15, "fewer": None}
    assert process.returncode == 0
