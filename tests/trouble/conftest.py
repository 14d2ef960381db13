"""One Prefect server for the tests of this folder, and workers that end with their test."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from servers.crew import Crew
from servers.prefect import prefect_server
from servers.wreck import ready, swept


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        yield ready(server)


@pytest.fixture
def crew(served: Crew) -> Iterator[Crew]:
    """The server, up again if a test has left it dead; what was left waiting there is not the next test's."""
    yield served
    if served.server.process.poll() is not None:
        served.server.start()
    swept(served)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered
