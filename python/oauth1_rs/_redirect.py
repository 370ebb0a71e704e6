"""Redirects of requests that `OAuth1` has signed.

requests calls `auth=` for the first request only and carries its headers over to the next one.
`RedirectHook` knows what signing changed, and how to undo that and sign afresh within the origin.
It sits in a request's response hooks. There it does so for requests' own sessions; `OAuth1Session`
calls it from `rebuild_auth`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEPS_BODY = (307, 308)
BODY_HEADERS = ("Content-Length", "Content-Type", "Transfer-Encoding")

Parts = tuple[Any, Any, Any]


class RedirectHook:
    """A response hook that signs the next request of a redirect.

    There is one for each signature: it knows the request that `auth` signed, by its URL,
    `Authorization` and body, before and after. Pickled or deep-copied, as a part of the response
    that it came with, it becomes one that does nothing: it adds no credentials to what is stored.
    """

    __slots__ = ("_auth", "_signed", "_unsigned", "is_called_by_session")

    def __init__(
        self,
        auth: Callable[[Any], Any] | None = None,
        unsigned: Parts = (None, None, None),
        signed: Parts = (None, None, None),
    ) -> None:
        self._auth = auth
        self._unsigned = unsigned
        self._signed = signed
        self.is_called_by_session = False

    def __call__(self, response: requests.Response, **_arguments: object) -> None:
        if not self.is_called_by_session and response.is_redirect:
            self._prepare_next(response)

    def __reduce__(self) -> tuple[type[RedirectHook], tuple[()]]:
        return RedirectHook, ()

    def follow(self, following: requests.PreparedRequest, response: requests.Response) -> None:
        """Take the signature out of `following`, the next request, as requests makes it.

        It is signed afresh if it goes to the origin of the request that was redirected.
        """
        request = response.request
        is_within_origin = is_same_origin(request.url or "", following.url or "")
        if not is_within_origin:
            # Whoever set it: a caller's own is not meant for another origin either.
            following.headers.pop("Authorization", None)
        if self._auth is None or not self._has_signed(request):
            return
        url, authorization, body = self._unsigned
        if self._signed[1] != authorization:
            following.headers.pop("Authorization", None)
        following.url = _without(following.url or "", _pieces(self._signed[0]) - _pieces(url))
        keeps_body = response.status_code in KEEPS_BODY
        if keeps_body and self._signed[2] is not body:
            following.body = _as_sent(body)
        if keeps_body:
            _rewind(following)
        if is_within_origin:
            # requests shares the hooks among the copies of a request, and signing adds one.
            following.hooks = {event: list(hooks) for event, hooks in request.hooks.items()}
            _sign(self._auth, following, keeps_body=keeps_body)
        if keeps_body and following.body is not request.body:
            # Not `prepare_content_length`, which leaves the header alone if the body is empty.
            following.headers["Content-Length"] = str(len(_encoded(following.body)))

    def _has_signed(self, request: requests.PreparedRequest) -> bool:
        """Whether `request` is the signed one still.

        Somebody may have changed it since, or a chain that left the origin came back.
        """
        return (request.url, request.headers.get("Authorization"), request.body) == self._signed

    def _prepare_next(self, response: requests.Response) -> None:
        """Let the request that follows be signed, or let nothing of the signature go with it.

        requests makes the next request from the one at hand, as a copy, and from the response's
        `Location`: these are changed. `response.request` becomes a copy of what was sent.
        """
        request = response.request
        if not self._has_signed(request):
            return
        following = request.copy()
        location = next_url(response)
        _redirect(following, response, location)
        self.follow(following, response)

        response.request = request.copy()
        request.hooks = following.hooks
        if following.url != location:
            response.headers["Location"] = following.url or ""
        if "Authorization" in following.headers:
            request.headers["Authorization"] = following.headers["Authorization"]
        else:
            request.headers.pop("Authorization", None)
        if response.status_code in KEEPS_BODY and following.body is not request.body:
            request.body = following.body
            request.headers["Content-Length"] = following.headers["Content-Length"]


def hook_of(request: requests.PreparedRequest) -> RedirectHook | None:
    """Return the hook of the last signature, if `OAuth1` has signed `request`."""
    hooks = request.hooks.get("response") or []
    return next((hook for hook in hooks if isinstance(hook, RedirectHook)), None)


def next_url(response: requests.Response) -> str:
    """Return the URL that requests will go to next, found as its `Session` does."""
    from requests.sessions import SessionRedirectMixin
    from requests.utils import requote_uri

    url = SessionRedirectMixin().get_redirect_target(response) or ""
    if url.startswith("//"):
        url = f"{urlsplit(response.url).scheme}:{url}"
    if not urlsplit(url).netloc:
        return urljoin(response.url, requote_uri(url))
    return requote_uri(url)


def is_same_origin(old: str, new: str) -> bool:
    """Whether both are of one origin (RFC 6454), or `new` is `old` moved from http to https."""
    try:
        before, after = _origin(old), _origin(new)
    except ValueError:  # not a port
        return False
    host = before[1]
    is_moved = (before, after) == (("http", host, 80), ("https", host, 443))
    return before == after or is_moved


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, default if parts.port is None else parts.port


def _pieces(url: Any) -> set[str]:
    """Return the pieces of the query."""
    return set(_split_query(url)[2].split("&"))


def _without(url: str, repeated: set[str]) -> str:
    """Return `url` without what a server repeats of the signature in the request that it got."""
    before, mark, query, fragment = _split_query(url)
    kept = "&".join(piece for piece in query.split("&") if piece not in repeated)
    return url if kept == query else before + (mark + kept if kept else "") + fragment


def _split_query(url: str) -> tuple[str, str, str, str]:
    """Return what comes before the query, `?`, the query, and the fragment with its `#`."""
    resource, hash_mark, fragment = url.partition("#")
    before, mark, query = resource.partition("?")
    return before, mark, query, hash_mark + fragment


def _redirect(following: requests.PreparedRequest, response: requests.Response, url: str) -> None:
    """Make `following` the request that requests will make next, but for the signature."""
    from requests.sessions import SessionRedirectMixin

    SessionRedirectMixin().rebuild_method(following, response)
    following.url = url
    if response.status_code not in KEEPS_BODY:
        following.body = None
        for name in BODY_HEADERS:
            following.headers.pop(name, None)


def _as_sent(body: Any) -> Any:
    """Return the form that there was before signing, which changes no other body.

    Older HTTP clients send text as Latin-1; what was signed is UTF-8.
    """
    return body if body is None or body.isascii() else _encoded(body)


def _encoded(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def _rewind(following: requests.PreparedRequest) -> None:
    """Put a file back to where it was sent from: its hash may be signed."""
    from requests.exceptions import RequestException
    from requests.utils import rewind_body

    if isinstance(following._body_position, int):
        try:
            rewind_body(following)
        except RequestException:
            return  # requests tries again, and lets its caller know


def _sign(auth: Any, following: requests.PreparedRequest, *, keeps_body: bool) -> None:
    """Sign `following` as it will be on the wire, if it can be signed at all."""
    from requests.exceptions import RequestException

    url = following.url or ""
    unsigned = url, following.headers.copy(), following.body
    try:
        # A redirect's URL is not prepared; urllib3 would rewrite it after it is signed.
        following.prepare_url(url, None)
        auth(following)
        is_signed = keeps_body or following.body is None  # else there is no place for parameters
    except (ValueError, RequestException):  # ours are ValueErrors, as oauthlib's are
        is_signed = False
    if not is_signed:
        following.url, following.headers, following.body = unsigned
