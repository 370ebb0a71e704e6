"""No body is lost: what the caller gives arrives byte for byte, and files stay where they were."""

from __future__ import annotations

import base64
import hashlib
import io
import pathlib
from typing import Any

import oauthlib.oauth1
import pytest
import requests
from oauth1_rs import Client, OAuth1, OAuth1Error, OAuth1TypeError
from streams import LINES, STREAMS, generator, opened, whole
from verifier import verify
from wire_server import WireServer

CREDENTIALS = ("client key", "client secret", "token", "token secret")
FORM = "application/x-www-form-urlencoded"


def accepted(server: WireServer) -> bool:
    return verify(server.last, CREDENTIALS[1], CREDENTIALS[3]).accepted


class Overriding(Client):
    """A subclass whose `sign` has to be called."""

    def sign(self, *arguments: Any, **keywords: Any) -> Any:
        return super().sign(*arguments, **keywords)


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain"])
@pytest.mark.parametrize("kind", STREAMS)
def test_streams_arrive_whole(
    server: WireServer, tmp_path: pathlib.Path, kind: str, content_type: str
) -> None:
    body = STREAMS[kind](tmp_path)
    headers = {"Content-Type": content_type}
    requests.post(server.url, data=body, headers=headers, auth=OAuth1(*CREDENTIALS))
    assert server.last.body == whole(kind)
    assert dict(server.last.headers).get("Content-Type") == content_type
    assert accepted(server)
    if kind == "file":
        body.close()


def test_signing_does_not_touch_a_file(tmp_path: pathlib.Path) -> None:
    with opened(tmp_path / "upload") as file:
        file.seek(17)
        request = requests.Request("POST", "http://example.com/", data=file).prepare()
        OAuth1(*CREDENTIALS)(request)
        assert request.body is file
        assert file.tell() == 17


def test_a_partly_read_file_is_sent_from_where_it_is(
    server: WireServer, tmp_path: pathlib.Path
) -> None:
    with opened(tmp_path / "upload") as file:
        file.seek(17)
        requests.put(server.url, data=file, auth=OAuth1(*CREDENTIALS))
    assert server.last.body == LINES[17:]
    assert accepted(server)


def test_a_generator_is_not_started_by_signing() -> None:
    body = generator()
    request = requests.Request("POST", "http://example.com/", data=body).prepare()
    OAuth1(*CREDENTIALS)(request)
    assert request.body is body
    assert next(body) == LINES[:100]


