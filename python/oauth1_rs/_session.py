"""`OAuth1Session`: requests' session, signed, with the three-legged flow (RFC 5849 section 2)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import requests

from oauth1_rs._flow import carry
from oauth1_rs._redirect import take_hook
from oauth1_rs._signed_session import SignedSession, answer_of, read_body, refuse_elsewhere
from oauth1_rs._token_response import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    from oauth1_rs._token_response import Body

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


class OAuth1Session(SignedSession[dict[str, Any]], requests.Session):
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

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request, as ``requests.Session.send`` does."""
        # requests shall not call it: rebuild_auth does.
        take_hook(request)
        return super().send(request, **kwargs)

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

    def _watched(self, hooks: Any) -> dict[str, Any]:
        """Return the hooks of a token request: the caller's, or else the session's, and ours."""
        given = (hooks or self.hooks or {}).get("response") or []
        return {"response": [*([given] if callable(given) else given), _before_redirect]}


def _answer(response: Any) -> Answer:
    # By its class, as what `unittest.mock` makes of one calls itself a Response, too.
    if not issubclass(type(response), requests.Response):
        text = str(response.text)
        return Answer(response, response.status_code, text.encode(errors="surrogatepass"))
    if response.raw is None:  # made by hand, with its content
        return answer_of(response)
    return answer_of(response, _read_body(response))


def _read_body(response: requests.Response) -> Body:
    """Read and close a response, as far as it goes and as far as allowed."""
    with _without_negative_chunks(response.raw):
        body = read_body(response, requests)
    # urllib3 before 2.0 does not mind if the connection breaks off.
    missing = getattr(response.raw, "length_remaining", None)
    if body.is_received and body.is_wanted and isinstance(missing, int) and missing > 0:
        body.failure = requests.exceptions.ChunkedEncodingError
    return body


@contextlib.contextmanager
def _without_negative_chunks(raw: Any) -> Iterator[None]:
    """Let a chunk of -1 bytes be an error: urllib3 takes it for one without end."""
    update = getattr(raw, "_update_chunk_length", None)
    if update is None:
        yield
        return

    def update_and_check() -> None:
        update()
        if (raw.chunk_left or 0) < 0:
            raise requests.exceptions.ChunkedEncodingError

    raw._update_chunk_length = update_and_check  # noqa: SLF001 - there is no other way
    try:
        yield
    finally:
        del raw._update_chunk_length  # noqa: SLF001 - likewise


def _before_redirect(response: requests.Response, **_arguments: object) -> None:
    """Refuse what redirects a token request to another origin. A response hook."""
    if response.is_redirect:
        if response.raw is not None:
            _read_body(response)  # requests would, without a limit
        refuse_elsewhere(response)
