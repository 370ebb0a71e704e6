"""`OAuth1Adapter`: what requests' sessions send again is signed anew, everything else is theirs."""

from __future__ import annotations

import copy
import io
import itertools
import pathlib
import pickle
import ssl
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import documents
import oauth1_rs.requests_oauthlib
import oauthlib.oauth1
import pytest
import requests
import requests_oauthlib
import trustme
from client_requests import CREDENTIALS, FORM, PLACEMENTS, auth, is_bare, verdict
from oauth1_rs import OAuth1, OAuth1Adapter, OAuth1Error, OAuth1Session, _clock
from oauth1_rs._hops import Change
from proxy import Proxy
from requests.adapters import HTTPAdapter
from streams import LINES
from urllib3.exceptions import HTTPError
from urllib3.util import Retry
from verifier import WireRequest, decode_form
from wire_server import Answer, WireServer

FORM_TYPE = {"Content-Type": FORM}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "GET": ("GET", {}),
    "form": ("POST", {"data": {"a": "1", "ä": "x y"}}),
    "JSON": ("POST", {"json": {"a": 1}}),
    "multipart": ("POST", {"files": {"file": ("a.bin", LINES)}}),
}
CASES = [
    case
    for case in itertools.product(KINDS, PLACEMENTS)
    # They have no place for the parameters.
    if case[1] != "BODY" or case[0] in {"GET", "form"}
]


def retries(total: int = 5, **options: Any) -> Retry:
    return Retry(total, status_forcelist=[503], allowed_methods=None, **options)


def plain(adapter: HTTPAdapter, **options: Any) -> requests.Session:
    session = requests.Session()
    session.auth = auth(**options)
    return mounted(session, adapter)


def own(adapter: HTTPAdapter, **options: Any) -> requests.Session:
    return mounted(OAuth1Session(*CREDENTIALS, **options), adapter)


def mounted(session: requests.Session, adapter: HTTPAdapter) -> requests.Session:
    session.trust_env = False
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


