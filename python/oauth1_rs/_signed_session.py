"""What the sessions of requests and of niquests have in common, which are of one shape."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from oauth1_rs._flow import Flow, Result
from oauth1_rs._native import OAuth1
from oauth1_rs._redirect import kept_hook, next_url
from oauth1_rs._token_response import (
    BROKEN_OFF,
    MAX_SIZE,
    UNBOUNDED,
    Answer,
    refuse_other_origin,
    secrets_sent,
)

if TYPE_CHECKING:
    from typing_extensions import Self


class SignedSession(Flow[Result]):
    """Goes before a class of sessions, so that it signs and takes part in the flow."""

    @property
    def auth(self) -> Any:
        """What signs the requests, those of the flow included.

        Another ``OAuth1`` in its place is the one whose credentials the flow uses and replaces.
        What else is put here signs as it does in the library's own session.
        """
        return self._auth

    @auth.setter
    def auth(self, value: Any) -> None:
        self._auth = value
        if isinstance(value, OAuth1):
            self._client = value

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin.__setstate__(self.__getstate__())  # type: ignore[attr-defined]  # the library's
        if self.auth is self._client:  # else it is another's, and shared as the library shares it
            twin.auth = copy.copy(self._client)
            twin.auth.client = copy.copy(twin.auth.client)
        return twin

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Sign a redirect within the origin, and let nothing of the signature go elsewhere.

        What ``OAuth1`` has not signed goes by the library's own rules.
        """
        hook = kept_hook(response.request)
        if hook is None:
            super().rebuild_auth(prepared_request, response)  # type: ignore[misc]  # as above
        else:
            hook.follow(prepared_request, response)

    def _own_auth(self, auth: OAuth1) -> Any:
        """Return `auth`, made for one token request, unless the session is signed otherwise."""
        return auth if self.auth is self._client else self.auth


class Body:
    """The body of a token response, of which is kept what fits. The limit is of the decompressed.

    The exceptions of urllib3 and http.client may carry what they have read: only the class of a
    failure is passed on.
    """

    def __init__(self, response: Any, decoding_error: type[Exception]) -> None:
        self._response = response
        self._pieces: list[bytes] = []
        self._size = 0
        is_unbounded = UNBOUNDED.search(response.headers.get("Content-Encoding", ""))
        self.failure: Any = decoding_error if is_unbounded else None
        """What happened while it was read. If it is there before, nothing is to be read."""

    @property
    def is_whole(self) -> bool:
        return self._size <= MAX_SIZE

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)

    def keep(self) -> None:
        """Put what was read where the library would have put it: `text` and pickling work."""
        self._response._content = b"".join(self._pieces)[:MAX_SIZE]
        self._response._content_consumed = True

    def answer(self) -> Answer:
        self.keep()
        return answer_of(self._response, self)


def answer_of(response: Any, body: Body | None = None) -> Answer:
    """Return the answer that `response` is, with what is in it if no `body` was read."""
    request = response.request
    # Of a response made by hand it is not.
    is_known = isinstance(getattr(request, "url", None), str)
    failure = body.failure if body else None
    return Answer(
        response,
        response.status_code,
        response.content or b"",
        body is None or body.is_whole,
        response.headers.get("WWW-Authenticate", ""),
        failure(BROKEN_OFF, response=response) if failure else None,
        secrets_sent(request.url, request.body, request.headers.get("Authorization"))
        if is_known
        else (),
    )


def refuse_elsewhere(response: Any) -> None:
    """Refuse what redirects a token request to another origin. Raises `TokenResponseError`."""
    try:
        url = next_url(response)
    except ValueError:  # it is no URL
        url = ""
    refuse_other_origin(response.request.url or "", url, response.status_code, response)
