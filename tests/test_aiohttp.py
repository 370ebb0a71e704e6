"""aiohttp's client, signed by a middleware: over sockets, judged by the verifier."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import hashlib
import io
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import aiohttp.web
import documents
import pytest
from aiohttp import ClientRequest, ClientResponse, ClientSession, FormData, MultipartWriter
from client_requests import (
    CREDENTIALS,
    FORM,
    PLACEMENTS,
    REDIRECT_STATUSES,
    REQUESTS,
    auth,
    is_bare,
    verdict,
)
from client_requests import ClientRequest as SharedRequest
from oauth1_rs import Explanation, OAuth1, OAuth1Error, OAuth1TypeError
from oauth1_rs.aiohttp import OAuth1Middleware
from verifier import FORM_MEDIA_TYPE, WireRequest, decode_form
from wire_server import Answer, WireServer
from yarl import URL

Handler = Callable[[ClientRequest], Awaitable[ClientResponse]]

FORM_TYPE = {"Content-Type": FORM}
# URLs that are not encoded, and of which yarl says that they have to be.
UNENCODED = {"raw non-ASCII", "raw space", 'raw "<>^`{|}'}


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def send(
    middlewares: Any, method: str, url: str | URL, session: Any = None, **options: Any
) -> ClientResponse:
    """Send one request, and return the answer, read."""

    async def ask() -> ClientResponse:
        async with ClientSession(middlewares=middlewares, **(session or {})) as client:
            return await ask_in(client, method, url, **options)

    return asyncio.run(ask())


async def ask_in(
    client: ClientSession, method: str, url: str | URL, **options: Any
) -> ClientResponse:
    async with client.request(method, url, **options) as response:
        await response.read()
        return response


def signed(**options: Any) -> list[OAuth1Middleware]:
    return [OAuth1Middleware(auth(**options))]


def nonces(requests: list[WireRequest]) -> set[bytes]:
    """The nonces of requests, which all have to be rightly signed."""
    verdicts = [verdict(request) for request in requests]
    assert [it.reason for it in verdicts if not it.accepted] == []
    return {it.parameters[b"oauth_nonce"] for it in verdicts}


def own_fields(request: WireRequest) -> list[tuple[bytes, bytes]]:
    """What a body has besides the protocol parameters."""
    return [field for field in decode_form(request.body) if not field[0].startswith(b"oauth_")]


# --- What is signed is what is sent


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("shared", REQUESTS, ids=lambda shared: shared.name)
def test_the_shared_requests(
    server: WireServer, shared: SharedRequest, placement: str, encoded: bool
) -> None:
    if encoded and shared.name in UNENCODED:
        url = URL(server.url + shared.target)  # there is no other way to send it
    else:
        url = URL(server.url + shared.target, encoded=encoded)
    headers = {"Content-Type": shared.content_type} if shared.content_type else {}
    options: dict[str, Any] = {"headers": headers, "data": shared.body}
    middlewares = signed(signature_type=placement)
    is_form = (shared.content_type or FORM).lower().startswith(FORM)
    if placement == "BODY" and not is_form:
        with pytest.raises(OAuth1Error, match="needs a form body"):
            send(middlewares, shared.method, url, **options)
        assert server.requests == []
        return
    response = send(middlewares, shared.method, url, **options)
    assert len(nonces(server.requests)) == 1
    body = shared.body or b""
    if placement == "BODY":
        assert server.last.body.startswith(body)
    else:
        assert server.last.body == body
    # The rest of the URL is as aiohttp sends it without a signature.
    assert server.last.target.startswith(url.raw_path_qs.encode())
    assert response.url == url.with_fragment(None)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_parameters_that_aiohttp_encodes(server: WireServer, placement: str) -> None:
    params = [("q", "a b+c&d=é😀"), ("%41", "%zz"), ("empty", ""), ("a", "2"), ("a", "1")]
    send(signed(signature_type=placement), "GET", f"{server.url}/é?b=1", params=params)
    assert len(nonces(server.requests)) == 1
    sent = [field for field in decode_form(server.last.query) if field[0][:6] != b"oauth_"]
    assert sent == [(b"b", b"1"), *((name.encode(), value.encode()) for name, value in params)]


def test_a_base_url_a_host_of_ones_own_and_defaults_of_the_session(server: WireServer) -> None:
    options = {"base_url": server.url, "headers": {"Host": "api.example.com", "X-Own": "1"}}
    send(signed(), "GET", "/path?a=1", session=options)
    assert server.last.host == b"api.example.com"
    assert len(nonces(server.requests)) == 1


@pytest.mark.parametrize("is_in_url", [False, True])
def test_another_authorization(server: WireServer, is_in_url: bool) -> None:
    """One place has one scheme only, as with requests' `auth=`; elsewhere both have theirs."""
    headers = {} if is_in_url else {"Authorization": "Basic eDp5"}
    url = server.url.replace("//", "//x:y@") if is_in_url else server.url
    send(signed(), "GET", url, headers=headers)
    assert len(nonces(server.requests)) == 1
    send(signed(signature_type="QUERY"), "GET", url, headers=headers)
    assert len(nonces(server.requests)) == 2
    assert dict(server.last.headers)["Authorization"] == "Basic eDp5"