SESSIONS: dict[str, Callable[..., Any]] = {"auth=": plain, "OAuth1Session": own}
every_session = pytest.mark.parametrize("kind_of_session", SESSIONS)
every_placement = pytest.mark.parametrize("placement", PLACEMENTS)
every_case = pytest.mark.parametrize(("kind", "placement"), CASES)


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


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
def trusted(authority: trustme.CA, tmp_path: pathlib.Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def nonces(found: list[WireRequest]) -> set[bytes]:
    verdicts = [verdict(request) for request in found]
    assert [found.reason for found in verdicts if not found.accepted] == []
    return {found.parameters[b"oauth_nonce"] for found in verdicts}


def callers(form: bytes) -> list[tuple[bytes, bytes]]:
    """Return what of a form or a query is the caller's."""
    return [(name, value) for name, value in decode_form(form) if not name.startswith(b"oauth_")]


def in_turn(*answers: Answer | type[ConnectionError]) -> Callable[[WireRequest], Answer]:
    """Give one answer after the other, or none, and at last empty ones."""
    rest = iter(answers)

    def answer(_request: WireRequest) -> Answer:
        given = next(rest, Answer())
        if isinstance(given, Answer):
            return given
        raise given

    return answer


def sent(request: requests.PreparedRequest) -> WireRequest:
    """Return a prepared request as it would be on the wire."""
    method, url = request.method or "", request.url or ""
    body: Any = request.body
    return WireRequest.from_url(method, url, dict(request.headers), body)


# Attempts


@every_session
@every_case
def test_every_attempt_has_a_signature_of_its_own(
    server: WireServer, kind_of_session: str, kind: str, placement: str
) -> None:
    server.answers["/a"] = in_turn(Answer(b"not", 503), ConnectionError, Answer(b"yet", 503))
    method, arguments = KINDS[kind]
    adapter = OAuth1Adapter(max_retries=retries())
    session = SESSIONS[kind_of_session](adapter, signature_type=placement)
    response = session.request(method, f"{server.url}/a?q=1", **arguments)
    assert response.status_code == 200
    assert len(nonces(server.requests)) == len(server.requests) == 4
    assert [callers(request.query) for request in server.requests] == [[(b"q", b"1")]] * 4
    assert len({str(callers(request.form)) for request in server.requests}) == 1
    if kind not in {"GET", "form"}:
        assert len({request.body for request in server.requests}) == 1
    assert nonces([sent(response.request)]) == nonces(server.requests[-1:])


@every_placement
def test_without_it_a_retry_repeats_the_nonce(server: WireServer, placement: str) -> None:
    """So it is with requests-oauthlib, and with this library alone."""
    theirs = requests_oauthlib.OAuth1Session(*CREDENTIALS, signature_type=placement)
    for session in (theirs, own(HTTPAdapter(), signature_type=placement)):
        server.requests.clear()
        server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
        mounted(session, HTTPAdapter(max_retries=retries()))
        session.post(f"{server.url}/a", data={"a": "1"})
        assert len(server.requests) == 3
        assert len(nonces(server.requests)) == 1


@pytest.mark.parametrize("decoding", [None, "utf-8"])
@every_placement
def test_the_auth_of_the_strict_module(
    server: WireServer, placement: str, decoding: str | None
) -> None:
    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    session = mounted(requests.Session(), OAuth1Adapter(max_retries=retries()))
    session.auth = oauth1_rs.requests_oauthlib.OAuth1(
        *CREDENTIALS, signature_type=placement, decoding=decoding
    )
    session.post(f"{server.url}/a", data={"a": "1"})
    assert len(nonces(server.requests)) == 3


@every_placement
def test_a_client_class_of_oauthlibs(server: WireServer, placement: str) -> None:
    class Client(oauthlib.oauth1.Client):  # type: ignore[misc]  # oauthlib has no types
        pass

    server.answers["/a"] = in_turn(Answer(status=503))
    session = plain(
        OAuth1Adapter(max_retries=retries()), signature_type=placement, client_class=Client
    )
    session.post(f"{server.url}/a", data={"a": "1"})
    assert len(nonces(server.requests)) == 2


def test_an_auth_of_a_users_class_is_asked_each_time(server: WireServer) -> None:
    class Own(OAuth1):
        calls = 0

        def __call__(self, r: Any) -> Any:
            self.calls += 1
            return super().__call__(r)

    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    session = mounted(requests.Session(), OAuth1Adapter(max_retries=retries()))
    session.auth = signer = Own(*CREDENTIALS)
    session.get(f"{server.url}/a")
    assert len(nonces(server.requests)) == 3
    assert signer.calls == 3


def test_a_credential_written_meanwhile_takes_effect(server: WireServer) -> None:
    session = own(OAuth1Adapter(max_retries=retries()))

    def answer(request: WireRequest) -> Answer:
        session.auth.client.resource_owner_key = "another"  # type: ignore[union-attr]  # ours
        return Answer(status=503 if len(server.requests) == 1 else 200)

    server.answers["/a"] = answer
    session.get(f"{server.url}/a")
    tokens = [verdict(request).parameters[b"oauth_token"] for request in server.requests]
    assert tokens == [b"token", b"another"]


@pytest.mark.parametrize("body_hash", [None, "sha256"])
def test_a_file_is_sent_from_where_it_was(server: WireServer, body_hash: str | None) -> None:
    file = io.BytesIO(b"skipped" + LINES)
    file.seek(7)
    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    session = own(OAuth1Adapter(max_retries=retries()), body_hash=body_hash)
    session.post(f"{server.url}/a", data=file)
    assert [request.body for request in server.requests] == [LINES] * 3
    assert len(nonces(server.requests)) == 3


def test_a_generator_goes_out_once(server: WireServer) -> None:
    session = own(OAuth1Adapter(max_retries=retries()))
    session.post(f"{server.url}/a", data=iter([b"1", b"2"]))
    assert server.last.body == b"12"
    assert len(nonces(server.requests)) == 1


def test_token_requests(server: WireServer) -> None:
    token = Answer(b"oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true")
    server.answers["/token"] = in_turn(Answer(status=503), token)
    session = OAuth1Session("client key", "client secret", callback_uri="oob")
    mounted(session, OAuth1Adapter(max_retries=retries()))
    assert session.fetch_request_token(f"{server.url}/token")["oauth_token"] == "t"
    sent = [dict(request.headers)["Authorization"] for request in server.requests]
    assert len(set(sent)) == 2
    assert all('oauth_callback="oob"' in str(header) for header in sent)


@every_placement
def test_what_cannot_be_signed_again_is_refused(server: WireServer, placement: str) -> None:
    session = own(OAuth1Adapter(max_retries=retries()), signature_type=placement)

    def answer(_request: WireRequest) -> Answer:
        session.auth.client.nonce = lambda: None  # type: ignore[union-attr]  # ours
        return Answer(status=503)

    server.answers["/a"] = answer
    with pytest.raises(OAuth1Error, match="nonce"):
        session.get(f"{server.url}/a")
    assert len(server.requests) == 1


# What it leaves alone


@pytest.mark.parametrize(
    "signer",
    [None, ("user", "password"), requests_oauthlib.OAuth1(*CREDENTIALS)],
    ids=["none", "Basic", "requests-oauthlib"],
)
def test_what_ours_has_not_signed(server: WireServer, signer: Any) -> None:
    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=401))
    session = mounted(requests.Session(), OAuth1Adapter(max_retries=retries(), correct_clock=True))
    session.post(f"{server.url}/a?q=1", data={"a": "1"}, auth=signer)
    first, second = server.requests
    assert first == second


