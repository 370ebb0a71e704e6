"""`oauth1_rs.httpx` and `oauth1_rs.httpx2`: what arrives over real sockets, judged by the verifier.

Each test runs for both libraries and for their synchronous and asynchronous clients.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import subprocess
import sys
import time
import weakref
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from hashlib import sha1, sha256
from typing import Any

import oauthlib.oauth1
import pytest
import rsa_keys
from client_requests import (
    FORM,
    PLACEMENTS,
    REDIRECT_STATUSES,
    REQUESTS,
    ClientRequest,
    auth,
    is_bare,
    verdict,
)
from httpx_clients import KINDS, Client, Kind
from oauth1_rs import Client as Signer
from oauth1_rs import OAuth1, OAuth1Error, OAuth1TypeError
from verifier import WireRequest, verify
from wire_server import Answer, WireServer

pytestmark = pytest.mark.parametrize("kind", KINDS, ids=str)

Make = Callable[..., Client]
# The ways to have every hop signed. `OAuth1Client` is installed on itself.
WAYS: dict[str, Callable[[Kind], Make]] = {
    "install": lambda kind: kind.installed,
    "transport": lambda kind: kind.transported,
}
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def is_signed(request: WireRequest) -> bool:
    """Whether a request is rightly signed; one that is half signed fails."""
    judged = verdict(request)
    assert judged.accepted != is_bare(request), judged.reason
    return judged.accepted


def nonces(server: WireServer) -> set[bytes]:
    return {verdict(request).parameters[b"oauth_nonce"] for request in server.requests}


def headers_of(request: WireRequest) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in dict(request.headers).items()}


# --- What is signed -------------------------------------------------------------------------------


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_what_is_signed_is_what_is_on_the_wire(
    kind: Kind, server: WireServer, placement: str
) -> None:
    with kind.plain(auth=kind.auth(auth(signature_type=placement))) as client:
        for request in REQUESTS:
            check_what_is_on_the_wire(client, server, request, placement)


def check_what_is_on_the_wire(
    client: Client, server: WireServer, request: ClientRequest, placement: str
) -> None:
    content_type = request.content_type
    headers = {"Content-Type": content_type} if content_type else {}
    arguments = {"content": request.body, "headers": headers}
    is_form = (content_type or FORM).lower().startswith(FORM)
    arrived = len(server.requests)
    if placement == "BODY" and not is_form:
        with pytest.raises(OAuth1Error, match="needs a form body"):
            client.request(request.method, server.url + request.target, **arguments)
        assert len(server.requests) == arrived, request.name
        return
    response = client.request(request.method, server.url + request.target, **arguments)
    assert len(server.requests) == arrived + 1, request.name
    assert is_signed(server.last), request.name
    # The response's request is what was sent.
    assert response.request.content == server.last.body, request.name
    assert response.request.url.raw_path == server.last.target, request.name
    assert server.last.method == request.method.upper(), request.name
    body, sent = request.body or b"", server.last.body
    assert sent == body or (placement == "BODY" and sent.startswith(body)), request.name


@every_way
def test_what_no_uri_can_hold_is_encoded_as_it_is_signed(
    kind: Kind, way: str, server: WireServer
) -> None:
    """httpx sends `|`, `^` and a backslash of a path as they are, and servers read that."""
    paths = {"/a|b": b"/a%7Cb", "/^\\a?c|d": b"/%5E%5Ca?c|d", "/{[`é<": b"/%7B[%60%C3%A9%3C"}
    server.redirects["/there"] = (307, "/a|^")
    with WAYS[way](kind)(auth(), follow_redirects=True) as client:
        for path, target in paths.items():
            client.get(server.url + path)
            assert is_signed(server.last)
            assert server.last.target == target
        client.get(f"{server.url}/there")
        assert is_signed(server.last)
        assert server.last.target == b"/a%7C%5E"


@every_way
def test_a_header_of_the_callers_hides_no_signature_in_the_query(
    kind: Kind, way: str, server: WireServer, other_server: WireServer
) -> None:
    def repeat(request: WireRequest) -> Answer:
        location = f"{other_server.url}/b?{request.query.decode()}"
        return Answer(b"", 307, [("Location", location)])

    server.answers["/a"] = repeat
    signing = auth(signature_type="QUERY")
    with WAYS[way](kind)(signing, follow_redirects=True) as client:
        client.get(f"{server.url}/a?c=1", headers={"Authorization": "Basic dTpw"})
    assert is_signed(server.last)
    assert other_server.last.target == b"/b?c=1"


@pytest.mark.parametrize("charset", ["", "; charset=UTF-8", " ;a=b"])
def test_a_form_that_is_a_stream_is_read(kind: Kind, server: WireServer, charset: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a=1&"
        yield b"b=2"

    content: Any = pieces() if kind.is_async else iter([b"a=1&", b"b=2"])
    with kind.plain(auth=kind.auth(auth())) as client:
        client.request(
            "POST", server.url, content=content, headers={"Content-Type": FORM + charset}
        )
    assert is_signed(server.last)
    assert server.last.body == b"a=1&b=2"


BODIES: dict[str, tuple[dict[str, Any], bytes | None]] = {
    "form as dict": ({"data": {"a": "1 +ü", "b": ["x", "y"]}}, b"a=1+%2B%C3%BC&b=x&b=y"),
    "form as bytes": (
        {"content": b"a=%FF&b", "headers": {"Content-Type": FORM}},
        b"a=%FF&b",
    ),
    "form with a charset": (
        {"content": "a=ü", "headers": {"content-type": f"{FORM}; charset=utf-8"}},
        "a=ü".encode(),
    ),
    "JSON": ({"json": {"a": "1&b=2"}}, None),
    "text": ({"content": "a=1&b=2", "headers": {"Content-Type": "text/plain"}}, b"a=1&b=2"),
    "bytes without a type": ({"content": b"a=1&b=2"}, b"a=1&b=2"),
    "multipart": (
        {"data": {"title": "t"}, "files": {"photo": ("p.jpg", b"\xff\xd8&x=y", "image/jpeg")}},
        None,
    ),
    "nothing": ({}, b""),
}


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize("name", BODIES)
def test_bodies_arrive_whole(kind: Kind, server: WireServer, name: str, placement: str) -> None:
    arguments, expected = BODIES[name]
    with kind.plain(auth=kind.auth(auth(signature_type=placement))) as client:
        signed = client.post(f"{server.url}/", **arguments)
        unsigned = client.post(f"{server.url}/", auth=None, **arguments)
    first, second = server.requests
    assert is_signed(first)
    assert is_bare(second)
    boundary = signed.request.headers.get("Content-Type", "").partition("boundary=")[2]
    other = unsigned.request.headers.get("Content-Type", "").partition("boundary=")[2]
    assert first.body == second.body.replace(other.encode(), boundary.encode())
    assert expected is None or first.body == expected
    # All other headers are as httpx makes them.
    names = [set(headers_of(request)) - {"authorization"} for request in server.requests]
    assert names[0] == names[1]
    assert headers_of(first)["content-length"] == str(len(first.body))


def test_a_file_arrives_whole(kind: Kind, server: WireServer, tmp_path: Any) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8&a=b" * 100_000)
    with (
        kind.plain(auth=kind.auth(auth(body_hash="sha256"))) as client,
        path.open("rb") as file,
    ):
        client.post(f"{server.url}/", files={"photo": file})
    assert is_signed(server.last)
    assert path.read_bytes() in server.last.body
    digest = b64encode(sha256(server.last.body).digest())
    assert verdict(server.last).parameters[b"oauth_body_hash"] == digest


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_a_stream_is_not_read_to_be_signed(kind: Kind, server: WireServer, placement: str) -> None:
    pieces = [b"a=1", b"&b=", b"2"]
    with kind.plain(auth=kind.auth(auth(signature_type=placement))) as client:
        response = client.post(f"{server.url}/", content=kind.stream(pieces))
    assert is_signed(server.last)
    assert server.last.body == b"a=1&b=2"
    assert headers_of(server.last)["transfer-encoding"] == "chunked"
    with pytest.raises(kind.library.RequestNotRead):
        response.request.content  # noqa: B018 - it would be there, had it been read


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_stream_that_is_a_form_is_read(kind: Kind, server: WireServer, placement: str) -> None:
    pieces = [b"a=1", b"&b=", b"2"]
    with kind.plain(auth=kind.auth(auth(signature_type=placement))) as client:
        content = kind.stream(pieces)
        client.post(f"{server.url}/", content=content, headers={"Content-Type": FORM})
    assert is_signed(server.last)
    assert server.last.body.startswith(b"a=1&b=2")
    # One of both, or a server could take it for two requests.
    framing = {"transfer-encoding", "content-length"} & set(headers_of(server.last))
    assert framing == {"content-length" if placement == "BODY" else "transfer-encoding"}


@pytest.mark.parametrize("options", [{"body_hash": "sha1"}, {"force_include_body": True}])
@pytest.mark.parametrize("name", ["JSON", "text", "multipart", "nothing", "stream"])
def test_the_hash_of_a_body(
    kind: Kind, server: WireServer, name: str, options: dict[str, Any]
) -> None:
    pieces = [b"a=1", b"&b=2"]
    arguments = {"content": kind.stream(pieces)} if name == "stream" else BODIES[name][0]
    with kind.plain(auth=kind.auth(auth(**options))) as client:
        client.post(f"{server.url}/", **arguments)
    assert is_signed(server.last)
    digest = b64encode(sha1(server.last.body).digest())
    given = verdict(server.last).parameters.get(b"oauth_body_hash")
    has_none = name in {"nothing", "stream"} and "force_include_body" in options  # of no type
    assert given == (None if has_none else digest)
    assert server.last.body == b"a=1&b=2" or name != "stream"


def test_options_of_a_request_stay(kind: Kind, server: WireServer) -> None:
    seen: list[str] = []

    def trace(name: str, _info: dict[str, Any]) -> None:
        seen.append(name)

    async def async_trace(name: str, info: dict[str, Any]) -> None:
        trace(name, info)

    mine = {"trace": async_trace if kind.is_async else trace, "mine": 1}
    given = dict(mine)
    with kind.installed(auth()) as client:
        response = client.get(f"{server.url}/", timeout=7.5, extensions=given)
    assert given == mine
    assert response.request.extensions["mine"] == 1
    assert set(response.request.extensions["timeout"].values()) == {7.5}
    assert any("send_request_headers" in name for name in seen)


def test_a_host_header_of_the_callers_is_signed(kind: Kind, server: WireServer) -> None:
    with kind.plain(auth=kind.auth(auth())) as client:
        client.get(f"{server.url}/", headers={"Host": "api.example.com"})
    assert server.last.host == b"api.example.com"
    assert is_signed(server.last)


def test_defaults_of_the_client_are_signed(kind: Kind, server: WireServer) -> None:
    """`base_url`, `params` and `cookies` are part of the request by then."""
    with kind.session(
        auth(), base_url=f"{server.url}/v1/", params={"q": "ü"}, cookies={"a": "b"}
    ) as client:
        client.get("things", params={"page": "2"})
    assert server.last.target == b"/v1/things?q=%C3%BC&page=2"
    assert headers_of(server.last)["cookie"] == "a=b"
    assert is_signed(server.last)


@pytest.mark.parametrize("method", ["RSA-SHA1", "RSA-SHA256", "HMAC-SHA256", "PLAINTEXT"])
def test_other_signature_methods(kind: Kind, server: WireServer, method: str) -> None:
    key = rsa_keys.path(2048) if method.startswith("RSA") else None
    with kind.plain(auth=kind.auth(auth(signature_method=method, rsa_key=key))) as client:
        client.post(f"{server.url}/?x=1", data={"a": "1"})
    public = rsa_keys.public_key(2048) if key else None
    judged = verify(server.last, "client secret", "token secret", public)
    assert judged.accepted, judged.reason


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_client_of_oauthlibs(kind: Kind, server: WireServer, placement: str) -> None:
    server.redirects["/first"] = (307, "/second")
    signer = auth(signature_type=placement, client_class=oauthlib.oauth1.Client)
    with kind.installed(signer, follow_redirects=True) as client:
        client.post(f"{server.url}/first", data={"a": "1"})
    assert [is_signed(request) for request in server.requests] == [True, True]


def test_settings_take_effect_at_the_next_signature(kind: Kind, server: WireServer) -> None:
    signer = auth()
    ours = kind.auth(signer)
    assert ours.client is signer.client
    with kind.plain(auth=ours) as client:
        client.get(f"{server.url}/")
        signer.client.signature_method = "HMAC-SHA256"
        signer.client.signature_type = "QUERY"
        client.get(f"{server.url}/")
    first, second = server.requests
    assert is_signed(first)
    assert is_signed(second)
    assert verdict(second).parameters[b"oauth_signature_method"] == b"HMAC-SHA256"
    assert b"oauth_signature=" in second.target


# --- What cannot be signed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "arguments", "text"),
    [
        ({"signature_type": "BODY"}, {"json": {}}, "needs a form body"),
        ({"signature_type": "QUERY"}, {"params": {"oauth_nonce": "n"}}, "oauth_nonce"),
        ({"signature_method": "PLAINTEXT"}, {"url": "http://api.example.com/"}, "PLAINTEXT"),
    ],
)
def test_what_cannot_be_signed_is_not_sent(
    kind: Kind,
    server: WireServer,
    options: dict[str, Any],
    arguments: dict[str, Any],
    text: str,
) -> None:
    with kind.session(auth(**options)) as client:
        with pytest.raises(OAuth1Error, match=text) as caught:
            client.post(**{"url": f"{server.url}/", **arguments})
        assert "secret" not in str(caught.value).replace("secrets", "")
        assert server.requests == []
        # The client is as good as before.
        assert client.get(f"{server.url}/", auth=None).status_code == 200


def test_headers_are_text(kind: Kind, server: WireServer) -> None:
    with (
        kind.session(auth(decoding="utf-8")) as client,
        pytest.raises(OAuth1TypeError, match="decoding=None"),
    ):
        client.get(f"{server.url}/")
    assert server.requests == []


def test_an_oauth1_of_its_own_is_no_auth_for_httpx(kind: Kind, server: WireServer) -> None:
    with kind.plain(auth=auth()) as client, pytest.raises(OAuth1TypeError, match=r"httpx2?\.Req"):
        client.get(f"{server.url}/")
    assert server.requests == []


@pytest.mark.parametrize("wrong", [Signer("key", "secret"), ("key", "secret"), None])
def test_what_is_no_oauth1_is_refused(kind: Kind, wrong: Any) -> None:
    with kind.plain() as client, pytest.raises(OAuth1TypeError, match=r"must be an oauth1_rs\.OA"):
        kind.ours.install(client.client, wrong)
    with pytest.raises(OAuth1TypeError, match="got OAuth1Auth"):
        kind.auth(kind.auth(auth()))


def test_no_secret_is_shown(kind: Kind, server: WireServer) -> None:
    with kind.session(auth()) as client:
        response = client.get(f"{server.url}/")
        shown = [
            client.client,
            client.auth,
            response,
            response.request,
            response.request.extensions,
        ]
    assert [text for text in map(repr, shown) if "secret" in text] == []


# --- Redirects ------------------------------------------------------------------------------------

CASES = [
    case
    for case in itertools.product(REDIRECT_STATUSES, ["GET", "form", "JSON"], PLACEMENTS)
    if case[1:] != ("JSON", "BODY")
]
every_case = pytest.mark.parametrize(("status", "body", "placement"), CASES)
SENT = {"GET": b"", "form": b"a=1&b=x+y", "JSON": b'{"a":1}'}


def send(client: Client, url: str, body: str) -> Any:
    content_type = {"form": FORM, "JSON": "application/json"}.get(body)
    headers = {"Content-Type": content_type} if content_type else {}
    method = "GET" if body == "GET" else "POST"
    return client.request(method, url, content=SENT[body] or None, headers=headers)


@every_way
@every_case
def test_within_the_origin_every_hop_is_signed(
    kind: Kind, server: WireServer, way: str, status: int, body: str, placement: str
) -> None:
    server.redirects["/first"] = (status, "/second?c=3&b=%e4+x&flag")
    server.redirects["/second"] = (status, f"{server.url}/third/%2f;v=1?d=%20")
    signer = auth(signature_type=placement)
    with WAYS[way](kind)(signer, follow_redirects=True) as client:
        response = send(client, f"{server.url}/first?q=1", body)
    assert response.status_code == 200
    assert len(server.requests) == 3
    # httpx drops it where it changes the method.
    keeps_body = status in {307, 308} or body == "GET"
    first, *later = server.requests
    assert is_signed(first)
    # Parameters in a body that is dropped have no place any more.
    assert all(is_signed(hop) == (placement != "BODY" or keeps_body) for hop in later)
    for hop in server.requests if keeps_body else [first]:
        assert hop.body.startswith(SENT[body])
        assert placement == "BODY" or hop.body == SENT[body]
        assert headers_of(hop).get("content-length", "0") == str(len(hop.body))
    assert server.requests[1].query.startswith(b"c=3&b=%e4+x&flag")
    signed = [hop for hop in server.requests if is_signed(hop)]
    assert len({verdict(hop).parameters[b"oauth_nonce"] for hop in signed}) == len(signed)
    # The history shows what was sent.
    sent = [step.request for step in [*response.history, response]]
    assert [request.url.raw_path for request in sent] == [hop.target for hop in server.requests]
    assert [request.headers.get("Authorization") for request in sent] == [
        headers_of(hop).get("authorization") for hop in server.requests
    ]


@every_way
@every_case
def test_nothing_of_the_signature_leaves_the_origin(
    kind: Kind,
    server: WireServer,
    other_server: WireServer,
    way: str,
    status: int,
    body: str,
    placement: str,
) -> None:
    server.redirects["/first"] = (status, f"{other_server.url}/second?c=3")
    other_server.redirects["/second"] = (status, f"{server.url}/third")
    server.redirects["/third"] = (status, "/fourth")
    signer = auth(signature_type=placement)
    with WAYS[way](kind)(signer, follow_redirects=True) as client:
        assert send(client, f"{server.url}/first?q=1", body).status_code == 200
    # There and back stays unsigned.
    assert [is_signed(hop) for hop in server.requests] == [True, False, False]
    [elsewhere] = other_server.requests
    assert is_bare(elsewhere)
    assert elsewhere.target == b"/second?c=3"
    kept = SENT[body] if status in {307, 308} else b""
    assert [hop.body for hop in (elsewhere, *server.requests[1:])] == [kept] * 3


@every_way
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_server_that_repeats_the_query(
    kind: Kind,
    server: WireServer,
    other_server: WireServer,
    way: str,
    placement: str,
    is_elsewhere: bool,
) -> None:
    target = other_server if is_elsewhere else server

    def repeat(request: WireRequest) -> Answer:
        query = request.target.decode().partition("?")[2]
        return Answer(status=307, headers=[("Location", f"{target.url}/second?{query}")])

    server.answers["/first"] = repeat
    signer = auth(signature_type=placement)
    with WAYS[way](kind)(signer, follow_redirects=True) as client:
        client.post(f"{server.url}/first?q=1", data={"a": "1"})
    assert target.last.target.startswith(b"/second?q=1")
    assert is_signed(target.last) != is_elsewhere
    assert target.last.body.startswith(b"a=1")


@every_way
def test_plaintext_secrets_stay_with_their_origin(
    kind: Kind, server: WireServer, other_server: WireServer, way: str
) -> None:
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    signer = auth(signature_method="PLAINTEXT", signature_type="BODY")
    with WAYS[way](kind)(signer, follow_redirects=True) as client:
        client.post(f"{server.url}/first", data={"a": "1"})
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert "secret" not in repr(other_server.last)


@every_way
def test_a_hop_that_cannot_be_signed_goes_unsigned(
    kind: Kind, server: WireServer, way: str
) -> None:
    """Such as one to the provider's own page, which has the token in its query."""
    server.redirects["/first"] = (302, "/authorize?oauth_token=token")
    with WAYS[way](kind)(auth(), follow_redirects=True) as client:
        assert client.get(f"{server.url}/first").status_code == 200
    assert server.last.target == b"/authorize?oauth_token=token"
    assert "authorization" not in headers_of(server.last)