def test_through_a_proxy(server: WireServer) -> None:
    send(signed(), "GET", "http://api.example.com/path?a=1", proxy=server.url)
    assert server.last.target == b"http://api.example.com/path?a=1"
    request = server.last
    sent = WireRequest("GET", "http", b"/path?a=1", request.host, request.headers)
    assert verdict(sent).accepted


def test_a_web_socket(server: WireServer) -> None:
    """Its handshake is a request for an http URL, whatever one calls the URL of a web socket."""
    seen: list[WireRequest] = []

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        host, headers = request.headers["Host"].encode(), list(request.headers.items())
        seen.append(WireRequest("GET", "http", request.path_qs.encode(), host, headers))
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    async def connect() -> None:
        application = aiohttp.web.Application()
        application.router.add_get("/", answer)
        runner = aiohttp.web.AppRunner(application)
        await runner.setup()
        await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with ClientSession(middlewares=signed()) as client:
            for scheme in ("http", "ws"):
                async with client.ws_connect(f"{scheme}://127.0.0.1:{port}/?a=1"):
                    pass
        await runner.cleanup()

    asyncio.run(connect())
    assert len(nonces(seen)) == 2


def test_what_was_sent_can_be_looked_up(server: WireServer) -> None:
    response = send(signed(), "GET", f"{server.url}/path")
    sent = dict(server.last.headers)["Authorization"]
    assert response.request_info.headers["Authorization"] == sent
    response = send(signed(signature_type="QUERY"), "GET", f"{server.url}/path")
    assert response.request_info.url.raw_path_qs.encode() == server.last.target
    assert response.url == URL(f"{server.url}/path")


# --- Bodies


async def pieces() -> AsyncIterator[bytes]:
    yield b"a=1\n"
    yield b"b=2"


def multipart(path: Path) -> MultipartWriter:
    writer = MultipartWriter("form-data")
    writer.append("a=1").set_content_disposition("form-data", name="text")
    writer.append(path.open("rb")).set_content_disposition("form-data", name="file")
    return writer


def form_with_file(path: Path) -> FormData:
    form = FormData()
    form.add_field("text", "a=1")
    form.add_field("file", path.open("rb"), filename="file")
    return form


