"""`OAuth1Session`: requests' session, signed, with the three-legged flow (RFC 5849 section 2)."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import requests

from oauth1_rs._native import Client, OAuth1
from oauth1_rs._redirect import kept_hook, take_hook
from oauth1_rs._token_response import (
    ENCODINGS,
    MASK,
    MAX_SEARCHED,
    PLAIN_NAME,
    SECRET_NAME,
    Answer,
    ParameterError,
    before_redirect,
    callback_parameters,
    excerpt,
    redacted,
    secrets_of_request,
    text_of,
)
from oauth1_rs.exceptions import (
    AuthorizationDenied,
    OAuth1TypeError,
    TokenMissing,
    TokenRequestDenied,
    TokenResponseError,
    VerifierMissing,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypedDict

    from typing_extensions import Unpack

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


HTTP_ERROR = 400


@dataclass(frozen=True)
class _Authorization:
    """What a callback gave: the verifier is good for these temporary credentials alone."""

    token: str
    verifier: str = field(repr=False)


class OAuth1Session(requests.Session):
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

    # What requests pickles and copies.
    __attrs__ = [*requests.Session.__attrs__, "_client", "_authorization"]  # noqa: RUF012 - theirs

    # What signs, for subclasses with defaults of their own.
    _auth_class: type[OAuth1] = OAuth1

    # Section 2.1: temporary credentials are asked for with the client credentials alone. Those of
    # a flow before would be sent along, and their secret would spoil the signature.
    _without_token: Mapping[str, None] = MappingProxyType(
        {"resource_owner_key": None, "resource_owner_secret": None}
    )

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
        # Not in the client, where other threads' requests would take it along.
        self._authorization: _Authorization | None = None

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

    @property
    def token(self) -> dict[str, Any]:
        """The credentials at hand, those of them that are not empty.

        ``oauth_token``, ``oauth_token_secret`` and ``oauth_verifier``. When set, those that are
        given replace the ones before, and ``TokenMissing`` is raised if there is no
        ``oauth_token``.
        """
        client = copy.copy(self._client.client)
        token = {
            "oauth_token": client.resource_owner_key,
            "oauth_token_secret": client.resource_owner_secret,
            "oauth_verifier": self._verifier(client),
        }
        return {name: text_of(value) for name, value in token.items() if value}

    @token.setter
    def token(self, value: Mapping[str, Any]) -> None:
        self._populate_attributes(value)

    @property
    def authorized(self) -> bool:
        """Whether there is a token, and all else that the signature method needs.

        Temporary credentials count too, as with requests-oauthlib.

        HMAC and PLAINTEXT (RFC 5849 sections 3.4.2 and 3.4.4) need both secrets, which may be
        empty; RSA (section 3.4.3) needs neither.
        """
        client = self._client.client
        if not client.resource_owner_key:
            return False
        secrets = client.client_secret, client.resource_owner_secret
        is_rsa = (text_of(client.signature_method) or "").upper().startswith("RSA-")
        return is_rsa or all(secret is not None for secret in secrets)

    def fetch_request_token(
        self,
        url: str,
        realm: _Text | Iterable[str] | None = None,
        method: str = "POST",
        *,
        protocol_parameters: _ProtocolParameters | None = None,
        require_callback_confirmed: bool = True,
        **request_kwargs: Any,
    ) -> dict[str, Any]:
        """Ask for temporary credentials (RFC 5849 section 2.1), the first step.

        They are kept for the next steps. The callback is not sent any more.

        Parameters
        ----------
        url : str
            The provider's endpoint for temporary credentials.
        realm : str, or iterable of str joined with spaces
            For this request, in place of the session's.
        method : str, default "POST"
            Some providers want "GET".
        protocol_parameters : mapping of str to str, bytes or None
            Adds protocol parameters to this request, or replaces or (``None``) leaves out others.
        require_callback_confirmed : bool, default True
            Whether an answer without ``oauth_callback_confirmed=true`` is an error, if a callback
            was sent.
        **request_kwargs
            What ``requests.Session.request`` takes: ``data`` for a form, ``timeout``, ``verify``.
            ``auth`` signs this request instead.

        Returns
        -------
        dict
            All parameters of the token response.

        Raises
        ------
        TokenRequestDenied
            The provider refused.
        TokenResponseError, TokenMissing
            It answered with something else than a token.
        OAuth1Error
            The request cannot be signed.
        requests.RequestException
            The network failed.
        """
        auth = self._signing(protocol_parameters, **self._without_token)
        realms = realm if isinstance(realm, (str, bytes)) else " ".join(realm or ()) or None
        if realms is not None:
            _write(auth.client, realm=realms)
        request_kwargs["auth"] = request_kwargs.get("auth") or self._own_auth(auth)
        answer, token = self._fetch_token(url, method, request_kwargs)
        is_confirmed = str(token.get("oauth_callback_confirmed")).lower() == "true"
        sent = _callback(getattr(request_kwargs["auth"], "client", None))
        if require_callback_confirmed and sent and not is_confirmed:
            raise TokenResponseError(
                "the provider did not confirm the callback (RFC 5849 section 2.1): if it never "
                "does, pass require_callback_confirmed=False",
                answer.response,
            )
        _write(self._client.client, callback_uri=None)
        # A secret that is not given is none: the one before belongs to other credentials.
        self._keep({"oauth_token_secret": None, **token})
        return token

    def authorization_url(
        self,
        url: str,
        request_token: str | None = None,
        *,
        token_parameter: str = "oauth_token",
        **kwargs: Any,
    ) -> str:
        """Return the URL at which the user authorizes (RFC 5849 section 2.2), the second step.

        Parameters
        ----------
        url : str
            The provider's page. Its own query and fragment stay as they are.
        request_token : str, default the one of the last ``fetch_request_token``
            The identifier of the temporary credentials.
        token_parameter : str, default "oauth_token"
            The name under which the provider expects it.
        **kwargs
            More parameters for the query. ``None`` leaves one out.

        Raises
        ------
        TokenMissing
            There is no such token.
        """
        token = request_token or self._client.client.resource_owner_key
        if not token:
            raise TokenMissing(
                "there is no token to put into the URL: call fetch_request_token first, or pass "
                "request_token="
            )
        parameters = {**kwargs, token_parameter: token}
        given = {name: value for name, value in parameters.items() if value is not None}
        query = urlencode(given, doseq=True, quote_via=quote, safe="~")
        resource, hash_mark, fragment = url.partition("#")
        separator = "" if resource.endswith(("?", "&")) else "&" if "?" in resource else "?"
        return f"{resource}{separator}{query}{hash_mark}{fragment}"

    def parse_authorization_response(
        self, url: str | Mapping[str, Any], *, check_token: bool = True
    ) -> dict[str, Any]:
        """Read the callback (RFC 5849 section 2.2), and keep its token and verifier.

        Parameters
        ----------
        url : str or mapping
            The URL to which the user was redirected, its query, or the parameters of that.
        check_token : bool, default True
            Whether a token other than the session's is an error.

        Returns
        -------
        dict
            All parameters of the query.

        Raises
        ------
        AuthorizationDenied
            The user or the provider said no.
        TokenMissing
            There is no token, or another than was asked for.
        """
        parameters = callback_parameters(url)
        client = self._client.client
        is_denied = "denied" in parameters and "oauth_verifier" not in parameters
        if is_denied or parameters.get("oauth_problem"):
            raise AuthorizationDenied(
                self._authorization_denied_text(parameters),
                parameters,
                oauth_parameters={
                    name: str(value)
                    for name, value in parameters.items()
                    if name.startswith("oauth_")
                },
            )
        token = parameters.get("oauth_token")
        if not token:
            raise TokenMissing(self._token_missing_text(parameters), parameters)
        asked_for = text_of(client.resource_owner_key)
        if check_token and asked_for and asked_for != token:
            raise TokenMissing(
                "the callback is for another token than the session asked for: take the session "
                "that began this flow, or pass check_token=False if any token will do",
                parameters,
            )
        verifier = parameters.get("oauth_verifier")
        if verifier:
            self._authorization = _Authorization(token, verifier)
            _write(client, verifier=None)
        self._keep({"oauth_token": token})
        return parameters

    def fetch_access_token(
        self,
        url: str,
        verifier: _Text | None = None,
        method: str = "POST",
        require_verifier: bool = True,
        *,
        protocol_parameters: _ProtocolParameters | None = None,
        **request_kwargs: Any,
    ) -> dict[str, Any]:
        """Ask for token credentials (RFC 5849 section 2.3), the last step.

        They replace the temporary ones: from here on, requests are signed for the user. The
        verifier is forgotten.

        Parameters
        ----------
        url : str
            The provider's endpoint for token credentials.
        verifier : str or bytes, default that of the callback
            ``oauth_verifier``.
        method : str, default "POST"
            Some providers want "GET".
        require_verifier : bool, default True
            ``False`` for providers that give no verifier, for xAuth, and to renew a token.
        protocol_parameters : mapping of str to str, bytes or None
            As those of ``fetch_request_token``; ``{"oauth_session_handle": ...}`` renews a token.
        **request_kwargs
            As those of ``fetch_request_token``; for xAuth,
            ``data={"x_auth_username": ..., "x_auth_password": ..., "x_auth_mode": "client_auth"}``.

        Returns
        -------
        dict
            All parameters of the token response.

        Raises
        ------
        VerifierMissing
            There is no verifier.
        TokenRequestDenied
            The provider refused.
        TokenResponseError, TokenMissing
            It answered with something else than a token.
        OAuth1Error
            The request cannot be signed.
        requests.RequestException
            The network failed.
        """
        auth = self._signing(protocol_parameters)
        authorization = self._authorization
        verifier = verifier or self._verifier(auth.client)
        if verifier:
            _write(auth.client, verifier=verifier)
        elif require_verifier:
            raise VerifierMissing(self._verifier_missing_text())
        request_kwargs["auth"] = request_kwargs.get("auth") or self._own_auth(auth)
        _, token = self._fetch_token(url, method, request_kwargs)
        _write(self._client.client, verifier=None)
        if self._authorization is authorization:
            self._authorization = None
        self._keep({"oauth_token_secret": None, **token})
        return token

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

    def _populate_attributes(self, token: Mapping[str, Any]) -> None:
        """Write those of the credentials that are given, all at once."""
        if "oauth_token" not in token:
            raise TokenMissing(self._token_missing_text(token), token)
        settings = {
            "oauth_token": "resource_owner_key",
            "oauth_token_secret": "resource_owner_secret",
            "oauth_verifier": "verifier",
        }
        changes = {settings[name]: value for name, value in token.items() if name in settings}
        _write(self._client.client, **changes)

    def _keep(self, token: Mapping[str, Any]) -> None:
        # A verifier is not for the client, see _authorization.
        credentials = {name: value for name, value in token.items() if name != "oauth_verifier"}
        self._populate_attributes(credentials)
        # Again, for subclasses that keep tokens elsewhere.
        self.token = credentials

    def _verifier(self, client: Any) -> Any:
        """Return the verifier for the token of `client`, a copy of the session's."""
        authorization = self._authorization
        verifier = getattr(client, "verifier", None)
        token = text_of(client.resource_owner_key)
        if not verifier and authorization and authorization.token == token:
            return authorization.verifier
        return verifier

    def _signing(
        self, protocol_parameters: _ProtocolParameters | None, **changes: object
    ) -> OAuth1:
        """Return what signs one token request: a copy, with changes that nobody else sees."""
        auth = copy.copy(self._client)
        client = copy.copy(auth.client)
        if isinstance(client, Client):
            # Token requests have no body hash (draft-eaton-oauth-bodyhash section 3.1).
            auth.force_include_body = False
            changes["body_hash"] = None
            if protocol_parameters:
                changes["protocol_parameters"] = (
                    {**_protocol_parameters(client), **protocol_parameters}
                    if isinstance(protocol_parameters, Mapping)
                    else protocol_parameters  # the signature says what is accepted
                )
        elif protocol_parameters:
            raise OAuth1TypeError(
                f"protocol_parameters need oauth1_rs.Client, and client_class is "
                f"{type(client).__name__}: override its get_oauth_params instead"
            )
        _write(client, **changes)
        auth.client = client
        return auth

    def _own_auth(self, auth: OAuth1) -> Any:
        """Return `auth`, made for one token request, unless the session is signed otherwise."""
        return auth if self.auth is self._client else self.auth

    def _fetch_token(
        self, url: str, method: str, request_kwargs: dict[str, Any]
    ) -> tuple[Answer, dict[str, Any]]:
        # The answer is read here, up to a limit, whatever the caller says.
        request_kwargs["stream"] = True
        given = request_kwargs.get("headers") or {}
        request_kwargs["headers"] = {"Accept-Encoding": ENCODINGS, **given}
        request_kwargs["hooks"] = self._watched(request_kwargs.get("hooks"))
        secrets = _secrets(getattr(request_kwargs["auth"], "client", None))
        try:
            if method.upper() == "POST":
                response = self.post(url, **request_kwargs)
            else:
                response = self.request(method, url, **request_kwargs)
        except requests.RequestException as error:
            # It has the URL, which may have secrets in its query, or what came in place of HTTP.
            if not re.search(rf"oauth_|\?\S*({SECRET_NAME.pattern})", str(error), re.IGNORECASE):
                raise
            text = re.sub(r"\?\S+", f"?{MASK}", str(error))
            error.args = (redacted(text, secrets, MAX_SEARCHED),)
            error.__cause__ = error.__context__ = None
            raise
        answer = Answer.of(response)
        secrets += secrets_of_request(getattr(response, "request", None))
        if answer.status_code >= HTTP_ERROR:
            raise TokenRequestDenied(
                self._token_request_denied_text(answer, secrets),
                response,
                oauth_parameters=answer.oauth_parameters(),
            )
        return answer, self._token_of(answer, secrets)

    def _watched(self, hooks: Any) -> dict[str, Any]:
        """Return the hooks of a token request: the caller's, or else the session's, and ours."""
        given = (hooks or self.hooks or {}).get("response") or []
        return {"response": [*([given] if callable(given) else given), before_redirect]}

    def _token_of(self, answer: Answer, secrets: list[str]) -> dict[str, Any]:
        if answer.failure:
            raise answer.failure(
                "the token response broke off or could not be decompressed",
                response=answer.response,
            )
        if not answer.is_whole:
            raise TokenResponseError(
                f"the answer to the token request has more than 1 MB (status {answer.status_code}):"
                " is the URL that of a token endpoint?",
                answer.response,
            )
        try:
            token = answer.parameters()
        except ParameterError as error:
            raise TokenResponseError(
                f"the token response cannot be used (status {answer.status_code}): {error}",
                answer.response,
            ) from None
        if token is None:
            raise TokenResponseError(self._undecodable_text(answer, secrets), answer.response)
        if not token.get("oauth_token"):
            raise TokenMissing(
                self._token_missing_text(token),
                token,
                status_code=answer.status_code,
                oauth_parameters=answer.oauth_parameters(),
            )
        return token

    # The texts that requests-oauthlib has others for.

    def _authorization_denied_text(self, parameters: Mapping[str, Any]) -> str:
        problem = str(parameters.get("oauth_problem", ""))
        secrets = _secrets(self._client.client)
        shown = f" (oauth_problem {excerpt(problem, secrets)})" if problem else ""
        return f"the user or the provider denied the authorization{shown}"

    def _token_request_denied_text(self, answer: Answer, secrets: list[str]) -> str:
        problem = answer.oauth_parameters().get("oauth_problem")
        shown = f", oauth_problem {excerpt(problem, secrets)}" if problem else ""
        return (
            f"the provider refused the token request (status {answer.status_code}{shown}). Its "
            f"answer {_beginning(answer, secrets)}"
        )

    def _undecodable_text(self, answer: Answer, secrets: list[str]) -> str:
        return (
            f"the answer to the token request is no token response (status {answer.status_code}). "
            f"It {_beginning(answer, secrets)}"
        )

    def _token_missing_text(self, token: Mapping[str, Any]) -> str:
        names = ", ".join(name for name in token if self._may_show(name))
        return f"there is no oauth_token{f' among {names}' if names else ''}"

    def _may_show(self, name: str) -> bool:
        return bool(PLAIN_NAME.fullmatch(name)) and name not in _secrets(self._client.client)

    def _verifier_missing_text(self) -> str:
        return (
            "there is no verifier: call parse_authorization_response first, pass verifier=, or "
            "pass require_verifier=False if the provider gives none"
        )


def _write(client: Any, **changes: object) -> None:
    """Write settings, all at once if the client can."""
    if isinstance(client, Client):
        client._replace(**changes)
    else:
        for name, value in changes.items():
            setattr(client, name, value)


def _protocol_parameters(client: Any) -> Mapping[str, Any]:
    parameters = getattr(client, "protocol_parameters", None)
    return parameters if isinstance(parameters, Mapping) else {}


def _callback(client: Any) -> Any:
    """Return the callback that `client` sends."""
    own = getattr(client, "callback_uri", None)
    return _protocol_parameters(client).get("oauth_callback", own)


def _secrets(client: Any) -> list[str]:
    """Return what a provider may repeat in an answer, and no text may show."""
    names = ["client_secret", "resource_owner_secret", "verifier"]
    values = [getattr(client, name, None) for name in names]
    values += _protocol_parameters(client).values()
    return [text for text in map(text_of, values) if isinstance(text, str)]


def _beginning(answer: Answer, secrets: list[str]) -> str:
    text = answer.text
    return f"begins: {excerpt(text, secrets)}" if text.strip() else "is empty"
