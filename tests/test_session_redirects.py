"""Redirects that `OAuth1Session` follows: the rules of plain `auth=`, and no hook at work.

The rules themselves are in test_redirects.py; here, that a session has them all.
"""

from __future__ import annotations

import io
import itertools
import pathlib
from typing import Any

import pytest
import requests
import requests_oauthlib
from oauth1_rs import OAuth1, OAuth1Session, TokenResponseError
from test_redirects import (
    BODIES,
    CREDENTIALS,
    FORM_TYPE,
    KINDS,
    PLACEMENTS,
    authorization,
    is_signed,
    nonce,
)
from wire_server import Answer, WireServer

CASES = [
    case
    for case in itertools.product([301, 302, 303, 307, 308], KINDS, PLACEMENTS)
    if case[1:] != ("JSON", "BODY")  # refused before anything is sent
]
every_case = pytest.mark.parametrize(("status", "kind", "placement"), CASES)
TOKEN = Answer(b"oauth_token=t&oauth_token_secret=ts&oauth_callback_confirmed=true")


@pytest.fixture
def other_server() -> Any:
    with WireServer() as server:
        yield server


def send(session: requests.Session, url: str, kind: str, **more: Any) -> requests.Response:
    method, arguments = KINDS[kind]
    return session.request(method, url, timeout=10, **arguments, **more)


@every_case
def test_within_the_origin_every_hop_is_signed(
    server: WireServer, status: int, kind: str, placement: str
) -> None:
    server.redirects["/first"] = (status, "/second?c=3&b=%e4+x&flag#f")
    server.redirects["/second"] = (status, f"{server.url}/third/%2f;v=1//?d=%20")
    session = OAuth1Session(*CREDENTIALS, signature_type=placement)
    response = send(session, f"{server.url}/first?q=1", kind)
    assert response.status_code == 200
    keeps_body = status in (307, 308)
    first, *later = server.requests
    assert is_signed(first)
    # Parameters in a body that is dropped have no place any more.
    assert [is_signed(hop) for hop in later] == [placement != "BODY" or keeps_body] * 2
    for hop in server.requests if keeps_body else [first]:
        assert hop.body.startswith(BODIES[kind])
        assert placement == "BODY" or hop.body == BODIES[kind]
    signed = [hop for hop in server.requests if is_signed(hop)]
    assert len({nonce(hop) for hop in signed}) == len(signed)
    assert server.requests[1].query.startswith(b"c=3&b=%E4+x&flag")
    # The history shows what was sent and what came back, as requests has it.
    assert response.history[0].headers["Location"] == "/second?c=3&b=%e4+x&flag#f"
    sent = [step.request for step in [*response.history, response]]
    if placement == "AUTH_HEADER":
        assert [request.headers["Authorization"] for request in sent] == [
            authorization(hop) for hop in server.requests
        ]


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b?realm=Photos&a=1", b"/b?realm=Photos&a=1"),
        ("/b?oauth_signature=s", b"/b"),
        ("/b?oauth_signature=s&Xa=1", b"/b?Xa=1"),
        ("/b?oauth_signature=s&q=a?b", b"/b?q=a?b"),
        ("/b?a=1&oauth_signature=s#part", b"/b?a=1"),
    ],
)
def test_the_rest_of_a_query_goes_to_another_origin(
    server: WireServer, other_server: WireServer, location: str, target: bytes
) -> None:
    server.redirects["/a"] = (302, other_server.url + location)
    session = OAuth1Session(*CREDENTIALS, realm="Photos")
    response = session.get(f"{server.url}/a")
    assert other_server.last.target == target
    assert response.url.partition("#")[2] == location.partition("#")[2]


@every_case
def test_nothing_of_the_signature_leaves_the_origin(
    server: WireServer, other_server: WireServer, status: int, kind: str, placement: str
) -> None:
    server.redirects["/first"] = (status, f"{other_server.url}/second?c=3")
    other_server.redirects["/second"] = (status, f"{server.url}/third")
    server.redirects["/third"] = (status, "/fourth")
    session = OAuth1Session(*CREDENTIALS, signature_type=placement)
    assert send(session, f"{server.url}/first?q=1", kind).status_code == 200
    # A chain that has left is never signed again.
    assert [is_signed(hop) for hop in server.requests] == [True, False, False]
    [elsewhere] = other_server.requests
    assert not is_signed(elsewhere)
    assert elsewhere.target == b"/second?c=3"
    assert elsewhere.body == (BODIES[kind] if status in (307, 308) else b"")


