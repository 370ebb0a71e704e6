"""`OAuth1Session`: its surface, the callback, and what is kept. The flow itself is in others."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import oauth1_rs.requests_oauthlib
import oauthlib.oauth1
import pytest
import requests
import requests_oauthlib
from oauth1_rs import (
    AuthorizationDenied,
    OAuth1,
    OAuth1Error,
    OAuth1Session,
    OAuth1TypeError,
    TokenError,
    TokenMissing,
)
from oauth1_rs._flow import Flow
from verifier import verify
from werkzeug.datastructures import ImmutableMultiDict
from wire_server import Answer, WireServer

CREDENTIALS = ("client key", "client secret", "token", "token secret")
RSA_METHODS = ["RSA-SHA1", "RSA-SHA256", "RSA-SHA512"]
KEYED_METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"]
TOKEN = {
    "oauth_token": "token",
    "oauth_token_secret": "token secret",
    "oauth_verifier": "verifier",
}


def settings(session: Any, *names: str) -> list[Any]:
    return [getattr(session._client.client, name) for name in names]


def test_it_is_a_requests_session() -> None:
    session = OAuth1Session(*CREDENTIALS)
    assert isinstance(session, requests.Session)
    assert isinstance(session.auth, OAuth1)
    assert session.auth is session._client
    assert oauth1_rs.OAuth1Session is OAuth1Session


def test_the_parameters_are_the_peers_in_its_order() -> None:
    values = [f"{number}" for number in range(5)]
    positional: list[Any] = [*values, "HMAC-SHA256", "QUERY", None, "verifier"]
    positional += [oauthlib.oauth1.Client, True]
    ours, peers = (
        kind(*positional, realm="realm", nonce="nonce", timestamp="1")
        for kind in (OAuth1Session, requests_oauthlib.OAuth1Session)
    )
    own, theirs = vars(ours._client.client), vars(peers._client.client)
    # The peer's default, which makes bytes of all headers, is not ours.
    assert theirs.pop("decoding") == "utf-8"
    assert own.pop("decoding") is None
    assert own == theirs
    assert ours._client.force_include_body is True


def test_requests_are_signed(server: WireServer) -> None:
    with OAuth1Session(*CREDENTIALS) as session:
        session.post(f"{server.url}/path?q=%20", data={"a": "b c"})
    assert verify(server.last, CREDENTIALS[1], CREDENTIALS[3]).accepted


def test_protocol_parameters_of_the_session_are_in_every_request(server: WireServer) -> None:
    session = OAuth1Session(
        *CREDENTIALS, protocol_parameters={"oauth_version": None, "oauth_custom": "ours"}
    )
    session.get(server.url)
    verdict = verify(server.last, CREDENTIALS[1], CREDENTIALS[3])
    assert verdict.accepted
    assert verdict.parameters[b"oauth_custom"] == b"ours"
    assert b"oauth_version" not in verdict.parameters


def test_wrong_settings_fail_in_the_constructor() -> None:
    with pytest.raises(OAuth1TypeError, match=r"client_key must be str or bytes, got None \(is an"):
        OAuth1Session(None)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(OAuth1Error, match="signature_method 'MD5' is not one of"):
        OAuth1Session("key", signature_method="MD5")
    with pytest.raises(TypeError, match="unexpected keyword argument 'bogus'"):
        OAuth1Session("key", bogus=1)  # type: ignore[call-arg]  # that is the point


def test_a_write_to_the_client_takes_effect_at_the_next_request(server: WireServer) -> None:
    """flask-dance, E*TRADE wrappers and Jira's dances write there."""
    session = OAuth1Session("client key", "client secret")
    session._client.client.resource_owner_key = "token"
    session.auth.client.resource_owner_secret = "token secret"
    session.get(server.url)
    assert verify(server.last, CREDENTIALS[1], CREDENTIALS[3]).accepted


