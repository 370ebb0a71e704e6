"""`OAuth1Client` and `AsyncOAuth1Client`: the three legs, and providers that break.

What a token response may be, and what is said of it, is `test_token_responses.py`'s: here is what
the clients do to get one, for both libraries, synchronous and asynchronous.
"""

from __future__ import annotations

import gzip
import itertools
import logging
import pickle
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import authlib.integrations.httpx_client
import brotli
import documents
import pytest
import rsa_keys
from browser import decide
from client_requests import is_bare
from httpx_clients import KINDS, Client, Kind
from oauth1_rs import (
    AuthorizationDenied,
    OAuth1,
    OAuth1TypeError,
    TokenError,
    TokenMissing,
    TokenRequestDenied,
    TokenResponseError,
    VerifierMissing,
)
from provider import SIGNATURE_METHODS, Provider
from test_faults import (
    CUTS,
    FLOODS,
    HELD,
    KEY,
    MEGABYTE,
    NO_HTTP,
    SECRET,
    TOKEN,
    WHOLE,
    FaultyServer,
    check_nothing_is_lost,
    flood,
    needs_proc,
    peak,
    resetting,
    sending,
)
from test_session_secrets import (
    ARGUMENTS,
    CLIENT_SECRET,
    TOKEN_SECRET,
    VERIFIER,
    check,
    check_error,
    logs,  # noqa: F401 - a fixture
    repeated,
    unused_port,
)
from verifier import WireRequest, verify
from wire_server import Answer, WireServer

CALLBACK = "http://127.0.0.1/ready?x=1"
LIMIT = 2**20

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def holding(kind: Kind, **options: Any) -> Client:
    """A client in the midst of a flow."""
    auth = OAuth1(KEY, SECRET, HELD["oauth_token"], HELD["oauth_token_secret"], "oob")
    session = kind.session(auth, **options)
    callback = {"oauth_token": "held", "oauth_verifier": "canary verifier"}
    session.parse_authorization_response(callback)
    return session


def walk(session: Client, provider: Provider, method: str = "POST") -> None:
    session.fetch_request_token(f"{provider.url}/request_token", method=method)
    callback = decide(session.authorization_url(f"{provider.url}/authorize"))
    session.parse_authorization_response(callback)
    session.fetch_access_token(f"{provider.url}/access_token", method=method)
    assert session.get(f"{provider.url}/resource").status_code == 200, provider.records[-1].reason


# --- The three legs -------------------------------------------------------------------------------

SIGNATURES = [
    *itertools.product(SIGNATURE_METHODS, ["AUTH_HEADER", "BODY"]),
    *((method, "QUERY") for method in SIGNATURE_METHODS if method != "PLAINTEXT"),
]


@every_kind
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(("signature_method", "placement"), SIGNATURES)
def test_the_three_legs(
    kind: Kind, provider: Provider, signature_method: str, placement: str, method: str
) -> None:
    auth = OAuth1(
        provider.client_key,
        provider.client_secret,
        callback_uri=CALLBACK,
        signature_method=signature_method,
        signature_type=placement,
        rsa_key=rsa_keys.path(2048) if signature_method.startswith("RSA") else None,
    )
    with kind.session(auth) as session:
        assert not session.authorized
        walk(session, provider, method)
        assert session.authorized
        assert set(session.token) == {"oauth_token", "oauth_token_secret"}
        assert session.token["oauth_token"] == auth.client.resource_owner_key
    assert [record.accepted for record in provider.records] == [True] * 5


@every_kind
def test_the_legs_may_be_in_clients_of_their_own(kind: Kind, provider: Provider) -> None:
    """As in a web application: what is between the legs is in the user's session."""
    keys = (provider.client_key, provider.client_secret)
    with kind.session(OAuth1(*keys, callback_uri=CALLBACK)) as first:
        saved = first.fetch_request_token(f"{provider.url}/request_token")
        callback = decide(first.authorization_url(f"{provider.url}/authorize"))
    auth = OAuth1(*keys, saved["oauth_token"], saved["oauth_token_secret"])
    with kind.session(auth) as second:
        second.parse_authorization_response(callback)
        token = second.fetch_access_token(f"{provider.url}/access_token")
    with kind.session(OAuth1(*keys)) as third:
        third.client.token = token
        assert third.get(f"{provider.url}/resource").status_code == 200


