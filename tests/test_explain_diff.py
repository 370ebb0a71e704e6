"""`diff`: a cause for what other implementations really sign, and for what goes wrong in between.

`tests/explain/peers.json` has what nine of them gave for requests of `tests/interop`, with the
fault that each is known for. Those that are installed sign here (Mastercard's in
`test_mastercard.py`). The other texts are made by the verifier, of requests that were changed on
their way, or are written out.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import oauthlib.oauth1
import pytest
import requests
import requests_oauthlib
import rsa_keys
from hypothesis import given, settings
from hypothesis import strategies as st
from interop import cases
from oauth1_rs import Client, Difference, Explanation, OAuth1, OAuth1Error, OAuth1TypeError
from oauth1_rs._faults import CAUSES
from verifier import (
    FORM_MEDIA_TYPE,
    WireRequest,
    base_string,
    parse_authorization,
)

PEERS = json.loads((Path(__file__).parent / "explain/peers.json").read_text(encoding="utf-8"))
FORM = {"Content-Type": FORM_MEDIA_TYPE}
JSON = {"Content-Type": "application/json"}
URL = "https://api.example.com/1/Items?q=a%20b&z=1&z=0&e=%C3%A9"
# The request that most of the tests are about.
CLIENT = ("client key", "client/secret")
TOKEN = ("token", "token secret")


def client(**settings: Any) -> Client:
    options = {"nonce": "nonce", "timestamp": "1191242096", **settings}
    return Client(*CLIENT, *TOKEN, **options)


def explained(
    url: str = URL,
    method: str = "GET",
    body: Any = None,
    headers: dict[str, str] | None = None,
    **settings: Any,
) -> Explanation:
    return client(**settings).explain(url, method, body, headers)


def on_the_wire(
    explanation: Explanation,
    url: str = URL,
    method: str = "GET",
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> WireRequest:
    headers = {**(headers or {}), "Authorization": explanation.sent}
    return WireRequest.from_url(method, url, headers, body)


def theirs(wire: WireRequest, **changes: str | None) -> str:
    """The base string of a request with other protocol parameters, by the verifier."""
    _, parameters = parse_authorization(dict(wire.headers)["Authorization"])  # type: ignore[arg-type]  # one of each
    given = {name.decode(): value.decode() for name, value in parameters}
    given |= changes  # type: ignore[arg-type]  # None is taken out, below
    pairs = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    return base_string(wire, pairs).decode()


def signed_by(text: str, key: str = "client%2Fsecret&token%20secret", digest: str = "sha1") -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), digest)).decode()


def header(explanation: Explanation, given_signature: str, **changes: str | None) -> str:
    """An `Authorization` header as that of an explanation, but for some parameters."""
    # A masked signature is none that the verifier reads.
    _, parameters = parse_authorization(explanation.sent.replace("****", "x"))
    given: dict[str, str | None] = {name.decode(): value.decode() for name, value in parameters}
    given |= {**changes, "oauth_signature": given_signature}
    pairs = {name: value for name, value in given.items() if value is not None}
    return "OAuth " + ", ".join(
        f'{name}="{quote(value, safe="~")}"' for name, value in pairs.items()
    )


# What other implementations really sign.


@cache
def cases_by_name() -> dict[str, cases.Case]:
    return {case.name: case for case in cases.load()}


def explanation_for(entry: dict[str, str]) -> tuple[Explanation, cases.Signed]:
    case = cases_by_name()[entry["request"]]
    assert case.token
    signed = cases.sign(
        case, "HMAC-SHA1", "AUTH_HEADER", nonce=entry["nonce"], timestamp=entry["timestamp"]
    )
    signer = Client(*case.client, *case.token)
    return signer.explain(case.url, case.method, case.form, dict(signed.headers)), signed


def peer_id(entry: dict[str, str]) -> str:
    return f"{entry['cause']}-{entry['peer']}-{entry['request']}"


@pytest.mark.parametrize("entry", PEERS, ids=peer_id)
def test_what_a_peer_signs_has_the_cause_that_it_is_known_for(entry: dict[str, str]) -> None:
    explanation, signed = explanation_for(entry)
    text = entry["text"].partition("debug_sbs=")[2] or entry["text"]
    # It is a fault: a server that does as the RFC says has another text.
    assert text.encode() != signed.verdict().base_string
    difference = explanation.diff(entry["text"])
    assert difference.cause == entry["cause"]
    assert difference.message == CAUSES[entry["cause"]]
    position = difference.position
    assert position is not None
    assert text[:position] == explanation.base_string[:position]
    assert text[position : position + 1] != explanation.base_string[position : position + 1]


# The signature alone does not tell these: no general rule leads to what was signed.
ONLY_BY_TEXT = {
    ("host", "IPv6"),
    ("missing_parameter", "empty name"),
    ("path", "reserved characters in the path"),
    ("value_cut", "raw :/?@$,"),
}


@pytest.mark.parametrize("entry", PEERS, ids=peer_id)
def test_the_header_of_that_peer_has_it_too(entry: dict[str, str]) -> None:
    """Its signature is all that there is to go by."""
    explanation, signed = explanation_for(entry)
    case = signed.case
    assert case.token
    text = entry["text"].partition("debug_sbs=")[2] or entry["text"]
    key = f"{case.client[1]}&{case.token[1]}"  # nothing in them has to be encoded
    difference = explanation.diff(header(explanation, signed_by(text, key)))
    is_hidden = (entry["cause"], entry["request"]) in ONLY_BY_TEXT
    assert difference.cause == ("signature" if is_hidden else entry["cause"])


def authlib_header(url: str, **settings: Any) -> str:
    from authlib.oauth1 import ClientAuth  # noqa: PLC0415 - what is a peer here alone

    signer = ClientAuth(*CLIENT, *TOKEN, **settings)
    headers = signer.sign("GET", url, {}, b"")[1]
    return str(headers["Authorization"])


def test_authlib_signs_user_information() -> None:
    url = "https://user:pw@example.com/r?a=1"
    difference = explained(url).diff(authlib_header(url))
    assert difference.cause == "user_information_signed"
    assert difference.theirs == "https://****@example.com/r"


def test_authlib_agrees_on_others() -> None:
    assert explained(timestamp=None).diff(authlib_header(URL)).cause == "none"


def oauthlib_header(url: str, *credentials: str, **settings: Any) -> str:
    signer = oauthlib.oauth1.Client(*(credentials or (*CLIENT, *TOKEN)), **settings)
    return str(signer.sign(url)[1]["Authorization"])


@pytest.mark.parametrize(
    ("url", "cause"),
    [(URL, "none"), ("https://example.com/?q=%E9", "characters_lost")],
)
def test_oauthlib(url: str, cause: str) -> None:
    assert explained(url, timestamp=None).diff(oauthlib_header(url)).cause == cause


def test_oauthlib_with_other_settings() -> None:
    url = "https://example.com/"
    plain = explained(url, timestamp=None)
    for credentials, options, cause in [
        ((*CLIENT, TOKEN[0], ""), {}, "token_secret_missing"),
        ((CLIENT[0], CLIENT[1] + "\n", *TOKEN), {}, "secret_line_feed"),
        (("another", "secret", *TOKEN), {}, "client_key"),
        ((*CLIENT, "another", "secret"), {}, "token"),
        ((*CLIENT, TOKEN[0], "another"), {}, "signature"),
        (CLIENT, {}, "token_missing"),
        ((*CLIENT, *TOKEN), {"signature_method": "HMAC-SHA256"}, "signature_method"),
        ((*CLIENT, *TOKEN), {"signature_method": "PLAINTEXT"}, "signature_method"),
        ((*CLIENT, *TOKEN), {"timestamp": "1191242096"}, "timestamp"),
        ((*CLIENT, *TOKEN), {"callback_uri": "oob"}, "additional_parameter"),
    ]:
        difference = plain.diff(oauthlib_header(url, *credentials, **options))
        assert difference.cause == cause, credentials


def test_requests_oauthlib_decodes_protocol_parameters_in_the_query_twice() -> None:
    """As a curl command that was captured."""
    callback = "https://example.com/ready?next=%2Ffoo"
    auth = requests_oauthlib.OAuth1(
        *CLIENT, *TOKEN, callback_uri=callback, signature_type="query", nonce="n", timestamp="1"
    )
    url = requests.Request("GET", "https://example.com/", auth=auth).prepare().url
    explanation = explained("https://example.com/", callback_uri=callback, signature_type="QUERY")
    assert explanation.diff(f"curl '{url}'").cause == "decoded_twice"


def test_single_encoding_against_the_rfcs() -> None:
    url = "https://example.com/?q=a:b"
    key: dict[str, Any] = {"signature_method": "RSA-SHA256", "rsa_key": rsa_keys.pkcs8()}
    mastercard = Client("client!key", single_encoding=True, **key)
    theirs = oauthlib_header(url, "client!key", **key)
    assert mastercard.explain(url).diff(theirs).cause == "single_encoding"
    headers = mastercard.sign(url)[1]
    assert Client("client!key", **key).explain(url).diff(theirs).cause == "none"
    other = Client("client!key", **key).explain(url).diff(headers["Authorization"])
    assert other.cause == "not_encoded"


# What goes wrong in between.

CHANGED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # A request, and what the other side makes of it.
    "scheme": ({}, {"scheme": "http"}),
    "port": ({"url": "https://example.com:8443/"}, {"host": b"example.com:8080"}),
    "port_dropped": ({"url": "https://example.com:8443/"}, {"host": b"example.com"}),
    "host": ({}, {"host": b"10.0.0.1"}),
    "path_case": ({}, {"target": b"/1/items?q=a%20b&z=1&z=0&e=%C3%A9"}),
    "trailing_slash": ({}, {"target": b"/1/Items/?q=a%20b&z=1&z=0&e=%C3%A9"}),
    "path": ({}, {"target": b"/api/1/Items?q=a%20b&z=1&z=0&e=%C3%A9"}),
    "path_encoded_twice": ({"url": "https://example.com/a%20b"}, {"target": b"/a%2520b"}),
    "method": ({}, {"method": "POST"}),
    "query_not_signed": ({}, {"target": b"/1/Items"}),
    "missing_parameter": ({}, {"target": b"/1/Items?z=1&z=0&e=%C3%A9"}),
    "additional_parameter": ({}, {"target": b"/1/Items?q=a%20b&z=1&z=0&e=%C3%A9&format=json"}),
    "value": ({}, {"target": b"/1/Items?q=other&z=1&z=0&e=%C3%A9"}),
    "form_not_signed": (
        {"method": "POST", "body": "a=1&b=2", "headers": FORM},
        {"body": b"", "headers": {}},
    ),
    "body_signed": (
        {"method": "POST", "body": b'{"a": "b&c"}', "headers": JSON},
        {"headers": FORM},
    ),
}


def without_hash(settings: dict[str, Any]) -> dict[str, Any]:
    """A `Client` hashes bodies of other types than forms, unless it is told not to."""
    return {**settings, "protocol_parameters": {"oauth_body_hash": None}}


@pytest.mark.parametrize("cause", CHANGED)
def test_a_request_that_arrives_otherwise(cause: str) -> None:
    request, changes = CHANGED[cause]
    explanation = explained(**request, **without_hash({}))
    wire = on_the_wire(explanation, **request)
    assert explanation.diff(theirs(wire)).cause == "key"
    if "headers" in changes:
        changes = {**changes, "headers": {**dict(wire.headers), **changes["headers"]}}
        if not changes["headers"].keys() & FORM.keys() or not changes.get("body", b"x"):
            changes["headers"].pop("Content-Type", None)
    text = theirs(replace(wire, **changes))
    assert explanation.diff(text).cause == cause
    # The other side's signature alone gives the same, or that none of the known faults is it.
    found = explanation.diff(header(explanation, signed_by(text))).cause
    untellable = {"port", "host", "path", "missing_parameter", "additional_parameter", "value"}
    assert found == ("signature" if cause in untellable else cause)


PROTOCOL: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "realm_signed": ({"realm": "Photos"}, {"realm": "Photos"}),
    "client_key": ({}, {"oauth_consumer_key": "another"}),
    "token": ({}, {"oauth_token": "another"}),
    "token_missing": ({}, {"oauth_token": None}),
    "version_missing": ({}, {"oauth_version": None}),
    "signature_method": ({}, {"oauth_signature_method": "HMAC-SHA256"}),
    "timestamp": ({}, {"oauth_timestamp": "1191249999"}),
    "other_signature": ({}, {"oauth_nonce": "other", "oauth_timestamp": "1191242100"}),
    "body_hash_expected": ({}, {"oauth_body_hash": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}),
    "body_hash_not_expected": ({"body_hash": "sha1"}, {"oauth_body_hash": None}),
    "body_hash": ({"body_hash": "sha1"}, {"oauth_body_hash": "another"}),
    "signature_signed": ({}, {"oauth_signature": "{signature}"}),
}


@pytest.mark.parametrize("cause", PROTOCOL)
def test_other_protocol_parameters(cause: str) -> None:
    settings, changes = PROTOCOL[cause]
    explanation = explained(**settings)
    changes = {
        name: value and value.replace("{signature}", explanation.signature)
        for name, value in changes.items()
    }
    given = {"oauth_signature": None, **changes}
    wire = on_the_wire(explanation)
    text = theirs(wire, **given) if cause == "realm_signed" else theirs_with(wire, given)
    assert explanation.diff(text).cause == cause


def theirs_with(wire: WireRequest, changes: dict[str, str | None]) -> str:
    """As `theirs`, with a signature among what is signed, which the verifier would leave out."""
    signature = changes.pop("oauth_signature")
    text = theirs(wire, **changes)
    if signature is None:
        return text
    piece = quote(f"oauth_signature={quote(signature, safe='')}", safe="")
    return text.replace("%26oauth_signature_method", f"%26{piece}%26oauth_signature_method")


def test_a_token_that_only_the_other_side_has() -> None:
    signer = Client(*CLIENT, nonce="nonce", timestamp="1191242096")
    explanation = signer.explain(URL)
    text = explanation.base_string.replace("%26oauth_version", "%26oauth_token%3Dt%26oauth_version")
    assert explanation.diff(text).cause == "token_expected"


# Of the base string of `URL`: what stands there, and what stands on the other side.
WRITTEN = {
    "method_case": ("GET&https", "get&https"),
    "host_case": ("api.example.com", "API.example.com"),
    "uri_not_encoded": (
        "https%3A%2F%2Fapi.example.com%2F1%2FItems",
        "https://api.example.com/1/Items",
    ),
    "query_in_uri": ("Items&", "Items%3Fq%3Da%2520b&"),
    "plus_for_space": ("q%3Da%2520b", "q%3Da%2Bb"),
    "plus_not_space": ("q%3Da%2520b", "q%3Da%252Bb"),
    "double_encoding": ("q%3Da%2520b", "q%3Da%252520b"),
    "not_encoded": ("q%3Da%2520b", "q%3Da%20b"),
    "latin_1": ("e%3D%25C3%25A9", "e%3D%25E9"),
    "lower_case_escapes": ("e%3D%25C3%25A9", "e%3D%25c3%25a9"),
    "order_of_values": ("z%3D0%26z%3D1", "z%3D1%26z%3D0"),
    "repeated_names_dropped": ("z%3D0%26z%3D1", "z%3D1"),
    "repeated_names_joined": ("z%3D0%26z%3D1", "z%3D0%252C1"),
    "names_rewritten": ("z%3D0%26z%3D1", "z%255B0%255D%3D1%26z%255B1%255D%3D0"),
}


@pytest.mark.parametrize("cause", WRITTEN)
def test_faults_written_out(cause: str) -> None:
    explanation = explained()
    ours, written = WRITTEN[cause]
    assert explanation.base_string.count(ours) == 1
    text = explanation.base_string.replace(ours, written)
    difference = explanation.diff(text)
    assert difference.cause == cause
    assert difference.position is not None
    assert difference.ours != difference.theirs


OF_OTHER_URLS = [
    (
        "reserved_not_encoded",
        "https://a.example/?a=%21%2A%28",
        "a%3D%2521%252A%2528",
        "a%3D%21%2A%28",
    ),
    ("tilde_encoded", "https://a.example/?a=~", "a%3D~", "a%3D%257E"),
    ("names_not_encoded", "https://a.example/?a%5B=1", "a%255B%3D1", "a%5B%3D1"),
    ("decoded_twice", "https://a.example/?a=%2541", "a%3D%252541", "a%3DA"),
    ("value_cut", "https://a.example/?a=b%3Dc", "a%3Db%253Dc", "a%3Db"),
    ("empty_value_dropped", "https://a.example/?a&b=1", "a%3D%26", ""),
    ("empty_piece_signed", "https://a.example/?a=1&&", "&a%3D1", "&%3D%26a%3D1"),
    ("order_of_joined_text", "https://a.example/?a=1&a-=1", "a%3D1%26a-%3D1", "a-%3D1%26a%3D1"),
    ("order_ignores_case", "https://a.example/?a=1&B=1", "B%3D1%26a%3D1", "a%3D1%26B%3D1"),
    ("not_sorted", "https://a.example/?a=1&b=1&c=1", "a%3D1%26b%3D1%26c", "b%3D1%26a%3D1%26c"),
    ("semicolon_separates", "https://a.example/?a=1;b=2", "a%3D1%253Bb%253D2", "a%3D1%26b%3D2"),
    ("question_mark_separates", "https://a.example/?a=1?b=2", "a%3D1%253Fb%253D2", "a%3D1%26b%3D2"),
    ("path_decoded", "https://a.example/a%2Fb", "a%252Fb", "a%2Fb"),
    ("path_encoded_anew", "https://a.example/a%2fb", "a%252fb", "a%252Fb"),
    ("port_kept", "https://a.example/", "a.example", "a.example%3A443"),
    ("fragment_signed", "https://a.example/x#y", "%2Fx&", "%2Fx%23y&"),
]


@pytest.mark.parametrize(("cause", "url", "ours", "written"), OF_OTHER_URLS)
def test_faults_that_show_in_certain_urls(cause: str, url: str, ours: str, written: str) -> None:
    explanation = explained(url)
    assert explanation.base_string.count(ours) == 1
    assert explanation.diff(explanation.base_string.replace(ours, written)).cause == cause


def test_several_differences_come_in_the_order_of_the_base_string() -> None:
    explanation = explained()
    text = explanation.base_string.replace("GET&https", "POST&http").replace("q%3Da%2520b%26", "")
    difference = explanation.diff(text)
    assert difference.cause == "method"
    assert difference.further == ("scheme", "missing_parameter")
    assert (difference.ours, difference.theirs, difference.position) == ("GET", "POST", 0)
    assert "Then, scheme: " in str(difference)


def test_a_text_of_another_signature_still_tells_what_differs() -> None:
    """A new explanation has another nonce than what the server has seen."""
    seen = explained(nonce="seen", timestamp="1191242000")
    text = seen.base_string.replace("https", "http")
    difference = explained().diff(text)
    assert (difference.cause, difference.further) == ("scheme", ("other_signature",))


def test_another_explanation_will_do() -> None:
    assert explained().diff(explained()).cause == "none"
    assert explained().diff(explained(URL.replace("https", "http"))).cause == "scheme"
    without = Client(*CLIENT, TOKEN[0], "", nonce="nonce", timestamp="1191242096")
    assert explained().diff(without.explain(URL)).cause == "token_secret_missing"
    foreign = Client(CLIENT[0], "another", *TOKEN, nonce="nonce", timestamp="1191242096")
    assert explained().diff(foreign.explain(URL)).cause == "key"


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text,
        lambda text: f"oauth_problem=signature_invalid&debug_sbs={text}",
        lambda text: f"oauth_problem=signature_invalid&debug_sbs={quote(text, safe='')}&x=1",
        lambda text: json.dumps({"error": {"base_string": text}}),
        lambda text: json.dumps({"e": text}).replace("&", "\\u0026"),
        lambda text: f"<err><sbs>{html.escape(text)}</sbs></err>",
        lambda text: f"<p>Expected &#34;{text.replace('&', '&#38;')}&#34;</p>",
        lambda text: f"[2026-11-29 10:00:00] main.ERROR: Base string: {text} Signature: abc= [] []",
        lambda text: f"base string '{text}'\n",
        lambda text: f"  {text}  ".encode(),
    ],
)
def test_the_base_string_is_found_wherever_it_is(write: Any) -> None:
    explanation = explained()
    assert explanation.diff(write(explanation.base_string)).cause == "key"
    other = explanation.base_string.replace("q%3Da%2520b", "q%3Da%2Bb")
    difference = explanation.diff(write(other))
    assert difference.cause == "plus_for_space"
    assert (difference.ours, difference.theirs) == ("q=a%20b", "q=a+b")


@pytest.mark.parametrize("end", [*".,;)]|`", "\0", ". Signature invalid", "...\n", ").", "<br>"])
def test_what_follows_a_base_string_is_not_of_it(end: str) -> None:
    explanation = explained()
    assert explanation.diff(f"({explanation.base_string}{end}").cause == "key"
    http = explanation.base_string.replace("https", "http")
    difference = explanation.diff(f"({http}{end}")
    assert (difference.cause, difference.further) == ("scheme", ())


def test_of_two_base_strings_the_other_counts() -> None:
    ours = explained().base_string
    http = ours.replace("https", "http")
    for text in (f"sent: {ours}\ncomputed: {http}", f"computed: {http}\nsent: {ours}"):
        assert explained().diff(text).cause == "scheme"
    # That of another request says nothing.
    other = explained("http://example.com/", nonce="other").base_string
    assert explained().diff(f"{other}\n{ours}").cause == "key"
    assert explained().diff(f"{ours} {ours}").cause == "key"


@pytest.mark.parametrize("end", ["", "...", "…"])
@pytest.mark.parametrize("length", [20, 50, 100])
def test_a_base_string_that_was_cut(length: int, end: str) -> None:
    explanation = explained()
    difference = explanation.diff(explanation.base_string[:-length] + end)
    assert difference.cause == "cut_short"
    assert difference.position is not None


def test_a_base_string_that_was_cut_between_parameters() -> None:
    explanation = explained("https://example.com/?q=1")
    text = explanation.base_string
    assert explanation.diff(text[: text.index("%26oauth_version")]).cause == "cut_short"
    assert explanation.diff(text[: text.index("%26q%3D1")]).cause == "query_not_signed"


def test_a_base_string_that_was_wrapped() -> None:
    explanation = explained()
    text = explanation.base_string
    for cause, it in (("key", text), ("scheme", text.replace("https", "http"))):
        wrapped = "\n".join(it[start : start + 80] for start in range(0, len(it), 80))
        assert explanation.diff(f"base string: {wrapped}").cause == cause


# Headers, and the key.

KEYS = {
    "token_secret_missing": "client%2Fsecret&",
    "client_secret_missing": "&token%20secret",
    "secret_not_encoded": "client/secret&token secret",
    "secret_encoded_twice": "client%252Fsecret&token%2520secret",
    "ampersand_missing": "client%2Fsecret",
    "secrets_exchanged": "token%20secret&client%2Fsecret",
    "secret_line_feed": "client%2Fsecret&token%20secret%0A",
}


@pytest.mark.parametrize("cause", KEYS)
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_a_key_that_is_used_wrongly(cause: str, digest: str) -> None:
    method = f"HMAC-{digest.upper()}"
    explanation = explained(signature_method=method)
    signature = signed_by(explanation.base_string, KEYS[cause], digest)
    assert explanation.diff(header(explanation, signature)).cause == cause
    # Together with another fault, that comes first.
    text = explanation.base_string.replace("https", "http")
    difference = explanation.diff(header(explanation, signed_by(text, KEYS[cause], digest)))
    assert difference.cause == "scheme"
    assert cause in difference.further


def test_white_space_that_only_ours_has() -> None:
    with pytest.warns(UserWarning, match="white space"):
        signer = Client("client key", "client/secret ", *TOKEN, nonce="nonce", timestamp="1")
    explanation = signer.explain(URL)
    signature = signed_by(explanation.base_string)
    assert explanation.diff(header(explanation, signature)).cause == "secret_white_space"


def test_a_method_that_is_not_the_one_it_says() -> None:
    explanation = explained()
    signature = signed_by(explanation.base_string, digest="sha256")
    difference = explanation.diff(header(explanation, signature))
    assert (difference.cause, difference.ours) == ("signature_method", "HMAC-SHA256")


def test_a_plaintext_signature_that_is_encoded_twice() -> None:
    explanation = explained(signature_method="PLAINTEXT")
    once = "client%2Fsecret&token%20secret"
    assert explanation.diff(header(explanation, once)).cause == "none"
    assert explanation.diff(header(explanation, quote(once, safe=""))).cause == "double_encoding"
    assert explanation.diff(header(explanation, "client/secret&token secret")).cause == (
        "secret_not_encoded"
    )


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text,
        lambda text: f"Authorization: {text}",
        lambda text: f"Authorization: {text}\r\nHost: api.example.com",
        lambda text: text.replace(", ", ","),
        lambda text: text.replace('"', ""),
    ],
)
def test_headers_however_they_are_written(write: Any) -> None:
    explanation = explained()
    assert explanation.diff(write(explanation.sent)).cause == "none"
    broken = header(explanation, signed_by(explanation.base_string.replace("https", "http")))
    assert explanation.diff(write(broken)).cause == "scheme"


@pytest.mark.parametrize("bits", [1024, 2048])
def test_rsa(bits: int) -> None:
    key: dict[str, Any] = {"signature_method": "RSA-SHA1", "rsa_key": rsa_keys.pkcs8(bits)}
    explanation = Client("client key", **key).explain(URL)
    assert explanation.diff(oauthlib_header(URL, "client key", **key)).cause == "none"
    http = oauthlib_header(URL.replace("https", "http"), "client key", **key)
    assert explanation.diff(http).cause == "scheme"
    sha256 = oauthlib_header(URL, "client key", **{**key, "signature_method": "RSA-SHA256"})
    assert explanation.diff(sha256).cause == "signature_method"


# curl.


@pytest.mark.parametrize(
    ("request_", "command", "cause"),
    [
        ({}, f"curl '{URL}'", "same"),
        ({}, f"curl -X DELETE '{URL}'", "method"),
        ({}, f"curl '{URL.replace('https', 'http')}'", "scheme"),
        ({}, f"curl '{URL.replace('/1/', '/2/')}'", "path"),
        ({}, f"curl '{URL.replace('Items', 'Items/')}'", "trailing_slash"),
        ({}, "curl 'https://api.example.com/1/Items'", "query_not_signed"),
        ({}, f"curl '{URL}&format=json'", "additional_parameter"),
        ({}, f"curl '{URL.replace('a%20b', 'a%2520b')}'", "double_encoding"),
        (
            {"method": "POST", "body": "a=1", "headers": FORM},
            f"curl '{URL}' --json '{{\"a\": 1}}'",
            "content_type",
        ),
        (
            {"method": "POST", "body": b'{"a": 1}', "headers": JSON},
            f"curl '{URL}' -d a=1",
            "content_type",
        ),
        (
            {"method": "POST", "body": "a=1", "headers": FORM},
            f"curl '{URL}' -F a=1",
            "content_type",
        ),
        ({"method": "POST", "body": "a=1", "headers": FORM}, f"curl '{URL}' -d a=1", "same"),
        (
            {"method": "POST", "body": "a=1", "headers": FORM},
            f"curl '{URL}' -d a=1 -u user:pw",
            "authorization",
        ),
        ({"method": "POST", "body": "a=1", "headers": FORM}, f"curl '{URL}' -d a=2", "value"),
    ],
)
def test_a_curl_command_that_is_not_signed(
    request_: dict[str, Any], command: str, cause: str
) -> None:
    explanation = explained(**request_, **without_hash({}))
    assert explanation.diff(command).cause == cause


def test_a_curl_command_with_another_body_than_was_hashed() -> None:
    explanation = explained(method="POST", body='{"a": 1}', headers=JSON, body_hash="sha1")
    command = f"curl '{URL}' --json '{{\"a\": 1}}'"
    assert explanation.diff(command).cause == "same"
    assert explanation.diff(command.replace(": 1", ": 2")).cause == "body_hash"


def test_a_curl_command_with_a_signature_that_is_none() -> None:
    """Whether it is signed is not guessed: what cannot be read is not compared with itself."""
    explanation = explained()
    for value in (
        'OAuth oauth_consumer_key="zz"',
        'OAuth oauth_consumer_key="client key", oauth_nonce="1", oauth_token="token"',
        'OAuth oauth_consumer_key="zz", oauth_signature="abc',
    ):
        with pytest.raises(
            OAuth1Error, match=r"^the Authorization header has no oauth_signature: "
        ):
            explanation.diff(f"curl '{URL}' -H 'Authorization: {value}'")
    spaced = explanation.sent.replace('="', ' = "')
    assert explanation.diff(f"curl '{URL}' -H 'Authorization: {spaced}'").cause == "none"
    other = header(explanation, "c2lnbmF0dXJl").replace('="', '\t=\t"')
    assert explanation.diff(f"curl '{URL}' -H 'Authorization: {other}'").cause == "signature"


def test_a_json_body_that_speaks_of_a_signature_is_not_signed() -> None:
    body = '{"a": "x&oauth_signature=1"}'
    explanation = explained(method="POST", body=body, headers=JSON)
    assert explanation.diff(f"curl '{URL}' --json '{body}'").cause == "same"


def test_a_curl_command_whose_body_is_not_read() -> None:
    hashed = explained(method="PUT", body="text", headers=JSON, body_hash="sha1")
    command = f"curl '{URL}' -T file -H 'Content-Type: application/json'"
    assert hashed.diff(command).cause == "same"
    other = explained(method="PUT", body=b"text", headers={"Content-Type": "text/plain"})
    assert other.diff(f"curl '{URL}' -T file").cause == "same"
    assert explained(method="PUT").diff(f"curl '{URL}' -T file").cause == "unsigned_body"


SAME = "https://api.example.com/1/Items"


@pytest.mark.parametrize(
    ("ours", "theirs", "cause"),
    [
        ((f"{SAME}?a=b", "POST"), (SAME, "POST", "a=b", FORM), "query_or_form"),
        ((SAME, "POST"), (SAME, "POST", b"{}", JSON), "unsigned_body"),
        ((SAME, "POST", b"{}", JSON), (SAME, "POST", b"[]", JSON), "unsigned_body"),
        ((SAME, "POST", b"{}", JSON), (SAME, "POST", "{}", JSON), None),
        ((SAME, "POST", "a=b", FORM), (SAME, "POST", b"a=b", FORM), None),
    ],
)
def test_what_is_sent_and_not_signed_may_differ(
    ours: tuple[Any, ...], theirs: tuple[Any, ...], cause: str | None
) -> None:
    one, other = (explained(*it, **without_hash({})) for it in (ours, theirs))
    assert one.diff(other).cause == (cause or "none")
    url, method, body, headers = [*theirs, None, {}][:4]
    words = [f"-H '{name}: {value}'" for name, value in (headers or {}).items()]
    words += ["--data-raw", f"'{in_text(body)}'"] if body else []
    command = f"curl -X {method} '{url}' {' '.join(words)}"
    assert one.diff(command).cause == (cause or "same")
    signed = f"{command} -H 'Authorization: {other.sent}'"
    assert one.diff(signed).cause == (cause or "none")


def in_text(body: str | bytes) -> str:
    return body.decode() if isinstance(body, bytes) else body


def test_a_realm_is_compared_though_it_is_not_signed() -> None:
    upper, lower, none = (explained(realm=it) for it in ("1_SB1", "1_sb1", None))
    for other in (lower, lower.sent, f"curl '{URL}' -H 'Authorization: {lower.sent}'"):
        difference = upper.diff(other)
        assert difference.cause == "realm"
        assert (difference.ours, difference.theirs) == ("realm=1_SB1", "realm=1_sb1")
    assert upper.diff(none.sent).cause == none.diff(upper.sent).cause == "realm"
    assert upper.diff(upper.sent).cause == "none"
    assert upper.diff(f"curl '{URL}'").cause == "same"


def test_lower_case_escapes_of_everything() -> None:
    """As .NET's HttpUtility.UrlEncode writes them."""
    explanation = explained()
    lower = re.sub("%[0-9A-F]{2}", lambda it: it[0].lower(), explanation.base_string)
    lower_uri = explanation.base_string.replace("%3A%2F%2F", "%3a%2f%2f").replace(
        "%2F1%2F", "%2f1%2f"
    )
    for text in (lower, lower_uri):
        assert explanation.diff(text).cause == "lower_case_escapes"
        signed = header(explanation, signed_by(text))
        assert explanation.diff(signed).cause == "lower_case_escapes"
    assert explanation.diff(lower).theirs.startswith("https%3a%2f%2f")