@every_way
def test_bodies_that_can_be_sent_again_are_hashed_again(
    kind: Kind, server: WireServer, way: str
) -> None:
    server.redirects["/first"] = (307, "/second")
    signer = auth(body_hash="sha256")
    with WAYS[way](kind)(signer, follow_redirects=True) as client:
        client.post(f"{server.url}/first", files={"photo": b"1234"})
        client.post(f"{server.url}/first", content=kind.stream([b"12", b"34"]))
    assert [is_signed(hop) for hop in server.requests] == [True] * 4
    assert [hop.body for hop in server.requests[2:]] == [b"1234", b"1234"]
    for hop in server.requests:
        framing = {"transfer-encoding", "content-length"} & set(headers_of(hop))
        assert len(framing) == 1
        digest = b64encode(sha256(hop.body).digest())
        assert verdict(hop).parameters[b"oauth_body_hash"] == digest


@every_way
def test_the_next_request_can_be_sent_by_hand(
    kind: Kind, server: WireServer, other_server: WireServer, way: str
) -> None:
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    with WAYS[way](kind)(auth(signature_type="BODY")) as client:
        response = client.post(f"{server.url}/first", data={"a": "1"})
        while response.next_request is not None:
            response = client.send(response.next_request)
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert len(nonces(server)) == 2
    assert is_bare(other_server.last)
    assert other_server.last.body == b"a=1"


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_request_can_be_sent_again(
    kind: Kind, server: WireServer, other_server: WireServer, placement: str
) -> None:
    """Also one that was redirected elsewhere in the meantime."""
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    signer = auth(signature_type=placement)
    with kind.installed(signer, follow_redirects=True) as client:
        request = client.build_request("POST", f"{server.url}/first?q=1", data={"a": "1"})
        for _ in range(3):
            client.send(request)
    assert [is_signed(hop) for hop in server.requests] == [True] * 3
    assert len(nonces(server)) == 3
    assert [is_bare(hop) for hop in other_server.requests] == [True] * 3
    assert [hop.target for hop in other_server.requests] == [b"/second"] * 3


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_request_can_be_sent_again_by_another_auth(
    kind: Kind, server: WireServer, placement: str
) -> None:
    other = OAuth1("other key", "other secret", signature_type=placement)
    with kind.installed(auth(signature_type=placement)) as client:
        request = client.build_request("POST", f"{server.url}/?q=1", data={"a": "1"})
        client.send(request)
        client.send(request, auth=kind.auth(other))
    assert is_signed(server.requests[0])
    judged = verify(server.requests[1], "other secret")
    assert judged.accepted, judged.reason


