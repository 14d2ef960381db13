"""How are the processes started, watched, started again when they die, and stopped?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from retrain.service.backoff import Deaths
from retrain.service.logs import LAST_LINES, last_lines, log_file, opened, rotate
from retrain.service.plan import Part
from retrain.service.server_http import answers
from retrain.service.stopping import Stop
from retrain.settings import Settings

STOP_SECONDS = 30.0
"""A worker tells its flows, and each of them tells the server, before they are killed."""
PROBE_EVERY_SECONDS = 30.0
PROBE_PATIENCE_SECONDS = 3.0
SILENT_SECONDS = 300.0
"""A process that lives but has not answered for so long is taken for hung; a loaded machine is slow for minutes."""

Tell = Callable[[str], None]


class Child:
    """One part, kept running."""

    def __init__(self, part: Part, settings: Settings, tell: Tell) -> None:
        self.part = part
        self.log = log_file(settings.work, part.name)
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = Deaths()
        self._began = 0.0
        self._due = 0.0
        self._answered = 0.0
        self._probed = 0.0

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_hopeless(self) -> bool:
        """Whether it has died again and again as soon as it began."""
        return self._deaths.hopeless

    def start(self) -> None:
        """Start it in a session of its own: a terminal's Ctrl-C is told once, by `retrain up`, in the right order."""
        rotate(self.log)
        with opened(self.log) as log:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and modules, no shell
                [sys.executable, "-P", "-m", "retrain.service.child", str(os.getpid()), *self.part.command],
                env=dict(self.part.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._began = self._answered = self._probed = time.monotonic()

    def look(self) -> None:
        """See whether it lives; if not, say so and start it again when that is due."""
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                self._see_whether_it_answers()
                return
            self._bury(status)
        if time.monotonic() >= self._due:
            self._start_again()

    def _start_again(self) -> None:
        try:
            self.start()
        except OSError as error:
            # No memory, no process number, no disk: that passes, and giving up would be for ever.
            self._deaths = self._deaths.after(0.0)
            self._due = time.monotonic() + self._deaths.wait
            self._tell(f"{self.part.name} cannot be started ({error}); next try in {self._deaths.wait:.0f} s")

    def has_ended(self) -> str | None:
        """How it ended, with its last words; none while it runs."""
        status = self._process.poll() if self._process else None
        return None if status is None else f"{self.part.name} {ended(status)}; {self.last_words()}"

    def last_words(self, count: int = LAST_LINES) -> str:
        """For sentences: what stands last in its log, and where that is."""
        lines = last_lines(self.log, count)
        return (
            f"it said last: {' | '.join(lines)!r} (all of it: {self.log})" if lines else f"it said nothing ({self.log})"
        )

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it and its process group, and wait for its end."""
        if self._process is not None:
            self._send(signal.SIGKILL)
            self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                # The group outlives its first process, so this reaches what that left behind.
                os.killpg(self._process.pid, number)
            elif self._process.poll() is None:
                self._process.send_signal(number)

    def _bury(self, status: int) -> None:
        lived = time.monotonic() - self._began
        self._process = None
        self._deaths = self._deaths.after(lived)
        self._due = time.monotonic() + self._deaths.wait
        said = f", {self._deaths.quick} times in a row; {self.last_words(1)}" if self._deaths.hopeless else ""
        self._tell(
            f"{self.part.name} {ended(status)} after {lived:.0f} s{said}; "
            f"it is started again in {self._deaths.wait:.0f} s"
        )

    def _see_whether_it_answers(self) -> None:
        now = time.monotonic()
        if self.part.probe is None or now - self._probed < PROBE_EVERY_SECONDS:
            return
        self._probed = now
        if answers(self.part.probe, PROBE_PATIENCE_SECONDS):
            self._answered = time.monotonic()
        elif now - self._answered > SILENT_SECONDS:
            self._tell(f"{self.part.name} lives, but has not answered for {now - self._answered:.0f} s; it is killed")
            self.kill()


def ended(status: int) -> str:
    """In words: by which signal, or with which exit status."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"


def stop(children: Sequence[Child], stopping: Stop) -> list[str]:
    """Ask them to end, wait, and kill those that do not; the names of those that had to be killed.

    Each is asked once: a Prefect worker takes a second SIGTERM for an order to kill itself.
    """
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + STOP_SECONDS
    while any(child.pid for child in children) and time.monotonic() < deadline and not stopping.at_once:
        time.sleep(0.1)
    late = [child.part.name for child in children if child.pid]
    for child in children:
        child.kill()
    return late