def test_subclasses_choose_what_signs() -> None:
    class Auth(OAuth1):
        pass

    class Session(OAuth1Session):
        _auth_class = Auth

    assert type(Session("key")._client) is Auth


def test_token_can_be_set_and_read() -> None:
    session = OAuth1Session("key")
    assert session.token == {}
    session.token = TOKEN
    assert session.token == TOKEN
    names = "resource_owner_key", "resource_owner_secret", "verifier"
    assert settings(session, *names) == list(TOKEN.values())
    session._client.client.resource_owner_key = "other"
    assert session.token == {**TOKEN, "oauth_token": "other"}


def test_a_token_without_a_secret_leaves_the_secret_and_the_verifier() -> None:
    session = OAuth1Session("key")
    session.token = TOKEN
    session._populate_attributes({"oauth_token": "other", "user_id": "5"})
    assert session.token == {**TOKEN, "oauth_token": "other"}


@pytest.mark.parametrize(
    "session_class", [OAuth1Session, oauth1_rs.requests_oauthlib.OAuth1Session]
)
def test_subclasses_may_keep_tokens_elsewhere(
    session_class: type[OAuth1Session], server: WireServer
) -> None:
    class Keeping(session_class):  # type: ignore[misc, valid-type]  # chosen when the test runs
        kept: list[dict[str, Any]] = []  # noqa: RUF012 - of one test

        def _populate_attributes(self, token: dict[str, Any]) -> None:
            self.kept.append(dict(token))
            super()._populate_attributes(token)

    server.answers["/token"] = Answer(b"oauth_token=a&oauth_token_secret=b")
    session = Keeping("key", "secret", "held", "held secret", verifier="v")
    session.parse_authorization_response("https://a/?oauth_token=held&oauth_verifier=w")
    session.fetch_access_token(f"{server.url}/token")
    assert session.kept[-1] == {"oauth_token": "a", "oauth_token_secret": "b"}
    assert session.token == session.kept[-1]


@pytest.mark.parametrize("write", [vars(Flow)["token"].fset, OAuth1Session._populate_attributes])
def test_what_is_no_token_is_refused(write: Callable[[Any, Any], None]) -> None:
    session = OAuth1Session(*CREDENTIALS)
    given = {"oauth_token_secret": "canary", "user_id": "5"}
    with pytest.raises(TokenMissing) as caught:
        write(session, given)
    assert str(caught.value) == "there is no oauth_token among oauth_token_secret, user_id"
    assert caught.value.response == given
    assert session.token["oauth_token_secret"] == "token secret"


def with_method(kind: Any, method: str, secret: str | None, token_secret: str | None) -> Any:
    session = kind("key", secret, "token", token_secret)
    # Written, as this takes no RSA key: nothing is signed here.
    session._client.client.signature_method = method
    return session


@pytest.mark.parametrize("method", [*RSA_METHODS, "rsa-sha256"])
def test_rsa_needs_no_secret_to_be_authorized(method: str) -> None:
    session = with_method(OAuth1Session, method, None, None)
    assert session.authorized is True
    session._client.client.signature_method = method.encode()
    assert session.authorized is True
    session._client.client.resource_owner_key = None
    assert session.authorized is False


@pytest.mark.parametrize("method", KEYED_METHODS)
def test_other_methods_need_both_secrets_to_be_authorized(method: str) -> None:
    def is_authorized(secret: str | None, token_secret: str | None) -> bool:
        return bool(with_method(OAuth1Session, method, secret, token_secret).authorized)

    assert is_authorized("secret", "secret")
    # Launchpad and MAAS have no client secret, Evernote no token secret.
    assert is_authorized("", "secret")
    assert is_authorized("secret", "")
    assert not is_authorized(None, "secret")
    assert not is_authorized("secret", None)
    assert OAuth1Session("key", "secret").authorized is False


