"""What did a caller send? One JSON document, bounded in size, time and depth; anything else gets its own status."""

import asyncio
import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

LARGEST_BYTES = 1 << 20
"""A notification is about 1 kB an alert."""
DRAINED_BYTES = 16 << 20
"""Read and thrown away so that the caller sees the answer: closed on early, it sees a broken connection instead."""
BODY_SECONDS = 10.0


async def json_body(request: Request) -> Any:
    """The body as JSON. Raises HTTPException: 400, 408, 413 or 415."""
    _check_kind(request)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            content = await _read(request)
    except TimeoutError:
        raise HTTPException(408, f"the body did not come within {BODY_SECONDS:.0f} s; send it at once") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON in UTF-8; nothing was asked for") from None


def _check_kind(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send the body as JSON, with the header Content-Type: application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "send the body as it is, without Content-Encoding")


async def _read(request: Request) -> bytes:
    content, seen = bytearray(), 0
    async for piece in request.stream():
        seen += len(piece)
        if seen <= LARGEST_BYTES:
            content += piece
        elif seen > DRAINED_BYTES:
            break
    if seen > LARGEST_BYTES:
        raise HTTPException(
            413, f"the body is larger than {LARGEST_BYTES} bytes; of Alertmanager, lower max_alerts of the receiver"
        )
    return bytes(content)
