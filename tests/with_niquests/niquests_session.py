"""What the sessions of `oauth1_rs.niquests` do beyond signing (`make test-niquests`)."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gzip
import io
import itertools
import pickle
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import documents
import niquests
import pytest
import trustme
from client_requests import PLACEMENTS, auth, is_bare, verdict
from http2_server import Http2Server
from niquests import RetryConfiguration as Retry
from niquests_clients import OURS, PLAIN, send
from oauth1_rs import (
    OAuth1,
    OAuth1Error,
    TokenMissing,
    TokenRequestDenied,
    TokenResponseError,
    VerifierMissing,
)
from oauth1_rs.niquests import AsyncOAuth1Session, OAuth1Session
from provider import Provider
from streams import LINES
from verifier import WireRequest
from wire_server import Answer, WireServer

TOKEN = Answer(b"oauth_token=t&oauth_token_secret=ts&oauth_callback_confirmed=true")
RETRIES = {"status_forcelist": [503], "allowed_methods": None}


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def assert_signed(*requests: WireRequest) -> None:
    """Assert that each request is signed, with a nonce of its own."""
    verdicts = [verdict(request) for request in requests]
    assert [it.reason for it in verdicts if not it.accepted] == []
    nonces = {it.parameters[b"oauth_nonce"] for it in verdicts}
    assert len(nonces) == len(requests) > 0


def step(kind: str, signing: OAuth1, walk: Callable[[Any], Any], **settings: Any) -> Any:
    """Do something with a session of this kind, and return what comes of it."""
    if kind == "OAuth1Session":
        with OAuth1Session(signing, **settings) as session:
            return walk(session)

    async def run() -> Any:
        async with AsyncOAuth1Session(signing, **settings) as session:
            return await walk(session)

    return asyncio.run(run())


# --- The three legs ---------------------------------------------------------------------------


def decide(page: str) -> str:
    """Do the user's part, as tests/browser.py does."""
    token = dict(parse_qsl(urlsplit(page).query))["oauth_token"]
    answer = niquests.post(
        page.partition("?")[0],
        data={"oauth_token": token, "decision": "allow"},
        allow_redirects=False,
    )
    location: str = answer.headers["Location"]
    return location


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_three_legs(placement: str, method: str, provider: Provider) -> None:
    url = provider.url
    signing = OAuth1(
        provider.client_key,
        provider.client_secret,
        callback_uri="http://127.0.0.1/ready",
        signature_type=placement,
    )
    with OAuth1Session(signing) as session:
        session.fetch_request_token(f"{url}/request_token", method=method)
        session.parse_authorization_response(decide(session.authorization_url(f"{url}/authorize")))
        token = session.fetch_access_token(f"{url}/access_token", method=method)
        assert session.get(f"{url}/resource").status_code == 200, provider.records[-1].reason
    assert token["oauth_token"] == signing.client.resource_owner_key
    assert session.authorized


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_three_legs_for_asyncio(placement: str, provider: Provider) -> None:
    url = provider.url
    signing = OAuth1(
        provider.client_key,
        provider.client_secret,
        callback_uri="http://127.0.0.1/ready",
        signature_type=placement,
    )

    async def walk(session: AsyncOAuth1Session) -> dict[str, Any]:
        await session.fetch_request_token(f"{url}/request_token")
        page = session.authorization_url(f"{url}/authorize")
        session.parse_authorization_response(await asyncio.to_thread(decide, page))
        token = await session.fetch_access_token(f"{url}/access_token")
        response = await session.get(f"{url}/resource")
        assert response.status_code == 200, provider.records[-1].reason
        return token

    token = step("AsyncOAuth1Session", signing, walk)
    assert token["oauth_token"] == signing.client.resource_owner_key


