"""Settings are written while other threads sign: every signature belongs to one written state.

And what runs while the client is at work, a callable setting or a value's ``__del__``, may use
that client.
"""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from oauth1_rs import Client, OAuth1
from verifier import SIGNATURE_METHODS, Verdict, WireRequest, verify

URL = "https://example.com/photos?size=original"
SIGNATURES = 1_000  # at least, by each thread that signs
WRITES = 10  # by each thread that writes, before those that sign stop
MANY = 10_000  # signatures: enough, whatever the scheduler does

CLIENT_SECRETS = [f"client secret {number}" for number in range(7)]
TOKENS = [f"token {number}" for number in range(5)]
TOKEN_SECRETS = [f"token secret {number}" for number in range(5)]

Sign = Callable[[], str]
Write = Callable[[], None]


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    """So that they meet in the middle of things; the usual 5 ms are a thousand signatures."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def signing_with_client(client: Client) -> Sign:
    return lambda: str(client.sign(URL)[1]["Authorization"])


def signing_with_oauth1(auth: OAuth1) -> Sign:
    prepared = requests.Request("GET", URL).prepare()
    return lambda: str(auth(prepared).headers["Authorization"])


def writing(client: Client, name: str, value: str | None) -> Write:
    """Sets or deletes a setting that nobody else writes."""

    def write() -> None:
        if value is None:
            delattr(client, name)
        else:
            setattr(client, name, value)
        # The write of another setting by another thread must not undo it.
        assert getattr(client, name) == value

    return write


def signed_meanwhile(signers: list[Sign], writers: list[list[Write]]) -> list[str]:
    """The headers that the signers make, each in a thread, while more threads write in turn."""
    done = threading.Event()
    have_written = [threading.Event() for _ in writers]

    def keep_signing(sign: Sign) -> list[str]:
        headers: list[str] = []
        while len(headers) < SIGNATURES or (
            len(headers) < MANY and not all(event.is_set() for event in have_written)
        ):
            headers.append(sign())
        return headers

    def keep_writing(writes: list[Write], event: threading.Event) -> None:
        for count, write in enumerate(itertools.cycle(writes)):
            if done.is_set():
                break
            if count == WRITES:
                event.set()
            write()
            time.sleep(0)  # the others' turn

    with ThreadPoolExecutor(len(signers) + len(writers)) as pool:
        writers_at_work = [
            pool.submit(keep_writing, writes, event)
            for writes, event in zip(writers, have_written, strict=True)
        ]
        signers_at_work = [pool.submit(keep_signing, sign) for sign in signers]
        try:
            headers = [header for signer in signers_at_work for header in signer.result()]
        finally:
            done.set()
        for writer in writers_at_work:
            writer.result()
    return headers


def request_with(authorization: str) -> WireRequest:
    return WireRequest.from_url("GET", URL, {"Authorization": authorization})


def secrets_of(authorization: str) -> tuple[Verdict, str, str]:
    """What was signed, and the one pair of written secrets that it was signed with."""
    verdict = verify(request_with(authorization), "")
    method = verdict.parameters[b"oauth_signature_method"].decode()
    pairs = [
        (client_secret, token_secret)
        for client_secret, token_secret in itertools.product(CLIENT_SECRETS, TOKEN_SECRETS)
        if SIGNATURE_METHODS[method](verdict.base_string, client_secret, token_secret).encode()
        == verdict.parameters[b"oauth_signature"]
    ]
    assert len(pairs) == 1, f"signed with {len(pairs)} of the states: {authorization}"
    return verdict, *pairs[0]


def test_every_signature_belongs_to_one_written_state() -> None:
    client = Client("client", CLIENT_SECRETS[-1], TOKENS[-1], TOKEN_SECRETS[-1])
    auth = OAuth1("unused")
    auth.client = client

    token_settings = ["resource_owner_key", "resource_owner_secret"]

    headers = signed_meanwhile(
        [*[signing_with_client(client)] * 2, *[signing_with_oauth1(auth) for _ in range(2)]],
        [
            [writing(client, "client_secret", secret) for secret in CLIENT_SECRETS],
            [
                writing(client, setting, text)
                for token in zip(TOKENS, TOKEN_SECRETS, strict=True)
                for setting, text in zip(token_settings, token, strict=True)
            ],
        ],
    )

    states = set()
    for header in headers:
        verdict, client_secret, token_secret = secrets_of(header)
        token = TOKENS.index(verdict.parameters[b"oauth_token"].decode())
        # Two writes are not one: a token is there with its secret or with the one before. With
        # any other it never was, and who reads them one by one would find it so.
        assert TOKEN_SECRETS.index(token_secret) in {token, (token - 1) % len(TOKENS)}
        states.add((client_secret, token, token_secret))
    assert len(states) > 1, "the threads did not meet: this proves nothing"


def test_settings_that_are_written_at_once_are_signed_with_at_once() -> None:
    client = Client("client", CLIENT_SECRETS[0], TOKENS[0], TOKEN_SECRETS[0])

    headers = signed_meanwhile(
        [signing_with_client(client)] * 4,
        [
            [
                functools.partial(
                    client._replace, resource_owner_key=token, resource_owner_secret=secret
                )
                for token, secret in zip(TOKENS, TOKEN_SECRETS, strict=True)
            ]
        ]
        * 2,
    )

    tokens = set()
    for header in headers:
        verdict, _, token_secret = secrets_of(header)
        token = verdict.parameters[b"oauth_token"].decode()
        assert TOKENS.index(token) == TOKEN_SECRETS.index(token_secret)
        tokens.add(token)
    assert len(tokens) > 1, "the threads did not meet: this proves nothing"


def test_a_write_holds_for_the_next_signature() -> None:
    client = Client("client", None, TOKENS[0], TOKEN_SECRETS[0])
    sign, secrets = signing_with_client(client), itertools.cycle(CLIENT_SECRETS)

    def write_and_sign() -> str:
        client.client_secret = next(secrets)
        return sign()

    headers = signed_meanwhile(
        [write_and_sign], [[writing(client, "resource_owner_key", token) for token in TOKENS]]
    )

    for header, secret in zip(headers, itertools.cycle(CLIENT_SECRETS), strict=False):
        assert secrets_of(header)[1:] == (secret, TOKEN_SECRETS[0])


def test_settings_may_be_deleted_while_others_sign() -> None:
    client = Client("client", CLIENT_SECRETS[0], TOKENS[0], TOKEN_SECRETS[0])

    headers = signed_meanwhile(
        [signing_with_client(client)] * 4,
        [
            [writing(client, "resource_owner_key", token) for token in (None, TOKENS[0])],
            [writing(client, "verifier", verifier) for verifier in ("verifier", None)],
        ],
    )

    states = set()
    for header in headers:
        verdict = verify(request_with(header), CLIENT_SECRETS[0], TOKEN_SECRETS[0])
        assert verdict.accepted, verdict.reason
        token = verdict.parameters.get(b"oauth_token", b"none")
        assert token in {TOKENS[0].encode(), b"none"}
        verifier = verdict.parameters.get(b"oauth_verifier", b"none")
        assert verifier in {b"verifier", b"none"}
        states.add((token, verifier))
    assert len(states) > 1, "the threads did not meet: this proves nothing"


def test_the_client_may_be_replaced_while_others_sign() -> None:
    clients = [Client(f"client {number}", secret) for number, secret in enumerate(CLIENT_SECRETS)]
    auth = OAuth1("unused")
    auth.client = clients[0]

    def replace_it_by_a_new_one() -> None:
        auth.client = Client("client 0", CLIENT_SECRETS[0])

    headers = signed_meanwhile(
        [signing_with_oauth1(auth) for _ in range(4)],
        [
            [functools.partial(setattr, auth, "client", client) for client in clients],
            [replace_it_by_a_new_one],
        ],
    )

    keys = set()
    for header in headers:
        verdict = verify(request_with(header), "")
        key = verdict.parameters[b"oauth_consumer_key"].decode()
        verdict = verify(request_with(header), CLIENT_SECRETS[int(key.removeprefix("client "))])
        assert verdict.accepted, verdict.reason
        keys.add(key)
    assert len(keys) > 1, "the threads did not meet: this proves nothing"


# --- Code that runs while the client is at work ---------------------------------------------------
#
# A deadlock would hold the interpreter's lock too, and nothing in that process could report it:
# each of these runs in a process of its own that is given up after a while.


def callables_use_the_client() -> None:
    def use_the_client(answer: str) -> Callable[[], str]:
        def use() -> str:
            number = CLIENT_SECRETS.index(str(client.client_secret))
            client.client_secret = CLIENT_SECRETS[number + 1]
            del client.callback_uri
            repr(client)
            nonce, client.nonce = client.nonce, "inner"
            timestamp, client.timestamp = client.timestamp, 1
            inner.append(str(client.sign(URL)[1]["Authorization"]))
            client.nonce, client.timestamp = nonce, timestamp
            return answer

        return use

    inner: list[str] = []
    client = Client("client", CLIENT_SECRETS[0], "token", TOKEN_SECRETS[0], "https://example.com/")
    client.nonce = use_the_client("outer")
    client.timestamp = use_the_client("137131202")
    auth = OAuth1("unused")
    auth.client = client

    for number, sign in enumerate([signing_with_client(client), signing_with_oauth1(auth)]):
        verdict, client_secret, _ = secrets_of(sign())
        # The settings of the beginning hold to the end; the next signature has the new ones.
        assert client_secret == CLIENT_SECRETS[2 * number]
        assert verdict.parameters[b"oauth_nonce"] == b"outer"
        assert (b"oauth_callback" in verdict.parameters) == (number == 0)
    assert [secrets_of(header)[1] for header in inner] == CLIENT_SECRETS[1:5]


def callables_replace_the_client() -> None:
    def replace() -> str:
        auth.client = Client("other", CLIENT_SECRETS[1], None, TOKEN_SECRETS[1])
        return "nonce"

    auth = OAuth1("client", CLIENT_SECRETS[0], None, TOKEN_SECRETS[0], nonce=replace)
    sign = signing_with_oauth1(auth)

    assert [secrets_of(sign())[1] for _ in range(2)] == CLIENT_SECRETS[:2]


def dropped_values_use_the_client() -> None:
    class Secret(str):
        __slots__ = ()

        def __del__(self) -> None:
            client._replace(verifier="verifier", callback_uri=None)
            auth.client = client
            signatures.append(auth(requests.Request("GET", URL).prepare()))

    signatures: list[requests.PreparedRequest] = []
    client = Client("client", CLIENT_SECRETS[0])
    auth = OAuth1("unused")

    client.client_secret = Secret("replaced")
    client.client_secret = CLIENT_SECRETS[0]
    assert len(signatures) == 1
    client.client_secret = Secret("deleted")
    del client.client_secret
    assert len(signatures) == 2
    client.client_secret = Secret("replaced with others")
    client._replace(client_secret=CLIENT_SECRETS[0], realm="realm")
    assert len(signatures) == 3
    client.client_secret = Secret("initialized again")
    client.__init__("client")  # type: ignore[misc]
    assert len(signatures) == 4
    client.client_secret = Secret("restored")
    client.__setstate__(Client("client").__getstate__())  # type: ignore[attr-defined]
    assert len(signatures) == 5


def dropped_clients_use_their_oauth1() -> None:
    class Dropped(Client):
        def __del__(self) -> None:
            keys.append(auth.client.client_key)
            auth.client = client
            auth.force_include_body = not auth.force_include_body

    keys: list[str] = []
    client = Client("client")
    auth = OAuth1("unused")

    auth.client = Dropped("replaced")
    auth.client = Client("next")
    assert auth.client is client
    auth.client = Dropped("initialized again")
    auth.__init__("next")  # type: ignore[misc]
    assert auth.client is client
    assert keys == ["next", "next"]


def dropped_values_meet_other_threads() -> None:
    class Secret(str):
        __slots__ = ()

        def __del__(self) -> None:
            client.verifier = str(client.client_key)

    client = Client("client", CLIENT_SECRETS[0])

    def write() -> None:
        client.client_secret = Secret(CLIENT_SECRETS[0])
        client.resource_owner_secret = Secret(TOKEN_SECRETS[0])

    sys.setswitchinterval(1e-5)
    headers = signed_meanwhile([signing_with_client(client)] * 4, [[write]] * 2)
    assert len(headers) >= 4 * SIGNATURES


@pytest.mark.parametrize(
    "program",
    [
        callables_use_the_client,
        callables_replace_the_client,
        dropped_values_use_the_client,
        dropped_clients_use_their_oauth1,
        dropped_values_meet_other_threads,
    ],
)
def test_no_deadlock_when(program: Callable[[], None]) -> None:
    code = f"import test_concurrency; test_concurrency.{program.__name__}()"

    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert result.stderr == "", "an exception in __del__ is only written there"
