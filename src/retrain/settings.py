"""Where are things? From the environment, never from a spec, so that one spec serves every machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from retrain.errors import UsageError

KNOWN = {
    "RETRAIN_STORE": "the artifact store: a folder (default ./retrain-store)",
    "RETRAIN_MODELS": "the folder of model specs, NAME.yaml each (default ./models)",
    "RETRAIN_WORK": "scratch space for runs in progress (default ./retrain-work)",
    "RETRAIN_CACHE": "verified copies of versions for serving (default ~/.cache/retrain)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The places one process works with."""

    store: str
    models: Path
    work: Path
    cache: Path


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
    )