@pytest.mark.parametrize(
    ("before", "after"), [(a, b) for a in PLACEMENTS for b in PLACEMENTS if a != b]
)
def test_settings_may_change_before_it_is_sent_again(
    kind: Kind, server: WireServer, before: str, after: str
) -> None:
    signer = auth(signature_type=before)
    with kind.installed(signer) as client:
        request = client.build_request("POST", f"{server.url}/first?q=1", data={"a": "1"})
        client.send(request)
        signer.client.signature_type = after
        client.send(request)
        # What cannot be signed is not sent, and stays as it was.
        signer.client.protocol_parameters = {"q": "not a protocol parameter"}
        was = request.url, dict(request.headers), request.content
        with pytest.raises(OAuth1Error):
            client.send(request)
        assert (request.url, dict(request.headers), request.content) == was
        signer.client.protocol_parameters = None
        client.send(request)
    assert [is_signed(hop) for hop in server.requests] == [True] * 3
    assert len(nonces(server)) == 3


def test_auth_alone_leaves_redirects_to_httpx(
    kind: Kind, server: WireServer, other_server: WireServer
) -> None:
    """As the docstring and docs/clients/httpx.md say."""
    server.redirects["/within"] = (307, "/second")
    server.redirects["/leaves"] = (307, f"{other_server.url}/third")
    with kind.plain(auth=kind.auth(auth()), follow_redirects=True) as client:
        client.get(f"{server.url}/within")
        first, second = server.requests
        assert headers_of(first)["authorization"] == headers_of(second)["authorization"]
        assert not verdict(second).accepted
        client.get(f"{server.url}/leaves")
        assert is_bare(other_server.last)
    signer = auth(signature_type="BODY")
    with kind.plain(auth=kind.auth(signer), follow_redirects=True) as client:
        client.post(f"{server.url}/leaves", data={"a": "1"})
        assert b"oauth_signature" in other_server.last.body