def test_the_peer_is_wrong_about_being_authorized() -> None:
    peer = requests_oauthlib.OAuth1Session
    assert with_method(peer, "RSA-SHA256", None, None).authorized is False
    assert with_method(peer, "HMAC-SHA1", "", "secret").authorized is False


@pytest.mark.parametrize(
    ("url", "arguments", "expected"),
    [
        ("https://a/b", {}, "https://a/b?oauth_token=to%20k%2F"),
        ("https://a/b?c=%7e+d&flag#f", {}, "https://a/b?c=%7e+d&flag&oauth_token=to%20k%2F#f"),
        ("https://a/b?", {}, "https://a/b?oauth_token=to%20k%2F"),
        ("https://a/b?c&", {}, "https://a/b?c&oauth_token=to%20k%2F"),
        ("https://a/b", {"request_token": "other"}, "https://a/b?oauth_token=other"),
        (
            "https://a/b",
            {"scope": "read,write", "expiration": None, "n": 1, "m": ["x", "é"]},
            "https://a/b?scope=read%2Cwrite&n=1&m=x&m=%C3%A9&oauth_token=to%20k%2F",
        ),
        # E*TRADE
        (
            "https://a/b",
            {"token_parameter": "token", "key": "consumer"},
            "https://a/b?key=consumer&token=to%20k%2F",
        ),
    ],
)
def test_authorization_url(url: str, arguments: dict[str, Any], expected: str) -> None:
    session = OAuth1Session("key", resource_owner_key="to k/")
    assert session.authorization_url(url, **arguments) == expected


@pytest.mark.parametrize("key", [None, ""])
def test_an_authorization_url_without_a_token_is_an_error(key: str | None) -> None:
    session = OAuth1Session("key", resource_owner_key=key)
    with pytest.raises(TokenMissing, match="call fetch_request_token first, or pass request_token"):
        session.authorization_url("https://a/b")
    peer = requests_oauthlib.OAuth1Session("key")
    assert peer.authorization_url("https://a/b") == "https://a/b?oauth_token=None"


QUERY = "oauth_token=t%2F1&oauth_verifier=v+2&state=a%20b&raw=x/y?z=[]&%C3%A9=%E9&flag"
PARAMETERS = {
    "oauth_token": "t/1",
    "oauth_verifier": "v 2",
    "state": "a b",
    "raw": "x/y?z=[]",
    "é": "\ufffd",
    "flag": "",
}


@pytest.mark.parametrize(
    "callback",
    [
        f"https://example.com/cb;p=1?{QUERY}",
        f" http://localhost:5000/cb?{QUERY}#_=_\n",
        f"/cb?{QUERY}",
        f"example.com/cb?{QUERY}",
        f"?{QUERY}",
        QUERY,
        PARAMETERS,
        ImmutableMultiDict(PARAMETERS),
        {name: [value] for name, value in PARAMETERS.items()},
        {name: [value.encode()] for name, value in PARAMETERS.items()},
        {name.encode(): value.encode() for name, value in PARAMETERS.items()},
        f"?{QUERY}".encode(),
    ],
)
def test_callbacks_come_in_many_forms(callback: Any) -> None:
    session = OAuth1Session("key", "secret")
    assert session.parse_authorization_response(callback) == PARAMETERS
    assert session.token == {"oauth_token": "t/1", "oauth_verifier": "v 2"}


@pytest.mark.parametrize("tail", ["next=https://x/y", "next=https://x/?a=1", "oauth_problem="])
def test_a_query_may_hold_a_url(tail: str) -> None:
    session = OAuth1Session("key", "secret")
    session.parse_authorization_response(f"oauth_token=t&oauth_verifier=v&oauth_token=t&{tail}")
    assert session.token == {"oauth_token": "t", "oauth_verifier": "v"}


def test_the_peer_fails_on_what_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        requests_oauthlib.OAuth1Session("key").parse_authorization_response(f"https://a/?{QUERY}")