@pytest.mark.parametrize("kind", OURS)
def test_what_the_flow_raises(kind: str, server: WireServer) -> None:
    server.answers = {
        "/denied": Answer(b"oauth_problem=token_rejected", 401),
        "/page": Answer(b"<html>"),
        "/no_token": Answer(b"a=1"),
        "/unconfirmed": Answer(b"oauth_token=t&oauth_token_secret=ts"),
        "/long": Answer(iter([b"a" * 1000] * 2000)),
        "/brotli": Answer(b"a", headers=[("Content-Encoding", "br")]),
        "/broken": Answer(b"oauth_token=t", missing=10),
        "/broken_gzip": Answer(b"oauth_token=t", headers=[("Content-Encoding", "gzip")]),
        "/cut_gzip": Answer(
            gzip.compress(b"oauth_token=t&oauth_token_secret=ts")[:-12],
            headers=[("Content-Encoding", "gzip")],
        ),
        "/no_chunks": Answer(iter([b"zz\r\nt"]), headers=[("Transfer-Encoding", "chunked")]),
    }
    expected: dict[str, tuple[type[Exception], str]] = {
        "/denied": (TokenRequestDenied, "status 401, oauth_problem 'token_rejected'"),
        "/page": (TokenResponseError, "begins: '<html>'"),
        "/no_token": (TokenMissing, "no oauth_token among a"),
        "/unconfirmed": (TokenResponseError, "did not confirm the callback"),
        "/long": (TokenResponseError, "more than 1 MB"),
        "/brotli": (niquests.exceptions.ContentDecodingError, "broke off or could not be"),
        "/broken": (niquests.RequestException, "broke off or could not be"),
        "/broken_gzip": (niquests.exceptions.ContentDecodingError, "broke off or could not be"),
        "/cut_gzip": (niquests.exceptions.ContentDecodingError, "broke off or could not be"),
        "/no_chunks": (niquests.exceptions.ChunkedEncodingError, "broke off or could not be"),
    }
    for path, (error, text) in expected.items():
        with pytest.raises(error, match=text) as caught:
            step(
                kind,
                OAuth1("key", callback_uri="oob"),
                lambda session, path=path: session.fetch_request_token(server.url + path),  # type: ignore[misc]  # of what `step` is given
            )
        response = caught.value.response  # type: ignore[attr-defined]
        if path != "/no_token":
            assert response.status_code == (401 if path == "/denied" else 200)
            assert isinstance(response.text, str)  # nothing to be awaited
    with pytest.raises(VerifierMissing):
        step(kind, auth(), lambda session: session.fetch_access_token(f"{server.url}/"))
    # A hook has read it already.
    server.redirects["/moved"] = (302, "/")
    with pytest.raises(TokenResponseError, match=r"status 302\). It is empty"):
        step(
            kind,
            OAuth1("key", callback_uri="oob"),
            lambda it: it.fetch_request_token(f"{server.url}/moved", allow_redirects=False),
        )
    with pytest.raises(niquests.ConnectionError):
        step(kind, auth(), lambda session: session.fetch_request_token("http://127.0.0.1:1/"))


@pytest.mark.parametrize("is_multiplexed", [False, True])
@pytest.mark.parametrize("kind", OURS)
def test_a_token_request_follows_redirects_within_the_origin_alone(
    kind: str, is_multiplexed: bool, server: WireServer, other_server: WireServer
) -> None:
    server.redirects = {"/1": (307, "/2"), "/away": (307, f"{other_server.url}/2")}
    server.answers = {"/2": TOKEN}
    signing = OAuth1("client key", "client secret", callback_uri="oob")
    settings = {"multiplexed": is_multiplexed}
    url = server.url
    token = step(kind, signing, lambda it: it.fetch_request_token(f"{url}/1"), **settings)
    assert token["oauth_token"] == "t"
    with pytest.raises(TokenResponseError, match="redirects to another origin"):
        step(kind, signing, lambda it: it.fetch_request_token(f"{url}/away"), **settings)
    assert other_server.requests == []