@every_kind
def test_a_denial_by_the_user(kind: Kind, provider: Provider) -> None:
    auth = OAuth1(provider.client_key, provider.client_secret, callback_uri=CALLBACK)
    with kind.session(auth) as session:
        session.fetch_request_token(f"{provider.url}/request_token")
        callback = decide(session.authorization_url(f"{provider.url}/authorize"), "deny")
        with pytest.raises(AuthorizationDenied):
            session.parse_authorization_response(callback)


@every_kind
def test_a_refusal_by_the_provider(kind: Kind, provider: Provider) -> None:
    auth = OAuth1(provider.client_key, "wrong secret", callback_uri=CALLBACK)
    with kind.session(auth) as session:
        with pytest.raises(TokenRequestDenied, match=r"\(status 401") as caught:
            session.fetch_request_token(f"{provider.url}/request_token")
        assert caught.value.status_code == 401
        assert type(caught.value.response) is kind.library.Response
        assert session.token == {}
        with pytest.raises(VerifierMissing):
            session.fetch_access_token(f"{provider.url}/access_token")
        # Nothing is used up: it may be tried again.
        auth.client.client_secret = provider.client_secret
        walk(session, provider)


@every_kind
def test_what_belongs_to_one_step_is_in_its_request_alone(kind: Kind, server: WireServer) -> None:
    server.answers["/token"] = Answer(TOKEN)
    with kind.session(OAuth1("key", "secret", callback_uri="oob")) as session:
        session.fetch_request_token(
            f"{server.url}/token",
            realm="r",
            protocol_parameters={"oauth_other": "o"},
            data={"scope": "a b"},
            params={"p": "q"},
            headers={"X-Mine": "1"},
            timeout=7,
        )
        session.fetch_access_token(f"{server.url}/token", "v")
        session.get(f"{server.url}/resource")
    first, second, third = server.requests
    judged = verify(first, "secret")
    assert judged.accepted, judged.reason
    assert judged.realm == "r"
    assert judged.parameters[b"oauth_other"] == b"o"
    assert judged.parameters[b"oauth_callback"] == b"oob"
    assert b"oauth_token" not in judged.parameters
    assert (first.target, first.body) == (b"/token?p=q", b"scope=a+b")
    assert dict(first.headers)["X-Mine"] == "1"
    for request, names in [(second, {b"oauth_verifier"}), (third, set())]:
        judged = verify(request, "secret", "canary new")
        assert judged.accepted, judged.reason
        others = {b"oauth_verifier", b"oauth_callback", b"oauth_other"}
        assert others & set(judged.parameters) == names


@every_kind
def test_an_auth_of_the_token_requests_own(kind: Kind, server: WireServer) -> None:
    server.answers["/token"] = Answer(TOKEN)
    other = kind.auth(OAuth1("other key", "other secret"))
    with kind.session(OAuth1("key", "secret")) as session:
        session.fetch_request_token(f"{server.url}/token", auth=other)
        assert verify(server.last, "other secret").accepted
        session.fetch_request_token(f"{server.url}/token", auth=("user", "password"))
        assert dict(server.last.headers)["Authorization"] == "Basic dXNlcjpwYXNzd29yZA=="
        with pytest.raises(OAuth1TypeError):
            session.fetch_request_token(f"{server.url}/token", auth=OAuth1("key", "secret"))


@every_kind
def test_the_flow_is_signed_by_its_own_whatever_the_client_sends(
    kind: Kind, server: WireServer
) -> None:
    server.answers["/token"] = Answer(TOKEN)
    with kind.session(OAuth1("key", "secret")) as session:
        session.client.auth = None
        session.fetch_request_token(f"{server.url}/token")
        assert verify(server.last, "secret").accepted
        session.get(f"{server.url}/resource")
        assert is_bare(server.last)


@every_kind
def test_the_clock_of_a_token_request(
    kind: Kind, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "http.server.BaseHTTPRequestHandler.date_time_string",
        lambda _self, _timestamp=None: formatdate(time.time() - 7200, usegmt=True),
    )

    def answer(request: WireRequest) -> Answer:
        sent = int(verify(request, "secret").parameters[b"oauth_timestamp"])
        return Answer(TOKEN) if abs(time.time() - 7200 - sent) < 300 else Answer(status=401)

    server.answers["/token"] = answer
    with kind.session(OAuth1("key", "secret")) as session, pytest.raises(TokenRequestDenied):
        session.fetch_request_token(f"{server.url}/token")
    auth = OAuth1("key", "secret")
    with kind.session(auth, correct_clock=True) as session:
        session.fetch_request_token(f"{server.url}/token", data={"a": "b"})
    assert abs(auth.client.timestamp_offset + 7200) <= 5
    assert [request.body for request in server.requests] == [b"", b"a=b", b"a=b"]
    assert all(verify(request, "secret").accepted for request in server.requests)


