"""Where requests-oauthlib goes wrong on the wire, and that ours does not.

Ours is `oauth1_rs` and, though it is much like theirs otherwise, `oauth1_rs.requests_oauthlib`.

Each test makes the same request with ours and with theirs. The verifier judges what arrived. How
theirs fails is asserted to the letter: once it is mended the test says so, and the difference is
gone.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import pathlib
import re
import traceback
from collections.abc import Iterator
from typing import Any

import jwt.algorithms
import pytest
import requests
import rsa_keys
import urllib3.util.connection
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oauth1_rs import OAuth1Error, OAuth1TypeError
from peers import (
    CREDENTIALS,
    FORM,
    MAIN,
    NO_BODY,
    NOT_A_FORM,
    NOT_DECODABLE,
    NOT_UTF_8,
    SECRETS,
    STRICT,
    THEIRS,
    UNSIGNED,
    WRONG_SIGNATURE,
    AuthClass,
    Raised,
    assert_accepted,
    assert_raises,
    before_ours,
    header,
    judge,
    send,
    send_by_both,
)
from streams import LINES, STREAMS, whole
from verifier import FORM_MEDIA_TYPE, WireRequest, verify
from wire_server import WireServer

in_every_place = pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])


@pytest.fixture(params=[MAIN, STRICT], ids=["main", "strict"])
def our_class(request: pytest.FixtureRequest) -> AuthClass:
    auth_class: AuthClass = request.param
    return auth_class


# --- Bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        ("BytesIO", LINES.index(b"\n") + 1),
        ("file", LINES.index(b"\n") + 1),
        ("generator", 100),
        ("encoder", 0),  # it cannot be iterated, so that their guess leaves it alone
    ],
)
def test_a_stream_without_a_content_type_arrives_whole(
    our_class: AuthClass, server: WireServer, tmp_path: pathlib.Path, kind: str, lost: int
) -> None:
    """To guess whether it is a form, theirs takes the first line or chunk out of it.

    The length is counted afterwards, so that no server notices.
    """
    for auth_class in (our_class, THEIRS):
        body = STREAMS[kind](tmp_path)
        send(auth_class, server.url, "POST", data=body)
        if kind == "file":
            body.close()
    ours, theirs = server.requests
    assert ours.body == whole(kind)
    assert theirs.body == whole(kind)[lost:]
    for request in (ours, theirs):
        assert_accepted(request)
        length = None if kind == "generator" else str(len(request.body))
        assert header(request, "Content-Length") == length
        assert header(request, "Content-Type") is None


@in_every_place
@pytest.mark.parametrize("body", ["", "a=1"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_and_head_are_signed_with_the_content_type_of_a_form(
    our_class: AuthClass, server: WireServer, method: str, body: str, placement: str
) -> None:
    """A session that sets the header for its POSTs sends it with every GET."""
    arguments: dict[str, Any] = {"headers": FORM, "data": body, "placement": placement}
    assert_raises((ValueError, NO_BODY), THEIRS, server, method, **arguments)
    if body and our_class is STRICT:
        assert_raises((OAuth1Error, NO_BODY), our_class, server, method, **arguments)
        return
    send(our_class, server.url, method, **arguments)
    assert_accepted(server.last)
    assert header(server.last, "Content-Type") == FORM_MEDIA_TYPE
    assert server.last.body.startswith(body.encode())
    assert placement == "BODY" or server.last.body == body.encode()


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\xff\xd9"
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + JPEG + b"\r\n--b--\r\n"


def typed(content_type: str, data: bytes) -> dict[str, Any]:
    return {"data": data, "headers": {"Content-Type": content_type}}


@pytest.mark.parametrize(
    ("method", "arguments", "sent", "is_hashed", "theirs"),
    [
        ("GET", {}, b"", False, NOT_A_FORM),
        ("POST", {}, b"", False, NOT_A_FORM),
        ("POST", {"data": JPEG}, JPEG, False, NOT_UTF_8),
        ("POST", typed("image/jpeg", JPEG), JPEG, True, NOT_UTF_8),
        ("PUT", typed("multipart/form-data; boundary=b", MULTIPART), MULTIPART, True, NOT_UTF_8),
        ("POST", {"json": 1}, b"1", True, NOT_A_FORM),
        # With these two theirs is right too.
        ("POST", {"json": {"a": 1}}, b'{"a": 1}', True, None),
        ("POST", {"data": {"a": "1"}}, b"a=1", False, None),
    ],
)
def test_force_include_body_takes_every_request(
    our_class: AuthClass,
    server: WireServer,
    method: str,
    arguments: dict[str, Any],
    sent: bytes,
    is_hashed: bool,
    theirs: Raised | None,
) -> None:
    """Theirs decodes whatever there is as UTF-8, and takes no body for an empty form."""
    arguments = {**arguments, "options": {"force_include_body": True}}
    send(our_class, server.url, method, **arguments)
    assert_hashed(server.last, sent, is_hashed=is_hashed)
    if theirs is None:
        send(THEIRS, server.url, method, **arguments)
        assert_hashed(server.last, sent, is_hashed=is_hashed)
    else:
        assert_raises(theirs, THEIRS, server, method, **arguments)


@pytest.mark.parametrize("content_type", [None, "image/jpeg"])
def test_force_include_body_takes_an_open_file(
    our_class: AuthClass, server: WireServer, tmp_path: pathlib.Path, content_type: str | None
) -> None:
    """Theirs has its lines encoded to text, as a list of parameters."""
    with STREAMS["file"](tmp_path) as file:
        arguments: dict[str, Any] = {"data": file, "options": {"force_include_body": True}}
        arguments["headers"] = {} if content_type is None else {"Content-Type": content_type}
        send(our_class, server.url, "POST", **arguments)
        assert_hashed(server.last, LINES, is_hashed=content_type is not None)
        file.seek(0)
        expected = (AttributeError, "'generator' object has no attribute 'encode'")
        assert_raises(expected, THEIRS, server, "POST", **arguments)


def assert_hashed(request: WireRequest, sent: bytes, *, is_hashed: bool) -> None:
    """Assert that the body arrived as it was, and the right hash with it or none."""
    parameters = assert_accepted(request).parameters
    assert request.body == sent
    digest = base64.b64encode(hashlib.sha1(sent).digest())
    assert parameters.get(b"oauth_body_hash") == (digest if is_hashed else None)


@in_every_place
@pytest.mark.parametrize(
    ("body", "theirs"),
    [
        ("items[0]=a", NOT_DECODABLE),
        ('{"a":1}', NOT_DECODABLE),
        ("q=a b", NOT_DECODABLE),
        ("q=<b>|^`\\", NOT_DECODABLE),
        ("q=100%zz", NOT_DECODABLE),
        ("q=é", NOT_DECODABLE),
        ("q=é".encode(), NOT_DECODABLE),
        (b"q=\xff", NOT_UTF_8),
    ],
)
def test_a_form_may_hold_any_byte(
    our_class: AuthClass, server: WireServer, body: str | bytes, theirs: Raised, placement: str
) -> None:
    """Theirs takes only the characters of a list, which clients and servers do not know."""
    arguments: dict[str, Any] = {"headers": FORM, "data": body, "placement": placement}
    send(our_class, server.url, "POST", **arguments)
    assert_accepted(server.last)
    assert before_ours(server.last.body) == (body.encode() if isinstance(body, str) else body)
    assert_raises(theirs, THEIRS, server, "POST", **arguments)


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize(
    "content_type",
    ["Application/X-WWW-Form-Urlencoded", "APPLICATION/X-WWW-FORM-URLENCODED;charset=utf-8"],
)
def test_the_case_of_the_media_type_does_not_matter(
    our_class: AuthClass, server: WireServer, content_type: str, placement: str
) -> None:
    """RFC 9110 section 8.3.1. Theirs leaves the form unsigned."""
    headers = {"Content-Type": content_type}
    send_by_both(our_class, server.url, "POST", data="a=1", headers=headers, placement=placement)
    ours, theirs = server.requests
    assert header(ours, "Content-Type") == header(theirs, "Content-Type") == content_type
    assert b"a%3D1" in assert_accepted(ours).base_string
    assert judge(theirs).reason == WRONG_SIGNATURE


@in_every_place
@pytest.mark.parametrize("parameter", ["; charset=UTF-8", ";charset=iso-8859-1"])
def test_the_charset_of_a_form_is_sent(
    our_class: AuthClass, server: WireServer, parameter: str, placement: str
) -> None:
    """Theirs drops it, so that the server has to guess."""
    headers = {"Content-Type": FORM_MEDIA_TYPE + parameter}
    send_by_both(our_class, server.url, "POST", data="a=1", headers=headers, placement=placement)
    ours, theirs = server.requests
    assert b"a%3D1" in assert_accepted(ours).base_string
    assert header(ours, "Content-Type") == headers["Content-Type"]
    assert header(theirs, "Content-Type") == FORM_MEDIA_TYPE


# --- Escapes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("placement", ["QUERY", "BODY"])
@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("callback_uri", "https://client.example/ready?next=%2Ffoo%20bar", b"oauth_callback"),
        ("verifier", "%41", b"oauth_verifier"),
        ("resource_owner_key", "100%25", b"oauth_token"),
        ("client_key", "a%2Fb", b"oauth_consumer_key"),
    ],
)
def test_escapes_in_protocol_parameters_are_decoded_once(
    our_class: AuthClass, server: WireServer, option: str, value: str, name: bytes, placement: str
) -> None:
    """Theirs decodes the values that it has put into query or form twice, and signs the result."""
    options = {option: value}
    send_by_both(
        our_class, server.url, "POST", data={"a": "1"}, options=options, placement=placement
    )
    ours, theirs = server.requests
    assert assert_accepted(ours).parameters[name] == value.encode()
    assert judge(theirs).parameters[name] == value.encode()
    assert judge(theirs).reason == WRONG_SIGNATURE


@in_every_place
@pytest.mark.parametrize("escapes_are_in", ["QUERY", "BODY"])
@pytest.mark.parametrize("escape", ["%E4", "%FF", "%ED%A0%80"])
def test_escapes_that_are_not_utf_8_are_signed_as_bytes(
    our_class: AuthClass, server: WireServer, escape: str, escapes_are_in: str, placement: str
) -> None:
    """Theirs signs U+FFFD in their place, and sends it too where it puts its parameters."""
    query, form = f"q={escape}&r=1", "a=1"
    if escapes_are_in == "BODY":
        query, form = form, query
    url = f"{server.url}/?{query}"
    send_by_both(our_class, url, "POST", data=form, headers=FORM, placement=placement)
    ours, theirs = server.requests
    assert_accepted(ours)
    assert before_ours(ours.query) == query.encode()
    assert before_ours(ours.body) == form.encode()
    if placement == escapes_are_in:
        rewritten = theirs.query if placement == "QUERY" else theirs.body
        assert re.fullmatch(rb"q=(%EF%BF%BD)+&r=1", before_ours(rewritten))
    else:
        assert judge(theirs).reason == WRONG_SIGNATURE


@pytest.mark.parametrize(
    ("query", "theirs"),
    [
        ("q=a%20b", b"q=a+b"),
        ("flag&last", b"flag=&last="),
        ("a[]=1&a[]=x%20y", b"a%5B%5D=1&a%5B%5D=x+y"),
        ("q=%E4", b"q=%EF%BF%BD"),
        ("a=1&&b=2", b"a=1&b=2"),
        ("q=(*);x", b"q=%28%2A%29%3Bx"),
    ],
)
def test_query_placement_keeps_the_callers_query(
    our_class: AuthClass, server: WireServer, query: str, theirs: bytes
) -> None:
    """Theirs parses the query and writes it anew: what it signs is not what the caller gave."""
    url = f"{server.url}/path?{query}"
    requests.get(url, timeout=10)
    send_by_both(our_class, url, placement="QUERY")
    unsigned, ours, rewritten = server.requests
    assert_accepted(ours)
    assert before_ours(ours.target) == unsigned.target
    assert before_ours(rewritten.query) == theirs


# --- Where the request goes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("placement", "theirs"),
    [("AUTH_HEADER", WRONG_SIGNATURE), ("QUERY", UNSIGNED), ("BODY", WRONG_SIGNATURE)],
)
def test_a_redirect_within_the_origin_is_signed_afresh(
    our_class: AuthClass, server: WireServer, placement: str, theirs: str
) -> None:
    """With theirs as a plain `auth=`, the old nonce and signature go out again, or nothing."""
    server.redirects["/first"] = (307, "/second?c=3")
    send_by_both(
        our_class, f"{server.url}/first", "POST", data="a=1", headers=FORM, placement=placement
    )
    paths = [request.target.partition(b"?")[0] for request in server.requests]
    assert paths == [b"/first", b"/second"] * 2
    nonces = [assert_accepted(hop).parameters[b"oauth_nonce"] for hop in server.requests[:2]]
    assert nonces[0] != nonces[1]
    first, second = (judge(hop) for hop in server.requests[2:])
    assert first.accepted, first.reason
    assert second.reason == theirs
    assert second.parameters == ({} if theirs == UNSIGNED else first.parameters)


@pytest.fixture
def ipv6_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WireServer]:
    """Get every connection that is made, whatever host its URL names, so that any can be tried.

    The server is on ::1, or without IPv6 on 127.0.0.1. What is sent is the same: only the
    connection is made to another address. A proxy would be sent something else.
    """
    monkeypatch.setenv("no_proxy", "*")
    try:
        server = WireServer(address=("::1", 0))
    except OSError:
        server = WireServer()
    connect = urllib3.util.connection.create_connection

    def connect_to_the_server(_: object, *arguments: Any, **keywords: Any) -> Any:
        return connect(server.address, *arguments, **keywords)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect_to_the_server)
    with server:
        yield server


@pytest.mark.parametrize("where", ["URL", "Host"])
@pytest.mark.parametrize(
    "literal",
    [
        "0:0:0:0:0:0:0:1",
        "0000:0000:0000:0000:0000:0000:0000:0001",
        "::0:1",
        "2001:DB8:0:0:0:0:0:1",
        "0:0:0:0:0:FFFF:7F00:1",
    ],
)
def test_an_ipv6_address_is_signed_as_it_is_sent(
    our_class: AuthClass, ipv6_server: WireServer, literal: str, where: str
) -> None:
    """Theirs signs its shortest form, which is not what `Host` says."""
    host = f"[{literal}]:{ipv6_server.port}"
    if where == "URL":
        send_by_both(our_class, f"http://{host}/path")
        host = host.lower()  # as requests sends it
    else:
        send_by_both(our_class, f"http://[::1]:{ipv6_server.port}/path", headers={"Host": host})
    ours, theirs = ipv6_server.requests
    assert ours.host == theirs.host == host.encode()
    assert_accepted(ours)
    assert judge(theirs).reason == WRONG_SIGNATURE


# --- Secrets and keys -------------------------------------------------------------------------


IDENTIFIERS = {"canary-token", "canary-verifier", "canary-password"}


@pytest.mark.parametrize(
    ("signature_method", "theirs"),
    [("HMAC-SHA1", IDENTIFIERS), ("PLAINTEXT", IDENTIFIERS.union(SECRETS))],
)
def test_debug_logs_show_no_credentials_and_no_body(
    our_class: AuthClass,
    server: WireServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    signature_method: str,
    theirs: set[str],
) -> None:
    """Theirs logs the client, the signed headers and the body."""
    caplog.set_level(logging.DEBUG)
    shown = []
    for auth_class in (our_class, THEIRS):
        caplog.clear()
        options = {"signature_method": signature_method, "verifier": "canary-verifier"}
        data = {"password": "canary-password"}
        send(auth_class, server.url, "POST", data=data, options=options)
        assert_accepted(server.last)
        assert "urllib3.connectionpool" in {record.name for record in caplog.records}
        text = caplog.text + "".join(capfd.readouterr())
        shown.append({canary for canary in IDENTIFIERS.union(SECRETS) if canary in text})
    assert shown == [set(), theirs]


@pytest.mark.parametrize(
    ("arguments", "ours", "theirs"),
    [
        (
            {"options": {"client_secret": bytearray(b"canary-5f2c")}},
            {
                MAIN: (OAuth1TypeError, "client_secret must be str or bytes, got bytearray"),
                STRICT: (OAuth1TypeError, "Got '****' of type <class 'bytearray'>."),
            },
            (ValueError, "Got bytearray(b'canary-5f2c') of type"),
        ),
        (
            {"data": b"\xffpassword=canary-5f2c", "placement": "BODY"},
            {MAIN: (OAuth1Error, "needs a form body"), STRICT: (OAuth1Error, NOT_DECODABLE[1])},
            NOT_UTF_8,
        ),
    ],
    ids=["a secret of the wrong type", "a body that is no form"],
)
def test_exceptions_show_no_credentials_and_no_body(
    our_class: AuthClass,
    server: WireServer,
    arguments: dict[str, Any],
    ours: dict[AuthClass, Raised],
    theirs: Raised,
) -> None:
    """Looked at is what error trackers keep: the text with all that led to it, the arguments."""

    def shown(expected: Raised, auth_class: AuthClass) -> str:
        error = assert_raises(expected, auth_class, server, "POST", **arguments)
        return "".join(traceback.format_exception(error)) + repr(error)

    assert "canary" not in shown(ours[our_class], our_class)
    assert "canary-5f2c" in shown(theirs, THEIRS)


# --- RSA keys ---------------------------------------------------------------------------------


class CountedKey:
    """A private key of the cryptography package that counts how often it is read."""

    def __init__(self) -> None:
        self.readings = 0

    def private_bytes(self, *arguments: Any) -> bytes:
        self.readings += 1
        return rsa_keys.private_key().private_bytes(*arguments)


def test_an_rsa_key_is_parsed_once(
    our_class: AuthClass, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Theirs parses and checks the text of the key at every request, for 40 ms and more."""
    parsed = []

    def counted(data: bytes, password: None) -> object:
        parsed.append(data)
        return load_pem_private_key(data, password)

    monkeypatch.setattr(jwt.algorithms, "load_pem_private_key", counted)
    key = CountedKey()
    options: dict[str, Any] = {"signature_method": "RSA-SHA256"}
    ours = our_class(**CREDENTIALS, **options, rsa_key=key)
    theirs = THEIRS(**CREDENTIALS, **options, rsa_key=rsa_keys.pkcs8())
    for auth in (ours, theirs):
        for _ in range(3):
            requests.get(server.url, auth=auth, timeout=10)
    for request in server.requests:
        assert verify(request, *SECRETS, rsa_keys.public_key()).accepted
    assert key.readings == 1
    assert len(parsed) == 3


@pytest.mark.parametrize("signature_method", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"])
def test_an_rsa_key_is_not_silently_left_unused(server: WireServer, signature_method: str) -> None:
    """Theirs signs by HMAC, and its caller believes that the key was used. Strict does, too."""
    rsa_key = rsa_keys.pkcs8()
    options = {"signature_method": signature_method, "rsa_key": rsa_key}
    error = assert_raises((OAuth1Error, "rsa_key"), MAIN, server, "GET", options=options)
    assert rsa_key.splitlines()[1] not in str(error)
    for auth_class in (STRICT, THEIRS):
        send(auth_class, server.url, options=options)
        parameters = assert_accepted(server.last).parameters
        assert parameters[b"oauth_signature_method"] == signature_method.encode()
