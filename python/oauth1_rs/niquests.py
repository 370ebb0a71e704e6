"""niquests' sessions, signed, with the three-legged flow (RFC 5849 section 2).

Any session of niquests takes ``auth=OAuth1(...)``. `OAuth1Session` and `AsyncOAuth1Session` also
walk the three legs, sign every attempt to send a request, and may correct the clock.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import TYPE_CHECKING, Any

import niquests
from niquests.adapters import AsyncHTTPAdapter, HTTPAdapter
from niquests.packages.urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    RecoverableError,
)
from niquests.packages.urllib3.util import parse_url

from oauth1_rs._clock import corrects_clock
from oauth1_rs._flow import Result, carry, carry_async
from oauth1_rs._hops import checked
from oauth1_rs._redirect import last_signature, sign_again, take_hook
from oauth1_rs._signed_session import (
    Reading,
    SignedSession,
    answer_of,
    read_body,
    refuse_elsewhere,
)
from oauth1_rs._token_response import PIECE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from oauth1_rs._flow import Step, TokenRequest
    from oauth1_rs._native import OAuth1
    from oauth1_rs._token_response import Answer, Body

__all__ = ["AsyncOAuth1Session", "OAuth1Session"]


class _Signed(SignedSession[Result]):
    """What both sessions have in common. They also are niquests'."""

    _network_errors = (niquests.RequestException,)

    _before_redirect: Callable[..., Any]
    _correct_clock: bool

    def mount(self, prefix: str, adapter: Any) -> None:
        """Mount an adapter, as niquests' own session does. niquests' adapters sign each attempt."""
        # niquests makes them in many places. They stay what they are but for `send`.
        signing = {HTTPAdapter: _Adapter, AsyncHTTPAdapter: _AsyncAdapter}.get(type(adapter))
        if signing:
            adapter.__class__ = signing
            adapter.correct_clock = self._correct_clock
        super().mount(prefix, adapter)  # type: ignore[misc]  # niquests' session's

    def prepare_request(self, request: niquests.Request) -> niquests.PreparedRequest:
        """Prepare a request, as niquests' own session does, and sign it as it will be sent."""
        url = request.url
        if isinstance(url, (str, bytes)):
            # niquests leaves URLs without parameters as they are, and urllib3 rewrites them later.
            request = copy.copy(request)
            request.url = _as_sent(url if isinstance(url, str) else url.decode())
        prepared: niquests.PreparedRequest = super().prepare_request(request)  # type: ignore[misc]
        return prepared

    def rebuild_auth(
        self, prepared_request: niquests.PreparedRequest, response: niquests.Response
    ) -> None:
        """Sign a redirect within the origin, and let nothing of the signature go elsewhere."""
        super().rebuild_auth(prepared_request, response)
        # A multiplexed session does not send it by its own `send`.
        take_hook(prepared_request)

    def _before_send(self, request: niquests.PreparedRequest, options: dict[str, Any]) -> None:
        # niquests shall not call it: rebuild_auth does.
        take_hook(request)
        if self._before_redirect in (request.hooks.get("response") or []):
            # Only then hooks see a redirect before it is followed.
            options["multiplexed"] = False

    def _options(self, request: TokenRequest) -> dict[str, Any]:
        """Return the options of a token request, whose answer is read here, up to a limit."""
        hooks = dict(request.options.get("hooks") or {})
        given = hooks.get("response") or self.hooks.get("response") or []  # type: ignore[attr-defined]
        hooks["response"] = [*([given] if callable(given) else given), self._before_redirect]
        return {**request.options, "stream": True, "hooks": hooks}


