"""What does a run show in Prefect's UI? Artifacts: pages beside the work, which never stop or delay it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.settings import PREFECT_API_REQUEST_TIMEOUT, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

PERCENT = {"prepare": 5.0, "probe": 15.0, "tune": 20.0, "train": 20.0, "evaluate": 80.0, "done": 100.0}
"""Where a stage begins. Within training the sentence moves and not the bar: how long it takes is not known."""

SECONDS_BETWEEN_UPDATES = 5.0
PATIENCE_SECONDS = 10.0


def key(kind: str, model: str) -> str:
    """An artifact's key: Prefect takes lower-case letters, digits and dashes."""
    return f"{kind}-{model.lower().replace('_', '-')}"


def markdown(text: str, *, kind: str, model: str, description: str) -> None:
    """A page."""
    with beside_the_work():
        create_markdown_artifact(text, key=key(kind, model), description=description)


def table(rows: Sequence[dict[str, Any]], *, name: str, description: str) -> None:
    """A table; none without rows."""
    with beside_the_work():
        if rows:
            create_table_artifact(list(rows), key=name, description=description)


def link(text: str, address: str) -> str:
    """Markdown that leads to a file of the store; a folder store becomes file://."""
    target = address if "://" in address else Path(address).absolute().as_uri()
    return f"[{text}]({target})"


@contextmanager
def beside_the_work() -> Iterator[None]:
    """A server that is away costs a line in the log: no training ends, and none waits, for a picture of it."""
    once = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: PATIENCE_SECONDS}
    try:
        with temporary_settings(once):
            yield
    except Exception as error:  # noqa: BLE001  whatever it is, it is not the work
        get_run_logger().warning("not shown in the UI: %s: %s", type(error).__name__, error)


class Bar:
    """The progress of one retrain."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._artifact: UUID | None = None
        self._stage = ""
        self._percent = 0.0
        self._shown_at = 0.0

    def at(self, stage: str, sentence: str) -> None:
        """Move the bar; within a stage not more often than a person looks."""
        now = time.monotonic()
        if stage == self._stage and now - self._shown_at < SECONDS_BETWEEN_UPDATES:
            return
        self._stage, self._shown_at = stage, now
        self._percent = max(self._percent, PERCENT.get(stage, 0.0))
        told = f"{stage}: {sentence}"
        with beside_the_work():
            if self._artifact is None:
                made = create_progress_artifact(self._percent, key=key("progress", self._model), description=told)
                assert isinstance(made, UUID), "a flow that is no coroutine gets the answer itself"
                self._artifact = made
            else:
                update_progress_artifact(self._artifact, self._percent, description=told)