@pytest.mark.parametrize("kind", OURS)
def test_a_token_request_may_be_signed_otherwise(kind: str, server: WireServer) -> None:
    server.answers = {"/": TOKEN}

    def with_own_auth(session: Any) -> Any:
        session.auth = ("user", "password")
        return session.fetch_request_token(f"{server.url}/")

    step(kind, OAuth1("key", callback_uri="oob"), with_own_auth)
    assert str(dict(server.last.headers)["Authorization"]).startswith("Basic ")


@pytest.mark.parametrize("kind", OURS)
def test_a_callers_hook_sees_token_requests_too(kind: str, server: WireServer) -> None:
    server.answers = {"/": TOKEN}
    seen: list[str] = []
    hooks = {
        "response": lambda response, **_: seen.append("response"),
        "pre_request": [lambda request, **_: seen.append("pre_request")],
    }
    step(
        kind,
        OAuth1("key", callback_uri="oob"),
        lambda session: session.fetch_request_token(f"{server.url}/", hooks=hooks),
    )
    assert seen == ["pre_request", "response"]


# --- Attempts ---------------------------------------------------------------------------------


def answer_with(server: WireServer, *answers: Answer) -> None:
    """Answer requests to `/` one after another."""
    left = iter(answers)
    server.answers["/"] = lambda request: next(left)


@pytest.mark.parametrize(
    ("placement", "body"),
    [
        *itertools.product(["AUTH_HEADER", "QUERY"], ["form", "json", "file", "none"]),
        ("BODY", "form"),
        ("BODY", "none"),
    ],
)
@pytest.mark.parametrize("kind", OURS)
def test_every_attempt_is_signed_afresh(
    kind: str, placement: str, body: str, server: WireServer
) -> None:
    answer_with(server, Answer(status=503), Answer(status=503), Answer(b"done"))
    bodies: dict[str, dict[str, Any]] = {
        "form": {"data": {"a": "1"}},
        "json": {"json": {"a": 1}},
        "file": {"data": io.BytesIO(LINES)},
        "none": {},
    }
    response = send(
        kind,
        auth(signature_type=placement),
        "POST",
        f"{server.url}/",
        {"retries": Retry(3, **RETRIES)},
        **bodies[body],
    )
    assert response.content == b"done"
    assert len(server.requests) == 3
    assert_signed(*server.requests)
    if body == "file":
        assert [request.body for request in server.requests] == [LINES] * 3


@pytest.mark.parametrize("kind", PLAIN)
def test_niquests_own_sessions_repeat_a_signature(kind: str, server: WireServer) -> None:
    """What ours are for."""
    answer_with(server, Answer(status=503), Answer())
    send(kind, auth(), "GET", f"{server.url}/", {"retries": Retry(3, **RETRIES)})
    with pytest.raises(AssertionError):
        assert_signed(*server.requests)
    first, second = (verdict(request).parameters for request in server.requests)
    assert first == second


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize("kind", OURS)
def test_a_connection_that_breaks(kind: str, placement: str, server: WireServer) -> None:
    def break_off(request: WireRequest) -> Answer:
        if len(server.requests) < 3:
            raise ConnectionResetError
        return Answer()

    server.answers["/"] = break_off
    retries = Retry(3, allowed_methods=None)
    send(kind, auth(signature_type=placement), "POST", f"{server.url}/", {"retries": retries})
    assert len(server.requests) == 3
    assert_signed(*server.requests)


@pytest.mark.parametrize("kind", OURS)
def test_attempts_end(kind: str, server: WireServer) -> None:
    server.answers["/"] = Answer(status=503)
    retries = Retry(2, **RETRIES)
    with pytest.raises(niquests.exceptions.RetryError):
        send(kind, auth(), "GET", f"{server.url}/", {"retries": retries})
    assert_signed(*server.requests)
    assert len(server.requests) == 3
    assert retries.total == 2
    response = send(kind, auth(), "GET", f"{server.url}/", {"retries": 3})
    assert response.status_code == 503  # a number is for connections alone
    assert len(server.requests) == 4