# What makes a body, and what has to be in what arrives.
BODIES: dict[str, tuple[Callable[[Path], dict[str, Any]], bytes]] = {
    "JSON": (lambda _: {"json": {"a": "é&b=1"}}, b'{"a": "\\u00e9&b=1"}'),
    "bytes": (lambda _: {"data": b"\xff&a=1"}, b"\xff&a=1"),
    "bytearray": (lambda _: {"data": bytearray(b"\xff&a=1")}, b"\xff&a=1"),
    "memoryview": (lambda _: {"data": memoryview(b"\xff&a=1")}, b"\xff&a=1"),
    "text": (lambda _: {"data": "é&a=1"}, "é&a=1".encode()),
    "file": (lambda path: {"data": path.open("rb")}, b"content\n" * 9),
    "text file": (lambda path: {"data": path.open(encoding="utf-8")}, b"content\n" * 9),
    "BytesIO": (lambda _: {"data": io.BytesIO(b"a=1&b=2")}, b"a=1&b=2"),
    "StringIO": (lambda _: {"data": io.StringIO("a=1&b=2")}, b"a=1&b=2"),
    "generator": (lambda _: {"data": pieces()}, b"a=1\nb=2"),
    "multipart": (lambda path: {"data": multipart(path)}, b"content\n" * 9),
    "form with a file": (lambda path: {"data": form_with_file(path)}, b"content\n" * 9),
    "nothing": (lambda _: {}, b""),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content\n" * 9)
    return path


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize("kind", BODIES)
def test_bodies_arrive_whole(server: WireServer, path: Path, kind: str, placement: str) -> None:
    make, expected = BODIES[kind]

    async def ask(middlewares: list[OAuth1Middleware]) -> None:
        async with ClientSession(middlewares=middlewares) as client:
            await ask_in(client, "POST", server.url, **make(path))

    asyncio.run(ask([]))
    asyncio.run(ask(signed(signature_type=placement)))
    bare, request = server.requests
    assert len(nonces([request])) == 1
    assert expected in request.body
    # But for the signature, and the boundary, everything is as without.
    names = [{name for name, _ in list(it.headers)} - {"Authorization"} for it in (bare, request)]
    assert names[0] == names[1]
    assert len(bare.body) == len(request.body)


def test_a_stream_is_not_read_to_be_signed(server: WireServer) -> None:
    """Nothing of it is held back: what answers a piece can answer before there is a second."""
    read: list[bytes] = []

    async def slow() -> AsyncIterator[bytes]:
        for piece in (b"a=1", b"b=2"):
            read.append(piece)
            yield piece

    middleware = OAuth1Middleware(auth())

    async def watch(request: ClientRequest, handler: Handler) -> ClientResponse:
        assert read == []
        return await handler(request)

    send([middleware, watch], "POST", server.url, data=slow())  # after it, though that is no place
    assert server.last.body == b"a=1b=2"
    assert len(nonces(server.requests)) == 1


FORMS: dict[str, Callable[[], dict[str, Any]]] = {
    "mapping": lambda: {"data": {"a": "x y+é&=", "b": ""}},
    "FormData": lambda: {"data": FormData([("a", "x y+é&="), ("b", "")])},
    "bytes": lambda: {"data": b"a=x+y%2B%c3%a9%26%3D&b", "headers": FORM_TYPE},
    "text": lambda: {"data": "a=x+y%2B%c3%a9%26%3D&b", "headers": FORM_TYPE},
}
FIELDS = [(b"a", "x y+é&=".encode()), (b"b", b"")]


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("transfer", [{}, {"chunked": True}, {"expect100": True}])
def test_forms(server: WireServer, form: str, placement: str, transfer: dict[str, Any]) -> None:
    send(signed(signature_type=placement), "POST", server.url, **FORMS[form](), **transfer)
    assert len(nonces(server.requests)) == 1
    assert own_fields(server.last) == FIELDS
    headers = dict(server.last.headers)
    assert ("Content-Length" in headers) == ("chunked" not in transfer)
    assert ("Transfer-Encoding" in headers) == ("chunked" in transfer)


@pytest.mark.parametrize("kind", [kind for kind in BODIES if kind != "nothing"])
@pytest.mark.parametrize("options", [{"body_hash": "sha1"}, {"force_include_body": True}])
def test_body_hashes(server: WireServer, path: Path, kind: str, options: dict[str, Any]) -> None:
    async def ask() -> None:
        async with ClientSession(middlewares=signed(**options)) as client:
            await ask_in(client, "POST", server.url, **BODIES[kind][0](path))

    asyncio.run(ask())
    assert len(nonces(server.requests)) == 1
    assert BODIES[kind][1] in server.last.body
    digest = base64.b64encode(hashlib.sha1(server.last.body).digest())
    assert verdict(server.last).parameters[b"oauth_body_hash"] == digest


def test_the_hash_of_what_can_be_read_but_once(server: WireServer) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    with open(reader, "rb") as file:
        send(signed(body_hash="sha256"), "POST", server.url, data=file)
    assert server.last.body == b"piped"
    assert b"oauth_body_hash" in verdict(server.last).parameters


# --- Redirects


def redirect(server: WireServer, status: int, location: str) -> None:
    server.redirects["/first"] = (status, location)


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "GET": ("GET", {}),
    "form": ("POST", {"data": b"a=1&b=x+y&oauth_custom=mine", "headers": FORM_TYPE}),
    "PUT form": ("PUT", {"data": b"a=%FF&b", "headers": FORM_TYPE}),
    "JSON": ("POST", {"json": {"a": 1}}),
}
CASES = [
    case
    for case in itertools.product(REDIRECT_STATUSES, KINDS, PLACEMENTS)
    if case[1:] != ("JSON", "BODY")
]
every_case = pytest.mark.parametrize(("status", "kind", "placement"), CASES)


def unsigned(kind: str) -> bytes:
    options = KINDS[kind][1]
    return bytes(options.get("data", b'{"a": 1}' if "json" in options else b""))


def keeps_body(status: int, method: str) -> bool:
    return status in (307, 308) or (status in (301, 302) and method != "POST")


@every_case
def test_within_the_origin_every_hop_is_signed(
    server: WireServer, status: int, kind: str, placement: str
) -> None:
    server.redirects["/second"] = (status, f"{server.url}/third/%2f;v=1//?d=%20")
    redirect(server, status, "/second?c=3&b=%e4+x&flag")
    method, options = KINDS[kind]
    response = send(signed(signature_type=placement), method, f"{server.url}/first?q=1", **options)
    first, *later = server.requests
    assert len(later) == len(response.history) == 2
    has_place = placement != "BODY" or keeps_body(status, method)
    # aiohttp sends a GET that had no body, and has one now, with it.
    assert len(nonces([first, *(later if has_place else [])])) == (3 if has_place else 1)
    assert all(has_place or is_bare(hop) for hop in later)
    for hop in later:
        body = unsigned(kind) if keeps_body(status, method) else b""
        assert hop.body.startswith(body) if placement == "BODY" else hop.body == body
    # Where it came to has nothing of it.
    assert "oauth_" not in str(response.url)


