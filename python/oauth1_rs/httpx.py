"""Sign the requests of httpx: `OAuth1` as its `auth=`, every hop of a redirect, the flow.

``OAuth1Client`` and ``AsyncOAuth1Client`` are httpx's clients with all of it. ``install`` has a
client that is there sign. ``OAuth1Auth`` alone signs first requests, and leaves redirects to httpx.
Importing this module imports httpx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from oauth1_rs import _httpx

if TYPE_CHECKING:
    from oauth1_rs._native import OAuth1

__all__ = [
    "AsyncOAuth1Client",
    "AsyncOAuth1Transport",
    "OAuth1Auth",
    "OAuth1Client",
    "OAuth1Transport",
    "install",
]


class OAuth1Auth(_httpx.SigningAuth, httpx.Auth):
    """Signs requests (RFC 5849 section 3): ``httpx.get(url, auth=OAuth1Auth(auth))``.

    For clients of both kinds. A body is read only if it is a form or its hash is signed. A request
    that cannot be signed raises ``OAuth1Error`` and is not sent.

    httpx makes the next request of a redirect without asking its ``auth=``. Used alone, this leaves
    it to that: within the origin the header goes along unchanged, and the server refuses it; to
    other origins the header does not go, but a form that carries the parameters does (statuses 307
    and 308), and so does what the server repeats of the query. ``install``, ``OAuth1Client`` and
    ``OAuth1Transport`` sign each hop instead.

    Parameters
    ----------
    auth : OAuth1
        The settings and the credentials.
    correct_clock : bool, default False
        Whether a 401 whose ``Date`` is more than a minute off, and at most a day, sets
        ``timestamp_offset`` by it and has the request signed and sent once more. One whose body
        is no text or bytes is not sent again.

    Raises
    ------
    OAuth1TypeError
        ``auth`` is no ``OAuth1``.
    """

    _library: Any = httpx  # not as a module: stubtest would compare all that is in it


class OAuth1Transport(_httpx.SigningTransport, httpx.BaseTransport):
    """Signs every attempt afresh: put it between a transport that retries and the one that sends.

    It signs what ``OAuth1Auth`` has signed before, once more if it is sent once more, and every hop
    of a redirect within the origin. Whatever else is sent goes as it is.

    Parameters
    ----------
    transport : httpx.BaseTransport
        What sends, such as ``httpx.HTTPTransport()``.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        super().__init__(transport)


class AsyncOAuth1Transport(_httpx.AsyncSigningTransport, httpx.AsyncBaseTransport):
    """``OAuth1Transport`` for ``httpx.AsyncClient``.

    Parameters
    ----------
    transport : httpx.AsyncBaseTransport
        What sends, such as ``httpx.AsyncHTTPTransport()``.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport)


def install(
    client: httpx.Client | httpx.AsyncClient, auth: OAuth1, *, correct_clock: bool = False
) -> None:
    """Have a client sign what it sends, and every hop of a redirect within the origin.

    It sets ``client.auth``, and adds a hook to ``client.event_hooks["request"]``. Nothing of a
    signature goes to another origin. A request with ``auth=`` of its own, ``auth=None`` included,
    goes by that.

    Parameters
    ----------
    client : httpx.Client or httpx.AsyncClient
        Also one that has sent requests already.
    auth : OAuth1
        The settings and the credentials.
    correct_clock : bool, default False
        As that of ``OAuth1Auth``.
    """
    is_async = isinstance(client, httpx.AsyncClient)
    hook: Any = _httpx.follow_redirect_async if is_async else _httpx.follow_redirect
    _httpx.install(client, OAuth1Auth(auth, correct_clock=correct_clock), hook)


class OAuth1Client(_httpx.Session, httpx.Client):
    """A ``httpx.Client`` that signs, and walks the three legs of RFC 5849 section 2.

    ``fetch_request_token``, ``authorization_url``, ``parse_authorization_response`` and
    ``fetch_access_token`` are the steps, in this order; their requests are signed by ``auth``, and
    take the options of ``request``. A token request follows redirects if the client does, or with
    ``follow_redirects=True``, and never to another origin.

    Parameters
    ----------
    auth : OAuth1
        The settings and the credentials. The flow reads and replaces the token in ``auth.client``.
    correct_clock : bool, default False
        As that of ``OAuth1Auth``.
    **options
        Those of ``httpx.Client``.
    """

    _library: Any = httpx
    _network_errors = (httpx.HTTPError, httpx.InvalidURL)
    _auth_type = OAuth1Auth


class AsyncOAuth1Client(_httpx.AsyncSession, httpx.AsyncClient):
    """A ``httpx.AsyncClient`` that signs, and walks the three legs of RFC 5849 section 2.

    It is ``OAuth1Client``, but ``fetch_request_token`` and ``fetch_access_token`` are awaited.

    Parameters
    ----------
    auth : OAuth1
        The settings and the credentials. The flow reads and replaces the token in ``auth.client``.
    correct_clock : bool, default False
        As that of ``OAuth1Auth``.
    **options
        Those of ``httpx.AsyncClient``.
    """

    _library: Any = httpx
    _network_errors = (httpx.HTTPError, httpx.InvalidURL)
    _auth_type = OAuth1Auth