def test_a_request_that_was_changed_after_it_was_signed(server: WireServer) -> None:
    server.answers["/b"] = in_turn(Answer(status=503))
    prepared = requests.Request(
        "GET", f"{server.url}/a", auth=auth(signature_type="QUERY")
    ).prepare()
    prepared.url = (prepared.url or "").replace("/a", "/b")
    mounted(requests.Session(), OAuth1Adapter(max_retries=retries())).send(prepared)
    first, second = server.requests
    assert first == second


def endings(server: WireServer) -> dict[str, tuple[dict[str, Any], Callable[[Any], Any]]]:
    """What becomes of a request: the retries, and how the session is asked."""
    url = f"{server.url}/a"
    nowhere = "http://127.0.0.1:1/a"
    broken = Answer(b"abc", missing=5)
    server.answers["/broken"] = lambda _: broken
    return {
        "503, exhausted": ({"total": 2}, lambda session: session.post(url)),
        "503, returned": (
            {"total": 2, "raise_on_status": False},
            lambda session: session.post(url),
        ),
        "status=0": ({"total": 5, "status": 0}, lambda session: session.get(url)),
        "Retry-After": ({"total": 2}, lambda session: session.get(f"{server.url}/later")),
        "nothing listens": ({"total": 2}, lambda session: session.get(nowhere)),
        "no retries, nothing listens": ({"total": 0}, lambda session: session.get(nowhere)),
        "reset": ({"total": 2}, lambda session: session.post(f"{server.url}/reset")),
        "reset, read=False": (
            {"total": 2, "read": False},
            lambda session: session.post(f"{server.url}/reset"),
        ),
        "read timeout": (
            {"total": 1},
            lambda session: session.get(f"{server.url}/slow", timeout=0.05),
        ),
        "connection breaks off": (
            {"total": 2},
            lambda session: session.get(f"{server.url}/broken", headers={"X-Own": "1"}),
        ),
        "a header that is none": (
            {"total": 2},
            lambda session: session.get(f"{server.url}/nonsense"),
        ),
        "a stream": (
            {"total": 2},
            lambda session: session.get(f"{server.url}/fine", stream=True),
        ),
        "backoff": (
            {"total": 3, "backoff_factor": 0.01},
            lambda session: session.get(f"{server.url}/twice"),
        ),
        "too many redirects": ({"total": 2}, lambda session: session.get(f"{server.url}/round")),
    }


def outcome(adapter: HTTPAdapter, name: str, kind_of_session: str) -> dict[str, Any]:
    """Say all that a caller can see of how a request ended."""

    def slow(_request: WireRequest) -> Answer:
        time.sleep(0.2)
        return Answer()

    with WireServer() as server:
        options, ask = endings(server)[name]
        server.answers["/a"] = Answer(b"not now", 503)
        server.answers["/later"] = in_turn(Answer(status=503, headers=[("Retry-After", "0")]))
        server.answers["/nonsense"] = Answer(status=503, headers=[("Retry-After", "soon")])
        server.answers["/reset"] = in_turn(*[ConnectionError] * 9)
        server.answers["/twice"] = in_turn(Answer(b"1", 503), Answer(b"2", 503))
        server.answers["/slow"] = slow
        server.redirects["/round"] = (302, "/round")
        adapter.max_retries = Retry(status_forcelist=[503], allowed_methods=None, **options)
        session = SESSIONS[kind_of_session](adapter)
        session.max_redirects = 4
        history: Any = []
        seen: dict[str, Any] = {}
        try:
            response = ask(session)
            seen["content"] = response.content
            seen["status"] = response.status_code
            history = response.raw.retries.history
        # Older requests let urllib3's own through.
        except (requests.RequestException, HTTPError) as error:
            (cause,) = error.args if len(error.args) == 1 else (None,)
            seen["error"] = type(error), type(cause), type(getattr(cause, "reason", None))
            seen["request"] = getattr(error, "request", None) is not None
        seen["history"] = [(entry.method, entry.url, entry.status) for entry in history]
        targets = [(request.method, request.target) for request in server.requests]
        return {**seen, "requests": targets, "connections": server.connections}