class Pieces:
    """A body that can be iterated again."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([LINES, LINES])


@pytest.mark.parametrize("kind", OURS)
def test_streams_are_sent_again_whole_or_not_at_all(kind: str, server: WireServer) -> None:
    settings = {"retries": Retry(3, **RETRIES)}
    answer_with(server, Answer(status=503), Answer())
    with pytest.raises(niquests.exceptions.UnrewindableBodyError, match="a stream that was sent"):
        send(kind, auth(), "POST", f"{server.url}/", settings, data=iter([LINES]))
    assert len(server.requests) == 1
    answer_with(server, Answer(status=503), Answer())
    send(kind, auth(), "POST", f"{server.url}/", settings, data=Pieces())
    assert [request.body for request in server.requests] == [LINES, LINES * 2, LINES * 2]
    assert_signed(*server.requests)


@pytest.mark.parametrize("kind", OURS)
def test_a_stream_that_nobody_took_is_sent_then(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
    opened: list[WireServer] = []
    with contextlib.ExitStack() as stack:

        class Opening(Retry):  # type: ignore[misc]  # niquests gives it no type
            """Opens the server that was not there."""

            def sleep(self, response: Any = None) -> None:
                opened.append(stack.enter_context(WireServer(address=address)))

            async def async_sleep(self, response: Any = None) -> None:
                self.sleep()

        url = f"http://127.0.0.1:{address[1]}/"
        send(kind, auth(), "POST", url, {"retries": Opening(3)}, data=iter([LINES]))
    [server] = opened
    assert server.last.body == LINES
    assert_signed(server.last)


class Patient(Retry):  # type: ignore[misc]  # likewise
    """A user's own, which says what it waits for."""

    slept: list[Any] = []  # noqa: RUF012 - shared by those that come of it

    def sleep(self, response: Any = None) -> None:
        self.slept.append(response.status)

    async def async_sleep(self, response: Any = None) -> None:
        self.slept.append(response.status)


@pytest.mark.parametrize("kind", OURS)
def test_a_class_of_the_users_decides(kind: str, server: WireServer) -> None:
    answer_with(server, Answer(status=429, headers=[("Retry-After", "9")]), Answer())
    Patient.slept.clear()
    send(kind, auth(), "GET", f"{server.url}/", {"retries": Patient(3)})
    assert Patient.slept == [429]
    assert_signed(*server.requests)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", OURS)
def test_a_redirect_after_attempts(
    kind: str, placement: str, server: WireServer, other_server: WireServer
) -> None:
    """What leaves the origin then is without the last signature, too."""
    answer_with(
        server,
        Answer(status=503),
        Answer(status=307, headers=[("Location", "/2")]),
    )
    server.redirects = {"/2": (307, f"{other_server.url}/3")}
    options = {"data": {"f": "1"}} if placement == "BODY" else {}
    signing = auth(signature_type=placement)
    settings = {"retries": Retry(3, **RETRIES)}
    send(kind, signing, "POST", f"{server.url}/", settings, **options)
    assert len(server.requests) == 3
    assert_signed(*server.requests)
    assert is_bare(other_server.last)
    assert other_server.last.body == (b"f=1" if options else b"")


# --- The clock --------------------------------------------------------------------------------


def check_clock(server: WireServer, skew: int) -> None:
    """Have the server refuse timestamps that are not its own, `skew` seconds from ours."""

    def answer(request: WireRequest) -> Answer:
        now = time.time() + skew
        sent = int(verdict(request).parameters[b"oauth_timestamp"])
        return Answer(status=200 if abs(sent - now) < 30 else 401)

    server.answers["/"] = answer
    handler: Any = server._server.RequestHandlerClass
    handler.date_time_string = lambda _: formatdate(time.time() + skew, usegmt=True)


