"""What the types say of the public names. Checked by mypy, never run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from oauth1_rs import (
    Client,
    Difference,
    Explanation,
    OAuth1,
    OAuth1Session,
    TokenError,
    providers,
    requests_oauthlib,
)
from typing_extensions import assert_type

if TYPE_CHECKING:
    auth = OAuth1(
        "client key",
        b"client secret",
        resource_owner_key="token",
        realm="realm",
        nonce=lambda: "nonce",
        timestamp=lambda: 1,
        body_hash="sha256",
        protocol_parameters={"oauth_version": None},
    )
    requests.get("https://example.com/", auth=auth)
    session = requests.Session()
    session.auth = auth
    prepared = requests.Request("GET", "https://example.com/").prepare()
    assert_type(auth(prepared), requests.PreparedRequest)

    client = Client("client key")
    client.resource_owner_key = "token"
    assert_type(
        client.sign("https://example.com/", "POST", {"a": "1"}), tuple[Any, dict[Any, Any], Any]
    )

    assert_type(auth.explain(prepared), Explanation)
    explanation = client.explain("https://example.com/", "POST", {"a": "1"})
    assert_type(explanation.diff(b"GET&https%3A%2F%2Fexample.com%2F&a%3D1"), Difference)

    flow = OAuth1Session("client key", callback_uri="oob", realm="realm", decoding=None)
    assert_type(flow.fetch_request_token("https://a/", ["realm"], timeout=5), dict[str, Any])
    assert_type(flow.authorization_url("https://a/", scope="read"), str)
    flow.parse_authorization_response({"oauth_token": "token"})
    flow.fetch_access_token("https://a/", method="GET", protocol_parameters={"oauth_x": "1"})
    assert_type(flow.authorized, bool)
    known = OAuth1Session.for_provider("jira", "client key", host="jira.example.com")
    assert_type(known, OAuth1Session)
    assert_type(known.fetch_request_token(), dict[str, Any])
    assert_type(providers.get("x").request_token_url, str | None)
    assert_type(flow.get("https://a/"), requests.Response)
    flow.token = {"oauth_token": "token"}
    assert_type(TokenError("text").oauth_problem, str | None)

    strict = requests_oauthlib.OAuth1("key", decoding=None, realm="realm", nonce="nonce")
    assert_type(strict(prepared), requests.PreparedRequest)
    an_auth: requests.auth.AuthBase = strict
    stand_in = requests_oauthlib.OAuth1Session("key", decoding="utf-8", verifier="verifier")
    assert_type(stand_in.fetch_request_token("https://a/", "realm", timeout=5), dict[str, Any])
    assert_type(stand_in.get("https://a/"), requests.Response)
    requests_oauthlib.OAuth1("key", bogus=1)  # type: ignore[call-arg]
    requests_oauthlib.OAuth2Session  # type: ignore[attr-defined]  # noqa: B018 - not ours to type

    def sign_with(key: RSAPrivateKey, public_key: RSAPublicKey) -> None:
        for rsa_key in ("PEM", b"PEM", Path("key.pem"), key):
            OAuth1("client key", rsa_key=rsa_key, rsa_key_passphrase=b"passphrase")
        OAuth1("client key", rsa_key=public_key)  # type: ignore[arg-type]  # not a private one

    # What each of these asks for is refused when it runs, too.
    OAuth1Session("client key", bogus=1)  # type: ignore[call-arg]
    OAuth1(None)  # type: ignore[arg-type]
    OAuth1("client key", bogus=1)  # type: ignore[call-arg]
    OAuth1("client key", body_hash="md5")  # type: ignore[arg-type]
    client.timestamp_offset = "5"  # type: ignore[assignment]
