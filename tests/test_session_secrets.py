"""No secret is shown: not in a log, a `repr`, or an exception, its arguments and its chain.

Neither by `oauth1_rs` nor, where the texts are others, by `oauth1_rs.requests_oauthlib`.
Canaries go through the whole flow, against a provider that repeats whatever it got.
"""

from __future__ import annotations

import base64
import html
import http.client
import json
import logging
import pickle
import re
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import markupsafe
import oauth1_rs.requests_oauthlib
import pytest
import requests
import requests_oauthlib
from oauth1_rs import OAuth1Error, OAuth1Session, TokenError
from oauth1_rs._token_response import MAX_SEARCHED, redacted
from verifier import WireRequest, verify
from wire_server import Answer, WireServer

# With what has to be encoded, and each in its own way.
CLIENT_SECRET = "canary/cs+ü"
TOKEN_SECRET = "canary ts&=<\">'"
VERIFIER = "canary%v"
HANDLE = "canary\\handle~"
PASSWORD = 'canary /&"%2Fß\tpw'
OTHER = "canary /o"  # short: a long one would be masked for its looks
NEW_SECRET = "canary-new"
ALL = (CLIENT_SECRET, TOKEN_SECRET, VERIFIER, HANDLE, PASSWORD, OTHER, NEW_SECRET)


def spellings(secret: str) -> set[str]:
    encoded = quote(secret, safe="")
    return {
        secret,
        encoded,
        quote(encoded, safe=""),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        base64.b64encode(secret.encode()).decode(),
    }


SPELLINGS = {"canary"}.union(*map(spellings, ALL))


def check(*texts: str) -> None:
    for text in texts:
        assert [spelling for spelling in SPELLINGS if spelling in text] == []


