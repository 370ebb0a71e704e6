"""Redirects that requests follows for `auth=OAuth1(...)`.

requests calls `auth=` for the first request only and carries its headers over to the next one.
`RedirectHook` sits in a request's response hooks. When a redirect comes back, it signs the
request that requests is about to make if that goes to the same origin, and lets nothing of the
signature go anywhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from oauth1_rs.exceptions import OAuth1Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEPS_BODY = (307, 308)
BODY_HEADERS = ("Content-Length", "Content-Type", "Transfer-Encoding")

# What signing adds to a query or a form, apart from `protocol_parameters`.
PROTOCOL_PARAMETERS = frozenset(
    {
        b"oauth_body_hash",
        b"oauth_callback",
        b"oauth_consumer_key",
        b"oauth_nonce",
        b"oauth_signature",
        b"oauth_signature_method",
        b"oauth_timestamp",
        b"oauth_token",
        b"oauth_verifier",
        b"oauth_version",
    }
)


class RedirectHook:
    """A response hook that signs the next request of a redirect.

    Pickled or deep-copied, as a part of the response that it came with, it becomes one that does
    nothing: a stored response holds no credentials.
    """

    __slots__ = ("_auth",)

    def __init__(self, auth: Callable[[Any], Any] | None = None) -> None:
        self._auth = auth

    def __call__(self, response: requests.Response, **_arguments: object) -> None:
        if self._auth is not None and response.is_redirect:
            _prepare_next(self._auth, response)

    def __reduce__(self) -> tuple[type[RedirectHook], tuple[()]]:
        return RedirectHook, ()


def _prepare_next(auth: Any, response: requests.Response) -> None:
    """Let the request that follows `response` be signed, or let nothing of ours go with it.

    requests makes the next request from the one at hand, as a copy, and from the response's
    `Location`: these are changed. `response.request` becomes a copy of what was sent.
    """
    request = response.request
    following = request.copy()
    removed = _remove_signature(auth, following)
    if not removed:
        # Not signed by us, or part of a chain that has left the origin: it stays unsigned.
        return
    location = _next_url(response)
    _redirect(following, response, _without(location, removed))
    if _is_same_origin(request.url or "", following.url or ""):
        _sign(auth, following)

    response.request = request.copy()
    if following.url != location:
        response.headers["Location"] = following.url or ""
    if "Authorization" in following.headers:
        request.headers["Authorization"] = following.headers["Authorization"]
    else:
        request.headers.pop("Authorization", None)
    if isinstance(following.body, str | bytes) and following.body is not request.body:
        request.body = following.body
        # Not `prepare_content_length`, which leaves the header alone if the body is empty.
        request.headers["Content-Length"] = str(len(following.body))


def _remove_signature(auth: Any, request: requests.PreparedRequest) -> list[str]:
    """Take out what signing added, wherever that is, and return it in pieces."""
    signature_type = str(auth.client.signature_type).upper()
    extra = getattr(auth.client, "protocol_parameters", None) or {}
    names = PROTOCOL_PARAMETERS | {name.encode() for name in extra}
    if signature_type == "QUERY":
        before, mark, query, fragment = _split_query(request.url or "")
        kept, removed = _split_off(query, names)
        if removed:
            request.url = before + (mark + kept if kept else "") + fragment
        return removed
    if signature_type == "BODY":
        body = request.body
        # Latin-1 keeps every byte.
        form = body.decode("latin-1") if isinstance(body, bytes) else body
        if not isinstance(form, str):
            return []
        kept, removed = _split_off(form, names)
        if removed:
            request.body = kept.encode("latin-1") if isinstance(body, bytes) else kept
        return removed
    authorization = request.headers.get("Authorization", "")
    is_ours = authorization[:6] in ("OAuth ", b"OAuth ")
    return [str(request.headers.pop("Authorization"))] if is_ours else []


def _split_off(parameters: str, names: Iterable[bytes]) -> tuple[str, list[str]]:
    """Split what signing added from the end of a query or form.

    Signing adds each of its parameters once, and refuses a request that has one of them already.
    """
    pieces = parameters.split("&")
    absent = set(names)
    removed: list[str] = []
    while pieces and (name := _name(pieces[-1])) in absent:
        absent.discard(name)
        removed.append(pieces.pop())
    if not any(_name(piece) == b"oauth_signature" for piece in removed):
        return parameters, []
    return "&".join(pieces), removed


def _name(piece: str) -> bytes:
    return unquote_to_bytes(piece.partition("=")[0].replace("+", " "))


def _without(url: str, removed: list[str]) -> str:
    """`url` without the parameters that a server repeats from the request it got."""
    before, mark, query, fragment = _split_query(url)
    kept = "&".join(piece for piece in query.split("&") if piece not in removed)
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
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


def _sign(auth: Any, following: requests.PreparedRequest) -> None:
    """Sign `following` as it will be on the wire, if it can be signed at all."""
    from requests.exceptions import RequestException

    url = following.url or ""
    unsigned = url, following.headers.copy(), following.body
    try:
        # A redirect's URL is not prepared; urllib3 would rewrite it after it is signed.
        following.prepare_url(url, None)
        auth(following)
    except (OAuth1Error, RequestException):
        following.url, following.headers, following.body = unsigned
