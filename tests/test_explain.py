"""`explain`: what it shows is what was signed, and no secret.

That it is what was signed, hmac, hashlib, cryptography and the verifier say, and a server that
keeps what arrived.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import oauth1_rs.requests_oauthlib
import oauthlib.oauth1
import pytest
import requests
import rsa_keys
import scrapy
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from interop import cases
from oauth1_rs import Client, Explanation, OAuth1, OAuth1Error, OAuth1Session, OAuth1TypeError
from oauth1_rs import httpx as for_httpx
from oauth1_rs._masking import MASK
from rich.console import Console
from verifier import FORM_MEDIA_TYPE, WireRequest, verify
from wire_server import WireServer

SECRETS = ("client secret", "token secret")
FORM = {"Content-Type": FORM_MEDIA_TYPE}
HASHES = {"RSA-SHA1": SHA1(), "RSA-SHA256": SHA256(), "RSA-SHA512": SHA512()}


def client(**settings: Any) -> Client:
    return Client("client key", SECRETS[0], "token", SECRETS[1], **settings)


def auth(**settings: Any) -> OAuth1:
    return OAuth1("client key", SECRETS[0], "token", SECRETS[1], **settings)


def prepared(method: str, url: str, **arguments: Any) -> requests.PreparedRequest:
    return requests.Request(method, url, **arguments).prepare()


def mac(explanation: Explanation, client_secret: str, token_secret: str) -> str:
    """The signature of the base string that is shown, by the standard library."""
    name = explanation.signature_method.removeprefix("HMAC-").lower()
    key = f"{quote(client_secret, safe='~')}&{quote(token_secret, safe='~')}".encode()
    digest = hmac.digest(key, explanation.base_string.encode(), name)
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize("case", cases.load(), ids=lambda case: case.name)
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_the_base_string_is_the_one_that_was_signed(case: cases.Case, placement: str) -> None:
    """Of a request that was signed already, and of one that was not."""
    if placement not in cases.placements(case, "HMAC-SHA1"):
        placement = "AUTH_HEADER"
    signed = cases.sign(case, "HMAC-SHA1", placement, nonce="nonce", timestamp="1191242096")
    token, token_secret = case.token or (None, None)
    signer = Client(
        case.client[0],
        case.client_secret,
        token,
        token_secret,
        case.callback,
        verifier=case.verifier,
        signature_type=placement,
        realm=case.realm,
        nonce="nonce",
        timestamp="1191242096",
    )
    wire = signed.wire
    url = f"{wire.scheme}://{wire.host.decode()}{wire.target.decode()}"
    after = signer.explain(url, wire.method, wire.body or None, dict(signed.headers))
    before = signer.explain(case.url, case.method, case.form, dict(case.headers))
    for explanation in (after, before):
        assert explanation.base_string_is_exact == (case.verifier is None)
        assert explanation.signature_matches
        if explanation.base_string_is_exact:
            assert explanation.base_string.encode() == signed.verdict().base_string
            signature = mac(explanation, case.client_secret, case.token_secret)
            assert explanation.signature == signature
        assert explanation.signature.encode() == signed.verdict().parameters[b"oauth_signature"]
    assert (after.was_signed, before.was_signed) == (True, False)


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"])
def test_anybody_with_the_secrets_gets_the_signature_of_what_is_shown(method: str) -> None:
    explanation = client(signature_method=method).explain("https://example.com/?q=a%20b")
    assert explanation.signature_method == method
    assert explanation.signature == mac(explanation, *SECRETS)
    assert explanation.key == (
        "client_secret (13 characters) & resource_owner_secret (12 characters)"
    )


@pytest.mark.parametrize("method", HASHES)
def test_the_public_key_verifies_what_is_shown(method: str) -> None:
    signer = Client("client key", signature_method=method, rsa_key=rsa_keys.path(2048))
    explanation = signer.explain("https://example.com/?q=a%20b")
    rsa_keys.private_key().public_key().verify(
        base64.b64decode(explanation.signature),
        explanation.base_string.encode(),
        PKCS1v15(),
        HASHES[method],
    )
    assert explanation.key == "private key (2048 bits)"
    assert explanation.signature_matches


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("auth_class", [OAuth1, oauth1_rs.requests_oauthlib.OAuth1])
def test_a_response_tells_what_was_sent(
    server: WireServer, auth_class: type[OAuth1], placement: str
) -> None:
    signer = auth_class("client key", SECRETS[0], "token", SECRETS[1], signature_type=placement)
    response = requests.post(
        f"{server.url}/a%2Fb", params={"q": "x y"}, data={"s": "é+"}, auth=signer, timeout=10
    )
    explanation = signer.explain(response.request)
    verdict = verify(server.last, *SECRETS)
    assert verdict.accepted, verdict.reason
    assert explanation.base_string.encode() == verdict.base_string
    assert explanation.nonce == verdict.parameters[b"oauth_nonce"].decode()
    assert explanation.timestamp == verdict.parameters[b"oauth_timestamp"].decode()
    assert explanation.placement == placement
    assert explanation.was_signed


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_the_request_stays_as_it_was(placement: str) -> None:
    signer = auth(signature_type=placement)
    request = prepared("POST", "https://example.com/?q=1", data={"a": "b"})
    before = {**vars(request), "headers": dict(request.headers), "hooks": {"response": []}}
    explanation = signer.explain(request)
    assert {**vars(request), "headers": dict(request.headers)} == before
    assert not explanation.was_signed
    signer(request)
    assert signer.explain(request).was_signed


def test_any_object_with_a_method_url_headers_and_body_will_do() -> None:
    """As adapters for other HTTP clients hand it to `OAuth1`."""
    request = SimpleNamespace(
        method="POST", url="https://example.com/", headers=dict(FORM), body=b"a=1"
    )
    signer = auth()
    explanation = signer.explain(request)
    assert [it.name for it in explanation.parameters if it.source == "form"] == ["a"]
    assert request.headers == FORM
    signer(request)
    assert signer.explain(request).sent == request.headers["Authorization"]


class Address:
    """A URL as some HTTP clients have it."""

    def __str__(self) -> str:
        return "https://example.com/?q=1"


def test_a_url_of_another_class_and_content_are_understood() -> None:
    """As httpx's requests have them."""
    request = SimpleNamespace(
        method="POST", url=Address(), headers={**FORM, "Host": "example.com"}, content=b"a=1"
    )
    explanation = auth().explain(request)
    assert [it.name for it in explanation.parameters if it.source != "oauth"] == ["a", "q"]
    assert not [note for note in explanation.notes if "Host" in note]