def check_error(error: BaseException | None) -> None:
    while error is not None:
        shown = [str(error), repr(error), repr(error.args)]
        check(*shown, *traceback.format_exception_only(error))
        check_error(error.__cause__)
        error = error.__context__


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """All that anybody logs, urllib3 and requests included."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.name} {record.getMessage()} {record.args!r}")

    handler, root = Keep(), logging.getLogger()
    root.addHandler(handler)
    with caplog.at_level(logging.DEBUG):
        yield lines
    root.removeHandler(handler)


def repeated(request: WireRequest) -> list[str]:
    """What careless providers say of a request that they refuse."""
    verdict = verify(request, CLIENT_SECRET, TOKEN_SECRET)
    sent = [secret for secret in ALL if secret != NEW_SECRET]
    key = f"{quote(CLIENT_SECRET, safe='')}&{quote(TOKEN_SECRET, safe='')}"
    base_string = verdict.base_string.decode()
    return [
        " ".join(sent),
        html.escape(" ".join(sent)),
        json.dumps(sent),
        json.dumps(sent, ensure_ascii=False),
        " ".join(re.sub("%..", lambda escape: escape[0].lower(), quote(one)) for one in sent),
        " ".join(map(quote_plus, sent)),
        " ".join(quote(secret, safe="") for secret in sent),
        html.escape(json.dumps(sent)),
        str(markupsafe.escape(" ".join(sent))),
        " ".join(quote(quote(secret, safe=""), safe="") for secret in sent),
        key,
        quote(key, safe=""),
        base_string,
        # As only the beginning is shown, from where there is something to hide.
        *(base_string[found.start() :] for found in re.finditer("oauth_|x_auth", base_string)),
        request.body.decode(),
        request.target.decode(),
        str(dict(request.headers).get("Authorization")),
        *(f"{name.decode()}: {value.decode()}" for name, value in verdict.parameters.items()),
    ]


@pytest.fixture(
    params=[OAuth1Session, oauth1_rs.requests_oauthlib.OAuth1Session], ids=["main", "strict"]
)
def session_class(request: pytest.FixtureRequest) -> type[OAuth1Session]:
    cls: type[OAuth1Session] = request.param
    return cls


def session_with_secrets(session_class: type[OAuth1Session], **options: Any) -> OAuth1Session:
    return session_class("key", CLIENT_SECRET, "token", TOKEN_SECRET, **options)


ARGUMENTS: dict[str, Any] = {
    "protocol_parameters": {"oauth_session_handle": HANDLE, "oauth_other": OTHER},
    "data": {"x_auth_password": PASSWORD},
}


@pytest.mark.parametrize("signature_method", ["HMAC-SHA1", "PLAINTEXT"])
def test_nothing_is_logged_on_the_way(
    session_class: type[OAuth1Session], server: WireServer, logs: list[str], signature_method: str
) -> None:
    body = f"oauth_token=token&oauth_token_secret={quote(NEW_SECRET)}&oauth_callback_confirmed=true"
    server.answers["/token"] = Answer(body.encode())
    server.redirects["/moved"] = (307, "/token")
    url = f"{server.url}/moved"
    session = session_with_secrets(
        session_class, callback_uri="oob", signature_method=signature_method
    )
    session.fetch_request_token(url, **ARGUMENTS)
    check(repr(session), repr(session.auth), repr(vars(session)))
    callback = f"https://a/?oauth_token=token&oauth_verifier={quote(VERIFIER)}"
    session.parse_authorization_response(callback)
    check(repr(session), repr(session.auth), repr(vars(session)))
    session.fetch_access_token(url, **ARGUMENTS)
    assert session.token == {"oauth_token": "token", "oauth_token_secret": NEW_SECRET}
    session.post(url, data={"a": "b"})
    check(repr(session), repr(session.auth), repr(vars(session)))
    assert any(line.startswith("urllib3") for line in logs)
    check(*logs)


def test_the_peer_logs_them(server: WireServer, logs: list[str]) -> None:
    server.answers["/token"] = Answer(b"oauth_token=t&oauth_token_secret=canary")
    requests_oauthlib.OAuth1Session("key").fetch_request_token(f"{server.url}/token")
    assert any("canary" in line for line in logs)


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("signature_method", ["HMAC-SHA1", "PLAINTEXT"])
def test_a_provider_that_repeats_everything(
    session_class: type[OAuth1Session],
    server: WireServer,
    logs: list[str],
    signature_method: str,
    placement: str,
    status: int,
) -> None:
    if session_class is OAuth1Session and (signature_method, placement) == ("PLAINTEXT", "QUERY"):
        with pytest.raises(OAuth1Error) as refused:
            session_with_secrets(
                session_class, signature_method=signature_method, signature_type=placement
            )
        check_error(refused.value)
        return
    texts: list[str] = []

    def answer(request: WireRequest) -> Answer:
        # Another one each time.
        texts[:] = repeated(request)
        return Answer(f"<pre>{texts[len(server.requests) - 1]}".encode(), status)

    server.answers["/token"] = answer
    session = session_with_secrets(
        session_class, signature_method=signature_method, signature_type=placement
    )
    while len(server.requests) < max(len(texts), 1):
        with pytest.raises(TokenError) as caught:
            session.fetch_access_token(f"{server.url}/token", VERIFIER, **ARGUMENTS)
        check_error(caught.value)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        if len(server.requests) == 1:
            assert "canary" in caught.value.response.text
            is_shown = session_class is OAuth1Session or status != 200  # strict shows no such text
            shown = f"'<pre>{' '.join(['****'] * 6)}" if is_shown else "Unable to decode token"
            assert shown in str(caught.value)
    if placement != "QUERY":  # what urllib3 logs of a URL is its own, and documented
        check(*logs)


def test_a_stored_error_holds_what_was_sent_and_no_more(
    session_class: type[OAuth1Session], server: WireServer
) -> None:
    server.answers["/token"] = Answer(b"<html>", 401)
    session = session_with_secrets(session_class)
    with pytest.raises(TokenError) as caught:
        session.fetch_access_token(f"{server.url}/token", "v")
    assert caught.value.response.request.headers["Authorization"]
    assert b"canary" not in pickle.dumps(caught.value)


BODIES = [
    f"oauth_token_secret={NEW_SECRET}",
    f"oauth_token=a&oauth_token={NEW_SECRET}",
    f"oauth_token=a&oauth_token_secret={NEW_SECRET}%FF",
    f'{{"oauth_token": "a", "oauth_token_secret": "{NEW_SECRET}"',
    f'{{"oauth_token_secret": "{NEW_SECRET}"}}',
    f"<token><secret>{NEW_SECRET}</secret></token>",
    f'<input name="oauth_token_secret" value="{NEW_SECRET}">',
    f"Your token secret: {NEW_SECRET}",
    f"secret%3D{NEW_SECRET}%26a",
    "Your new one is canaryabcdefghijk12345==",
]


@pytest.mark.parametrize("body", BODIES)
def test_an_answer_with_a_secret_that_nobody_knows_yet(
    session_class: type[OAuth1Session], server: WireServer, body: str
) -> None:
    server.answers["/token"] = Answer(body.encode())
    with pytest.raises(TokenError) as caught:
        session_class("key", "cs").fetch_request_token(f"{server.url}/token")
    check_error(caught.value)


def test_a_secret_across_the_end_of_what_is_searched(
    session_class: type[OAuth1Session], server: WireServer
) -> None:
    """Masks make what is shown shorter: what is not searched must not move up."""
    secret = "canary-client-secret"
    for size in range(MAX_SEARCHED - 30, MAX_SEARCHED + 5):
        server.answers["/token"] = Answer(b"a1" * (size // 2) + b" " + secret.encode(), 401)
        with pytest.raises(TokenError) as caught:
            session_class("key", secret).fetch_request_token(f"{server.url}/token")
        check_error(caught.value)


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("a secret-within-secret b", ["within", "secret-within-secret"], "a **** b"),
        ("a secret-within-secret b", ["secret-within-secret", "secret"], "a **** b"),
        ("overlapping", ["overlap", "lapping"], "****"),
        ("user:pass dXNlcjpwYXNz", ["pass", "dXNlcjpwYXNz"], "user:**** ****"),
        ("a key b", ["key"], "a key b"),
        ("canary a canary b canary", ["canary"], "**** a **** b ****"),
        ("aaaaa", ["aaaa"], "****"),
    ],
)
def test_what_is_masked(text: str, secrets: list[str], shown: str) -> None:
    assert redacted(text, secrets) == shown


@pytest.mark.parametrize("start", range(MAX_SEARCHED - 40, MAX_SEARCHED + 2))
def test_nothing_is_shown_of_a_secret_wherever_a_long_text_is_cut(start: int) -> None:
    shown = redacted("." * start + "canary" + "." * 99, ["canary"], MAX_SEARCHED)
    assert set(shown) <= {".", "*"}


SLASHED = "cana/ry+1"
ECHOES = [
    b"no: cana\\/ry+1",
    b"no: cana&#47;ry&#43;1",
    b"no: cana&#x2F;ry&#x2B;1",
    b"no: cana\\u002fry\\u002b1",
    SLASHED.encode("utf-16-le"),
]


@pytest.mark.parametrize("body", ECHOES)
def test_a_secret_is_found_however_it_is_escaped(
    session_class: type[OAuth1Session], server: WireServer, body: bytes
) -> None:
    server.answers["/token"] = Answer(body, 401)
    with pytest.raises(TokenError) as caught:
        session_class("key", SLASHED).fetch_request_token(f"{server.url}/token")
    assert "****" in str(caught.value)
    assert "ry" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"params": {"x_auth_password": "canary!"}},
        {"json": {"x_auth_password": "canary!"}},
        {"data": bytearray(b"x_auth_password=canary!")},
        {"auth": ("user", "canary!")},
        {"auth": ("user", "canary!"), "params": {"x_auth_password": "other password"}},
        {"auth": ("user", "other"), "params": {"x_auth_password": "canary!"}},
        {"auth": ("user", "before: canary!")},
        {"data": {"x_auth_password": "canary!", "name": "public"}},
    ],
)
def test_a_secret_beside_the_signature(
    session_class: type[OAuth1Session], server: WireServer, arguments: dict[str, Any]
) -> None:
    server.answers["/token"] = Answer(b"denied: public, before: canary!", 401)
    with pytest.raises(TokenError, match="denied: public") as caught:
        session_class("key", "cs").fetch_request_token(f"{server.url}/token", **arguments)
    check_error(caught.value)
    is_whole = arguments.get("auth") == ("user", "before: canary!")
    assert ("before" in str(caught.value)) is not is_whole


def test_what_only_looks_like_basic_credentials(
    session_class: type[OAuth1Session], server: WireServer
) -> None:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Basic canary"  # no length that base64 has
        return request

    server.answers["/token"] = Answer(b"denied: canary", 401)
    with pytest.raises(TokenError, match="denied") as caught:
        session_class("key", "cs").fetch_request_token(f"{server.url}/token", auth=sign)
    check_error(caught.value)


@pytest.mark.parametrize("body", [b"canary=x", b"oauth_problem=canary"])
def test_a_secret_that_is_a_plain_word(
    session_class: type[OAuth1Session], server: WireServer, body: bytes
) -> None:
    server.answers["/token"] = Answer(body)
    with pytest.raises(TokenError) as caught:
        session_class("key", "canary").fetch_request_token(f"{server.url}/token")
    check_error(caught.value)


@pytest.mark.parametrize(
    "callback",
    [
        f"?oauth_token=other&oauth_verifier={quote(VERIFIER)}",
        f"?oauth_verifier={quote(VERIFIER)}",
        f"?oauth_token=t&oauth_token=t&oauth_verifier={quote(VERIFIER)}",
        f"?oauth_token=token&oauth_verifier={quote(VERIFIER)}%FF",
        f"?oauth_problem={quote(TOKEN_SECRET)}&oauth_token=token",
        f"?denied={quote(VERIFIER)}",
    ],
)
def test_a_callback_that_is_refused(session_class: type[OAuth1Session], callback: str) -> None:
    with pytest.raises(TokenError) as caught:
        session_with_secrets(session_class).parse_authorization_response(callback, check_token=True)
    check_error(caught.value)


def test_a_connection_that_fails(session_class: type[OAuth1Session], server: WireServer) -> None:
    """The text is requests' own; what we add to the request is not in it."""
    session = session_with_secrets(session_class)
    with pytest.raises(OSError, match="Max retries") as caught:
        session.fetch_access_token(f"http://127.0.0.1:{unused_port()}/", VERIFIER, **ARGUMENTS)
    check_error(caught.value)


