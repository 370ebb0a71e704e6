"""The three legs, against a provider that verifies with oauthlib, and what each leg sends."""

from __future__ import annotations

import io
import itertools
from typing import Any
from unittest import mock

import oauthlib.oauth1
import pytest
import requests
import requests_oauthlib
import rsa_keys
from browser import decide
from oauth1_rs import (
    AuthorizationDenied,
    OAuth1,
    OAuth1Error,
    OAuth1Session,
    OAuth1TypeError,
    TokenRequestDenied,
    TokenResponseError,
    VerifierMissing,
)
from provider import SIGNATURE_METHODS, Provider
from verifier import Verdict, WireRequest, verify
from wire_server import Answer, WireServer

CALLBACK = "http://127.0.0.1/ready?x=1"
ANSWER = Answer(b"oauth_token=t&oauth_token_secret=ts&oauth_callback_confirmed=true")


@pytest.fixture
def server(server: WireServer) -> WireServer:
    """One with two token endpoints."""
    server.answers = {"/request_token": ANSWER, "/access_token": ANSWER}
    return server


def judged(request: WireRequest, token_secret: str = "") -> Verdict:
    verdict = verify(request, "secret", token_secret)
    assert verdict.accepted, verdict.reason
    return verdict


def walk(session: Any, provider: Provider, method: str = "POST") -> None:
    session.fetch_request_token(f"{provider.url}/request_token", method=method)
    callback = decide(session.authorization_url(f"{provider.url}/authorize"))
    session.parse_authorization_response(callback)
    session.fetch_access_token(f"{provider.url}/access_token", method=method)
    assert session.get(f"{provider.url}/resource").status_code == 200, provider.records[-1].reason


# PLAINTEXT in the query is refused.
SIGNATURES = [
    *itertools.product(SIGNATURE_METHODS, ["AUTH_HEADER", "BODY"]),
    *((method, "QUERY") for method in SIGNATURE_METHODS if method != "PLAINTEXT"),
]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(("signature_method", "placement"), SIGNATURES)
def test_the_three_legs(
    provider: Provider, signature_method: str, placement: str, method: str
) -> None:
    session = OAuth1Session(
        provider.client_key,
        provider.client_secret,
        callback_uri=CALLBACK,
        signature_method=signature_method,
        signature_type=placement,
        rsa_key=rsa_keys.path(2048) if signature_method.startswith("RSA") else None,
    )
    walk(session, provider, method)
    assert session.authorized
    assert set(session.token) == {"oauth_token", "oauth_token_secret"}
    assert [record.accepted for record in provider.records] == [True] * 5


def test_token_requests_may_be_get(server: WireServer) -> None:
    session = OAuth1Session("key", "secret", verifier="v")
    session.fetch_request_token(f"{server.url}/request_token?scope=a", method="GET")
    session.fetch_access_token(f"{server.url}/access_token", method="get")
    assert [request.method for request in server.requests] == ["GET", "GET"]
    judged(server.requests[0])
    judged(server.requests[1], "ts")


def test_a_flow_can_be_walked_again_on_the_same_session(provider: Provider) -> None:
    session = OAuth1Session(provider.client_key, provider.client_secret)
    for _ in range(2):
        session._client.client.callback_uri = CALLBACK
        walk(session, provider)


def test_temporary_credentials_are_asked_for_with_the_clients_alone(server: WireServer) -> None:
    """RFC 5849 section 2.1. The peer signs with those of the flow before, too."""
    arguments = ("key", "secret", "old token", "old secret")
    OAuth1Session(*arguments).fetch_request_token(f"{server.url}/request_token")
    assert b"oauth_token" not in judged(server.last).parameters
    peer = requests_oauthlib.OAuth1Session(*arguments)
    peer.fetch_request_token(f"{server.url}/request_token")
    assert not verify(server.last, "secret").accepted