def test_the_servers_text_counts_though_ours_is_beside_it() -> None:
    explanation = explained(nonce="a+b/c==")
    twice = explanation.base_string.replace("%25", "%2525")
    for text in (f"ours {explanation.base_string} expected {twice}", twice):
        assert explanation.diff(text).cause == "double_encoding"


def test_a_curl_command_of_oauth_2_is_not_the_same() -> None:
    command = f"curl '{URL}' -H 'Authorization: Bearer x'"
    assert explained().diff(command).cause == "authorization"


def test_a_curl_command_that_is_signed() -> None:
    explanation = explained()
    command = f"curl --location '{URL}' --header 'Authorization: {{}}'"
    assert explanation.diff(command.format(explanation.sent)).cause == "none"
    wrong = header(explanation, signed_by(explanation.base_string, KEYS["token_secret_missing"]))
    assert explanation.diff(command.format(wrong)).cause == "token_secret_missing"
    # Of the request there is more to say than of the signature.
    other = command.format(wrong).replace("/1/", "/2/")
    assert explanation.diff(other).cause == "path"
    in_query = client(signature_type="QUERY").sign(URL)[0]
    assert explanation.diff(f"curl '{in_query}'").cause == "none"
    in_body = client(signature_type="BODY").sign(URL, "POST", "a=1", FORM)[2]
    of_form = explained(method="POST", body="a=1", headers=FORM)
    assert of_form.diff(f"curl '{URL}' -d '{in_body}'").cause == "none"