def test_parameters_come_with_their_source_as_they_are_signed() -> None:
    signer = client(nonce="nonce", timestamp="1", body_hash="sha1")
    explanation = signer.explain("https://example.com/?z=1&a=%C3%A9", "POST", "b=2+3", FORM)
    found = [
        (it.source, it.name, it.value, it.encoded_value)
        for it in explanation.parameters
        if it.name in {"z", "a", "b", "oauth_consumer_key"}
    ]
    assert found == [
        ("query", "a", "é", "%C3%A9"),
        ("form", "b", "2 3", "2%203"),
        ("oauth", "oauth_consumer_key", "client key", "client%20key"),
        ("query", "z", "1", "1"),
    ]
    json_body = signer.explain("https://example.com/", "POST", b"{}", {"Content-Type": "a/json"})
    (body_hash,) = [it for it in json_body.parameters if it.source == "body hash"]
    assert body_hash.value == base64.b64encode(hashlib.sha1(b"{}").digest()).decode()
    assert json_body.base_string_uri == "https://example.com/"


NOTES = [
    ("GET", "https://example.com:443/", None, {}, "The default port is dropped"),
    ("GET", "https://example.com:80/", None, {}, "Port 80 is signed"),
    ("GET", "https://user:pw@example.com/", None, {}, "user information before the host is not"),
    ("GET", "https://example.com/#part", None, {}, "fragment is neither sent nor signed"),
    ("GET", "https://example.com/a%2Fb", None, {}, "The path keeps its escapes (%2F)"),
    ("GET", "https://example.com/é", None, {}, "characters that no URL can hold"),
    ("GET", "https://example.com", None, {}, "The empty path is signed as /"),
    ("GET", "https://EXAMPLE.com/", None, {}, "Scheme and host are signed in lower case"),
    ("get", "https://example.com/", None, {}, "The method is signed in upper case"),
    ("GET", "https://example.com/", None, {"Host": "a.example"}, "The Host header, a.example, c"),
    ("GET", "https://example.com/?a+b", None, {}, "stands for a space, and is signed as %20"),
    ("GET", "https://example.com/?a=100%", None, {}, "begins no escape stands for itself"),
    ("GET", "https://example.com/?a=1&a=2", None, {}, "Given more than once, and signed as often"),
    ("GET", "https://example.com/?a", None, {}, "without a value is signed with an empty one"),
    ("GET", "https://example.com/", "a=1", FORM, "A GET request with a form: many servers do"),
    ("POST", "https://example.com/", "a=1", FORM, "The body is a form: its parameters are signed"),
    ("POST", "https://example.com/", "a=1", {}, "It came as text without a Content-Type"),
    ("POST", "https://example.com/", b"a=1", {}, "looks like a form, but no Content-Type says so"),
    ("POST", "https://example.com/", None, {}, "There is no body."),
]


