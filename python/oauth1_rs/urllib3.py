"""urllib3, signed: `OAuth1PoolManager`, and pools for those who use them alone."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3._collections import HTTPHeaderDict
from urllib3.util import parse_url

from oauth1_rs._attempts import Attempts, SigningPool, current_attempts, signed
from oauth1_rs._hops import Chain, checked, is_same_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oauth1_rs._hops import Change, Message
    from oauth1_rs._native import OAuth1

__all__ = [
    "OAuth1HTTPConnectionPool",
    "OAuth1HTTPSConnectionPool",
    "OAuth1PoolManager",
    "OAuth1ProxyManager",
    "connection_from_url",
]

SCHEMES = ("http://", "https://")


class _Signed:
    """What signs: a manager or a pool."""

    _auth: OAuth1
    _correct_clock: bool

    @property
    def client(self) -> Any:
        """``auth.client``: the credentials. A write to one takes effect at the next signature."""
        return self._auth.client

    @contextmanager
    def _attempts(self, retries: Any) -> Iterator[_ChainedAttempts]:
        """Sign what is sent within: as what follows, if urllib3 itself calls once more.

        It does so from a manager into a pool, and with retries that know why. Other calls are of
        somebody who is called in between, such as a handler of its log.
        """
        attempts = current_attempts()
        if (
            isinstance(attempts, _ChainedAttempts)
            and attempts.auth is self._auth
            and (attempts.awaits_pool or getattr(retries, "history", None))
        ):
            yield attempts
        else:
            own = _ChainedAttempts(self._auth, correct_clock=self._correct_clock)
            with signed(own):
                yield own


class _SignedPool(_Signed, SigningPool):
    def __init__(
        self,
        auth: OAuth1,
        host: str,
        port: int | None = None,
        *,
        correct_clock: bool = False,
        **options: Any,
    ) -> None:
        self._auth = checked(auth)
        self._correct_clock = correct_clock
        super().__init__(host, port, **options)

    def urlopen(self, *arguments: Any, **options: Any) -> Any:
        """Send a request, as urllib3's pools do, and sign each attempt."""
        retries = arguments[4] if len(arguments) > 4 else options.get("retries")  # noqa: PLR2004
        with self._attempts(retries) as attempts:
            attempts.awaits_pool = False
            return super().urlopen(*arguments, **options)


class OAuth1HTTPConnectionPool(_SignedPool, urllib3.HTTPConnectionPool):
    """``urllib3.HTTPConnectionPool`` that signs what it sends.

    Parameters
    ----------
    auth : OAuth1
        Signs.
    host, port, **options
        As those of ``urllib3.HTTPConnectionPool``.
    correct_clock : bool, default False
        As that of ``OAuth1PoolManager``.
    """


class OAuth1HTTPSConnectionPool(_SignedPool, urllib3.HTTPSConnectionPool):
    """``urllib3.HTTPSConnectionPool`` that signs what it sends.

    The parameters are those of ``OAuth1HTTPConnectionPool``; ``options`` are of
    ``urllib3.HTTPSConnectionPool``.
    """