NAMES = [
    "503, exhausted",
    "503, returned",
    "status=0",
    "Retry-After",
    "nothing listens",
    "no retries, nothing listens",
    "reset",
    "reset, read=False",
    "read timeout",
    "connection breaks off",
    "a header that is none",
    "a stream",
    "backoff",
    "too many redirects",
]


@every_session
@pytest.mark.parametrize("name", NAMES)
def test_all_but_the_signature_is_as_without_it(name: str, kind_of_session: str) -> None:
    ours = outcome(OAuth1Adapter(), name, kind_of_session)
    assert ours == outcome(HTTPAdapter(), name, kind_of_session)
    assert ours["requests"] or "nothing" in name


def test_response_hooks_of_the_callers_are_called_once(server: WireServer) -> None:
    seen = []
    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    for make in SESSIONS.values():
        session = make(OAuth1Adapter(max_retries=retries()), signature_type="QUERY")
        session.get(
            f"{server.url}/a", hooks={"response": lambda response, **_: seen.append(response)}
        )
    assert [response.status_code for response in seen] == [200, 200]


def test_another_request_keeps_its_hooks(server: WireServer, other_server: WireServer) -> None:
    """A copy of a request shares its hooks; only one of both is signed again."""
    server.answers["/a"] = in_turn(Answer(status=503))
    one = requests.Request("GET", f"{server.url}/a", auth=auth(signature_type="QUERY")).prepare()
    two = one.copy()
    session = mounted(requests.Session(), OAuth1Adapter(max_retries=retries()))
    session.send(one)
    assert one.url != two.url
    location = other_server.url + two.path_url.replace("/a", "/b")
    server.answers["/a"] = Answer(status=302, headers=[("Location", location)])
    session.send(two)
    assert is_bare(other_server.last)


@every_placement
def test_hooks_that_requests_is_about_to_call_stay_as_they_are(
    server: WireServer, placement: str
) -> None:
    seen: list[Any] = []

    def answer(_request: WireRequest) -> Answer:
        seen.append(prepared.hooks["response"])
        return Answer(status=503 if len(seen) < 3 else 200)

    session = own(OAuth1Adapter(max_retries=retries()), signature_type=placement)
    prepared = session.prepare_request(requests.Request("GET", f"{server.url}/a"))
    server.answers["/a"] = answer
    session.send(prepared)
    assert seen == [[], [], []]
    assert seen[0] is not seen[2]


# Redirects


@every_session
@every_placement
@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("repeats", [False, True])
def test_a_redirect_after_an_attempt_that_failed(
    server: WireServer,
    other_server: WireServer,
    kind_of_session: str,
    placement: str,
    status: int,
    repeats: bool,
) -> None:
    def onwards(target: str) -> Callable[[WireRequest], Answer]:
        def answer(request: WireRequest) -> Answer:
            query = "?" + urlencode(verdict(request).parameters) if repeats else ""
            return Answer(status=status, headers=[("Location", target + query)])

        return after(2, answer)

    server.answers["/first"] = onwards("/second")
    server.answers["/second"] = onwards(f"{other_server.url}/third")
    other_server.answers["/third"] = in_turn(Answer(status=503))
    adapter = OAuth1Adapter(max_retries=retries())
    session = SESSIONS[kind_of_session](adapter, signature_type=placement)
    session.post(f"{server.url}/first", data={"a": "1"})
    first, second = server.requests[:3], server.requests[3:]
    assert len(nonces(first)) == 3
    if placement == "BODY" and status == 302:
        # A GET has no place for the parameters.
        assert [is_bare(request) for request in second] == [True] * 3
    else:
        assert len(nonces(first + second)) == 6
    assert [is_bare(request) for request in other_server.requests] == [True, True]
    assert [request.target.rstrip(b"?") for request in other_server.requests] == [b"/third"] * 2


