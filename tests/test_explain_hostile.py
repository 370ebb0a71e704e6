"""`explain` and `diff` of what is meant to show a secret, to take long, or to mislead."""

from __future__ import annotations

import contextlib
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
    lambda: client().explain(URL).diff(f"curl -g 'https://x/{'[' * 200_000}'"),
    lambda: client().explain(URL).diff(f"curl 'https://x/{'[' * 200_000}'"),
    lambda: client().explain(URL).diff(f"curl 'https://x/{'a/' * 100_000}{'../' * 100_000}'"),
    lambda: client().explain(f"{URL}?q={'password' * (MEGABYTE // 8)}{' ' * MEGABYTE}"),
    lambda: str(
        client().explain(URL, "POST", "&".join(f"token{i}=secret{i}" for i in range(20_000)), FORM)
    ),
    lambda: client().explain(URL).diff("curl " + "\\a" * MEGABYTE),
    lambda: split("''" * MEGABYTE),
    lambda: (
        client()
        .explain(URL, "POST", "a=" + "%20" * (MEGABYTE // 3), FORM)
        .diff("POST&https%3A%2F%2Fx%2F&a%3D1")
    ),
    lambda: (
        client()
        .explain(URL, "POST", "&".join(f"n{i}=%20" for i in range(50_000)), FORM)
        .diff('OAuth oauth_consumer_key="ck", oauth_signature="x"')
    ),
]


@pytest.mark.parametrize("call", LONG)
def test_a_long_text_takes_seconds(call: Callable[[], object]) -> None:
    before = time.process_time()
    with contextlib.suppress(OAuth1Error):
        call()
    assert time.process_time() - before < 20


# What no text may be, and was.

UNREADABLE = [
    "&#" + "9" * 5000 + ";",
    "GET&https%3A%2F%2Fx%2F&a%3D\ud800",
    "GET\\u0026https%3A%2F%2Fx%2F\\u0026a%3D\\ud800",
    "OAuth oauth_nonce=\ud800, oauth_signature=\ud800",
    "curl https://x/ -d \ud800",
    *(
        f"curl {pattern.format(text)}"
        for text in ("$'\\ud83d'", "$'\\ud83d\\ude00'", "$'\\xff'", "$'\\Uffffffff'", "\ud800")
        for pattern in (
            "https://x/?{}",
            "https://x/ -d {}",
            "https://x/ -G -d {}",
            "https://x/ -H A:{}",
            "https://x/ -H 'Authorization: OAuth oauth_signature='{}",
            "https://x/ -X {}",
            "https://x/ -u {}",
            "https://{}/",
            "https://{}@x/",
        )
    ),
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_half_characters_are_read_or_refused(text: str) -> None:
    with contextlib.suppress(OAuth1Error):
        assert client().explain(URL).diff(text).cause


def test_half_a_character_in_a_body() -> None:
    explanation = client().explain(URL, "POST", '{"a": "\\ud800", "\\ud800": ["\\ud800"]}', JSON)
    assert explanation.diff('OAuth oauth_consumer_key="ck", oauth_signature="x"').cause


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
    f'oauth_signature="x", oauth_verifier \t= \t"{CANARY}"',
    f'oauth_signature="x", oauth_verifier = {CANARY} ',
    f'oauth_signature="x",\toauth%5Fverifier="{CANARY}", q="1"',
    f'oauth_signature="x", "oauth_verifier="{CANARY}"',
    f'oauth_signature="x", realm="client{CANARY}"',
    f'oauth_signature="x", client{CANARY}=""',
    f'oauth_signature_method="HMAC-SHA1", oauth_signature="client{CANARY}"',
    f'oauth_signature_method="HMAC-SHA1", oauth_signature="token{CANARY}client{CANARY}"',
    f'oauth_signature_method="RSA-SHA1", oauth_signature="token{CANARY}x="',
    f'oauth_signature="x", oauth_verifier="{CANARY}", q="1{CANARY}"',
    f'oauth_signature_method="HMAC-SHA1", oauth_signature="another{CANARY}"',
]


@pytest.mark.parametrize("parameters", HEADERS)
def test_nothing_secret_in_a_header_is_shown(parameters: str) -> None:
    explanation = client().explain(URL, headers={"Authorization": f"OAuth {parameters}"})
    assert explanation.was_signed
    assert CANARY not in shown(explanation)
    # The rest is.
    assert "oauth_signature" in explanation.sent.replace("%5F", "_")


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        (f"client{CANARY}", URL, {}),
        ("GET", URL, {"Host": f"client{CANARY}.example.com"}),
        ("GET", f"https://client{CANARY}.example.com/", {}),
        ("GET", f"{URL}?password=hunter{CANARY}&q=hunter{CANARY}", {}),
        ("GET", f"{URL}/hunter{CANARY}?password=hunter{CANARY}", {}),
        ("GET", f"{URL}?next=https://example.com/%3Fpassword%3D{CANARY}", {}),
        ("GET", f"{URL}?next=https://user:{CANARY}@example.com/", {}),
        ("GET", f"{URL};password={CANARY}", {}),
        ("GET", f'{URL}?{{"user":"u","password":"{CANARY}"}}', {}),
    ],
)
def test_nothing_secret_in_a_request_is_shown(
    method: str, url: str, headers: dict[str, str]
) -> None:
    explanation = client().explain(url, method, headers=headers)
    assert CANARY not in shown(explanation)
    assert CANARY.lower() not in shown(explanation).lower()
    assert not explanation.base_string_is_exact
    assert any("is masked" in note for note in explanation.notes)


