"""Who waits for a run that died on another machine? Everybody, until its claim has expired by itself."""

import signal
import subprocess
import sys
from datetime import timedelta

from retrain.pipeline.check import check
from retrain.pipeline.retrain import retrain
from servers.wreck import steps
from shop import START, Messages, Shop

CLAIM_HOURS = timedelta(hours=12)
DIES_ELSEWHERE = """
import os, signal, socket
from datetime import datetime
socket.gethostname = lambda: "another-machine"
from retrain.pipeline.claim import Asked, claim
from retrain.pipeline.retrain import silent
from retrain.pipeline.site import open_site
from retrain.settings import from_environment
start = datetime.fromisoformat({start!r})
claim(open_site("shop", from_environment(), clock=lambda: start), Asked(cause="manual", reason="first"), silent)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_claim_of_a_run_that_died_on_another_machine_expires_by_itself(shop: Shop, messages: Messages) -> None:
    shop.examples(messages("base", 0, 60))
    shop.day(0, messages("base", 0, 50))
    program = DIES_ELSEWHERE.format(start=START.isoformat())
    died = subprocess.run([sys.executable, "-c", program], env=shop.environment, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    claim = shop.site().ledger.state().claim
    assert claim is not None
    assert claim.host == "another-machine"

    # Its process cannot be asked from here: it may be at work.
    shop.now = START + CLAIM_HOURS - timedelta(seconds=1)
    assert not check(shop.site()).retrain
    waits = retrain(shop.site(), cause="manual", reason="I am in a hurry", request="mine")
    assert waits.outcome == "already_running"
    assert "on another-machine); wait for it, or until its claim expires at 2026-03-02 12:00 UTC" in waits.reasons[0]
    assert steps(shop) == ["claimed"]

    shop.now = START + CLAIM_HOURS
    owed = check(shop.site())
    assert (owed.retrain, owed.cause, owed.request) == (True, "manual", f"shop-takeover-{claim.id[:12]}")
    for _ in range(3):
        assert retrain(shop.site(), cause="manual", reason=owed.reasons[-1], request=owed.request).outcome == "refused"
    assert steps(shop)[:3] == ["claimed", "taken over", "refused"]
    assert shop.site().ledger.state().totals.taken_over == 1
    assert not check(shop.site()).retrain