@pytest.mark.parametrize(
    ("placement", "body"),
    [
        *itertools.product(["AUTH_HEADER", "QUERY"], ["form", "json", "file", "none", "generator"]),
        ("BODY", "form"),
        ("BODY", "none"),
    ],
)
@pytest.mark.parametrize("kind", OURS)
def test_a_clock_that_is_off_is_corrected(
    kind: str, placement: str, body: str, server: WireServer
) -> None:
    check_clock(server, 600)
    signing = auth(signature_type=placement)
    bodies: dict[str, dict[str, Any]] = {
        "form": {"data": {"a": "1"}},
        "json": {"json": {"a": 1}},
        "file": {"data": io.BytesIO(LINES)},
        "generator": {"data": iter([LINES])},
        "none": {},
    }
    response = send(
        kind, signing, "POST", f"{server.url}/", {"correct_clock": True}, **bodies[body]
    )
    assert_signed(*server.requests)
    if body == "generator":  # it is used up
        assert [response.status_code, len(server.requests)] == [401, 1]
        return
    assert [response.status_code, len(server.requests)] == [200, 2]
    assert abs(signing.client.timestamp_offset - 600) <= 2
    if body == "file":
        assert [request.body for request in server.requests] == [LINES] * 2


@pytest.mark.parametrize("skew", [0, 30, -3600, 2 * 24 * 60 * 60])
@pytest.mark.parametrize("kind", OURS)
def test_which_clocks_are_corrected(kind: str, skew: int, server: WireServer) -> None:
    check_clock(server, skew)
    signing = auth()
    send(kind, signing, "GET", f"{server.url}/", {"correct_clock": True})
    is_corrected = skew == -3600
    assert len(server.requests) == 1 + is_corrected
    assert bool(signing.client.timestamp_offset) == is_corrected


@pytest.mark.parametrize("kind", OURS)
def test_the_clock_stays_unless_asked(kind: str, server: WireServer) -> None:
    check_clock(server, 600)
    signing = auth()
    assert send(kind, signing, "GET", f"{server.url}/").status_code == 401
    assert signing.client.timestamp_offset == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", OURS)
def test_another_origin_does_not_set_the_clock(
    kind: str, placement: str, server: WireServer, other_server: WireServer
) -> None:
    check_clock(other_server, 600)
    other_server.answers["/"] = Answer(status=401)
    server.redirects = {"/": (307, f"{other_server.url}/")}
    signing = auth(signature_type=placement)
    options = {"data": {"f": "1"}} if placement == "BODY" else {}
    send(kind, signing, "POST", f"{server.url}/", {"correct_clock": True}, **options)
    assert signing.client.timestamp_offset == 0
    assert len(other_server.requests) == 1


@pytest.mark.parametrize("kind", OURS)
def test_the_clock_is_corrected_in_the_middle_of_a_chain(kind: str, server: WireServer) -> None:
    check_clock(server, 600)
    server.redirects = {"/1": (302, "/")}
    response = send(kind, auth(), "GET", f"{server.url}/1", {"correct_clock": True})
    assert response.status_code == 200
    assert [request.target for request in server.requests] == [b"/1", b"/", b"/"]
    assert_signed(*server.requests)


@pytest.mark.parametrize("kind", OURS)
def test_the_clock_is_corrected_for_token_requests(kind: str, server: WireServer) -> None:
    check_clock(server, 600)
    refuse: Any = server.answers["/"]
    server.answers["/"] = lambda request: (
        TOKEN if refuse(request).status == 200 else refuse(request)
    )
    signing = OAuth1("client key", "client secret", resource_owner_secret="token secret")
    signing.client.callback_uri = "oob"
    step(
        kind,
        signing,
        lambda session: session.fetch_access_token(f"{server.url}/", "verifier"),
        correct_clock=True,
    )
    assert len(server.requests) == 2
    assert abs(signing.client.timestamp_offset - 600) <= 5


