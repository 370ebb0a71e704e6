"""`OAuth1Adapter`: requests' adapter, whose retries are signed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

from oauth1_rs._attempts import Attempts, let_sign, signed
from oauth1_rs._redirect import last_signature, sign_again

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from urllib3 import HTTPConnectionPool

    from oauth1_rs._hops import Change, Message
    from oauth1_rs._native import OAuth1

# What a second signature may change.
SIGNED_HEADERS = ("Authorization", "Content-Length", "Content-Type")


class OAuth1Adapter(HTTPAdapter):
    """An adapter for requests' sessions that signs each attempt to send a request.

    Without it urllib3's retries repeat nonce and signature, which a server that remembers nonces
    refuses (RFC 5849 section 3.3). Requests that ``OAuth1`` has not signed are left alone, and so
    is everything about retries but the signature. The request at hand has the last one.

    Mount it on any session: ``session.mount("https://", OAuth1Adapter(max_retries=3))``. It may be
    mixed with other adapters: ``class Adapter(OAuth1Adapter, TheirAdapter)``.

    Parameters
    ----------
    *arguments, **options
        As those of ``requests.adapters.HTTPAdapter``: ``max_retries``, ``pool_maxsize`` and so on.
    correct_clock : bool, default False
        If a server answers 401 and its ``Date`` is more than 60 s off, but not more than 24 h, sets
        ``auth.client.timestamp_offset`` and sends the request once more, unless its body is a
        stream that cannot be rewound.

    Raises
    ------
    OAuth1Error
        From a session: a request cannot be signed a second time.
    """

    # What requests pickles.
    __attrs__ = [*HTTPAdapter.__attrs__, "correct_clock"]  # noqa: RUF012 - theirs

    def __init__(self, *arguments: Any, correct_clock: bool = False, **options: Any) -> None:
        self.correct_clock = correct_clock
        super().__init__(*arguments, **options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools, as ``HTTPAdapter`` does."""
        super().init_poolmanager(*arguments, **options)
        let_sign(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools for a proxy, as ``HTTPAdapter`` does."""
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            let_sign(manager)
        return manager

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> Any:
        """Send a prepared request, as ``HTTPAdapter`` does."""
        proxies = arguments[4] if len(arguments) > 4 else options.get("proxies")  # noqa: PLR2004
        attempts = _SignedAttempts(
            request, lambda: self.request_url(request, proxies), correct_clock=self.correct_clock
        )
        with signed(attempts):
            return super().send(request, *arguments, **options)


class _SignedAttempts(Attempts):
    """The first attempt is signed already, the others are signed as it was."""

    def __init__(
        self, request: requests.PreparedRequest, target: Callable[[], str], *, correct_clock: bool
    ) -> None:
        super().__init__(correct_clock=correct_clock)
        self._request = request
        self._target = target
        self._is_first = True

    def sign(self, message: Message, _pool: HTTPConnectionPool, /) -> None:
        signature = last_signature(self._request)
        if self._is_first or signature is None:
            self._is_first = False
            return
        url = self._request.url
        sign_again(self._request, signature[0])
        if self._request.url != url:
            message.url = self._target()
        message.body = self._request.body
        message.headers = message.headers.copy()
        for name in SIGNED_HEADERS:
            if name in self._request.headers:
                message.headers[name] = self._request.headers[name]

    def last_signature(self) -> tuple[OAuth1, Change] | None:
        return last_signature(self._request)