# What it is.


def test_nothing_of_a_secret_parameter_is_shown() -> None:
    explanation = explained("https://example.com/?x_auth_password=canary")
    text = theirs(on_the_wire(explanation, "https://example.com/?x_auth_password=canary%20"))
    difference = explanation.diff(text)
    assert difference.ours == difference.theirs == "x_auth_password=****"
    assert difference.cause == "value"
    # The encoding of a password is a common fault, and is found all the same.
    spaced = explained("https://example.com/?x_auth_password=can%20ary")
    other = theirs(on_the_wire(spaced, "https://example.com/?x_auth_password=can%2520ary"))
    assert spaced.diff(other).cause == "double_encoding"
    assert "can" not in str(spaced.diff(other)).replace("can ", "")


def test_a_difference_can_be_read_and_kept() -> None:
    difference = explained().diff(explained(URL.replace("https", "http")))
    assert str(difference).splitlines() == [
        f"scheme: {CAUSES['scheme']}",
        "  ours    https://api.example.com/1/Items",
        "  theirs  http://api.example.com/1/Items",
        "  at character 8 of the base string",
    ]
    assert json.loads(json.dumps(difference.to_dict())) == difference.to_dict()
    assert Difference(**{**difference.to_dict(), "further": ()}) == difference
    nothing = explained().diff(explained().base_string.replace("q%3Da%2520b%26", ""))
    assert "  theirs  (nothing)" in str(nothing)


