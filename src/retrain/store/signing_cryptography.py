"""How is an entry signed and its signature checked? By Ed25519 (RFC 8032), with keys in PEM files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from retrain.errors import SafetyError, UsageError
from retrain.store.seal import Seal
from retrain.values import digest_of

OTHERS = 0o077
"""Rights of group and others: a secret that they may read is none."""
KEY_DIGITS = 16
NEW = "make a pair with `retrain keys new --out FILE`"


class KeyFiles(NamedTuple):
    """A new pair."""

    key: str
    secret: Path
    public: Path


class Ed25519Signer:
    """A secret key. It shows in no text that is made from it."""

    def __init__(self, secret: Ed25519PrivateKey) -> None:
        self._secret = secret
        self._key = key_id(secret.public_key())

    def __repr__(self) -> str:
        return f"Ed25519Signer(key={self._key!r})"

    def __reduce__(self) -> str:
        raise TypeError("a secret key is not pickled; name its file to the other process")

    @property
    def key(self) -> str:
        """See Signer.key."""
        return self._key

    def sign(self, content: bytes) -> str:
        """See Signer.sign."""
        return self._secret.sign(content).hex()


class TrustedKeys:
    """Public keys by id."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = dict(keys)

    def fault(self, content: bytes, key: str | None, signature: str | None) -> str | None:
        """See Trusted.fault."""
        if key is None or signature is None:
            return "it is not signed"
        public = self._keys.get(key)
        if public is None:
            return f"it is signed by key {key}, which is none of the {len(self._keys)} trusted ones"
        try:
            public.verify(bytes.fromhex(signature), content)
        except (InvalidSignature, ValueError):
            return f"its signature by key {key} does not fit: it was changed after it was signed"
        return None


def key_id(public: Ed25519PublicKey) -> str:
    """The first digits of the SHA-256 of the raw public key."""
    return digest_of(public.public_bytes_raw())[:KEY_DIGITS]


def seal_of(signing_key: Path | None, trusted_keys: Path | None) -> Seal:
    """What the settings name. Raises UsageError for files of no use, SafetyError for a secret that others may read."""
    signer = Ed25519Signer(_secret(signing_key)) if signing_key else None
    return Seal(signer=signer, trusted=TrustedKeys(_public_keys(trusted_keys)) if trusted_keys else None)


def new_pair(path: Path) -> KeyFiles:
    """Make a pair: the secret in `path`, for its owner alone, the public key beside it. Raises UsageError if taken."""
    secret = Ed25519PrivateKey.generate()
    public = path.with_name(f"{path.name}.pub")
    pem = serialization.Encoding.PEM
    hidden = secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    shown = secret.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    path.parent.mkdir(parents=True, exist_ok=True)
    for place, content, mode in ((path, hidden, 0o600), (public, shown, 0o644)):
        try:
            # Made with its rights from the start: there is no moment at which others could read it.
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise UsageError(f"{place} is there already, and a key is not overwritten; name another file") from None
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
    return KeyFiles(key_id(secret.public_key()), path, public)


def _secret(path: Path) -> Ed25519PrivateKey:
    try:
        mode = path.stat().st_mode
        if path.read_bytes().startswith(b"-----BEGIN PUBLIC KEY"):
            raise UsageError(
                f"RETRAIN_SIGNING_KEY {path} is the public key, and signing needs the private one; name the file that "
                f"`retrain keys new` wrote without .pub"
            )
        if mode & OTHERS:
            raise SafetyError(
                f"RETRAIN_SIGNING_KEY {path} may be read by others (mode {mode & 0o777:o}, 600 expected): whoever read "
                f"it can sign decisions. Make a new pair with `retrain keys new`, and trust the old key no more"
            )
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise UsageError(f"RETRAIN_SIGNING_KEY {path} cannot be read ({error.strerror}); {NEW}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What the library says may quote the file.
        raise UsageError(f"RETRAIN_SIGNING_KEY {path} holds no Ed25519 secret key without a password; {NEW}") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise UsageError(f"RETRAIN_SIGNING_KEY {path} holds a key of another kind, Ed25519 expected; {NEW}")
    return found


def _public_keys(place: Path) -> dict[str, Ed25519PublicKey]:
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    found = {}
    for path in files:
        if path.name.startswith("."):
            continue
        try:
            public = serialization.load_pem_public_key(path.read_bytes())
        except OSError as error:
            raise UsageError(f"RETRAIN_TRUSTED_KEYS {path} cannot be read ({error.strerror}); {NEW}") from None
        except (ValueError, UnsupportedAlgorithm):
            raise UsageError(
                f"RETRAIN_TRUSTED_KEYS {path} holds no public key in PEM; keep only public keys (FILE.pub) there"
            ) from None
        if not isinstance(public, Ed25519PublicKey):
            raise UsageError(f"RETRAIN_TRUSTED_KEYS {path} holds a key of another kind, Ed25519 expected; {NEW}")
        found[key_id(public)] = public
    if not found:
        raise UsageError(f"RETRAIN_TRUSTED_KEYS {place} holds no key: nobody would be believed; {NEW}")
    return found