class _SignedManager(_Signed, urllib3.PoolManager):
    def __init__(
        self,
        auth: OAuth1,
        *arguments: Any,
        correct_clock: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._auth = checked(auth)
        self._correct_clock = correct_clock
        make: Any = {
            "http": partial(OAuth1HTTPConnectionPool, auth, correct_clock=correct_clock),
            "https": partial(OAuth1HTTPSConnectionPool, auth, correct_clock=correct_clock),
        }
        self.pool_classes_by_scheme = make

    def urlopen(self, *arguments: Any, **options: Any) -> Any:
        """Send a request, as urllib3's managers do, and sign each attempt and each hop."""
        with self._attempts(options.get("retries")) as attempts:
            attempts.awaits_pool = True
            return super().urlopen(*arguments, **options)


class OAuth1PoolManager(_SignedManager):
    """``urllib3.PoolManager`` that signs what it sends.

    Every attempt has a signature of its own, and so has every hop of a redirect within the origin
    (RFC 6454). Nothing of a signature goes to another origin, and a chain of redirects that has
    left it is not signed again. What cannot be signed raises ``OAuth1Error`` before anything is
    sent. An ``Authorization`` among the headers gives way to the signature if that goes there.

    Parameters
    ----------
    auth : OAuth1
        Signs.
    *arguments, **options
        As those of ``urllib3.PoolManager``.
    correct_clock : bool, default False
        If a server answers 401 (RFC 5849 section 3.3) and its ``Date`` is more than 60 s off, but
        not more than 24 h, sets ``auth.client.timestamp_offset`` and sends the request once more,
        unless its body is a stream that cannot be rewound.
    """


class OAuth1ProxyManager(_SignedManager, urllib3.ProxyManager):
    """``urllib3.ProxyManager`` that signs what it sends: not what goes to the proxy alone.

    Parameters
    ----------
    auth : OAuth1
        Signs.
    *arguments, **options
        As those of ``urllib3.ProxyManager``; the proxy's URL is the first.
    correct_clock : bool, default False
        As that of ``OAuth1PoolManager``.
    """


def connection_from_url(
    auth: OAuth1, url: str, **options: Any
) -> OAuth1HTTPConnectionPool | OAuth1HTTPSConnectionPool:
    """Return a pool for the origin of `url` that signs, as ``urllib3.connection_from_url`` does.

    Parameters
    ----------
    auth : OAuth1
        Signs.
    url : str
        ``http`` without a scheme.
    **options
        As those of ``OAuth1HTTPConnectionPool`` or ``OAuth1HTTPSConnectionPool``.
    """
    parts = parse_url(url)
    pool_class = OAuth1HTTPSConnectionPool if parts.scheme == "https" else OAuth1HTTPConnectionPool
    default = 443 if parts.scheme == "https" else 80
    return pool_class(auth, parts.host or "", parts.port or default, **options)


class _ChainedAttempts(Attempts):
    """What urllib3 sends of one request is unsigned until here, also after a redirect."""

    def __init__(self, auth: OAuth1, *, correct_clock: bool) -> None:
        super().__init__(correct_clock=correct_clock)
        self.auth = auth
        self.awaits_pool = False
        """Whether a manager is about to call a pool."""
        self._chain = Chain(auth)
        self._method = ""
        self._is_signed = False

    def sign(self, message: Message, pool: urllib3.HTTPConnectionPool, /) -> None:
        # Proxies that forward get an absolute URL.
        origin = "" if message.url.startswith(SCHEMES) else _origin(pool)
        given = message.headers
        message.url = origin + message.url
        message.headers = _copied(given)
        before = self._chain.change
        if before is None:
            self._chain.sign(message)
        else:
            if message.method == self._method and is_same_body(message.body, before.unsigned_body):
                # The chain takes it for a client's that signed it itself, and carries it on.
                message.body = before.body
            self._chain.follow(message)
        self._method = message.method
        self._is_signed = self._chain.change is not before
        if "Content-Length" not in _copied(given):
            message.headers.pop("Content-Length", None)  # urllib3 knows whether it is needed
        message.url = message.url[len(origin) :]

    def last_signature(self) -> tuple[OAuth1, Change] | None:
        change = self._chain.change
        return (self.auth, change) if self._is_signed and change else None


def _origin(pool: urllib3.HTTPConnectionPool) -> str:
    # As the `Host` header has it: in a tunnel with the dot that a name may end with.
    host = pool.host if pool.proxy else pool.host.rstrip(".")
    port = "" if pool.port is None else f":{pool.port}"
    return f"{pool.scheme}://" + (f"[{host}]" if ":" in host else host) + port


def _copied(headers: Any) -> HTTPHeaderDict:
    copied = HTTPHeaderDict()
    for name, value in (headers or {}).items():
        copied.add(_text(name), _text(value))
    return copied


def _text(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value
