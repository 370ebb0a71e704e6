"""Whatever was done to a signed request, nothing of its signature follows a redirect elsewhere.

Most of it is about forms that carry the parameters in their body, which HTTP clients send on as
they are, and PLAINTEXT, whose signature is the secrets.
"""

from __future__ import annotations

import copy
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

import oauth1_rs.requests_oauthlib
import oauthlib.oauth1
import pytest
import requests
from oauth1_rs import OAuth1, OAuth1Error, OAuth1Session
from oauth1_rs._native import RedirectHook
from test_redirects import CREDENTIALS, FORM_TYPE, is_signed, nonce
from wire_server import WireServer

FORM: dict[str, Any] = {"data": "a=1", "headers": FORM_TYPE}


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def plaintext() -> OAuth1:
    return OAuth1(*CREDENTIALS, signature_method="PLAINTEXT", signature_type="BODY")


def prepare(url: str, method: str = "POST", **arguments: Any) -> requests.PreparedRequest:
    return requests.Request(method, url, **(arguments or FORM)).prepare()


def send(prepared: requests.PreparedRequest) -> requests.Response:
    with requests.Session() as session:
        return session.send(prepared, timeout=10)


def assert_passed_on_unsigned(first: WireServer, other: WireServer) -> None:
    assert b"canary" in first.requests[0].body
    [request] = other.requests
    assert not is_signed(request)
    assert request.body == b"a=1"
    assert "canary" not in repr(request)


class Rewriting(requests.adapters.HTTPAdapter):
    """Sends to another URL than it was given."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        request.url = (request.url or "").replace("localhost", "127.0.0.1")
        return super().send(request, *args, **kwargs)


def touch_url(response: requests.Response, **_: Any) -> None:
    response.request.url = f"{response.request.url}#touched"


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it)), lambda it: it.copy()]
)
def test_of_a_copy(
    server: WireServer,
    other_server: WireServer,
    duplicate: Callable[[requests.PreparedRequest], requests.PreparedRequest],
) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    send(duplicate(plaintext()(prepare(f"{server.url}/first"))))
    assert_passed_on_unsigned(server, other_server)


def test_of_copies_that_are_signed_one_by_one(server: WireServer, other_server: WireServer) -> None:
    """A copy shares its hooks with the original, until it is signed."""
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    auth = plaintext()
    original = prepare(f"{server.url}/first")
    signed = [auth(original.copy()) for _ in range(3)]
    for prepared in signed:
        send(prepared)
    assert len(server.requests) == len(other_server.requests) == 3
    assert all(request.body == b"a=1" for request in other_server.requests)
    send(original)
    assert not is_signed(server.last)


def test_of_copies_that_share_their_hooks(server: WireServer, other_server: WireServer) -> None:
    """A redirect of the one leaves the other's hook where it is."""
    prepared = plaintext()(prepare(f"{server.url}/first"))
    twin = prepared.copy()
    server.redirects["/first"] = (307, "/second")
    for request in (prepared, twin):
        send(request)
        assert is_signed(server.last)
        assert server.last.target == b"/second"
    assert len({nonce(request) for request in server.requests}) == 3  # the first of both is one