def test_a_connection_that_fails_with_the_signature_in_the_query() -> None:
    session = oauth1_rs.requests_oauthlib.OAuth1Session(
        "key", CLIENT_SECRET, "token", TOKEN_SECRET, None, "PLAINTEXT", "QUERY"
    )
    with pytest.raises(requests.ConnectionError, match=r"\?\*\*\*\*.*refused") as caught:
        session.fetch_access_token(f"http://127.0.0.1:{unused_port()}/", VERIFIER)
    check_error(caught.value)


@pytest.mark.parametrize("name", ["x_auth_password", "Password", "OAUTH_Token"])
def test_a_connection_that_fails_with_a_password_in_the_query(
    session_class: type[OAuth1Session], name: str
) -> None:
    session = session_class("key", "cs")
    parameters = {name: "canary"}
    with pytest.raises(requests.ConnectionError, match=r"\?\*\*\*\*.*refused") as caught:
        session.fetch_request_token(f"http://127.0.0.1:{unused_port()}/", params=parameters)
    check_error(caught.value)


def unused_port() -> int:
    """A port at which nobody listens any more."""
    with WireServer() as server:
        return server.port


def test_what_http_client_prints_is_its_own(
    session_class: type[OAuth1Session],
    server: WireServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SECURITY.md says so: at debug level it prints whole headers."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    server.answers["/token"] = Answer(b"oauth_token=t&oauth_token_secret=s")
    session_with_secrets(session_class).fetch_access_token(f"{server.url}/token", "canary")
    assert "canary" in capsys.readouterr().out