@pytest.mark.parametrize(("method", "url", "body", "headers", "note"), NOTES)
def test_notes_say_what_is_easily_overlooked(
    method: str, url: str, body: Any, headers: dict[str, str], note: str
) -> None:
    plain = client().explain("https://example.com/")
    assert [it for it in plain.notes if note in it and "no body" not in it] == []
    explanation = client().explain(url, method, body, headers)
    assert len([it for it in explanation.notes if note in it]) == 1
    assert note in str(explanation)


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({"realm": "Photos"}, "The realm is sent in the header, and not signed."),
        ({"realm": "1234567_sb1"}, "NetSuite wants the account as realm in upper case"),
        ({"single_encoding": True}, "single_encoding, as Mastercard wants it"),
        ({"resource_owner_secret": None}, "There is a token, but no token secret"),
        ({"resource_owner_key": None}, "There is no token"),
        ({"signature_method": "PLAINTEXT"}, "PLAINTEXT signs nothing"),
    ],
)
def test_notes_of_settings(settings: dict[str, Any], note: str) -> None:
    signer = client()
    url = "https://1234567.suitetalk.api.netsuite.com/"
    assert note not in str(signer.explain(url))
    for name, value in settings.items():
        setattr(signer, name, value)
    assert note in str(signer.explain(url))


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ({"json": {"a": 1}}, "The JSON body is not signed."),
        ({"files": {"a": b"1"}}, "The multipart body is not signed."),
        ({"data": iter([b"piece"])}, "The body is not signed."),
        ({"data": b"<a/>", "headers": {"Content-Type": "text/xml"}}, "The text/xml body is not s"),
    ],
)
def test_notes_of_bodies_that_are_not_signed(data: dict[str, Any], note: str) -> None:
    request = prepared("POST", "https://example.com/", **data)
    assert note in str(auth().explain(request))
    hashed = auth(force_include_body=True)
    if isinstance(request.body, bytes) and "json" in data:
        shown = str(hashed.explain(request))
        assert note not in shown
        assert "The body counts by its hash, in oauth_body_hash (SHA-1)." in shown


def test_a_body_is_not_used_up() -> None:
    file = io.BytesIO(b"before" + b"x" * 10)
    file.seek(6)
    request = prepared("POST", "https://example.com/", data=file)
    request.headers["Content-Type"] = "image/png"
    explanation = auth(force_include_body=True).explain(request)
    assert "oauth_body_hash" in explanation.base_string
    assert file.tell() == 6
    pieces = iter([b"1", b"2"])
    auth().explain(prepared("POST", "https://example.com/", data=pieces))
    assert list(pieces) == [b"1", b"2"]


