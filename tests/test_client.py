"""`Client.sign`: requests in parts, for frameworks that are not requests."""

from __future__ import annotations

import io
from typing import Any

import pytest
from oauth1_rs import Client, OAuth1Error, OAuth1TypeError
from verifier import WireRequest, verify

URL = "http://example.com/path?b=2&a=1"
FORM = "application/x-www-form-urlencoded"
SETTINGS = [
    "client_key",
    "client_secret",
    "resource_owner_key",
    "resource_owner_secret",
    "callback_uri",
    "signature_method",
    "signature_type",
    "rsa_key",
    "verifier",
    "realm",
    "encoding",
    "decoding",
    "nonce",
    "timestamp",
]
OWN_SETTINGS = [
    "timestamp_offset",
    "protocol_parameters",
    "body_hash",
    "allow_insecure_plaintext",
    "rsa_key_passphrase",
    "single_encoding",
]


def accepted(http_method: str, signed: tuple[Any, Any, Any], client_secret: str = "cs") -> bool:
    uri, headers, body = signed
    return verify(WireRequest.from_url(http_method, uri, headers, body), client_secret).accepted


@pytest.mark.parametrize("name", [*SETTINGS, *OWN_SETTINGS])
def test_every_setting_is_an_attribute(name: str) -> None:
    client = Client("ck")
    value = object()
    setattr(client, name, value)
    assert getattr(client, name) is value
    delattr(client, name)
    assert getattr(client, name) is None


def test_several_settings_are_written_at_once() -> None:
    client = Client("ck", verifier="verifier")
    parameters: dict[str, str | None] = {"oauth_version": None}
    client._replace(resource_owner_key="t", verifier=None, protocol_parameters=parameters)
    parameters["oauth_version"] = "2.0"
    assert client.resource_owner_key == "t"
    assert client.verifier is None
    assert client.protocol_parameters == {"oauth_version": None}
    client._replace()
    with pytest.raises(TypeError, match="Client has no setting token"):
        client._replace(resource_owner_key="u", token="u")
    assert client.resource_owner_key == "t"


def test_defaults_read_back() -> None:
    client = Client("ck")
    assert client.signature_method == "HMAC-SHA1"
    assert client.signature_type == "AUTH_HEADER"
    assert client.encoding == "utf-8"
    assert client.timestamp_offset == 0
    assert client.allow_insecure_plaintext is False
    assert client.single_encoding is False
    others = {*SETTINGS, *OWN_SETTINGS} - {
        "client_key",
        "signature_method",
        "signature_type",
        "encoding",
        "timestamp_offset",
        "allow_insecure_plaintext",
        "single_encoding",
    }
    assert [name for name in sorted(others) if getattr(client, name) is not None] == []


def test_a_misspelt_attribute_is_an_error() -> None:
    client = Client("ck")
    with pytest.raises(AttributeError):
        client.clientkey = "other"  # type: ignore[attr-defined]  # that is the point


def test_a_write_is_checked_at_the_next_signature() -> None:
    client = Client("ck", "cs")
    client.signature_method = "HMAC-MD5"
    with pytest.raises(OAuth1Error, match="signature_method 'HMAC-MD5' is not one of HMAC-SHA1"):
        client.sign(URL)
    client.signature_method = "hmac-sha256"
    assert accepted("GET", client.sign(URL))


def test_only_the_uri_is_needed() -> None:
    uri, headers, body = Client("ck", "cs").sign(URL)
    assert uri == URL
    assert list(headers) == ["Authorization"]
    assert body is None
    assert accepted("GET", (uri, headers, body))


def test_the_callers_headers_are_not_changed() -> None:
    given = {"Accept": "*/*", "authorization": "Basic old", "X-Count": b"1"}
    copy = dict(given)
    _, headers, _ = Client("ck", "cs").sign(URL, headers=given)
    assert given == copy
    assert {name: headers[name] for name in ["Accept", "X-Count"]} == {
        "Accept": "*/*",
        "X-Count": b"1",
    }
    assert [name for name in headers if name.lower() == "authorization"] == ["Authorization"]


@pytest.mark.parametrize(
    "fields", [{"b": "2 é", "a": "1"}, [("b", "2 é"), ("a", "1"), ("a", "0")], (("a", "1"),)]
)
@pytest.mark.parametrize("headers", [None, {}, {"content-type": f"{FORM}; charset=utf-8"}])
def test_fields_are_encoded_as_a_form(fields: Any, headers: dict[str, str] | None) -> None:
    signed = Client("ck", "cs").sign(URL, "POST", fields, headers)
    _, sent_headers, body = signed
    assert isinstance(body, str)
    assert "a=1" in body
    names = [name for name in sent_headers if name.lower() == "content-type"]
    assert len(names) == 1
    assert sent_headers[names[0]].startswith(FORM)
    assert accepted("POST", signed)