# --- Redirects of token requests ------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_a_token_request_follows_within_the_origin(
    kind: Kind, server: WireServer, placement: str
) -> None:
    server.redirects = {"/moved": (307, "/again"), "/again": (308, f"{server.url}/token")}
    server.answers["/token"] = Answer(TOKEN)
    auth = OAuth1("key", "secret", signature_type=placement)
    with kind.session(auth, follow_redirects=True) as session:
        session.fetch_request_token(f"{server.url}/moved", data={"a": "b"})
    verdicts = [verify(request, "secret") for request in server.requests]
    assert [verdict.accepted for verdict in verdicts] == [True] * 3
    assert len({verdict.parameters[b"oauth_nonce"] for verdict in verdicts}) == 3


@every_kind
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_request_does_not_leave_the_origin(
    kind: Kind, server: WireServer, status: int
) -> None:
    with WireServer() as elsewhere:
        target = f"http://user:canary@127.0.0.1:{elsewhere.port}/?oauth_token=canary"
        server.redirects["/token"] = (status, target)
        with holding(kind, follow_redirects=True) as session:
            with pytest.raises(TokenResponseError, match="redirects to another origin") as caught:
                session.fetch_access_token(f"{server.url}/token")
            check_error(caught.value)
            check_nothing_is_lost(session)
            assert f"to {elsewhere.url})" in str(caught.value)
            assert caught.value.status_code == status
            # Nor if it is asked to for this request.
            with pytest.raises(TokenResponseError, match="redirects to another origin"):
                session.fetch_access_token(f"{server.url}/token", follow_redirects=True)
        assert elsewhere.requests == []


@every_kind
def test_a_redirect_that_is_not_followed_is_no_token(kind: Kind, server: WireServer) -> None:
    server.redirects["/token"] = (302, "/other")
    with holding(kind) as session, pytest.raises(TokenResponseError, match=r"\(status 302\)"):
        session.fetch_access_token(f"{server.url}/token")
    with holding(kind, follow_redirects=True) as session, pytest.raises(TokenResponseError):
        session.fetch_access_token(f"{server.url}/token", follow_redirects=False)
    assert [request.target for request in server.requests] == [b"/token", b"/token"]


@every_kind
def test_redirects_in_a_circle(kind: Kind, server: WireServer) -> None:
    server.redirects = {"/a": (302, "/b"), "/b": (307, "/a")}
    with holding(kind, follow_redirects=True, max_redirects=5) as session:
        with pytest.raises(kind.library.TooManyRedirects) as caught:
            session.fetch_access_token(f"{server.url}/a")
        check_error(caught.value)
        check_nothing_is_lost(session)
        assert len(server.requests) == 6
        # As many as httpx itself follows.
        with pytest.raises(kind.library.TooManyRedirects):
            session.get(f"{server.url}/a")
    assert len(server.requests) == 12


@every_kind
def test_a_redirect_to_what_is_no_url(kind: Kind, server: WireServer) -> None:
    server.redirects["/token"] = (302, "http://[x/?oauth_token=canary")
    with holding(kind, follow_redirects=True) as session:
        with pytest.raises((kind.library.HTTPError, TokenResponseError)) as caught:
            session.fetch_access_token(f"{server.url}/token")
        check_error(caught.value)
        check_nothing_is_lost(session)


# --- Token responses ------------------------------------------------------------------------------


def failure(kind: Kind, server: WireServer, answer: Answer) -> TokenError:
    server.answers["/token"] = answer
    with holding(kind) as session:
        with pytest.raises(TokenError) as caught:
            session.fetch_access_token(f"{server.url}/token")
        check_nothing_is_lost(session)
    check_error(caught.value)
    return caught.value


def broken(kind: Kind, server: WireServer, answer: Answer, **arguments: Any) -> Any:
    server.answers["/token"] = answer
    with holding(kind) as session:
        with pytest.raises(kind.library.RequestError) as caught:
            session.fetch_access_token(f"{server.url}/token", **arguments)
        check_nothing_is_lost(session)
    # httpcore's and h11's own may carry what was read.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert str(caught.value) == "the token response broke off or could not be decompressed"
    assert caught.value.request.method == "POST"
    return caught.value


