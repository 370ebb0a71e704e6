"""Signs what aiohttp's client sends: ``ClientSession(middlewares=[OAuth1Middleware(auth)])``."""

from __future__ import annotations

import copy
import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiohttp import BytesIOPayload, BytesPayload, MultipartWriter, TraceConfig
from aiohttp.tracing import Trace
from yarl import URL

from oauth1_rs._clock import corrects_clock
from oauth1_rs._hops import Chain, Message, checked, in_bytes, signs_body

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, Payload
    from multidict import CIMultiDict

    from oauth1_rs._native import OAuth1

__all__ = ["OAuth1Middleware"]

_SILENT = TraceConfig()
_SILENT.freeze()


class OAuth1Middleware:
    """Signs the requests of a session, or one: ``session.get(url, middlewares=[...])``.

    Of several middlewares it has to be the last one: what the others change is then signed, and
    what they send again is signed afresh. Redirects within the origin are signed afresh; nothing
    of the signature goes to another origin. A body is read only if it is a form or its hash is
    signed. After each attempt the request has its own URL and headers again. Sessions, tasks and
    threads may share one.

    Parameters
    ----------
    auth : OAuth1
        Holds the credentials and settings. An ``Authorization`` of the request's own is replaced
        by a signature in the header.
    correct_clock : bool, default False
        If a server answers 401, and by its ``Date`` the timestamp (RFC 5849 section 3.3) was more
        than 60 seconds and at most 24 hours off, set ``auth.client.timestamp_offset`` and, if the
        body is in memory, send once more.

    Raises
    ------
    OAuth1Error
        From the session's methods: the request cannot be signed; nothing was sent.
    """

    def __init__(self, auth: OAuth1, *, correct_clock: bool = False) -> None:
        self.auth = checked(auth)
        self.correct_clock = correct_clock

    @property
    def client(self) -> Any:
        """The settings, ``auth.client``. A write to one takes effect at the next signature."""
        return self.auth.client

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Sign a request and send it, as aiohttp calls its middlewares."""
        hops = self._hops(request)
        response = await hops.send(request, handler)
        if self.correct_clock and hops.corrects_clock(response) and _is_in_memory(request.body):
            response.release()
            response = await hops.send(request, handler)
        return response

    def _hops(self, request: ClientRequest) -> _Hops:
        traces = request._traces
        for trace in traces:
            if isinstance(trace, _Hops) and trace.middleware is self:
                return trace
        hops = _Hops(self, request.session)
        traces.append(hops)
        return hops


class _Hops(Trace):
    """The hops of one request.

    aiohttp calls middlewares once for each hop, with a request that knows of none before. What it
    hands on from hop to hop is the list of the traces, made for one call of a session's method;
    traces hear of each redirect that is followed. So this is one of them: `ClientRequest._traces`
    is private, `Trace` is not documented. A context variable would do neither: a middleware may
    call the next one in another task, and an answer does not tell whether it will be followed.
    """

    def __init__(self, middleware: OAuth1Middleware, session: ClientSession) -> None:
        super().__init__(session, _SILENT, SimpleNamespace())
        self.middleware = middleware
        self._before: Chain | None = None
        """Up to the hop that led to this one. A hop that is sent again goes on from there."""
        self._chain = Chain(middleware.auth)
        self._replaced: tuple[Payload, Payload | None] | None = None
        """The payload that this hop was sent with last, and the one in whose place it is."""

    async def send_request_redirect(
        self, method: str, url: URL, headers: CIMultiDict[str], response: ClientResponse
    ) -> None:
        self._before = self._chain
        self._replaced = None

    async def send(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        url, headers = request.url, request.headers
        try:
            await self._sign(request)
            return await handler(request)
        finally:
            # The body stays: it may still be on its way out.
            request.url, request.headers = url, headers

    async def _sign(self, request: ClientRequest) -> None:
        if self._replaced and request.body is self._replaced[0]:
            await request.update_body(self._replaced[1])
        body = await self._readable_body(request)
        url = str(request.url)  # what yarl makes of a URL is what is sent
        if url.startswith("ws"):  # a web socket begins with a request for an http URL
            url = "http" + url[2:]
        message = Message(request.method, url, request.headers.copy(), body)
        if self._before is None:
            self._chain = Chain(self.middleware.auth)
            self._chain.sign(message)
        else:
            self._chain = copy.copy(self._before)
            self._chain.follow(message)
        request.headers = message.headers
        request.url = URL(message.url, encoded=True)
        if in_bytes(message.body) != in_bytes(body):
            await self._replace_body(request, message.body)

    async def _replace_body(self, request: ClientRequest, body: str | bytes | None) -> None:
        # aiohttp makes other requests of the payload alone.
        content_type = request.headers.get("Content-Type")
        payload = BytesPayload(in_bytes(body), content_type=content_type)
        self._replaced = payload, request.body or None
        await request.update_body(payload)

    async def _readable_body(self, request: ClientRequest) -> Any:
        """Return the body as bytes if that may be read, else the untouched payload."""
        body = request.body or None
        if isinstance(body, BytesPayload):
            return bytes(await body.as_bytes())
        content_type = request.headers.get("Content-Type")
        if body is None or not signs_body(self.middleware.auth, content_type):
            return body
        content = await body.as_bytes()
        if body.consumed:  # it could be read but once
            await request.update_body(io.BytesIO(content))
        return content

    def corrects_clock(self, response: ClientResponse) -> bool:
        change = self._chain.change
        if change is None or (self._before and change is self._before.change):  # it went unsigned
            return False
        return corrects_clock(self.middleware.auth, change, response.status, response.headers)


def _is_in_memory(body: Payload | bytes) -> bool:
    """Whether a body can be sent again. A file may still be read, by a thread of aiohttp's."""
    if isinstance(body, MultipartWriter):
        return all(_is_in_memory(part) for part, *_ in body)
    return isinstance(body, (bytes, BytesPayload, BytesIOPayload))
