"""One session, many threads: what belongs to one flow is in the requests of that flow alone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import oauth1_rs.requests_oauthlib
import pytest
import requests_oauthlib
from oauth1_rs import Client, OAuth1Session
from verifier import Verdict, WireRequest, verify
from wire_server import Answer, WireServer

THREADS = 8
ROUNDS = 12
PARTS = [b"oauth_callback", b"oauth_verifier"]


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    """So that they meet in the middle of things."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def flow_of(request: WireRequest) -> str | None:
    return str(dict(request.headers)["X-Flow"]) if "X-Flow" in dict(request.headers) else None


def seen(request: WireRequest) -> Verdict:
    # Tokens change all the time: which one signs does not matter here.
    return verify(request, "secret", "token secret")


@pytest.mark.parametrize(
    "session_class", [OAuth1Session, oauth1_rs.requests_oauthlib.OAuth1Session]
)
def test_no_request_carries_anything_of_another_flow(
    server: WireServer, session_class: type[OAuth1Session]
) -> None:
    server.answers["/request_token"] = server.answers["/access_token"] = lambda request: Answer(
        f"oauth_token=token-{flow_of(request)}&oauth_token_secret=token+secret"
        "&oauth_callback_confirmed=true".encode()
    )
    session = session_class("key", "secret", realm="everybody's")
    start = threading.Barrier(THREADS)

    def fetch(step: str, flow: str, **arguments: Any) -> dict[str, Any]:
        fetch_token = getattr(session, f"fetch_{step}")
        token: dict[str, Any] = fetch_token(
            f"{server.url}/{step}", headers={"X-Flow": flow}, **arguments
        )
        return token

    def work(number: int) -> None:
        start.wait()
        for round_number in range(ROUNDS):
            flow = f"{number}-{round_number}"
            if number % 4 == 0:
                parameters = {"oauth_callback": f"callback-{flow}"}
                token = fetch("request_token", flow, realm=flow, protocol_parameters=parameters)
                assert token["oauth_token"] == f"token-{flow}"
            elif number % 4 == 1:
                fetch("access_token", flow, verifier=f"verifier-{flow}")
            elif number % 4 == 2:
                callback = {"oauth_token": f"token-{flow}", "oauth_verifier": f"verifier-{flow}"}
                session.parse_authorization_response(callback, check_token=False)
                fetch("access_token", f"any-{flow}", require_verifier=False)
            else:
                session.get(f"{server.url}/resource")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))

    assert len(server.requests) == THREADS * ROUNDS
    assert {kind_of(request) for request in server.requests} >= {
        "request_token",
        "access_token",
        "parsed",
        "resource",
    }


def kind_of(request: WireRequest) -> str:
    """What a request was for; it carries what belongs to that alone."""
    verdict, flow = seen(request), flow_of(request)
    callback, verifier = (verdict.parameters.get(part, b"").decode() for part in PARTS)
    if flow is not None and verdict.realm == flow:
        assert (callback, verifier) == (f"callback-{flow}", "")
        return "request_token"
    assert verdict.realm == "everybody's"
    assert callback == ""
    if flow is None:
        assert verifier == ""
        return "resource"
    if flow.startswith("any-"):
        # Another thread may have put its token in between: with that goes its verifier, or none.
        token = verdict.parameters.get(b"oauth_token", b"").decode()
        assert verifier in {token.replace("token-", "verifier-"), ""}
        return "parsed" if verifier else "parsed, and then replaced"
    assert verifier == f"verifier-{flow}"
    return "access_token"


def test_no_nonce_is_used_twice(server: WireServer) -> None:
    session = OAuth1Session("key", "secret", "token", "token secret")
    server.redirects["/first"] = (307, "/second")
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: session.get(f"{server.url}/first"), range(THREADS * 4)))
    verdicts = [seen(request) for request in server.requests]
    assert all(verdict.accepted for verdict in verdicts)
    assert len({verdict.parameters[b"oauth_nonce"] for verdict in verdicts}) == THREADS * 8


def test_a_token_and_its_secret_are_written_at_once(server: WireServer) -> None:
    """Signed in between, a request would have the one with another's."""
    server.answers["/token"] = Answer(b"oauth_token=new&oauth_token_secret=new+secret")
    writes: list[set[str]] = []

    class Watched(Client):
        def __setattr__(self, name: str, value: object) -> None:
            writes.append({name})
            super().__setattr__(name, value)

        def _replace(self, **changes: Any) -> None:
            writes.append(set(changes))
            super()._replace(**changes)

    session = OAuth1Session("key", "secret", client_class=Watched)
    session.fetch_access_token(f"{server.url}/token", require_verifier=False)
    pair = {"resource_owner_key", "resource_owner_secret"}
    assert {frozenset(write & pair) for write in writes} == {frozenset(), frozenset(pair)}
    assert session.token == {"oauth_token": "new", "oauth_token_secret": "new secret"}


def fetch_request_token(session: Any, url: str) -> None:
    session.fetch_request_token(f"{url}/token", ["realm"])


def fetch_access_token(session: Any, url: str) -> None:
    session.fetch_access_token(f"{url}/token", "verifier")


def parse_and_fetch(session: Any, url: str) -> None:
    session.parse_authorization_response("https://a/?oauth_token=token&oauth_verifier=verifier")
    session.fetch_access_token(f"{url}/token")


@pytest.mark.parametrize("step", [fetch_request_token, fetch_access_token, parse_and_fetch])
@pytest.mark.parametrize("kind", [OAuth1Session, requests_oauthlib.OAuth1Session])
def test_a_request_in_the_middle_of_a_step(
    server: WireServer, kind: Any, step: Callable[[Any, str], None]
) -> None:
    is_asked, is_answered = threading.Event(), threading.Event()

    def answer(_: WireRequest) -> Answer:
        is_asked.set()
        assert is_answered.wait(10)
        return Answer(b"oauth_token=token&oauth_token_secret=token+secret")

    server.answers["/token"] = answer
    session = kind("key", "secret", "token", "token secret")
    with ThreadPoolExecutor(1) as pool:
        flow = pool.submit(step, session, server.url)
        assert is_asked.wait(10)
        session.get(f"{server.url}/resource")
        is_answered.set()
        flow.result()
    verdict = seen(server.last)
    assert verdict.accepted
    leaks = b"oauth_verifier" in verdict.parameters or verdict.realm is not None
    # The peer sends them with whatever is sent meanwhile.
    assert leaks == (kind is not OAuth1Session)


def test_a_verifier_that_comes_meanwhile_stays(server: WireServer) -> None:
    session = OAuth1Session("key", "secret", "token", "token secret")
    session.parse_authorization_response("?oauth_token=token&oauth_verifier=first")

    def answer(_: WireRequest) -> Answer:
        session.parse_authorization_response("?oauth_token=token&oauth_verifier=second")
        return Answer(b"oauth_token=token&oauth_token_secret=ts")

    server.answers["/token"] = answer
    session.fetch_access_token(f"{server.url}/token")
    assert seen(server.last).parameters[b"oauth_verifier"] == b"first"
    assert session.token["oauth_verifier"] == "second"
