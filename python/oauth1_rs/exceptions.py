"""The errors that oauth1_rs raises. None of them shows a secret, a signed URL or a whole body."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` would take ten times as long to import as all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class OAuth1Error(ValueError):
    """What cannot go on: a setting, a request, a step of the flow. The text says what to change."""


class OAuth1TypeError(OAuth1Error, TypeError):
    """A value of the wrong type. The text names it and shows the type, not the value."""


class InsecurePlaintextWarning(UserWarning):
    """PLAINTEXT sends the secrets over a connection that is not encrypted.

    Only ``oauth1_rs.requests_oauthlib`` warns; ``oauth1_rs`` refuses.
    """


class WhiteSpaceWarning(UserWarning):
    """A credential begins or ends with white space, as one that was read from a file often does.

    Constructors warn, those of ``oauth1_rs.requests_oauthlib`` excepted.
    """


class TokenError(OAuth1Error):
    """The three-legged flow cannot go on. Never raised itself: catch it for every reason.

    Attributes
    ----------
    response
        What there was instead of a token: the HTTP client's response, a dict, or ``None``. It may
        hold secrets.
    status_code : int or None
        The HTTP status of that response, if it came from a token endpoint.
    oauth_problem : str or None
        The provider's word for what is wrong, such as ``"timestamp_refused"``.
    oauth_parameters : dict of str to str
        All parameters with ``oauth_`` names that a refusal came with, in its body or in its
        ``WWW-Authenticate`` header. They may hold secrets.
    """

    def __init__(
        self,
        message: str,
        response: Any = None,
        *,
        status_code: int | None = None,
        oauth_parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.response = response
        self.status_code: int | None = (
            getattr(response, "status_code", None) if status_code is None else status_code
        )
        self.oauth_parameters = dict(oauth_parameters or {})

    @property
    def oauth_problem(self) -> str | None:
        """The provider's word for what is wrong, if it gave one."""
        return self.oauth_parameters.get("oauth_problem")


class TokenRequestDenied(TokenError):
    """A token endpoint answered with a status of 400 or more.

    ``response`` is that answer. ``oauth_problem`` often tells whether it is the clock, the
    signature or the token.
    """


class TokenResponseError(TokenError):
    """A token endpoint answered with what cannot be used.

    No token response at all (a web page, say), one of more than 1 MB, one that gives a parameter
    twice or does not confirm the callback, or a redirect to another origin. ``response`` is that
    answer.
    """


class TokenMissing(TokenError):
    """A token response or a callback lacks ``oauth_token``, or has another than was asked for.

    Also raised for an authorization URL without a token to put into it. ``response`` is the dict
    of what was there instead, if anything.
    """


class AuthorizationDenied(TokenMissing):
    """The user, or the provider, said no: the callback has ``denied`` or ``oauth_problem``.

    ``response`` is the dict of the callback's parameters.
    """


class VerifierMissing(TokenError):
    """There is no verifier to ask for token credentials with. ``response`` is ``None``."""