# --- Sessions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OURS)
def test_a_session_goes_on_after_it_was_closed(kind: str, server: WireServer) -> None:
    """niquests makes new adapters then; they sign each attempt, too."""
    settings: dict[str, Any] = {"retries": Retry(3, **RETRIES)}
    if kind == "OAuth1Session":
        session = OAuth1Session(auth(), **settings)
        session.close()
        answer_with(server, Answer(status=503), Answer())
        session.get(f"{server.url}/")
        session.close()
    else:

        async def run() -> None:
            session = AsyncOAuth1Session(auth(), **settings)
            await session.close()
            answer_with(server, Answer(status=503), Answer())
            await session.get(f"{server.url}/")
            await session.close()

        asyncio.run(run())
    assert_signed(*server.requests)
    assert len(server.requests) == 2


def test_a_pickle_and_a_copy(server: WireServer) -> None:
    check_clock(server, 600)
    with OAuth1Session(auth(), correct_clock=True, headers={"X-Mine": "1"}) as session:
        twins = [pickle.loads(pickle.dumps(session)), copy.copy(session)]
    for twin in twins:
        with twin:
            assert twin.get(f"{server.url}/").status_code == 200
            assert dict(server.last.headers)["X-Mine"] == "1"
        assert twin._client is not session._client
        assert twin._client.client.timestamp_offset != 0
    assert session._client.client.timestamp_offset == 0
    assert_signed(*server.requests)


