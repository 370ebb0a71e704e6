"""The three-legged flow (RFC 5849 section 2), free of I/O: the sessions carry its requests."""

from __future__ import annotations

import copy
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from oauth1_rs._native import Client, OAuth1
from oauth1_rs._token_response import (
    ENCODINGS,
    MASK,
    MAX_SEARCHED,
    PLAIN_NAME,
    SECRET_NAME,
    Answer,
    ParameterError,
    callback_parameters,
    excerpt,
    has_secret,
    masked,
    redacted,
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
    from collections.abc import Awaitable, Callable, Iterable

    from typing_extensions import Self

    from oauth1_rs._native import _ProtocolParameters, _Text
    from oauth1_rs.providers import Provider

HTTP_ERROR = 400
SECRET_IN_URL = re.compile(rf"oauth_|\?\S*({SECRET_NAME.pattern})", re.IGNORECASE)
# Those that are no settings of its `Client`.
OAUTH1_OPTIONS = {"client_class", "force_include_body"}


@dataclass(frozen=True)
class _Authorization:
    """What a callback gave: the verifier is good for these temporary credentials alone."""

    token: str
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class TokenRequest:
    """What a session has to send, once, and to give the `Answer` of."""

    method: str
    url: str
    options: dict[str, Any] = field(repr=False)
    """What the session's own `request` takes: among them `auth`, which signs it."""


# Yields one request, is sent its answer or thrown what happened instead, returns the token.
Step = Generator[TokenRequest, Answer, dict[str, Any]]
# A dict, or what gives one when it is awaited.
Result = TypeVar("Result")


def carry(step: Step, ask: Callable[[TokenRequest], Answer]) -> dict[str, Any]:
    """Walk a step to its end; `ask` sends a request and reads the answer."""
    request = next(step)
    try:
        answer = ask(request)
    except Exception as error:
        step.throw(error)  # raises it, or what there is to say instead
        raise
    return _end(step, answer)


async def carry_async(
    step: Step, ask: Callable[[TokenRequest], Awaitable[Answer]]
) -> dict[str, Any]:
    """Walk a step to its end, as `carry` does."""
    request = next(step)
    try:
        answer = await ask(request)
    except Exception as error:
        step.throw(error)
        raise
    return _end(step, answer)


def _end(step: Step, answer: Answer) -> dict[str, Any]:
    try:
        step.send(answer)
    except StopIteration as end:
        token: dict[str, Any] = end.value
    return token


class Flow(Generic[Result]):
    """The part of a session that obtains tokens.

    Sessions have an `OAuth1` in `_client` and send what `_carry` is given.
    """

    _client: OAuth1
    # Not in the client, where other threads' requests would take it along.
    _authorization: _Authorization | None = None

    # What is passed to the steps otherwise; see `for_provider`.
    provider: Provider | None = None

    # What a session raises when the network fails.
    _network_errors: tuple[type[Exception], ...] = ()

    # What signs, for subclasses with defaults of their own.
    _auth_class: type[OAuth1] = OAuth1

    # Section 2.1: temporary credentials are asked for with the client credentials alone. Those of
    # a flow before would be sent along, and their secret would spoil the signature.
    _without_token: Mapping[str, None] = MappingProxyType(
        {"resource_owner_key": None, "resource_owner_secret": None}
    )

    @classmethod
    def for_provider(
        cls,
        provider: str | Provider,
        client_key: _Text,
        client_secret: _Text | None = None,
        **kwargs: Any,
    ) -> Self:
        """Return a session with the settings that a provider asks for.

        Its steps need no URL, and no keyword for what is peculiar to the provider. ``provider`` of
        the session has all that is known.

        Parameters
        ----------
        provider : str or oauth1_rs.providers.Provider
            A name, one of ``oauth1_rs.providers.names()``, or a provider of your own.
        client_key, client_secret : str or bytes
            As those of the session.
        **kwargs
            Those of the session, where they have to be others than the provider's; and what the
            provider's URLs need, such as ``host="jira.example.com"``.

        Raises
        ------
        OAuth1Error
            There is no such provider, or it needs something that is missing.
        """
        from oauth1_rs import providers  # noqa: PLC0415 - who names no provider reads no file

        known = providers.template(provider) if isinstance(provider, str) else provider
        parameters = {name: kwargs.pop(name) for name in known.parameters if name in kwargs}
        known = known.filled(**parameters)
        if known.callback_on_page and kwargs.get("callback_uri"):
            callback = text_of(kwargs.pop("callback_uri"))
            page = {**known.authorization_parameters, "oauth_callback": callback}
            known = replace(known, authorization_parameters=page)
        settings = {**known.settings, **kwargs}
        if client_secret is not None:
            settings["client_secret"] = client_secret
        session = cls._with_settings(client_key, settings)
        session.provider = known
        return session

    @classmethod
    def _with_settings(cls, client_key: _Text, options: dict[str, Any]) -> Self:
        """Return a session: one that is given an `OAuth1`, which takes what is a setting of it."""
        names = {name for name in options if name in OAUTH1_OPTIONS or hasattr(Client, name)}
        auth = cls._auth_class(client_key, **{name: options.pop(name) for name in names})
        # mypy does not know the sessions' constructors.
        return cls(auth, **options)  # type: ignore[call-arg]

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
        url: str | None = None,
        realm: _Text | Iterable[str] | None = None,
        method: str | None = None,
        *,
        protocol_parameters: _ProtocolParameters | None = None,
        require_callback_confirmed: bool | None = None,
        **request_kwargs: Any,
    ) -> Result:
        """Ask for temporary credentials (RFC 5849 section 2.1), the first step.

        They are kept for the next steps. The callback is not sent any more.

        Parameters
        ----------
        url : str, default that of ``for_provider``
            The provider's endpoint for temporary credentials.
        realm : str, or iterable of str joined with spaces
            For this request, in place of the session's.
        method : str, default that of ``for_provider``, or else "POST"
            Some providers want "GET".
        protocol_parameters : mapping of str to str, bytes or None
            Adds protocol parameters to this request, or replaces or (``None``) leaves out others.
        require_callback_confirmed : bool, default True unless ``for_provider`` knows better
            Whether an answer without ``oauth_callback_confirmed=true`` is an error, if a callback
            was sent.
        **request_kwargs
            What the session's ``request`` takes: ``data`` for a form, ``timeout``, ``headers``.
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
        Exception
            The network failed: what the session itself raises then.
        """
        step = self._ask_for_temporary_credentials(
            self._url(url, "request_token_url"),
            realm,
            method or self._of_provider("request_token_method", "POST"),
            protocol_parameters,
            self._of_provider("confirms_callback", True)
            if require_callback_confirmed is None
            else require_callback_confirmed,
            request_kwargs,
        )
        return self._carry(step)

    def authorization_url(
        self,
        url: str | None = None,
        request_token: str | None = None,
        *,
        token_parameter: str | None = None,
        **kwargs: Any,
    ) -> str:
        """Return the URL at which the user authorizes (RFC 5849 section 2.2), the second step.

        Parameters
        ----------
        url : str, default that of ``for_provider``
            The provider's page. Its own query and fragment stay as they are.
        request_token : str, default the one of the last ``fetch_request_token``
            The identifier of the temporary credentials.
        token_parameter : str, default that of ``for_provider``, or else "oauth_token"
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
        url = self._url(url, "authorization_url")
        client_key = text_of(self._client.client.client_key) or ""
        known: Mapping[str, str] = self._of_provider("authorization_parameters", {})
        of_provider = {
            name: value.replace("{client_key}", client_key) for name, value in known.items()
        }
        name = token_parameter or self._of_provider("token_parameter", "oauth_token")
        parameters = {**of_provider, **kwargs, name: token}
        given = {name: value for name, value in parameters.items() if value is not None}
        query = urlencode(given, doseq=True, quote_via=quote)
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
        self._keep({"oauth_token": token}, **({"verifier": None} if verifier else {}))
        return parameters

    def fetch_access_token(
        self,
        url: str | None = None,
        verifier: _Text | None = None,
        method: str | None = None,
        require_verifier: bool | None = None,
        *,
        protocol_parameters: _ProtocolParameters | None = None,
        **request_kwargs: Any,
    ) -> Result:
        """Ask for token credentials (RFC 5849 section 2.3), the last step.

        They replace the temporary ones: from here on, requests are signed for the user. The
        verifier is forgotten.

        Parameters
        ----------
        url : str, default that of ``for_provider``
            The provider's endpoint for token credentials.
        verifier : str or bytes, default that of the callback
            ``oauth_verifier``.
        method : str, default that of ``for_provider``, or else "POST"
            Some providers want "GET".
        require_verifier : bool, default True unless ``for_provider`` knows better
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
        Exception
            The network failed: what the session itself raises then.
        """
        step = self._ask_for_token_credentials(
            self._url(url, "access_token_url"),
            verifier,
            method or self._of_provider("access_token_method", "POST"),
            self._of_provider("gives_verifier", True)
            if require_verifier is None
            else require_verifier,
            protocol_parameters,
            request_kwargs,
        )
        return self._carry(step)

    def _of_provider(self, name: str, otherwise: Any) -> Any:
        return getattr(self.provider, name) if self.provider else otherwise

    def _url(self, url: str | None, name: str) -> str:
        """Return the URL of a step: the one that is passed, or the provider's."""
        found: str | None = url or self._of_provider(name, None)
        if not found:
            who = (
                f"{self.provider.title or self.provider.name} has" if self.provider else "there is"
            )
            raise OAuth1TypeError(f"{who} no {name}: pass url=")
        return found

    def _carry(self, step: Step) -> Result:
        """Send the request of a step, and return what the step makes of the answer."""
        raise NotImplementedError

    def _own_auth(self, auth: OAuth1) -> Any:
        """Return what has the session sign one token request by `auth`."""
        raise NotImplementedError

    def _ask_for_temporary_credentials(
        self,
        url: str,
        realm: _Text | Iterable[str] | None,
        method: str,
        protocol_parameters: _ProtocolParameters | None,
        require_callback_confirmed: bool,
        options: dict[str, Any],
    ) -> Step:
        auth = self._signing(protocol_parameters, **self._without_token)
        realms = realm if isinstance(realm, (str, bytes)) else " ".join(realm or ()) or None
        if realms is not None:
            _write(auth.client, realm=realms)
        request = self._token_request(method, url, auth, options)
        answer, token = yield from self._fetch_token(request)
        is_confirmed = str(token.get("oauth_callback_confirmed")).lower() == "true"
        sent = _callback(_client_of(request))
        if require_callback_confirmed and sent and not is_confirmed:
            raise TokenResponseError(
                "the provider did not confirm the callback (RFC 5849 section 2.1): if it never "
                "does, pass require_callback_confirmed=False",
                answer.response,
            )
        # A secret that is not given is none: the one before belongs to other credentials.
        self._keep({"oauth_token_secret": None, **token}, callback_uri=None)
        return token

    def _ask_for_token_credentials(
        self,
        url: str,
        verifier: _Text | None,
        method: str,
        require_verifier: bool,
        protocol_parameters: _ProtocolParameters | None,
        options: dict[str, Any],
    ) -> Step:
        auth = self._signing(protocol_parameters)
        authorization = self._authorization
        verifier = verifier or self._verifier(auth.client)
        if verifier:
            _write(auth.client, verifier=verifier)
        elif require_verifier:
            raise VerifierMissing(self._verifier_missing_text())
        request = self._token_request(method, url, auth, options)
        _, token = yield from self._fetch_token(request)
        self._keep({"oauth_token_secret": None, **token}, verifier=None)
        if self._authorization is authorization:
            self._authorization = None
        return token

    def _token_request(
        self, method: str, url: str, auth: OAuth1, options: dict[str, Any]
    ) -> TokenRequest:
        options["auth"] = options.get("auth") or self._own_auth(auth)
        options["headers"] = {"Accept-Encoding": ENCODINGS, **(options.get("headers") or {})}
        return TokenRequest(method, url, options)

    def _fetch_token(
        self, request: TokenRequest
    ) -> Generator[TokenRequest, Answer, tuple[Answer, dict[str, Any]]]:
        signer = _client_of(request)
        secrets = _secrets(signer)
        offset = getattr(signer, "timestamp_offset", None)
        try:
            answer = yield request
        except self._network_errors as error:
            # It has the URL, which may have secrets in its query, or what came in place of HTTP.
            text = str(error)
            if not (SECRET_IN_URL.search(text) or has_secret(text, secrets)):
                raise
            text = re.sub(r"\?\S+", f"?{MASK}", text)
            error.args = (redacted(text, secrets, MAX_SEARCHED),)
            error.__cause__ = error.__context__ = None
            raise
        except TokenResponseError as error:  # what another origin is called
            error.args = (masked(str(error), secrets),)
            raise
        corrected = getattr(signer, "timestamp_offset", None)
        if corrected != offset:  # by the answer's clock: that of a copy, see _signing
            _write(self._client.client, timestamp_offset=corrected)
        secrets += answer.sent_secrets
        if answer.status_code >= HTTP_ERROR:
            raise TokenRequestDenied(
                self._token_request_denied_text(answer, secrets),
                answer.response,
                oauth_parameters=answer.oauth_parameters(),
            )
        return answer, self._token_of(answer, secrets)

    def _populate_attributes(self, token: Mapping[str, Any]) -> None:
        """Write those of the credentials that are given, all at once."""
        self._write_token(token)

    def _write_token(self, token: Mapping[str, Any], **changes: object) -> None:
        """Write those of the credentials that are given, and other settings, all at once."""
        if "oauth_token" not in token:
            raise TokenMissing(self._token_missing_text(token), token)
        settings = {
            "oauth_token": "resource_owner_key",
            "oauth_token_secret": "resource_owner_secret",
            "oauth_verifier": "verifier",
        }
        changes.update((settings[name], it) for name, it in token.items() if name in settings)
        _write(self._client.client, **changes)

    def _keep(self, token: Mapping[str, Any], **changes: object) -> None:
        # A verifier is not for the client, see _authorization.
        credentials = {name: value for name, value in token.items() if name != "oauth_verifier"}
        self._write_token(credentials, **changes)
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
            changes.update(self._of_provider("token_settings", {}))
            if protocol_parameters:
                of_provider = self._of_provider("token_settings", {}).get("protocol_parameters")
                own = of_provider or _protocol_parameters(client)
                changes["protocol_parameters"] = (
                    {**own, **protocol_parameters}
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

    def _token_of(self, answer: Answer, secrets: list[str]) -> dict[str, Any]:
        if answer.failure:
            raise answer.failure
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


def _client_of(request: TokenRequest) -> Any:
    return getattr(request.options["auth"], "client", None)


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