def test_a_verifier_of_a_callback_is_not_where_other_requests_would_take_it(
    server: WireServer,
) -> None:
    session = OAuth1Session("client key", verifier="written before")
    session.parse_authorization_response("?oauth_token=token&oauth_verifier=canary")
    session.get(server.url)
    assert b"oauth_verifier" not in verify(server.last, "").parameters
    assert session.token["oauth_verifier"] == "canary"
    assert "canary" not in repr(vars(session))


def test_a_verifier_belongs_to_its_token() -> None:
    session = OAuth1Session("key")
    session.parse_authorization_response("?oauth_token=token&oauth_verifier=verifier")
    session.token = {"oauth_token": "other"}
    assert session.token == {"oauth_token": "other"}


def test_a_secret_in_a_callback_is_not_taken() -> None:
    """It comes through the user's browser; the session's own came from the provider."""
    session = OAuth1Session("key", resource_owner_key="t", resource_owner_secret="ours")
    session.parse_authorization_response("?oauth_token=t&oauth_token_secret=theirs")
    assert session.token["oauth_token_secret"] == "ours"


@pytest.mark.parametrize("held", ["other", b"other"])
def test_a_callback_for_another_token_is_refused(held: str | bytes) -> None:
    session = OAuth1Session("key")
    session._client.client.resource_owner_key = held
    with pytest.raises(TokenMissing, match="for another token than the session asked for") as error:
        session.parse_authorization_response("?oauth_token=token&oauth_verifier=v")
    assert error.value.response["oauth_token"] == "token"
    assert session.token == {"oauth_token": "other"}
    session.parse_authorization_response("?oauth_token=token&oauth_verifier=v", check_token=False)
    assert session.token == {"oauth_token": "token", "oauth_verifier": "v"}


@pytest.mark.parametrize("held", [None, "", b"token", "token"])
def test_the_token_that_was_asked_for_is_not_refused(held: str | bytes | None) -> None:
    session = OAuth1Session("key")
    session._client.client.resource_owner_key = held
    session.parse_authorization_response("?oauth_token=token&oauth_verifier=v")
    assert session.token == {"oauth_token": "token", "oauth_verifier": "v"}


@pytest.mark.parametrize(
    ("callback", "problem", "text"),
    [
        ("?denied=token", None, "the user or the provider denied the authorization"),
        (
            "?oauth_token=token&oauth_problem=permission_denied&oauth_verifier=v",
            "permission_denied",
            "the user or the provider denied the authorization (oauth_problem 'permission_denied')",
        ),
    ],
)
def test_a_denial_is_told_apart(callback: str, problem: str | None, text: str) -> None:
    session = OAuth1Session("key", resource_owner_key="held")
    with pytest.raises(AuthorizationDenied) as caught:
        session.parse_authorization_response(callback)
    assert str(caught.value) == text
    assert caught.value.oauth_problem == problem
    # flask-dance, which catches this one, goes on to its error page.
    assert isinstance(caught.value, TokenMissing)
    assert session.token == {"oauth_token": "held"}


def test_a_callback_may_have_a_parameter_called_denied() -> None:
    session = OAuth1Session("key")
    session.parse_authorization_response("?oauth_token=t&oauth_verifier=v&denied=no")
    assert session.token["oauth_token"] == "t"


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ("https://example.com/cb", "there is no oauth_token"),
        ("https://example.com/cb?oauth_token=", "there is no oauth_token"),
        ("", "there is no oauth_token"),
        ({}, "there is no oauth_token"),
        ("?oauth_token=a&oauth_token=b", "it gives oauth_token more than once"),
        ({"oauth_token": ["a", "b"]}, "it gives oauth_token more than once"),
        ({"oauth_token": 5}, "its oauth_token is no text"),
        ("?oauth_token=%FF", "its oauth_token is not UTF-8"),
        ("?oauth_token=a&oauth_verifier=\ud800", "its oauth_verifier is not UTF-8"),
    ],
)
def test_a_callback_without_a_plain_token_is_refused(callback: Any, message: str) -> None:
    session = OAuth1Session(*CREDENTIALS)
    with pytest.raises(TokenMissing, match=message):
        session.parse_authorization_response(callback)
    assert session.token["oauth_token"] == "token"