def test_white_space_around_a_secret_is_told() -> None:
    with pytest.warns(oauth1_rs.WhiteSpaceWarning):
        signer = Client("client key", "secret ")
    assert "client_secret has white space around it" in str(signer.explain("https://example.com/"))


def test_a_signature_by_other_settings_is_told() -> None:
    signer = auth()
    request = signer(prepared("GET", "https://example.com/"))
    assert signer.explain(request).signature_matches
    signer.client.client_secret = "another"
    explanation = signer.explain(request)
    assert not explanation.signature_matches
    assert "The settings do not give this signature" in str(explanation)
    assert explanation.signature == mac(explanation, *SECRETS)
    changed = client().sign("https://example.com/?a=1")
    assert not client().explain("https://example.com/?a=2", headers=changed[1]).signature_matches


def test_what_was_signed_counts_and_not_todays_settings() -> None:
    signer = client(callback_uri="https://example.com/ready", signature_method="HMAC-SHA256")
    url, headers, _ = signer.sign("https://example.com/")
    signer.callback_uri = None
    signer.signature_method = "HMAC-SHA1"
    signer.signature_type = "QUERY"
    explanation = signer.explain(url, headers=headers)
    assert explanation.signature_method == "HMAC-SHA256"
    assert explanation.placement == "AUTH_HEADER"
    assert "oauth_callback" in explanation.base_string
    assert explanation.signature_matches
    assert explanation.signature == mac(explanation, *SECRETS)


# Of secrets: none may be seen anywhere, however it is encoded.

CANARIES = {
    "client_secret": "canary client",
    "resource_owner_secret": "canary/token",
    "verifier": "canary+verifier",
    "protocol_parameters": {"oauth_session_handle": "canary%handle"},
}
URL = "https://canary:canary@example.com/?password=canary&x_auth_password=canary%2Bpassword&q=1"


def everything_shown(explanation: Explanation) -> Iterator[str]:
    yield str(explanation)
    yield repr(explanation)
    yield repr(vars(explanation))
    yield json.dumps(explanation.to_dict())
    yield from map(str, explanation.notes)
    yield repr(explanation.parameters)
    yield rich_text(explanation)
    yield repr(pickle.dumps(explanation))
    others = [
        explanation.base_string.replace("GET", "POST").replace("q%3D1", "x_auth_password%3Dcanary"),
        f"GET&https%3A%2F%2Fcanary%40example.com%2F%3Fpassword%3Dcanary&{'a' * 5}%3Dcanary",
        f"GET {client(**SIGNED).sign('https://example.com/')[1]['Authorization']}",
        f"curl -u canary:canary '{URL}' -d x_auth_password=canary",
    ]
    for other in others:
        difference = explanation.diff(other)
        yield from (str(difference), repr(difference), json.dumps(difference.to_dict()))


SIGNED = {"verifier": "canary", "nonce": "n"}


def rich_text(explanation: Explanation) -> str:
    """What rich prints."""
    output = io.StringIO()
    Console(file=output, width=10_000, force_terminal=True).print(explanation)
    return output.getvalue()


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", ["HMAC-SHA1", "PLAINTEXT", "RSA-SHA1"])
def test_no_secret_is_shown(method: str, placement: str) -> None:
    if (method, placement) == ("PLAINTEXT", "QUERY"):
        with pytest.raises(OAuth1Error, match="PLAINTEXT"):
            Client("ck", signature_method=method, signature_type=placement)
        return
    settings: dict[str, Any] = {**CANARIES, "signature_method": method, "signature_type": placement}
    if method == "RSA-SHA1":
        settings |= {
            "rsa_key": rsa_keys.pkcs8_encrypted(),
            "rsa_key_passphrase": rsa_keys.PASSPHRASE,
        }
    signer = Client("client key", resource_owner_key="token", **settings)
    form = "x_auth_password=canary&secret=canary"
    explanation = signer.explain(URL, "POST", form, FORM)
    # It is there, or the test would prove nothing.
    secrets = [text for text in CANARIES.values() if isinstance(text, str)]
    signed = [str(part) for part in signer.sign(URL, "POST", form, FORM)]
    assert any("canary" in part for part in signed)
    shown = "\n".join(everything_shown(explanation))
    assert "canary" not in shown
    assert [secret for secret in secrets if quote(secret, safe="") in shown] == []
    assert "BEGIN" not in shown
    assert base64.b64encode(b"canary").decode() not in shown
    assert shown.count(MASK) > 10
    assert not explanation.base_string_is_exact
    assert "may be a secret, and is masked" in str(explanation)


