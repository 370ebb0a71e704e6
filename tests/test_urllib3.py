"""urllib3, signed by `OAuth1PoolManager` and by pools: over real sockets, the verifier judges."""

from __future__ import annotations

import io
import itertools
import logging
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

import documents
import pytest
import trustme
import urllib3
from client_requests import (
    FORM,
    PLACEMENTS,
    REDIRECT_STATUSES,
    REQUESTS,
    Choosy,
    ClientRequest,
    auth,
    is_bare,
    verdict,
)
from oauth1_rs import OAuth1Error
from oauth1_rs.urllib3 import (
    OAuth1HTTPConnectionPool,
    OAuth1HTTPSConnectionPool,
    OAuth1PoolManager,
    OAuth1ProxyManager,
    connection_from_url,
)
from proxy import Proxy
from streams import LINES, STREAMS, whole
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry
from verifier import WireRequest, decode_form
from wire_server import Answer, WireServer

FORM_TYPE = {"Content-Type": FORM}

Send = Callable[..., Any]


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_server(authority: trustme.CA) -> Iterator[WireServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    with WireServer(context) as server:
        yield server


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: pathlib.Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def by_manager(server: WireServer, **options: Any) -> Send:
    manager = OAuth1PoolManager(auth(**options))
    return lambda method, target, **rest: manager.request(method, server.url + target, **rest)


def by_pool(server: WireServer, **options: Any) -> Send:
    pool = connection_from_url(auth(**options), server.url)
    return pool.request


LEVELS: dict[str, Callable[..., Send]] = {"manager": by_manager, "pool": by_pool}
every_level = pytest.mark.parametrize("level", LEVELS)
every_placement = pytest.mark.parametrize("placement", PLACEMENTS)


def assert_signed(request: WireRequest) -> None:
    found = verdict(request)
    assert found.accepted, found.reason


def nonces(requests: list[WireRequest]) -> set[bytes]:
    for request in requests:
        assert_signed(request)
    return {verdict(request).parameters[b"oauth_nonce"] for request in requests}


def headers_of(request: WireRequest) -> dict[str, str | bytes]:
    return {name.lower(): value for name, value in dict(request.headers).items()}


def own(form: bytes) -> list[tuple[bytes, bytes]]:
    """Return what of a form or a query is the caller's."""
    return [(name, value) for name, value in decode_form(form) if not name.startswith(b"oauth_")]


def in_turn(*answers: Answer | type[ConnectionError]) -> Callable[[WireRequest], Answer]:
    """Give one answer after the other, or none, and at last empty ones."""
    rest = iter(answers)

    def answer(_request: WireRequest) -> Answer:
        given = next(rest, Answer())
        if isinstance(given, Answer):
            return given
        raise given

    return answer


@every_level
@every_placement
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.name)
def test_what_is_signed_is_on_the_wire(
    server: WireServer, level: str, placement: str, request_: ClientRequest
) -> None:
    send = LEVELS[level](server, signature_type=placement)
    headers = {} if request_.content_type is None else {"Content-Type": request_.content_type}
    target = request_.target if request_.target.startswith("/") else "/" + request_.target
    media_type = (request_.content_type or FORM).partition(";")[0].strip().lower()
    if placement == "BODY" and request_.body is not None and media_type != FORM:
        with pytest.raises(OAuth1Error):
            send(request_.method, target, body=request_.body, headers=headers)
        assert server.requests == []
        return
    send(request_.method, target, body=request_.body, headers=headers)
    assert_signed(server.last)
    if placement != "BODY":
        assert server.last.body == (request_.body or b"")


@every_level
@every_placement
@pytest.mark.parametrize(
    "target",
    [
        "/a/../b/./c",
        "/%7efoo/%2f%c3%a4?x=%e4&y=%zz",
        "/ä b?ö=ü ß&c=[1]",
        "/a;b=c/d@e:f?g=h+i&&j&k==",
        "/a?url=http://example.com/?b=c",
        "/a#fragment?x=1",
        "//double//slash",
        "/",
    ],
)
def test_a_url_that_urllib3_rewrites(
    server: WireServer, level: str, placement: str, target: str
) -> None:
    LEVELS[level](server, signature_type=placement)("POST", target)
    assert_signed(server.last)