def test_copies_are_signed_afresh_in_every_thread(server: WireServer) -> None:
    server.redirects["/first"] = (307, "/second")
    auth = OAuth1(*CREDENTIALS)
    original = prepare(f"{server.url}/first")
    barrier = threading.Barrier(8)

    def sign_and_send() -> None:
        prepared = original.copy()
        barrier.wait(timeout=10)
        send(auth(prepared))

    threads = [threading.Thread(target=sign_and_send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 16
    assert all(is_signed(request) for request in server.requests)
    assert len({nonce(request) for request in server.requests}) == 16


def test_of_a_request_whose_adapter_goes_elsewhere(
    server: WireServer, other_server: WireServer
) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    url = f"{server.url}/first".replace("127.0.0.1", "localhost")
    with requests.Session() as session:
        session.mount("http://localhost", Rewriting())
        session.send(plaintext()(prepare(url)), timeout=10)
    assert_passed_on_unsigned(server, other_server)


@pytest.mark.parametrize("place", [0, 1])
def test_of_a_request_that_a_hook_touches(
    server: WireServer, other_server: WireServer, place: int
) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    prepared = plaintext()(prepare(f"{server.url}/first"))
    prepared.hooks["response"].insert(place, touch_url)
    send(prepared)
    assert_passed_on_unsigned(server, other_server)


def test_of_a_request_that_is_sent_twice(server: WireServer, other_server: WireServer) -> None:
    prepared = plaintext()(prepare(f"{server.url}/first"))
    server.redirects["/first"] = (302, "/second")
    send(prepared)
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    send(prepared)
    assert_passed_on_unsigned(server, other_server)


def test_of_a_query_that_is_sent_twice(server: WireServer, other_server: WireServer) -> None:
    auth = OAuth1(*CREDENTIALS, signature_type="QUERY")
    prepared = auth(prepare(f"{server.url}/first?q=1", "GET", params=None))
    server.redirects["/first"] = (302, "/second")
    send(prepared)
    location = prepared.path_url.replace("/first", "/second")
    server.redirects["/first"] = (302, other_server.url + location)
    send(prepared)
    assert other_server.last.target == b"/second?q=1"


@pytest.mark.parametrize(
    "hooks",
    [{}, {"response": ()}, {"response": touch_url}, {"response": [], "other": touch_url}],
    ids=["none", "tuple", "function", "another event"],
)
def test_with_hooks_of_other_shapes(
    server: WireServer, other_server: WireServer, hooks: dict[str, Any]
) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    prepared = prepare(f"{server.url}/first")
    prepared.hooks = hooks
    before = dict(hooks)
    send(plaintext()(prepared))
    assert_passed_on_unsigned(server, other_server)
    if not isinstance(hooks.get("response"), list):
        assert hooks == before, "the caller's own mapping is left alone"


def test_after_a_hook_has_taken_all_hooks_away(
    server: WireServer, other_server: WireServer
) -> None:
    def clear(response: requests.Response, **_: Any) -> None:
        response.request.hooks = {}

    server.redirects["/first"] = (307, f"{other_server.url}/second")
    prepared = plaintext()(prepare(f"{server.url}/first"))
    prepared.hooks["response"].insert(0, clear)
    send(prepared)
    assert_passed_on_unsigned(server, other_server)


REPEATED = {
    "as it is": lambda query: query,
    "escapes in lower case": lambda query: query.replace("%2F", "%2f").replace("%3D", "%3d"),
    "fewer escapes": lambda query: query.replace("%2F", "/").replace("%3D", "="),
    "more escapes": lambda query: query.replace("oauth", "%6Fauth"),
    "another order": lambda query: "&".join(reversed(query.split("&"))),
}


# What careless servers make of a query that they repeat.
RESPELLED = {
    "with a broken escape": lambda query: f"{query}&promo=50%off",
    "decoded": unquote,
    "encoded once more": lambda query: query.replace("%", "%25"),
    "as in HTML": lambda query: query.replace("&", "&amp;"),
    "with semicolons": lambda query: query.replace("&", ";"),
    "in upper case": lambda query: query.upper(),
    "in brackets": lambda query: re.sub(r"(oauth_\w+)", r"q[\1]", query),
    "escaped names": lambda query: query.replace("oauth_", "oauth%255F"),
}


@pytest.mark.parametrize("respell", RESPELLED.values(), ids=RESPELLED.keys())
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", ["HMAC-SHA1", "PLAINTEXT"])
def test_of_parameters_that_a_server_spells_otherwise(
    server: WireServer,
    other_server: WireServer,
    respell: Callable[[str], str],
    placement: str,
    method: str,
) -> None:
    if (placement, method) == ("QUERY", "PLAINTEXT"):
        with pytest.raises(OAuth1Error, match="PLAINTEXT in the query"):
            OAuth1(*CREDENTIALS, signature_type=placement, signature_method=method)
        return
    # Fixed, so that they can be searched for.
    fixed: dict[str, Any] = {"nonce": "canary/nonce+=", "timestamp": "137131200"}
    auth = OAuth1(*CREDENTIALS, signature_type=placement, signature_method=method, **fixed)
    prepared = auth(prepare(f"{server.url}/first", data={"a": "1"}))
    query = sent_parameters(prepared)
    [signature] = re.findall("oauth_signature=([^&]+)", query)
    server.redirects["/first"] = (303, f"{other_server.url}/second?own=1&{respell(query)}&own=2")
    send(prepared)
    arrived = unquote(unquote(unquote(other_server.last.target.decode()))).lower()
    for part in (*unquote(unquote(signature)).lower().split("&"), "canary", "oauth_signature"):
        assert part not in arrived
        assert part.replace("+", " ") not in arrived
    assert "own=1" in arrived
    assert "own=2" in arrived


def test_of_parameters_that_a_server_spells_otherwise_within_the_origin(
    server: WireServer,
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_type="QUERY")
    prepared = auth(prepare(f"{server.url}/first", "GET", params=None))
    query = prepared.path_url.partition("?")[2]
    server.redirects["/first"] = (302, f"/second?{query}&promo=50%off")
    send(prepared)
    assert is_signed(server.last)
    assert server.last.query.startswith(b"promo=50%25off&oauth_nonce=")


def test_a_servers_own_pieces_stay_as_they_are_elsewhere(
    server: WireServer, other_server: WireServer
) -> None:
    own = "&a=1;b=%2f&&oauth_token=its-own;c&d=%zz&require_oauth_signature=0"
    prepared = plaintext()(prepare(f"{server.url}/first"))
    location = f"{other_server.url}/second?{own}&oauth_token=token"
    server.redirects["/first"] = (303, location)
    send(prepared)
    assert other_server.last.query == own.replace("%zz", "%25zz").replace("%2f", "%252f").encode()


class Copying(requests.adapters.HTTPAdapter):
    """Sends a copy, as those do that add a header of their own."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        return super().send(request.copy(), *args, **kwargs)


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", ["HMAC-SHA1", "PLAINTEXT"])
def test_of_a_session_whose_adapter_sends_copies(
    server: WireServer, other_server: WireServer, placement: str, method: str
) -> None:
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    options: dict[str, Any] = {"signature_type": placement, "signature_method": method}
    with oauth1_rs.requests_oauthlib.OAuth1Session(*CREDENTIALS, **options) as session:
        session.mount("http://", Copying())
        session.post(f"{server.url}/first", timeout=10, **FORM)
    assert all(is_signed(request) for request in server.requests)
    assert len({nonce(request) for request in server.requests}) == 2
    [request] = other_server.requests
    assert not is_signed(request)
    assert request.body == b"a=1"
    assert "canary" not in repr(request)


def test_the_hooks_of_what_a_session_has_sent_are_hooks(server: WireServer) -> None:
    with OAuth1Session(*CREDENTIALS) as session:
        sent = session.get(f"{server.url}/first", timeout=10).request
        hooks: Any = sent.hooks
        session.get(f"{server.url}/second", hooks=hooks, timeout=10)
        assert session.send(pickle.loads(pickle.dumps(sent)), timeout=10).ok
    assert len(server.requests) == 3


def test_of_a_copy_of_what_a_session_has_sent(server: WireServer, other_server: WireServer) -> None:
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    options: dict[str, Any] = {"signature_type": "BODY", "signature_method": "PLAINTEXT"}
    with OAuth1Session(*CREDENTIALS, **options) as session:
        url = f"{server.url}/first"
        response = session.post(url, timeout=10, allow_redirects=False, **FORM)
        session.send(response.request.copy(), timeout=10)
    [request] = other_server.requests
    assert request.body == b"a=1"


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("is_elsewhere", [True, False], ids=["elsewhere", "unsignable"])
def test_a_bytearray_goes_on_with_its_length(
    server: WireServer, other_server: WireServer, status: int, is_elsewhere: bool
) -> None:
    """With `Content-Length: 0` the server would take the form for another request."""
    target = other_server if is_elsewhere else server
    server.redirects["/first"] = (status, f"{target.url}/second?oauth_token=1")
    auth = OAuth1(*CREDENTIALS, signature_type="BODY")
    arguments: dict[str, Any] = {"data": bytearray(b"a=1"), "headers": FORM_TYPE}
    requests.post(f"{server.url}/first", auth=auth, timeout=10, **arguments)
    assert target.last.target.startswith(b"/second")
    assert target.last.body == b"a=1"
    assert dict(target.last.headers)["Content-Length"] == "3"


@pytest.mark.parametrize("theirs", ["OAuth somebodys-token", 'OAuth oauth_token="somebodys"'])
def test_somebody_elses_token_is_left_alone(server: WireServer, theirs: str) -> None:
    """Others use the scheme, too, and a copy shares its hooks with the original."""
    original = prepare(f"{server.url}/first", "GET", params=None)
    OAuth1(*CREDENTIALS)(original.copy())
    original.headers["Authorization"] = theirs
    server.redirects["/first"] = (302, "/second")
    send(original)
    assert dict(server.last.headers)["Authorization"] == theirs


def sent_parameters(prepared: requests.PreparedRequest) -> str:
    """Return the protocol parameters as a server might put them into a query."""
    header = str(prepared.headers.get("Authorization", ""))
    in_header = header.removeprefix("OAuth ").replace('"', "").replace(", ", "&")
    body = prepared.body.decode() if isinstance(prepared.body, bytes) else str(prepared.body)
    text = "&".join([in_header, prepared.path_url.partition("?")[2], body])
    return "&".join(piece for piece in text.split("&") if piece)


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("repeat", REPEATED.values(), ids=REPEATED)
@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_of_parameters_that_a_server_repeats(
    server: WireServer,
    other_server: WireServer,
    repeat: Callable[[str], str],
    placement: str,
    is_elsewhere: bool,
) -> None:
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    prepared = auth(prepare(f"{server.url}/first?q=1&flag", data={"a": "1"}))
    query = repeat(sent_parameters(prepared))
    assert "auth_signature=" in query
    target = other_server if is_elsewhere else server
    server.redirects["/first"] = (303, f"{target.url}/second?{query}&oauth_custom=other")
    send(prepared)
    assert is_signed(target.last) == (placement != "BODY" and not is_elsewhere)
    added = [piece for piece in target.last.query.split(b"&") if piece.startswith(b"oauth_")]
    is_in_query = placement == "QUERY" and not is_elsewhere
    assert len(added) == (8 if is_in_query else 1)
    kept = [piece for piece in target.last.query.split(b"&") if not piece.startswith(b"oauth_")]
    assert sorted(kept) == [b"a=1", b"flag", b"q=1"]


def test_of_secrets_that_a_server_repeats(server: WireServer, other_server: WireServer) -> None:
    prepared = plaintext()(prepare(f"{server.url}/first"))
    location = f"{other_server.url}/second?{prepared.body!s}"
    server.redirects["/first"] = (303, location)
    send(prepared)
    assert other_server.last.target == b"/second?a=1"


def test_a_token_alone_may_be_asked_for_within_the_origin(
    server: WireServer, other_server: WireServer
) -> None:
    for target, query in [(server, b"oauth_token=token"), (other_server, b"")]:
        server.redirects["/first"] = (302, f"{target.url}/authorize?oauth_token=token")
        requests.get(f"{server.url}/first", auth=OAuth1(*CREDENTIALS), timeout=10)
        assert target.last.query == query
        assert not is_signed(target.last)


def test_an_error_of_a_callers_own_code_is_not_swallowed(server: WireServer) -> None:
    nonces = iter(["first"])

    def draw() -> str:
        try:
            return next(nonces)
        except StopIteration:
            raise ValueError("the store is down") from None

    server.redirects["/first"] = (302, "/second")
    with pytest.raises(ValueError, match="the store is down"):
        requests.get(f"{server.url}/first", auth=OAuth1(*CREDENTIALS, nonce=draw), timeout=10)


def test_a_servers_own_parameters_stay(server: WireServer) -> None:
    """oauthlib's client writes the whole query anew: what a server repeats of it is not added."""
    auth = OAuth1(*CREDENTIALS, signature_type="QUERY", client_class=oauthlib.oauth1.Client)
    server.redirects["/first"] = (302, "/second?a=x+y&flag=&c=3")
    requests.get(f"{server.url}/first?a=x%20y&flag&c=3", auth=auth, timeout=10)
    assert is_signed(server.last)
    assert server.last.query.startswith(b"a=x+y&flag=&c=3&oauth_")


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("status", [302, 307])
def test_an_empty_location_leads_nowhere(server: WireServer, status: int, placement: str) -> None:
    server.redirects["/first"] = (status, "")
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    response = requests.post(f"{server.url}/first", auth=auth, timeout=10, **FORM)
    assert (response.status_code, response.history) == (status, [])
    assert len(server.requests) == 1


ODD_LOCATIONS = [
    "/second;",
    "/second;?",
    "/sec\tond",
    "/second?#",
    "/second%",
    "second#fragment",
]


@pytest.mark.parametrize("location", ODD_LOCATIONS)
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_odd_locations_are_signed_as_requests_goes_there(
    server: WireServer, location: str, placement: str
) -> None:
    server.redirects["/first"] = (302, location)
    auth = OAuth1(*CREDENTIALS, signature_type=placement)
    requests.get(f"{server.url}/first#here", auth=auth, timeout=10)
    assert len(server.requests) == 2
    assert is_signed(server.last)


@pytest.mark.parametrize("placement", ["QUERY", "BODY"])
def test_parameters_in_the_header_and_elsewhere_are_refused(placement: str) -> None:
    prepared = OAuth1(*CREDENTIALS)(prepare("https://a.example/"))
    before = (prepared.url, dict(prepared.headers), prepared.body)
    with pytest.raises(OAuth1Error, match="already has an Authorization header of the OAuth"):
        OAuth1(*CREDENTIALS, signature_type=placement)(prepared)
    assert (prepared.url, dict(prepared.headers), prepared.body) == before
    prepared.headers["Authorization"] = "Bearer other"
    signed = OAuth1(*CREDENTIALS, signature_type=placement)(prepared)
    assert signed.headers["Authorization"] == "Bearer other"


def test_the_hook_stays_alone() -> None:
    auth = OAuth1(*CREDENTIALS)
    original = prepare("https://a.example/")
    for _ in range(3):
        auth(original)
    assert [type(hook) for hook in original.hooks["response"]] == [RedirectHook]
    other = OAuth1(*CREDENTIALS)(original.copy())
    assert other.hooks["response"] != original.hooks["response"]
    assert [type(hook) for hook in other.hooks["response"]] == [RedirectHook]


def test_text_of_other_alphabets_arrives_elsewhere(
    server: WireServer, other_server: WireServer
) -> None:
    """As UTF-8: old versions of urllib3 send `str` as Latin-1, shorter than the length says."""
    server.redirects["/first"] = (307, f"{other_server.url}/second")
    for placement in ("AUTH_HEADER", "BODY"):
        auth = OAuth1(*CREDENTIALS, signature_type=placement)
        requests.post(f"{server.url}/first", data="a=é", headers=FORM_TYPE, auth=auth, timeout=10)
        assert other_server.last.body == "a=é".encode()


def test_a_url_within_a_parameter_is_not_searched(
    server: WireServer, other_server: WireServer
) -> None:
    """What README says of it: it goes along."""
    auth = OAuth1(*CREDENTIALS, signature_type="QUERY")
    prepared = auth(prepare(f"{server.url}/first", "GET", params=None))
    location = f"{other_server.url}/login?next={quote(prepared.url or '', safe='')}"
    server.redirects["/first"] = (302, location)
    send(prepared)
    assert b"next=http%3A" in other_server.last.query