def test_the_legs_may_be_in_sessions_of_their_own(provider: Provider) -> None:
    """As in a web application: what is between the legs is in the user's session."""
    client = (provider.client_key, provider.client_secret)
    first = OAuth1Session(*client, callback_uri=CALLBACK)
    saved = first.fetch_request_token(f"{provider.url}/request_token")
    callback = decide(first.authorization_url(f"{provider.url}/authorize"))
    second = OAuth1Session(*client, saved["oauth_token"], saved["oauth_token_secret"])
    verifier = second.parse_authorization_response(callback)["oauth_verifier"]
    third = OAuth1Session(
        *client, saved["oauth_token"], saved["oauth_token_secret"], verifier=verifier
    )
    token = third.fetch_access_token(f"{provider.url}/access_token")
    fourth = OAuth1Session(*client)
    fourth.token = token
    assert fourth.get(f"{provider.url}/resource").status_code == 200


def test_a_denial_by_the_user(provider: Provider) -> None:
    session = OAuth1Session(provider.client_key, provider.client_secret, callback_uri=CALLBACK)
    session.fetch_request_token(f"{provider.url}/request_token")
    callback = decide(session.authorization_url(f"{provider.url}/authorize"), "deny")
    with pytest.raises(AuthorizationDenied) as caught:
        session.parse_authorization_response(callback)
    assert caught.value.oauth_problem == "permission_denied"
    assert caught.value.response["x"] == "1"


def test_a_refusal_by_the_provider(provider: Provider) -> None:
    session = OAuth1Session(provider.client_key, "wrong secret", callback_uri=CALLBACK)
    with pytest.raises(TokenRequestDenied, match=r"refused the token request \(status 401"):
        session.fetch_request_token(f"{provider.url}/request_token")
    assert session.token == {}
    # Nothing is used up: it may be tried again.
    session._client.client.client_secret = provider.client_secret
    walk(session, provider)


def test_a_callback_with_escapes_is_encoded_once(server: WireServer) -> None:
    callback = "http://127.0.0.1/ready?next=%2Ffoo%20bar"
    for placement in ["AUTH_HEADER", "QUERY", "BODY"]:
        session = OAuth1Session("key", "secret", callback_uri=callback, signature_type=placement)
        session.fetch_request_token(f"{server.url}/request_token")
        assert judged(server.last).parameters[b"oauth_callback"] == callback.encode()


def test_callback_and_verifier_are_sent_until_they_are_used(server: WireServer) -> None:
    session = OAuth1Session("key", "secret", callback_uri="cb", verifier="v")
    session.get(server.url)
    session.fetch_request_token(f"{server.url}/request_token")
    session.get(server.url)
    session.fetch_access_token(f"{server.url}/access_token")
    session.get(server.url)
    secrets = ["", "", "ts", "ts", "ts"]
    seen = [
        judged(request, secret).parameters
        for request, secret in zip(server.requests, secrets, strict=True)
    ]
    assert [b"oauth_callback" in one for one in seen] == [True, True, False, False, False]
    assert [b"oauth_verifier" in one for one in seen] == [True, True, True, True, False]
    assert session._client.client.callback_uri is None
    assert session._client.client.verifier is None


def realms_of(session: Any, server: WireServer, realm: Any) -> list[str | None]:
    server.requests.clear()
    session.get(server.url)
    session.fetch_request_token(f"{server.url}/request_token", realm)
    session.fetch_access_token(f"{server.url}/access_token", "v")
    session.get(server.url)
    return [verify(request, "").realm for request in server.requests]


def test_the_realm_persists(server: WireServer) -> None:
    """NetSuite needs it in every request, in upper case and with the underscore."""
    session = OAuth1Session("key", "secret", realm="1234567_SB1")
    assert realms_of(session, server, None) == ["1234567_SB1"] * 4
    for request in server.requests:
        assert b"1234567" not in verify(request, "").base_string
    peer = requests_oauthlib.OAuth1Session("key", "secret", realm="1234567_SB1")
    assert realms_of(peer, server, None) == ["1234567_SB1", None, None, None]