# --- Whose auth -----------------------------------------------------------------------------------


@every_way
def test_an_auth_of_the_requests_own_is_respected(kind: Kind, server: WireServer, way: str) -> None:
    server.redirects["/first"] = (302, "/second")
    with WAYS[way](kind)(auth(), follow_redirects=True) as client:
        client.get(f"{server.url}/first", auth=None)
        client.get(f"{server.url}/first", auth=("user", "password"))
        other = kind.auth(OAuth1("other key", "other secret"))
        client.get(f"{server.url}/second", auth=other)
    none, none_redirected, basic, basic_redirected, others = server.requests
    assert is_bare(none)
    assert is_bare(none_redirected)
    for request in (basic, basic_redirected):
        assert headers_of(request)["authorization"] == "Basic dXNlcjpwYXNzd29yZA=="
    assert verify(others, "other secret").accepted


def test_a_client_signs_no_more_once_its_auth_is_another(kind: Kind, server: WireServer) -> None:
    with kind.session(auth()) as client:
        client.client.auth = None
        client.get(f"{server.url}/")
    assert is_bare(server.last)


def test_install_may_be_called_again(kind: Kind, server: WireServer) -> None:
    server.redirects["/first"] = (302, "/second")
    calls: list[str] = []

    def note(request: Any) -> None:
        calls.append(str(request.url))

    async def async_note(request: Any) -> None:
        note(request)

    hook = async_note if kind.is_async else note
    with kind.plain(follow_redirects=True, event_hooks={"request": [hook]}) as client:
        kind.ours.install(client.client, OAuth1("other key", "other secret"))
        kind.ours.install(client.client, auth())
        client.get(f"{server.url}/first")
        assert len(client.event_hooks["request"]) == 2
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert calls == [f"{server.url}/first", f"{server.url}/second"]