@pytest.mark.parametrize("host", ["LOCALHOST", "127.0.0.1", "user:word@localhost"])
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_a_host_as_the_header_has_it(server: WireServer, host: str, scheme: str) -> None:
    OAuth1PoolManager(auth()).request("GET", f"{scheme}://{host}:{server.port}/a")
    assert_signed(server.last)


class Local(HTTPConnection):
    """Finds every name on this machine."""

    def _new_conn(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port or 0))


def test_a_name_that_ends_with_a_dot(server: WireServer) -> None:
    pool = connection_from_url(auth(), f"http://Example.com.:{server.port}")
    pool.ConnectionCls = Local
    pool.request("GET", "/a")
    assert server.last.host == f"example.com:{server.port}".encode()
    assert_signed(server.last)


def test_ipv6() -> None:
    with WireServer(address=("::1", 0)) as server:
        OAuth1PoolManager(auth()).request("GET", f"{server.url}/a")
        connection_from_url(auth(), server.url).request("GET", "/a")
        assert len(nonces(server.requests)) == 2


def test_a_host_header_of_the_callers(server: WireServer) -> None:
    OAuth1PoolManager(auth()).request("GET", f"{server.url}/a", headers={"Host": "example.com"})
    assert server.last.host == b"example.com"
    assert_signed(server.last)


def test_https(secure_server: WireServer, trusted: str) -> None:
    manager = OAuth1PoolManager(auth(), ca_certs=trusted)
    manager.request("GET", f"{secure_server.url}/a")
    pool = connection_from_url(auth(), secure_server.url, ca_certs=trusted)
    assert isinstance(pool, OAuth1HTTPSConnectionPool)
    pool.request("GET", "/a")
    assert len(nonces(secure_server.requests)) == 2


@every_level
def test_fields_in_the_query(server: WireServer, level: str) -> None:
    LEVELS[level](server)("GET", "/a", fields={"q": "crème brûlée", "r": "1 +2"})
    assert_signed(server.last)
    assert own(server.last.query) == [(b"q", "crème brûlée".encode()), (b"r", b"1 +2")]


@every_level
@every_placement
def test_fields_as_a_form(server: WireServer, level: str, placement: str) -> None:
    send = LEVELS[level](server, signature_type=placement)
    send("POST", "/a", fields={"status": "Hellö"}, encode_multipart=False)
    assert_signed(server.last)
    assert own(server.last.form) == [(b"status", "Hellö".encode())]


@every_level
@pytest.mark.parametrize("body_hash", [None, "sha1", "sha256"])
def test_fields_as_multipart(server: WireServer, level: str, body_hash: str | None) -> None:
    send = LEVELS[level](server, body_hash=body_hash)
    send("POST", "/a", fields={"name": "value", "file": ("a.bin", LINES)})
    found = verdict(server.last)
    assert found.accepted, found.reason
    assert LINES in server.last.body
    assert (b"oauth_body_hash" in found.parameters) == (body_hash is not None)


@every_level
def test_json(server: WireServer, level: str) -> None:
    body = b'{"a":[1,"\xc3\xa4"]}'
    headers = {"Content-Type": "application/json"}
    LEVELS[level](server)("POST", "/a", body=body, headers=headers)
    assert_signed(server.last)
    assert server.last.body == body


@pytest.mark.skipif(version("urllib3") < "2", reason="urllib3 1.26 has no json=")
@every_level
def test_json_as_an_object(server: WireServer, level: str) -> None:
    LEVELS[level](server)("POST", "/a", json={"a": 1})
    assert_signed(server.last)
    assert server.last.body == b'{"a":1}'
    assert headers_of(server.last)["content-type"] == "application/json"


