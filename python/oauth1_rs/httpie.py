"""HTTPie's ``--auth-type=oauth1-rs``: signs what `http` and `https` send.

The credentials are in environment variables: ``OAUTH1_CLIENT_KEY`` and so on, or with
``--auth=PROFILE`` ``OAUTH1_PROFILE_CLIENT_KEY`` and so on. They are read when a request is signed,
so that what is wrong with them is said as HTTPie says what goes wrong, and no session keeps them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httpie.plugins import AuthPlugin  # type: ignore[import-untyped]  # HTTPie has no types
from requests.auth import AuthBase

from oauth1_rs._native import OAuth1
from oauth1_rs.exceptions import OAuth1Error

if TYPE_CHECKING:
    from requests import PreparedRequest

PROFILE = re.compile(r"[A-Za-z0-9_-]+")


class OAuth1Plugin(AuthPlugin):  # type: ignore[misc]  # likewise
    """The plugin that HTTPie finds by this package's entry point."""

    name = "OAuth 1.0a, by oauth1-rs"
    auth_type = "oauth1-rs"
    description = "Sign by RFC 5849 with OAUTH1_CLIENT_KEY and others, see docs/clients/httpie.md"
    auth_require = False
    auth_parse = False

    def get_auth(self, **_credentials: str | None) -> AuthBase:
        """Return what signs by the environment, or by the profile that ``--auth`` names."""
        return _EnvironmentAuth(self.raw_auth)


class _EnvironmentAuth(AuthBase):
    def __init__(self, profile: str | None) -> None:
        self._profile = profile

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return _auth(self._profile)(request)


def _auth(profile: str | None) -> OAuth1:
    if profile and not PROFILE.fullmatch(profile):
        # Not shown: it may be a secret, given the way that other plugins take it.
        raise OAuth1Error(
            "--auth is no name of a profile, which has letters, digits, - and _: credentials are "
            "read from environment variables, OAUTH1_CLIENT_KEY and so on"
        )
    prefix = f"OAUTH1_{profile.upper().replace('-', '_')}_" if profile else "OAUTH1_"

    def setting(name: str) -> str | None:
        return os.environ.get(prefix + name)

    method = (setting("SIGNATURE_METHOD") or "HMAC-SHA1").upper()
    if method == "PLAINTEXT":
        raise OAuth1Error(
            f"{prefix}SIGNATURE_METHOD is PLAINTEXT, whose signature is the secrets themselves, "
            "and HTTPie shows headers: set it to HMAC-SHA1 or another method"
        )
    needed = ["CLIENT_KEY"]
    if not method.startswith("RSA"):
        needed += (
            ["CLIENT_SECRET"] if setting("TOKEN") is None else ["CLIENT_SECRET", "TOKEN_SECRET"]
        )
    missing = [prefix + name for name in needed if setting(name) is None]
    if missing:
        raise OAuth1Error(f"not set: {', '.join(missing)} (a secret may be empty)")
    key = setting("RSA_KEY")
    options: dict[str, Any] = {
        "signature_method": method,
        "signature_type": setting("SIGNATURE_TYPE") or "AUTH_HEADER",
        "rsa_key": Path(key) if key else None,
        "rsa_key_passphrase": setting("RSA_KEY_PASSPHRASE"),
        "realm": setting("REALM"),
        "body_hash": setting("BODY_HASH") or None,
    }
    return OAuth1(
        setting("CLIENT_KEY") or "",
        setting("CLIENT_SECRET"),
        setting("TOKEN"),
        setting("TOKEN_SECRET"),
        **options,
    )
