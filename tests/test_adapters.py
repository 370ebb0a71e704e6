"""What holds for the adapters of all HTTP clients, niquests' excepted: that has tests elsewhere."""

from __future__ import annotations

import asyncio
import pathlib
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import requests
import scrapy
from client_requests import auth, verdict
from oauth1_rs import OAuth1Adapter, OAuth1TypeError
from oauth1_rs import aiohttp as for_aiohttp
from oauth1_rs import httpx as for_httpx
from oauth1_rs import httpx2 as for_httpx2
from oauth1_rs import urllib3 as for_urllib3
from oauth1_rs.scrapy import OAuth1DownloaderMiddleware
from scrapy.http import Response
from urllib3.util import Retry
from wire_server import Answer, WireServer

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


@pytest.mark.parametrize("client", ["httpx", "requests", "urllib3"])
def test_a_refusal_without_end_is_not_read(
    client: str, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is corrected by its header; what else it says nobody asked for."""
    monkeypatch.setattr(
        "http.server.BaseHTTPRequestHandler.date_time_string",
        lambda _self, _timestamp=None: formatdate(time.time() + 3600, usegmt=True),
    )
    sent = []

    def endless() -> Iterator[bytes]:
        while True:
            sent.append(1)
            yield bytes(2**16)

    answers = iter([Answer(endless(), 401), Answer(b"accepted")])
    server.answers["/"] = lambda _request: next(answers)
    signer = auth()
    url = f"{server.url}/"
    if client == "httpx":
        with for_httpx.OAuth1Client(signer, correct_clock=True) as asking:
            assert asking.get(url).content == b"accepted"
    elif client == "requests":
        with requests.Session() as session:
            session.mount("http://", OAuth1Adapter(correct_clock=True))
            assert session.get(url, auth=signer, stream=True).content == b"accepted"
    else:
        with for_urllib3.OAuth1PoolManager(signer, correct_clock=True) as manager:
            assert manager.request("GET", url, preload_content=False).data == b"accepted"
    assert signer.client.timestamp_offset > 3000
    assert len(sent) < 1000


def test_a_request_in_the_middle_of_another_one(server: WireServer) -> None:
    """Of a log's handler, say. Both are signed, and so is what urllib3 tries again."""
    answers = iter([Answer(status=503), Answer()])
    server.answers["/"] = lambda _request: next(answers)

    class Reporting(Retry):
        def increment(self, *arguments: Any, **options: Any) -> Any:
            manager.request("POST", f"{server.url}/report", body=b"x")
            return super().increment(*arguments, **options)

    with for_urllib3.OAuth1PoolManager(auth()) as manager:
        manager.request("GET", f"{server.url}/", retries=Reporting(3, status_forcelist=[503]))
    assert [request.target for request in server.requests] == [b"/", b"/report", b"/"]
    assert all(verdict(request).accepted for request in server.requests)


def test_a_hop_whose_body_somebody_changed(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    bodies = iter([b'{"id": 1}', b'{"id": 2}'])

    async def stamp(request: Any, handler: Any) -> Any:
        await request.update_body(next(bodies))
        return await handler(request)

    async def post() -> None:
        middlewares: list[Any] = [stamp, for_aiohttp.OAuth1Middleware(auth())]
        async with aiohttp.ClientSession(middlewares=middlewares) as session:
            await session.post(f"{server.url}/first", json={})

    asyncio.run(post())
    assert [request.body for request in server.requests] == [b'{"id": 1}', b'{"id": 2}']
    assert all(verdict(request).accepted for request in server.requests)


def test_a_location_that_is_no_url_is_the_spiders_affair() -> None:
    middleware = OAuth1DownloaderMiddleware(
        SimpleNamespace(spider=None),  # type: ignore[arg-type]  # all that it is asked for
        auth(),
        ["https://api.example.com"],
    )
    request = scrapy.Request("https://api.example.com/")
    middleware.process_request(request)
    answer = Response(request.url, headers={"Location": b"http://[bad"})
    after = middleware.process_response(request, answer)
    assert after.headers["Location"] == b"http://[bad"


@pytest.mark.parametrize(
    "options",
    [
        {"timestamp": 1},
        {"protocol_parameters": {"oauth_timestamp": "1"}},
        {"protocol_parameters": {"oauth_timestamp": None}},
        {"protocol_parameters": {b"oauth_timestamp": b"1"}},
    ],
)
def test_a_fixed_timestamp_is_no_clock_that_is_off(
    server: WireServer, options: dict[str, Any]
) -> None:
    server.answers["/"] = Answer(status=401)
    signer = auth(**options)
    with for_urllib3.OAuth1PoolManager(signer, correct_clock=True) as manager:
        assert manager.request("GET", f"{server.url}/").status == 401
    assert len(server.requests) == 1
    assert signer.client.timestamp_offset == 0


def test_what_was_sent_can_be_explained(server: WireServer) -> None:
    """By the parts of it, where a client's request is of another shape than requests'."""
    signer = auth()

    async def post() -> None:
        middlewares = [for_aiohttp.OAuth1Middleware(signer)]
        async with aiohttp.ClientSession(middlewares=middlewares) as session:
            response = await session.post(f"{server.url}/a?b=1", data={"c": "2"})
            sent = response.request_info
            explanation = signer.client.explain(str(sent.url), sent.method, "c=2", sent.headers)
            assert explanation.was_signed
            assert explanation.signature_matches

    asyncio.run(post())
    request = scrapy.Request(f"{server.url}/a?b=1", headers={"X": "1"})
    headers = request.headers.to_unicode_dict()
    explanation = signer.client.explain(request.url, request.method, None, headers)
    assert explanation.base_string_uri == f"{server.url}/a"


def test_httpx_and_httpx2_are_signed_alike() -> None:
    """Type checkers want each module written out."""
    one, other = (
        pathlib.Path(str(module.__file__)).read_text(encoding="utf-8")
        for module in (for_httpx, for_httpx2)
    )
    assert "httpx2" in other
    assert other.replace("httpx2", "httpx") == one