def after(number: int, answer: Callable[[WireRequest], Answer]) -> Callable[..., Answer]:
    """Refuse as many requests as `number` says before one is answered."""
    calls = itertools.count()
    return lambda request: Answer(status=503) if next(calls) < number else answer(request)


# The clock


@pytest.fixture
def skewed_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WireServer]:
    """A server that says no date of its own."""
    with WireServer() as server:
        handler: Any = server._server.RequestHandlerClass
        monkeypatch.setattr(handler, "send_response", handler.send_response_only)
        yield server


def skewed(seconds: float) -> Callable[[WireRequest], Answer]:
    """Take timestamps that are right by a clock that is off."""

    def answer(request: WireRequest) -> Answer:
        now = time.time() + seconds
        timestamp = int(verdict(request).parameters.get(b"oauth_timestamp", b"0"))
        is_right = abs(now - timestamp) < 30
        headers = [("Date", formatdate(now, usegmt=True))]
        return Answer(b"refused" * (not is_right), 200 if is_right else 401, headers)

    return answer


@every_session
@every_case
@pytest.mark.parametrize("seconds", [-3600, 7200])
def test_the_clock_is_corrected(
    skewed_server: WireServer, kind_of_session: str, kind: str, placement: str, seconds: int
) -> None:
    skewed_server.answers["/a"] = skewed(seconds)
    method, arguments = KINDS[kind]
    adapter = OAuth1Adapter(correct_clock=True)
    session = SESSIONS[kind_of_session](adapter, signature_type=placement)
    for _ in range(2):
        response = session.request(method, f"{skewed_server.url}/a", **arguments)
        assert response.status_code == 200
    assert len(nonces(skewed_server.requests)) == len(skewed_server.requests) == 3
    assert abs(session.auth.client.timestamp_offset - seconds) <= 2
    assert skewed_server.connections == 1


def test_a_clock_is_corrected_once(skewed_server: WireServer) -> None:
    skewed_server.answers["/a"] = in_turn(
        dated(401, 1), dated(503, 1), dated(401, 2), dated(401, 3)
    )
    session = own(OAuth1Adapter(max_retries=retries(), correct_clock=True))
    assert session.get(f"{skewed_server.url}/a").status_code == 401
    assert len(nonces(skewed_server.requests)) == 3


def test_retries_are_counted_on_when_the_clock_is_corrected(skewed_server: WireServer) -> None:
    skewed_server.answers["/a"] = in_turn(dated(503, 1), dated(401, 1), dated(503, 1))
    session = own(OAuth1Adapter(max_retries=retries(1), correct_clock=True))
    with pytest.raises(requests.exceptions.RetryError):
        session.get(f"{skewed_server.url}/a")
    assert len(nonces(skewed_server.requests)) == 3


def dated(status: int, hours: float) -> Answer:
    """Return an answer of a server whose clock is fast."""
    date = formatdate(time.time() + hours * 3600, usegmt=True)
    return Answer(status=status, headers=[("Date", date)])


def test_a_file_is_sent_again_when_the_clock_is_corrected(skewed_server: WireServer) -> None:
    skewed_server.answers["/a"] = skewed(3600)
    session = own(OAuth1Adapter(correct_clock=True))
    file = io.BytesIO(b"skipped" + LINES)
    file.seek(7)
    assert session.post(f"{skewed_server.url}/a", data=file).status_code == 200
    assert [request.body for request in skewed_server.requests] == [LINES] * 2


@pytest.mark.parametrize(
    ("options", "seconds", "data"),
    [
        ({}, 3600, None),
        ({"correct_clock": True}, 90000, None),
        ({"correct_clock": True}, 45, None),
        ({"correct_clock": True}, 3600, "generator"),
    ],
    ids=["not asked for", "a day", "a little", "a stream"],
)
def test_the_clock_is_left_alone(
    skewed_server: WireServer, options: dict[str, Any], seconds: int, data: str | None
) -> None:
    skewed_server.answers["/a"] = skewed(seconds)
    session = own(OAuth1Adapter(**options))
    stream = iter([b"1", b"2"]) if data else None
    assert session.post(f"{skewed_server.url}/a", data=stream).status_code == 401
    assert len(skewed_server.requests) == 1
    assert session.auth.client.timestamp_offset == 0  # type: ignore[union-attr]  # ours