def test_the_parameters_of_a_callback_without_a_token_are_there_to_look_at() -> None:
    with pytest.raises(TokenMissing) as caught:
        OAuth1Session(*CREDENTIALS).parse_authorization_response("?state=1")
    assert caught.value.response == {"state": "1"}


@pytest.mark.parametrize(
    "duplicate", [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy]
)
def test_copies_are_whole(server: WireServer, duplicate: Callable[[Any], Any]) -> None:
    session = OAuth1Session(*CREDENTIALS, realm="Example", signature_method="HMAC-SHA256")
    session.headers["X-Mine"] = "kept"
    session.parse_authorization_response("?oauth_token=token&oauth_verifier=v")
    twin = duplicate(session)
    assert twin.auth is twin._client
    assert twin.token == session.token
    twin.get(server.url, headers={"X-Other": "too"})
    verdict = verify(server.last, CREDENTIALS[1], CREDENTIALS[3])
    assert verdict.accepted
    assert verdict.realm == "Example"
    assert ("X-Mine", "kept") in list(server.last.headers)
    twin.token = {"oauth_token": "other"}
    assert session.token["oauth_token"] == "token"


def test_another_auth_takes_part_in_the_flow(server: WireServer) -> None:
    server.answers["/token"] = Answer(b"oauth_token=t2&oauth_token_secret=ts2")
    session = OAuth1Session(*CREDENTIALS)
    session.auth = OAuth1("k2", "cs2", "t1", "ts1", verifier="v")
    assert session.token == {
        "oauth_token": "t1",
        "oauth_token_secret": "ts1",
        "oauth_verifier": "v",
    }
    session.fetch_access_token(f"{server.url}/token")
    assert verify(server.last, "cs2", "ts1").accepted
    assert session.auth.client.resource_owner_key == "t2"
    session.get(server.url)
    assert verify(server.last, "cs2", "ts2").accepted


@pytest.mark.parametrize(
    "duplicate", [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy]
)
def test_an_auth_around_the_sessions_own_stays_around_it(duplicate: Callable[[Any], Any]) -> None:
    session = OAuth1Session("key", "secret")
    session.auth = Around(session.auth)
    twin = duplicate(session)
    twin.token = {"oauth_token": "new", "oauth_token_secret": "ts"}
    prepared = twin.prepare_request(requests.Request("GET", "https://a.example/"))
    assert 'oauth_token="new"' in prepared.headers["Authorization"]


class Around(requests.auth.AuthBase):
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self.inner(r)
        return signed


def test_the_peers_copies_are_not() -> None:
    peer = pickle.loads(pickle.dumps(requests_oauthlib.OAuth1Session(*CREDENTIALS)))
    with pytest.raises(AttributeError, match="_client"):
        _ = peer.token


def test_the_errors_are_one_family() -> None:
    for kind in [
        oauth1_rs.TokenRequestDenied,
        oauth1_rs.TokenResponseError,
        oauth1_rs.TokenMissing,
        oauth1_rs.VerifierMissing,
        oauth1_rs.AuthorizationDenied,
    ]:
        assert issubclass(kind, TokenError)
        assert issubclass(kind, ValueError)
        assert kind.__doc__
        # As requests-oauthlib's are made, by those who test what they do about them.
        error = pickle.loads(pickle.dumps(kind("message", {"oauth_token_secret": "canary"})))
        assert type(error) is kind
        assert error.args == ("message",)
        assert error.response == {"oauth_token_secret": "canary"}
        assert "canary" not in f"{error}{error!r}{error.args}"
