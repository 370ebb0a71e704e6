"""What `oauth1_rs.httpx` and `oauth1_rs.httpx2` have in common. It imports neither library.

A request that was signed has an `Exchange` among its extensions, which httpx copies into the
request that it makes of a redirect. Whoever gets to see that one before it is sent (an event hook,
a transport, the auth of a request that is sent by hand) can tell that it is another one.
"""

from __future__ import annotations

import copy
import re
import weakref
from collections.abc import AsyncIterable, Coroutine, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from oauth1_rs._clock import corrects_clock
from oauth1_rs._flow import Flow, Result, carry, carry_async
from oauth1_rs._hops import Chain, Message, checked, in_bytes, is_same_body, signs_body
from oauth1_rs._token_response import (
    BROKEN_OFF,
    Answer,
    Body,
    refuse_other_origin,
    secrets_sent,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from oauth1_rs._flow import Step, TokenRequest
    from oauth1_rs._native import OAuth1

EXTENSION = "oauth1_rs"
# Of ASCII: httpx encodes all else (RFC 3986 section 2).
NO_URI_CHARACTER = re.compile(r'[\x00-\x20"<>\\^`{|}\x7f]')


class Exchange:
    """How one request was signed: to sign it once more, or what it is redirected to."""

    def __init__(self, chain: Chain, request: Any, library: Any) -> None:
        self.chain = chain
        self.is_signed = False
        self.is_sent = False
        """Whether a transport has had it. What it gets after that is another attempt."""
        self._library = library
        # Not the request itself, which has this: bodies would wait for the garbage collector.
        self._request = weakref.ref(request)
        # httpx keeps no content of a request that it makes of a redirect, but the stream.
        self._stream: Any = None
        self._body: Any = None

    def is_of(self, request: Any) -> bool:
        return self._request() is request

    def sign(self, request: Any) -> None:
        """Sign a request, in place of the signature that it may have. Raises `OAuth1Error`."""
        message = self._message(request)
        body, change = message.body, self.chain.change
        if change is not None:
            if not self.is_signed:  # a hop that left the origin, or that cannot be signed
                return
            if change.authorization is not None:
                message.headers.pop("Authorization", None)
            if message.url == change.url:
                message.url = change.unsigned_url
            if is_same_body(message.body, change.body):
                message.body = change.unsigned_body
        self.chain.sign(message)
        self.is_signed, self.is_sent = True, False
        self._write(message, body, request)

    def follow(self, request: Any) -> Exchange:
        """Sign what the request was redirected to, or take the signature out of that."""
        following = Exchange(copy.copy(self.chain), request, self._library)
        message = self._message(request)
        body = message.body
        following.chain.follow(message)
        following.is_signed = following.chain.change is not self.chain.change
        following._write(message, body, request)
        return following

    def _message(self, request: Any) -> Message:
        body = request.stream
        if body is self._stream:
            body = self._body
        elif isinstance(body, self._library.ByteStream):
            body = request.read() or None
        return Message(
            request.method, _with_uri_path(str(request.url)), request.headers.copy(), body
        )

    def _write(self, message: Message, body: Any, request: Any) -> None:
        """Write a message back into its request, which had `body`, and remember what it has now."""
        if message.url != str(request.url):
            request.url = self._library.URL(message.url)
        request.headers = message.headers
        if message.body is not body:
            content = in_bytes(message.body)
            request.stream = self._library.ByteStream(content)
            request._content = content
            request.headers["Content-Length"] = str(len(content))
            request.headers.pop("Transfer-Encoding", None)
        self._stream, self._body = request.stream, message.body
        request.extensions = {**request.extensions, EXTENSION: self}


def _with_uri_path(url: str) -> str:
    """Return `url` with its path percent-encoded where no URI can hold what httpx leaves there."""
    path, mark, query = url.partition("?")
    return NO_URI_CHARACTER.sub(lambda found: f"%{ord(found[0]):02X}", path) + mark + query


def follow(request: Any) -> Exchange | None:
    """Sign a request that httpx made of the redirect of a signed one; leave all others alone.

    Return how it is signed, if it has to do with OAuth at all.
    """
    exchange: Exchange | None = request.extensions.get(EXTENSION)
    if exchange is None or exchange.is_of(request):
        return exchange
    return exchange.follow(request)


def attempt(request: Any) -> None:
    """Sign a request that is about to be sent, unless it has a signature that nobody got yet."""
    exchange = follow(request)
    if exchange is not None:
        if exchange.is_sent:
            exchange.sign(request)
        exchange.is_sent = True


class SigningAuth:
    """`OAuth1Auth` of either library."""

    _library: Any

    def __init__(self, auth: OAuth1, *, correct_clock: bool = False) -> None:
        self.auth = checked(auth)
        self.correct_clock = correct_clock

    @property
    def client(self) -> Any:
        """``auth.client``, which has the settings. A write takes effect at the next signature."""
        return self.auth.client

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        if self._reads_body_of(request, Iterable):
            request.read()
        flow = self.auth_flow(request)
        following = next(flow)
        while True:
            response = yield following
            try:
                following = flow.send(response)
            except StopIteration:
                return
            response.close()
            _leave_unread(response)

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        if self._reads_body_of(request, AsyncIterable):
            await request.aread()
        flow = self.auth_flow(request)
        following = next(flow)
        while True:
            response = yield following
            try:
                following = flow.send(response)
            except StopIteration:
                return
            await response.aclose()
            _leave_unread(response)

    def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        self._sign(request)
        response = yield request
        # The last of those that it was redirected to: the others need not be sent again.
        refused = response.request
        if self.correct_clock and self._corrects_clock(refused, response):
            # As it is, it belongs to the response.
            again = type(refused)(
                refused.method,
                refused.url,
                headers=refused.headers,
                stream=refused.stream,
                extensions=refused.extensions,
            )
            again.read()
            follow(again)
            yield again

    def _sign(self, request: Any) -> None:
        exchange = request.extensions.get(EXTENSION)
        if exchange is None:
            exchange = Exchange(Chain(self.auth), request, self._library)
        exchange.chain.auth = self.auth
        if exchange.is_of(request):
            exchange.sign(request)
        else:  # `response.next_request`, sent by hand
            exchange.follow(request)

    def _reads_body_of(self, request: Any, kind: type) -> bool:
        """Whether a body that is not in memory has to be, and can be."""
        is_signed = signs_body(self.auth, request.headers.get("Content-Type"))
        return is_signed and isinstance(request.stream, kind)

    def _corrects_clock(self, refused: Any, response: Any) -> bool:
        """Set the clock, and return whether the refused request can be sent again."""
        exchange = refused.extensions.get(EXTENSION)
        if exchange is None or not exchange.is_of(refused) or not exchange.is_signed:
            return False
        change, status = exchange.chain.change, response.status_code
        is_set = corrects_clock(self.auth, change, status, response.headers)
        return is_set and isinstance(refused.stream, self._library.ByteStream)


def _leave_unread(response: Any) -> None:
    """Let httpx think that it has read a refusal: it would, however long that is."""
    if not response.is_stream_consumed:
        response._content = b""


class SigningTransport:
    """`OAuth1Transport` of either library."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def handle_request(self, request: Any) -> Any:
        attempt(request)
        return self.transport.handle_request(request)

    def close(self) -> None:
        self.transport.close()


class AsyncSigningTransport:
    """`AsyncOAuth1Transport` of either library."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    async def handle_async_request(self, request: Any) -> Any:
        attempt(request)
        return await self.transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self.transport.aclose()


def follow_redirect(request: Any) -> None:
    """Do what `follow` does, as an event hook of a client."""
    follow(request)


async def follow_redirect_async(request: Any) -> None:
    """Do what `follow` does, as an event hook of an asynchronous client."""
    follow(request)


def install(client: Any, auth: SigningAuth, hook: Any) -> None:
    client.auth = auth
    hooks = client.event_hooks["request"]
    if hook not in hooks:
        hooks.append(hook)


class TokenRequests:
    """A token request and those that it is redirected to, one after the other."""

    def __init__(self, client: Any, library: Any, request: TokenRequest) -> None:
        options = dict(request.options)
        auth = options.pop("auth")
        self._follows = options.pop("follow_redirects", client.follow_redirects)
        self._left = client.max_redirects
        self._library = library
        # Not followed by httpx, which would follow to another origin.
        self.options = {"auth": auth, "follow_redirects": False, "stream": True}
        self.request = client.build_request(request.method, request.url, **options)

    def answer(self, response: Any, body: Body) -> Answer | None:
        """Return the answer, unless it is a redirect that can be followed: then `request` is next.

        Raises `TokenResponseError` for one to another origin.
        """
        content = body.content
        # As if httpx had read it: `text` and pickling work.
        response._content = content
        sent, following = response.request, response.next_request
        if self._follows and following is not None:
            refuse_other_origin(str(sent.url), str(following.url), response.status_code, response)
            if not self._left:
                raise self._library.TooManyRedirects(
                    "Exceeded maximum allowed redirects.", request=sent
                )
            self._left -= 1
            self.request = following
            return None
        has_content = isinstance(sent.stream, self._library.ByteStream)
        return Answer(
            response,
            response.status_code,
            content,
            body.is_whole,
            response.headers.get("WWW-Authenticate", ""),
            body.failure(BROKEN_OFF, request=sent) if body.failure else None,
            secrets_sent(
                str(sent.url),
                sent.read() if has_content else None,
                sent.headers.get("Authorization"),
            ),
        )


class SignedClient(Flow[Result]):
    """What goes before a client of either library, so that it signs and walks the three legs."""

    _library: Any
    _auth_type: Any
    _hook: Any

    def __init__(self, auth: OAuth1, *, correct_clock: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._client = auth
        self._correct_clock = correct_clock
        install(self, self._own_auth(auth), self._hook)

    def _own_auth(self, auth: OAuth1) -> Any:
        return self._auth_type(auth, correct_clock=self._correct_clock)

    def _body_of(self, response: Any) -> Body:
        """Return the body to be read of a response, or the one that somebody else has read."""
        body = Body(response.headers.get("Content-Encoding", ""), self._library.DecodingError)
        if response.is_stream_consumed:  # by a hook of the caller's, or a transport made it up
            body.take_decoded(response.content)
        return body


class Session(SignedClient[dict[str, Any]]):
    """What `OAuth1Client` of either library adds to its client."""

    _hook: Any = staticmethod(follow_redirect)

    def _carry(self, step: Step) -> dict[str, Any]:
        return carry(step, self._ask)

    def _ask(self, request: TokenRequest) -> Answer:
        client: Any = self
        requests = TokenRequests(client, self._library, request)
        answer = None
        while answer is None:
            response = client.send(requests.request, **requests.options)
            answer = requests.answer(response, self._read(response))
        return answer

    def _read(self, response: Any) -> Body:
        try:
            body = self._body_of(response)
            if not response.is_stream_consumed and body.is_wanted:
                for piece in response.iter_raw():
                    if not body.take(piece):
                        break
                body.end()
        except self._library.HTTPError as error:
            body.end(type(error))
        finally:
            response.close()
        return body


class AsyncSession(SignedClient[Coroutine[Any, Any, dict[str, Any]]]):
    """What `AsyncOAuth1Client` of either library adds to its client."""

    _hook: Any = staticmethod(follow_redirect_async)

    def _carry(self, step: Step) -> Coroutine[Any, Any, dict[str, Any]]:
        return carry_async(step, self._ask)

    async def _ask(self, request: TokenRequest) -> Answer:
        client: Any = self
        requests = TokenRequests(client, self._library, request)
        answer = None
        while answer is None:
            response = await client.send(requests.request, **requests.options)
            answer = requests.answer(response, await self._read(response))
        return answer

    async def _read(self, response: Any) -> Body:
        try:
            body = self._body_of(response)
            if not response.is_stream_consumed and body.is_wanted:
                async with aclosing(response.aiter_raw()) as pieces:
                    async for piece in pieces:
                        if not body.take(piece):
                            break
                body.end()
        except self._library.HTTPError as error:
            body.end(type(error))
        finally:
            await response.aclose()
        return body
