"""What part of a request on loopback its signature is, for each HTTP client, beside other signers.

`make bench` runs it with the names of clients. A round sends requests with each contender in turn:
signed by ours, signed by others, and with a header that was signed once. What is printed are
medians of the rounds' shares: how much of a signed request's time is more than that of the last.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any

import oauth1_rs
from oauthlib.oauth1 import Client as OAuthlibClient

ROUNDS = 60
REQUESTS = 20  # of a contender in a round

CREDENTIALS = (
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
)
QUERY = "screen_name=twitterapi&count=100&include_rts=true&exclude_replies=false&trim_user=1"
AUTH = oauth1_rs.OAuth1(*CREDENTIALS)

# Answers as fast as Python can, in a process of its own.
SERVER = """
import asyncio

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.received = b""

    def data_received(self, data):
        self.received += data
        while b"\\r\\n\\r\\n" in self.received:
            _, _, self.received = self.received.partition(b"\\r\\n\\r\\n")
            self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")

async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""

Contenders = dict[str, Callable[[], Awaitable[object]]]


def main() -> None:
    with serving() as url:
        header = OAuthlibClient(*CREDENTIALS).sign(url)[1]["Authorization"]
        print("| client | a request | signing: ours | others |\n|---|---|---|---|")
        for name in sys.argv[1:]:
            asyncio.run(report(name, CLIENTS[name], url, header))


@contextmanager
def serving() -> Iterator[str]:
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/resource?{QUERY}"
        finally:
            process.kill()


async def report(name: str, make: Callable[[str, str], Any], url: str, header: str) -> None:
    async with make(url, header) as contenders:
        rounds = [
            {contender: await seconds(send) for contender, send in contenders.items()}
            for _ in range(ROUNDS)
        ]
    request = statistics.median(times["ours"] for times in rounds)
    shares = {
        contender: statistics.median(1 - times["bare"] / times[contender] for times in rounds)
        for contender in contenders
        if contender != "bare"
    }
    ours = shares.pop("ours")
    others = ", ".join(f"{other} {share:.1%}" for other, share in shares.items())
    print(f"| {name} | {request * 1e6:.0f} µs | {ours:.1%} | {others} |", flush=True)


async def seconds(send: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    for _ in range(REQUESTS):
        await send()
    return (time.perf_counter() - start) / REQUESTS


# --- The clients -------------------------------------------------------------------------------


def send(function: Callable[..., object], *arguments: Any, **options: Any) -> Any:
    async def call() -> object:
        return function(*arguments, **options)

    return call


def by_oauthlib(url: str) -> dict[str, str]:
    headers: dict[str, str] = OAuthlibClient(*CREDENTIALS).sign(url)[1]
    return headers


@asynccontextmanager
async def with_requests(url: str, header: str) -> AsyncIterator[Contenders]:
    import requests
    import requests_oauthlib
    from authlib.integrations.requests_client import OAuth1Auth

    with requests.Session() as session:
        session.trust_env = False
        yield {
            "ours": send(session.get, url, auth=AUTH),
            "bare": send(session.get, url, headers={"Authorization": header}),
            "requests-oauthlib": send(
                session.get, url, auth=requests_oauthlib.OAuth1(*CREDENTIALS)
            ),
            "Authlib": send(session.get, url, auth=OAuth1Auth(*CREDENTIALS)),
        }


@asynccontextmanager
async def with_httpx(url: str, header: str) -> AsyncIterator[Contenders]:
    library = import_module("httpx")
    ours = import_module("oauth1_rs.httpx").OAuth1Auth(AUTH)
    with library.Client(trust_env=False) as client:
        yield {
            "ours": send(client.get, url, auth=ours),
            "bare": send(client.get, url, headers={"Authorization": header}),
            "Authlib": send(client.get, url, auth=authlib_for_httpx()),
        }


def authlib_for_httpx() -> Any:
    with warnings.catch_warnings():
        # That httpx has a successor is for others to know.
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import OAuth1Auth

    return OAuth1Auth(*CREDENTIALS)


@asynccontextmanager
async def with_aiohttp(url: str, header: str) -> AsyncIterator[Contenders]:
    import aiohttp
    from oauth1_rs.aiohttp import OAuth1Middleware

    async with aiohttp.ClientSession() as session:

        async def get(**options: Any) -> None:
            async with session.get(url, **options) as response:
                await response.read()

        yield {
            "ours": lambda: get(middlewares=[OAuth1Middleware(AUTH)]),
            "bare": lambda: get(headers={"Authorization": header}),
            "oauthlib's Client.sign": lambda: get(headers=by_oauthlib(url)),
        }


@asynccontextmanager
async def with_urllib3(url: str, header: str) -> AsyncIterator[Contenders]:
    import urllib3
    from oauth1_rs.urllib3 import OAuth1PoolManager

    with urllib3.PoolManager() as plain, OAuth1PoolManager(AUTH) as signing:
        yield {
            "ours": send(signing.request, "GET", url),
            "bare": send(plain.request, "GET", url, headers={"Authorization": header}),
            "oauthlib's Client.sign": send(
                lambda: plain.request("GET", url, headers=by_oauthlib(url))
            ),
        }


@asynccontextmanager
async def with_niquests(url: str, header: str) -> AsyncIterator[Contenders]:
    library = import_module("niquests")
    with library.Session() as session:
        session.trust_env = False
        yield {
            "ours": send(session.get, url, auth=AUTH),
            "bare": send(session.get, url, headers={"Authorization": header}),
            "oauthlib's Client.sign": send(lambda: session.get(url, headers=by_oauthlib(url))),
        }


CLIENTS: dict[str, Callable[[str, str], Any]] = {
    "requests": with_requests,
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "urllib3": with_urllib3,
    "niquests": with_niquests,
}

if __name__ == "__main__":
    main()
