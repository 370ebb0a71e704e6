"""OAuth 1.0a (RFC 5849) request signing, its core in Rust.

``OAuth1`` is the ``auth=`` of requests, with the parameters of requests-oauthlib's.
``OAuth1Session`` is a requests session that also obtains the tokens, ``OAuth1Adapter`` lets any
session's retries be signed. ``Client`` signs requests given in parts, for everything else.
``explain`` of ``OAuth1``, of a session's ``auth`` and of ``Client`` shows what a signature covers.
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
    "Difference",
    "Explanation",
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


# They import much, for which those who only sign should not have to wait.
_LAZY = {
    "Difference": "_difference",
    "Explanation": "_explain",
    "OAuth1Adapter": "_adapter",
    "OAuth1Session": "_session",
}

if TYPE_CHECKING:
    from oauth1_rs._adapter import OAuth1Adapter
    from oauth1_rs._difference import Difference
    from oauth1_rs._explain import Explanation
    from oauth1_rs._session import OAuth1Session
else:  # type checkers would let any name through

    def __getattr__(name: str) -> object:
        if name in _LAZY:
            from importlib import import_module  # noqa: PLC0415 - as above

            return getattr(import_module(f"oauth1_rs.{_LAZY[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