@every_level
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_arrives_whole(
    server: WireServer, tmp_path: pathlib.Path, level: str, placement: str, kind: str
) -> None:
    stream = STREAMS[kind](tmp_path)
    send = LEVELS[level](server, signature_type=placement)
    send("POST", "/a", body=stream)
    if hasattr(stream, "close"):
        stream.close()
    assert server.last.body == whole(kind)
    assert_signed(server.last)


@every_placement
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("length", [{}, {"Content-Length": "3"}, {"content-length": b"3"}])
def test_the_length_is_right(
    server: WireServer, placement: str, chunked: bool, length: dict[str, Any]
) -> None:
    if chunked and length:
        length = {}
    send = by_manager(server, signature_type=placement)
    server.redirects["/a"] = (307, "/b")
    response = send("POST", "/a", body="a=1", headers={**FORM_TYPE, **length}, chunked=chunked)
    assert response.status == 200
    assert len(nonces(server.requests)) == 2
    assert own(server.last.form) == [(b"a", b"1")]
    for request in server.requests:  # a body has one length, told in one way
        assert len({"content-length", "transfer-encoding"} & set(headers_of(request))) == 1


def test_headers_of_the_callers_types_arrive(server: WireServer) -> None:
    headers: Any = {"Content-Type": FORM.encode(), "X-Bytes": b"1", b"x-text": "2"}
    given = dict(headers)
    OAuth1PoolManager(auth()).request("POST", f"{server.url}/a", body="a=1", headers=headers)
    assert_signed(server.last)
    assert headers_of(server.last)["x-bytes"] == "1"
    assert headers_of(server.last)["x-text"] == "2"
    assert headers == given, "the caller's own mapping is left alone"


def test_headers_of_the_manager(server: WireServer) -> None:
    headers = {"X-Own": "1", "Content-Type": FORM}
    manager = OAuth1PoolManager(auth(), headers=headers)
    manager.request("POST", f"{server.url}/a", body="a=1")
    assert_signed(server.last)
    assert headers_of(server.last)["x-own"] == "1"
    assert manager.headers == headers


def test_two_headers_of_a_name_arrive(server: WireServer) -> None:
    headers = urllib3.response.HTTPHeaderDict()  # type: ignore[attr-defined]  # where both have it
    headers.add("X-Own", "1")
    headers.add("X-Own", "2")
    OAuth1PoolManager(auth()).request("GET", f"{server.url}/a", headers=headers)
    assert_signed(server.last)
    assert [value for name, value in list(server.last.headers) if name == "X-Own"] == ["1", "2"]


def test_a_write_to_a_credential_takes_effect(server: WireServer) -> None:
    manager = OAuth1PoolManager(auth())
    pool = manager.connection_from_url(server.url)
    assert isinstance(pool, OAuth1HTTPConnectionPool)
    manager.client.resource_owner_key = "another"
    pool.request("GET", "/a")
    assert verdict(server.last).parameters[b"oauth_token"] == b"another"
    assert pool.client is manager.client


# Redirects


def kinds() -> Iterator[tuple[str, str, Any, dict[str, str]]]:
    yield "GET", "GET", None, {}
    yield "form", "POST", "a=1&b=x+y", FORM_TYPE
    yield "JSON", "POST", b'{"a": 1}', {"Content-Type": "application/json"}


REDIRECTS = [
    pytest.param(*case, id="-".join(map(str, (case[0], case[1], case[2][0], case[3]))))
    for case in itertools.product(LEVELS, REDIRECT_STATUSES, kinds(), PLACEMENTS)
    # A JSON body has no place for the parameters.
    if (case[2][0], case[3]) != ("JSON", "BODY")
]
every_redirect = pytest.mark.parametrize(("level", "status", "kind", "placement"), REDIRECTS)


