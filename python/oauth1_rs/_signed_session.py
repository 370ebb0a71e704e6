"""What the sessions of requests and of niquests have in common, which are of one shape."""

from __future__ import annotations

import copy
from contextlib import closing
from typing import TYPE_CHECKING, Any

from oauth1_rs._flow import Flow, Result
from oauth1_rs._native import OAuth1
from oauth1_rs._redirect import kept_hook, next_url
from oauth1_rs._token_response import (
    BROKEN_OFF,
    PIECE_SIZE,
    Answer,
    Body,
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


class AsReceived:
    """urllib3's response, which decompresses nothing: `Body` does."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        if name == "_raw":  # a copy that is not made yet
            raise AttributeError(name)
        return getattr(self._raw, name)

    def stream(self, size: int, **_options: object) -> Any:
        return self._raw.stream(size, decode_content=False)

    def read(self, size: int, **_options: object) -> Any:
        return self._raw.read(size, decode_content=False)


class Reading:
    """Reads the body of a response of requests or of niquests, for whoever gives it the pieces.

    Until it is over, the response gives what it receives, compressed as it is. What becomes of it
    is put where the library would have put it: `text` and pickling work.
    """

    def __init__(self, response: Any, library: Any) -> None:
        self._response = response
        self._library = library
        self._raw = response.raw
        is_streamed = hasattr(response.raw, "stream")  # what is not, requests does not decompress
        encoding = response.headers.get("Content-Encoding", "") if is_streamed else ""
        # A redirect that is not followed has been read before.
        read = getattr(response, "oauth1_rs_body", None)
        self.body: Body = read or Body(encoding, library.exceptions.ContentDecodingError)
        self.is_wanted = read is None and response._content is False and self.body.is_wanted
        if read is None and response._content is not False:  # by a hook of the caller's
            self.body.take_decoded(response._content or b"")
        if self.is_wanted and is_streamed:
            response.raw = AsReceived(response.raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        try:
            return self.is_wanted and self._ends_by(error)
        finally:
            self._keep()

    def _ends_by(self, error: BaseException | None) -> bool:
        """Note that nothing more comes, and say whether `error` is one of the library's."""
        exceptions = self._library.exceptions
        failure: Any = None
        if isinstance(error, self._library.RequestException):
            failure = type(error)
        elif isinstance(error, self._library.packages.urllib3.exceptions.HTTPError):
            failure = exceptions.ChunkedEncodingError  # niquests lets some pass
        elif isinstance(error, RuntimeError):  # somebody has begun to read it decompressed
            failure = exceptions.ContentDecodingError
        elif error is not None:
            return False
        self.body.end(failure)
        return True

    def _keep(self) -> None:
        self._response.raw = self._raw
        self._response.oauth1_rs_body = self.body
        self._response._content = self.body.content
        self._response._content_consumed = True


def read_body(response: Any, library: Any) -> Body:
    """Read and close a response, as far as it goes and as far as allowed."""
    with Reading(response, library) as reading, closing(response):
        if reading.is_wanted:
            for piece in response.iter_content(PIECE_SIZE):
                if not reading.body.take(piece):
                    break
    return reading.body


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
