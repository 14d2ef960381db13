"""What must callers of the webhook show? The secret of the environment, or one that is made and kept here."""

import os
import secrets
import stat
from dataclasses import replace
from pathlib import Path

from retrain.errors import SafetyError
from retrain.settings import SHORTEST_TOKEN, Settings

NAME = "webhook-token"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def token_file(work: Path) -> Path:
    """Where a token that nobody gave is kept."""
    return work / NAME


def with_token(settings: Settings) -> Settings:
    """The settings with a token: that of the environment, else the kept one, else a new one, readable by this user."""
    if settings.token:
        return settings
    path = token_file(settings.work)
    if not path.exists():
        _make(path)
    readable = path.stat().st_mode & OTHERS
    secret = path.read_text().strip()
    if readable or len(secret) < SHORTEST_TOKEN:
        found = "may be read by others" if readable else f"holds {len(secret)} characters, {SHORTEST_TOKEN} needed"
        raise SafetyError(
            f"the webhook's token in {path} {found}: remove the file, a new one is made at the next start"
        )
    return replace(settings, token=secret)


def _make(path: Path) -> None:
    """Whole or not at all: a half-written token would be kept for ever."""
    part = path.with_name(f".{path.name}-{os.getpid()}")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_urlsafe(32) + "\n")
    part.replace(path)
