"""Token responses: what is read, and what is said of all that cannot be."""

from __future__ import annotations

import gc
import gzip
import itertools
import pickle
import threading
import time
import tracemalloc
import weakref
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import oauth1_rs
import pytest
import requests
import requests_oauthlib
from oauth1_rs import (
    OAuth1Session,
    TokenError,
    TokenMissing,
    TokenRequestDenied,
    TokenResponseError,
)
from wire_server import Answer, WireServer

FORM = "application/x-www-form-urlencoded"
LIMIT = 2**20


def fetch(server: WireServer, answer: Answer, **arguments: Any) -> dict[str, Any]:
    server.answers["/token"] = answer
    session = OAuth1Session("key", "secret")
    token = session.fetch_request_token(f"{server.url}/token", **arguments)
    expected = {name: token.get(name) for name in ["oauth_token", "oauth_token_secret"]}
    assert session.token == {name: value for name, value in expected.items() if value}
    return token


def failure(server: WireServer, answer: Answer, **arguments: Any) -> TokenError:
    server.answers["/token"] = answer
    session = OAuth1Session("key", "client's", "held", "held secret", "oob")
    with pytest.raises(TokenError) as caught:
        session.fetch_request_token(f"{server.url}/token", **arguments)
    # What was there before still is.
    assert session.token == {"oauth_token": "held", "oauth_token_secret": "held secret"}
    assert session._client.client.callback_uri == "oob"
    assert caught.value.args == (str(caught.value),)
    return caught.value


READ: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a form": (
        b"oauth_token=a%2Fb&oauth_token_secret=c+d&user_id=5&screen_name=%C3%A9&lp.context=x",
        {
            "oauth_token": "a/b",
            "oauth_token_secret": "c d",
            "user_id": "5",
            "screen_name": "é",
            "lp.context": "x",
        },
    ),
    "white space around": (b"\r\n oauth_token=a&oauth_token_secret=b\n", {}),
    "a byte order mark": (b"\xef\xbb\xbfoauth_token=a&oauth_token_secret=b", {}),
    "not encoded": (
        "oauth_token=a&oauth_token_secret=b&login_url=https://a/?x=[1]&name=é".encode(),
        {
            "oauth_token": "a",
            "oauth_token_secret": "b",
            "login_url": "https://a/?x=[1]",
            "name": "é",
        },
    ),
    "an empty secret": (
        b"oauth_token=a&oauth_token_secret=&edam_shard=s1",
        {"oauth_token": "a", "oauth_token_secret": "", "edam_shard": "s1"},
    ),
    "no secret": (b"oauth_token=a", {"oauth_token": "a"}),
    "JSON": (
        b' {"oauth_token": "a", "oauth_token_secret": "b", "user": {"id": 5, "id": 6}}\n',
        {"oauth_token": "a", "oauth_token_secret": "b", "user": {"id": 6}},
    ),
    "another parameter twice": (
        b"oauth_token=a&oauth_token_secret=b&x=1&x=2",
        {"oauth_token": "a", "oauth_token_secret": "b", "x": "2"},
    ),
    "another parameter that is not UTF-8": (
        b"oauth_token=a&oauth_token_secret=b&name=M%FCller\xff",
        {"oauth_token": "a", "oauth_token_secret": "b", "name": "M\ufffdller\ufffd"},
    ),
}


@pytest.mark.parametrize("content_type", [FORM, "text/html; charset=iso-8859-1", "nonsense", ""])
@pytest.mark.parametrize("case", READ)
def test_read_whatever_the_content_type_says(
    server: WireServer, case: str, content_type: str
) -> None:
    body, expected = READ[case]
    headers = [("Content-Type", content_type)] if content_type else []
    expected = expected or {"oauth_token": "a", "oauth_token_secret": "b"}
    assert fetch(server, Answer(body, headers=headers)) == expected