@pytest.mark.parametrize("repeats", [False, True])
@every_case
def test_nothing_of_the_signature_leaves_the_origin(
    server: WireServer,
    other_server: WireServer,
    status: int,
    kind: str,
    placement: str,
    repeats: bool,
) -> None:
    """Also if the server repeats what it got, there and back, and if others sign elsewhere."""

    def leave(request: WireRequest) -> Answer:
        query = request.query.decode() if repeats else ""
        headers = [("Location", f"{other_server.url}/elsewhere?x=1&{query}")]
        return Answer(status=status, headers=headers)

    server.answers["/first"] = leave
    other_server.redirects["/elsewhere"] = (status, f"{server.url}/back")
    method, options = KINDS[kind]
    response = send(signed(signature_type=placement), method, f"{server.url}/first?q=1", **options)
    assert response.status == 200
    first, back = server.requests
    [elsewhere] = other_server.requests
    assert len(nonces([first])) == 1
    for hop in (elsewhere, back):
        if kind == "form":
            assert b"oauth_signature" not in hop.body + hop.target
            assert "Authorization" not in dict(hop.headers)
        else:
            assert is_bare(hop)
        assert hop.body == (unsigned(kind) if keeps_body(status, method) else b"")
    assert elsewhere.target.startswith(b"/elsewhere?x=1")


def test_a_form_without_a_content_type(server: WireServer, other_server: WireServer) -> None:
    """By its looks it is one; where it is not signed it goes on as it was."""
    redirect(server, 307, f"{other_server.url}/second")
    options = {"data": {"a": "1"}, "skip_auto_headers": ["Content-Type"]}
    send(signed(signature_type="BODY"), "POST", f"{server.url}/first", **options)
    assert len(nonces(server.requests)) == 1
    assert is_bare(other_server.last)
    assert other_server.last.body == b"a=1"


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_server_that_repeats_the_signature_within_the_origin(
    server: WireServer, placement: str
) -> None:
    def repeat(request: WireRequest) -> Answer:
        return Answer(status=307, headers=[("Location", f"/second?{request.query.decode()}")])

    server.answers["/first"] = repeat
    send(signed(signature_type=placement), "POST", f"{server.url}/first?q=1", data={"a": "1"})
    assert len(nonces(server.requests)) == 2
    assert server.last.target.count(b"oauth_nonce") == (placement == "QUERY")


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_handler_in_another_task(
    server: WireServer, other_server: WireServer, placement: str
) -> None:
    """What is known of the hops before is not the task's: `wait_for` makes one of its own."""

    async def elsewhere(request: ClientRequest, handler: Handler) -> ClientResponse:
        async def handle() -> ClientResponse:
            return await handler(request)

        return await asyncio.create_task(handle())

    redirect(server, 307, f"{other_server.url}/second")
    middlewares = [elsewhere, *signed(signature_type=placement)]
    send(middlewares, "POST", f"{server.url}/first", data={"a": "1"})
    assert len(nonces(server.requests)) == 1
    assert is_bare(other_server.last)
    assert other_server.last.body == b"a=1"


def test_many_at_once(server: WireServer, other_server: WireServer) -> None:
    """What one is redirected to is what another asks for by itself, and signs."""
    redirect(server, 307, f"{other_server.url}/second")

    async def ask() -> None:
        async with ClientSession(middlewares=signed()) as client:
            await asyncio.gather(
                *(ask_in(client, "GET", f"{server.url}/first?n={n}") for n in range(20)),
                *(ask_in(client, "GET", f"{other_server.url}/second?n={n}") for n in range(20)),
            )

    asyncio.run(ask())
    assert len(nonces(server.requests)) == 20
    direct = [request for request in other_server.requests if request.query]
    followed = [request for request in other_server.requests if not request.query]
    assert len(nonces(direct)) == len(followed) == 20
    assert all(map(is_bare, followed))


def test_threads_share_a_middleware(server: WireServer) -> None:
    redirect(server, 307, "/second")
    middlewares = signed()
    barrier = threading.Barrier(4)

    def ask() -> None:
        barrier.wait(timeout=10)
        send(middlewares, "POST", f"{server.url}/first", json={})

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(nonces(server.requests)) == 8


