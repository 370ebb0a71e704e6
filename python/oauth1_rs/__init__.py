"""OAuth 1.0a (RFC 5849) request signing, its core in Rust.

``OAuth1`` is the ``auth=`` of requests, with the parameters of requests-oauthlib's.
``OAuth1Session`` is a requests session that also obtains the tokens. ``OAuth1Adapter`` lets the
retries of any session be signed. ``Client`` signs requests given in parts, for everything else.
"""

from __future__ import annotations

from oauth1_rs._native import Client, OAuth1
from oauth1_rs.exceptions import (
    AuthorizationDenied,
    OAuth1Error,
    OAuth1TypeError,
    TokenError,
    TokenMissing,
    TokenRequestDenied,
    TokenResponseError,
    VerifierMissing,
    WhiteSpaceWarning,
)

TYPE_CHECKING = False  # `typing` would take ten times as long to import as all the rest

SIGNATURE_HMAC_SHA1 = "HMAC-SHA1"
SIGNATURE_HMAC_SHA256 = "HMAC-SHA256"
SIGNATURE_HMAC_SHA512 = "HMAC-SHA512"
SIGNATURE_HMAC = SIGNATURE_HMAC_SHA1
SIGNATURE_RSA_SHA1 = "RSA-SHA1"
SIGNATURE_RSA_SHA256 = "RSA-SHA256"
SIGNATURE_RSA_SHA512 = "RSA-SHA512"
SIGNATURE_RSA = SIGNATURE_RSA_SHA1
SIGNATURE_PLAINTEXT = "PLAINTEXT"

SIGNATURE_TYPE_AUTH_HEADER = "AUTH_HEADER"
SIGNATURE_TYPE_QUERY = "QUERY"
SIGNATURE_TYPE_BODY = "BODY"

__all__ = [
    "SIGNATURE_HMAC",
    "SIGNATURE_HMAC_SHA1",
    "SIGNATURE_HMAC_SHA256",
    "SIGNATURE_HMAC_SHA512",
    "SIGNATURE_PLAINTEXT",
    "SIGNATURE_RSA",
    "SIGNATURE_RSA_SHA1",
    "SIGNATURE_RSA_SHA256",
    "SIGNATURE_RSA_SHA512",
    "SIGNATURE_TYPE_AUTH_HEADER",
    "SIGNATURE_TYPE_BODY",
    "SIGNATURE_TYPE_QUERY",
    "AuthorizationDenied",
    "Client",
    "OAuth1",
    "OAuth1Adapter",
    "OAuth1Error",
    "OAuth1Session",
    "OAuth1TypeError",
    "TokenError",
    "TokenMissing",
    "TokenRequestDenied",
    "TokenResponseError",
    "VerifierMissing",
    "WhiteSpaceWarning",
]


if TYPE_CHECKING:
    from oauth1_rs._adapter import OAuth1Adapter
    from oauth1_rs._session import OAuth1Session
else:  # type checkers would let any name through

    def __getattr__(name: str) -> object:
        # They import requests, for which those who only sign should not have to wait.
        if name == "OAuth1Adapter":
            from oauth1_rs._adapter import OAuth1Adapter  # noqa: PLC0415 - as above

            return OAuth1Adapter
        if name == "OAuth1Session":
            from oauth1_rs._session import OAuth1Session  # noqa: PLC0415 - as above

            return OAuth1Session
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