def test_a_token_without_a_secret_does_not_keep_the_one_before(server: WireServer) -> None:
    server.answers["/token"] = Answer(b"oauth_token=a")
    session = OAuth1Session("key", "secret", "old", "old secret", verifier="v")
    session.fetch_access_token(f"{server.url}/token")
    assert session.token == {"oauth_token": "a"}
    assert not session.authorized
    session.token = {"oauth_token": "old", "oauth_token_secret": "old secret"}
    session.fetch_request_token(f"{server.url}/token")
    assert session.token == {"oauth_token": "a"}


def test_the_largest_body_that_is_read(server: WireServer) -> None:
    body = b"oauth_token=a&oauth_token_secret=b&x="
    filled = body + b"x" * (LIMIT - len(body))
    assert len(fetch(server, Answer(filled))["x"]) == LIMIT - len(body)
    error = failure(server, Answer(filled + b"x"))
    assert type(error) is TokenResponseError
    assert str(error) == (
        "the answer to the token request has more than 1 MB (status 200): is the URL that of a "
        "token endpoint?"
    )


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_an_end_is_left(server: WireServer, status: int) -> None:
    error = failure(server, Answer(itertools.repeat(b"x" * 1024), status))
    assert error.status_code == status
    assert len(error.response.content) == LIMIT
    assert b"".join(error.response.iter_content(LIMIT)) == error.response.content


