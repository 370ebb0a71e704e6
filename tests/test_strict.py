"""`oauth1_rs.requests_oauthlib.OAuth1` gives what requests-oauthlib gives, to the byte and type."""

from __future__ import annotations

import copy
import io
import itertools
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import oauth1_rs.requests_oauthlib
import oauthlib.oauth1
import pytest
import requests
import requests_oauthlib
import rsa_keys
from hypothesis import example, given
from hypothesis import strategies as st
from oauth1_rs import OAuth1Error
from oauth1_rs.requests_oauthlib import InsecurePlaintextWarning, oauth1_auth, oauth1_session
from oauthlib.common import extract_params
from provider import SIGNATURE_METHODS
from requests_oauthlib import oauth1_auth as their_auth
from requests_oauthlib import oauth1_session as their_session
from wire_server import WireServer

STRICT: Any = oauth1_rs.requests_oauthlib.OAuth1
THEIRS: Any = requests_oauthlib.OAuth1
URL = "https://api.example.com/path?b=2&a=%C3%A9"
OPTIONS = {
    "client_key": "client",
    "client_secret": "secret",
    "resource_owner_key": "token",
    "resource_owner_secret": "token secret",
    "nonce": "nonce",
    "timestamp": "1",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def prepared(auth_class: Any, method: str = "POST", **arguments: Any) -> dict[str, Any]:
    """Return all there is in a prepared request, and its headers in their order."""
    options = {**OPTIONS, **arguments.pop("options", {})}
    url = arguments.pop("url", URL)
    request = requests.Request(method, url, auth=auth_class(**options), **arguments).prepare()
    return {"url": request.url, "headers": sorted(request.headers.items()), "body": request.body}


def error_of(auth_class: Any, **arguments: Any) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared by the caller
        prepared(auth_class, **arguments)
    return str(caught.value)


REQUESTS: dict[str, dict[str, Any]] = {
    "no body": {},
    "a form": {"data": {"status": "Hello, é", "b": "~*"}},
    "bytes of a form": {"data": b"a=1&b=%20", "headers": FORM},
    "JSON": {"json": {"a": 1}},
    "text of JSON": {"data": '{"a": 1}'},
    "files": {
        "data": b"--b\r\n\r\n",
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    },
    "a sentence": {"data": "this is not a form"},
    "a word": {"data": "hello"},
    "a number": {"data": "123"},
    "pairs": {"data": "a=1&b=2"},
    "no name": {"data": "=v"},
    "no pair": {"data": "&&"},
    "what oauthlib takes for a form": {"data": "a:;+~,*@!()/?'$b"},
    "an escape": {"data": "a%20b"},
    "a broken escape": {"data": "a%2"},
    "no escape": {"data": "a%zz"},
    "half an escape": {"data": "a%2zb"},
    "an escape at the end": {"data": "a=1%"},
    "text that is not ASCII": {"data": "é=1"},
    "text of another type": {"data": "a=1", "headers": {"Content-Type": "text/plain"}},
    "bytes without a type": {"data": b"a=1"},
    "headers": {"headers": {"X-Text": "é".encode("latin-1").decode("latin-1"), "X-Bytes": b"b"}},
    "an Authorization": {"headers": {"Authorization": "Basic YTpi"}},
    "a Host": {"headers": {"Host": "other.example"}},
}
# Where theirs goes wrong, see test_peer_bugs.py too.
MALFORMED = {("QUERY", "an Authorization"), ("BODY", "an Authorization")}  # theirs reads it
NOT_FORMS = {
    "JSON",
    "text of JSON",
    "files",
    "a sentence",
    "no escape",
    "half an escape",
    "text that is not ASCII",
}
# Theirs parses a form that gets the parameters, and writes it anew: `hello` becomes `hello=`.
REWRITTEN = {
    "a word",
    "a number",
    "no pair",
    "what oauthlib takes for a form",
    "an escape",
    "a broken escape",
    "an escape at the end",
    "bytes of a form",
}
# Theirs makes text of bytes, which is the same on the wire.
BYTES = {"bytes of a form", "bytes without a type", "headers"}


def is_same(placement: str, name: str, decoding: str | None) -> bool:
    is_wrong = (placement, name) in MALFORMED or (decoding is None and name in BYTES)
    return not is_wrong and (placement != "BODY" or name not in NOT_FORMS | REWRITTEN)


@pytest.mark.parametrize(
    ("placement", "name", "decoding"),
    [
        case
        for case in itertools.product(["AUTH_HEADER", "QUERY", "BODY"], REQUESTS, ["utf-8", None])
        if is_same(*case)
    ],
)
def test_a_request_is_what_theirs_is(placement: str, name: str, decoding: str | None) -> None:
    options = {"signature_type": placement, "decoding": decoding}
    ours, theirs = (
        # Theirs writes a query anew.
        prepared(auth_class, options=options, url="https://a.example/", **REQUESTS[name])
        for auth_class in (STRICT, THEIRS)
    )
    assert ours == theirs


@example("%%41=a")
@example("%a%=b")
@given(st.text(st.sampled_from("a1F%&=;+_.-:~,*@!()/?'$ []{}\"#é"), max_size=12))
def test_the_guess_is_theirs(text: str) -> None:
    request = requests.Request("POST", URL, data=text, auth=STRICT("client")).prepare()
    assert ("Content-Type" in request.headers) == bool(extract_params(text))


@pytest.mark.parametrize("method", SIGNATURE_METHODS)
def test_every_method_gives_the_same_signature(method: str) -> None:
    options = {"signature_method": method, "rsa_key": rsa_keys.pkcs8()}
    assert prepared(STRICT, options=options) == prepared(THEIRS, options=options)


@pytest.mark.parametrize(
    "options",
    [
        {"resource_owner_key": "", "resource_owner_secret": "", "realm": ""},
        {"resource_owner_key": None, "callback_uri": "", "verifier": ""},
        {"client_key": "", "client_secret": ""},
        {"signature_type": "auth_header", "realm": "Example"},
        {"callback_uri": "https://a/?b=c%20d", "verifier": "v"},
        {"client_key": b"client", "client_secret": b"secret", "realm": b"r"},
        {"rsa_key": "no key at all"},
    ],
)
def test_settings_mean_what_they_mean_there(options: dict[str, Any]) -> None:
    assert prepared(STRICT, options=options) == prepared(THEIRS, options=options)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"client_key": None}, {}),
        ({"client_key": 5}, {}),
        ({"signature_method": "HMAC-MD5"}, {}),
        ({"signature_type": "FOOTER"}, {}),
        ({"signature_method": "RSA-SHA1"}, {}),
        ({"signature_method": "RSA-SHA256", "rsa_key": ""}, {}),
        ({"signature_method": "RSA-SHA512"}, {}),
        ({"signature_type": "BODY"}, {"json": {"a": 1}}),
        ({"signature_type": "BODY"}, {"data": "a b"}),
        ({}, {"method": "GET", "data": "a=1"}),
        ({}, {"method": "HEAD", "data": {"a": "1"}}),
        ({"signature_type": "BODY"}, {"method": "GET", "data": "a=1"}),
    ],
)
def test_what_cannot_be_signed_fails_at_the_first_signature_with_their_text(
    options: dict[str, Any], arguments: dict[str, Any]
) -> None:
    STRICT(**{**OPTIONS, **options})  # not here: settings may be written until then
    theirs = error_of(THEIRS, options=options, **arguments)
    assert error_of(STRICT, options=options, **arguments) == theirs


