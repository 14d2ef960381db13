"""How does a process of ours begin? With default signals, and so that it dies with `retrain up`.

    python -m retrain.service.child PARENT COMMAND ...

Replaces itself by the command. A shell that starts things in the background makes them ignore SIGINT, and a Prefect
worker that ignores SIGINT never ends at SIGTERM.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
RESTORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)
GONE = 3


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies; other systems than Linux have no such thing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before the kernel was asked.
        sys.exit(GONE)


def main() -> None:
    """Prepare, then become the command."""
    parent, *command = sys.argv[1:]
    for number in RESTORED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    die_with_parent(int(parent))
    os.execv(command[0], command)  # noqa: S606  our own interpreter; no shell is wanted


if __name__ == "__main__":
    main()