@pytest.mark.parametrize("secret", ["cs%2Fsecret1", "a+b c%2525"])
def test_a_secret_with_escapes_is_masked_at_every_level(secret: str) -> None:
    for level in (secret, quote(secret), quote(quote(secret))):
        for url in (f"{URL}/{quote(level)}", f"{URL}?q={quote(level)}"):
            signer = Client("ck", secret, "tok", realm=secret, nonce="1", timestamp="2")
            explanation = signer.explain(url)
            assert level not in shown(explanation)
            assert quote(level) not in shown(explanation)


def test_values_that_are_short_or_public_hide_nothing_else() -> None:
    for query in ("code=1191", "key=https", "code=POST"):
        explanation = client().explain(f"{URL}?{query}", "POST")
        assert explanation.method == "POST"
        assert explanation.base_string.startswith("POST&https%3A%2F%2Fapi.example.com%2Fr&")
        assert explanation.timestamp == "1191242096"
    status = client().explain(f"{URL}?status=I forgot my password again")
    assert status.base_string_is_exact


def test_a_signature_in_the_query_beside_the_one_in_the_header_is_masked() -> None:
    url = f"{URL}?oauth_signature={CANARY}%2526X"
    signature = "a+/" * 9 + "="
    value = f'OAuth oauth_signature_method="HMAC-SHA1", oauth_signature="{signature}"'
    headers = {"Authorization": value}
    explanation = client().explain(url, headers=headers)
    assert explanation.signature == signature
    assert CANARY not in shown(explanation)


NAMES = ["api-key", "X-Api-Key", "access-token", "pwd", "pass", "pin", "otp", "private_key"]
NAMES += ["credentials", "assertion", "jwt", "bearer", "signature", "passw%E9", "passw+d"]
NAMES += ["token", "csrf_token", "sessionToken", "session", "sid", "PHPSESSID", "session_id", "sig"]
NAMES += ["key", "access_key", "hmac", "auth", "ticket", "code", "cookie", "user[token]", "xsrf"]


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


NOT_SECRET = ["signature_method", "pinterest", "compass", "bearing", "a", "page_token", "tokens"]
NOT_SECRET += ["nextPageToken", "country_code", "keyword", "signal", "author", "x_auth_mode"]


@pytest.mark.parametrize("name", NOT_SECRET)
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
        "/client%43anaryX/r?a=1",
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


# What is shown of the other side's text.


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("q%3D1", f"q%3D1%26password%253D{CANARY}%3D"),
        ("q%3D1", f"q%3D1%26password%25253D{CANARY}%3D"),
        ("q%3D1", f"q%3D1%252526password%25253D{CANARY}"),
        ("q%3D1", f"q%3D1%26x_password%3D{CANARY}%253B{CANARY}%2526{CANARY}"),
        ("q%3D1", f"q%3D1%26{quote(json.dumps({'password': CANARY}), safe='')}%3D"),
        ("q%3D1", f"q%3D1%26oauth_signature%3D{CANARY}%2526X"),
        ("q%3D1", f"q%3D1%26a%3Duser%253Aclient{CANARY}"),
        ("%2Fr&", f"%2Fr%3Bpassword%3D{CANARY}&"),
        ("%2Fr&", f"%2Fr%23access_token%3D{CANARY}&"),
        ("%2Fr&", f"%2Fr%3Fa%3D1%26password%3D{CANARY}&"),
        ("%2Fr&", f"%2Fr%253Fpassword%253D{CANARY}&"),
        ("%2F%2F", f"%2F%2Fu%3A{CANARY}%40"),
        ("%2F%2F", f"%2F%2Fu%253A{CANARY}%2540"),
        ("https%3A%2F%2F", f"https://u:{CANARY}@"),
    ],
)
def test_nothing_secret_in_a_base_string_is_shown(ours: str, theirs: str) -> None:
    explanation = client().explain(f"{URL}?q=1")
    assert explanation.base_string.count(ours) == 1
    difference = explanation.diff(explanation.base_string.replace(ours, theirs))
    assert difference.cause not in {"key", "none"}
    assert CANARY not in shown(difference)


def test_an_own_parameter_is_not_shown_without_its_name() -> None:
    explanation = client().explain(f"{URL}?password={CANARY}")
    text = explanation.base_string.replace("password%3D****", f"{CANARY}%3D")
    assert CANARY in text
    assert CANARY not in shown(explanation.diff(text))


def test_short_secrets_of_plaintext_are_not_shown() -> None:
    signer = Client("ck", "ab", "tok", "cd", signature_method="PLAINTEXT")
    explanation = signer.explain(URL)
    text = explanation.base_string.replace(
        "%26oauth_signature_method", "%26oauth_signature%3Dab%252526cd%26oauth_signature_method"
    )
    difference = explanation.diff(text)
    assert difference.theirs == "oauth_signature=****"


@pytest.mark.parametrize("fields", [{"password": CANARY}, {"a": [{"x-api-key": CANARY}]}])
def test_a_body_that_the_other_side_signs_is_not_shown(fields: dict[str, Any]) -> None:
    signer = client(protocol_parameters={"oauth_body_hash": None})
    body = json.dumps(fields)
    explanation = signer.explain(URL, "POST", body, JSON)
    for pair in (f"{quote(body, safe='')}=", f"={quote(body, safe='')}"):
        start = explanation.base_string.index("oauth_consumer_key")
        text = f"{explanation.base_string[:start]}{quote(pair, safe='')}%26"
        difference = explanation.diff(text + explanation.base_string[start:])
        assert difference.cause == "body_signed"
        assert CANARY not in shown(difference)


def test_a_content_type_is_not_shown_with_a_secret() -> None:
    explanation = client().explain(URL, "POST", "a=1", FORM)
    difference = explanation.diff(f"curl -H 'Content-Type: x; password={CANARY}' -d a=1 {URL}")
    assert difference.cause == "content_type"
    assert CANARY not in shown(difference)