# --- Attempts -------------------------------------------------------------------------------------


def retrying(kind: Kind, transport: Any) -> Any:
    """A transport that sends again what a server refuses for the moment, as others' do."""

    class Retrying(kind.library.BaseTransport):  # type: ignore[name-defined,misc]
        def handle_request(self, request: Any) -> Any:
            for _ in range(2):
                response = transport.handle_request(request)
                if response.status_code != 503:
                    return response
                response.read()
            return transport.handle_request(request)

        def close(self) -> None:
            transport.close()

    class AsyncRetrying(kind.library.AsyncBaseTransport):  # type: ignore[name-defined,misc]
        async def handle_async_request(self, request: Any) -> Any:
            for _ in range(2):
                response = await transport.handle_async_request(request)
                if response.status_code != 503:
                    return response
                await response.aread()
            return await transport.handle_async_request(request)

        async def aclose(self) -> None:
            await transport.aclose()

    return AsyncRetrying() if kind.is_async else Retrying()


def failing_twice(server: WireServer, path: str) -> None:
    statuses = itertools.chain([503, 503], itertools.repeat(200))
    server.answers[path] = lambda _request: Answer(status=next(statuses))


@pytest.mark.parametrize("is_installed", [False, True])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_every_attempt_is_signed_afresh(
    kind: Kind, server: WireServer, placement: str, is_installed: bool
) -> None:
    failing_twice(server, "/")
    signer = auth(signature_type=placement)
    transport = retrying(kind, kind.signing(kind.sending()))
    with kind.plain(auth=kind.auth(signer), transport=transport) as client:
        if is_installed:
            kind.ours.install(client.client, signer)
        response = client.post(f"{server.url}/?q=1", data={"a": "1"})
    assert response.status_code == 200
    assert [is_signed(request) for request in server.requests] == [True] * 3
    assert len(nonces(server)) == 3
    assert {request.body[:3] for request in server.requests} == {b"a=1"}
    assert response.request.url.raw_path == server.last.target


