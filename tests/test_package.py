"""The package: its names, what it imports, its metadata."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import oauth1_rs
import oauthlib.oauth1
import pytest

NAMES = [
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


def test_the_public_names() -> None:
    assert sorted(oauth1_rs.__all__) == sorted(NAMES)
    assert [name for name in NAMES if not hasattr(oauth1_rs, name)] == []
    assert set(NAMES) <= set(dir(oauth1_rs))
    with pytest.raises(AttributeError, match="module 'oauth1_rs' has no attribute 'OAuth2'"):
        _ = oauth1_rs.OAuth2  # type: ignore[attr-defined]  # that is the point


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("SIGNATURE")])
def test_the_constants_are_oauthlibs(name: str) -> None:
    assert getattr(oauth1_rs, name) == getattr(oauthlib.oauth1, name)


def test_importing_it_imports_nothing_else() -> None:
    """And signing does not either: whoever uses another HTTP client pays for none of them."""
    code = (
        "import sys; before = set(sys.modules); import oauth1_rs;"
        "oauth1_rs.Client('ck').sign('http://a/');"
        "new = set(sys.modules) - before - {'__future__'};"
        "print(sorted(name for name in new if 'oauth1_rs' not in name))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert output == "[]\n"


def test_the_metadata() -> None:
    metadata = importlib.metadata.metadata("oauth1-rs")
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    requirements = importlib.metadata.requires("oauth1-rs") or []
    assert [requirement.split(">")[0] for requirement in requirements] == ["requests"]
    assert importlib.resources.files("oauth1_rs").joinpath("py.typed").is_file()
    assert importlib.resources.files("oauth1_rs").joinpath("_native.pyi").is_file()


@pytest.mark.parametrize(
    "documented",
    [
        oauth1_rs.OAuth1,
        oauth1_rs.Client,
        oauth1_rs.Client.sign,
        oauth1_rs.OAuth1Session,
        oauth1_rs.OAuth1Session.fetch_request_token,
        oauth1_rs.OAuth1Session.authorization_url,
        oauth1_rs.OAuth1Session.parse_authorization_response,
        oauth1_rs.OAuth1Session.fetch_access_token,
    ],
)
def test_the_public_docstrings_name_every_parameter(documented: Callable[..., Any]) -> None:
    parameters = [name for name in inspect.signature(documented).parameters if name != "self"]
    text = documented.__doc__ or ""
    assert [name for name in parameters if name not in text] == []
    assert "Raises" in text
