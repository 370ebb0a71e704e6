"""Redirects that requests follows for `auth=OAuth1(...)`.

requests calls `auth=` for the first request only and carries its headers over to the next one.
Signing leaves a `RedirectHook` among a request's response hooks. When a redirect comes back, the
hook calls `prepare_next`, which signs the request that requests is about to make if that goes to
the same origin, and lets nothing of the signature go anywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from oauth1_rs._native import RedirectHook

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEPS_BODY = (307, 308)
BODY_HEADERS = ("Content-Length", "Content-Type", "Transfer-Encoding")

Parts = tuple[Any, Any, Any]
"""URL, `Authorization` and body of a request."""


def prepare_next(
    response: requests.Response,
    hook: RedirectHook,
    auth: Callable[[Any], Any],
    unsigned: Parts,
    signed: Parts,
) -> None:
    """Let the request that follows be signed, or let nothing of the signature go with it.

    requests makes the next request from the one at hand, as a copy, and from the response's
    `Location`: these are changed. `response.request` becomes a copy of what was sent.
    """
    request = response.request
    parts = (request.url, request.headers.get("Authorization"), request.body)
    if not response.is_redirect or parts != signed:
        # Somebody has changed it since, or a chain that left the origin came back.
        return
    url, authorization, body = unsigned
    repeated = _pieces(signed[0]) - _pieces(url)
    location = _next_url(response)

    following = request.copy()
    # requests shares the hooks among the copies of a request; this one gets hooks of its own.
    following.hooks = {event: list(hooks) for event, hooks in request.hooks.items()}
    following.hooks["response"].remove(hook)
    if signed[1] != authorization:
        del following.headers["Authorization"]
    following.body = body
    _redirect(following, response, _without(location, repeated))
    if _is_same_origin(request.url or "", following.url or ""):
        _sign(auth, following)

    response.request = request.copy()
    request.hooks = following.hooks
    if following.url != location:
        response.headers["Location"] = following.url or ""
    if "Authorization" in following.headers:
        request.headers["Authorization"] = following.headers["Authorization"]
    else:
        request.headers.pop("Authorization", None)
    if following.body is not request.body and response.status_code in KEEPS_BODY:
        request.body = following.body
        length = len(_encoded(following.body))
        # Not `prepare_content_length`, which leaves the header alone if the body is empty.
        request.headers["Content-Length"] = str(length)


def _encoded(body: Any) -> bytes:
    """Return a form as it is sent; no other body is ever changed by signing."""
    return body.encode() if isinstance(body, str) else body or b""


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


def _next_url(response: requests.Response) -> str:
    """Return the URL that requests will go to next, found as its `Session` does."""
    from requests.sessions import SessionRedirectMixin
    from requests.utils import requote_uri

    url = SessionRedirectMixin().get_redirect_target(response) or ""
    if url.startswith("//"):
        url = f"{urlsplit(response.url).scheme}:{url}"
    if not urlsplit(url).netloc:
        return urljoin(response.url, requote_uri(url))
    return requote_uri(url)


def _redirect(following: requests.PreparedRequest, response: requests.Response, url: str) -> None:
    """Make `following` the request that requests will make next, unsigned."""
    from requests.exceptions import RequestException
    from requests.sessions import SessionRedirectMixin
    from requests.utils import rewind_body

    SessionRedirectMixin().rebuild_method(following, response)
    following.url = url
    if response.status_code not in KEEPS_BODY:
        following.body = None
        for name in BODY_HEADERS:
            following.headers.pop(name, None)
    elif isinstance(following._body_position, int):
        # Its hash may be signed. requests rewinds it again.
        try:
            rewind_body(following)
        except RequestException:
            return


def _is_same_origin(old: str, new: str) -> bool:
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


def _sign(auth: Any, following: requests.PreparedRequest) -> None:
    """Sign `following` as it will be on the wire, if it can be signed at all."""
    from requests.exceptions import RequestException

    url = following.url or ""
    unsigned = url, following.headers.copy(), following.body
    try:
        # A redirect's URL is not prepared; urllib3 would rewrite it after it is signed.
        following.prepare_url(url, None)
        auth(following)
    except (ValueError, RequestException):  # ours are ValueErrors, as oauthlib's are
        following.url, following.headers, following.body = unsigned