def test_no_attempt_is_signed_twice(kind: Kind, server: WireServer) -> None:
    made: list[str] = []

    def nonce() -> str:
        made.append(f"nonce-{len(made)}")
        return made[-1]

    with kind.transported(auth(nonce=nonce)) as client:
        request = client.build_request("GET", f"{server.url}/")
        for _ in range(3):
            client.send(request)
    assert {nonce.encode() for nonce in made} == nonces(server)


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_every_attempt_of_every_hop(
    kind: Kind, server: WireServer, other_server: WireServer, is_elsewhere: bool
) -> None:
    target = other_server if is_elsewhere else server
    server.redirects["/first"] = (307, f"{target.url}/second")
    failing_twice(target, "/second")
    transport = retrying(kind, kind.signing(kind.sending()))
    options = {"transport": transport, "follow_redirects": True}
    with kind.plain(auth=kind.auth(auth()), **options) as client:
        assert client.post(f"{server.url}/first", json={"a": 1}).status_code == 200
    assert len(server.requests) + len(other_server.requests) == 4
    assert [is_signed(request) for request in target.requests[-3:]] == [not is_elsewhere] * 3
    assert len(nonces(server)) == len(server.requests)


def test_without_the_transport_an_attempt_repeats_the_signature(
    kind: Kind, server: WireServer
) -> None:
    """Why it is there."""
    failing_twice(server, "/")
    with kind.installed(auth(), transport=retrying(kind, kind.sending())) as client:
        client.get(f"{server.url}/")
    assert len(server.requests) == 3
    assert len(nonces(server)) == 1


