"""`oauth1_rs.requests_oauthlib.OAuth1Session`: requests-oauthlib's defaults and texts.

All else is `oauth1_rs.OAuth1Session`, and tested there.
"""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import requests
import requests_oauthlib
import rsa_keys
from browser import decide
from oauth1_rs import AuthorizationDenied, TokenResponseError
from oauth1_rs.requests_oauthlib import (
    OAuth1,
    OAuth1Session,
    TokenMissing,
    TokenRequestDenied,
    VerifierMissing,
)
from oauth1_rs.requests_oauthlib.oauth1_auth import Client
from provider import SIGNATURE_METHODS, Provider
from verifier import Verdict, verify
from wire_server import Answer, WireServer

THEIRS: Any = requests_oauthlib.OAuth1Session
TOKEN = b"oauth_token=t&oauth_token_secret=ts"


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", SIGNATURE_METHODS)
def test_the_three_legs(provider: Provider, method: str, placement: str) -> None:
    session = OAuth1Session(
        provider.client_key,
        provider.client_secret,
        callback_uri="http://127.0.0.1/ready?x=1",
        signature_method=method,
        signature_type=placement,
        rsa_key=rsa_keys.pkcs8(),
    )
    session.fetch_request_token(f"{provider.url}/request_token")
    session.parse_authorization_response(
        decide(session.authorization_url(f"{provider.url}/authorize"))
    )
    session.fetch_access_token(f"{provider.url}/access_token")
    assert session.authorized
    assert session.get(f"{provider.url}/resource").status_code == 200
    assert [record.accepted for record in provider.records] == [True] * 5


@pytest.mark.parametrize(
    "name",
    [
        "__init__",
        "authorization_url",
        "fetch_access_token",
        "fetch_request_token",
        "parse_authorization_response",
    ],
)
def test_parameters_are_theirs_in_their_order(name: str) -> None:
    ours, theirs = (
        [
            # Sessions `for_provider` need no URL; without one it is a TypeError, as theirs.
            (parameter.name, parameter.name == "url" or parameter.default)
            for parameter in inspect.signature(getattr(session, name)).parameters.values()
            if parameter.kind == parameter.POSITIONAL_OR_KEYWORD
        ]
        for session in (OAuth1Session, THEIRS)
    )
    assert ours[: len(theirs)] == theirs


def test_what_it_is_made_of() -> None:
    session = OAuth1Session("key")
    assert isinstance(session, requests.Session)
    assert session.auth is session._client
    assert type(session._client) is OAuth1
    assert type(session._client.client) is Client
    assert session._client.client.decoding == "utf-8"
    assert OAuth1Session("key", decoding=None)._client.client.decoding is None


def verdict_of(server: WireServer, token_secret: str) -> Verdict:
    verdict = verify(server.last, "secret", token_secret)
    assert verdict.accepted, verdict.reason
    return verdict


@pytest.mark.parametrize("session_class", [OAuth1Session, THEIRS])
def test_a_token_that_is_there_is_sent_with_the_request_for_another(
    server: WireServer, session_class: Any
) -> None:
    server.answers["/token"] = Answer(TOKEN)
    session = session_class("key", "secret", "old", "old secret", callback_uri="oob")
    session.fetch_request_token(f"{server.url}/token")
    parameters = verdict_of(server, "old secret").parameters
    assert (parameters[b"oauth_token"], parameters[b"oauth_callback"]) == (b"old", b"oob")
    session.get(server.url)
    parameters = verdict_of(server, "ts").parameters
    assert parameters[b"oauth_token"] == b"t"
    assert b"oauth_callback" not in parameters


def test_an_answer_need_not_confirm_the_callback(server: WireServer) -> None:
    server.answers["/token"] = Answer(TOKEN)
    session = OAuth1Session("key", callback_uri="oob")
    session.fetch_request_token(f"{server.url}/token")
    again = OAuth1Session("key", callback_uri="oob")
    with pytest.raises(TokenResponseError):
        again.fetch_request_token(f"{server.url}/token", require_callback_confirmed=True)


def test_a_callback_may_be_for_any_token() -> None:
    session = OAuth1Session("key", resource_owner_key="one")
    session.parse_authorization_response("https://a/?oauth_token=two&oauth_verifier=v")
    assert session.token == {"oauth_token": "two", "oauth_verifier": "v"}
    with pytest.raises(TokenMissing):
        session.parse_authorization_response("https://a/?oauth_token=three", check_token=True)


# --- Texts ------------------------------------------------------------------------------------


