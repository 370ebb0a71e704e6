"""requests-oauthlib's OAuth 1 names, signed by oauth1_rs.

``from oauth1_rs.requests_oauthlib import OAuth1, OAuth1Session`` in place of ``from
requests_oauthlib import ...`` is all there is to change: defaults, header types, when a wrong
setting fails, and the texts of errors are requests-oauthlib's. For code that is not yours,
``install`` makes ``import requests_oauthlib`` mean these names.

OAuth 2 stays where it is: ``OAuth2``, ``OAuth2Session`` and ``TokenUpdated`` come from
requests-oauthlib, if that is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oauth1_rs.exceptions import InsecurePlaintextWarning
from oauth1_rs.requests_oauthlib._install import OAUTH2_NAMES, install, peers_oauth2, uninstall
from oauth1_rs.requests_oauthlib.oauth1_auth import OAuth1
from oauth1_rs.requests_oauthlib.oauth1_session import (
    OAuth1Session,
    TokenMissing,
    TokenRequestDenied,
    VerifierMissing,
)

# The version of requests-oauthlib that this stands in for, for code that asks.
__version__ = "2.0.0"

__all__ = [
    "InsecurePlaintextWarning",
    "OAuth1",
    "OAuth1Session",
    "TokenMissing",
    "TokenRequestDenied",
    "VerifierMissing",
    "install",
    "uninstall",
]

if not TYPE_CHECKING:  # type checkers would let any name through

    def __getattr__(name: str) -> object:
        if name in OAUTH2_NAMES:
            return peers_oauth2(name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