@pytest.mark.parametrize(
    ("realm", "sent"),
    [
        ("Photos of mine", "Photos of mine"),
        (b"Photos", "Photos"),
        (["photos", "videos"], "photos videos"),
        (lambda: iter(["photos"]), "photos"),
        ([], "session's"),
    ],
)
def test_a_realm_of_one_request_is_in_that_one_alone(
    server: WireServer, realm: Any, sent: str
) -> None:
    session = OAuth1Session("key", "secret", realm="session's")
    given = realm() if callable(realm) else realm
    assert realms_of(session, server, given) == ["session's", sent, "session's", "session's"]


def test_the_peer_splits_a_realm_into_letters(server: WireServer) -> None:
    peer = requests_oauthlib.OAuth1Session("key", "secret")
    assert realms_of(peer, server, "Photos") == [None, "P h o t o s", None, None]


def test_a_realm_cannot_add_parameters(server: WireServer) -> None:
    session = OAuth1Session("key", "secret")
    with pytest.raises(OAuth1Error, match="realm must be ASCII text"):
        session.fetch_request_token(f"{server.url}/request_token", 'a", oauth_token="b')
    assert server.requests == []
    peer = requests_oauthlib.OAuth1Session("key", "secret")
    peer.fetch_request_token(f"{server.url}/request_token", ['a", oauth_token="b'])
    assert 'oauth_token="b"' in dict(server.last.headers)["Authorization"]


def test_a_provider_without_verifiers(server: WireServer) -> None:
    session = OAuth1Session("key", "secret")
    session.fetch_request_token(f"{server.url}/request_token")
    with pytest.raises(VerifierMissing, match="pass require_verifier=False if the provider gives"):
        session.fetch_access_token(f"{server.url}/access_token")
    session.fetch_access_token(f"{server.url}/access_token", require_verifier=False)
    assert b"oauth_verifier" not in judged(server.last, "ts").parameters


def test_xauth_fields_are_form_data(server: WireServer) -> None:
    session = OAuth1Session("key", "secret")
    fields = {"x_auth_username": "me", "x_auth_password": "p+ ß", "x_auth_mode": "client_auth"}
    session.fetch_access_token(f"{server.url}/access_token", require_verifier=False, data=fields)
    verdict = judged(server.last)
    assert server.last.form.startswith(b"x_auth_username=me&x_auth_password=p%2B+%C3%9F&")
    assert b"x_auth_password%3Dp%252B%2520%25C3%259F" in verdict.base_string
    assert session.authorized


def test_a_token_is_renewed_with_its_session_handle(server: WireServer) -> None:
    session = OAuth1Session("key", "secret", "old", "old secret", protocol_parameters=None)
    session._client.client.protocol_parameters = {"oauth_version": None, "oauth_custom": "ours"}
    session.fetch_access_token(
        f"{server.url}/access_token",
        require_verifier=False,
        protocol_parameters={"oauth_session_handle": "handle", "oauth_custom": "other"},
    )
    parameters = judged(server.last, "old secret").parameters
    assert parameters[b"oauth_session_handle"] == b"handle"
    assert parameters[b"oauth_custom"] == b"other"
    assert b"oauth_version" not in parameters
    session.get(server.url)
    parameters = judged(server.last, "ts").parameters
    assert parameters[b"oauth_custom"] == b"ours"
    assert b"oauth_session_handle" not in parameters


def test_protocol_parameters_of_one_request_are_checked(server: WireServer) -> None:
    session = OAuth1Session("key", "secret")
    wrong: Any = [("oauth_x", "canary")]
    with pytest.raises(OAuth1TypeError, match="protocol_parameters must be a mapping") as caught:
        session.fetch_request_token(f"{server.url}/request_token", protocol_parameters=wrong)
    assert "canary" not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("confirmed", [b"", b"&oauth_callback_confirmed=false"])
