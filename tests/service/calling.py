"""How does a test call the webhook's endpoints in its own process, with a stand-in for Prefect behind them?"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from retrain.service.queue_prefect import Ask, Queued
from retrain.service.webhook_starlette import Desk, application
from retrain.settings import Settings
from shop import Shop

TOKEN = "not-the-real-token-0123"
JSON = {"Content-Type": "application/json"}
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}", **JSON}
RETRAIN = "/models/shop/retrain"


@dataclass(slots=True)
class Queue:
    """Stands for the door to Prefect: the same request has the same run."""

    asked: list[Ask] = field(default_factory=list)
    fails: Exception | None = None
    fails_at: int = 0

    def __call__(self, ask: Ask) -> Queued:
        if self.fails and len(self.asked) >= self.fails_at:
            raise self.fails
        again = ask.request in [each.request for each in self.asked]
        self.asked.append(ask)
        return Queued(flow_run=f"run-{ask.request}", state="Scheduled", address="http://ui/run", again=again)


@dataclass(slots=True)
class Webhook:
    """The endpoints, called in this process."""

    shop: Shop
    queue: Queue = field(default_factory=Queue)

    @property
    def settings(self) -> Settings:
        places = self.shop.settings
        return Settings(store=places.store, models=places.models, work=places.work, cache=places.cache, token=TOKEN)

    def __call__(self, method: str, path: str, **sent: Any) -> httpx.Response:
        app = application(Desk(settings=self.settings, queue=self.queue))

        async def ask() -> httpx.Response:
            inside = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=inside, base_url="http://webhook") as client:
                return await client.request(method, path, **{"headers": WITH_TOKEN, **sent})

        return asyncio.run(ask())

    def plain(self, **body: object) -> httpx.Response:
        return self("POST", RETRAIN, content=json.dumps(body))

    def notify(self, *alerts: object) -> httpx.Response:
        return self("POST", "/alertmanager", content=json.dumps({"version": "4", "alerts": alerts}))


def alert(model: str = "shop", *, status: str = "firing", start: str = "2026-03-02T10:00:00Z") -> dict[str, Any]:
    labels = {"alertname": "Misread", "retrain": "true", "model": model}
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "why"},
        "startsAt": start,
        "fingerprint": "f",
    }


def sentence(answer: httpx.Response) -> str:
    text: str = answer.json()["error"]
    return text
