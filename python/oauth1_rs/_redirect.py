"""Redirects that requests follows for `auth=OAuth1(...)`.

requests calls `auth=` for the first request only and carries its headers over to the next one.
Signing leaves a `RedirectHook` among a request's response hooks. When a redirect comes back, the
hook calls `prepare_next`, which signs the request that requests is about to make if that goes to
the same origin, and lets nothing of the signature go anywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urljoin, urlparse, urlsplit

from oauth1_rs._native import RedirectHook

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEPS_BODY = (307, 308)
BODY_HEADERS = ("Content-Length", "Content-Type", "Transfer-Encoding")


class Signature(NamedTuple):
    """What a signature did to a request."""

    unsigned_url: str
    unsigned_body: Any
    url: str
    body: Any
    authorization: Any
    """The header, if that is where the parameters are."""


def prepare_next(
    response: requests.Response,
    hook: RedirectHook,
    auth: Callable[[Any], Any] | None,
    parts: tuple[Any, Any, Any, Any, Any],
) -> None:
    """Let the request that follows be signed, or let nothing of the signature go with it.

    requests makes the next request from the one at hand, as a copy, and from the response's
    `Location`: these are changed. `response.request` becomes a copy of what was sent.
    """
    location = _next_url(response)
    request = response.request
    signature = Signature(*parts)
    has_header, has_query, has_body = _signed_places(request, signature)
    if not (location and (has_header or has_query or has_body)):
        # It goes nowhere, or a chain that left the origin came back.
        return
    # If somebody has changed the request since, what is left of the signature is of no use.
    is_as_signed = (
        request.url == signature.url
        and _is_same(request.body, signature.body)
        and (signature.authorization is None or has_header)
    )

    following = request.copy()
    # requests shares the hooks among the copies of a request; this one gets hooks of its own.
    following.hooks = {event: _listed(hooks) for event, hooks in request.hooks.items()}
    _retire(hook, signature, following.hooks.get("response", []))
    if has_header:
        del following.headers["Authorization"]
    if has_body:
        following.body = signature.unsigned_body
    _redirect(following, response, _without(location, _added_to_query(signature)))
    if auth and is_as_signed and _is_same_origin(request.url or "", following.url or ""):
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


def _signed_places(
    request: requests.PreparedRequest, signature: Signature
) -> tuple[bool, bool, bool]:
    """Whether header, query and body of `request` have what this signature put there."""
    authorization = signature.authorization
    return (
        authorization is not None and request.headers.get("Authorization") == authorization,
        signature.url != signature.unsigned_url and request.url == signature.url,
        signature.body is not signature.unsigned_body and _is_same(request.body, signature.body),
    )


def _is_same(body: Any, other: Any) -> bool:
    """Whether two bodies are one; those that are no text are not compared."""
    return body is other or (isinstance(body, str | bytes) and body == other)


def _listed(hooks: Any) -> list[Any]:
    return [hooks] if callable(hooks) else list(hooks)


def _retire(hook: RedirectHook, signature: Signature, hooks: list[Any]) -> None:
    """Replace a hook by one that does not sign.

    requests changes the query and, for some statuses, the body in its copy alone: should the
    request at hand be sent once more, what it still has of this signature must not go elsewhere.
    """
    retired = [RedirectHook(*signature)] if signature.authorization is None else []
    position = hooks.index(hook) if hook in hooks else len(hooks)
    hooks[position : position + 1] = retired


def _encoded(body: Any) -> bytes:
    """Return a form as it is sent; no other body is ever changed by signing."""
    return body.encode() if isinstance(body, str) else body or b""


def _added_to_query(signature: Signature) -> set[tuple[bytes, bytes]]:
    """Return the parameters that signing put into the query."""
    unsigned, signed = (
        {_decoded(piece) for piece in _split_query(url)[2].split("&")}
        for url in (signature.unsigned_url, signature.url)
    )
    return signed - unsigned


def _without(url: str, added: set[tuple[bytes, bytes]]) -> str:
    """Return `url` without what a server repeats of the signature in the request that it got."""
    before, mark, query, fragment = _split_query(url)
    kept = "&".join(piece for piece in query.split("&") if _decoded(piece) not in added)
    return url if kept == query else before + (mark + kept if kept else "") + fragment


def _decoded(piece: str) -> tuple[bytes, bytes]:
    """Return the parameter that a piece of a query is, whichever way it is encoded."""
    name, _, value = piece.replace("+", " ").partition("=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _split_query(url: str) -> tuple[str, str, str, str]:
    """Return what comes before the query, `?`, the query, and the fragment with its `#`."""
    resource, hash_mark, fragment = url.partition("#")
    before, mark, query = resource.partition("?")
    return before, mark, query, hash_mark + fragment


def _next_url(response: requests.Response) -> str:
    """Return the URL that requests will go to next, found as its `Session` does; empty if none."""
    from requests.sessions import SessionRedirectMixin
    from requests.utils import requote_uri

    url = SessionRedirectMixin().get_redirect_target(response)
    if not url:
        return ""
    if url.startswith("//"):
        url = f"{urlparse(response.url).scheme}:{url}"
    parsed = urlparse(url)
    fragment = urlparse(response.request.url or "").fragment
    url = parsed._replace(fragment=parsed.fragment or fragment).geturl()
    if not parsed.netloc:
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