def test_only_the_masked_values_of_a_base_string_differ() -> None:
    signer = client(nonce="nonce", timestamp="1")
    exact = cases.Case("", "", "https://example.com/?a=1&x_auth_password=hunter2&z=1")
    explanation = signer.explain(exact.url)
    signed = signer.sign(exact.url)
    wire = WireRequest.from_url("GET", signed[0], signed[1])
    base_string = verify(wire, *SECRETS).base_string.decode()
    assert explanation.base_string == base_string.replace("hunter2", MASK)
    assert explanation.signature_matches


def test_client_key_and_token_are_shown() -> None:
    """They go in the clear, and the base string would be of no use without."""
    signer = Client("client-key-of-an-api_key", "s", "oauth-token", "t")
    explanation = signer.explain("https://example.com/?api_key=client-key-of-an-api_key")
    assert explanation.base_string_is_exact
    assert "oauth_token%3Doauth-token" in explanation.base_string
    other = Client("ck", "s", "oauth-token", "t").explain("https://example.com/?api_key=hidden")
    assert "hidden" not in str(other)


def test_plaintext_shows_no_signature() -> None:
    explanation = client(signature_method="PLAINTEXT").explain("https://example.com/")
    assert explanation.signature == MASK
    assert f'oauth_signature="{MASK}"' in explanation.sent
    assert explanation.signature_matches
    assert explanation.base_string_is_exact


def test_a_secret_that_is_sent_as_a_parameter_is_masked_whatever_its_name() -> None:
    explanation = client().explain("https://example.com/?q=client%20secret")
    assert "client secret" not in str(explanation)
    assert "client%20secret" not in str(explanation)


@pytest.mark.parametrize("written", ["client+secret", "client%20secret", "client%2Bsecret", "x"])
def test_a_secret_with_a_space_is_masked_however_that_is_written(written: str) -> None:
    path = f"https://example.com/{written}/r"
    for text in (path, f"https://example.com/?q={written}"):
        shown = str(client().explain(text, headers={"Host": "example.com"}))
        assert (written in shown) == (written == "x")


@pytest.mark.parametrize("key", ["\xe9", 'a"b', "a\\b", "a%20b", "a b!c"])
def test_values_that_are_encoded_once(key: str) -> None:
    signer = Client(key, SECRETS[0], "token", SECRETS[1], single_encoding=True)
    explanation = signer.explain("https://example.com/")
    assert explanation.signature_matches
    assert explanation.parameters[0].value == key
    assert mac(explanation, *SECRETS) == explanation.signature
    assert explanation.diff(explanation).cause == "none"


def test_masked_names_that_are_not_the_same_are_not_repeated() -> None:
    explanation = client().explain("https://example.com/?client+secret1=a&client+secret2=b")
    assert [it.name for it in explanation.parameters].count(MASK) == 2
    assert "more than once" not in str(explanation)
    repeated = client().explain("https://example.com/?client+secret=a&client+secret=b")
    assert f"signed as often: {MASK}." in str(repeated)


def test_a_signature_that_is_the_secrets_is_masked_whatever_its_method_is_said_to_be() -> None:
    sent = 'OAuth oauth_signature_method="{}", oauth_signature="client%20secret%26token%20secret"'
    for method in ("HMAC-SHA1", "plaintext", ""):
        headers = {"Authorization": sent.format(method)}
        explanation = client().explain("https://example.com/", headers=headers)
        assert explanation.signature == MASK
        assert "client" not in explanation.sent
        assert not explanation.signature_matches


