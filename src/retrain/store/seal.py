"""Who vouches for an entry? What a ledger asks of keys, without knowing what they are made of."""

from dataclasses import dataclass
from typing import Protocol


class Signer(Protocol):
    """Holds a secret key."""

    @property
    def key(self) -> str:
        """The key's id, which says nothing of the secret."""

    def sign(self, content: bytes) -> str:
        """The signature of these bytes, as text."""


class Trusted(Protocol):
    """The public keys of those whose entries are believed."""

    def fault(self, content: bytes, key: str | None, signature: str | None) -> str | None:
        """Why these bytes are not vouched for, in words; none when a trusted key has signed them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What this process signs with, and whom it believes; each may be nobody."""

    signer: Signer | None = None
    trusted: Trusted | None = None


UNSEALED = Seal()