@pytest.mark.parametrize("options", [{"allow_redirects": False}, {"max_redirects": 1}])
def test_a_redirect_that_is_not_followed_is_forgotten(
    server: WireServer, other_server: WireServer, options: dict[str, Any]
) -> None:
    redirect(server, 307, f"{other_server.url}/second")

    async def ask() -> None:
        async with ClientSession(middlewares=signed()) as client:
            try:
                await ask_in(client, "GET", f"{server.url}/first", **options)
            except aiohttp.TooManyRedirects:
                assert "max_redirects" in options
            await ask_in(client, "GET", f"{other_server.url}/second")

    asyncio.run(ask())
    assert len(nonces([*server.requests, *other_server.requests])) == 2


def test_a_hop_that_cannot_be_signed_goes_unsigned(server: WireServer) -> None:
    middlewares = signed(nonce=iter_of(["first", ValueError()]))
    redirect(server, 302, "/second")
    with pytest.raises(ValueError, match=r"^$"):  # the caller's own error is the caller's
        send(middlewares, "GET", f"{server.url}/first")
    middlewares = signed(nonce=iter_of(["first", 7]))
    send(middlewares, "GET", f"{server.url}/first")
    assert is_bare(server.last)


def iter_of(values: list[Any]) -> Callable[[], Any]:
    given = iter(values)

    def take() -> Any:
        value = next(given)
        if isinstance(value, Exception):
            raise value
        return value

    return take


@pytest.mark.parametrize("kind", ["file", "BytesIO", "multipart", "form with a file"])
def test_files_that_are_redirected(server: WireServer, path: Path, kind: str) -> None:
    redirect(server, 307, "/second")
    make, expected = BODIES[kind]

    async def ask() -> None:
        async with ClientSession(middlewares=signed()) as client:
            await ask_in(client, "PUT", f"{server.url}/first", **make(path))

    asyncio.run(ask())
    assert len(nonces(server.requests)) == 2
    assert all(expected in request.body for request in server.requests)


# --- Attempts