def test_a_fragment_is_not_shown() -> None:
    explanation = client(signature_type="QUERY").explain("https://example.com/#access=canary")
    assert "canary" not in str(explanation)


# The ways to read it.


def test_nothing_in_a_request_controls_the_terminal() -> None:
    url = "https://example.com/?q=%0A%1B%5B31m&%E2%80%AE=1"
    text = str(client().explain(url))
    assert "q = \\n\\x1b[31m" in text
    assert all(it == "\n" or it.isprintable() for it in text)
    other = client().explain(url.replace("31m", "%0A"))
    assert all(it == "\n" or it.isprintable() for it in str(client().explain(url).diff(other)))


def test_the_text_has_every_part() -> None:
    signer = client(nonce="nonce", timestamp="1", realm="Photos")
    explanation = signer.explain("https://example.com/?q=a+b")
    text = str(explanation)
    assert text.startswith("GET https://example.com/\n")
    for part in [
        explanation.base_string,
        explanation.key,
        explanation.signature,
        f"Authorization: {explanation.sent}",
        "query  q = a b    encoded: q=a%20b",
        *explanation.notes,
    ]:
        assert part in text
    assert explanation.sent == signer.sign("https://example.com/?q=a+b")[1]["Authorization"]


def test_a_dict_of_it_is_json() -> None:
    explanation = client(nonce="nonce", timestamp="1").explain("https://example.com/?q=%E9")
    read = json.loads(json.dumps(explanation.to_dict()))
    assert read == explanation.to_dict()
    assert read["parameters"][-1] == {
        "source": "query",
        "name": "q",
        "value": "\\xe9",
        "encoded_name": "q",
        "encoded_value": "%E9",
        "is_secret": False,
    }
    documented = set(
        re.findall(r"^    (\w+(?:, \w+)*) : ", Explanation.__doc__ or "", re.MULTILINE)
    )
    assert {name for names in documented for name in names.split(", ")} == read.keys()


def test_rich_prints_it() -> None:
    explanation = client().explain("https://example.com/?q=[bold]:smile:[/]")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", rich_text(explanation))
    assert plain.splitlines() == str(explanation).splitlines()
    assert "\x1b[1m" in rich_text(explanation)


