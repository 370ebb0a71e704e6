"""Redirects with plain `auth=OAuth1(...)`: signed afresh within the origin, unsigned elsewhere.

Everything goes over real sockets; the verifier judges what arrived.
"""

from __future__ import annotations

import copy
import gc
import io
import itertools
import pickle
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import oauthlib.oauth1
import pytest
import requests
import trustme
from client_requests import Choosy
from oauth1_rs import OAuth1
from oauth1_rs._hops import is_same_origin
from oauth1_rs._native import RedirectHook
from verifier import WireRequest, decode_form, verify
from wire_server import WireServer

CREDENTIALS = ("client key", "canary-client-secret", "token", "canary-token-secret")
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "GET": ("GET", {}),
    "form": ("POST", {"data": "a=1&b=x+y&oauth_custom=mine", "headers": FORM_TYPE}),
    "bytes form": ("PUT", {"data": b"a=%FF&b", "headers": FORM_TYPE}),
    "JSON": ("POST", {"json": {"a": 1}}),
}
BODIES = {"GET": b"", "form": b"a=1&b=x+y&oauth_custom=mine", "bytes form": b"a=%FF&b"}
BODIES["JSON"] = b'{"a": 1}'
PLACEMENTS = ["AUTH_HEADER", "QUERY", "BODY"]
STATUSES = [301, 302, 303, 307, 308]
# A JSON body has no place for the parameters: that is refused before anything is sent.
CASES = [
    case for case in itertools.product(STATUSES, KINDS, PLACEMENTS) if case[1:] != ("JSON", "BODY")
]
every_case = pytest.mark.parametrize(("status", "kind", "placement"), CASES)
every_placement = pytest.mark.parametrize("placement", PLACEMENTS)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_server(authority: trustme.CA) -> Iterator[WireServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with WireServer(context) as server:
        yield server


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def is_signed(request: WireRequest) -> bool:
    """Whether a request is rightly signed; one that is half signed fails."""
    verdict = verify(request, CREDENTIALS[1], CREDENTIALS[3])
    names = [name for name, _ in decode_form(request.query) + decode_form(request.body)]
    has_header = any(name.lower() == "authorization" for name, _ in list(request.headers))
    is_touched = has_header or b"oauth_signature" in names or b"oauth_consumer_key" in names
    assert verdict.accepted == is_touched, verdict.reason
    return verdict.accepted


def authorization(request: WireRequest) -> str | bytes | None:
    return next((value for name, value in list(request.headers) if name == "Authorization"), None)


def nonce(request: WireRequest) -> bytes:
    return verify(request, CREDENTIALS[1], CREDENTIALS[3]).parameters[b"oauth_nonce"]


def send(url: str, kind: str, auth: Any, **more: Any) -> requests.Response:
    method, arguments = KINDS[kind]
    return requests.request(method, url, auth=auth, timeout=10, **arguments, **more)


@every_case
def test_within_the_origin_every_hop_is_signed(
    server: WireServer, status: int, kind: str, placement: str
) -> None:
    server.redirects["/first"] = (status, "/second?c=3&b=%e4+x&flag")
    server.redirects["/second"] = (status, f"{server.url}/third/%2f;v=1//?d=%20")
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    response = send(f"{server.url}/first?q=1", kind, auth)
    assert response.status_code == 200
    assert len(server.requests) == 3
    keeps_body = status in (307, 308)
    first, *later = server.requests
    assert is_signed(first)
    # Parameters in a body that is dropped have no place any more.
    assert all(is_signed(hop) == (placement != "BODY" or keeps_body) for hop in later)
    for hop in server.requests if keeps_body else [first]:
        assert hop.body.startswith(BODIES[kind])
        assert placement == "BODY" or hop.body == BODIES[kind]
    signed = [hop for hop in server.requests if is_signed(hop)]
    assert len({nonce(hop) for hop in signed}) == len(signed)
    assert server.requests[1].query.startswith(b"c=3&b=%E4+x&flag")
    # The history shows what was sent; an escape's case is all that may differ, if unsigned.
    sent = [step.request for step in [*response.history, response]]
    targets = [hop.target.decode().upper() for hop in server.requests]
    assert [request.path_url.upper() for request in sent] == targets
    if placement == "AUTH_HEADER":
        assert [request.headers["Authorization"] for request in sent] == [
            authorization(hop) for hop in server.requests
        ]


@pytest.mark.parametrize("target", ["other port", "other host"])
@every_case
def test_nothing_of_the_signature_leaves_the_origin(
    server: WireServer,
    status: int,
    kind: str,
    placement: str,
    target: str,
) -> None:
    address = ("127.0.0.1", 0) if target == "other port" else ("127.0.0.2", server.port)
    with WireServer(address=address) as other_server:
        server.redirects["/first"] = (status, f"{other_server.url}/second?c=3")
        auth = OAuth1(*CREDENTIALS, signature_type=placement)
        assert send(f"{server.url}/first?q=1", kind, auth).status_code == 200
    [first], [second] = server.requests, other_server.requests
    assert is_signed(first)
    assert not is_signed(second)
    assert second.target == b"/second?c=3"
    assert second.body == (BODIES[kind] if status in (307, 308) else b"")


@every_case
def test_there_and_back_stays_unsigned(
    server: WireServer, other_server: WireServer, status: int, kind: str, placement: str
) -> None:
    server.redirects["/first"] = (status, f"{other_server.url}/second")
    other_server.redirects["/second"] = (status, f"{server.url}/third")
    server.redirects["/third"] = (status, "/fourth")
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    assert send(f"{server.url}/first", kind, auth).status_code == 200
    assert [is_signed(hop) for hop in server.requests] == [True, False, False]
    assert [is_signed(hop) for hop in other_server.requests] == [False]


@every_case
def test_https_to_http_is_unsigned(
    secure_server: WireServer,
    server: WireServer,
    authority: trustme.CA,
    status: int,
    kind: str,
    placement: str,
) -> None:
    secure_server.redirects["/first"] = (status, f"{server.url}/second")
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    with authority.cert_pem.tempfile() as path:
        assert send(f"{secure_server.url}/first", kind, auth, verify=path).status_code == 200
    assert is_signed(secure_server.last)
    assert not is_signed(server.last)


@every_placement
def test_a_server_that_repeats_the_query_gets_no_parameter_twice(
    server: WireServer, placement: str
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    prepared = requests.Request("POST", f"{server.url}/first?q=1", **KINDS["form"][1]).prepare()
    prepared.prepare_auth(auth)
    server.redirects["/first"] = (307, prepared.path_url.replace("/first", "/second"))
    requests.Session().send(prepared)
    assert server.last.target.startswith(b"/second?q=1")
    assert is_signed(server.last)


def test_a_server_that_repeats_the_query_elsewhere_passes_nothing_on(
    server: WireServer, other_server: WireServer
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_type="QUERY")
    prepared = requests.Request("GET", f"{server.url}/first?q=1").prepare()
    prepared.prepare_auth(auth)
    location = other_server.url + prepared.path_url.replace("/first", "/second")
    server.redirects["/first"] = (302, location)
    requests.Session().send(prepared)
    assert other_server.last.target == b"/second?q=1"


def test_plaintext_secrets_stay_with_their_origin(
    server: WireServer, other_server: WireServer
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_method="PLAINTEXT")
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    send(f"{server.url}/first", "form", auth)
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert not is_signed(other_server.last)
    assert "canary" not in repr(other_server.last)


@pytest.mark.parametrize("before", ["BODY", b"BODY"])
@pytest.mark.parametrize("after", ["BODY", b"BODY", "AUTH_HEADER", "QUERY"])
def test_settings_that_change_in_flight_pass_nothing_on(
    server: WireServer, other_server: WireServer, before: str | bytes, after: str | bytes
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_method="PLAINTEXT", signature_type=before)
    method, arguments = KINDS["form"]
    prepared = requests.Request(method, f"{server.url}/first", **arguments).prepare()
    prepared.prepare_auth(auth)
    auth.client.signature_type = after
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    requests.Session().send(prepared)
    assert b"canary" in server.last.body
    assert other_server.last.body == BODIES["form"]
    assert "canary" not in repr(other_server.last)


class Adding(oauthlib.oauth1.Client):  # type: ignore[misc]  # oauthlib has no types
    """Sends a parameter that nobody else knows."""

    def get_oauth_params(self, request: Any) -> list[tuple[str, str]]:
        return [*super().get_oauth_params(request), ("oauth_zzz", "mine")]


@every_placement
def test_a_client_class_with_parameters_of_its_own_passes_nothing_on(
    server: WireServer, other_server: WireServer, placement: str
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_type=placement, client_class=Adding)
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    send(f"{server.url}/first", "form", auth)
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert not is_signed(other_server.last)
    assert b"oauth_zzz" not in other_server.last.target + other_server.last.body


@every_placement
def test_the_callers_own_text_and_parameters_survive(server: WireServer, placement: str) -> None:
    server.redirects["/first"] = (307, "/second")
    body = "raw=日本語&oauth_verifier=mine"
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    requests.post(f"{server.url}/first", data=body, headers=FORM_TYPE, auth=auth, timeout=10)
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert all(hop.body.startswith(body.encode()) for hop in server.requests)


@every_placement
def test_text_goes_to_another_origin_as_utf8(
    server: WireServer, other_server: WireServer, placement: str
) -> None:
    """Older HTTP clients take text for Latin-1."""
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    body = "raw=日本語"
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    requests.post(f"{server.url}/first", data=body, headers=FORM_TYPE, auth=auth, timeout=10)
    assert other_server.last.body == body.encode()


def test_a_hop_that_cannot_be_signed_goes_unsigned(server: WireServer) -> None:
    """Such as one to the provider's own page, which has the token in its query."""
    server.redirects["/first"] = (302, "/authorize?oauth_token=token")
    response = send(f"{server.url}/first", "GET", OAuth1(*CREDENTIALS))
    assert response.status_code == 200
    assert server.last.target == b"/authorize?oauth_token=token"
    assert not any(name == "Authorization" for name, _ in list(server.last.headers))


def test_a_hop_that_cannot_be_signed_is_as_the_server_wrote_it(server: WireServer) -> None:
    location = "/authorize?oauth_token=token&q=%e4"
    server.redirects["/first"] = (302, location)
    response = send(f"{server.url}/first", "GET", OAuth1(*CREDENTIALS))
    assert response.history[0].headers["Location"] == location
    assert response.url == server.url + location


def test_a_hop_that_a_client_class_refuses_goes_unsigned(server: WireServer) -> None:
    server.redirects["/first"] = (302, "/second")
    auth = OAuth1(*CREDENTIALS, client_class=Choosy)
    assert send(f"{server.url}/first", "GET", auth).status_code == 200
    assert [is_signed(hop) for hop in server.requests] == [True, False]


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize(
    ("location", "fragment"), [("/second?c=3", "here"), ("/second?c=3#there", "there")]
)
def test_a_fragment_is_inherited_unless_the_location_has_its_own(
    server: WireServer, placement: str, location: str, fragment: str
) -> None:
    """RFC 9110 section 10.2.2."""
    server.redirects["/first"] = (302, location)
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    response = send(f"{server.url}/first#here", "GET", auth)
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert response.url.startswith(f"{server.url}/second?c=3")
    assert response.url.partition("#")[2] == fragment


@pytest.mark.parametrize("location", [None, ""])
def test_a_redirect_that_leads_nowhere_leaves_the_request_signed(
    server: WireServer, location: str | None
) -> None:
    """It may be sent once more, as it is."""
    server.redirects["/first"] = (302, location)
    prepared = requests.Request("GET", f"{server.url}/first", auth=OAuth1(*CREDENTIALS)).prepare()
    before = dict(prepared.headers), list(prepared.hooks["response"])
    with requests.Session() as session:
        for _ in range(2):
            response = session.send(prepared)
            assert response.request is prepared
            assert response.headers.get("Location") == location
            assert (dict(prepared.headers), prepared.hooks["response"]) == before
    assert [is_signed(hop) for hop in server.requests] == [True, True]


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize("status", [302, 307])
@every_placement
def test_the_callers_hooks_are_called_once_a_hop(
    server: WireServer, other_server: WireServer, placement: str, status: int, leaves: bool
) -> None:
    seen: list[str] = []

    def hook(name: str) -> Callable[..., None]:
        return lambda response, **_: seen.append(f"{name} {urlsplit(response.url).path}")

    before, after = hook("before"), hook("after")
    target = other_server if leaves else server
    server.redirects["/first"] = (status, f"{target.url}/second")
    method, arguments = KINDS["form"]
    prepared = requests.Request(method, f"{server.url}/first", **arguments).prepare()
    prepared.hooks["response"].append(before)
    OAuth1(*CREDENTIALS, signature_type=placement)(prepared)
    prepared.hooks["response"].append(after)
    with requests.Session() as session:
        response = session.send(prepared)
    assert seen == ["before /first", "after /first", "before /second", "after /second"]
    ours = [hook for hook in response.request.hooks["response"] if isinstance(hook, RedirectHook)]
    # One that signs has no business elsewhere.
    assert sum(hook.signs for hook in ours) <= (not leaves)


@every_placement
def test_what_a_chain_meets_elsewhere_is_left_as_it_is(
    server: WireServer, other_server: WireServer, placement: str
) -> None:
    """A token in a URL there is that server's affair, whatever it is."""
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    other_server.redirects["/second"] = (307, f"{server.url}/third?oauth_token=token")
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    assert send(f"{server.url}/first", "form", auth).status_code == 200
    assert server.last.target == b"/third?oauth_token=token"


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_the_next_request_can_be_sent_by_hand(server: WireServer, placement: str) -> None:
    server.redirects["/first"] = (307, "/second")
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    response = send(f"{server.url}/first", "form", auth, allow_redirects=False)
    assert len(server.requests) == 1
    assert response.next is not None
    requests.Session().send(response.next)
    assert server.last.target.startswith(b"/second")
    assert is_signed(server.last)
    assert nonce(server.requests[0]) != nonce(server.last)


def test_a_session_signs_every_hop_of_every_request(server: WireServer) -> None:
    server.redirects["/first"] = (302, "/second")
    with requests.Session() as session:
        session.auth = OAuth1(*CREDENTIALS)
        for _ in range(3):
            assert session.get(f"{server.url}/first").status_code == 200
    assert len({nonce(hop) for hop in server.requests}) == 6
    assert all(is_signed(hop) for hop in server.requests)


def test_a_file_is_sent_and_hashed_again(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    file = io.BytesIO(b"0123456789" * 1000)
    file.seek(7)
    auth = OAuth1(*CREDENTIALS, body_hash="sha256")
    requests.put(f"{server.url}/first", data=file, auth=auth)
    first, second = server.requests
    assert first.body == second.body == (b"0123456789" * 1000)[7:]
    assert is_signed(second)
    hashes = {
        verify(hop, CREDENTIALS[1], CREDENTIALS[3]).parameters[b"oauth_body_hash"]
        for hop in server.requests
    }
    assert len(hashes) == 1


def test_http_may_move_to_https_of_the_same_host() -> None:
    """Without a socket: it takes the ports 80 and 443."""
    assert is_same_origin("http://a.example/", "https://A.example:443/x")
    for old, new in [
        ("http://a.example:8080/", "https://a.example/"),
        ("http://a.example/", "https://a.example:8443/"),
        ("http://a.example/", "https://b.example/"),
        ("https://a.example/", "http://a.example/"),
        ("http://a.example/", "http://a.example:99999/"),
        ("http://a.example/", "http://user@b.example/"),
    ]:
        assert not is_same_origin(old, new)


def test_a_client_of_oauthlibs_is_followed_too(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    auth = OAuth1(*CREDENTIALS, client_class=oauthlib.oauth1.Client)
    send(f"{server.url}/first", "form", auth)
    assert [is_signed(hop) for hop in server.requests] == [True, True]
    assert nonce(server.requests[0]) != nonce(server.requests[1])


def test_the_hook_is_there_once() -> None:
    auth, other = OAuth1(*CREDENTIALS), OAuth1("other")
    request = requests.Request("GET", "http://example.com/").prepare()
    for signer in (auth, auth, other, auth):
        signer(request)
        assert len(request.hooks["response"]) == 1


@pytest.mark.parametrize(
    "duplicate", [lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy]
)
def test_a_stored_response_holds_no_credentials(
    server: WireServer, duplicate: Callable[[Any], Any]
) -> None:
    server.redirects["/first"] = (302, "/second")
    auth = OAuth1(*CREDENTIALS, nonce=lambda: "callable", timestamp=lambda: 1)
    response = send(f"{server.url}/first", "GET", auth)
    assert b"canary" not in pickle.dumps(response)
    twin = duplicate(response)
    assert twin.status_code == 200
    [hook] = twin.history[0].request.hooks["response"]
    # It cannot sign: no signer is among what it refers to.
    assert not [it for it in gc.get_referents(hook) if isinstance(it, OAuth1)]
    requests.Session().send(twin.history[0].request)
    assert server.requests[-2].target == b"/first"