def test_the_limit_is_of_the_decompressed_size(server: WireServer) -> None:
    bomb = gzip.compress(bytes(100 * LIMIT))
    tracemalloc.start()
    error = failure(server, Answer(bomb, headers=[("Content-Encoding", "gzip")]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more than 1 MB" in str(error)
    assert peak < 20 * LIMIT
    fine = gzip.compress(READ["a form"][0])
    assert fetch(server, Answer(fine, headers=[("Content-Encoding", "gzip")]))


@pytest.mark.parametrize("status", [200, 401])
def test_a_connection_serves_several_token_requests(server: WireServer, status: int) -> None:
    """A response that was read whole gives its connection back."""
    server.answers["/token"] = Answer(READ["a form"][0], status)
    session = OAuth1Session("key", "secret")
    for _ in range(3):
        if status == 200:
            session.fetch_request_token(f"{server.url}/token")
        else:
            with pytest.raises(TokenRequestDenied):
                session.fetch_request_token(f"{server.url}/token")
    assert server.connections == 1


def deflated_without_header(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate without header": deflated_without_header,
}


def broken(server: WireServer, answer: Answer, **arguments: Any) -> requests.RequestException:
    server.answers["/token"] = answer
    session = OAuth1Session("key", "secret")
    with pytest.raises(requests.RequestException) as caught:
        session.fetch_request_token(f"{server.url}/token", **arguments)
    assert session.token == {}
    # urllib3's and http.client's own may carry what was read.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert str(caught.value) == "the token response broke off or could not be decompressed"
    response = caught.value.response
    assert response is not None
    assert b"".join(response.iter_content(LIMIT)) == response.content
    return caught.value


def test_a_truncated_body_is_no_token(server: WireServer) -> None:
    """With urllib3 before 2.0 it is all that the peer notices of a broken connection."""
    error = broken(server, Answer(b"oauth_token=a&oauth_token_secret=b", missing=1))
    assert isinstance(error, requests.exceptions.ChunkedEncodingError)


def test_a_body_that_does_not_come_times_out(server: WireServer) -> None:
    is_given_up = threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"oauth_token=a&oauth_token_"
        is_given_up.wait(10)

    error = broken(server, Answer(slow()), timeout=0.2)
    is_given_up.set()
    assert isinstance(error, requests.ConnectionError)


CANARY = b"oauth_token=a&oauth_token_secret=canary"
MISNAMED: dict[str, tuple[str, bytes]] = {
    "no gzip": ("Content-Encoding: gzip", CANARY),
    "not deflated": ("Content-Encoding: deflate", CANARY),
    "no chunks": ("Transfer-Encoding: chunked", CANARY + b"\r\n"),
    "a chunk of -5 bytes": ("Transfer-Encoding: chunked", b"-5\r\n" + CANARY + b"\r\n0\r\n\r\n"),
    "a chunk of -1 bytes": ("Transfer-Encoding: chunked", b"-1\r\n" + CANARY),
}


@pytest.mark.parametrize("case", MISNAMED)
def test_a_body_in_another_encoding_than_it_says(server: WireServer, case: str) -> None:
    encoding, body = MISNAMED[case]
    name, _, value = encoding.partition(": ")
    answer = Answer(iter([body]), headers=[(name, value)])
    assert "canary" not in repr(broken(server, answer))


@pytest.mark.parametrize("missing", [1, 4, 8, 12, 16, 24])
@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_compressed_body_without_its_end_is_no_token(
    server: WireServer, encoding: str, missing: int
) -> None:
    """requests takes what there is for all of it, and so half a secret for a whole one."""
    secret = b"&oauth_token_secret=" + sha256(b"secret").hexdigest().encode()
    body = COMPRESSED[encoding](b"oauth_token=a" + secret)[:-missing]
    headers = [("Content-Encoding", encoding.partition(" ")[0])]
    error = broken(server, Answer(body, headers=headers))
    assert type(error) is requests.exceptions.ContentDecodingError
    session = requests_oauthlib.OAuth1Session("key", "secret")
    if missing > 8 and encoding != "x-gzip":  # which older urllib3 does not know
        assert session.fetch_request_token(f"{server.url}/token")["oauth_token"] == "a"


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_compressed_bodies(server: WireServer, encoding: str) -> None:
    headers = [("Content-Encoding", encoding.partition(" ")[0])]
    body = COMPRESSED[encoding](READ["a form"][0])
    bodies = {"in one piece": [body], "in many": [body[i : i + 1] for i in range(len(body))]}
    for padding in (b"\n", b"\r\n", bytes(1), bytes(9), b"\x1f"):
        bodies |= {f"and {padding!r}": [body + padding], f"and then {padding!r}": [body, padding]}
    if encoding.endswith("gzip"):
        halves = [gzip.compress(half) for half in (READ["a form"][0][:20], READ["a form"][0][20:])]
        bodies |= {"members": halves, "members at once": [b"".join(halves)]}
    for name, pieces in bodies.items():
        assert fetch(server, Answer(iter(pieces), headers=headers)) == READ["a form"][1], name
        chunked = [*headers, ("Transfer-Encoding", "chunked")]
        chunks = [b"%x\r\n%s\r\n" % (len(it), it) for it in [*pieces, b""]]
        assert fetch(server, Answer(iter(chunks), headers=chunked)) == READ["a form"][1], name


def test_a_later_member_that_is_cut_or_damaged(server: WireServer) -> None:
    first, second = gzip.compress(CANARY), gzip.compress(b"&more=" + bytes(range(256)) * 9)
    damaged = bytearray(second)
    damaged[len(second) // 2] ^= 0xFF
    checksum = bytearray(second)
    checksum[-8] ^= 0xFF
    for rest in (second[:-9], second[:2], damaged, checksum):
        answer = Answer(first + bytes(rest), headers=[("Content-Encoding", "gzip")])
        error = broken(server, answer)
        assert type(error) is requests.exceptions.ContentDecodingError


def test_members_without_content_have_an_end(server: WireServer) -> None:
    members = itertools.repeat(gzip.compress(b"") * 100)
    error = failure(server, Answer(members, headers=[("Content-Encoding", "gzip")]))
    assert "more than 1 MB" in str(error)


def test_what_was_sent_need_not_be_text(server: WireServer) -> None:
    """It is read for the secrets in it, which an answer may repeat."""
    sent = {"data": b"x_auth_password=\xff", "headers": {"Content-Type": FORM}}
    assert fetch(server, Answer(READ["a form"][0]), **sent) == READ["a form"][1]
    assert server.last.body == sent["data"]


def test_a_hook_may_read_the_answer(server: WireServer) -> None:
    answer = Answer(gzip.compress(READ["a form"][0]), headers=[("Content-Encoding", "gzip")])

    def read(response: requests.Response, **_: object) -> None:
        assert response.content == READ["a form"][0]

    def begin(response: requests.Response, **_: object) -> None:
        assert READ["a form"][0].startswith(next(response.iter_content(5)))

    assert fetch(server, answer, hooks={"response": read}) == READ["a form"][1]
    error = broken(server, answer, hooks={"response": begin})
    assert type(error) is requests.exceptions.ContentDecodingError


def test_a_redirect_that_is_not_followed_is_read_once(server: WireServer) -> None:
    token = READ["a form"][0]
    headers = [("Location", "/"), ("Content-Encoding", "gzip")]
    cut = Answer(gzip.compress(token)[:-8], 302, headers)
    error = broken(server, cut, allow_redirects=False)
    assert type(error) is requests.exceptions.ContentDecodingError
    whole = Answer(gzip.compress(token), 302, headers)
    assert fetch(server, whole, allow_redirects=False) == READ["a form"][1]
    brotlied = Answer(token, 302, [("Location", "/"), ("Content-Encoding", "br")])
    error = broken(server, brotlied, allow_redirects=False)
    assert type(error) is requests.exceptions.ContentDecodingError


def test_nothing_stays_alive_of_an_answer(server: WireServer) -> None:
    server.answers["/token"] = Answer(READ["a form"][0])
    raw: list[weakref.ref[object]] = []
    gc.disable()
    try:
        OAuth1Session("key", "secret").fetch_request_token(
            f"{server.url}/token",
            hooks={"response": lambda response, **_: raw.append(weakref.ref(response.raw))},
        )
        assert raw[0]() is None
    finally:
        gc.enable()


def test_a_refusal_that_breaks_off_is_a_refusal(server: WireServer) -> None:
    error = failure(server, Answer(HTML, 401, missing=100))
    assert type(error) is TokenRequestDenied
    assert error.status_code == 401


HTML = b"""<!doctype html>
<html><head><title>Down for maintenance</title></head>
<body><p>Please   come back later.</body></html>
"""
SHOWN = (
    "'<!doctype html> <html><head><title>Down for maintenance</title></head> <body><p>Please come "
    "back later.</body></html>'"
)
NOT_READ = "the answer to the token request is no token response (status 200). It "
UNUSABLE = "the token response cannot be used (status 200): "
REFUSED: dict[str, tuple[bytes, type[TokenError], str]] = {
    "a page": (HTML, TokenResponseError, f"{NOT_READ}begins: {SHOWN}"),
    "nothing": (b"", TokenResponseError, f"{NOT_READ}is empty"),
    "white space": (b" \r\n", TokenResponseError, f"{NOT_READ}is empty"),
    "text": (b"Rate limit: 5", TokenResponseError, f"{NOT_READ}begins: 'Rate limit: 5'"),
    "control characters": (b"a=\x1b[2J", TokenResponseError, f"{NOT_READ}begins: 'a=\\x1b[2J'"),
    "no text": (b"\xff\xfe\x00\x01", TokenResponseError, f"{NOT_READ}begins: '��\\x01'"),
    "a long text": (b"word " * 99, TokenResponseError, f"{NOT_READ}begins: '{'word ' * 40}'"),
    "a page with a token in it": (
        b'<a href="/a?b=1&oauth_token=t&oauth_token_secret=canary">',
        TokenResponseError,
        f"{NOT_READ}begins: '<a href=\"/a?b=1&oauth_token=****&oauth_token_secret=****\">'",
    ),
    "broken JSON": (
        b'{"oauth_token": "canary", "oauth_token_secret": "can',
        TokenResponseError,
        f'{NOT_READ}begins: \'{{"oauth_token": "****", "oauth_token_secret": "****\'',
    ),
    "deep JSON": (b'{"a":' * 100_000, TokenResponseError, NOT_READ),
    "a list": (b'["oauth_token"]', TokenResponseError, NOT_READ),
    "no token": (
        b"error=invalid&oauth_token_secret=canary&c2VjcmV0=",
        TokenMissing,
        "there is no oauth_token among error, oauth_token_secret",
    ),
    "an empty token": (
        b"oauth_token=&oauth_token_secret=",
        TokenMissing,
        "there is no oauth_token among oauth_token, oauth_token_secret",
    ),
    "JSON without a token": (b"{}", TokenMissing, "there is no oauth_token"),
    "two tokens": (
        b"oauth_token=a&oauth_token_secret=b&oauth_token=c",
        TokenResponseError,
        f"{UNUSABLE}it gives oauth_token more than once",
    ),
    "a name with a secret in it": (
        b"oauth_token=a&oauth_canary5=b&oauth_canary5=c",
        TokenResponseError,
        f"{UNUSABLE}it gives a parameter more than once",
    ),
    "two tokens in JSON": (
        b'{"oauth_token": "a", "oauth_token": "b", "x": {}}',
        TokenResponseError,
        f"{UNUSABLE}it gives oauth_token more than once",
    ),
    "a token that is not UTF-8": (
        b"oauth_token=%FF&oauth_token_secret=b",
        TokenResponseError,
        f"{UNUSABLE}its oauth_token is not UTF-8",
    ),
    "a token with a line break": (
        b"oauth_token=T%0d%0aX&oauth_token_secret=S",
        TokenResponseError,
        f"{UNUSABLE}its oauth_token has a line break",
    ),
    "a token with a line feed": (
        b"oauth_token=T%0a&oauth_token_secret=S",
        TokenResponseError,
        f"{UNUSABLE}its oauth_token has a line break",
    ),
    "a secret with a carriage return": (
        b"oauth_token=T&oauth_token_secret=%0dS",
        TokenResponseError,
        f"{UNUSABLE}its oauth_token_secret has a line break",
    ),
    "a secret that is not UTF-8": (
        b'{"oauth_token": "a", "oauth_token_secret": "canary\xff"}',
        TokenResponseError,
        f"{UNUSABLE}its oauth_token_secret is not UTF-8",
    ),
    "a token that is a number": (
        b'{"oauth_token": 5, "oauth_token_secret": "b"}',
        TokenResponseError,
        f"{UNUSABLE}its oauth_token is no text",
    ),
    "no secret in JSON": (
        b'{"oauth_token": "a", "oauth_token_secret": null}',
        TokenResponseError,
        f"{UNUSABLE}its oauth_token_secret is no text",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_token_is_an_error_that_says_so(server: WireServer, case: str) -> None:
    body, kind, message = REFUSED[case]
    error = failure(server, Answer(body, headers=[("Content-Type", FORM)]))
    assert type(error) is kind
    assert str(error) == message or (message == NOT_READ and str(error).startswith(message))
    assert error.status_code == 200
    assert "canary" not in repr(error)
    chain = [error.__cause__, error.__context__]
    assert "canary" not in repr(chain)
    assert not any(isinstance(link, UnicodeError | LookupError) for link in chain)


def test_the_answer_is_there_to_look_at(server: WireServer) -> None:
    assert failure(server, Answer(HTML)).response.text == HTML.decode()
    assert failure(server, Answer(b"error=a+b")).response == {"error": "a b"}
    error = failure(server, Answer(HTML, 503))
    assert error.response.content == HTML
    assert pickle.loads(pickle.dumps(error)).response.content == HTML


def test_a_redirect_that_is_not_followed_is_no_token(server: WireServer) -> None:
    server.redirects["/token"] = (302, "/other")
    error = failure(server, Answer(), allow_redirects=False)
    assert "no token response (status 302)" in str(error)


PROBLEM = "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1-2"
CHALLENGE = (
    'Basic realm="x", OAuth realm="https://a/", oauth_problem="timestamp_refused", '
    'oauth_acceptable_timestamps="1%2D2"'
)
ACCEPTABLE = {"oauth_problem": "timestamp_refused", "oauth_acceptable_timestamps": "1-2"}


@pytest.mark.parametrize(
    ("body", "challenge"),
    [
        (PROBLEM, None),
        ("", CHALLENGE),
        (HTML.decode(), CHALLENGE),
        ("<p>See our pages on oauth_problem: what it is", CHALLENGE),
        (f"<html><body><p>Sorry: {PROBLEM.replace('&', '&amp;')}</p>", None),
        ('{"oauth_problem": "timestamp_refused", "oauth_acceptable_timestamps": "1-2"}', None),
        ('{"errors": [{"oauth_problem":"timestamp_refused"}]}', CHALLENGE),
    ],
)
def test_the_problem_is_found_wherever_it_is(
    server: WireServer, body: str, challenge: str | None
) -> None:
    headers = [("WWW-Authenticate", challenge)] if challenge else []
    error = failure(server, Answer(body.encode(), 401, headers))
    assert type(error) is TokenRequestDenied
    assert error.status_code == 401
    assert error.oauth_problem == "timestamp_refused"
    assert error.oauth_parameters == ACCEPTABLE
    assert str(error).startswith(
        "the provider refused the token request (status 401, oauth_problem 'timestamp_refused'). "
        "Its answer "
    )


def test_the_parameters_of_a_refusal_are_as_they_are_meant(server: WireServer) -> None:
    escaped = b'{"oauth_problem": "no\\u0020token", "oauth_number": 1, "reason": "none"}'
    error = failure(server, Answer(escaped, 401))
    assert error.oauth_parameters == {"oauth_problem": "no token", "oauth_number": "1"}
    # Which of them counts, nobody knows; it is a refusal all the same.
    ambiguous = b"oauth_token=a&oauth_token=b&oauth_problem=token_rejected"
    error = failure(server, Answer(ambiguous, 401))
    assert type(error) is TokenRequestDenied
    assert error.oauth_problem == "token_rejected"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_refusal_shows_the_providers_words(server: WireServer, status: int) -> None:
    error = failure(server, Answer(HTML, status))
    assert type(error) is TokenRequestDenied
    assert str(error) == (
        f"the provider refused the token request (status {status}). Its answer begins: {SHOWN}"
    )
    assert error.oauth_problem is None
    assert error.oauth_parameters == {}


def test_a_problem_with_status_200_is_told(server: WireServer) -> None:
    error = failure(server, Answer(PROBLEM.encode()))
    assert type(error) is TokenMissing
    assert error.oauth_problem == "timestamp_refused"


def test_a_flood_is_searched_in_no_time(server: WireServer) -> None:
    """A pattern that goes back and forth would take not seconds, but hours."""
    start = time.monotonic()
    for flood in [b"token", b"oauth_", b"oauth_x ", b"secret: ", b"a1", b"key%253D", b"<", b"%"]:
        body = flood * (LIMIT // len(flood))
        assert failure(server, Answer(body, 500)).status_code == 500
    assert time.monotonic() - start < 60


def test_the_peer_shows_what_it_should_not(server: WireServer) -> None:
    server.answers["/token"] = Answer(b"oauth_token_secret=canary")
    peer = requests_oauthlib.OAuth1Session("key", "secret")
    with pytest.raises(ValueError, match="canary"):
        peer.fetch_request_token(f"{server.url}/token")
    assert not issubclass(requests_oauthlib.oauth1_session.TokenMissing, oauth1_rs.TokenError)