@every_kind
def test_the_largest_body_that_is_read(kind: Kind, server: WireServer) -> None:
    filled = TOKEN + b"&x=" + b"x" * (LIMIT - len(TOKEN) - 3)
    server.answers["/token"] = Answer(filled)
    with holding(kind) as session:
        assert len(session.fetch_access_token(f"{server.url}/token")["x"]) == LIMIT - len(TOKEN) - 3
    error = failure(kind, server, Answer(filled + b"x"))
    assert "more than 1 MB (status 200)" in str(error)
    assert len(error.response.content) == LIMIT


@every_kind
@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_an_end_is_left(kind: Kind, server: WireServer, status: int) -> None:
    error = failure(kind, server, Answer(itertools.repeat(b"x" * 1024), status))
    assert error.status_code == status
    assert len(error.response.content) == LIMIT


@every_kind
@pytest.mark.parametrize("flood_of", FLOODS)
def test_ten_gigabytes_are_left_where_they_are(kind: Kind, flood_of: str) -> None:
    respond, sent = flood(*FLOODS[flood_of])
    # The connection is closed while the client is open, or the server's end would wait for it.
    with holding(kind, follow_redirects=True) as session, FaultyServer(respond) as server:
        with pytest.raises((TokenError, kind.library.HTTPError)) as caught:
            session.fetch_access_token(f"{server.url}/token")
        check_nothing_is_lost(session)
    # What was sent beyond what was read lies in the kernel's buffers.
    assert sent[0] < 16 * MEGABYTE
    check_error(caught.value)


ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": lambda data: zlib.compress(data)[2:-4],  # as many servers send it
    "identity": bytes,
}


@every_kind
@pytest.mark.parametrize("encoding", ENCODED)
def test_what_is_decompressed(kind: Kind, server: WireServer, encoding: str) -> None:
    body = ENCODED[encoding](TOKEN)
    server.answers["/token"] = Answer(body, headers=[("Content-Encoding", encoding)])
    with holding(kind) as session:
        assert session.fetch_access_token(f"{server.url}/token")["oauth_token"] == "new"
        session.get(f"{server.url}/token")
    sent = {name.lower(): value for name, value in dict(server.requests[0].headers).items()}
    assert sent["accept-encoding"] == "gzip, deflate"
    # Read to the end, it gives its connection back.
    assert server.connections == 1


@every_kind
@needs_proc
def test_what_is_decompressed_does_not_fill_the_memory(kind: Kind, server: WireServer) -> None:
    zeros = bytes(100 * MEGABYTE)
    gzipped = gzip.compress(zeros, 1)
    bombs = {
        "gzip": gzipped,
        "x-gzip": gzipped,
        "deflate": zlib.compress(zeros, 1),
        "gzip, gzip": gzip.compress(gzipped),
        "br": brotli.compress(zeros, quality=1),
        "zstd": b"canary",
    }
    del zeros
    failure(kind, server, Answer(b"", 401))  # so that everything is imported
    before = peak()
    for encoding, bomb in bombs.items():
        headers = [("Content-Encoding", encoding)]
        assert type(failure(kind, server, Answer(bomb, 401, headers))) is TokenRequestDenied
        if encoding in {"gzip", "x-gzip", "deflate"}:
            assert "more than 1 MB" in str(failure(kind, server, Answer(bomb, 200, headers)))
        else:
            error = broken(kind, server, Answer(bomb, 200, headers))
            assert type(error) is kind.library.DecodingError
    assert peak() - before < 16 * MEGABYTE


@every_kind
def test_members_without_content_have_an_end(kind: Kind, server: WireServer) -> None:
    """What is compressed counts, too: a gzip may go on forever with nothing in it."""
    members = itertools.repeat(gzip.compress(b"") * 100)
    answer = Answer(members, headers=[("Content-Encoding", "gzip")])
    assert "more than 1 MB" in str(failure(kind, server, answer))


MISNAMED: dict[str, tuple[str, bytes]] = {
    "no gzip": ("Content-Encoding: gzip", TOKEN),
    "not deflated": ("Content-Encoding: deflate", TOKEN),
    "half a gzip": ("Content-Encoding: gzip", gzip.compress(TOKEN)[:-4]),
    "half deflated": ("Content-Encoding: deflate", zlib.compress(TOKEN)[:-4]),
    "no chunks": ("Transfer-Encoding: chunked", TOKEN + b"\r\n"),
}