def test_a_transport_leaves_unsigned_requests_alone(kind: Kind, server: WireServer) -> None:
    with kind.plain(transport=kind.signing(kind.sending())) as client:
        client.get(f"{server.url}/")
        client.get(f"{server.url}/", auth=("user", "password"))
    assert is_bare(server.requests[0])
    assert headers_of(server.last)["authorization"].startswith("Basic ")


# --- The clock ------------------------------------------------------------------------------------


@pytest.fixture
def late_server(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> WireServer:
    """A server whose own `Date` is an hour ahead."""
    monkeypatch.setattr(
        "http.server.BaseHTTPRequestHandler.date_time_string",
        lambda _self, _timestamp=None: formatdate(time.time() + 3600, usegmt=True),
    )

    def answer(request: WireRequest) -> Answer:
        judged = verdict(request).parameters
        sent = int(judged.get(b"oauth_timestamp", b"0"))
        return Answer(status=200 if abs(time.time() + 3600 - sent) < 300 else 401)

    server.answers["/"] = answer
    return server


def alone(kind: Kind) -> Make:
    return lambda auth, correct_clock: kind.plain(auth=kind.auth(auth, correct_clock=correct_clock))


@pytest.mark.parametrize("way", [*WAYS, "auth alone"])
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("body", ["GET", "form", "JSON"])
def test_a_clock_that_is_off_is_corrected(
    kind: Kind, late_server: WireServer, way: str, placement: str, body: str
) -> None:
    if (body, placement) == ("JSON", "BODY"):
        placement = "QUERY"
    signer = auth(signature_type=placement)
    with {**WAYS, "auth alone": alone}[way](kind)(signer, correct_clock=True) as client:
        response = send(client, f"{late_server.url}/?q=1", body)
        assert response.status_code == 200
        assert send(client, f"{late_server.url}/?q=1", body).status_code == 200
    assert [is_signed(request) for request in late_server.requests] == [True] * 3
    assert len(nonces(late_server)) == 3
    assert {request.body[: len(SENT[body])] for request in late_server.requests} == {SENT[body]}
    assert abs(signer.client.timestamp_offset - 3600) <= 2
    assert response.request.content == late_server.requests[1].body
    [refused] = response.history
    if placement == "AUTH_HEADER":
        sent = [step.request.headers["Authorization"] for step in (refused, response)]
        assert sent == [headers_of(hop)["authorization"] for hop in late_server.requests[:2]]


def test_the_last_hop_alone_is_sent_again(kind: Kind, late_server: WireServer) -> None:
    late_server.redirects["/first"] = (307, "/")
    with kind.installed(auth(), correct_clock=True, follow_redirects=True) as client:
        assert client.post(f"{late_server.url}/first", json=[]).status_code == 200
    targets = [request.target for request in late_server.requests]
    assert targets == [b"/first", b"/", b"/"]
    assert len(nonces(late_server)) == 3


def test_the_clock_is_corrected_if_asked_for_and_once(kind: Kind, late_server: WireServer) -> None:
    signer = auth()
    with kind.session(signer) as client:
        assert client.get(f"{late_server.url}/").status_code == 401
        assert len(late_server.requests) == 1
    late_server.answers["/"] = Answer(status=401)
    with kind.session(signer, correct_clock=True) as client:
        assert client.get(f"{late_server.url}/").status_code == 401
    assert len(late_server.requests) == 3


def test_no_other_origin_corrects_the_clock(
    kind: Kind, late_server: WireServer, other_server: WireServer
) -> None:
    late_server.redirects["/first"] = (302, f"{other_server.url}/")
    other_server.answers["/"] = Answer(status=401)
    signer = auth()
    with kind.installed(signer, correct_clock=True, follow_redirects=True) as client:
        assert client.get(f"{late_server.url}/first").status_code == 401
        assert client.get(f"{late_server.url}/", auth=None).status_code == 401
    with kind.plain(auth=kind.auth(signer, correct_clock=True), follow_redirects=True) as client:
        assert client.get(f"{late_server.url}/first").status_code == 401
    assert signer.client.timestamp_offset == 0
    assert len(other_server.requests) == 2


def test_a_stream_is_not_sent_again(kind: Kind, late_server: WireServer) -> None:
    """But the next request has the right time."""
    with kind.session(auth(), correct_clock=True) as client:
        refused = client.post(f"{late_server.url}/", content=kind.stream([b"1", b"2"]))
        assert refused.status_code == 401
        assert client.post(f"{late_server.url}/", content=kind.stream([b"12"])).status_code == 200
    assert [request.body for request in late_server.requests] == [b"12", b"12"]


# --- Many at a time -------------------------------------------------------------------------------


def test_a_client_is_shared(kind: Kind, server: WireServer) -> None:
    server.redirects["/first"] = (302, "/second")
    urls = [f"{server.url}/first?n={number}" for number in range(40)]
    with kind.session(auth(), follow_redirects=True) as client:
        if kind.is_async:

            async def all_at_once() -> None:
                await asyncio.gather(*map(client.client.get, urls))

            client.wait_for(all_at_once())
        else:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(client.client.get, urls))
    assert [is_signed(request) for request in server.requests] == [True] * 80
    assert len(nonces(server)) == 80


