"""`single_encoding`, judged by Mastercard's own signer: what it would sign for what came.

Published vectors of that signer are in tests/vectors.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
import requests
import rsa_keys
from oauth1_rs import Client, OAuth1
from wire_server import WireServer

signer = pytest.importorskip(
    "oauth1.oauth", reason="mastercard-oauth1-signer needs Python 3.12 or older"
).OAuth

CLIENT_KEY = "abc-abc-abc!123"


def mastercard(*, single_encoding: bool = True) -> OAuth1:
    return OAuth1(
        CLIENT_KEY,
        signature_method="RSA-SHA256",
        rsa_key=rsa_keys.path(2048),
        body_hash="sha256",
        single_encoding=single_encoding,
    )


def header_parameters(header: str) -> dict[str, str]:
    assert header.startswith("OAuth ")
    return dict(re.findall(r'(\w+)="([^"]*)"', header))


def send(
    server: WireServer, auth: OAuth1, query: str, body: bytes
) -> tuple[dict[str, str], dict[str, str]]:
    """Send a request; return the header that came, and the one that Mastercard's signer gives."""
    method = "POST" if body else "GET"
    json = {"Content-Type": "application/json"} if body else {}
    url = f"{server.url}/service{query}"
    requests.request(method, url, data=body, headers=json, auth=auth).raise_for_status()
    ours = header_parameters(str(dict(server.last.headers)["Authorization"]))
    url = f"{server.url}{server.last.target.decode()}"
    key = rsa_keys.private_key()
    theirs = header_parameters(signer.get_authorization_header(url, method, body, CLIENT_KEY, key))
    # Two signers, two nonces: theirs signs once more, with ours.
    theirs |= {name: ours[name] for name in ("oauth_nonce", "oauth_timestamp")}
    signed = {name: value for name, value in theirs.items() if name != "oauth_signature"}
    base_string = signer.get_base_string(url, method, signed)
    return ours, {**signed, "oauth_signature": signer.sign_message(base_string, key)}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?a=1&b=2",
        "?q=two+words",
        "?q=two%20words",
        "?q=token1:token2&path=a/b",
        "?colon=%3A&plus=%2B&comma=%2c",
        "?q=crème",
        "?id=2&id=1&empty=",
    ],
)
@pytest.mark.parametrize("body", [b"", '{"é": 1}'.encode()], ids=["no body", "JSON"])
def test_the_header_is_that_of_mastercards_signer(
    server: WireServer, query: str, body: bytes
) -> None:
    ours, theirs = send(server, mastercard(), query, body)
    ours["oauth_signature"] = unquote(ours["oauth_signature"])
    assert ours == theirs


def test_without_the_option_it_is_another_one(server: WireServer) -> None:
    ours, theirs = send(server, mastercard(single_encoding=False), "", b"")
    assert unquote(ours["oauth_body_hash"]) == theirs["oauth_body_hash"]
    assert ours["oauth_body_hash"] != theirs["oauth_body_hash"]
    assert unquote(ours["oauth_signature"]) != theirs["oauth_signature"]


@pytest.mark.parametrize("client_key", ['a", realm="b', "a\\b", "é"])
def test_no_value_ends_the_header(client_key: str) -> None:
    _, headers, _ = Client(client_key, "secret", single_encoding=True).sign("https://a.example/")
    assert unquote(header_parameters(headers["Authorization"])["oauth_consumer_key"]) == client_key
    assert "realm=" not in headers["Authorization"]


@pytest.mark.parametrize(("single_encoding", "cause"), [(True, "none"), (False, "not_encoded")])
def test_diff_knows_their_deviation(*, single_encoding: bool, cause: str) -> None:
    url = "https://api.example.com/service?q=a:b"
    key = rsa_keys.private_key()
    theirs = signer.get_authorization_header(url, "POST", b"{}", CLIENT_KEY, key)
    request = requests.Request("POST", url, data=b"{}").prepare()
    explanation = mastercard(single_encoding=single_encoding).explain(request)
    difference = explanation.diff(theirs)
    assert difference.cause == cause
    assert ("single_encoding=True" in str(difference)) == (not single_encoding)
