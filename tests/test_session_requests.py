"""What users of OAuth 1.0a clients ran into, sent by `OAuth1Session` over a socket and verified.

Each is about requests in general, and tested in detail where `OAuth1` and `Client` are. Here, that
nothing of it is lost on the way through a session.
"""

from __future__ import annotations

import io
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests_oauthlib
from oauth1_rs import OAuth1Error, OAuth1Session, OAuth1TypeError
from verifier import Verdict, WireRequest, verify
from wire_server import WireServer

CREDENTIALS = ("client key", "client secret", "token", "token secret")
FORM = "application/x-www-form-urlencoded"
PLACEMENTS = ["AUTH_HEADER", "QUERY", "BODY"]


def judged(request: WireRequest) -> Verdict:
    verdict = verify(request, CREDENTIALS[1], CREDENTIALS[3])
    assert verdict.accepted, verdict.reason
    return verdict


def header(request: WireRequest, name: str) -> str | bytes | None:
    return dict(request.headers).get(name)


class Encoder:
    """Shaped like requests-toolbelt's MultipartEncoder."""

    content_type = "multipart/form-data; boundary=x"

    def __init__(self) -> None:
        self._file = io.BytesIO(b"--x\r\n\r\na=1\r\n--x--\r\n")
        self.len = len(self._file.getvalue())

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


def pieces() -> Iterator[bytes]:
    yield b"a=1\n"
    yield b"b=2"


STREAMS: dict[str, tuple[Callable[[], Any], bytes]] = {
    "BytesIO": (lambda: io.BytesIO(b"a=1\nb=2"), b"a=1\nb=2"),
    "generator": (pieces, b"a=1\nb=2"),
    "encoder": (Encoder, b"--x\r\n\r\na=1\r\n--x--\r\n"),
}


@pytest.mark.parametrize("content_type", [None, "image/jpeg"])
@pytest.mark.parametrize("stream", STREAMS)
def test_streams_arrive_whole(server: WireServer, stream: str, content_type: str | None) -> None:
    make, expected = STREAMS[stream]
    headers = {"Content-Type": content_type} if content_type else {}
    OAuth1Session(*CREDENTIALS).post(server.url, data=make(), headers=headers)
    assert server.last.body == expected
    judged(server.last)


def test_files_arrive_whole(server: WireServer, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a=1\nb=2\n" * 9)
    session = OAuth1Session(*CREDENTIALS)
    with path.open("rb") as file:
        session.put(server.url, data=file)
    assert server.last.body == path.read_bytes()
    with path.open("rb") as file:
        session.post(server.url, files={"file": file}, data={"a": "1"})
    assert path.read_bytes() in server.last.body
    judged(server.last)
    with pytest.raises(OAuth1TypeError, match="read the stream first"):
        session.post(server.url, data=io.BytesIO(b"a=1"), headers={"Content-Type": FORM})


def test_the_peer_loses_the_first_line(server: WireServer) -> None:
    peer = requests_oauthlib.OAuth1Session(*CREDENTIALS)
    peer.post(server.url, data=io.BytesIO(b"a=1\nb=2"))
    assert server.last.body == b"b=2"


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize(
    "text",
    [
        "".join(map(chr, range(0x21, 0x7F))).replace("#", ""),
        "a[]=1&a[]=2&filter[x][y]=1",
        "%&%zz&100%&=v&k&k=&&a=b=c",
        "q=%E4&r=%FF%00&s=ä",
    ],
)
def test_any_characters_sign(server: WireServer, text: str, placement: str) -> None:
    session = OAuth1Session(*CREDENTIALS, signature_type=placement)
    session.post(server.url, data=text.encode(), headers={"Content-Type": FORM})
    judged(server.last)
    session.get(f"{server.url}/?{text}")
    judged(server.last)


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "GET"},
        {"method": "POST"},
        {"method": "PUT", "data": b"\xff\xd8\xff", "headers": {"Content-Type": "image/jpeg"}},
        {"method": "POST", "files": {"file": b"\xff\xd8"}},
        {"method": "POST", "json": {"a": 1}},
        {"method": "POST", "data": io.BytesIO(b"\xff"), "headers": {"Content-Type": "image/png"}},
    ],
)
def test_force_include_body_works_for_every_request(
    server: WireServer, arguments: dict[str, Any]
) -> None:
    session = OAuth1Session(*CREDENTIALS, force_include_body=True)
    session.request(url=server.url, **arguments)
    has_hash = b"oauth_body_hash" in judged(server.last).parameters
    assert has_hash == (len(arguments) > 1)


