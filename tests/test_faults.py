"""Providers that break, processes that end: nothing is lost, nothing is shown, all can be retried.

What happens to a session's credentials is looked at after each fault, and so are the texts of the
exceptions, their arguments and their chains. More faults, of token responses that arrive whole,
are in `test_token_responses.py`; forks while RSA signs are in `test_rsa.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import importlib.metadata
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from urllib.parse import quote

import brotli
import oauth1_rs.requests_oauthlib
import pytest
import requests
import rsa_keys
from oauth1_rs import Client, OAuth1, OAuth1Session, TokenError, TokenRequestDenied
from provider import Provider
from test_session_secrets import check_error, logs  # noqa: F401 - a fixture
from verifier import Verdict, WireRequest, verify
from wire_server import Answer, WireServer

KEY, SECRET = "key", "canary client"
HELD = {"oauth_token": "held", "oauth_token_secret": "canary held"}
TOKEN = b"oauth_token=new&oauth_token_secret=canary+new&oauth_callback_confirmed=true"
MEGABYTE = 2**20
SESSIONS = [OAuth1Session, oauth1_rs.requests_oauthlib.OAuth1Session]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")


class FaultyServer:
    """Reads one request a connection, hands the connection to `respond`, and closes it."""

    def __init__(self, respond: Callable[[socket.socket], None]) -> None:
        self.respond = respond
        self.requests: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # it is shut down
                return
            with connection, contextlib.suppress(ConnectionError):
                connection.settimeout(10)
                self.requests.append(self._read(connection))
                self.respond(connection)

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        """A request without a body, which those of this module are."""
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            received = connection.recv(65536)
            if not received:
                raise ConnectionError("the request has no end")
            request += received
        return request

    def nonces(self) -> list[bytes]:
        headers = [request.partition(b'oauth_nonce="')[2] for request in self.requests]
        return [header.partition(b'"')[0] for header in headers]


def sending(answer: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(answer)


def resetting(answer: bytes) -> Callable[[socket.socket], None]:
    def respond(connection: socket.socket) -> None:
        connection.sendall(answer)
        # Closed that way, the connection is reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return respond


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(TOKEN), TOKEN)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(TOKEN), TOKEN)
CUTS = {
    "before the status line": b"",
    "within the status line": WHOLE[:7],
    "after the status line": WHOLE[:17],
    "within a header": WHOLE[:24],
    "before the end of the headers": WHOLE[: -len(TOKEN) - 2],
    "before the body": WHOLE[: -len(TOKEN)],
    "within the body": WHOLE[:-1],
    "before the chunks": CHUNKED,
    "within a chunk's size": CHUNKED + CHUNK[:1],
    "within a chunk": CHUNKED + CHUNK[:-3],
    "before the last chunk": CHUNKED + CHUNK,
    "no HTTP at all": TOKEN,
}


def session_that_holds(session_class: type[OAuth1Session] = OAuth1Session) -> OAuth1Session:
    session = session_class(KEY, SECRET, HELD["oauth_token"], HELD["oauth_token_secret"], "oob")
    callback = {"oauth_token": "held", "oauth_verifier": "canary verifier"}
    session.parse_authorization_response(callback)
    return session


def check_nothing_is_lost(session: Any) -> None:
    assert session.token == {**HELD, "oauth_verifier": "canary verifier"}
    assert session._client.client.callback_uri == "oob"
    assert session._client.client.client_secret == SECRET
    assert session.authorized


@pytest.mark.parametrize("ending", [sending, resetting])
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("session_class", SESSIONS)
def test_a_connection_that_ends_early(
    session_class: type[OAuth1Session],
    cut: str,
    ending: Callable[[bytes], Callable[[socket.socket], None]],
    logs: list[str],  # noqa: F811
) -> None:
    session = session_that_holds(session_class)
    with FaultyServer(ending(CUTS[cut])) as server:
        for _ in range(2):
            with pytest.raises((TokenError, requests.RequestException)) as caught:
                session.fetch_access_token(f"{server.url}/token")
            check_error(caught.value)
            check_nothing_is_lost(session)
        server.respond = sending(WHOLE)
        session.fetch_access_token(f"{server.url}/token")
    assert session.token == {"oauth_token": "new", "oauth_token_secret": "canary new"}
    assert len(set(server.nonces())) == 3
    assert "canary" not in "".join(logs)


NO_HTTP = {
    "words": b"ERR the secret %s is wrong\r\n\r\n",
    "a header line": b"HTTP/1.1 200 OK\r\nthe secret %s\r\n\r\n",
    "a chunk's size": CHUNKED + b"%s\r\n",
}


@pytest.mark.parametrize("answer", NO_HTTP)
@pytest.mark.parametrize("session_class", SESSIONS)
def test_what_comes_in_place_of_http_may_have_secrets(
    session_class: type[OAuth1Session], answer: str
) -> None:
    session = session_that_holds(session_class)
    for secret in (SECRET, HELD["oauth_token_secret"], quote(SECRET)):
        with (
            FaultyServer(sending(NO_HTTP[answer] % secret.encode())) as server,
            pytest.raises((TokenError, requests.RequestException)) as caught,
        ):
            session.fetch_access_token(f"{server.url}/token")
        check_error(caught.value)


@pytest.mark.parametrize("session_class", SESSIONS)
def test_another_origin_may_be_called_like_a_secret(
    session_class: type[OAuth1Session], server: WireServer
) -> None:
    session = session_class("key", "canary", "held", "canary-held", verifier="canary-verifier")
    hosts = {
        "canary.example": "****.example",
        "a.canary-held": "a.****",
        "CANARY-held.example:8443": "****.example:8443",
        "x" * 60_000: "x" * 192,
        # No secret is in these, whatever they look like.
        "auth-token.example:8443": "auth-token.example:8443",
        "jira-production-cluster-01.example": "jira-production-cluster-01.example",
    }
    for host, shown in hosts.items():
        server.redirects["/token"] = (302, f"https://{host}/")
        with pytest.raises(TokenError, match="redirects to another origin") as caught:
            session.fetch_access_token(f"{server.url}/token")
        check_error(caught.value)
        assert f"to https://{shown}): give the URL" in str(caught.value)


# http.client takes headers that end early for all of them, and an answer without a length for one
# that ends with its connection.
@pytest.mark.parametrize(
    "cut", [cut for cut in CUTS if cut not in {"after the status line", "within a header"}]
)
def test_a_resource_that_ends_early(cut: str) -> None:
    """What requests says of it is its own, with the provider's words."""
    session = session_that_holds()
    with FaultyServer(sending(CUTS[cut].replace(b"canary", b"public"))) as server:
        try:
            session.get(server.url)
        except requests.RequestException as error:
            check_error(error)
        else:
            # Before 2.0 it took what there was for all there is.
            assert importlib.metadata.version("urllib3").startswith("1.")
        check_nothing_is_lost(session)
        server.respond = sending(WHOLE)
        assert session.get(server.url).content == TOKEN
    assert len(set(server.nonces())) == 2