def test_a_request_goes_when_nobody_needs_it(kind: Kind) -> None:
    """Not when the garbage collector comes, for its body may be large."""
    gc.collect()
    gc.disable()
    try:
        request = kind.library.Request("POST", "https://api.example.com/", data={"a": "1"})
        next(kind.auth(auth()).auth_flow(request))
        assert "Authorization" in request.headers
        watched = weakref.ref(request)
        del request
        assert watched() is None
    finally:
        gc.enable()


# --- What is imported, and what is not ---------------------------------------------------------


def test_nothing_else_is_imported(kind: Kind) -> None:
    name = kind.library.__name__
    others = {"requests", "urllib3", "aiohttp", "httpx", "httpx2"} - {name}
    code = (
        f"import sys; import oauth1_rs.{name}; "
        f"print(*sorted({others!r} & set(sys.modules)), 'that is all')"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "that is all\n"


def test_a_signer_signs_what_httpx_would_send(kind: Kind, server: WireServer) -> None:
    """`Client.sign`, by hand, for those who want none of this: the README's section on it."""
    request = kind.library.Request("GET", f"{server.url}/a b?c=[d]")
    signer = Signer("client key", "client secret", "token", "token secret")
    uri, headers, _ = signer.sign(str(request.url), headers=dict(request.headers))
    with kind.plain() as client:
        client.get(uri, headers=headers)
    assert is_signed(server.last)
