"""Who cleans up when `retrain up` is killed outright? A small process that waits for its end.

    python -m retrain.service.keeper NAME=VALUE

A worker's flows run in sessions of their own, so no signal to a group reaches them, and the kernel kills only direct
children with their parent. This one holds the other end of a pipe: when that closes, however it came to be closed,
everything with the mark in its environment is ended.
"""

import os
import signal
import sys

from retrain.service.marked import end, marked


def main() -> None:
    """Wait, then end what is left."""
    name, _, value = sys.argv[1].partition("=")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1024):
        pass
    end(lambda: marked(name, lambda found: found == value), patience=0.0)


if __name__ == "__main__":
    main()