def text_of(error: type[Exception], call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(error) as caught:
        call(*arguments)
    assert caught.value.args == (str(caught.value),)
    return str(caught.value)


@pytest.mark.parametrize(
    "body", ["oauth_problem=nonce_used", "Invalid request token.", 'It\'s "no"', "", "caf\xe9"]
)
@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_refusal_has_their_text(server: WireServer, status: int, body: str) -> None:
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    server.answers["/token"] = Answer(body.encode(), status, headers)
    ours, theirs = (
        text_of(ValueError, session("key").fetch_request_token, f"{server.url}/token")
        for session in (OAuth1Session, THEIRS)
    )
    assert ours == theirs
    assert ours == f"Token request failed with code {status}, response was '{body}'."


@pytest.mark.parametrize(
    "body", ["no token at all!", "<html>", "{", '{"oauth_token"', "[", '{"a": 1}x']
)
def test_what_is_no_token_response_has_their_text(server: WireServer, body: str) -> None:
    server.answers["/token"] = Answer(body.encode())
    ours, theirs = (
        text_of(ValueError, session("key").fetch_request_token, f"{server.url}/token")
        for session in (OAuth1Session, THEIRS)
    )
    assert ours == theirs


def test_json_that_is_no_object_is_a_value_error(server: WireServer) -> None:
    """Theirs raises a TypeError."""
    server.answers["/token"] = Answer(b"[1]")
    text = text_of(
        TokenResponseError, OAuth1Session("key").fetch_request_token, f"{server.url}/token"
    )
    assert text.startswith("Unable to decode token from token response. ")
    assert text.endswith("The decoding error was that it is no JSON object")


def test_a_missing_verifier_has_their_text() -> None:
    ours, theirs = (
        text_of(ValueError, session("key").fetch_access_token, "https://a/")
        for session in (OAuth1Session, THEIRS)
    )
    assert ours == theirs == "No client verifier has been set."
    assert text_of(VerifierMissing, OAuth1Session("key").fetch_access_token, "https://a/") == ours


def test_a_missing_token_has_their_text_with_the_values_hidden(server: WireServer) -> None:
    server.answers["/token"] = Answer(b"oauth_token_secret=canary&other=b")
    ours, theirs = (
        text_of(ValueError, session("key").fetch_request_token, f"{server.url}/token")
        for session in (OAuth1Session, THEIRS)
    )
    hidden = theirs.replace("'canary'", "'****'").replace("'b'", "'****'")
    assert ours == hidden != theirs


@pytest.mark.parametrize(
    ("callback", "text"),
    [
        ("https://a/?denied=canary", "{'denied': '****'}"),
        ("https://a/?oauth_problem=user_refused", "{'oauth_problem': 'user_refused'}"),
        ("https://a/?oauth_verifier=canary", "{'oauth_verifier': '****'}"),
        ("https://a/?", "{}"),
    ],
)
def test_a_callback_without_a_token_has_their_text(callback: str, text: str) -> None:
    session = OAuth1Session("key")
    expected = f"Response does not contain a token: {text}"
    assert text_of(TokenMissing, session.parse_authorization_response, callback) == expected
    assert text_of(TokenMissing, session._populate_attributes, {}) == (
        "Response does not contain a token: {}"
    )


def test_errors_have_what_theirs_have(server: WireServer) -> None:
    server.answers["/token"] = Answer(b"no", 401)
    session = OAuth1Session("key")
    with pytest.raises(TokenRequestDenied) as denied:
        session.fetch_request_token(f"{server.url}/token")
    assert denied.value.status_code == denied.value.response.status_code == 401
    with pytest.raises(AuthorizationDenied) as refused:
        session.parse_authorization_response("https://a/?denied=token")
    assert refused.value.response == {"denied": "token"}
    assert TokenRequestDenied("text", denied.value.response).status_code == 401
    assert TokenMissing("text", {}).response == {}
    assert str(VerifierMissing("text")) == "text"


# --- What theirs does wrong -------------------------------------------------------------------


def test_no_secret_goes_to_another_host(server: WireServer) -> None:
    """With PLAINTEXT theirs hands both of them over."""
    with WireServer() as other:
        server.redirects["/"] = (307, f"{other.url}/elsewhere")
        for session_class in (OAuth1Session, THEIRS):
            session = session_class(
                "key", "canary", "token", "canary", signature_method="PLAINTEXT"
            )
            session.get(server.url)
        ours, theirs = other.requests
    assert "Authorization" not in dict(ours.headers)
    assert "canary" in str(dict(theirs.headers)["Authorization"])


@pytest.mark.parametrize(
    ("session_class", "expected"),
    [(OAuth1Session, ["own", "own", "one"]), (THEIRS, [None, None, "o n e"])],
)
def test_the_realm_of_the_session_stays(
    server: WireServer, session_class: Any, expected: list[str | None]
) -> None:
    """Theirs loses it, and splits that of a request into letters."""
    server.answers["/token"] = Answer(TOKEN)
    session = session_class("key", realm="own")
    session.fetch_request_token(f"{server.url}/token")
    session.get(server.url)
    session.fetch_request_token(f"{server.url}/token", realm="one")
    headers = [str(dict(request.headers)["Authorization"]) for request in server.requests]
    for header, realm in zip(headers, expected, strict=True):
        assert header.startswith("OAuth oauth_nonce" if realm is None else f'OAuth realm="{realm}"')


@pytest.mark.parametrize("method", ["RSA-SHA256", "RSA-SHA512"])
def test_rsa_needs_no_secret_to_be_authorized(method: str) -> None:
    arguments = {"resource_owner_key": "token", "signature_method": method}
    assert OAuth1Session("key", **arguments).authorized  # type: ignore[arg-type]  # one dict for many types
    assert not THEIRS("key", **arguments).authorized


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_are_whole(server: WireServer, duplicate: Callable[[Any], Any]) -> None:
    session = OAuth1Session("key", "secret", "token", "ts")
    session.parse_authorization_response("?oauth_token=token&oauth_verifier=v")
    copied = duplicate(session)
    assert copied.token == session.token
    copied.get(server.url)
    verdict_of(server, "ts")
    assert not hasattr(duplicate(THEIRS("key")), "_client")


def test_a_verifier_is_in_the_token_request_alone(server: WireServer) -> None:
    """With theirs every request that other threads make meanwhile has it."""
    server.answers["/token"] = Answer(TOKEN)
    sent = []
    for session_class in (OAuth1Session, THEIRS):
        session = session_class("key", "secret", "token", "ts")
        session.parse_authorization_response("https://a/?oauth_token=token&oauth_verifier=v")
        session.get(server.url)
        sent.append(b"oauth_verifier" in verdict_of(server, "ts").parameters)
        session.fetch_access_token(f"{server.url}/token")
        assert verdict_of(server, "ts").parameters[b"oauth_verifier"] == b"v"
    assert sent == [False, True]