def test_header_values_stay_as_they_are(server: WireServer) -> None:
    value = "text/plain"
    response = OAuth1Session(*CREDENTIALS).get(server.url, headers={"Accept": value})
    assert response.request.headers["Accept"] is value
    assert {type(value) for value in response.request.headers.values()} == {str}
    response = OAuth1Session(*CREDENTIALS, decoding="utf-8").get(server.url)
    assert {type(value) for value in response.request.headers.values()} == {bytes}


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_protocol_values_are_encoded_once(server: WireServer, placement: str) -> None:
    session = OAuth1Session(
        "k%2F", "client secret", "t%2Fk", "token secret", signature_type=placement, verifier="%v"
    )
    session.post(server.url, data={"oauth_foo": "a%2Fb"})
    parameters = judged(server.last).parameters
    assert parameters[b"oauth_token"] == b"t%2Fk"
    assert parameters[b"oauth_verifier"] == b"%v"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_form_content_type_without_a_body(server: WireServer, method: str) -> None:
    session = OAuth1Session(*CREDENTIALS)
    session.headers["Content-Type"] = FORM
    session.request(method, f"{server.url}/?a=1")
    judged(server.last)
    assert header(server.last, "Content-Type") == FORM


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_every_parameter_is_sent_once(server: WireServer, placement: str) -> None:
    session = OAuth1Session(*CREDENTIALS, signature_type=placement)
    session.post(f"{server.url}/?a=1", data={"b": "2"})
    judged(server.last)  # which looks for what is given twice
    everywhere = server.last.target + server.last.body + repr(server.last.headers).encode()
    assert everywhere.count(b"oauth_signature=") == 1
    with pytest.raises(OAuth1Error, match="already has oauth_nonce"):
        session.get(f"{server.url}/?oauth_nonce=1")


def test_the_query_stays_as_it_is(server: WireServer) -> None:
    query = b"q=a%20b&flag&x=%7e&y=+"
    OAuth1Session(*CREDENTIALS, signature_type="QUERY").get(f"{server.url}/?{query.decode()}")
    judged(server.last)
    # requests itself decodes what need not be encoded.
    assert server.last.query.startswith(query.replace(b"%7e", b"~") + b"&oauth_")


@pytest.mark.parametrize(
    ("content_type", "is_signed"),
    [
        (f"{FORM}; charset=utf-8", True),
        ("Application/X-WWW-Form-Urlencoded", True),
        ("application/json", False),
        ("text/plain; boundary=application/x-www-form-urlencoded", False),
    ],
)
def test_a_form_is_known_by_its_media_type(
    server: WireServer, content_type: str, is_signed: bool
) -> None:
    session = OAuth1Session(*CREDENTIALS)
    session.post(server.url, data="canary=1", headers={"Content-Type": content_type})
    assert (b"canary" in judged(server.last).base_string) == is_signed
    assert header(server.last, "Content-Type") == content_type
    session.post(server.url, data="hello")
    assert header(server.last, "Content-Type") is None
    judged(server.last)


@pytest.mark.parametrize("host", [None, "Example.COM:8443", b"example.com"])
def test_the_host_that_is_sent_is_signed(server: WireServer, host: str | bytes | None) -> None:
    session = OAuth1Session(*CREDENTIALS)
    url = server.url.replace("http://", "HTTP://user:p%40ss@")
    session.get(url, headers={"Host": host} if host else {})
    judged(server.last)
    assert server.last.host == (host.encode() if isinstance(host, str) else host or b"%b:%d") % (
        () if host else (b"127.0.0.1", server.port)
    )


@pytest.mark.parametrize(
    "path", ["", "/a%2Fb%2fc", "/%25", "/a;v=1", "/x//y//", "/a b", "/é", "/~'()*"]
)
def test_the_path_is_signed_as_it_is_sent(server: WireServer, path: str) -> None:
    OAuth1Session(*CREDENTIALS).get(server.url + path)
    judged(server.last)


def test_plaintext_over_http_is_refused_but_to_this_machine(server: WireServer) -> None:
    session = OAuth1Session(*CREDENTIALS, signature_method="PLAINTEXT")
    session.get(server.url)
    judged(server.last)
    with pytest.raises(OAuth1Error, match="PLAINTEXT sends the secrets themselves"):
        session.fetch_request_token("http://192.0.2.1/token")
    # HMAC needs no encryption.
    OAuth1Session(*CREDENTIALS).get(server.url)
    judged(server.last)
