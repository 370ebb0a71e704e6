"""Requests signed here are accepted by a provider that verifies with oauthlib, over a socket."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import rsa_keys
from oauth1_rs import (
    SIGNATURE_HMAC_SHA1,
    SIGNATURE_HMAC_SHA256,
    SIGNATURE_HMAC_SHA512,
    SIGNATURE_PLAINTEXT,
    SIGNATURE_RSA_SHA1,
    SIGNATURE_RSA_SHA256,
    SIGNATURE_RSA_SHA512,
    OAuth1,
)
from provider import Provider

METHODS = [
    SIGNATURE_HMAC_SHA1,
    SIGNATURE_HMAC_SHA256,
    SIGNATURE_HMAC_SHA512,
    SIGNATURE_RSA_SHA1,
    SIGNATURE_RSA_SHA256,
    SIGNATURE_RSA_SHA512,
    SIGNATURE_PLAINTEXT,
]
PLACEMENTS = ["AUTH_HEADER", "QUERY", "BODY"]
FIELDS = [
    ("status", "Hello, Ladies + Gentlemen!"),
    ("a", "2"),
    ("a", "1"),
    ("日本", "é"),
    ("e", ""),
]


def method_settings(signature_method: str) -> dict[str, Any]:
    key = rsa_keys.path(2048) if signature_method.startswith("RSA") else None
    return {"signature_method": signature_method, "rsa_key": key}


@pytest.mark.parametrize("signature_method", METHODS)
def test_the_three_legs(provider: Provider, signature_method: str) -> None:
    client = (provider.client_key, provider.client_secret)
    settings = method_settings(signature_method)

    def post(path: str, auth: OAuth1) -> dict[str, str]:
        response = requests.post(f"{provider.url}/{path}", auth=auth)
        assert response.status_code == 200, provider.records[-1].reason
        return dict(parse_qsl(response.text))

    auth = OAuth1(*client, callback_uri="http://127.0.0.1/ready?x=%2F", **settings)
    temporary = post("request_token", auth)
    assert temporary["oauth_callback_confirmed"] == "true"
    credentials = (temporary["oauth_token"], temporary["oauth_token_secret"])
    decision = requests.post(
        f"{provider.url}/authorize",
        data={"oauth_token": credentials[0], "decision": "allow"},
        allow_redirects=False,
    )
    callback = dict(parse_qsl(urlsplit(decision.headers["Location"]).query))
    assert callback["x"] == "/"
    auth = OAuth1(
        *client,
        *credentials,
        verifier=callback["oauth_verifier"],
        **settings,
    )
    token = post("access_token", auth)
    auth = OAuth1(
        *client,
        token["oauth_token"],
        token["oauth_token_secret"],
        **settings,
    )
    response = requests.get(f"{provider.url}/resource", params=FIELDS, auth=auth)
    assert response.status_code == 200, provider.records[-1].reason


@pytest.mark.parametrize("signature_type", PLACEMENTS)
@pytest.mark.parametrize("signature_method", METHODS)
def test_requests_of_every_kind(
    provider: Provider, signature_method: str, signature_type: str
) -> None:
    if (signature_method, signature_type) == (SIGNATURE_PLAINTEXT, "QUERY"):
        with pytest.raises(ValueError, match="PLAINTEXT in the query"):
            OAuth1("key", signature_method=signature_method, signature_type=signature_type)
        return
    auth = OAuth1(
        provider.client_key,
        provider.client_secret,
        provider.token,
        provider.token_secret,
        signature_type=signature_type,
        **method_settings(signature_method),
    )
    url = f"{provider.url}/resource/{signature_type}%2F~;v=1"
    for http_method in ["POST", "PUT", "PATCH", "DELETE"]:
        response = requests.request(http_method, url, params=FIELDS, data=FIELDS, auth=auth)
        assert response.status_code == 200, provider.records[-1].reason
        sent = [field for field in response.json()["form"] if not field[0].startswith("oauth_")]
        assert sent == [list(field) for field in FIELDS]
    if signature_type != "BODY":
        for http_method in ["GET", "DELETE"]:
            response = requests.request(http_method, url, params=FIELDS, auth=auth)
            assert response.status_code == 200, provider.records[-1].reason
        response = requests.post(url, params=FIELDS, json=dict(FIELDS), auth=auth)
        assert response.status_code == 200, provider.records[-1].reason


def test_every_request_has_its_own_nonce(provider: Provider) -> None:
    auth = OAuth1(
        provider.client_key, provider.client_secret, provider.token, provider.token_secret
    )
    with requests.Session() as session:
        session.auth = auth
        for _ in range(5):
            assert session.get(f"{provider.url}/resource").status_code == 200


@pytest.mark.parametrize("wrong", ["client_secret", "resource_owner_secret"])
def test_a_wrong_secret_is_refused(provider: Provider, wrong: str) -> None:
    auth = OAuth1(
        provider.client_key, provider.client_secret, provider.token, provider.token_secret
    )
    setattr(auth.client, wrong, "wrong")
    assert requests.get(f"{provider.url}/resource", auth=auth).status_code == 401