@pytest.mark.parametrize(
    ("other", "error", "text"),
    [
        ("invalid signature", OAuth1Error, "neither a base string"),
        ("", OAuth1Error, "neither a base string"),
        ("Basic abc=", OAuth1Error, "neither a base string"),
        ("OAuth oauth_nonce=1", OAuth1Error, "has no oauth_signature"),
        ('OAuth oauth_signature=""', OAuth1Error, "has no oauth_signature"),
        ("curl", OAuth1Error, "neither a base string"),
        ("curl -H", OAuth1Error, "ends with -H, which takes a value"),
        ("curl 'x", OAuth1Error, "a quotation mark that is never closed"),
        (None, OAuth1TypeError, "got NoneType"),
        (1, OAuth1TypeError, "got int"),
    ],
)
def test_what_it_cannot_read_it_refuses(other: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        explained().diff(other)


PIECES = st.sampled_from(
    [
        *("GET&", "&", "https%3A%2F%2Fexample.com%2F", "%26", "%3D", "a", "%25", "%E9", "+", "é"),
        *("OAuth ", "oauth_nonce", "oauth_token", '="x"', "oauth_signature", "=", ",", '"', "'"),
        *("curl ", "-d ", "-H ", "https://example.com/", "?", "\\", "$", "\n", "&#38;", "[]", "#"),
    ]
)


@settings(max_examples=50, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), query=st.text(max_size=8), form=st.text(max_size=8))
def test_whatever_the_other_side_says_is_read_or_refused(
    pieces: list[str], query: str, form: str
) -> None:
    with contextlib.suppress(OAuth1Error):
        explanation = explained(f"https://example.com/é?{query}", "POST", form, FORM)
        difference = explanation.diff(f"GET&https%3A%2F%2Fexample.com%2F&{''.join(pieces)}")
        assert difference.message == CAUSES[difference.cause]
        assert str(difference)
        explanation.diff("".join(pieces))


def causes_of_parameters() -> Iterator[str]:
    """Yield the causes in the tables above."""
    for function in [it for name, it in globals().items() if name.startswith("test_")]:
        for mark in getattr(function, "pytestmark", []):
            names, rows = mark.args
            if names == "cause":
                yield from rows
            elif "cause" in names:
                yield from (row[names.index("cause")] for row in rows)


def test_every_cause_is_tested_here() -> None:
    """In a table, by a peer, or by a comparison that is written out."""
    source = Path(__file__).read_text(encoding="utf-8")
    compared = set(re.findall(r'cause(?:, \w+\.further)?\)? == \(?"(\w+)"', source))
    pinned = {entry["cause"] for entry in PEERS}
    assert CAUSES.keys() - compared - pinned - {*causes_of_parameters()} == set()


def test_a_large_request_takes_a_moment() -> None:
    """Every fault is tried: with a thousand parameters as with ten."""
    url = "https://example.com/?" + "&".join(f"p{index}=%C3%A9+{index}" for index in range(1000))
    explanation = OAuth1(*CLIENT, *TOKEN).explain(requests.Request("GET", url).prepare())
    assert explanation.diff(header(explanation, "c2lnbmF0dXJl")).cause == "signature"
