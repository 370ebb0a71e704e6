"""`explain` and `diff` of what somebody wrote to see a secret, to hold them up, or to mislead them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from oauth1_rs import Client, Difference, Explanation, OAuth1Error
from oauth1_rs._curl import split
from verifier import FORM_MEDIA_TYPE

FORM = {"Content-Type": FORM_MEDIA_TYPE}
JSON = {"Content-Type": "application/json"}
URL = "https://api.example.com/r"
# It must not be seen, whosever it is.
CANARY = "CanaryX"


def client(**settings: Any) -> Client:
    options = {"nonce": "nonce", "timestamp": "1191242096", **settings}
    return Client("ck", f"client{CANARY}", "tok", f"token{CANARY}", **options)


def shown(it: Explanation | Difference) -> str:
    return "\n".join([str(it), repr(it), repr(vars(it)), json.dumps(it.to_dict())])


# How long it takes: a megabyte a few seconds, and not minutes.


MEGABYTE = 1 << 20


def explained_header(parameters: str) -> Explanation:
    headers = {"Authorization": f'OAuth oauth_signature="x", {parameters}'}
    return client().explain(URL, headers=headers)


LONG: list[Callable[[], object]] = [
    lambda: client().explain(URL).diff('OAuth a="' + "a" * MEGABYTE),
    lambda: client().explain(URL).diff("OAuth a" + " a" * MEGABYTE),
    lambda: explained_header("y=a " + "a" * MEGABYTE),
    lambda: explained_header("y=a " + " " * MEGABYTE),
    lambda: client().explain(URL).diff("curl -" + "s" * MEGABYTE),
    lambda: client().explain(URL).diff("curl " + "\\a" * MEGABYTE),
    lambda: split("''" * MEGABYTE),
    lambda: (
        client()
        .explain(URL, "POST", "&".join(f"n{i}=%20" for i in range(50_000)), FORM)
        .diff('OAuth oauth_consumer_key="ck", oauth_signature="x"')
    ),
]


@pytest.mark.parametrize("call", LONG)
def test_a_long_text_takes_seconds(call: Callable[[], object]) -> None:
    before = time.process_time()
    try:
        call()
    except OAuth1Error:
        pass
    assert time.process_time() - before < 20


# What is shown of a signed request, by its header.

PLAINTEXT = 'oauth_consumer_key="ck", oauth_signature_method="PLAINTEXT"'
HEADERS = [
    f'{PLAINTEXT}, oauth%5Fsignature="{CANARY}%26X"',
    f"{PLAINTEXT}, oauth_signature=abc {CANARY}",
    f'{PLAINTEXT}, oauth_signature="x", oauth_signature="{CANARY}%26X"',
    f'{PLAINTEXT}, oauth_signature_method="HMAC-SHA1", oauth_signature="{CANARY}%26X"',
    f'oauth_signature_method="PLAINTEXT%20", oauth_signature="{CANARY}%26X"',
    f'oauth_signature="{CANARY}%26X"',
    f'oauth_signature="x", oauth_verifier ="{CANARY}"',
    f'oauth_signature="x",\toauth%5Fverifier="{CANARY}", q="1"',
    f'oauth_signature="x", "oauth_verifier="{CANARY}"',
    f'oauth_signature="x", realm="client{CANARY}"',
    f'oauth_signature="x", client{CANARY}=""',
]


@pytest.mark.parametrize("parameters", HEADERS)
def test_nothing_secret_in_a_header_is_shown(parameters: str) -> None:
    explanation = client().explain(URL, headers={"Authorization": f"OAuth {parameters}"})
    assert explanation.was_signed
    assert CANARY not in shown(explanation)
    # The rest is.
    assert "oauth_signature" in explanation.sent.replace("%5F", "_")


def test_a_signature_in_the_query_beside_the_one_in_the_header_is_masked() -> None:
    url = f"{URL}?oauth_signature={CANARY}%2526X"
    headers = {"Authorization": 'OAuth oauth_signature_method="HMAC-SHA1", oauth_signature="a+/="'}
    explanation = client().explain(url, headers=headers)
    assert explanation.signature == "a+/="
    assert CANARY not in shown(explanation)


NAMES = ["api-key", "X-Api-Key", "access-token", "pwd", "pass", "pin", "otp", "private_key"]
NAMES += ["credentials", "assertion", "jwt", "bearer", "signature", "passw%E9", "passw+d"]


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_says_it_is_secret(name: str, placement: str) -> None:
    signer = client(signature_type=placement)
    for pair in (f"{name}={CANARY}", f"{name}={CANARY}&b"):
        explanation = signer.explain(URL, "POST", pair, FORM)
        assert CANARY not in shown(explanation)
    if placement == "QUERY":
        for single_encoding in (False, True):
            signer.single_encoding = single_encoding
            assert CANARY not in shown(signer.explain(f"{URL}?{name}={CANARY}"))


@pytest.mark.parametrize("name", ["signature_method", "pinterest", "compass", "bearing", "a"])
def test_a_name_that_does_not(name: str) -> None:
    explanation = client().explain(f"{URL}?{name}=value")
    assert explanation.base_string_is_exact
    assert "value" in str(explanation)


@pytest.mark.parametrize(
    "resource",
    [
        f"?client{CANARY}",
        f"?client{CANARY}=1",
        f"?auth=user:client{CANARY}",
        f"?auth=user%253Aclient{CANARY}",
        f"/client{CANARY}/r",
        f"/client%43anaryX/r?a=1",
    ],
)
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_an_own_secret_is_masked_wherever_it_is(resource: str, placement: str) -> None:
    explanation = client(signature_type=placement).explain(f"{URL}{resource}")
    assert f"client{CANARY}" not in shown(explanation)
    assert "anaryX" not in shown(explanation)
    assert not explanation.base_string_is_exact
    assert "The base string is not exact" in str(explanation)
    assert explanation.signature_matches


def test_a_masked_base_string_with_single_encoding() -> None:
    """An & in the client key is encoded once there, as what separates parameters is."""
    signer = Client("c&k", "secret", single_encoding=True, nonce="n", timestamp="1")
    explanation = signer.explain(f"{URL}?api_key={CANARY}")
    assert CANARY not in shown(explanation)
    assert explanation.base_string.endswith(
        "&"
        + quote(
            "api_key=****&oauth_consumer_key=c&k&oauth_nonce=n&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1&oauth_version=1.0",
            safe="*",
        )
    )


def test_nothing_in_a_path_controls_the_terminal() -> None:
    explanation = client().explain(f"{URL}%1B%0A?%1B%0A=%1B")
    assert all(it == "\n" or it.isprintable() for it in str(explanation))
