"""Redirects of requests that `OAuth1` has signed.

requests calls `auth=` for the first request only and carries its headers over to the next one.
Signing leaves a `RedirectHook` among a request's response hooks, which knows what the signature
changed. When a redirect comes back, it calls `prepare_next`, which signs the request that requests
is about to make if that goes to the same origin, and lets nothing of the signature go elsewhere.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlparse

from oauth1_rs._hops import Change, in_bytes, is_same_origin
from oauth1_rs._native import Client, RedirectHook
from oauth1_rs.exceptions import OAuth1Error

if TYPE_CHECKING:
    import requests

    from oauth1_rs._hops import Parts
    from oauth1_rs._native import OAuth1

KEEPS_BODY = (307, 308)
BODY_HEADERS = ("Content-Length", "Content-Type", "Transfer-Encoding")


class KeptHooks(dict[str, Any]):
    """The hooks of a request, shared by its copies, and the one that a session has taken out."""

    def __init__(self, hooks: dict[str, Any], kept: RedirectHook) -> None:
        super().__init__(hooks)
        self.kept = kept

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self), self.kept)


def prepare_next(
    response: requests.Response, hook: RedirectHook, auth: OAuth1 | None, parts: Parts | None
) -> None:
    """Let the request that follows be signed, or let nothing of the signature go with it.

    requests makes the next request from the one at hand, as a copy, and from the response's
    `Location`: these are changed. `response.request` becomes a copy of what was sent.
    """
    request = response.request
    current = signing_hook(request)
    if current is not None and hook not in _listed(request.hooks["response"]):
        # An adapter has signed the request anew, after requests took its hooks.
        current(response)
        return
    change = Change.of(request, parts)
    location = next_url(response)
    if not location or change is None:
        # It goes nowhere, or a chain that left the origin came back.
        return
    is_in_header = change.authorization is not None
    if not (is_in_header or change.has_query(request) or change.has_body(request)):
        return
    following = request.copy()
    # requests shares the hooks among the copies of a request; this one gets hooks of its own.
    following.hooks = {event: _listed(hooks) for event, hooks in request.hooks.items()}
    _retire(hook, parts, following.hooks.get("response", []))
    _redirect(following, response, location)
    follow(following, response, auth, parts)

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


def follow(
    following: requests.PreparedRequest,
    response: requests.Response,
    auth: OAuth1 | None,
    parts: Parts | None,
) -> None:
    """Take the signature out of `following`, the next request as requests makes it.

    It is signed afresh if it goes to the origin of the request that was redirected.
    """
    request, library = response.request, _library(response)
    is_within_origin = is_same_origin(request.url or "", following.url or "")
    change = Change.of(request, parts)
    if change is None:
        if not is_within_origin:
            following.headers.pop("Authorization", None)
        return
    change.take_out(following, is_within_origin=is_within_origin)
    keeps_body = response.status_code in KEEPS_BODY
    if keeps_body and change.has_body(request):
        following.body = change.unsigned_body
    if keeps_body:
        # Its hash may be signed. requests rewinds it again.
        _rewind(following, library)
    if auth and is_within_origin and change.is_of(request):
        _sign(auth, following, library, keeps_body=keeps_body)
    if keeps_body and following.body is not request.body:
        # Not `prepare_content_length`, which leaves the header alone if the body is empty.
        following.headers["Content-Length"] = str(len(in_bytes(following.body)))


def take_hook(request: requests.PreparedRequest) -> None:
    """Put the hook of the last signature where requests calls none and `kept_hook` finds it.

    Copies of `request` share it there.
    """
    hook = signing_hook(request)
    if hook is not None:
        # It may be in other requests' lists, and this list be another request's.
        others = [other for other in _listed(request.hooks["response"]) if other is not hook]
        request.hooks = KeptHooks({**request.hooks, "response": others}, hook)


def signing_hook(request: requests.PreparedRequest) -> RedirectHook | None:
    """Return the hook of the last signature, if it is one that requests calls."""
    hooks = _listed((request.hooks or {}).get("response") or [])
    return next((hook for hook in hooks if isinstance(hook, RedirectHook) and hook.signs), None)


def kept_hook(request: requests.PreparedRequest) -> RedirectHook | None:
    """Return the hook that `take_hook` has taken, if `OAuth1` has signed `request`."""
    return getattr(request.hooks, "kept", None)


def last_signature(request: requests.PreparedRequest) -> tuple[OAuth1, Change] | None:
    """Return who has signed `request`, and what that did to it; nothing if it is not signed."""
    hook = signing_hook(request) or kept_hook(request)
    auth = hook and hook.auth
    change = Change.of(request, hook.parts) if hook else None
    return (auth, change) if auth and change and change.is_of(request) else None


def sign_again(request: requests.PreparedRequest, auth: OAuth1) -> None:
    """Sign `request` anew, which has a signature of `auth`."""
    kept = kept_hook(request)
    # Those of its own: requests may hold the others, and be about to call them.
    hooks = {event: _listed(hooks) for event, hooks in request.hooks.items()}
    request.hooks = hooks if kept is None else KeptHooks(hooks, kept)
    auth(request)
    if kept is not None:
        take_hook(request)


def _listed(hooks: Any) -> list[Any]:
    return [hooks] if callable(hooks) else list(hooks)


def _retire(hook: RedirectHook, parts: Parts | None, hooks: list[Any]) -> None:
    """Replace a hook by one that does not sign, or take it out if it knows nothing.

    requests changes the query and, for some statuses, the body in its copy alone: should the
    request at hand be sent once more, what it still has of this signature must not go elsewhere.
    """
    position = hooks.index(hook) if hook in hooks else len(hooks)
    hooks[position : position + 1] = [] if parts is None else [RedirectHook(parts)]


def next_url(response: requests.Response) -> str:
    """Return the URL that requests will go to next, found as its `Session` does; empty if none.

    A fragment that is inherited from the request is not in it yet.
    """
    library = _library(response)
    url: str | None = library.Session.get_redirect_target(None, response)
    if not url:
        return ""
    if url.startswith("//"):
        url = f"{urlparse(response.url).scheme}:{url}"
    parsed = urlparse(url)
    quoted: str = library.utils.requote_uri(parsed.geturl())
    return quoted if parsed.netloc else urljoin(response.url, quoted)


def _library(response: requests.Response) -> Any:
    """Return the library whose `response` is: requests, or niquests, which has the same names.

    Their sessions' methods that are called here use nothing of a session.
    """
    niquests = sys.modules.get("niquests")
    if niquests is not None and isinstance(response, niquests.Response):
        return niquests
    import requests

    return requests


def _redirect(following: requests.PreparedRequest, response: requests.Response, url: str) -> None:
    """Make `following`, a copy, the request that requests will make next."""
    _library(response).Session.rebuild_method(None, following, response)
    following.url = url
    if response.status_code not in KEEPS_BODY:
        following.body = None
        for name in BODY_HEADERS:
            following.headers.pop(name, None)


def _rewind(following: requests.PreparedRequest, library: Any) -> None:
    if isinstance(following._body_position, int):
        try:
            library.utils.rewind_body(following)
        except library.RequestException:
            return  # requests tries again, and lets its caller know


def _sign(
    auth: OAuth1, following: requests.PreparedRequest, library: Any, *, keeps_body: bool
) -> None:
    """Sign `following` as it will be on the wire, if it can be signed at all."""
    refusal = OAuth1Error if isinstance(auth.client, Client) else ValueError
    refusals = (refusal, library.RequestException)
    url = following.url or ""
    unsigned = url, following.headers.copy(), following.body
    try:
        # A redirect's URL is not prepared; urllib3 would rewrite it after it is signed.
        following.prepare_url(url, None)
        auth(following)
        is_signed = keeps_body or following.body is None  # else there is no place for parameters
    except refusals:
        is_signed = False
    if not is_signed:
        following.url, following.headers, following.body = unsigned
