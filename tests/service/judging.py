"""How does a test call a review as its page does, and how is the review served?"""

import sys
from typing import Any

from shop import Shop

TOKEN = "not-the-real-token-0123"
HERE = "http://127.0.0.1:8585"


class Page:
    """Calls a review as the page does."""

    def __init__(self, client: Any, base: str = HERE) -> None:
        self.client, self.base = client, base

    def post(self, name: str, body: object, **headers: str) -> Any:
        return self.client.post(f"{self.base}/api/{name}", json=body, headers=headers)

    def call(self, name: str, who: str = "Ann", **more: object) -> dict[str, Any]:
        answer = self.post(name, {"reviewer": who, **more})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def judge_all(self, who: str, choice: str = "left") -> dict[str, Any]:
        for row in self.call("open", who)["rows"]:
            self.call("judge", who, row=row["id"], choice=choice)
        return self.call("finish", who)


def served(shop: Shop, port: int, *words: str) -> list[str]:
    return [sys.executable, "-m", "retrain.cli.main", "review", "shop", "--port", str(port), *words]