@every_session
def test_nobody_elsewhere_corrects_the_clock(
    server: WireServer, skewed_server: WireServer, kind_of_session: str
) -> None:
    server.redirects["/first"] = (307, f"{skewed_server.url}/a")
    skewed_server.answers["/a"] = Answer(
        status=401, headers=[("Date", formatdate(time.time() + 3600, usegmt=True))]
    )
    session = SESSIONS[kind_of_session](OAuth1Adapter(correct_clock=True))
    assert session.get(f"{server.url}/first").status_code == 401
    assert len(skewed_server.requests) == 1
    assert session.auth.client.timestamp_offset == 0


NOW = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
SENT = f'OAuth oauth_timestamp="{NOW}", oauth_signature="s"'


@pytest.mark.parametrize(
    ("headers", "authorization", "offset"),
    [
        # Limits that a real clock passes by.
        ({"Date": formatdate(NOW + 60, usegmt=True)}, SENT, 0),
        ({"Date": formatdate(NOW - 60, usegmt=True)}, SENT, 0),
        ({"Date": formatdate(NOW + 61, usegmt=True)}, SENT, 61),
        ({"Date": formatdate(NOW - 61, usegmt=True)}, SENT, -61),
        ({"Date": formatdate(NOW + 86400, usegmt=True)}, SENT, 86400),
        ({"Date": formatdate(NOW - 86400, usegmt=True)}, SENT, -86400),
        ({"Date": formatdate(NOW + 86401, usegmt=True)}, SENT, 0),
        ({"Date": formatdate(NOW - 86401, usegmt=True)}, SENT, 0),
        # Other forms of a date.
        ({"Date": formatdate(NOW + 600, usegmt=True).encode()}, SENT, 600),
        ({"Date": "Tue, 14 Nov 2023 22:23:20"}, SENT, 600),
        ({"Date": "Tue, 14 Nov 2023 22:23:20 -0000"}, SENT, 600),
        ({"Date": "Tue, 14 Nov 2023 23:53:20 +0130"}, SENT, 600),
        # What tells no time.
        ({"Date": "soon"}, SENT, 0),
        ({"Date": b"\xff"}, SENT, 0),
        ({"Date": "Tue, 99 Nov 2023 22:13:20 GMT"}, SENT, 0),
        ({"Date": formatdate(NOW + 600, usegmt=True), "Age": "0"}, SENT, 0),
        ({}, SENT, 0),
        # Signatures may have no timestamp: `protocol_parameters={b"oauth_timestamp": None}`.
        ({"Date": formatdate(NOW + 600, usegmt=True)}, 'OAuth oauth_signature="s"', 0),
        ({"Date": formatdate(NOW + 600, usegmt=True)}, SENT.replace("17", "x17"), 0),
    ],
)
def test_what_a_date_says_of_the_clock(
    monkeypatch: pytest.MonkeyPatch,
    west_of_greenwich: None,
    headers: dict[str, str | bytes],
    authorization: str,
    offset: int,
) -> None:
    monkeypatch.setattr(_clock, "time", SimpleNamespace(time=lambda: NOW + 0.9))
    signer = auth()
    change = Change("http://a/", None, "http://a/", None, authorization)
    assert _clock.corrects_clock(signer, change, 401, headers) == (offset != 0)
    assert signer.client.timestamp_offset == offset


@pytest.fixture
def west_of_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is not UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        yield
    time.tzset()


@every_placement
def test_a_retry_and_a_correction_of_the_clock_repeat_all_of_a_request(
    skewed_server: WireServer, placement: str
) -> None:
    skewed_server.answers["/a"] = after(1, skewed(3600))
    session = own(
        OAuth1Adapter(max_retries=retries(), correct_clock=True), signature_type=placement
    )
    file = io.BytesIO(b"skipped" + LINES)
    file.seek(7)
    headers = {"X-Own": "1"}
    data: Any = {"a": "1"} if placement == "BODY" else file
    response = session.post(f"{skewed_server.url}/a?q=1", data=data, headers=headers)
    assert response.status_code == 200
    first, *later = skewed_server.requests
    assert len(nonces([first, *later])) == 3
    for request in later:
        assert callers(request.form) == callers(first.form)
        assert placement == "BODY" or request.body == LINES
        assert list(dict(request.headers)) == list(dict(first.headers))
        assert dict(request.headers)["X-Own"] == "1"