def test_a_session_that_threads_share(server: WireServer) -> None:
    """Each request has attempts of its own."""
    counts: dict[bytes, int] = {}
    lock = threading.Lock()

    def refuse_twice(request: WireRequest) -> Answer:
        with lock:
            counts[request.target] = counts.get(request.target, 0) + 1
            return Answer(status=503 if counts[request.target] < 3 else 200)

    server.answers["/"] = refuse_twice
    failures: list[BaseException] = []

    def get(session: OAuth1Session, name: int) -> None:
        try:
            assert session.get(f"{server.url}/?{name}").status_code == 200
        except BaseException as error:  # noqa: BLE001 - for the main thread
            failures.append(error)

    with OAuth1Session(auth(), retries=Retry(2, **RETRIES)) as session:
        threads = [threading.Thread(target=get, args=(session, name)) for name in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert set(counts.values()) == {3}
    assert_signed(*server.requests)


def test_tasks_share_a_session(server: WireServer) -> None:
    async def run() -> list[int | None]:
        async with AsyncOAuth1Session(auth()) as session:
            gets = (session.get(f"{server.url}/?{name}") for name in range(16))
            return [response.status_code for response in await asyncio.gather(*gets)]

    assert asyncio.run(run()) == [200] * 16
    assert len(server.requests) == 16
    assert_signed(*server.requests)


# --- HTTP/2 -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def http2(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Http2Server]:
    # They would come before a session's `verify`.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with Http2Server(authority, tmp_path) as server:
        yield server


# Not whether a certificate is revoked: that asks the network.
HTTP2: dict[str, Any] = {"revocation_configuration": None}


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", OURS + PLAIN)
def test_http2(kind: str, placement: str, http2: Http2Server, authority: trustme.CA) -> None:
    http2.redirects = {"/1": (307, "/2?x=1")}
    send(
        kind,
        auth(signature_type=placement),
        "POST",
        f"{http2.url}/1?ä=b c",
        HTTP2,
        data={"a": "1 2"},
        verify=authority.cert_pem.bytes(),
    )
    assert http2.versions == {"2"}
    assert len(http2.requests) == 2
    assert_signed(*http2.requests)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", OURS)
def test_multiplexed_sessions_of_ours_sign_every_hop(
    kind: str,
    placement: str,
    http2: Http2Server,
    authority: trustme.CA,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Http2Server(authority, tmp_path_factory.mktemp("other")) as other:
        http2.redirects = {
            "/1": (307, "/2"),
            "/2": (307, "/3"),
            "/away": (307, "/away2"),
            "/away2": (307, f"{other.url}/4"),
        }
        other.redirects = {"/4": (307, f"{http2.url}/5")}
        urls = [f"{http2.url}{path}" for path in ("/1", "/away", "/3")]
        options: dict[str, Any] = {"data": {"f": "1"}, "verify": authority.cert_pem.bytes()}
        statuses: list[int | None] = []

        def walk(session: OAuth1Session) -> None:
            answers = [session.post(url, **options) for url in urls]
            assert [answer.lazy for answer in answers] == [True] * 3
            session.gather()
            statuses.extend(answer.status_code for answer in answers)

        async def walk_async(session: AsyncOAuth1Session) -> None:
            answers: list[Any] = [await session.post(url, **options) for url in urls]
            assert [answer.lazy for answer in answers] == [True] * 3
            await session.gather()
            statuses.extend(answer.status_code for answer in answers)

        step(
            kind,
            auth(signature_type=placement),
            walk if kind == "OAuth1Session" else walk_async,
            multiplexed=True,
            **HTTP2,
        )
    assert statuses == [200] * 3
    assert [request.target for request in other.requests] == [b"/4"]
    back = [request for request in http2.requests if request.target.startswith(b"/5")]
    assert len(back) == 1
    for request in [*other.requests, *back]:
        assert is_bare(request), request
        assert request.body == b"f=1"
    signed = [request for request in http2.requests if request not in back]
    assert len(signed) == 6
    assert_signed(*signed)


@pytest.mark.parametrize("kind", PLAIN)
def test_niquests_own_multiplexed_sessions_repeat_a_signature(
    kind: str, http2: Http2Server, authority: trustme.CA
) -> None:
    """They follow a redirect before any hook knows of it: docs/clients/niquests.md."""
    http2.redirects = {"/1": (307, "/2")}
    options: dict[str, Any] = {"auth": auth(), "verify": authority.cert_pem.bytes()}
    if kind == "Session":
        with niquests.Session(multiplexed=True, **HTTP2) as session:
            answer = session.get(f"{http2.url}/1", **options)
            session.gather()
            assert answer.status_code == 200
    else:

        async def run() -> None:
            async with niquests.AsyncSession(multiplexed=True, **HTTP2) as session:
                await session.get(f"{http2.url}/1", **options)
                await session.gather()

        asyncio.run(run())
    first, second = http2.requests
    assert verdict(first).accepted
    assert not verdict(second).accepted
    assert dict(first.headers)["authorization"] == dict(second.headers)["authorization"]


def test_attempts_over_http2(http2: Http2Server, authority: trustme.CA) -> None:
    settings = {"retries": Retry(3, **RETRIES), **HTTP2}
    for kind in OURS:
        http2.statuses = [503, 503]
        verify = authority.cert_pem.bytes()
        send(kind, auth(), "GET", f"{http2.url}/", settings, verify=verify)
    assert len(http2.requests) == 6
    assert_signed(*http2.requests)


def test_a_request_that_cannot_be_signed_is_not_sent(server: WireServer) -> None:
    for kind in OURS:
        with pytest.raises(OAuth1Error, match="needs a form body"):
            send(kind, auth(signature_type="BODY"), "POST", f"{server.url}/", json={})
    assert server.requests == []


# --- The document -----------------------------------------------------------------------------

BLOCKS = [block.text for block in documents.blocks("docs/clients/niquests.md")]


def test_the_document_has_examples() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("block", BLOCKS, ids=["auth", "session", "three legs"])
def test_its_examples_run(block: str) -> None:
    with Provider(
        client_key="client key",
        client_secret="client secret",
        token="token",
        token_secret="token secret",
    ) as provider:
        code = block.replace("https://api.example.com", provider.url)
        # Whoever decides is no part of the program, whose event loop waits for the answer.
        documents.run("docs/clients/niquests.md", code, decide)
        assert all(record.accepted for record in provider.records)
        sent = [record for record in provider.records if "/authorize" not in record.target]
        assert len(sent) == len(re.findall(r"\.(?:get|post|fetch_\w+)\(", code))