def test_fields_with_another_content_type_are_refused() -> None:
    with pytest.raises(OAuth1Error, match="body is a dict, which is sent as a form"):
        Client("ck").sign(URL, "POST", {"a": "1"}, {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "body", [[1, 2], ["ab"], [("a", "1", "2")], {"a": ["1", "2"]}, {"a": None}, [("a", object())]]
)
def test_fields_that_are_no_text_are_refused(body: Any) -> None:
    """What `str` makes of a list is not what anybody wants to send."""
    with pytest.raises(OAuth1TypeError, match="body must be str, bytes, a mapping"):
        Client("ck").sign(URL, "POST", body)


@pytest.mark.parametrize("body", [{"a": 1, b"b": b"\xff", "c": 1.5}, [["a", 1], ("a", "2")]])
def test_fields_may_be_numbers_and_bytes(body: Any) -> None:
    signed = Client("ck", "cs").sign(URL, "POST", body)
    assert signed[2] in ("a=1&b=%FF&c=1.5", "a=1&a=2")
    assert accepted("POST", signed)


@pytest.mark.parametrize("body", [{"a": "1"}, "a=1"])
def test_an_empty_content_type_is_replaced(body: Any) -> None:
    signed = Client("ck", "cs").sign(URL, "POST", body, {"content-type": ""})
    names = [name for name in signed[1] if name.lower() == "content-type"]
    assert names == ["Content-Type"]
    assert accepted("POST", signed)


@pytest.mark.parametrize(
    "content_type", [FORM, f"{FORM};charset=UTF-8", FORM.upper(), FORM.encode()]
)
@pytest.mark.parametrize("body", ["a=1&items[0]=é", b"a=%FF&b", ""])
def test_forms_keep_their_type_and_text(body: str | bytes, content_type: str | bytes) -> None:
    headers = {"Content-Type": content_type}
    signed = Client("ck", "cs").sign(URL, "POST", body, headers)
    assert signed[2] is body
    assert signed[1]["Content-Type"] is content_type
    assert accepted("POST", signed)


def test_text_that_looks_like_a_form_gets_its_content_type() -> None:
    signed = Client("ck", "cs").sign(URL, "POST", "a=1&b=%20")
    assert signed[1]["Content-Type"] == FORM
    assert accepted("POST", signed)


def test_a_body_with_another_content_type_is_hashed_as_oauthlib_does() -> None:
    headers = {"Content-Type": "application/json"}
    signed = Client("ck", "cs").sign(URL, "POST", '{"a": 1}', headers)
    assert 'oauth_body_hash="5K1NqtU6LuwDEzhq2oghHlDWk70%3D"' in signed[1]["Authorization"]
    assert accepted("POST", signed)


def test_streams_are_passed_through_unread() -> None:
    stream = io.BytesIO(b"abc")
    headers = {"Content-Type": "application/octet-stream"}
    signed = Client("ck", "cs").sign(URL, "POST", stream, headers)
    assert signed[2] is stream
    assert stream.tell() == 0
    assert "oauth_body_hash" not in signed[1]["Authorization"]


def test_a_realm_for_one_request() -> None:
    client = Client("ck", "cs", realm="Mine")
    assert client.sign(URL)[1]["Authorization"].startswith('OAuth realm="Mine", ')
    assert client.sign(URL, realm="Theirs")[1]["Authorization"].startswith('OAuth realm="Theirs"')
    assert client.realm == "Mine"


def test_decoding_gives_bytes() -> None:
    uri, headers, body = Client("ck", decoding="utf-8").sign(URL, "POST", "a=1")
    assert isinstance(uri, bytes)
    assert isinstance(body, bytes)
    assert all(type(part) is bytes for pair in headers.items() for part in pair)


def test_the_body_carries_the_parameters_and_its_new_length() -> None:
    client = Client("ck", "cs", signature_type="BODY")
    signed = client.sign(URL, "POST", b"a=1", {"Content-Type": FORM, "content-length": "3"})
    assert isinstance(signed[2], bytes)
    assert signed[2].startswith(b"a=1&oauth_nonce=")
    assert signed[1]["content-length"] == str(len(signed[2]))
    assert accepted("POST", signed)


def test_the_query_keeps_the_callers_text() -> None:
    url = "http://example.com/path?flag&q=%20+%e4&&x=1#fragment"
    signed = Client("ck", "cs", signature_type="QUERY").sign(url)
    assert signed[0].startswith("http://example.com/path?flag&q=%20+%e4&&x=1&oauth_nonce=")
    assert signed[0].endswith("#fragment")
    assert accepted("GET", signed)


def test_a_write_before_init_is_an_error_and_no_deadlock() -> None:
    """What is written is dropped then, which may run code that comes back to the client."""

    class Reading:
        def __init__(self) -> None:
            self.client = Client.__new__(Client)

        def __del__(self) -> None:
            with pytest.raises(AttributeError):
                _ = self.client.verifier

    value = Reading()
    client = value.client
    held = [value]
    del value
    with pytest.raises(AttributeError, match="__init__ was not called"):
        setattr(client, "nonce", held.pop())  # noqa: B010 - so that nothing else holds the value