class Retrying:
    """Sends again what was not answered by a 200, as the retrying middlewares do."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, request: ClientRequest, handler: Handler) -> ClientResponse:
        while True:
            response = await handler(request)
            self.seen.append((str(request.url), dict(request.headers)))
            if response.status == 200:
                return response
            response.release()


def failing(times: int) -> Callable[[WireRequest], Answer]:
    left = [503] * times
    return lambda _: Answer(status=left.pop() if left else 200)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", ["GET", "form", "PUT form", "JSON"])
def test_every_attempt_has_a_signature_of_its_own(
    server: WireServer, kind: str, placement: str
) -> None:
    if (kind, placement) == ("JSON", "BODY"):
        kind = "form"
    server.answers["/path"] = failing(2)
    retrying = Retrying()
    method, options = KINDS[kind]
    send([retrying, *signed(signature_type=placement)], method, f"{server.url}/path?q=1", **options)
    assert len(nonces(server.requests)) == 3
    for request in server.requests:
        body = unsigned(kind)
        assert request.body.startswith(body) if placement == "BODY" else request.body == body
    for url, headers in retrying.seen:
        assert url == f"{server.url}/path?q=1"
        assert "Authorization" not in headers
        assert int(headers.get("Content-Length", "0")) == len(unsigned(kind))


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_every_attempt_of_a_hop(
    server: WireServer, other_server: WireServer, placement: str
) -> None:
    """Those of one that left the origin stay unsigned."""
    server.redirects["/first"] = (307, "/second")
    fail = failing(2)
    server.answers["/second"] = lambda request: (
        fail(request)
        if len(server.requests) < 4
        else Answer(status=307, headers=[("Location", f"{other_server.url}/third")])
    )
    other_server.answers["/third"] = failing(2)

    async def retry(request: ClientRequest, handler: Handler) -> ClientResponse:
        while (response := await handler(request)).status == 503:
            response.release()
        return response

    middlewares = [retry, *signed(signature_type=placement)]
    send(middlewares, "POST", f"{server.url}/first", data={"a": "1"})
    assert len(nonces(server.requests)) == len(server.requests) == 4
    assert len(other_server.requests) == 3
    assert all(is_bare(hop) and hop.body == b"a=1" for hop in other_server.requests)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("path", ["/first", "/second"])
def test_aiohttp_itself_sends_again_when_a_connection_breaks(
    server: WireServer, path: str, placement: str
) -> None:
    def break_once(request: WireRequest) -> Answer:
        if sum(it.target.startswith(path.encode()) for it in server.requests) == 1:
            raise ConnectionError
        return Answer(status=307, headers=[("Location", "/second")] if path == "/first" else [])

    redirect(server, 307, "/second")
    server.answers[path] = break_once
    if path == "/first":
        del server.redirects["/first"]
    send(signed(signature_type=placement), "PUT", f"{server.url}/first", data={"a": "1"})
    assert len(nonces(server.requests)) == len(server.requests) == 3
    assert all(own_fields(request) == [(b"a", b"1")] for request in server.requests)


# --- The clock


class SkewedServer(WireServer):
    """Its clock is an hour ahead; what is more than a minute off it refuses."""

    ahead = 3600
    age: str | None = None

    def answer(self, request: WireRequest) -> Answer:
        answer = super().answer(request)
        if answer.status != 200:
            return answer
        headers = [] if self.age is None else [("Age", self.age)]
        parameters = verdict(request).parameters
        stamp = int(parameters.get(b"oauth_timestamp", b"0"))
        is_right = abs(stamp - time.time() - self.ahead) < 60
        return Answer(answer.body, 200 if is_right else 401, headers)


@pytest.fixture
def skewed_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SkewedServer]:
    def date(handler: Any, timestamp: Any = None) -> str:
        return email.utils.formatdate(time.time() + SkewedServer.ahead, usegmt=True)

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date)
    server = SkewedServer()
    with server:
        yield server


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", ["GET", "form", "PUT form", "JSON"])
def test_a_clock_that_is_off(skewed_server: SkewedServer, kind: str, placement: str) -> None:
    if (kind, placement) == ("JSON", "BODY"):
        kind = "form"
    middleware = OAuth1Middleware(auth(signature_type=placement), correct_clock=True)
    method, options = KINDS[kind]

    async def ask() -> list[int]:
        async with ClientSession(middlewares=[middleware]) as client:
            url = f"{skewed_server.url}/path"
            return [(await ask_in(client, method, url, **options)).status for _ in range(2)]

    assert asyncio.run(ask()) == [200, 200]
    # The second request knows.
    assert len(nonces(skewed_server.requests)) == len(skewed_server.requests) == 3
    assert abs(middleware.client.timestamp_offset - 3600) <= 2
    for request in skewed_server.requests:
        body = unsigned(kind)
        assert request.body.startswith(body) if placement == "BODY" else request.body == body


def test_the_answer_that_refused_gives_its_connection_back(skewed_server: SkewedServer) -> None:
    skewed_server.answers["/path"] = Answer(b"x" * 10_000_000)

    async def ask() -> int:
        middleware = OAuth1Middleware(auth(), correct_clock=True)
        connector = aiohttp.TCPConnector(limit=1)
        async with ClientSession(middlewares=[middleware], connector=connector) as client:
            answer = ask_in(client, "GET", f"{skewed_server.url}/path")
            return (await asyncio.wait_for(answer, timeout=5)).status

    assert asyncio.run(ask()) == 200


def test_it_is_left_as_it_is_unless_asked_for(skewed_server: SkewedServer) -> None:
    middleware = OAuth1Middleware(auth())
    assert send([middleware], "GET", skewed_server.url).status == 401
    assert middleware.client.timestamp_offset == 0
    skewed_server.age = "7"
    cached = OAuth1Middleware(auth(), correct_clock=True)
    assert send([cached], "GET", skewed_server.url).status == 401
    assert cached.client.timestamp_offset == 0
    assert len(skewed_server.requests) == 2


def test_a_clock_that_is_off_at_a_later_hop(skewed_server: SkewedServer) -> None:
    redirect(skewed_server, 307, "/second")
    middleware = OAuth1Middleware(auth(signature_type="BODY"), correct_clock=True)
    url = f"{skewed_server.url}/first"
    assert send([middleware], "POST", url, data={"a": "1"}).status == 200
    assert len(nonces(skewed_server.requests)) == len(skewed_server.requests) == 3


def test_another_origin_sets_no_clock(server: WireServer, skewed_server: SkewedServer) -> None:
    redirect(server, 307, f"{skewed_server.url}/second")
    middleware = OAuth1Middleware(auth(), correct_clock=True)
    assert send([middleware], "GET", f"{server.url}/first").status == 401
    assert middleware.client.timestamp_offset == 0
    assert len(skewed_server.requests) == 1


@pytest.mark.parametrize(
    ("kind", "is_sent_again"),
    [
        ("BytesIO", True),
        ("StringIO", True),
        ("nothing", True),
        ("file", False),
        ("generator", False),
        ("multipart", False),
    ],
)
def test_what_is_not_in_memory_is_not_sent_again(
    skewed_server: SkewedServer, path: Path, kind: str, is_sent_again: bool
) -> None:
    middleware = OAuth1Middleware(auth(), correct_clock=True)
    make, expected = BODIES[kind]

    async def ask() -> int:
        async with ClientSession(middlewares=[middleware]) as client:
            return (await ask_in(client, "POST", skewed_server.url, **make(path))).status

    assert asyncio.run(ask()) == (200 if is_sent_again else 401)
    assert len(skewed_server.requests) == 1 + is_sent_again
    assert all(expected in request.body for request in skewed_server.requests)
    # The next one is right.
    assert abs(middleware.client.timestamp_offset - 3600) <= 2


def test_a_multipart_form_in_memory_is_sent_again(skewed_server: SkewedServer) -> None:
    middleware = OAuth1Middleware(auth(), correct_clock=True)

    async def ask() -> int:
        form = FormData({"a": "1"})
        form.add_field("file", io.BytesIO(b"content"), filename="file")
        async with ClientSession(middlewares=[middleware]) as client:
            return (await ask_in(client, "POST", skewed_server.url, data=form)).status

    assert asyncio.run(ask()) == 200
    first, second = skewed_server.requests
    assert first.body == second.body
    assert b"content" in first.body


def test_many_at_once_whose_clock_is_off(skewed_server: SkewedServer) -> None:
    middleware = OAuth1Middleware(auth(), correct_clock=True)

    async def ask() -> list[int]:
        async with ClientSession(middlewares=[middleware]) as client:
            answers = [ask_in(client, "GET", skewed_server.url) for _ in range(10)]
            return [answer.status for answer in await asyncio.gather(*answers)]

    assert asyncio.run(ask()) == [200] * 10
    assert abs(middleware.client.timestamp_offset - 3600) <= 2
    nonces(skewed_server.requests)


# --- Settings and errors


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_form_that_is_a_stream_is_read(server: WireServer, placement: str) -> None:
    async def form() -> AsyncIterator[bytes]:
        yield b"a=1&"
        yield b"b=2"

    send(signed(signature_type=placement), "POST", server.url, data=form(), headers=FORM_TYPE)
    assert server.last.body.startswith(b"a=1&b=2")
    assert verdict(server.last).accepted


def test_what_cannot_be_signed_is_not_sent(server: WireServer) -> None:
    with pytest.raises(OAuth1Error, match="PLAINTEXT") as caught:
        send(signed(signature_method="PLAINTEXT"), "GET", "http://api.example.com/")
    assert "secret" not in str(caught.value).replace("the secrets", "")
    assert server.requests == []


def test_an_error_leaves_the_request_as_it_was(server: WireServer) -> None:
    middleware = OAuth1Middleware(auth(signature_type="BODY"))
    seen = []

    async def unsigned_then(request: ClientRequest, handler: Handler) -> ClientResponse:
        before = request.url, request.headers.copy(), request.body
        with pytest.raises(OAuth1Error):
            await handler(request)
        seen.append((request.url, request.headers, request.body) == before)
        middleware.client.signature_type = "AUTH_HEADER"
        return await handler(request)

    send([unsigned_then, middleware], "POST", server.url, json={"a": 1})
    assert seen == [True]
    assert len(nonces(server.requests)) == 1


def test_settings_take_effect_at_the_next_signature(server: WireServer) -> None:
    middleware = OAuth1Middleware(auth())
    assert middleware.client is middleware.auth.client

    async def ask() -> None:
        async with ClientSession(middlewares=[middleware]) as client:
            await ask_in(client, "GET", server.url)
            middleware.client.resource_owner_key = "another"
            await ask_in(client, "GET", server.url)
            middleware.auth = auth(realm="r")
            await ask_in(client, "GET", server.url)

    asyncio.run(ask())
    first, second, third = map(verdict, server.requests)
    assert [first.accepted, second.accepted, third.accepted] == [True] * 3
    assert first.parameters[b"oauth_token"] == b"token"
    assert second.parameters[b"oauth_token"] == b"another"
    assert third.realm == "r"


def test_a_request_has_middlewares_of_its_own(server: WireServer) -> None:
    async def ask() -> None:
        async with ClientSession(middlewares=signed(realm="session")) as client:
            await ask_in(client, "GET", server.url, middlewares=())
            await ask_in(client, "GET", server.url, middlewares=signed(realm="request"))
            await ask_in(client, "GET", server.url)

    asyncio.run(ask())
    assert is_bare(server.requests[0])
    assert [verdict(it).realm for it in server.requests[1:]] == ["request", "session"]


def test_each_of_two_middlewares_has_an_origin_of_its_own(
    server: WireServer, other_server: WireServer
) -> None:
    redirect(server, 307, f"{other_server.url}/second")
    other_server.redirects["/second"] = (307, "/third")
    [first], [other] = signed(realm="first"), signed(realm="other")

    async def choose(request: ClientRequest, handler: Handler) -> ClientResponse:
        return await (first if request.url.port == server.port else other)(request, handler)

    send([choose], "GET", f"{server.url}/first")
    requests = [*server.requests, *other_server.requests]
    assert len(nonces(requests)) == 3
    assert [verdict(request).realm for request in requests] == ["first", "other", "other"]


def test_requests_that_a_middleware_makes_are_requests_of_their_own(
    server: WireServer, other_server: WireServer
) -> None:
    middlewares = signed()

    async def ask_first(request: ClientRequest, handler: Handler) -> ClientResponse:
        await ask_in(request.session, "GET", f"{other_server.url}/token", middlewares=middlewares)
        return await handler(request)

    redirect(server, 307, "/second")
    send([ask_first, *middlewares], "GET", f"{server.url}/first")
    assert len(nonces([*server.requests, *other_server.requests])) == 4


def test_traces_of_ones_own_still_hear_of_everything(server: WireServer) -> None:
    redirect(server, 307, "/second")
    heard = []
    config = aiohttp.TraceConfig()
    names = ["request_start", "request_redirect", "request_chunk_sent", "request_end"]
    for name in names:

        async def hear(session: Any, context: Any, params: Any, name: str = name) -> None:
            heard.append(name)

        getattr(config, f"on_{name}").append(hear)
    send(signed(), "POST", f"{server.url}/first", session={"trace_configs": [config]}, data=b"a")
    assert set(heard) == set(names)
    assert heard.count("request_redirect") == 1
    assert len(nonces(server.requests)) == 2


def test_secrets_are_in_no_text() -> None:
    middleware = OAuth1Middleware(auth())
    assert not any(secret in repr(middleware) for secret in CREDENTIALS)


def test_it_imports_aiohttp_and_no_other_client() -> None:
    code = (
        "import sys, oauth1_rs; assert 'aiohttp' not in sys.modules; import oauth1_rs.aiohttp;"
        "print([name for name in ('aiohttp', 'requests', 'httpx') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output == "['aiohttp']\n"


@pytest.mark.parametrize(
    "block", [it for it in documents.blocks("docs/clients/aiohttp.md") if it.language == "python"]
)
def test_the_documents_blocks_run(server: WireServer, block: documents.Block) -> None:
    code = block.text.replace("https://api.example.com", server.url)
    assert code != block.text
    server.answers["/items"] = Answer(json.dumps([]).encode(), 200, [("Content-Type", "a/json")])
    documents.run("docs/clients/aiohttp.md", code, lambda _: "")
    assert nonces(server.requests)
    assert {urlsplit(it.target.decode()).path for it in server.requests} == {"/items"}


@pytest.mark.parametrize(
    ("data", "content_type", "parameters"),
    [
        (None, None, []),
        ("a=b", FORM_MEDIA_TYPE, [("form", "a", "b")]),
        (b"a=b", FORM_MEDIA_TYPE, [("form", "a", "b")]),
        (bytearray(b"a=b"), FORM_MEDIA_TYPE, [("form", "a", "b")]),
        (memoryview(b"a=b"), FORM_MEDIA_TYPE, [("form", "a", "b")]),
        (io.BytesIO(b"a=b"), "text/plain", []),
        (b"\xff", "text/plain", []),
    ],
    ids=["none", "str", "bytes", "bytearray", "memoryview", "file", "no text"],
)
def test_bodies_are_explained_as_they_are_signed(
    server: WireServer, data: Any, content_type: str | None, parameters: list[tuple[str, str, str]]
) -> None:
    auth = OAuth1("client key", "client secret")
    found: list[Explanation] = []

    async def explain(request: ClientRequest, handler: Handler) -> ClientResponse:
        found.append(auth.explain(request))
        return await handler(request)

    async def ask() -> None:
        headers = {"Content-Type": content_type} if content_type else {}
        async with ClientSession(middlewares=[OAuth1Middleware(auth), explain]) as session:
            await session.post(f"{server.url}/", data=data, headers=headers)

    asyncio.run(ask())
    [explanation] = found
    assert explanation.signature_matches
    others = [(it.source, it.name, it.value) for it in explanation.parameters]
    assert [it for it in others if it[0] != "oauth"] == parameters


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "BODY"])
def test_a_middleware_behind_it_can_explain(server: WireServer, placement: str) -> None:
    auth = OAuth1("client key", "client secret", signature_type=placement)
    found: list[Explanation] = []

    async def explain(request: ClientRequest, handler: Handler) -> ClientResponse:
        found.append(auth.explain(request))
        return await handler(request)

    async def ask() -> None:
        middlewares: list[Any] = [OAuth1Middleware(auth), explain]
        async with (
            ClientSession(middlewares=middlewares) as session,
            session.post(f"{server.url}/?b=c", data={"a": "\xe9"}) as response,
        ):
            with pytest.raises(OAuth1TypeError, match="in parts"):
                auth.explain(response.request_info)

    asyncio.run(ask())
    [explanation] = found
    assert explanation.was_signed
    assert explanation.signature_matches
    others = [(it.source, it.name, it.value) for it in explanation.parameters]
    assert [it for it in others if it[0] != "oauth"] == [("form", "a", "\xe9"), ("query", "b", "c")]
    sent = {
        "AUTH_HEADER": dict(server.last.headers).get("Authorization"),
        "BODY": server.last.body.decode(),
    }
    assert explanation.sent == sent[placement]