def test_an_unconfirmed_callback_is_an_error(server: WireServer, confirmed: bytes) -> None:
    server.answers["/request_token"] = Answer(b"oauth_token=t&oauth_token_secret=ts" + confirmed)
    session = OAuth1Session("key", "secret", callback_uri="oob")
    url = f"{server.url}/request_token"
    with pytest.raises(TokenResponseError, match="did not confirm the callback") as caught:
        session.fetch_request_token(url)
    assert caught.value.status_code == 200
    assert session.token == {}
    assert session._client.client.callback_uri == "oob"
    session.fetch_request_token(url, require_callback_confirmed=False)
    assert session.token["oauth_token"] == "t"
    # Sent as a parameter of this request, it has to be confirmed, too.
    with pytest.raises(TokenResponseError, match="did not confirm the callback"):
        session.fetch_request_token(url, protocol_parameters={"oauth_callback": "oob"})
    # None sent, none to confirm.
    session.fetch_request_token(url)


def test_a_verifier_in_a_token_response_is_the_callers(server: WireServer) -> None:
    """Kept, it would be in all requests from then on."""
    server.answers["/access_token"] = Answer(b"oauth_token=t&oauth_verifier=v")
    session = OAuth1Session("key", "secret")
    token = session.fetch_access_token(f"{server.url}/access_token", require_verifier=False)
    assert token["oauth_verifier"] == "v"
    session.get(server.url)
    assert b"oauth_verifier" not in judged(server.last).parameters


@pytest.mark.parametrize("options", [{"body_hash": "sha256"}, {"force_include_body": True}])
def test_token_requests_have_no_body_hash(server: WireServer, options: dict[str, Any]) -> None:
    session = OAuth1Session("key", "secret", verifier="v", **options)
    session.fetch_request_token(f"{server.url}/request_token", json={"a": 1})
    session.fetch_access_token(f"{server.url}/access_token", json={"a": 1})
    session.post(server.url, json={"a": 1})
    hashed = [b"oauth_body_hash" in verify(hop, "").parameters for hop in server.requests]
    assert hashed == [False, False, True]


class Signing(oauthlib.oauth1.Client):  # type: ignore[misc]  # oauthlib has no types
    """A client class as Cardmarket's users have it."""

    def get_oauth_params(self, request: Any) -> list[tuple[str, str]]:
        return [*super().get_oauth_params(request), ("oauth_custom", "mine")]


def test_client_classes_of_oauthlibs_walk_the_legs_too(provider: Provider) -> None:
    session = OAuth1Session(
        provider.client_key, provider.client_secret, callback_uri=CALLBACK, client_class=Signing
    )
    walk(session, provider)
    assert 'oauth_custom="mine"' in provider.records[-1].authorization
    assert session._client.client.callback_uri is None
    with pytest.raises(OAuth1TypeError, match="and client_class is Signing: override"):
        session.fetch_request_token(provider.url, protocol_parameters={"oauth_x": "1"})


def test_an_auth_of_the_callers_signs_instead(server: WireServer) -> None:
    session = OAuth1Session("key", "secret", callback_uri="cb")
    server.answers["/request_token"] = Answer(b"oauth_token=t&oauth_token_secret=ts")
    session.fetch_request_token(f"{server.url}/request_token", auth=OAuth1("other", "secret"))
    assert judged(server.last).parameters[b"oauth_consumer_key"] == b"other"
    session.fetch_request_token(f"{server.url}/request_token", auth=("user", "password"))
    assert str(dict(server.last.headers)["Authorization"]).startswith("Basic ")
    session.get(server.url, auth=("user", "password"))
    assert str(dict(server.last.headers)["Authorization"]).startswith("Basic ")
    session.auth = OAuth1("another", "secret")
    session.fetch_request_token(f"{server.url}/request_token")
    assert judged(server.last).parameters[b"oauth_consumer_key"] == b"another"
    session.auth = ("user", "password")
    session.fetch_request_token(f"{server.url}/request_token")
    assert str(dict(server.last.headers)["Authorization"]).startswith("Basic ")