class OAuth1Session(_Signed[dict[str, Any]], niquests.Session):
    """A niquests session that signs what it sends, and walks the three legs of RFC 5849 section 2.

    ``fetch_request_token``, ``authorization_url``, ``parse_authorization_response`` and
    ``fetch_access_token`` are the steps, in this order. What belongs to one step (its realm,
    verifier and ``protocol_parameters``) is in the request of that step alone.

    Redirects within the origin are signed afresh; nothing of the signature goes to another one.
    Each attempt that ``retries=`` makes is signed afresh, unless the session is multiplexed.

    Parameters
    ----------
    auth : OAuth1
        Signs the requests. ``auth.client`` holds the credentials; a write to one takes effect at
        the next signature. The flow writes the tokens there.
    correct_clock : bool, default False
        If a server refuses a signature (status 401) and its ``Date`` is more than a minute off,
        sets ``auth.client.timestamp_offset`` and sends the request once more. At most a day, not
        if the body is a stream that cannot be rewound, and not in a multiplexed session.
    **options
        The parameters of ``niquests.Session``.

    Raises
    ------
    OAuth1Error
        A request cannot be signed; the text says what to change.
    """

    # What niquests pickles and copies.
    __attrs__ = [  # noqa: RUF012 - theirs
        "_correct_clock",
        *niquests.Session.__attrs__,
        "_client",
        "_authorization",
        "provider",
    ]

    def __init__(self, auth: OAuth1, *, correct_clock: bool = False, **options: Any) -> None:
        self._correct_clock = correct_clock
        super().__init__(**options)
        self.auth = checked(auth)

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def send(self, request: niquests.PreparedRequest, **kwargs: Any) -> niquests.Response:
        """Send a prepared request, as ``niquests.Session.send`` does."""
        self._before_send(request, kwargs)
        return super().send(request, **kwargs)

    def _carry(self, step: Step) -> dict[str, Any]:
        return carry(step, self._ask)

    def _ask(self, request: TokenRequest) -> Answer:
        response = self.request(request.method, request.url, **self._options(request))
        return answer_of(response, read_body(response, niquests))

    @staticmethod
    def _before_redirect(response: niquests.Response, **_arguments: object) -> None:
        if response.is_redirect:
            read_body(response, niquests)  # niquests would, without a limit
            refuse_elsewhere(response)


class AsyncOAuth1Session(_Signed[Awaitable[dict[str, Any]]], niquests.AsyncSession):
    """As `OAuth1Session`, for asyncio.

    ``fetch_request_token`` and ``fetch_access_token`` are to be awaited, the other two steps are
    not.
    """

    __attrs__ = OAuth1Session.__attrs__

    def __init__(self, auth: OAuth1, *, correct_clock: bool = False, **options: Any) -> None:
        self._correct_clock = correct_clock
        super().__init__(**options)
        self.auth = checked(auth)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def send(self, request: niquests.PreparedRequest, **kwargs: Any) -> Any:  # type: ignore[override]
        """Send a prepared request, as ``niquests.AsyncSession.send`` does."""
        self._before_send(request, kwargs)
        return await super().send(request, **kwargs)

    def _carry(self, step: Step) -> Awaitable[dict[str, Any]]:
        return carry_async(step, self._ask)

    async def _ask(self, request: TokenRequest) -> Answer:
        response = await self.request(request.method, request.url, **self._options(request))
        body = await _read_body(response)
        # As niquests does when it has read a response: nothing of it has to be awaited any more.
        response.__class__ = niquests.Response
        return answer_of(response, body)

    @staticmethod
    async def _before_redirect(response: niquests.AsyncResponse, **_arguments: object) -> None:
        if response.is_redirect:
            await _read_body(response)
            refuse_elsewhere(response)


class _Again(Exception):  # noqa: N818 - no error: it ends an attempt, so that the next one is signed
    """urllib3 would send the request again."""

    def __init__(self, retries: Any, response: Any, error: Exception | None) -> None:
        super().__init__()
        self.retries = retries
        self.response = response
        # Then nobody was there to take the body.
        self.was_sent = not isinstance(error, ConnectTimeoutError)


class _Adapter(HTTPAdapter):
    """niquests' adapter, which signs each attempt to send a request."""

    correct_clock = False

    def send(self, request: niquests.PreparedRequest, **kwargs: Any) -> niquests.Response:  # type: ignore[override]
        """Send a request that is signed, and sign it again if it has to be sent again."""
        if kwargs.get("multiplexed"):  # urllib3 sends it again when its response is asked for
            return super().send(request, **kwargs)
        response = self._send(request, kwargs)
        if self.correct_clock and _corrects_clock(request, response):
            response.close()
            _rewind(request)
            _sign_again(request)
            response = self._send(request, kwargs)
        return response

    def _send(self, request: niquests.PreparedRequest, kwargs: dict[str, Any]) -> niquests.Response:
        retries = self.max_retries
        while True:
            try:
                response = HTTPAdapter.send(_twin(self, retries), request, **kwargs)
            except _Again as error:
                again = error
            else:
                response.connection = self  # type: ignore[attr-defined]
                return response
            if again.response is not None:
                again.response.drain_conn()
            if again.was_sent:
                _rewind(request)
            retries = again.retries
            retries.sleep(again.response)
            _sign_again(request)


