"""`OAuth1Session` and its errors, as the module of requests-oauthlib that has this name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oauth1_rs import _session
from oauth1_rs._token_response import MASK, redacted
from oauth1_rs.exceptions import (
    AuthorizationDenied,
    TokenMissing,
    TokenRequestDenied,
    TokenResponseError,
    VerifierMissing,
)
from oauth1_rs.requests_oauthlib.oauth1_auth import (
    SIGNATURE_HMAC,
    SIGNATURE_RSA,
    SIGNATURE_TYPE_AUTH_HEADER,
    OAuth1,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from oauth1_rs._native import _Text
    from oauth1_rs._token_response import Answer

__all__ = [
    "SIGNATURE_HMAC",
    "SIGNATURE_RSA",
    "SIGNATURE_TYPE_AUTH_HEADER",
    "AuthorizationDenied",
    "OAuth1",
    "OAuth1Session",
    "TokenMissing",
    "TokenRequestDenied",
    "TokenResponseError",
    "VerifierMissing",
]


class OAuth1Session(_session.OAuth1Session):
    """A requests session that signs and walks the three legs, as requests-oauthlib's does.

    Its parameters, methods and attributes are those of ``oauth1_rs.OAuth1Session``, its defaults
    requests-oauthlib's: an answer need not confirm the callback, a callback may be for any token,
    and a token that is there is sent with ``fetch_request_token``, too. Errors have
    requests-oauthlib's texts, without what is secret in them.
    """

    _auth_class = OAuth1
    _without_token: Mapping[str, None] = {}

    def fetch_request_token(
        self,
        url: str | None = None,
        realm: _Text | Iterable[str] | None = None,
        method: str | None = None,
        *,
        require_callback_confirmed: bool | None = False,
        **request_kwargs: Any,
    ) -> dict[str, Any]:
        """Ask for temporary credentials. See ``oauth1_rs.OAuth1Session.fetch_request_token``."""
        return super().fetch_request_token(
            url,
            realm,
            method,
            require_callback_confirmed=require_callback_confirmed,
            **request_kwargs,
        )

    def parse_authorization_response(
        self, url: str | Mapping[str, Any], *, check_token: bool = False
    ) -> dict[str, Any]:
        """Read the callback. See ``oauth1_rs.OAuth1Session.parse_authorization_response``."""
        return super().parse_authorization_response(url, check_token=check_token)

    def __setstate__(self, state: Any) -> None:
        """Take what was pickled, be it by this class or by requests-oauthlib's."""
        super().__setstate__(state)
        # What requests-oauthlib's loses.
        self.__dict__.setdefault("_client", self.auth)
        self.__dict__.setdefault("_authorization", None)

    # The texts. What a provider sent is shown as far as `oauth1_rs.OAuth1Session` shows it.

    def _authorization_denied_text(self, parameters: Mapping[str, Any]) -> str:
        return self._token_missing_text(parameters)

    def _token_request_denied_text(self, answer: Answer, secrets: list[str]) -> str:
        response = redacted(answer.text, secrets)
        return f"Token request failed with code {answer.status_code}, response was '{response}'."

    def _undecodable_text(self, answer: Answer, _secrets: list[str]) -> str:
        try:
            json.loads(answer.text)
        except (ValueError, RecursionError) as error:
            problem = str(error)  # a place in the text, not the text
        else:
            problem = "that it is no JSON object"
        return (
            "Unable to decode token from token response. This is commonly caused by an unsuccessful"
            " request where a non urlencoded error message is returned. The decoding error was "
            f"{problem}"
        )

    def _token_missing_text(self, token: Mapping[str, Any]) -> str:
        shown = {name: MASK for name in token if self._may_show(name)}
        problem = str(token.get("oauth_problem", ""))
        if self._may_show(problem):
            shown["oauth_problem"] = problem
        return f"Response does not contain a token: {shown}"

    def _verifier_missing_text(self) -> str:
        return "No client verifier has been set."
