"""How long, and how often, is a server asked that does not answer?"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Waits grow twofold up to a limit; the last try begins before the total is used up."""

    total_seconds: float = 20.0
    """A gateway restarts in less; whoever waits for this program should hear within a minute."""
    first_seconds: float = 0.1
    longest_seconds: float = 3.0
    connect_seconds: float = 5.0
    answer_seconds: float = 30.0
    """Silence of a connected server that counts as no answer: of one that still works on a large put, too."""
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)
    timer: Callable[[], float] = field(default=time.monotonic, compare=False)

    def tries(self) -> Iterator[int]:
        """Numbers of tries, the first at once; the wait lies between them. Ends when the total is used up."""
        end = self.timer() + self.total_seconds
        number, step = 1, self.first_seconds
        yield number
        while (left := end - self.timer()) > 0:
            # Jitter: clients that lost the same server must not come back all at once.
            self.sleep(min(left, step * random.uniform(0.5, 1.0)))
            number, step = number + 1, min(2 * step, self.longest_seconds)
            yield number
