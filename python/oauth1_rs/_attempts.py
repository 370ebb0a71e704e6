"""urllib3's connection pools, which let each attempt to send a request be signed.

urllib3 sends a request again by calling a pool's `urlopen` once more, with what it was given. What
is on the wire it hands to `_make_request`, once per attempt: signed there, nothing that urllib3
keeps for retries, redirects and errors has a signature in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util.request import set_file_position

from oauth1_rs._clock import corrects_clock
from oauth1_rs._hops import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager

    from oauth1_rs._hops import Change
    from oauth1_rs._native import OAuth1

if not hasattr(HTTPConnectionPool, "_make_request"):
    # It is private to urllib3. Without it everything would go out unsigned, silently.
    raise ImportError("this urllib3 is newer than oauth1_rs: install an older one")


# Bytes. Opening another connection costs less than reading more.
MAX_DRAINED = 2**16


class Attempts(ABC):
    """The attempts to send one request, wherever redirects lead it."""

    def __init__(self, *, correct_clock: bool) -> None:
        self._may_correct_clock = correct_clock

    @abstractmethod
    def sign(self, message: Message, pool: HTTPConnectionPool, /) -> None:
        """Sign the next attempt. Its `url` is the target of the request line."""

    @abstractmethod
    def last_signature(self) -> tuple[OAuth1, Change] | None:
        """Return who has signed the last attempt, if anybody has, and what that did to it."""

    def corrects_clock(self, response: Any) -> bool:
        """Whether another attempt may do better than the one answered by `response`; once."""
        signature = self.last_signature()
        if not self._may_correct_clock or signature is None:
            return False
        is_corrected = corrects_clock(*signature, response.status, response.headers)
        self._may_correct_clock = not is_corrected
        return is_corrected


# Those of the request that this thread is about to send.
_current: ContextVar[Attempts | None] = ContextVar("attempts", default=None)


def current_attempts() -> Attempts | None:
    """Return the attempts that pools sign in this thread, if any."""
    return _current.get()


@contextmanager
def signed(attempts: Attempts | None) -> Iterator[None]:
    """Let pools sign these attempts."""
    token = _current.set(attempts)
    try:
        yield
    finally:
        _current.reset(token)


class SigningPool(HTTPConnectionPool):
    """What goes before a class of pools, so that it signs."""

    def urlopen(
        self, method: str, url: str, body: Any = None, *arguments: Any, **options: Any
    ) -> Any:
        """Send a request, as urllib3's pools do."""
        attempts = current_attempts()
        if attempts is None:
            return super().urlopen(method, url, body, *arguments, **options)
        position = set_file_position(body, options.get("body_pos"))
        response = super().urlopen(method, url, body, *arguments, **options)
        if _can_be_repeated(body, position) and attempts.corrects_clock(response):
            _let_go(response)
            options["body_pos"] = position
            response = super().urlopen(method, url, body, *arguments, **options)
        return response

    def _make_request(  # type: ignore[override]  # in urllib3's versions the parameters differ
        self,
        conn: Any,
        method: str,
        url: str,
        *,
        body: Any = None,
        headers: Any = None,
        **options: Any,
    ) -> Any:
        message = Message(method, url, headers, body)
        attempts = current_attempts()
        if attempts is not None:
            attempts.sign(message, self)
        with signed(None):  # a body that is made meanwhile may take requests of its own
            return super()._make_request(
                conn, method, message.url, body=message.body, headers=message.headers, **options
            )


def _let_go(response: Any) -> None:
    """Give the connection of a refusal back: reading that to its end may take forever."""
    remaining = response.length_remaining
    if remaining is not None and remaining <= MAX_DRAINED:
        response.drain_conn()
    else:
        response.close()
        response.release_conn()


def _can_be_repeated(body: Any, position: Any) -> bool:
    return body is None or isinstance(body, (str, bytes, bytearray)) or isinstance(position, int)


def let_sign(manager: PoolManager) -> None:
    """Let the pools that `manager` will make sign."""
    classes: Any = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: type(pool_class.__name__, (SigningPool, pool_class), {})
        for scheme, pool_class in classes.items()
    }
