"""What becomes of a retrain when PostgreSQL dies under the Prefect server? It goes on, and is done once."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from retrain.pipeline.audit import audit
from servers.crew import Crew, until
from servers.postgres import Postgres, postgres
from servers.prefect import prefect_server
from servers.wreck import PATIENCE_SECONDS, all_ended, held_trainer, ready, steps, swept, unfinished, working
from shop import Messages, Shop, few

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def crew(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    home = tmp_path_factory.mktemp("prefect")
    with prefect_server(home, {"PREFECT_API_DATABASE_CONNECTION_URL": database.url}) as server:
        made = ready(server)
        yield made
        swept(made)


@pytest.mark.model
def test_a_retrain_outlives_a_database_that_was_killed_and_started_again(
    crew: Crew, database: Postgres, stack: ExitStack, shop: Shop, messages: Messages
) -> None:
    shop.examples(few(messages("base", 0, 1560))[:160])
    shop.day(0, messages("base", 0, 50))
    working(crew, stack, shop, "cpu", "gpu")
    run = crew.ask("shop", "the-first-champion").flow_run
    trainer = held_trainer(shop)
    database.kill()
    os.kill(trainer, signal.SIGCONT)
    until(lambda: steps(shop)[-1] == "promoted", seconds=PATIENCE_SECONDS, what="the promotion, with no database")
    database.start()

    assert crew.ended(run, PATIENCE_SECONDS)[:2] == ("COMPLETED", "Promoted")
    asked = crew.ask("shop", "the-first-champion")
    assert (asked.flow_run, asked.again) == (run, True)
    payload = {"model": "shop", "cause": "manual", "reason": "told again", "request": "the-first-champion"}
    crew.emit("retrain.due", "retrain.model.shop", payload)
    assert all_ended(crew, "retrain/model", least=2) == [("COMPLETED", "Promoted")] * 2, "the first answer, told again"
    patrol = crew.start("patrol/hourly")
    assert crew.ended(patrol, PATIENCE_SECONDS)[0] == "COMPLETED"
    assert unfinished(crew) == []
    assert steps(shop) == ["claimed", "prepared", "trained", "promoted"]
    assert audit(shop.site()).sound
