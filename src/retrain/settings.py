"""Where are things? From the environment, never from a spec, so that one spec serves every machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retrain.errors import UsageError

KNOWN = {
    "RETRAIN_STORE": "the artifact store: a folder, or s3://BUCKET/PREFIX (default ./retrain-store)",
    "RETRAIN_MODELS": "the folder of model specs, NAME.yaml each (default ./models)",
    "RETRAIN_WORK": "scratch space for runs in progress (default ./retrain-work)",
    "RETRAIN_CACHE": "verified copies of versions for serving, and embeddings of texts (default ~/.cache/retrain)",
    "RETRAIN_TIMEZONE": "the time zone of the quarterly schedule, such as Europe/Berlin (default UTC)",
    "RETRAIN_SIGNING_KEY": "the file of the secret key that each new decision is signed with (none by default)",
    "RETRAIN_TRUSTED_KEYS": "public keys, a file or folder: what none of them signed decides nothing (no default)",
    "RETRAIN_TOKEN": "the secret that callers of the webhook must show; at least 16 characters (no default)",
}

SHORTEST_TOKEN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The places one process works with."""

    store: str
    models: Path
    work: Path
    cache: Path
    timezone: str = "UTC"
    signing_key: Path | None = None
    trusted_keys: Path | None = None
    token: str | None = field(default=None, repr=False)
    """A secret: kept out of every text made from this value."""


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read `RETRAIN_*`; a name that is not known is refused, since a misspelt one would be ignored for ever."""
    given = os.environ if environment is None else environment
    unknown = sorted(
        name for name in given if name.startswith("RETRAIN_") and name not in (*KNOWN, "RETRAIN_TEST_DATA")
    )
    if unknown:
        raise UsageError(f"unknown setting {unknown[0]!r} in the environment; known are {', '.join(KNOWN)}")
    return Settings(
        store=given.get("RETRAIN_STORE", "retrain-store"),
        models=Path(given.get("RETRAIN_MODELS", "models")).expanduser().resolve(),
        work=Path(given.get("RETRAIN_WORK", "retrain-work")).expanduser().resolve(),
        cache=Path(given.get("RETRAIN_CACHE", "~/.cache/retrain")).expanduser().resolve(),
        timezone=_timezone(given.get("RETRAIN_TIMEZONE", "UTC")),
        signing_key=_file(given.get("RETRAIN_SIGNING_KEY")),
        trusted_keys=_file(given.get("RETRAIN_TRUSTED_KEYS")),
        token=_token(given.get("RETRAIN_TOKEN")),
    )


def _file(place: str | None) -> Path | None:
    return Path(place).expanduser().resolve() if place else None


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"RETRAIN_TIMEZONE is {name!r}: no time zone of that name is known; expected one such as Europe/Berlin"
        ) from None
    return name


def _token(secret: str | None) -> str | None:
    if secret is not None and len(secret) < SHORTEST_TOKEN:
        raise UsageError(
            f"RETRAIN_TOKEN has {len(secret)} characters, {SHORTEST_TOKEN} needed: make one with "
            f"`python -c 'import secrets; print(secrets.token_urlsafe())'`"
        )
    return secret
