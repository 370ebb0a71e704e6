"""`auth=OAuth1(...)` with niquests' sessions, and the same with our own (`make test-niquests`)."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import niquests
import pytest
from client_requests import (
    FORM,
    PLACEMENTS,
    REDIRECT_STATUSES,
    REQUESTS,
    ClientRequest,
    auth,
    is_bare,
    verdict,
)
from niquests_clients import KINDS, OURS, PLAIN, send
from oauth1_rs import OAuth1, OAuth1Error
from streams import LINES, STREAMS, whole
from verifier import WireRequest
from wire_server import WireServer


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def assert_signed(*requests: WireRequest) -> None:
    """Assert that each request is signed, with a nonce of its own."""
    verdicts = [verdict(request) for request in requests]
    assert [it.reason for it in verdicts if not it.accepted] == []
    nonces = {it.parameters[b"oauth_nonce"] for it in verdicts}
    assert len(nonces) == len(requests) > 0


def without_signature(target: bytes) -> bytes:
    """Return the target without the protocol parameters, which are the last of it."""
    return target.partition(b"oauth_")[0].rstrip(b"?&")


# --- What is signed is what is sent -----------------------------------------------------------


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.name)
@pytest.mark.parametrize("kind", KINDS)
def test_every_request_is_signed_as_it_is_sent(
    kind: str, request_: ClientRequest, placement: str, server: WireServer
) -> None:
    if kind in PLAIN and (request_.name, placement) == ("broken escape", "QUERY"):
        pytest.xfail("niquests mends it after it was signed: docs/clients/niquests.md")
    headers = {"Content-Type": request_.content_type} if request_.content_type else {}

    def send_it() -> None:
        url = server.url + request_.target
        send(
            kind,
            auth(signature_type=placement),
            request_.method,
            url,
            data=request_.body,
            headers=headers,
        )

    media_type = (request_.content_type or FORM).partition(";")[0].strip().lower()
    is_form = media_type == FORM and request_.name != "text like a form"
    if placement == "BODY" and not is_form:
        with pytest.raises(OAuth1Error, match="needs a form body"):
            send_it()
        assert server.requests == []
        return
    send_it()
    assert_signed(server.last)
    assert server.last.method == request_.method.upper()
    if placement != "BODY":
        assert server.last.body == (request_.body or b"")


# niquests hands these on as they are, and urllib3 quotes them on their way.
UNQUOTED = [
    "",
    "?q=1",
    "/ä b?x=ä b",
    "/€?€=😀",
    "/a/./b/../c?x=%7e",
    "/%7efoo?x=%7e",
    "/a%2fb?c=%2f",
    "/x?q=a#fragment",
    "/[x]'()*!~?q=[1]'()*!~",
    '/x?q="<>^`{|}\\',
    "/x?a=b?c=d&&e",
    "//x",
]


@pytest.mark.parametrize("params", [None, {"p": "ü y&z"}, [("p", "1"), ("p", "2")], b"p=%20"])
@pytest.mark.parametrize("target", UNQUOTED)
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_urls_that_arrive_unquoted(
    kind: str, placement: str, target: str, params: Any, server: WireServer
) -> None:
    options: dict[str, Any] = {"params": params}
    if placement == "BODY":
        options["data"] = {"a": "1 2"}
    send(kind, auth(signature_type=placement), "POST", server.url + target, **options)
    assert_signed(server.last)
    # What our signature does not change, niquests sends without one too.
    signed = server.last
    with niquests.Session() as session:
        session.post(server.url + target, params=params, data=options.get("data"))
    if kind in PLAIN:
        assert without_signature(signed.target) == without_signature(server.last.target)


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("target", ["/x?100%&b=%zz", "/100%/x?a=%", "/x?a=%e4"])
def test_ours_mend_broken_escapes_before_they_sign(
    kind: str, target: str, server: WireServer
) -> None:
    send(kind, auth(signature_type="QUERY"), "GET", server.url + target)
    assert_signed(server.last)


@pytest.mark.parametrize("kind", KINDS)
def test_an_international_host(kind: str, server: WireServer) -> None:
    url = f"http://bücher.example:{server.port}"
    # Through a proxy, so that no name server has to know it.
    send(kind, auth(), "GET", f"{url}/x", proxies={"http": server.url})
    host = f"xn--bcher-kva.example:{server.port}"
    assert server.last.target.decode() == f"http://{host}/x"
    assert_signed(replace(server.last, target=b"/x"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_url(kind: str, server: WireServer) -> None:
    send(kind, auth(), "GET", "/resource?a=1", {"base_url": f"{server.url}/api"})
    assert server.last.target == b"/api/resource?a=1"
    assert_signed(server.last)


# --- Bodies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
@pytest.mark.parametrize("kind", KINDS)
def test_json_and_files_arrive_whole(kind: str, placement: str, server: WireServer) -> None:
    signing = auth(signature_type=placement)
    send(kind, signing, "POST", f"{server.url}/json", json={"a": ["b", "ä"]})
    assert server.last.body == b'{"a": ["b", "\\u00e4"]}'
    send(
        kind,
        signing,
        "POST",
        f"{server.url}/files",
        data={"title": "a=1&b=2"},
        files={"file": ("name", LINES, "text/plain")},
    )
    assert LINES in server.last.body
    assert b"a=1&b=2" in server.last.body
    assert_signed(*server.requests)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("kind", KINDS)
def test_streams_arrive_whole(kind: str, stream: str, server: WireServer, tmp_path: Path) -> None:
    with contextlib.ExitStack() as closing:
        data = STREAMS[stream](tmp_path)
        if hasattr(data, "close"):
            closing.callback(data.close)
        send(kind, auth(), "PUT", f"{server.url}/upload", data=data)
    assert server.last.body == whole(stream)
    assert_signed(server.last)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("Async")])
def test_asynchronous_streams_arrive_whole(kind: str, server: WireServer) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(LINES), 100):
            await asyncio.sleep(0)
            yield LINES[start : start + 100]

    send(kind, auth(), "PUT", f"{server.url}/upload", data=pieces())
    assert server.last.body == LINES
    assert_signed(server.last)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("form", [{"a": "b c", "ä": ["1", "2"]}, [("a", "")], b"a=1&b=%20", "a=1"])
@pytest.mark.parametrize("kind", KINDS)
def test_forms(kind: str, form: Any, placement: str, server: WireServer) -> None:
    headers = {} if isinstance(form, (dict, list)) else {"Content-Type": FORM}
    send(
        kind,
        auth(signature_type=placement),
        "POST",
        f"{server.url}/form",
        data=form,
        headers=headers,
    )
    assert_signed(server.last)
    assert (b"oauth_signature" in server.last.body) == (placement == "BODY")


@pytest.mark.parametrize("kind", KINDS)
def test_the_hash_of_a_body(kind: str, server: WireServer) -> None:
    signing = auth(body_hash="sha256")
    send(kind, signing, "POST", f"{server.url}/", data=io.BytesIO(LINES))
    assert server.last.body == LINES
    assert b"oauth_body_hash" in verdict(server.last).parameters
    with pytest.raises(OAuth1Error, match="a body whose hash is signed"):
        send(kind, signing, "POST", f"{server.url}/", data=iter([LINES]))
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_settings_take_effect_at_the_next_signature(kind: str, server: WireServer) -> None:
    signing = auth()
    send(kind, signing, "GET", server.url)
    signing.client.resource_owner_key = "another token"
    send(kind, signing, "GET", server.url)
    tokens = [verdict(request).parameters[b"oauth_token"] for request in server.requests]
    assert tokens == [b"token", b"another token"]


@pytest.mark.parametrize("kind", OURS)
def test_a_request_may_have_an_auth_of_its_own(kind: str, server: WireServer) -> None:
    send(kind, auth(), "GET", server.url, auth=("user", "password"))
    assert str(dict(server.last.headers)["Authorization"]).startswith("Basic ")
    send(kind, OAuth1("other key"), "GET", server.url, auth=auth())
    assert_signed(server.last)


# --- Redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REDIRECT_STATUSES)
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_hop_of_the_origin_is_signed_afresh(
    kind: str, placement: str, status: int, server: WireServer
) -> None:
    server.redirects = {"/1": (status, "/2?a=b c"), "/2": (status, f"{server.url}/3")}
    options = {"data": {"f": "1"}} if placement == "BODY" else {}
    method = "POST" if options else "GET"
    response = send(kind, auth(signature_type=placement), method, f"{server.url}/1", **options)
    assert [len(response.history), len(server.requests)] == [2, 3]
    if placement == "BODY" and status in (301, 302, 303):
        # The form is gone, and with it the place for the parameters.
        assert_signed(server.requests[0])
        assert all(is_bare(request) for request in server.requests[1:])
    else:
        assert_signed(*server.requests)
    assert [hop.request.url for hop in response.history if hop.request] != []


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_signature_leaves_the_origin(
    kind: str, placement: str, status: int, server: WireServer, other_server: WireServer
) -> None:
    """Not even if the server repeats it, nor when the chain comes back."""

    def answers(request: WireRequest) -> Any:
        query = request.target.partition(b"?")[2].decode()
        server.redirects["/1"] = (status, f"{other_server.url}/2?{query}&kept=1")

    server.answers["/1"] = lambda request: None  # type: ignore[return-value,assignment]
    original = server.answer

    def answer(request: WireRequest) -> Any:
        if request.target.startswith(b"/1"):
            answers(request)
        return original(request)

    server.answer = answer  # type: ignore[method-assign]
    other_server.redirects = {"/2": (status, f"{server.url}/3")}
    options = {"data": {"f": "1"}} if placement == "BODY" else {}
    method = "POST" if options else "GET"
    send(kind, auth(signature_type=placement), method, f"{server.url}/1", **options)
    first, third = server.requests
    [second] = other_server.requests
    assert_signed(first)
    assert is_bare(second), second
    assert is_bare(third), third
    assert second.target.endswith(b"kept=1")
    if options and status == 307:
        assert second.body == third.body == b"f=1"


@pytest.mark.parametrize(
    ("kind", "placement"), list(itertools.product(KINDS, ["AUTH_HEADER", "QUERY"]))
)
def test_a_file_is_sent_again_whole(kind: str, placement: str, server: WireServer) -> None:
    server.redirects = {"/1": (307, "/2")}
    send(kind, auth(signature_type=placement), "PUT", f"{server.url}/1", data=io.BytesIO(LINES))
    assert [request.body for request in server.requests] == [LINES, LINES]
    assert_signed(*server.requests)


@pytest.mark.parametrize("kind", KINDS)
def test_a_redirect_that_is_not_followed_is_signed(kind: str, server: WireServer) -> None:
    server.redirects = {"/1": (302, "/2?x=1")}
    response = send(kind, auth(), "GET", f"{server.url}/1", allow_redirects=False)
    assert response.status_code == 302
    following = response.next
    assert following is not None
    assert following.headers is not None
    headers = {str(name): str(value) for name, value in following.headers.items()}
    request = WireRequest.from_url("GET", str(following.url), headers)
    assert_signed(server.requests[0], request)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_callers_hook_sees(kind: str, server: WireServer) -> None:
    server.redirects = {"/1": (302, "/2")}
    seen: list[Any] = []
    send(
        kind,
        auth(),
        "GET",
        f"{server.url}/1",
        hooks={"response": [lambda response, **_: seen.append(response.status_code)]},
    )
    assert seen == [302, 200]
    assert_signed(*server.requests)


# --- Without requests -------------------------------------------------------------------------


def test_requests_is_not_needed(server: WireServer) -> None:
    """Neither installed nor imported, and `import oauth1_rs` imports neither library."""
    code = f"""
import sys
import oauth1_rs
assert not {{"requests", "niquests", "urllib3"}} & set(sys.modules)
sys.modules["requests"] = None  # an import would fail
import niquests
response = niquests.get("{server.url}/1", auth=oauth1_rs.OAuth1("client key", "client secret"))
assert response.status_code == 200, response
"""
    server.redirects = {"/1": (307, "/2")}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
    assert [request.target for request in server.requests] == [b"/1", b"/2"]


def test_a_request_can_be_explained(server: WireServer) -> None:
    signing = auth()
    response = niquests.post(f"{server.url}/a", data={"b": "c"}, auth=signing)
    explanation = signing.explain(response.request)
    assert explanation.was_signed
    assert explanation.signature_matches