@pytest.mark.parametrize("replaced", ["send", "post"])
@pytest.mark.parametrize("body", ["oauth_token=foo", '{"oauth_token": "foo"}'])
def test_stand_ins_need_no_more_than_text_and_status(replaced: str, body: str) -> None:
    """Other people's tests answer with such."""
    response = mock.MagicMock(spec=requests.Response)
    response.cookies = []
    response.text = body
    response.status_code = 200
    session = OAuth1Session("foo", verifier="bar")
    with mock.patch.object(session, replaced, return_value=response):
        assert session.fetch_request_token("https://example.com/token") == {"oauth_token": "foo"}
        assert session.fetch_access_token("https://example.com/token", stream=True, verify=False)
        response.status_code = 401
        with pytest.raises(TokenRequestDenied) as caught:
            session.fetch_request_token("https://example.com/token")
    assert caught.value.status_code == 401
    assert caught.value.response is response


def test_a_stand_in_with_text_that_is_none(server: WireServer) -> None:
    response = mock.MagicMock(spec=requests.Response)
    response.text, response.status_code = "oauth_token=\ud800", 200
    session = OAuth1Session("foo")
    with (
        mock.patch.object(session, "post", return_value=response),
        pytest.raises(TokenResponseError, match="its oauth_token is not UTF-8"),
    ):
        session.fetch_request_token("https://example.com/token")


def made_by_hand(raw: Any = None, **attributes: Any) -> requests.Response:
    """Return a response that no request was sent for, as other people's tests make them."""
    response = requests.Response()
    response.status_code = 200
    response.raw = raw
    for name, value in attributes.items():
        setattr(response, name, value)
    return response


@pytest.mark.parametrize(
    "response",
    [made_by_hand(_content=ANSWER.body), made_by_hand(io.BytesIO(b"oauth_token=t"))],
    ids=["content", "file"],
)
def test_a_response_made_by_hand_is_read(response: requests.Response) -> None:
    session = OAuth1Session("foo")
    with mock.patch.object(session, "post", return_value=response):
        assert session.fetch_request_token("https://example.com/token")["oauth_token"] == "t"


class Short(io.BytesIO):
    """Ends without an error, as bodies do that urllib3 before 2.0 reads."""

    length_remaining = 1


def test_a_body_that_ends_too_early_without_an_error_is_no_token() -> None:
    response = made_by_hand(Short(b"oauth_token=t"))
    session = OAuth1Session("foo")
    with (
        mock.patch.object(session, "post", return_value=response),
        pytest.raises(requests.exceptions.ChunkedEncodingError, match="broke off") as caught,
    ):
        session.fetch_request_token("https://example.com/token")
    assert caught.value.response is response
    assert session.token == {}


def test_subclasses_may_keep_tokens_of_their_own(server: WireServer) -> None:
    """flask-dance's does: in its `token`, from which it fills the client before each request."""

    class Session(OAuth1Session):
        token: Any = None

    session = Session("key", "secret")
    session.parse_authorization_response("?oauth_token=temporary&oauth_verifier=v")
    assert session.token == {"oauth_token": "temporary"}
    token = session.fetch_access_token(f"{server.url}/access_token")
    assert b"oauth_token" in judged(server.last).parameters
    assert session.token == token
    session.get(server.url)
    judged(server.last, "ts")


def test_the_callers_keywords_reach_the_request(server: WireServer) -> None:
    """flask-dance adds one of its own, which its `request` takes out again."""
    seen: list[Any] = []

    class Session(OAuth1Session):
        def request(self, method: Any, url: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
            seen.append(kwargs.pop("should_load_token"))
            return super().request(method, url, **kwargs)

    session = Session("key", "secret")
    session.hooks["response"].append(lambda response, **_: seen.append("session's"))
    url = f"{server.url}/request_token"
    session.fetch_request_token(url, should_load_token=False, headers={"X-Mine": "1"})
    session.fetch_request_token(
        url,
        should_load_token=True,
        stream=False,
        timeout=10,
        hooks={"response": lambda response, **_: seen.append("its own")},
    )
    assert seen == [False, "session's", True, "its own"]
    assert ("X-Mine", "1") in list(server.requests[0].headers)
