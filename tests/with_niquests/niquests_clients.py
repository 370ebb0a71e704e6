"""The four kinds of session that are signed, and how each of them sends a request."""

from __future__ import annotations

import asyncio
from typing import Any

import niquests
from oauth1_rs import OAuth1
from oauth1_rs.niquests import AsyncOAuth1Session, OAuth1Session

PLAIN = ["Session", "AsyncSession"]
OURS = ["OAuth1Session", "AsyncOAuth1Session"]
KINDS = PLAIN + OURS


def send(
    kind: str,
    signing: OAuth1,
    method: str,
    url: str,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> niquests.Response:
    """Send one request by a session of its own."""
    if kind == "Session":
        with niquests.Session(**settings or {}) as session:
            return session.request(method, url, **{"auth": signing, **options})
    if kind == "OAuth1Session":
        with OAuth1Session(signing, **settings or {}) as session:
            return session.request(method, url, **options)

    async def send() -> Any:
        if kind == "AsyncSession":
            async with niquests.AsyncSession(**settings or {}) as session:
                return await session.request(method, url, **{"auth": signing, **options})
        async with AsyncOAuth1Session(signing, **settings or {}) as session:
            return await session.request(method, url, **options)

    response: niquests.Response = asyncio.run(send())
    return response