@every_kind
@pytest.mark.parametrize("case", MISNAMED)
def test_a_body_in_another_encoding_than_it_says(kind: Kind, server: WireServer, case: str) -> None:
    header, body = MISNAMED[case]
    name, _, value = header.partition(": ")
    check_error(broken(kind, server, Answer(iter([body]), headers=[(name, value)])))


@every_kind
def test_a_truncated_body_is_no_token(kind: Kind, server: WireServer) -> None:
    error = broken(kind, server, Answer(TOKEN, missing=1))
    assert type(error) is kind.library.RemoteProtocolError


@every_kind
def test_a_refusal_that_breaks_off_is_a_refusal(kind: Kind, server: WireServer) -> None:
    error = failure(kind, server, Answer(b"<html>", 401, missing=100))
    assert type(error) is TokenRequestDenied


@every_kind
def test_a_body_that_does_not_come_times_out(kind: Kind, server: WireServer) -> None:
    is_given_up = threading.Event()

    def slow() -> Iterator[bytes]:
        yield TOKEN[:20]
        is_given_up.wait(10)

    error = broken(kind, server, Answer(slow()), timeout=0.2)
    is_given_up.set()
    assert type(error) is kind.library.ReadTimeout


@every_kind
@pytest.mark.parametrize("ending", [sending, resetting])
@pytest.mark.parametrize("cut", CUTS)
def test_a_connection_that_ends_early(
    kind: Kind,
    cut: str,
    ending: Callable[[bytes], Callable[[socket.socket], None]],
    logs: list[str],  # noqa: F811
) -> None:
    with FaultyServer(ending(CUTS[cut])) as server, holding(kind) as session:
        for _ in range(2):
            with pytest.raises((TokenError, kind.library.HTTPError)) as caught:
                session.fetch_access_token(f"{server.url}/token")
            check_error(caught.value)
            check_nothing_is_lost(session)
        server.respond = sending(WHOLE)
        session.fetch_access_token(f"{server.url}/token")
        assert session.token == {"oauth_token": "new", "oauth_token_secret": "canary new"}
    assert len(set(server.nonces())) == 3
    assert "canary" not in "".join(logs)


@every_kind
@pytest.mark.parametrize("answer", NO_HTTP)
def test_what_comes_in_place_of_http_may_have_secrets(kind: Kind, answer: str) -> None:
    with holding(kind) as session:
        for secret in (SECRET, HELD["oauth_token_secret"], quote(SECRET)):
            with (
                FaultyServer(sending(NO_HTTP[answer] % secret.encode())) as server,
                pytest.raises((TokenError, kind.library.HTTPError)) as caught,
            ):
                session.fetch_access_token(f"{server.url}/token")
            check_error(caught.value)


@every_kind
def test_another_origin_may_be_called_like_a_secret(kind: Kind, server: WireServer) -> None:
    with holding(kind) as session:
        session._client.client.client_secret = "canary-client"
        for host in ("canary-client.example", "x" * 60_000):
            server.redirects["/token"] = (302, f"https://{host}/")
            with pytest.raises((TokenError, kind.library.HTTPError)) as caught:
                session.fetch_access_token(f"{server.url}/token", follow_redirects=True)
            check_error(caught.value)
            assert len(str(caught.value)) < 400


@every_kind
def test_a_port_at_which_nobody_listens(kind: Kind) -> None:
    with holding(kind) as session:
        with pytest.raises(kind.library.ConnectError) as caught:
            session.fetch_access_token(f"http://127.0.0.1:{unused_port()}/", **ARGUMENTS)
        check_error(caught.value)
        check_nothing_is_lost(session)
        with pytest.raises(kind.library.InvalidURL) as invalid:
            session.fetch_access_token("http://127.0.0.1:x/?oauth_verifier=canary")
        check_error(invalid.value)


@every_kind
def test_a_response_that_a_hook_has_read(kind: Kind, server: WireServer) -> None:
    def read(response: Any) -> None:
        response.read()

    async def async_read(response: Any) -> None:
        await response.aread()

    server.answers["/token"] = Answer(TOKEN)
    hooks = {"response": [async_read if kind.is_async else read]}
    with holding(kind, event_hooks=hooks) as session:
        assert session.fetch_access_token(f"{server.url}/token")["oauth_token"] == "new"
    server.answers["/token"] = Answer(TOKEN + b"x" * LIMIT)
    with holding(kind, event_hooks=hooks) as session, pytest.raises(TokenResponseError):
        session.fetch_access_token(f"{server.url}/token")


