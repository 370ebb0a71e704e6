"""`OAuth1Session`: requests' session, signed, with the three-legged flow (RFC 5849 section 2)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import requests

from oauth1_rs._flow import Flow, carry
from oauth1_rs._native import OAuth1
from oauth1_rs._redirect import kept_hook, next_url, take_hook
from oauth1_rs._token_response import (
    BROKEN_OFF,
    MAX_SIZE,
    PIECE_SIZE,
    UNBOUNDED,
    Answer,
    refuse_other_origin,
    secrets_sent,
)

if TYPE_CHECKING:
    from typing import TypedDict

    from typing_extensions import Self, Unpack

    from oauth1_rs._flow import Step, TokenRequest
    from oauth1_rs._native import (
        _BodyHash,
        _Nonce,
        _ProtocolParameters,
        _Text,
        _Timestamp,
    )

    class _ClientOptions(TypedDict, total=False):
        """The parameters of `Client` that `OAuth1` passes on."""

        realm: _Text | None
        encoding: str
        nonce: _Nonce | None
        timestamp: _Timestamp | None
        timestamp_offset: int
        protocol_parameters: _ProtocolParameters | None
        body_hash: _BodyHash | None
        allow_insecure_plaintext: bool
        rsa_key_passphrase: _Text | None
        single_encoding: bool

    class _Options(_ClientOptions, total=False):
        """The other parameters of `OAuth1`."""

        decoding: str | None


class OAuth1Session(Flow[dict[str, Any]], requests.Session):
    """A requests session that signs what it sends, and walks the three legs of RFC 5849 section 2.

    ``fetch_request_token``, ``authorization_url``, ``parse_authorization_response`` and
    ``fetch_access_token`` are the steps, in this order. What belongs to one step (its realm,
    verifier and ``protocol_parameters``) is in the request of that step alone. A session may be
    shared between threads, pickled and copied; pickles hold the credentials, and copies have
    credentials of their own.

    Redirects within the origin are signed afresh; nothing of the signature goes to another one.

    Parameters
    ----------
    client_key, client_secret : str or bytes
        Client credentials (section 1.1).
    resource_owner_key, resource_owner_secret : str, bytes or None
        Temporary or token credentials from before.
    callback_uri : str, bytes or None
        ``oauth_callback`` (section 2.1), or "oob". Sent until ``fetch_request_token`` is through.
    signature_method, signature_type, rsa_key
        As those of ``Client``.
    verifier : str, bytes or None
        ``oauth_verifier`` (section 2.3). Sent until ``fetch_access_token`` is through.
    client_class, force_include_body
        As those of ``OAuth1``.
    **kwargs
        The other parameters of ``OAuth1`` and ``Client``.

    Attributes
    ----------
    auth : OAuth1
        Signs the requests. ``auth.client`` holds the credentials; a write to one takes effect at
        the next signature. May be replaced.

    Raises
    ------
    OAuth1Error
        A setting cannot be used; the text says what is accepted.
    """

    _network_errors = (requests.RequestException,)

    # What requests pickles and copies.
    __attrs__ = [*requests.Session.__attrs__, "_client", "_authorization", "provider"]  # noqa: RUF012 - theirs

    def __init__(
        self,
        client_key: _Text,
        client_secret: _Text | None = None,
        resource_owner_key: _Text | None = None,
        resource_owner_secret: _Text | None = None,
        callback_uri: _Text | None = None,
        signature_method: _Text = "HMAC-SHA1",
        signature_type: _Text = "AUTH_HEADER",
        rsa_key: Any = None,
        verifier: _Text | None = None,
        client_class: Any = None,
        force_include_body: bool = False,
        **kwargs: Unpack[_Options],
    ) -> None:
        super().__init__()
        self._client = self._auth_class(
            client_key,
            client_secret=client_secret,
            resource_owner_key=resource_owner_key,
            resource_owner_secret=resource_owner_secret,
            callback_uri=callback_uri,
            signature_method=signature_method,
            signature_type=signature_type,
            rsa_key=rsa_key,
            verifier=verifier,
            client_class=client_class,
            force_include_body=force_include_body,
            **kwargs,
        )
        self.auth = self._client

    @property
    def auth(self) -> Any:
        """What signs the requests, those of the flow included.

        Another ``OAuth1`` in its place is the one whose credentials the flow uses and replaces.
        What else is put here signs as it does in ``requests.Session``.
        """
        return self._auth

    @auth.setter
    def auth(self, value: Any) -> None:
        self._auth = value
        if isinstance(value, OAuth1):
            self._client = value

    def __copy__(self) -> OAuth1Session:
        twin = type(self).__new__(type(self))
        twin.__setstate__(self.__getstate__())
        if self.auth is self._client:  # else it is another's, and shared as requests shares it
            twin.auth = copy.copy(self._client)
            twin.auth.client = copy.copy(twin.auth.client)
        return twin

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request, as ``requests.Session.send`` does."""
        # requests shall not call it: rebuild_auth does.
        take_hook(request)
        return super().send(request, **kwargs)

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Sign a redirect within the origin, and let nothing of the signature go elsewhere.

        What ``OAuth1`` has not signed goes by requests' own rules.
        """
        hook = kept_hook(response.request)
        if hook is None:
            super().rebuild_auth(prepared_request, response)
        else:
            hook.follow(prepared_request, response)

    @classmethod
    def _with_settings(cls, client_key: _Text, options: dict[str, Any]) -> Self:
        return cls(client_key, **options)

    def _carry(self, step: Step) -> dict[str, Any]:
        return carry(step, self._ask)

    def _ask(self, request: TokenRequest) -> Answer:
        # The answer is read here, up to a limit, whatever the caller says.
        options = {**request.options, "stream": True}
        options["hooks"] = self._watched(options.get("hooks"))
        if request.method.upper() == "POST":
            response = self.post(request.url, **options)
        else:
            response = self.request(request.method, request.url, **options)
        return _answer(response)

    def _own_auth(self, auth: OAuth1) -> Any:
        """Return `auth`, made for one token request, unless the session is signed otherwise."""
        return auth if self.auth is self._client else self.auth

    def _watched(self, hooks: Any) -> dict[str, Any]:
        """Return the hooks of a token request: the caller's, or else the session's, and ours."""
        given = (hooks or self.hooks or {}).get("response") or []
        return {"response": [*([given] if callable(given) else given), _before_redirect]}


def _answer(response: Any) -> Answer:
    # By its class, as what `unittest.mock` makes of one calls itself a Response, too.
    if not issubclass(type(response), requests.Response):
        text = str(response.text)
        return Answer(response, response.status_code, text.encode(errors="surrogatepass"))
    is_whole, failure = _read_body(response)
    request = response.request
    is_known = isinstance(request, requests.PreparedRequest)
    return Answer(
        response,
        response.status_code,
        response.content or b"",
        is_whole,
        response.headers.get("WWW-Authenticate", ""),
        failure(BROKEN_OFF, response=response) if failure else None,
        secrets_sent(request.url or "", request.body, request.headers.get("Authorization"))
        if is_known
        else (),
    )


def _read_body(
    response: requests.Response,
) -> tuple[bool, type[requests.RequestException] | None]:
    """Read and close a response, keeping what fits: whether that was all, and what failed.

    The limit is of the decompressed body. The exceptions of urllib3 and http.client may carry
    what they have read: only their class is passed on.
    """
    if response.raw is None:  # made by hand, with its content
        return True, None
    pieces: list[bytes] = []
    size = 0
    failure: type[requests.RequestException] | None = None
    if UNBOUNDED.search(response.headers.get("Content-Encoding", "")):
        response.close()
        response._content = b""
        return True, requests.exceptions.ContentDecodingError
    try:
        for piece in response.iter_content(PIECE_SIZE):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_SIZE:
                break
    except requests.RequestException as error:
        failure = type(error)
    finally:
        response.close()
    is_whole = size <= MAX_SIZE
    # urllib3 before 2.0 does not mind if the connection breaks off.
    missing = getattr(response.raw, "length_remaining", None)
    if is_whole and failure is None and isinstance(missing, int) and missing > 0:
        failure = requests.exceptions.ChunkedEncodingError
    # As if requests had read it: `text` and pickling work.
    response._content = b"".join(pieces)[:MAX_SIZE]
    return is_whole, failure


def _before_redirect(response: requests.Response, **_arguments: object) -> None:
    """Refuse what redirects a token request to another origin. A response hook."""
    if not response.is_redirect:
        return
    _read_body(response)  # requests would, without a limit
    try:
        url = next_url(response)
    except ValueError:  # it is no URL
        url = ""
    refuse_other_origin(response.request.url or "", url, response.status_code, response)
