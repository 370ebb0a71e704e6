"""httpx's and httpx2's clients, synchronous and asynchronous, as tests use them: all in one way."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import httpx2
import oauth1_rs.httpx
import oauth1_rs.httpx2
from oauth1_rs import OAuth1

# No server of these tests is asked for a certificate, and certificates take long to load.
OPTIONS = {"verify": False, "trust_env": False, "timeout": 10}


class Client:
    """A client of either kind, as a context manager. What it gives is awaited if it has to be."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        self.wait_for(
            self.client.aclose() if hasattr(self.client, "aclose") else self.client.close()
        )
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.client, name)
        if not inspect.ismethod(value):
            return value
        return lambda *arguments, **options: self.wait_for(value(*arguments, **options))

    def wait_for(self, value: Any) -> Any:
        return self._loop.run_until_complete(value) if inspect.isawaitable(value) else value


@dataclass(frozen=True)
class Kind:
    """One of the four."""

    library: Any
    ours: Any
    is_async: bool

    def __str__(self) -> str:
        return f"{self.library.__name__} {'async' if self.is_async else 'sync'}"

    def auth(self, auth: OAuth1, **options: Any) -> Any:
        return self.ours.OAuth1Auth(auth, **options)

    def plain(self, **options: Any) -> Client:
        make = self.library.AsyncClient if self.is_async else self.library.Client
        return Client(make(**{**OPTIONS, **options}))

    def session(self, auth: OAuth1, **options: Any) -> Client:
        make = self.ours.AsyncOAuth1Client if self.is_async else self.ours.OAuth1Client
        return Client(make(auth, **{**OPTIONS, **options}))

    def installed(self, auth: OAuth1, *, correct_clock: bool = False, **options: Any) -> Client:
        client = self.plain(**options)
        self.ours.install(client.client, auth, correct_clock=correct_clock)
        return client

    def transported(self, auth: OAuth1, *, correct_clock: bool = False, **options: Any) -> Client:
        transport = self.signing(self.sending())
        return self.plain(
            auth=self.auth(auth, correct_clock=correct_clock), transport=transport, **options
        )

    def sending(self) -> Any:
        library = self.library
        make = library.AsyncHTTPTransport if self.is_async else library.HTTPTransport
        return make(verify=False)

    def signing(self, transport: Any) -> Any:
        make = self.ours.AsyncOAuth1Transport if self.is_async else self.ours.OAuth1Transport
        return make(transport)

    def stream(self, pieces: list[bytes]) -> Iterator[bytes] | AsyncIterator[bytes]:
        """A body without a length, in the way that the client takes."""
        return _async_pieces(pieces) if self.is_async else iter(pieces)


async def _async_pieces(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


KINDS = [
    Kind(httpx, oauth1_rs.httpx, is_async=False),
    Kind(httpx, oauth1_rs.httpx, is_async=True),
    Kind(httpx2, oauth1_rs.httpx2, is_async=False),
    Kind(httpx2, oauth1_rs.httpx2, is_async=True),
]
