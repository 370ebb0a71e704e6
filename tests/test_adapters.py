"""What holds for the adapters of all HTTP clients, niquests' excepted: that has tests elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from client_requests import auth
from oauth1_rs import OAuth1TypeError
from oauth1_rs import aiohttp as for_aiohttp
from oauth1_rs import httpx as for_httpx
from oauth1_rs import httpx2 as for_httpx2
from oauth1_rs import urllib3 as for_urllib3
from oauth1_rs.scrapy import OAuth1DownloaderMiddleware
from wire_server import WireServer

CONSTRUCTORS: dict[str, Callable[[Any], Any]] = {
    "aiohttp": for_aiohttp.OAuth1Middleware,
    "httpx": for_httpx.OAuth1Auth,
    "httpx's client": for_httpx.OAuth1Client,
    "httpx2's asynchronous client": for_httpx2.AsyncOAuth1Client,
    "scrapy": lambda given: OAuth1DownloaderMiddleware(None, given, []),  # type: ignore[arg-type]
    "urllib3": for_urllib3.OAuth1PoolManager,
    "urllib3's pool": lambda given: for_urllib3.OAuth1HTTPConnectionPool(given, "127.0.0.1"),
}


@pytest.mark.parametrize("given", [b"client key", ("client key", "client secret"), print])
@pytest.mark.parametrize("make", CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_what_is_no_oauth1_is_refused_at_once(make: Callable[[Any], Any], given: object) -> None:
    """Credentials in its place would be sent as a user's name and password, or not at all."""
    with pytest.raises(OAuth1TypeError, match=rf"OAuth1, got {type(given).__name__}"):
        make(given)


def _by_aiohttp(url: str, signer: Any) -> None:
    async def get() -> None:
        middlewares = [for_aiohttp.OAuth1Middleware(signer)]
        async with aiohttp.ClientSession(middlewares=middlewares) as session:
            await session.get(url)

    asyncio.run(get())


def _by_urllib3(url: str, signer: Any) -> None:
    with for_urllib3.OAuth1PoolManager(signer) as manager:
        manager.request("GET", url)


def _by_httpx(url: str, signer: Any) -> None:
    with for_httpx.OAuth1Client(signer) as client:
        client.get(url)


@pytest.mark.parametrize("send", [_by_aiohttp, _by_httpx, _by_urllib3])
def test_headers_are_not_bytes(server: WireServer, send: Callable[[str, Any], None]) -> None:
    with pytest.raises(OAuth1TypeError, match="decoding=None"):
        send(server.url, auth(decoding="utf-8"))
    assert server.requests == []