@every_redirect
def test_a_redirect_within_the_origin(
    server: WireServer, level: str, status: int, kind: Any, placement: str
) -> None:
    _, method, body, headers = kind
    server.redirects["/first"] = (status, "second?q=2")
    server.redirects["/second"] = (
        status,
        f"{server.url}/third" if level == "manager" else "/third",
    )
    send = LEVELS[level](server, signature_type=placement)
    if level == "pool":
        server.redirects["/first"] = (status, "/second?q=2")
    assert send(method, "/first?q=1", body=body, headers=headers).status == 200
    assert [request.target.partition(b"?")[0] for request in server.requests] == [
        b"/first",
        b"/second",
        b"/third",
    ]
    # Unlike browsers, urllib3 keeps method and body but for 303.
    if status == 303 and placement == "BODY" and method == "POST":
        assert_signed(server.requests[0])
        assert [is_bare(request) for request in server.requests[1:]] == [True, True]
    else:
        assert len(nonces(server.requests)) == 3
    if status != 303:
        assert {request.method for request in server.requests} == {method}
        assert own(server.last.form) == own(body.encode() if isinstance(body, str) else b"")


@every_level
def test_a_body_of_parameters_alone_is_gone_with_the_method(server: WireServer, level: str) -> None:
    server.redirects["/first"] = (303, "/second")
    LEVELS[level](server, signature_type="BODY")("POST", "/first")
    assert_signed(server.requests[0])
    assert server.last.method == "GET"
    assert is_bare(server.last)
    assert server.last.body == b""


@pytest.mark.parametrize("status", REDIRECT_STATUSES)
@every_placement
def test_a_redirect_to_another_origin_and_back(
    server: WireServer, other_server: WireServer, status: int, placement: str
) -> None:
    server.redirects["/first"] = (status, f"{other_server.url}/second?q=2")
    other_server.redirects["/second"] = (status, f"{server.url}/third")
    send = by_manager(server, signature_type=placement)
    send("POST", "/first", body="a=1", headers=FORM_TYPE)
    assert_signed(server.requests[0])
    assert is_bare(other_server.last)
    assert other_server.last.target == b"/second?q=2"
    assert is_bare(server.last), "a chain that has left the origin is never signed again"
    assert server.last.target == b"/third"
    if status != 303:
        assert other_server.last.body == server.last.body == b"a=1"


@every_level
@every_placement
def test_a_server_that_repeats_the_signature(
    server: WireServer, other_server: WireServer, level: str, placement: str
) -> None:
    def repeat(request: WireRequest) -> Answer:
        query = urlencode(verdict(request).parameters)
        target = "/second" if request.target.startswith(b"/first") else f"{there}/third"
        return Answer(status=307, headers=[("Location", f"{target}?mine=1&{query}")])

    there = other_server.url if level == "manager" else ""
    server.answers["/first"] = server.answers["/second"] = repeat
    LEVELS[level](server, signature_type=placement)("POST", "/first", headers=FORM_TYPE)
    if level == "manager":
        assert len(nonces(server.requests)) == 2
        assert is_bare(other_server.last)
        assert other_server.last.target == b"/third?mine=1"
    else:
        assert len(nonces(server.requests)) == 3
    assert b"mine=1" in server.requests[1].target


def test_a_redirect_from_http_to_https(secure_server: WireServer, trusted: str) -> None:
    """Another port is another origin, whatever the scheme; the unit tests have 80 and 443."""
    with WireServer() as server:
        server.redirects["/first"] = (307, f"{secure_server.url}/second")
        OAuth1PoolManager(auth(), ca_certs=trusted).request("GET", f"{server.url}/first")
        assert_signed(server.last)
        assert is_bare(secure_server.last)


def test_a_pool_goes_to_no_other_host(server: WireServer, other_server: WireServer) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    with pytest.raises(urllib3.exceptions.HostChangedError):
        connection_from_url(auth(), server.url).request("GET", "/first")
    assert other_server.requests == []