def test_a_stream_that_should_be_a_form_is_not_read() -> None:
    """The text is what theirs means to say; it fails on the way there."""
    body = io.BytesIO(b"a=1")
    text = "Headers indicate a formencoded body but body was not decodable."
    assert error_of(STRICT, data=body, headers=FORM) == text
    assert body.tell() == 0


def test_missing_settings_may_be_written_before_the_first_signature() -> None:
    auth = STRICT(None, signature_method="RSA-SHA1")
    auth.client.client_key = "client"
    auth.client.rsa_key = rsa_keys.pkcs8()
    assert b"RSA-SHA1" in requests.Request("GET", URL, auth=auth).prepare().headers["Authorization"]


def test_a_request_that_cannot_be_signed_stays_as_it_was() -> None:
    request = requests.Request("GET", URL, data="a=1").prepare()
    before = request.url, dict(request.headers), request.body
    with pytest.raises(OAuth1Error):
        STRICT("client")(request)
    assert before == (request.url, dict(request.headers), request.body)


@pytest.mark.parametrize("name", ["resource_owner_secret", "client_secret", "verifier"])
def test_a_secret_of_the_wrong_type_is_not_shown(name: str) -> None:
    """Theirs shows it."""
    options = {name: bytearray(b"canary")}
    assert "canary" in error_of(THEIRS, options=options)
    text = "Only unicode objects are escapable. Got '****' of type <class 'bytearray'>."
    assert error_of(STRICT, options=options) == text


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_plaintext_over_http_is_sent_with_a_warning(placement: str) -> None:
    options = {"signature_method": "PLAINTEXT", "signature_type": placement}
    arguments: dict[str, Any] = {"options": options, "url": "http://a.example/", "data": {"a": "1"}}
    with pytest.warns(InsecurePlaintextWarning, match="use https") as caught:
        ours = prepared(STRICT, **arguments)
    assert ours == prepared(THEIRS, **arguments)
    assert "secret" not in str(caught[0].message).replace("the secrets themselves", "")


def test_the_warning_is_shown_once() -> None:
    options = {**OPTIONS, "signature_method": "PLAINTEXT"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            # From one line of requests', whoever makes the request.
            requests.Request("GET", "http://a.example/", auth=STRICT(**options)).prepare()
    assert [warning.category for warning in caught] == [InsecurePlaintextWarning]


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://a.example/", {}),
        ("http://127.0.0.1/", {}),
        ("http://a.example/", {"allow_insecure_plaintext": True}),
        ("http://a.example/", {"signature_method": "HMAC-SHA1"}),
    ],
)
def test_there_is_no_warning_where_there_is_no_danger(url: str, options: dict[str, Any]) -> None:
    options = {"signature_method": "PLAINTEXT", **options}
    prepared(STRICT, url=url, options=options)  # warnings are errors here