@pytest.mark.parametrize("kind", [OAuth1Session, requests_oauthlib.OAuth1Session])
def test_plaintext_secrets_stay_with_their_origin(
    server: WireServer, other_server: WireServer, kind: Any
) -> None:
    server.redirects["/first"] = (302, f"{other_server.url}/second")
    kind(*CREDENTIALS, signature_method="PLAINTEXT").get(f"{server.url}/first")
    # The peer signs for whomever a redirect names.
    assert ("canary" in repr(other_server.last)) == (kind is not OAuth1Session)


def test_netrc_is_not_asked(
    server: WireServer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.redirects["/first"] = (302, "/second")
    with WireServer(address=("127.0.0.2", 0)) as other_server:
        server.redirects["/leaving"] = (302, f"{other_server.url}/")
        other_server.redirects["/"] = (302, f"{server.url}/back")
        session = OAuth1Session(*CREDENTIALS)
        session.get(f"{server.url}/first")
        assert [is_signed(hop) for hop in server.requests] == [True, True]
        session.get(f"{server.url}/leaving")
        assert authorization(server.last) is None


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_callers_own_authorization_stays_too(
    server: WireServer, other_server: WireServer, placement: str
) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    session = OAuth1Session(*CREDENTIALS, signature_type=placement)
    session.headers["Authorization"] = "Bearer canary"
    send(session, f"{server.url}/first", "form")
    assert authorization(other_server.last) is None


@pytest.mark.parametrize("leaves", [False, True])
def test_an_authorization_in_place_of_the_signature_stays_within_the_origin(
    server: WireServer, other_server: WireServer, leaves: bool
) -> None:
    target = other_server if leaves else server
    server.redirects["/first"] = (307, f"{target.url}/second")
    session = OAuth1Session(*CREDENTIALS)
    prepared = session.prepare_request(requests.Request("GET", f"{server.url}/first"))
    prepared.headers["Authorization"] = "Bearer canary"
    assert session.send(prepared).status_code == 200
    assert authorization(server.requests[0]) == "Bearer canary"
    assert authorization(target.last) == (None if leaves else "Bearer canary")


def test_another_auth_goes_by_the_rules_of_requests(
    server: WireServer, other_server: WireServer
) -> None:
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    OAuth1Session(*CREDENTIALS).get(f"{server.url}/first", auth=("user", "password"))
    assert [authorization(hop) for hop in server.requests] == ["Basic dXNlcjpwYXNzd29yZA=="] * 2
    assert authorization(other_server.last) is None


def test_an_oauth1_of_one_request_signs_its_redirects(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    OAuth1Session("other", "other").get(f"{server.url}/first", auth=OAuth1(*CREDENTIALS))
    assert [is_signed(hop) for hop in server.requests] == [True, True]


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize("sender", [OAuth1Session, requests.Session])
def test_the_next_request_can_be_sent_by_hand(
    server: WireServer, placement: str, sender: Any
) -> None:
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, "/third")
    session = OAuth1Session(*CREDENTIALS, signature_type=placement)
    response = send(session, f"{server.url}/first", "form", allow_redirects=False)
    assert len(server.requests) == 1
    assert response.headers["Location"] == "/second"
    assert response.next is not None
    (session if sender is OAuth1Session else sender()).send(response.next)
    assert [is_signed(hop) for hop in server.requests] == [True, True, True]
    assert len({nonce(hop) for hop in server.requests}) == 3


def test_a_request_that_was_prepared_elsewhere_is_followed(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    prepared = requests.Request("GET", f"{server.url}/first", auth=OAuth1(*CREDENTIALS)).prepare()
    session = OAuth1Session("other", "other")
    assert session.send(prepared).request.url == f"{server.url}/second"
    assert [is_signed(hop) for hop in server.requests] == [True, True]


def test_subclasses_may_leave_redirects_unsigned(server: WireServer) -> None:
    class Session(OAuth1Session):
        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            del prepared_request.headers["Authorization"]

    server.redirects["/first"] = (307, "/second")
    Session(*CREDENTIALS).get(f"{server.url}/first")
    assert [is_signed(hop) for hop in server.requests] == [True, False]


def test_a_file_is_sent_and_hashed_again(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    file = io.BytesIO(b"0123456789" * 1000)
    file.seek(7)
    OAuth1Session(*CREDENTIALS, body_hash="sha256").put(f"{server.url}/first", data=file)
    assert [hop.body for hop in server.requests] == [(b"0123456789" * 1000)[7:]] * 2
    assert [is_signed(hop) for hop in server.requests] == [True, True]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_token_request_is_redirected_within_the_origin(
    server: WireServer, placement: str
) -> None:
    server.redirects["/token"] = (307, "/second")
    server.redirects["/second"] = (308, "/third")
    server.answers["/third"] = TOKEN
    session = OAuth1Session(*CREDENTIALS, signature_type=placement)
    data = "x_auth_mode=client_auth"
    session.fetch_access_token(f"{server.url}/token", "verifier", data=data, headers=FORM_TYPE)
    assert session.token == {"oauth_token": "t", "oauth_token_secret": "ts"}
    assert [is_signed(hop) for hop in server.requests] == [True, True, True]
    for hop in server.requests:
        assert hop.form.startswith(data.encode())
        everywhere = hop.target + hop.body + repr(authorization(hop)).encode()
        assert everywhere.count(b"oauth_verifier=") == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("{other}/token?oauth_token=canary", "to {other})"),
        ("http://user:canary@127.0.0.2:5/", "to http://127.0.0.2:5)"),
        ("//127.0.0.1:canary/", "to http://127.0.0.1:canary)"),
        ("http://[", "to what is no URL)"),
        ("", "to what is no URL)"),
    ],
)
def test_a_token_request_never_goes_to_another_origin(
    server: WireServer, other_server: WireServer, status: int, location: str, shown: str
) -> None:
    other_server.answers["/token"] = TOKEN
    server.redirects["/token"] = (307, "/within")
    server.redirects["/within"] = (status, location.format(other=other_server.url))
    session = OAuth1Session("client key", "secret", "held", callback_uri="oob")
    with pytest.raises(TokenResponseError, match="redirects to another origin, which is") as caught:
        session.fetch_request_token(f"{server.url}/token", data={"x_auth_password": "canary"})
    assert other_server.requests == []
    assert session.token == {"oauth_token": "held"}
    assert caught.value.status_code == status
    assert "Location" in caught.value.response.headers
    text = str(caught.value)
    assert f"(status {status}, {shown.format(other=other_server.url)}" in text
    assert text.count("canary") == shown.count("canary")


def test_redirects_without_an_end_are_requests_business(server: WireServer) -> None:
    server.redirects["/token"] = (307, "/token")
    session = OAuth1Session("client key", "canary-client-secret")
    session.max_redirects = 3
    with pytest.raises(requests.TooManyRedirects) as caught:
        session.fetch_request_token(f"{server.url}/token")
    assert "canary" not in repr(caught.value)
    assert len({nonce(hop) for hop in server.requests}) == 4


def test_a_redirect_of_a_token_request_is_not_read_to_its_end(server: WireServer) -> None:
    """requests would read it all, to use the connection again."""
    endless = itertools.repeat(b"x" * 1024)
    server.answers["/token"] = Answer(endless, status=307, headers=[("Location", "/second")])
    server.answers["/second"] = TOKEN
    session = OAuth1Session("client key", "secret")
    assert session.fetch_request_token(f"{server.url}/token")["oauth_token"] == "t"


def test_what_was_read_of_a_redirect_elsewhere_is_there_to_look_at(server: WireServer) -> None:
    endless = itertools.repeat(b"x" * 1024)
    location = ("Location", "http://127.0.0.2:5/")
    server.answers["/token"] = Answer(endless, status=307, headers=[location])
    with pytest.raises(TokenResponseError) as caught:
        OAuth1Session("client key", "secret").fetch_request_token(f"{server.url}/token")
    assert b"".join(caught.value.response.iter_content(2**16)) == b"x" * 2**20