@every_kind
def test_a_transport_that_makes_responses_up(kind: Kind) -> None:
    """As those of other people's tests."""
    library = kind.library
    transport = library.MockTransport(lambda _request: library.Response(200, content=TOKEN))
    with holding(kind, transport=transport) as session:
        assert session.fetch_access_token("https://api.example.com/")["oauth_token"] == "new"


@every_kind
def test_the_answer_is_there_to_look_at(kind: Kind, server: WireServer) -> None:
    error = failure(kind, server, Answer(b"<html>", 503))
    assert error.response.text == "<html>"
    assert pickle.loads(pickle.dumps(error)).response.content == b"<html>"
    assert b"canary" not in pickle.dumps(error).replace(b"canary%20verifier", b"")
    missing = failure(kind, server, Answer(b"error=a+b"))
    assert type(missing) is TokenMissing
    assert missing.response == {"error": "a b"}


# --- Secrets --------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_a_provider_that_repeats_everything(
    kind: Kind,
    server: WireServer,
    logs: list[str],  # noqa: F811
    placement: str,
    status: int,
) -> None:
    texts: list[str] = []

    def answer(request: WireRequest) -> Answer:
        texts[:] = repeated(request)
        return Answer(f"<pre>{texts[len(server.requests) - 1]}".encode(), status)

    server.answers["/token"] = answer
    auth = OAuth1("key", CLIENT_SECRET, "token", TOKEN_SECRET, signature_type=placement)
    with kind.session(auth) as session:
        while len(server.requests) < max(len(texts), 1):
            with pytest.raises(TokenError) as caught:
                session.fetch_access_token(f"{server.url}/token", VERIFIER, **ARGUMENTS)
            check_error(caught.value)
            if len(server.requests) == 1:
                assert "canary" in caught.value.response.text
                assert f"'<pre>{' '.join(['****'] * 6)}" in str(caught.value)
        check(repr(session.client), repr(vars(session.client)))
    if placement != "QUERY":  # what httpx logs of a URL is its own, and documented
        check(*logs)


@every_kind
def test_what_httpx_logs_is_its_own(
    kind: Kind, server: WireServer, caplog: pytest.LogCaptureFixture
) -> None:
    """docs/clients/httpx.md says so: at level INFO it logs URLs."""
    server.answers["/token"] = Answer(TOKEN)
    auth = OAuth1("key", "secret", "token", "token secret", signature_type="QUERY")
    with caplog.at_level(logging.INFO), kind.session(auth) as session:
        session.fetch_access_token(f"{server.url}/token", "canary")
    assert "oauth_verifier=canary" in caplog.text


# --- Others ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS[:2], ids=str)
@pytest.mark.parametrize(
    "arguments", [{"json": {"a": 1}}, {"files": {"photo": b"1234"}}], ids=["JSON", "multipart"]
)
def test_authlib_sends_an_empty_body(
    kind: Kind, server: WireServer, arguments: dict[str, Any]
) -> None:
    module = authlib.integrations.httpx_client
    make = module.AsyncOAuth1Client if kind.is_async else module.OAuth1Client
    with Client(make("client key", "client secret", timeout=10)) as client:
        client.post(f"{server.url}/", **arguments)
    assert server.last.body == b""
    with kind.session(OAuth1("client key", "client secret")) as session:
        session.post(f"{server.url}/", **arguments)
    assert verify(server.last, "client secret").accepted
    assert server.last.body


# --- The document ---------------------------------------------------------------------------------

DOCUMENT = "docs/clients/httpx.md"
BLOCKS = [block.text for block in documents.blocks(DOCUMENT) if block.language == "python"]


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_documents_blocks_run(number: int, library: str) -> None:
    with Provider(
        client_key="client key",
        client_secret="client secret",
        token="token",
        token_secret="token secret",
    ) as provider:
        # The address is all that differs from what a reader would run, who is asked to allow.
        code = BLOCKS[number].replace("https://api.example.com", provider.url)
        documents.run(DOCUMENT, code.replace("httpx", library), decide)
        assert all(record.accepted for record in provider.records)
        sent = [record for record in provider.records if "/authorize" not in record.target]
        assert len(sent) == len(re.findall(r"client\.(?:get|post|fetch_\w+)\(", code))


def test_the_document_has_blocks() -> None:
    assert len(BLOCKS) == 4