def test_nothing_is_imported_before_somebody_asks() -> None:
    code = (
        "import sys, oauth1_rs;"
        "oauth1_rs.Client('ck').sign('http://a/');"
        "names = ['_explain', '_difference', '_faults', '_curl'];"
        "before = [name for name in names if f'oauth1_rs.{name}' in sys.modules];"
        "explanation = oauth1_rs.Client('ck').explain('http://a/');"
        "str(explanation); explanation.diff(explanation.base_string);"
        "print(before, 'requests' in sys.modules, 'rich' in sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert output == "[] False False\n"


def test_a_pickled_explanation_has_all_but_what_is_secret() -> None:
    explanation = client().explain("https://example.com/")
    copy = pickle.loads(pickle.dumps(explanation))
    assert str(copy) == str(explanation)
    with pytest.raises(OAuth1Error, match="is a copy"):
        copy.diff(explanation.base_string)
    with pytest.raises(OAuth1Error, match="is a copy"):
        explanation.diff(copy)


# Whose it is.


def test_sessions_have_it_in_auth() -> None:
    session = OAuth1Session("client key", SECRETS[0], "token", SECRETS[1])
    request = session.prepare_request(requests.Request("GET", "https://example.com/"))
    explanation = session.auth.explain(request)
    assert explanation.signature_matches
    assert explanation.was_signed


def test_a_client_of_oauthlibs_has_none() -> None:
    for auth_class in (OAuth1, oauth1_rs.requests_oauthlib.OAuth1):
        foreign = auth_class("ck", "cs", client_class=oauthlib.oauth1.Client)
        with pytest.raises(OAuth1TypeError, match=r"oauth1_rs\.Client, got oauthlib.*its own way"):
            foreign.explain(prepared("GET", "https://example.com/"))


class WithHeader(Client):
    def sign(self, *arguments: Any, **keywords: Any) -> Any:
        url, headers, body = super().sign(*arguments, **keywords)
        return url, {**headers, "X-Signed": "yes"}, body


def test_a_clients_own_sign_signs_first() -> None:
    signer = OAuth1("ck", "cs", client_class=WithHeader)
    request = prepared("GET", "https://example.com/")
    for explain in (
        lambda: signer.explain(request),
        lambda: signer.client.explain("https://example.com/"),
    ):
        with pytest.raises(OAuth1TypeError, match="WithHeader overrides sign: sign the request f"):
            explain()
    assert "Authorization" not in request.headers
    signer(request)
    assert request.headers["X-Signed"] == "yes"
    assert signer.explain(request).signature_matches


def test_a_subclass_that_signs_more_is_asked() -> None:
    class WithDefault(OAuth1):
        def __call__(self, r: Any) -> Any:
            r.url += "?default=1"
            return super().__call__(r)

    explanation = WithDefault("ck", "cs").explain(prepared("GET", "https://example.com/"))
    assert "default%3D1" in explanation.base_string


@pytest.mark.parametrize(
    "content",
    [
        {"files": {"a": b"b"}},
        {"content": lambda: iter([b"a", b"b"])},
        {"json": {"a": 1}},
        {"data": {"c": "d"}},
        {},
    ],
    ids=["files", "generator", "json", "form", "none"],
)
def test_requests_of_httpx_are_not_read_for_it(server: WireServer, content: dict[str, Any]) -> None:
    """A body that is only streamed is neither signed nor used up; before and after sending."""
    body = {name: it() if callable(it) else it for name, it in content.items()}
    form = [("form", "c", "d")] if "data" in content else []
    with httpx.Client(auth=for_httpx.OAuth1Auth(auth())) as client_:
        request = client_.build_request("POST", f"{server.url}/?a=b", **body)
        before = auth().explain(request)
        sent = client_.send(request).request
    after = auth().explain(sent)
    assert (before.was_signed, after.was_signed) == (False, True)
    assert after.signature_matches
    assert verify(server.last, *SECRETS).accepted
    for explanation in (before, after):
        others = [(it.source, it.name, it.value) for it in explanation.parameters]
        assert sorted(it for it in others if it[0] != "oauth") == [*form, ("query", "a", "b")]
        assert ("There is no body." in explanation.notes) == (not content)


def test_requests_of_scrapy() -> None:
    request = scrapy.Request(
        "https://example.com/?a=b",
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body="c=%C3%A9",
    )
    signer = auth(nonce="8a0b", timestamp="1795910400")
    explanation = signer.explain(request)
    same = prepared("POST", "https://example.com/?a=b", data={"c": "é"})
    assert explanation.to_dict() == signer.explain(same).to_dict()
    assert "Authorization" not in request.headers


def test_requests_that_are_not_taken() -> None:
    for request in (None, "https://example.com/", SimpleNamespace(url="a", headers={}, method="")):
        with pytest.raises(OAuth1TypeError, match=r"in parts, to explain\(uri, http_method, body"):
            auth().explain(request)


def test_what_cannot_be_signed_cannot_be_explained() -> None:
    with pytest.raises(OAuth1Error, match="PLAINTEXT"):
        client(signature_method="PLAINTEXT").explain("http://example.com/")
    with pytest.raises(OAuth1Error, match="oauth_token"):
        client().explain("https://example.com/?oauth_token=1")
    with pytest.raises(OAuth1TypeError, match="explain takes a prepared request"):
        auth().explain(SimpleNamespace(url=None, headers={}, method="GET", body=None))
    with pytest.raises(OAuth1Error, match="scheme"):
        client().explain("example.com")