def test_a_pool_that_may_go_to_other_hosts_sends_them_nothing(
    server: WireServer, other_server: WireServer
) -> None:
    """It sends such requests to its own host, as if that were a proxy."""
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    pool = connection_from_url(auth(), server.url)
    pool.urlopen("GET", "/first", assert_same_host=False)
    assert_signed(server.requests[0])
    assert is_bare(server.last)
    assert server.last.target == f"{other_server.url}/second".encode()


def test_a_hop_that_cannot_be_signed_goes_unsigned(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second?oauth_token=theirs")
    server.redirects["/second"] = (307, "/third")
    by_manager(server)("GET", "/first")
    assert_signed(server.requests[0])
    assert server.requests[1].target == b"/second?oauth_token=theirs"
    assert "authorization" not in headers_of(server.requests[1])
    assert is_bare(server.last)


def test_a_hop_that_a_client_class_refuses_goes_unsigned(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    by_manager(server, client_class=Choosy)("GET", "/first")
    first, second = server.requests
    assert_signed(first)
    assert is_bare(second)


@every_placement
def test_a_length_of_the_callers_is_right_elsewhere(
    server: WireServer, other_server: WireServer, placement: str
) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    headers = {**FORM_TYPE, "Content-Length": "3"}
    by_manager(server, signature_type=placement)("POST", "/first", body="a=1", headers=headers)
    assert other_server.last.body == b"a=1"
    assert headers_of(other_server.last)["content-length"] == "3"


def test_no_redirect_is_followed_unasked(server: WireServer) -> None:
    server.redirects["/first"] = (302, "/second")
    for send in (by_manager(server), by_pool(server)):
        assert send("GET", "/first", redirect=False).status == 302
    assert len(nonces(server.requests)) == 2


# Attempts


@every_level
@every_placement
def test_every_attempt_has_a_signature_of_its_own(
    server: WireServer, level: str, placement: str
) -> None:
    server.answers["/a"] = in_turn(Answer(b"not", 503), ConnectionError, Answer(b"yet", 503))
    retries = Retry(5, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    response = LEVELS[level](server, signature_type=placement)(
        "POST", "/a?q=1", body="a=1", headers=FORM_TYPE, retries=retries
    )
    assert response.status == 200
    assert len(nonces(server.requests)) == len(server.requests) == 4
    assert [(entry.url, entry.status) for entry in response.retries.history] == [
        ("/a?q=1", 503),
        ("/a?q=1", None),
        ("/a?q=1", 503),
    ]


@every_level
def test_attempts_after_a_redirect(server: WireServer, level: str) -> None:
    server.redirects["/first"] = (307, "/second")
    server.answers["/second"] = in_turn(Answer(status=503), Answer(status=503))
    retries = Retry(9, status_forcelist=[503])
    assert LEVELS[level](server)("GET", "/first", retries=retries).status == 200
    assert len(nonces(server.requests)) == 4


def test_attempts_elsewhere_are_unsigned(server: WireServer, other_server: WireServer) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    other_server.answers["/second"] = in_turn(Answer(status=503), Answer(status=503))
    by_manager(server)("GET", "/first", retries=Retry(9, status_forcelist=[503]))
    assert [is_bare(request) for request in other_server.requests] == [True] * 3


@every_level
def test_an_error_shows_the_url_as_it_was(server: WireServer, level: str) -> None:
    server.answers["/a"] = Answer(status=503)
    send = LEVELS[level](server, signature_type="QUERY")
    with pytest.raises(MaxRetryError) as caught:
        send("GET", "/a?q=1", retries=Retry(2, status_forcelist=[503]))
    assert "oauth" not in str(caught.value)
    assert len(nonces(server.requests)) == 3


def test_a_file_is_sent_from_where_it_was(server: WireServer) -> None:
    file = io.BytesIO(b"skipped" + LINES)
    file.seek(7)
    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    send = by_manager(server, body_hash="sha1")
    retries = Retry(5, status_forcelist=[503], allowed_methods=None)
    send("POST", "/a", body=file, chunked=True, retries=retries)
    assert [request.body for request in server.requests] == [LINES] * 3
    assert len(nonces(server.requests)) == 3


def test_connections_are_used_again(server: WireServer) -> None:
    send = by_manager(server)
    server.answers["/a"] = in_turn(Answer(b"not yet", 503))
    send("GET", "/a", retries=Retry(5, status_forcelist=[503]))
    send("GET", "/b")
    assert (len(server.requests), server.connections) == (3, 1)


# The clock


def skewed(seconds: float) -> Callable[[WireRequest], Answer]:
    """Take timestamps that are right by a clock that is off."""

    def answer(request: WireRequest) -> Answer:
        now = time.time() + seconds
        sent = int(verdict(request).parameters.get(b"oauth_timestamp", b"0"))
        is_right = abs(now - sent) < 30
        headers = [("Date", formatdate(now, usegmt=True))]
        return Answer(b"refused" * (not is_right), 200 if is_right else 401, headers)

    return answer


@pytest.fixture
def skewed_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WireServer]:
    """A server that says no date of its own."""
    with WireServer() as server:
        handler: Any = server._server.RequestHandlerClass
        monkeypatch.setattr(handler, "send_response", handler.send_response_only)
        yield server


BODIES: dict[str, tuple[Callable[[], Any], dict[str, str]]] = {
    "form": (lambda: "a=1", FORM_TYPE),
    "JSON": (lambda: b'{"a": 1}', {"Content-Type": "application/json"}),
    "file": (lambda: io.BytesIO(LINES), {"Content-Type": "application/octet-stream"}),
    "none": (lambda: None, {}),
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("seconds", [-3600, 7200])
@pytest.mark.parametrize("preload", [True, False])
def test_the_clock_is_corrected(
    skewed_server: WireServer, kind: str, seconds: int, preload: bool
) -> None:
    skewed_server.answers["/a"] = skewed(seconds)
    body, headers = BODIES[kind]
    manager = OAuth1PoolManager(auth(), correct_clock=True)
    url = f"{skewed_server.url}/a"
    response = manager.request(
        "POST", url, body=body(), headers=headers, preload_content=preload, chunked=kind == "file"
    )
    assert response.status == 200
    response.drain_conn()
    first, second = skewed_server.requests
    assert len(nonces([first, second])) == 2
    assert first.body == second.body
    assert abs(manager.client.timestamp_offset - seconds) <= 2
    assert manager.request("GET", url).status == 200
    assert len(skewed_server.requests) == 3
    assert skewed_server.connections == 1


def test_a_clock_is_corrected_once(skewed_server: WireServer) -> None:
    clock = itertools.count(int(time.time()) + 3600, 3600)

    def answer(_request: WireRequest) -> Answer:
        return Answer(status=401, headers=[("Date", formatdate(next(clock), usegmt=True))])

    skewed_server.answers["/a"] = answer
    for level in (
        OAuth1PoolManager(auth(), correct_clock=True).connection_from_url(skewed_server.url),
        connection_from_url(auth(), skewed_server.url, correct_clock=True),
    ):
        skewed_server.requests.clear()
        skewed_server.redirects["/first"] = (307, "/a")
        assert level.request("GET", "/first").status == 401
        assert len(skewed_server.requests) == 3


def test_the_clock_is_corrected_after_a_redirect(skewed_server: WireServer) -> None:
    skewed_server.redirects["/first"] = (307, "/a")
    skewed_server.answers["/a"] = skewed(3600)
    manager = OAuth1PoolManager(auth(), correct_clock=True)
    assert manager.request("GET", f"{skewed_server.url}/first").status == 200
    assert len(nonces(skewed_server.requests)) == 3


@pytest.mark.parametrize(
    ("options", "seconds", "body"),
    [
        ({}, 3600, None),
        ({"correct_clock": True}, 90000, None),
        ({"correct_clock": True}, 45, None),
        ({"correct_clock": True}, 3600, "generator"),
    ],
    ids=["not asked for", "a day", "a little", "a stream"],
)
def test_the_clock_is_left_alone(
    skewed_server: WireServer, options: dict[str, Any], seconds: int, body: str | None
) -> None:
    skewed_server.answers["/a"] = skewed(seconds)
    manager = OAuth1PoolManager(auth(), **options)
    stream = iter([b"1", b"2"]) if body else None
    url = f"{skewed_server.url}/a"
    assert manager.request("POST", url, body=stream, chunked=body is not None).status == 401
    assert len(skewed_server.requests) == 1
    assert manager.client.timestamp_offset == 0


def test_nobody_elsewhere_corrects_the_clock(server: WireServer, skewed_server: WireServer) -> None:
    server.redirects["/first"] = (307, f"{skewed_server.url}/a")
    skewed_server.answers["/a"] = Answer(
        status=401, headers=[("Date", formatdate(time.time() + 3600, usegmt=True))]
    )
    manager = OAuth1PoolManager(auth(), correct_clock=True)
    assert manager.request("GET", f"{server.url}/first").status == 401
    assert len(skewed_server.requests) == 1
    assert manager.client.timestamp_offset == 0


# Proxies


@every_placement
def test_a_proxy_that_forwards(server: WireServer, placement: str) -> None:
    with Proxy() as proxy:
        manager = OAuth1ProxyManager(
            auth(signature_type=placement),
            proxy.url,
            proxy_headers={"Proxy-Authorization": "Basic abc"},
        )
        server.redirects["/first"] = (307, f"{server.url}/second")
        server.answers["/second"] = in_turn(Answer(status=503))
        manager.request(
            "POST",
            f"{server.url}/first?q=1",
            body="a=1",
            headers=FORM_TYPE,
            retries=Retry(5, status_forcelist=[503], allowed_methods=None),
        )
        assert len(nonces(server.requests)) == 3
        assert [method for method, *_ in proxy.heard] == ["POST"] * 3
        assert all(heard[1].startswith(server.url) for heard in proxy.heard)
        assert all(heard[2]["proxy-authorization"] == "Basic abc" for heard in proxy.heard)


@every_placement
def test_a_proxy_that_tunnels_sees_no_signature(
    secure_server: WireServer, trusted: str, placement: str
) -> None:
    with Proxy() as proxy:
        manager = OAuth1ProxyManager(
            auth(signature_type=placement), proxy.url, ca_certs=trusted, num_pools=3
        )
        secure_server.answers["/a"] = in_turn(Answer(status=503))
        retries = Retry(5, status_forcelist=[503], allowed_methods=None)
        manager.request("POST", f"{secure_server.url}/a", headers=FORM_TYPE, retries=retries)
        assert len(nonces(secure_server.requests)) == 2
        manager.clear()
        ((method, target, headers),) = proxy.heard
        assert (method, target) == ("CONNECT", f"127.0.0.1:{secure_server.port}")
        assert "authorization" not in headers
        assert "oauth" not in str(headers)


def test_a_tunnel_to_a_name_that_ends_with_a_dot(secure_server: WireServer, trusted: str) -> None:
    with Proxy() as proxy:
        manager = OAuth1ProxyManager(
            auth(), proxy.url, ca_certs=trusted, assert_hostname="localhost"
        )
        manager.request("GET", f"https://Example.com.:{secure_server.port}/a")
        manager.clear()
    assert_signed(secure_server.last)


# Errors, threads


@every_level
@pytest.mark.parametrize(
    ("options", "target", "rest"),
    [
        ({}, "/a?oauth_nonce=1", {}),
        ({"signature_type": "BODY"}, "/a", {"body": b"{}", "headers": {"Content-Type": "text/x"}}),
        ({}, "/a", {"body": iter([b"a=1"]), "headers": FORM_TYPE}),
        ({"body_hash": "sha1"}, "/a", {"body": iter([b"a"])}),
        ({"signature_type": "QUERY"}, "/a", {"headers": {"Authorization": "OAuth a=1"}}),
    ],
    ids=["a parameter is there", "no place", "a form that is a stream", "no hash", "two places"],
)
def test_what_cannot_be_signed_is_not_sent(
    server: WireServer, level: str, options: dict[str, Any], target: str, rest: dict[str, Any]
) -> None:
    send = LEVELS[level](server, **options)
    with pytest.raises(OAuth1Error):
        send("POST", target, **rest)
    assert server.connections == 0
    send = LEVELS[level](server)
    send("GET", "/b")
    assert_signed(server.last)


def test_a_pool_can_be_used_after_an_error(server: WireServer) -> None:
    pool = OAuth1HTTPConnectionPool(auth(), "127.0.0.1", server.port, maxsize=1, block=True)
    with pytest.raises(OAuth1Error):
        pool.request("GET", "/a?oauth_nonce=1")
    assert pool.request("GET", "/a", pool_timeout=1).status == 200
    assert_signed(server.last)


def test_a_body_may_make_requests_of_its_own(server: WireServer, other_server: WireServer) -> None:
    manager = OAuth1PoolManager(auth())

    def body() -> Iterator[bytes]:
        manager.request("GET", f"{other_server.url}/inner")
        yield b"outer"

    server.answers["/outer"] = Answer(status=307, headers=[("Location", "/next")])
    with pytest.raises(MaxRetryError):
        manager.request("POST", f"{server.url}/outer", body=body(), chunked=True, retries=Retry(0))
    manager.request("POST", f"{server.url}/again", body=body(), chunked=True)
    assert len(nonces(server.requests + other_server.requests)) == 4


def test_what_is_logged_may_be_sent_by_another_manager(
    server: WireServer, other_server: WireServer
) -> None:
    class Sender(logging.Handler):
        manager = OAuth1PoolManager(auth())

        def emit(self, record: logging.LogRecord) -> None:
            if "Redirecting" in record.msg:
                self.manager.request("POST", f"{other_server.url}/log")

    logger = logging.getLogger("urllib3.poolmanager")
    handler = Sender()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        server.redirects["/first"] = (307, "/second")
        by_manager(server)("GET", "/first")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert len(nonces(server.requests + other_server.requests)) == 3


def test_threads_share_a_manager(server: WireServer) -> None:
    manager = OAuth1PoolManager(auth(), maxsize=4)
    server.redirects["/first"] = (307, "/second")
    failures: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(10):
                manager.request("POST", f"{server.url}/first", body="a=1", headers=FORM_TYPE)
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(nonces(server.requests)) == 80


def test_a_manager_of_urllib3s_own_is_left_alone(server: WireServer) -> None:
    OAuth1PoolManager(auth())
    urllib3.PoolManager().request("GET", f"{server.url}/a")
    assert is_bare(server.last)


def test_an_unknown_urllib3_is_refused() -> None:
    code = (
        "from urllib3.connectionpool import HTTPConnectionPool as pool;"
        "del pool._make_request; import oauth1_rs.urllib3"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "ImportError: this urllib3 is newer than oauth1_rs" in ended.stderr


def test_importing_it_imports_no_other_client() -> None:
    code = (
        "import sys, oauth1_rs.urllib3;"
        "print(sorted({'requests', 'httpx', 'aiohttp', 'httpie'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


DOCUMENT = "docs/clients/urllib3.md"


@pytest.mark.parametrize("block", documents.blocks(DOCUMENT))
def test_the_document(server: WireServer, block: documents.Block) -> None:
    assert block.language == "python"
    code = block.text.replace("https://api.example.com", server.url)
    documents.run(DOCUMENT, code, str)
    assert len(nonces(server.requests)) == code.count(".request(")