@pytest.mark.parametrize(("size", "connections"), [(2**16, 1), (2**16 + 1, 2)])
def test_a_refusal_that_is_long_costs_its_connection(
    skewed_server: WireServer, size: int, connections: int
) -> None:
    date = formatdate(time.time() + 3600, usegmt=True)
    skewed_server.answers["/a"] = in_turn(Answer(b"x" * size, 401, [("Date", date)]))
    session = own(OAuth1Adapter(correct_clock=True))
    assert session.get(f"{skewed_server.url}/a").status_code == 200
    assert skewed_server.connections == connections


def test_what_its_pools_send_for_others_is_as_they_give_it(server: WireServer) -> None:
    adapter = OAuth1Adapter()
    server.redirects["/a"] = (302, "/b")
    pool = adapter.poolmanager.connection_from_url(server.url)
    response = pool.urlopen("PUT", "/a?q=1", b"body", {"X-Own": "1"}, redirect=False)
    assert response.status == 302
    [request] = server.requests
    assert (request.method, request.target, request.body) == ("PUT", b"/a?q=1", b"body")
    assert dict(request.headers)["X-Own"] == "1"
    assert is_bare(request)
    adapter.close()


# Proxies, pickles, other adapters


@every_session
@every_placement
def test_a_proxy_that_forwards(server: WireServer, kind_of_session: str, placement: str) -> None:
    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    with Proxy() as proxy:
        adapter = OAuth1Adapter(max_retries=retries())
        session = SESSIONS[kind_of_session](adapter, signature_type=placement)
        session.proxies["http"] = proxy.url.replace("//", "//user:word@")
        session.post(f"{server.url}/a?q=1", data={"a": "1"})
        session.close()
    assert len(nonces(server.requests)) == 3
    assert all(heard[1].startswith(f"{server.url}/a?q=1") for heard in proxy.heard)
    assert all(heard[2]["proxy-authorization"].startswith("Basic") for heard in proxy.heard)


@every_session
@every_placement
def test_a_proxy_that_tunnels_sees_no_signature(
    secure_server: WireServer, trusted: str, kind_of_session: str, placement: str
) -> None:
    secure_server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    with Proxy() as proxy:
        adapter = OAuth1Adapter(max_retries=retries())
        session = SESSIONS[kind_of_session](adapter, signature_type=placement)
        session.proxies["https"] = proxy.url
        session.post(f"{secure_server.url}/a", data={"a": "1"}, verify=trusted)
        session.close()
    assert len(nonces(secure_server.requests)) == 3
    assert {method for method, *_ in proxy.heard} == {"CONNECT"}
    assert "oauth" not in str(proxy.heard).lower()


def test_pickled_and_copied(server: WireServer) -> None:
    session = own(OAuth1Adapter(max_retries=retries(), correct_clock=True))
    for twin in (pickle.loads(pickle.dumps(session)), copy.deepcopy(session)):
        server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
        assert twin.get(f"{server.url}/a").status_code == 200
        adapter = twin.get_adapter(server.url)
        assert isinstance(adapter, OAuth1Adapter)
        assert adapter.correct_clock
    assert len(nonces(server.requests)) == 6


def test_another_adapters_class_may_follow(server: WireServer) -> None:
    class Theirs(HTTPAdapter):
        def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
            request.headers["X-Theirs"] = "1"

    class Both(OAuth1Adapter, Theirs):
        pass

    server.answers["/a"] = in_turn(Answer(status=503), Answer(status=503))
    own(Both(max_retries=retries())).get(f"{server.url}/a")
    assert len(nonces(server.requests)) == 3
    assert {dict(request.headers)["X-Theirs"] for request in server.requests} == {"1"}


def test_a_plain_adapter_beside_it_is_left_alone(server: WireServer) -> None:
    OAuth1Adapter()
    server.answers["/a"] = in_turn(Answer(status=503))
    own(HTTPAdapter(max_retries=retries())).get(f"{server.url}/a")
    assert len(nonces(server.requests)) == 1
    assert len(server.requests) == 2


def test_the_document(server: WireServer) -> None:
    (block,) = documents.blocks("docs/clients/requests.md")
    code = block.text.replace("https://api.example.com", server.url)
    server.answers["/resource"] = in_turn(Answer(status=503), Answer(status=503))
    documents.run("docs/clients/requests.md", code.replace("https://", "http://"), str)
    assert len(nonces(server.requests)) == 3