@pytest.mark.parametrize(
    "arguments",
    [
        {"json": {"status": "Hello, 世界", "a": [1, 2]}},
        {"data": b"a=1&b=2"},
        {"data": LINES},
        {"data": "just text"},
        {"data": '{"a": 1}'},
        {"data": "100%"},
        {"data": "a=1&b"},
        {"data": "=1"},
        {"data": b"\x00\xff", "headers": {"Content-Type": "image/jpeg"}},
        {"data": "a=1", "headers": {"Content-Type": "text/plain"}},
        {"data": "<a>&=</a>", "headers": {"Content-Type": "application/xml; charset=utf-8"}},
        {"files": {"photo": ("photo.jpg", LINES, "image/jpeg")}, "data": {"title": "a=b&c"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_bodies_are_neither_signed_nor_changed(
    server: WireServer, method: str, arguments: dict[str, Any]
) -> None:
    prepared = requests.Request(method, server.url, **arguments).prepare()
    body, content_type = prepared.body, prepared.headers.get("Content-Type")
    prepared.prepare_auth(OAuth1(*CREDENTIALS))
    assert prepared.body is body
    assert prepared.headers.get("Content-Type") == content_type
    requests.Session().send(prepared)
    assert server.last.body == (body.encode() if isinstance(body, str) else body)
    assert accepted(server)


FORMS: list[str | bytes | bytearray] = [
    "status=Hello+Ladies+%2B+Gentlemen%21&a=2&a=1",
    b"a=%E4%FF&b=%zz&100%&=v&k&k=&&",
    bytearray(b"items[0]=a&{}='$!*()"),
    "raw=日本語 é",
    "",
    b"",
]


@pytest.mark.parametrize("body", FORMS, ids=repr)
@pytest.mark.parametrize(
    "content_type",
    [FORM, f"{FORM}; charset=UTF-8", "Application/X-WWW-Form-Urlencoded", FORM.encode()],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
def test_forms_are_signed_and_arrive_as_given(
    server: WireServer, method: str, content_type: str | bytes, body: str | bytes | bytearray
) -> None:
    prepared = requests.Request(
        method, server.url, data=bytes(body) if isinstance(body, bytearray) else body
    ).prepare()
    if body:
        prepared.body = body  # type: ignore[assignment]  # requests' types lack bytearray
    prepared.headers["Content-Type"] = content_type
    prepared.prepare_auth(OAuth1(*CREDENTIALS))
    assert prepared.headers["Content-Type"] is content_type
    requests.Session().send(prepared)
    assert server.last.body == (body.encode() if isinstance(body, str) else bytes(body))
    verdict = verify(server.last, CREDENTIALS[1], CREDENTIALS[3])
    assert verdict.accepted, verdict.reason
    if b"items" in bytes(server.last.body):
        assert b"items%255B0%255D%3Da" in verdict.base_string


def test_text_that_looks_like_a_form_is_sent_as_one(server: WireServer) -> None:
    requests.post(server.url, data="status=Hello+World&empty=", auth=OAuth1(*CREDENTIALS))
    assert dict(server.last.headers)["Content-Type"] == FORM
    verdict = verify(server.last, CREDENTIALS[1], CREDENTIALS[3])
    assert verdict.accepted
    assert b"status%3DHello%2520World" in verdict.base_string


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_called_a_form_is_refused_before_it_is_read(
    server: WireServer, tmp_path: pathlib.Path, kind: str
) -> None:
    body = STREAMS[kind](tmp_path)
    headers = {"Content-Type": FORM}
    with pytest.raises(OAuth1TypeError, match="must be str or bytes"):
        requests.post(server.url, data=body, headers=headers, auth=OAuth1(*CREDENTIALS))
    assert server.requests == []
    rest = b"".join(body) if kind == "generator" else body.read()
    assert rest.startswith(LINES[:100])
    if kind == "file":
        body.close()


def test_a_request_that_cannot_be_signed_is_left_as_it_was() -> None:
    prepared = requests.Request("POST", "http://example.com/?oauth_nonce=1", data="a=1").prepare()
    before = (prepared.url, dict(prepared.headers), prepared.body)
    with pytest.raises(OAuth1Error, match="query already has oauth_nonce"):
        OAuth1(*CREDENTIALS)(prepared)
    assert (prepared.url, dict(prepared.headers), prepared.body) == before


@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("body", ["a=1&b=2", b"a=1&b=2", None])
def test_content_length_counts_what_is_sent(
    server: WireServer, signature_type: str, body: str | bytes | None
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_type=signature_type)
    requests.post(server.url, data=body, headers={"Content-Type": FORM}, auth=auth)
    assert server.last.body.startswith(b"a=1&b=2" if body else b"")
    assert accepted(server)


@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("client_class", [None, Overriding, oauthlib.oauth1.Client])
@pytest.mark.parametrize("decoding", [None, "utf-8"])
def test_text_is_sent_as_the_utf_8_that_was_signed(
    server: WireServer, signature_type: str, client_class: type | None, decoding: str | None
) -> None:
    """urllib3 before version 2 would send it as Latin-1."""
    is_oauthlib = client_class is oauthlib.oauth1.Client  # which refuses the character itself
    body = "name=Andr%C3%A9" if is_oauthlib else "name=André"
    auth = OAuth1(
        *CREDENTIALS, signature_type=signature_type, client_class=client_class, decoding=decoding
    )
    requests.post(server.url, data=body, headers={"Content-Type": FORM}, auth=auth)
    assert server.last.body.startswith(body.encode())
    assert accepted(server)


def test_text_is_hashed_as_it_is_sent(server: WireServer) -> None:
    headers = {"Content-Type": "text/plain"}
    auth = OAuth1(*CREDENTIALS, body_hash="sha256")
    requests.post(server.url, data="héllo", headers=headers, auth=auth)
    assert server.last.body == "héllo".encode()
    verdict = verify(server.last, CREDENTIALS[1], CREDENTIALS[3])
    digest = hashlib.sha256(server.last.body).digest()
    assert verdict.parameters[b"oauth_body_hash"] == base64.b64encode(digest)


@pytest.mark.parametrize("client_class", [None, Overriding])
@pytest.mark.parametrize("decoding", [None, "utf-8"])
@pytest.mark.parametrize("kind", [*STREAMS, "PNG", "JSON"])
def test_parameters_are_not_put_into_what_is_no_form(
    server: WireServer,
    tmp_path: pathlib.Path,
    kind: str,
    decoding: str | None,
    client_class: type | None,
) -> None:
    in_memory = {"PNG": b"\x89PNG\r\n", "JSON": '{"a": 1}'}
    body: Any = in_memory[kind] if kind in in_memory else STREAMS[kind](tmp_path)
    auth = OAuth1(*CREDENTIALS, signature_type="BODY", client_class=client_class, decoding=decoding)
    with pytest.raises(OAuth1Error, match="needs a form body"):
        requests.post(server.url, data=body, auth=auth)
    assert server.requests == []
    if kind == "file":
        body.close()


@pytest.mark.parametrize("client_class", [None, Overriding, oauthlib.oauth1.Client])
@pytest.mark.parametrize("decoding", [None, "utf-8"])
@pytest.mark.parametrize("force_include_body", [False, True])
@pytest.mark.parametrize("kind", ["generator", "BytesIO", "none"])
def test_every_client_leaves_streams_and_empty_bodies_alone(
    server: WireServer,
    tmp_path: pathlib.Path,
    kind: str,
    force_include_body: bool,
    decoding: str | None,
    client_class: type | None,
) -> None:
    body = STREAMS[kind](tmp_path) if kind in STREAMS else None
    auth = OAuth1(
        *CREDENTIALS,
        client_class=client_class,
        decoding=decoding,
        force_include_body=force_include_body,
    )
    if body is None and client_class is not oauthlib.oauth1.Client:
        # oauthlib refuses a GET that says it has a form.
        requests.get(server.url, headers={"Content-Type": FORM}, auth=auth)
        assert not any(name == "Transfer-Encoding" for name, _ in list(server.last.headers))
    else:
        requests.post(server.url, data=body, auth=auth)
    assert server.last.body == (b"" if body is None else whole(kind))
    assert accepted(server)


class Unseekable(io.RawIOBase):
    """Has a position, but cannot go back to it, as a response's body."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = False

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def read(self, size: int = -1) -> bytes:
        self.is_read = True
        return b""


def test_a_stream_that_cannot_go_back_is_refused_unread() -> None:
    stream = Unseekable()
    with pytest.raises(OAuth1TypeError, match="seekable binary file"):
        Client("ck", body_hash="sha1").sign("http://a/", "POST", stream)
    assert not stream.is_read


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("kind", ["BytesIO", "file"])
def test_a_file_is_hashed_from_where_it_is_and_put_back(
    server: WireServer, tmp_path: pathlib.Path, kind: str, algorithm: str
) -> None:
    body = STREAMS[kind](tmp_path)
    body.seek(17)
    auth = OAuth1(*CREDENTIALS)
    auth.client.body_hash = algorithm
    requests.post(server.url, data=body, auth=auth)
    assert server.last.body == LINES[17:]
    verdict = verify(server.last, CREDENTIALS[1], CREDENTIALS[3])
    assert verdict.accepted
    digest = hashlib.new(algorithm, LINES[17:]).digest()
    assert verdict.parameters[b"oauth_body_hash"] == base64.b64encode(digest)
    body.close()


def test_what_cannot_be_hashed_is_refused_unread() -> None:
    auth = OAuth1(*CREDENTIALS, body_hash="sha1")
    stream = generator()
    prepared = requests.Request("POST", "http://example.com/", data=stream).prepare()
    with pytest.raises(OAuth1TypeError, match="seekable binary file"):
        auth(prepared)
    assert next(stream) == LINES[:100]
    text = io.StringIO("text")
    prepared = requests.Request("POST", "http://example.com/", data=text).prepare()
    with pytest.raises(OAuth1TypeError, match="binary file"):
        auth(prepared)
    assert text.read() == "text"
