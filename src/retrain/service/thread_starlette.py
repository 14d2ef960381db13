"""How does a server do blocking work without standing still, and without waiting for ever?"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread
from starlette.requests import Request

from retrain.errors import WorldError

T = TypeVar("T")


async def in_thread(request: Request, work: Callable[[], T], *, seconds: float, otherwise: str) -> T:
    """Blocking work in one of the app's threads. Raises WorldError with the sentence `otherwise` when it takes longer;
    it may still come to its end unseen, so it has to be such that asking again does no harm."""
    try:
        async with asyncio.timeout(seconds):
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=request.app.state.limiter)
    except TimeoutError:
        raise WorldError(otherwise) from None