@pytest.mark.parametrize("placement", ["QUERY", "BODY"])
def test_an_authorization_header_stays_beside_parameters_elsewhere(placement: str) -> None:
    headers = {"Authorization": 'OAuth oauth_token="other"'}
    ours = prepared(STRICT, options={"signature_type": placement}, headers=headers)
    assert ("Authorization", headers["Authorization"].encode()) in ours["headers"]


@pytest.mark.parametrize("decoding", ["utf-8", None])
@pytest.mark.parametrize(
    "arguments",
    [
        {"data": "hello"},  # a form, by the guess
        {"data": "123"},
        {"data": "a=1"},
        {"data": {"a": "1"}},
        {"json": {"a": 1}},
        {},
    ],
)
def test_a_client_class_of_oauthlibs_is_called_as_theirs_calls_it(
    arguments: dict[str, Any], decoding: str | None
) -> None:
    options = {"client_class": oauthlib.oauth1.Client, "decoding": decoding}
    ours, theirs = (
        prepared(auth_class, options=options, **arguments) for auth_class in (STRICT, THEIRS)
    )
    assert ours == theirs


def test_a_charset_stays_with_a_client_class_of_oauthlibs() -> None:
    """Theirs drops it. It becomes bytes like the others."""
    form = "application/x-www-form-urlencoded; charset=utf-8"
    ours = prepared(
        STRICT,
        options={"client_class": oauthlib.oauth1.Client},
        data="a=1",
        headers={"Content-Type": form},
    )
    assert ("Content-Type", form.encode()) in ours["headers"]


def test_an_empty_realm_of_one_call_is_none() -> None:
    client_classes: list[Any] = [oauth1_auth.Client, oauthlib.oauth1.Client]
    ours, theirs = (
        client_class("key", nonce="n", timestamp="1", realm="own").sign("http://a/", realm="")
        for client_class in client_classes
    )
    assert ours == theirs


def test_a_method_cannot_be_replaced_on_one_client() -> None:
    client: Any = oauth1_auth.OAuth1("key").client
    client.note = "anything else can"
    with pytest.raises(AttributeError, match="sign cannot be replaced on a client: override it"):
        client.sign = lambda *_: ("https://example.com/", {}, None)


def test_it_is_an_auth_of_requests() -> None:
    assert isinstance(STRICT("key"), requests.auth.AuthBase)


def test_subclasses_have_any_constructor_and_any_client() -> None:
    class Mine(oauth1_rs.requests_oauthlib.OAuth1):
        client_class = oauthlib.oauth1.Client

        def __init__(self, name: str) -> None:
            super().__init__(name, "secret", nonce="n")
            self.name = name

    auth = Mine("mine")
    assert type(auth.client) is oauthlib.oauth1.Client
    duplicate = copy.deepcopy(auth)
    assert (type(duplicate), duplicate.name, duplicate.client.nonce) == (Mine, "mine", "n")


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda auth: pickle.loads(pickle.dumps(auth))]
)
def test_copies_follow_the_same_rules(duplicate: Callable[[Any], Any]) -> None:
    auth = duplicate(STRICT("key", signature_method="PLAINTEXT", realm=""))
    with pytest.warns(InsecurePlaintextWarning):
        headers: Any = requests.Request("GET", "http://a.example/", auth=auth).prepare().headers
    assert headers["Authorization"].startswith(b"OAuth oauth_nonce=")
    copied = duplicate(auth.client)
    copied.signature_type = "FOOTER"
    with pytest.raises(OAuth1Error, match="Unknown signature type specified"):
        copied.sign("https://a.example/")


# What the modules of theirs have that is no name of their own.
INCIDENTAL = {
    "add_params_to_uri",
    "extract_params",
    "log",
    "logging",
    "requests",
    "to_native_string",
    "urldecode",
    "_urldecode",
    "urlparse",
    "AuthBase",
}


@pytest.mark.parametrize(
    ("ours", "theirs"), [(oauth1_auth, their_auth), (oauth1_session, their_session)]
)
def test_the_modules_have_their_names(ours: object, theirs: object) -> None:
    names = {name for name in vars(theirs) if not name.startswith("__")} - INCIDENTAL
    assert [name for name in sorted(names) if not hasattr(ours, name)] == []
    constants = [name for name in names if isinstance(getattr(theirs, name), str)]
    assert [name for name in constants if getattr(ours, name) != getattr(theirs, name)] == []


def test_requests_arrive(server: WireServer) -> None:
    for auth_class in (STRICT, THEIRS):
        requests.post(server.url, data={"a": "1"}, auth=auth_class(**OPTIONS), timeout=10)
    ours, theirs = server.requests
    assert sorted(ours.headers) == sorted(theirs.headers)
    assert ours.body == theirs.body