class _AsyncAdapter(AsyncHTTPAdapter):
    """As `_Adapter`, for asyncio."""

    correct_clock = False

    async def send(  # type: ignore[override]
        self, request: niquests.PreparedRequest, **kwargs: Any
    ) -> niquests.AsyncResponse:
        """Send a request that is signed, and sign it again if it has to be sent again."""
        if kwargs.get("multiplexed"):
            return await super().send(request, **kwargs)
        response = await self._send(request, kwargs)
        if self.correct_clock and _corrects_clock(request, response):
            await response.close()
            _rewind(request)
            _sign_again(request)
            response = await self._send(request, kwargs)
        return response

    async def _send(
        self, request: niquests.PreparedRequest, kwargs: dict[str, Any]
    ) -> niquests.AsyncResponse:
        retries = self.max_retries
        while True:
            try:
                response = await AsyncHTTPAdapter.send(_twin(self, retries), request, **kwargs)
            except _Again as error:
                again = error
            else:
                response.connection = self  # type: ignore[attr-defined]
                return response
            if again.response is not None:
                await again.response.drain_conn()
            if again.was_sent:
                _rewind(request)
            retries = again.retries
            await retries.async_sleep(again.response)
            _sign_again(request)


def _twin(adapter: Any, retries: Any) -> Any:
    """Return `adapter` for one attempt: it shares the connections, and raises `_Again`."""
    twin = object.__new__(type(adapter))
    vars(twin).update(vars(adapter), max_retries=_for_one_attempt(retries))
    return twin


def _for_one_attempt(retries: Any) -> Any:
    if not hasattr(retries, "increment"):  # `False`
        return retries

    def increment(*arguments: Any, **keywords: Any) -> Any:
        following = retries.increment(*arguments, **keywords)  # raises if there is none
        # urllib3's own affair, which it has to remember: it falls back to another version of HTTP.
        if isinstance(keywords.get("error"), RecoverableError):
            return _for_one_attempt(following)
        raise _Again(following, keywords.get("response"), keywords.get("error"))

    # Of whichever class it is: those of the user's have a `sleep` of their own.
    once = copy.copy(retries)
    once.increment = increment
    return once


def _can_be_sent_again(request: niquests.PreparedRequest) -> bool:
    body = request.body
    is_used_up = isinstance(body, (Iterator, AsyncIterator)) or hasattr(body, "read")
    return isinstance(request._body_position, int) or not is_used_up


def _rewind(request: niquests.PreparedRequest) -> None:
    """Have the whole body sent again. niquests would send what is left of it."""
    if not _can_be_sent_again(request):
        raise niquests.exceptions.UnrewindableBodyError(
            "the body is a stream that was sent, and cannot be sent again"
        )
    if request._body_position is not None:
        niquests.utils.rewind_body(request)


def _sign_again(request: niquests.PreparedRequest) -> None:
    """Sign a request which is sent once more, if it has a signature."""
    signature = last_signature(request)
    if signature is not None:
        sign_again(request, signature[0])


def _corrects_clock(request: niquests.PreparedRequest, response: niquests.Response) -> bool:
    signature = last_signature(request)
    if signature is None or not _can_be_sent_again(request):
        return False
    return corrects_clock(*signature, response.status_code or 0, response.headers)


def _as_sent(url: str) -> str:
    """Return an absolute URL as urllib3 will send it, others and what is none as they are."""
    text = url.lstrip()
    if not text[:8].lower().startswith(("http://", "https://")):
        return url
    try:
        sent: str = parse_url(text).url
    except LocationParseError:  # niquests says so
        return url
    return sent


async def _read_body(response: niquests.AsyncResponse) -> Body:
    """Do what `read_body` does."""
    with Reading(response, niquests) as reading:
        try:
            if reading.is_wanted:
                async for piece in await response.iter_content(PIECE_SIZE):
                    if not reading.body.take(piece):
                        break
        finally:
            await response.close()
    return reading.body
