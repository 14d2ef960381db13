"""Does a caller of the webhook show the secret, and is it told when many try without it?"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from retrain.errors import UsageError

Shown = Literal["right", "wrong", "missing"]
SCHEME = b"bearer"
LINES_PER_MINUTE = 10
MINUTE = 60.0


class TokenCheck:
    """Compares what callers show with the secret, which it does not keep: only its digest."""

    def __init__(self, secret: str | None) -> None:
        if not secret:
            raise UsageError(
                "RETRAIN_TOKEN is not set: the webhook starts retrains, so its callers show a secret. Make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe())'` and give it to both"
            )
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise UsageError(
                "RETRAIN_TOKEN holds blanks, line ends or letters beyond ASCII, which a header cannot carry: "
                "no caller could ever show it. Take letters, digits, '-' and '_'"
            )
        self._digest = _digest(secret.encode())

    def __call__(self, headers: Iterable[tuple[bytes, bytes]]) -> Shown:
        """Judge raw headers. Only `Authorization: Bearer ...` counts, once: an address with a secret in it is logged
        by every proxy on the way."""
        given = [value for name, value in headers if name.lower() == b"authorization"]
        if not given:
            return "missing"
        scheme, _, secret = given[0].strip().partition(b" ")
        # Digests are of one length, and are compared in a time that does not tell how much of them is right.
        right = hmac.compare_digest(_digest(secret.strip()), self._digest)
        return "right" if right and scheme.lower() == SCHEME and len(given) == 1 else "wrong"


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


@dataclass(slots=True)
class Refusals:
    """What is told of refused callers: the first ten of a minute, then how many more, so that nobody fills a disk.

    There is no bound on the tries themselves: 16 characters are not found by trying, and a bound that counts callers
    behind one proxy together would shut out the right one.
    """

    clock: Callable[[], float]
    tell: Callable[[str], None]
    _since: float = field(default=float("-inf"), init=False)
    _count: int = field(default=0, init=False)

    def add(self, line: str) -> None:
        """One more."""
        now = self.clock()
        if now - self._since >= MINUTE:
            self.flush()
            self._since = now
        self._count += 1
        if self._count <= LINES_PER_MINUTE:
            self.tell(line)

    def flush(self) -> None:
        """Tell what was held back."""
        if self._count > LINES_PER_MINUTE:
            self.tell(f"{self._count - LINES_PER_MINUTE} more callers without the right token were refused since")
        self._count = 0