def flood(start: bytes, piece: bytes) -> tuple[Callable[[socket.socket], None], list[int]]:
    """What sends 10 GB, if it is let, and how much that was."""
    sent: list[int] = []

    def respond(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(start)
        sent.append(0)
        while sent[0] < 10 * 2**30:
            connection.sendall(piece)
            sent[0] += len(piece)

    return respond, sent


HEADERS = b"Content-Length: %d\r\nLocation: /\r\n\r\n" % (10 * 2**30)
FLOODS = {
    "a token": (b"HTTP/1.1 200 OK\r\n" + HEADERS, b"x" * 65536),
    "a refusal": (b"HTTP/1.1 401 No\r\n" + HEADERS, b"x" * 65536),
    "a redirect elsewhere": (
        b"HTTP/1.1 302 Found\r\n" + HEADERS.replace(b"/\r", b"http://[::1]/\r"),
        b"x" * 65536,
    ),
    "chunks": (CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
    "a chunk of -1 bytes": (CHUNKED + b"-1\r\n", b"x" * 65536),
    "a status line": (b"HTTP/1.1 200 ", b"x" * 65536),
    "a header": (b"HTTP/1.1 200 OK\r\nA: ", b"x" * 65536),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 8192),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_ten_gigabytes_are_left_where_they_are(kind: str) -> None:
    respond, sent = flood(*FLOODS[kind])
    session = session_that_holds()
    with (
        FaultyServer(respond) as server,
        pytest.raises((TokenError, requests.RequestException)) as caught,
    ):
        session.fetch_access_token(f"{server.url}/token")
    # The connection is closed, or leaving the block above would have waited for the rest. What was
    # sent beyond what was read lies in the kernel's buffers.
    assert sent[0] < 16 * MEGABYTE
    check_error(caught.value)
    check_nothing_is_lost(session)


def bombs() -> dict[str, bytes]:
    """100 MB by `Content-Encoding`, most of them in a hundredth or a thousandth of the room."""
    zeros = bytes(100 * MEGABYTE)
    deflated, gzipped = zlib.compress(zeros, 1), gzip.compress(zeros, 1)
    brotlied = brotli.compress(zeros, quality=1)
    return {
        "gzip": gzipped,
        "x-gzip": gzipped,
        "deflate": deflated,
        "gzip, gzip": gzip.compress(gzipped),
        "deflate,gzip": gzip.compress(deflated),
        "br": brotlied,
        "identity, br": brotlied,
    }


@needs_proc
def test_what_is_decompressed_does_not_fill_the_memory(server: WireServer) -> None:
    expected: list[str] = []
    for encoding, bomb in bombs().items():
        is_read = encoding in {"gzip", "x-gzip", "deflate"}
        for status in [200, 401]:
            path = f"/{len(expected)}"
            server.answers[path] = Answer(bomb, status, [("Content-Encoding", encoding)])
            kind = "TokenResponseError" if is_read else "ContentDecodingError"
            expected.append("TokenRequestDenied" if status == 401 else kind)
    urls = [f"{server.url}/{number}" for number in range(len(expected))]
    grown, *kinds = run(fetch_bombs, *urls).split()
    assert kinds == expected
    assert int(grown) < 16 * MEGABYTE
    for request in server.requests:
        assert dict(request.headers)["Accept-Encoding"] == "gzip, deflate"


def fetch_bombs(*urls: str) -> None:
    session = session_that_holds()
    # So that everything is imported.
    with pytest.raises(requests.ConnectionError):
        session.fetch_access_token("http://127.0.0.1:1/")
    before = peak()
    kinds = []
    for url in urls:
        with pytest.raises((TokenError, requests.RequestException)) as caught:
            session.fetch_access_token(url)
        kinds.append(type(caught.value).__name__)
        check_error(caught.value)
        check_nothing_is_lost(session)
    print(peak() - before, *kinds)


def peak() -> int:
    """How many bytes of memory this process had at most."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_callers_may_ask_for_another_encoding(server: WireServer) -> None:
    server.answers["/token"] = Answer(TOKEN)
    session = session_that_holds()
    headers = {"accept-encoding": "identity"}
    session.fetch_access_token(f"{server.url}/token", headers=headers)
    sent = dict(server.last.headers)
    sent = {name: value for name, value in sent.items() if name.lower() == "accept-encoding"}
    assert list(sent.values()) == ["identity"]
    assert headers == {"accept-encoding": "identity"}


def seen(request: WireRequest) -> Verdict:
    return verify(request, SECRET, HELD["oauth_token_secret"])


@pytest.mark.parametrize("session_class", SESSIONS)
def test_a_storm_of_refusals(session_class: type[OAuth1Session], server: WireServer) -> None:
    for path in ["/token", "/resource"]:
        server.answers[path] = Answer(b"oauth_problem=nonce_used", 401)
    session = session_that_holds(session_class)
    for _ in range(50):
        with pytest.raises(TokenRequestDenied) as caught:
            session.fetch_access_token(f"{server.url}/token")
        check_error(caught.value)
        assert session.get(f"{server.url}/resource").status_code == 401
        check_nothing_is_lost(session)
    verdicts = [seen(request) for request in server.requests]
    assert all(verdict.accepted for verdict in verdicts)
    assert len({verdict.parameters[b"oauth_nonce"] for verdict in verdicts}) == 100
    server.answers["/token"] = Answer(TOKEN)
    assert session.fetch_access_token(f"{server.url}/token")["oauth_token"] == "new"


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_redirects_in_a_circle(server: WireServer, placement: str) -> None:
    server.redirects = {"/a": (302, "/b"), "/b": (307, "/a")}
    session = session_that_holds()
    session._client.client.signature_type = placement
    with pytest.raises(requests.TooManyRedirects) as caught:
        session.get(f"{server.url}/a")
    check_error(caught.value)
    check_nothing_is_lost(session)
    verdicts = [seen(request) for request in server.requests]
    assert all(verdict.accepted for verdict in verdicts)
    nonces = {verdict.parameters[b"oauth_nonce"] for verdict in verdicts}
    assert len(nonces) == len(verdicts) == session.max_redirects + 1
    assert session.get(f"{server.url}/resource").ok


@pytest.mark.parametrize("start", [b"", WHOLE[:7], WHOLE[:24]])
def test_silence_before_the_body_times_out(start: bytes) -> None:
    is_given_up = threading.Event()

    def respond(connection: socket.socket) -> None:
        connection.sendall(start)
        is_given_up.wait(10)

    session = session_that_holds()
    with FaultyServer(respond) as server:
        begin = time.monotonic()
        with pytest.raises(requests.Timeout) as caught:
            session.fetch_access_token(f"{server.url}/token", timeout=0.2)
        elapsed = time.monotonic() - begin
        is_given_up.set()
    assert elapsed < 5
    check_error(caught.value)
    check_nothing_is_lost(session)


def test_a_timeout_is_of_each_read(server: WireServer) -> None:
    """README says so: bytes that keep coming are waited for, longer than the timeout."""

    def slow() -> Iterator[bytes]:
        for start in range(0, len(TOKEN), 16):
            time.sleep(0.12)
            yield TOKEN[start : start + 16]

    server.answers["/token"] = Answer(slow())
    session = session_that_holds()
    begin = time.monotonic()
    session.fetch_access_token(f"{server.url}/token", timeout=0.5)
    assert time.monotonic() - begin > 0.5
    assert session.token == {"oauth_token": "new", "oauth_token_secret": "canary new"}


# --- Processes that end ---------------------------------------------------------------------------


def run(program: Callable[..., None], *arguments: str) -> str:
    """What ``program``, a function of this module, prints in a process of its own."""
    code = f"import sys, test_faults; test_faults.{program.__name__}(*sys.argv[1:])"
    # Python 3.12 and above warn of forks with threads, which some of this is about.
    warnings = ["-W", "error", "-W", "ignore:This process:DeprecationWarning"]
    result = subprocess.run(
        [sys.executable, *warnings, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def test_a_flow_goes_on_in_another_process_after_each_leg(
    provider: Provider, tmp_path: Path
) -> None:
    store = tmp_path / "stored"
    client = (provider.client_key, provider.client_secret)

    def leg(program: Callable[..., None], *arguments: str) -> None:
        """Kill the process that does it, as soon as it has stored what it got."""
        code = f"import sys, test_faults; test_faults.{program.__name__}(*sys.argv[1:])"
        command = [sys.executable, "-W", "error", "-c", code, str(store), *client, *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout
            stored = process.stdout.readline()
            process.kill()
        assert (stored, process.returncode) == (b"stored\n", -signal.SIGKILL)

    leg(first_leg, f"{provider.url}/request_token")
    decision = requests.post(
        f"{provider.url}/authorize",
        data={"oauth_token": json.loads(store.read_text())["oauth_token"], "decision": "allow"},
        allow_redirects=False,
    )
    leg(second_leg, decision.headers["Location"])
    leg(third_leg, f"{provider.url}/access_token")
    session = OAuth1Session(*client)
    session.token = json.loads(store.read_text())
    assert session.get(f"{provider.url}/resource").status_code == 200


def first_leg(store: str, key: str, secret: str, url: str) -> None:
    session = OAuth1Session(key, secret, callback_uri="http://127.0.0.1/ready")
    store_and_wait(store, session.fetch_request_token(url))


def second_leg(store: str, key: str, secret: str, callback: str) -> None:
    saved = json.loads(Path(store).read_text())
    session = OAuth1Session(key, secret, saved["oauth_token"], saved["oauth_token_secret"])
    session.parse_authorization_response(callback)
    store_and_wait(store, session.token)


def third_leg(store: str, key: str, secret: str, url: str) -> None:
    session = OAuth1Session(key, secret)
    session.token = json.loads(Path(store).read_text())
    store_and_wait(store, session.fetch_access_token(url))


def store_and_wait(store: str, token: dict[str, Any]) -> None:
    Path(store).write_text(json.dumps(token))
    print("stored", flush=True)
    time.sleep(60)  # it is killed


URL = "https://example.com/photos?size=original"


def check_signatures(headers: list[str]) -> None:
    """All are right, and no nonce is there twice."""
    public_key = rsa_keys.public_key()
    nonces = set()
    for header in headers:
        request = WireRequest.from_url("GET", URL, {"Authorization": header})
        verdict = verify(request, SECRET, HELD["oauth_token_secret"], public_key)
        assert verdict.accepted, verdict.reason
        nonces.add(verdict.parameters[b"oauth_nonce"])
    assert len(nonces) == len(headers)


def client_of(method: str) -> Client:
    key = rsa_keys.path(2048) if method.startswith("RSA") else None
    return Client(
        KEY,
        SECRET,
        HELD["oauth_token"],
        HELD["oauth_token_secret"],
        signature_method=method,
        rsa_key=key,
    )


def authorization(client: Client) -> str:
    return str(client.sign(URL)[1]["Authorization"])


@needs_fork
@pytest.mark.parametrize("method", ["HMAC-SHA1", "RSA-SHA256"])
def test_children_that_are_forked_while_others_sign(method: str) -> None:
    """The children sign, in their main thread and in others, and their nonces are their own."""
    headers = run(fork_while_others_sign, method).splitlines()
    assert len(headers) > 20 * 10
    check_signatures(headers)


def fork_while_others_sign(method: str) -> None:
    client = client_of(method)
    ended = threading.Event()
    signed: list[str] = []

    def keep_signing() -> None:
        while not ended.is_set():
            header = authorization(client)
            if len(signed) < 1000:
                signed.append(header)

    threads = [threading.Thread(target=keep_signing) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            status = 1
            try:
                with open(writing, "w", encoding="ascii") as pipe:
                    print(*(authorization(client) for _ in range(5)), sep="\n", file=pipe)
                    with ThreadPoolExecutor(1) as pool:
                        again = pool.map(authorization, [client] * 5)
                        print(*again, sep="\n", file=pipe)
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        with open(reading, encoding="ascii") as pipe:
            print(pipe.read(), end="")
        assert os.waitpid(child, 0)[1] == 0
    ended.set()
    for thread in threads:
        thread.join()
    print(*signed, sep="\n")


FORM = "&".join(f"name{number}=value" for number in range(10_000))
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
WORK: dict[str, Callable[[Client], object]] = {
    "HMAC-SHA1": lambda client: client.sign(URL),
    "RSA-SHA256": lambda client: client.sign(URL),
    # Long enough to let go of the interpreter.
    "HMAC-SHA512": lambda client: client.sign(URL, "POST", FORM, FORM_TYPE),
    "PLAINTEXT": lambda client: client.sign("no URL"),
}


@pytest.mark.parametrize("method", WORK)
def test_the_interpreter_ends_while_daemons_sign(method: str) -> None:
    for _ in range(3):
        assert run(end_while_daemons_sign, method) == "the end\n"


def end_while_daemons_sign(method: str) -> None:
    client = client_of(method)
    begun = threading.Barrier(5)

    def keep_signing() -> None:
        begun.wait()
        while True:
            with contextlib.suppress(ValueError):
                WORK[method](client)

    for _ in range(4):
        threading.Thread(target=keep_signing, daemon=True).start()
    begun.wait()
    time.sleep(0.02)
    print("the end")


class Step(NamedTuple):
    """A step of the flow, and what the session has of it."""

    walk: Callable[[OAuth1Session, str], object]
    before: dict[str, Any]
    after: dict[str, Any]


NEW = {"oauth_token": "new", "oauth_token_secret": "canary new"}
VERIFIED = {"oauth_verifier": "canary verifier"}
STEPS = {
    "request token": Step(
        lambda session, url: session.fetch_request_token(url),
        {**HELD, **VERIFIED, "callback": "oob"},
        {**NEW, "callback": None},
    ),
    "callback": Step(
        lambda session, _: session.parse_authorization_response(
            {"oauth_token": "held", "oauth_verifier": "other"}
        ),
        {**HELD, **VERIFIED, "callback": "oob"},
        {**HELD, "oauth_verifier": "other", "callback": "oob"},
    ),
    "access token": Step(
        lambda session, url: session.fetch_access_token(url),
        {**HELD, **VERIFIED, "callback": "oob"},
        {**NEW, "callback": "oob"},
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_an_interrupt_leaves_all_of_the_old_credentials_or_all_of_the_new(
    name: str, server: WireServer
) -> None:
    """In whichever line of the flow it comes."""
    server.answers["/token"] = Answer(TOKEN + b"&oauth_callback_confirmed=true")
    step, found = STEPS[name], []
    for line in itertools.count():
        session = session_that_holds()
        if not is_interrupted(partial(step.walk, session, f"{server.url}/token"), line):
            break
        found.append({**session.token, "callback": session._client.client.callback_uri})
    assert line > 10
    # First the old ones, then the new ones.
    assert sorted(found, key=lambda state: state == step.after) == found
    assert all(state in (step.before, step.after) for state in found)
    assert step.before in found


def is_interrupted(work: Callable[[], object], line: int) -> bool:
    """Do `work`, with an interrupt before the `line`-th line of the flow, if there are as many."""
    lines = itertools.count()

    def interrupt(frame: FrameType, event: str, _argument: object) -> Any:
        is_flow = frame.f_code.co_filename.endswith("_flow.py")
        if is_flow and event == "line" and next(lines) == line:
            raise KeyboardInterrupt
        return interrupt

    tracing = sys.gettrace()
    sys.settrace(interrupt)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(tracing)
    return False


METHODS = ["RSA-SHA256", "HMAC-SHA1", "HMAC-SHA512"]


def test_interrupts_leave_requests_and_credentials_whole(tmp_path: Path) -> None:
    """Whenever they come: a request is signed, or it is as it was."""
    file = tmp_path / "file"
    file.write_bytes(bytes(4 * MEGABYTE))
    headers = run(sign_until_alarmed, str(file)).splitlines()
    assert len(headers) == 3 * 40
    check_signatures(headers)


def sign_until_alarmed(path: str) -> None:
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    for number, method in itertools.product(range(40), METHODS):
        delay = 0.002 + number * 1e-4
        sign_until(partial(signal.setitimer, signal.ITIMER_REAL, delay), method, path)


def sign_until(interrupt: Callable[[], object], method: str, path: str) -> None:
    """Sign until the interrupt that `interrupt` asks for, look at what is left, sign once more."""
    client = client_of(method)
    # Of a file, which is read for it.
    client.body_hash = "sha256" if method == "HMAC-SHA512" else None
    auth = OAuth1("unused")
    auth.client = client
    with open(path, "rb") as file:
        file.seek(1)
        data = file if client.body_hash else b"{}"
        request = requests.Request("PUT", URL, data=data).prepare()
        unsigned = dict(request.headers)
        try:
            interrupt()
            while True:
                request.headers.pop("Authorization", None)
                auth(request)
        except KeyboardInterrupt:
            pass
        headers = dict(request.headers)
        signed = headers.pop("Authorization", None)
        assert signed is None or str(signed).startswith("OAuth oauth_nonce=")
        assert (request.url, request.body, headers) == (URL, data, unsigned)
        assert file.tell() == 1
    client.body_hash = None
    print(authorization(client), flush=True)


# --- Ctrl+C ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def started(program: Callable[..., None], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``program``, a function of this module, in a process of its own."""
    code = (
        "import signal, sys, test_faults\n"
        # A shell makes what it runs in the background ignore Ctrl+C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"test_faults.{program.__name__}(*sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def check_that_it_ended_by_an_interrupt(process: subprocess.Popen[str]) -> None:
    """As every Python program that does not catch it, with a traceback that shows no secret."""
    output, errors = process.communicate()
    assert process.returncode == -signal.SIGINT, errors
    assert errors.startswith("Traceback (most recent call last):\n"), errors
    assert errors.endswith("\nKeyboardInterrupt\n"), errors
    assert "canary" not in output + errors
    assert "panicked" not in errors


def test_ctrl_c_while_requests_are_signed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(4 * MEGABYTE))
    headers = []
    with started(sign_until_interrupted, str(file)) as process:
        for number in range(10 * len(METHODS)):
            assert line_of(process) == "ready\n"
            time.sleep(0.002 + number * 3e-4)
            process.send_signal(signal.SIGINT)
            headers.append(line_of(process).rstrip("\n"))
        assert process.communicate() == ("", "")
    assert process.returncode == 0
    check_signatures(headers)


def sign_until_interrupted(path: str) -> None:
    for _, method in itertools.product(range(10), METHODS):
        sign_until(partial(print, "ready", flush=True), method, path)


@pytest.mark.parametrize("method", WORK)
def test_ctrl_c_ends_a_program_that_signs(method: str) -> None:
    with started(sign_without_end, method) as process:
        assert line_of(process) == "ready\n"
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        check_that_it_ended_by_an_interrupt(process)


def sign_without_end(method: str) -> None:
    client = client_of(method)
    print("ready", flush=True)
    while True:
        with contextlib.suppress(ValueError):
            WORK[method](client)


class SlowServer(FaultyServer):
    """Sends `start` of an answer and Ctrl+C; the `patience`-th request gets a whole answer."""

    def __init__(self, start: bytes, patience: int) -> None:
        super().__init__(self._respond)
        self.program: subprocess.Popen[str] | None = None
        self._start, self._patience = start, patience

    def _respond(self, connection: socket.socket) -> None:
        if len(self.requests) == self._patience:
            connection.sendall(WHOLE)
            return
        connection.sendall(self._start)
        time.sleep(0.05)  # so that this is read, and more is waited for
        assert self.program
        self.program.send_signal(signal.SIGINT)
        assert connection.recv(1) == b"", "the connection is left open"


SLOW = {
    "no answer": b"",
    "a part of the headers": WHOLE[:24],
    "a part of the body": WHOLE[:-1],
    "a part of the chunks": CHUNKED + CHUNK,
}


@pytest.mark.parametrize("start", SLOW)
@pytest.mark.parametrize("session_class", SESSIONS)
def test_ctrl_c_while_a_token_is_waited_for(session_class: type[OAuth1Session], start: str) -> None:
    """It is caught: the connection is closed, the credentials are whole, the session goes on."""
    server = SlowServer(SLOW[start], patience=3)
    arguments = (str(SESSIONS.index(session_class)), server.url)
    with server, started(fetch_until_interrupted, *arguments) as process:
        server.program = process
        assert process.communicate() == ("interrupted\ninterrupted\nfetched\n", "")
    assert process.returncode == 0
    assert len(set(server.nonces())) == 3


def fetch_until_interrupted(session_class: str, url: str) -> None:
    session = session_that_holds(SESSIONS[int(session_class)])
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt) as caught:
            session.fetch_access_token(f"{url}/token")
        check_error(caught.value)
        check_nothing_is_lost(session)
        print("interrupted")
    session.fetch_access_token(f"{url}/token")
    assert session.token == {"oauth_token": "new", "oauth_token_secret": "canary new"}
    print("fetched")


@pytest.mark.parametrize("start", SLOW)
def test_ctrl_c_ends_a_program_that_waits_for_a_token(start: str) -> None:
    server = SlowServer(SLOW[start], patience=2)
    with server, started(fetch_once, server.url) as process:
        server.program = process
        check_that_it_ended_by_an_interrupt(process)
    assert len(server.requests) == 1


def fetch_once(url: str) -> None:
    session_that_holds().fetch_access_token(f"{url}/token")


# --- Many at once ---------------------------------------------------------------------------------


def test_ten_thousand_signatures_by_threads() -> None:
    auth = OAuth1("unused")
    auth.client = client_of("HMAC-SHA1")
    requested = requests.Request("GET", URL).prepare()

    def sign(_: int) -> str:
        return str(auth(requested.copy()).headers["Authorization"])

    with ThreadPoolExecutor(32) as pool:
        headers = list(pool.map(sign, range(10_000)))
    assert len(headers) == 10_000
    check_signatures(headers)


def test_ten_thousand_signatures_by_asyncio() -> None:
    client = client_of("HMAC-SHA256")

    async def sign_all() -> list[str]:
        signing = [asyncio.to_thread(authorization, client) for _ in range(10_000)]
        return await asyncio.gather(*signing)

    headers = asyncio.run(sign_all())
    assert len(headers) == 10_000
    check_signatures(headers)
