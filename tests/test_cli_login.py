"""`oauth1-rs login`: the three legs with a provider on loopback, and what is kept of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from browser import decide
from command import FILE_KEYRING, TESTS, Command
from oauth1_rs._cli.loopback import ALLOWED, CallbackServer
from provider import Provider
from wire_server import Answer, WireServer

PAGE = r"(http://\S+/authorize\?\S+)"
WAITING = r"Waiting for the browser at (\S+);"
# A page is whole without scripts, images and fonts.
FOREIGN = re.compile(r"<script|<img|<link|<iframe|@import|url\(|https?://|\bon\w+=", re.IGNORECASE)


def urls(origin: str) -> list[str]:
    return [
        "--request-token-url",
        f"{origin}/request_token",
        "--authorize-url",
        f"{origin}/authorize",
        "--access-token-url",
        f"{origin}/access_token",
    ]


def client(provider: Provider) -> dict[str, str]:
    return {
        "OAUTH1_CLIENT_KEY": provider.client_key,
        "OAUTH1_CLIENT_SECRET": provider.client_secret,
    }


@pytest.fixture
def begin(command: Command, provider: Provider) -> Callable[..., Any]:
    """Start a login."""

    def start(*words: str, **environment: str) -> Any:
        return command.start(
            "login",
            "--no-browser",
            *urls(provider.url),
            *words,
            environment={**client(provider), **environment},
        )

    return start


def secrets_of(command: Command, name: str) -> list[str]:
    stored = json.loads((command.profiles / f"{name}.json").read_text())
    return [stored["secrets"]["token_secret"], stored["secrets"]["client_secret"]]


def check_page(answer: requests.Response, title: str) -> None:
    """What holds for every page: it is whole, nobody keeps it, and it tells nothing."""
    assert f"<h1>{title}</h1>" in answer.text
    assert f"<title>{title} - oauth1-rs</title>" in answer.text
    assert '<html lang="en">' in answer.text
    assert not FOREIGN.search(answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for _, value in parse_qsl(urlsplit(answer.url).query):
        assert value not in answer.text


def test_a_user_allows(command: Command, provider: Provider, begin: Callable[..., Any]) -> None:
    process = begin("--profile", "example")
    callback = decide(command.said(PAGE))
    assert callback.startswith(command.said(WAITING) + "?")
    answer = requests.get(callback)
    assert answer.status_code == 200
    check_page(answer, "Access is allowed")
    done = command.ended(process)
    assert done.code == 0, done.messages
    assert done.output == ""
    steps = re.findall(r"^\d/3 ", done.messages, re.MULTILINE)
    assert steps == ["1/3 ", "2/3 ", "3/3 "]
    assert [record.accepted for record in provider.records] == [True] * 4
    for secret in [*secrets_of(command, "example"), callback.partition("oauth_verifier=")[2]]:
        assert secret not in done.messages

    # It is over: nobody listens any more.
    with pytest.raises(requests.ConnectionError):
        requests.get(callback)
    sent = command("request", "--profile", "example", "GET", f"{provider.url}/resource")
    assert sent.json()["method"] == "GET"


def test_the_profile_is_the_users_alone(command: Command, begin: Callable[..., Any]) -> None:
    before = os.umask(0)  # which the command has from here, and which takes no right from anybody
    try:
        process = begin("--profile", "example")
    finally:
        os.umask(before)
    requests.get(decide(command.said(PAGE)))
    done = command.ended(process)
    path = command.profiles / "example.json"
    assert f"No keyring can be used: the secrets are in {path}" in done.messages
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [it.name for it in path.parent.iterdir()] == ["example.json"]


def test_a_user_denies(command: Command, begin: Callable[..., Any]) -> None:
    process = begin()
    answer = requests.get(decide(command.said(PAGE), "deny"))
    assert answer.status_code == 403
    check_page(answer, "Access was denied")
    done = command.ended(process)
    assert done.code == 1
    assert "denied the authorization" in done.messages
    assert list(command.profiles.iterdir()) == []


def test_others_do_not_end_the_login(command: Command, begin: Callable[..., Any]) -> None:
    """Whatever a page in the browser asks of this port, the login waits for its own."""
    process = begin("--profile", "example")
    callback = command.said(WAITING)
    origin = callback.removesuffix("/callback")
    check_page(requests.get(f"{origin}/favicon.ico"), "There is nothing here")
    for path in ("/", "/callback/", "/callback/x"):
        assert requests.get(origin + path).status_code == 404
    for query in ("", "?oauth_verifier=guessed", "?oauth_token=f0reign&oauth_verifier=guessed"):
        answer = requests.get(callback + query)
        assert answer.status_code == 400
        check_page(answer, "This is not the page that was waited for")
    for method in ("POST", "HEAD", "PUT", "OPTIONS"):
        answer = requests.request(method, f"{callback}?oauth_token=f0reign")
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET"
        assert "Access-Control-Allow-Origin" not in answer.headers
    named = requests.get(callback, headers={"Host": "evil.example.com"})
    assert named.status_code == 404
    port = urlsplit(callback).port
    assert port
    with socket.create_connection(("127.0.0.1", port)) as idle:  # as browsers open in advance
        with socket.create_connection(("127.0.0.1", port)) as broken:
            broken.sendall(b"nonsense\r\n\r\n")
            page = b"".join(iter(lambda: broken.recv(1000), b""))
            assert b"<h1>This cannot be read</h1>" in page
        final = decide(command.said(PAGE))
        assert requests.get(final).status_code == 200
        assert idle
    done = command.ended(process)
    assert done.code == 0
    assert done.messages.count("belongs to another login") == 3


def test_a_page_that_is_asked_for_twice(command: Command, begin: Callable[..., Any]) -> None:
    """Some browsers fetch a page before they show it."""
    process = begin("--profile", "example")
    callback = decide(command.said(PAGE))
    with ThreadPoolExecutor() as both:
        answers = list(both.map(requests.get, [callback, callback]))
    assert command.ended(process).code == 0
    for answer in answers:
        check_page(answer, "Access is allowed")


def test_a_page_that_is_asked_for_without_end_holds_nothing() -> None:
    """Any page in the browser can do that. Who asks again for a moment sees the same page."""
    asked = threading.Event()

    def ask(url: str) -> None:
        with contextlib.suppress(requests.RequestException):
            while True:
                check_page(requests.get(url, timeout=5), "Access is allowed")
                asked.set()

    with ThreadPoolExecutor() as others:
        with CallbackServer() as server:
            for _ in range(3):
                others.submit(ask, server.url)
            visit = server.wait(5)
            assert visit is not None
            visit.answer(ALLOWED)
            start = time.monotonic()
        assert time.monotonic() - start < 3
    assert asked.is_set()


def test_a_connection_that_is_dropped_is_not_spoken_of(
    command: Command, begin: Callable[..., Any]
) -> None:
    process = begin()
    address = urlsplit(command.said(WAITING))
    for text in (b"", b"GET /callback?x=1 HTTP/1.1\r\nHost: "):
        with socket.create_connection(("127.0.0.1", address.port or 0), 5) as connection:
            connection.sendall(text)
            linger = struct.pack("ii", 1, 0)  # reset, not closed
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    requests.get(decide(command.said(PAGE)))
    done = command.ended(process)
    assert done.code == 0
    assert "Traceback" not in done.messages


def test_it_listens_on_this_machine_alone(command: Command, begin: Callable[..., Any]) -> None:
    begin()
    port = urlsplit(command.said(WAITING)).port
    table = (
        Path("/proc/net/tcp").read_text().splitlines()
        + Path("/proc/net/tcp6").read_text().splitlines()
    )
    addresses = {line.split()[1] for line in table if line.split()[1].endswith(f":{port:04X}")}
    assert addresses == {f"0100007F:{port:04X}"}


def test_the_token_is_refused(command: Command, begin: Callable[..., Any]) -> None:
    """The page does not say that all went well."""
    process = begin()
    callback = decide(command.said(PAGE))
    answer = requests.get(callback.partition("oauth_verifier=")[0] + "oauth_verifier=guessed")
    assert answer.status_code == 502
    check_page(answer, "Something went wrong")
    done = command.ended(process)
    assert done.code == 1
    assert "the provider refused the token request" in done.messages
    assert list(command.profiles.iterdir()) == []


def test_a_callback_without_a_verifier(command: Command, begin: Callable[..., Any]) -> None:
    process = begin()
    callback = decide(command.said(PAGE))
    answer = requests.get(re.sub(r"[?&]oauth_verifier=[^&]*", "", callback))
    check_page(answer, "Something went wrong")
    done = command.ended(process)
    assert done.code == 1
    assert "there is no verifier" in done.messages
    assert "with --no-verifier" in done.messages


def test_a_port_of_ones_own(command: Command, begin: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.listen()
        done = command.ended(begin("--port", str(port)))
        assert done.code == 2
        assert f"port {port} cannot be used" in done.messages
    process = begin("--port", str(port))
    assert command.said(WAITING) == f"http://127.0.0.1:{port}/callback"
    requests.get(decide(command.said(PAGE)))
    assert command.ended(process).code == 0


def test_the_code_of_the_page(command: Command, provider: Provider) -> None:
    process = command.start(
        "login",
        "--no-browser",
        "--oob",
        "--profile",
        "example",
        "--output",
        "json",
        *urls(provider.url),
        environment=client(provider),
    )
    page = command.said(PAGE)
    token = dict(parse_qsl(urlsplit(page).query))["oauth_token"]
    shown = requests.post(
        f"{provider.url}/authorize", data={"oauth_token": token, "decision": "allow"}
    )
    [code] = re.findall(r'id="verifier">(.*?)<', shown.text)
    assert process.stdin
    process.stdin.write(f" {code} \n".encode())
    process.stdin.flush()
    done = command.ended(process)
    assert done.code == 0, done.messages
    assert done.json() == {
        "profile": "example",
        "store": "file",
        "other_parameters": ["oauth_authorized_realms"],
    }
    assert "Waiting" not in done.messages


def test_it_opens_the_browser(command: Command, provider: Provider) -> None:
    """One that prints: that is not for standard output."""
    browser = command.home / "browser"
    browser.write_text(
        f"#!/bin/sh\necho The browser prints\nexec {sys.executable} {TESTS / 'browser.py'} $1\n"
    )
    browser.chmod(0o755)
    done = command(
        "login",
        "--profile",
        "example",
        "--output",
        "json",
        *urls(provider.url),
        environment={**client(provider), "BROWSER": f"{browser} %s"},
    )
    assert done.code == 0, done.messages
    assert done.json()["profile"] == "example"
    assert "The browser prints" in done.messages
    assert re.search(PAGE, done.messages)


@pytest.mark.parametrize("words", [[], ["--oob"]])
def test_it_waits_no_longer_than_it_is_told(
    command: Command, begin: Callable[..., Any], words: list[str]
) -> None:
    start = time.monotonic()
    done = command.ended_without_input(begin("--timeout", "2", *words))
    assert done.code == 3
    assert "see --timeout" in done.messages
    assert time.monotonic() - start < 20


def test_a_provider_that_never_ends(command: Command, server: WireServer) -> None:
    """A byte now and then keeps requests waiting, but not the login."""

    def endless() -> Iterator[bytes]:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            yield b"x"
            time.sleep(0.05)

    server.answers["/request_token"] = lambda _: Answer(endless())
    done = command(
        "login",
        "--timeout",
        "1",
        "--no-browser",
        *urls(server.url),
        environment={"OAUTH1_CLIENT_KEY": "k", "OAUTH1_CLIENT_SECRET": "s"},
    )
    assert done.code == 3
    assert "the request token: that took too long" in done.messages


def test_an_interrupted_login(command: Command, begin: Callable[..., Any]) -> None:
    process = begin("--profile", "example")
    command.said(WAITING)
    process.send_signal(signal.SIGINT)
    done = command.ended(process)
    assert done.code == 130
    assert done.messages.endswith("Interrupted.\n")
    assert list(command.profiles.iterdir()) == []


def test_a_login_that_is_interrupted_at_the_question(
    command: Command, begin: Callable[..., Any]
) -> None:
    """While a thread reads the code: Python cannot end in peace then."""
    process = begin("--oob")
    command.said("(Code:)")
    process.send_signal(signal.SIGINT)
    done = command.ended_without_input(process)
    assert done.code == 130
    assert done.messages.endswith("Interrupted.\n")


@pytest.mark.parametrize(
    ("words", "question", "missing"),
    [
        (["--oob"], "Code:", "there is no code, which the page shows"),
        (["--oob", "--no-verifier"], "Press Enter", "nobody said that access is allowed"),
    ],
)
def test_the_input_ends_at_the_question(
    command: Command,
    provider: Provider,
    begin: Callable[..., Any],
    words: list[str],
    question: str,
    missing: str,
) -> None:
    """Nobody pressed Ctrl-C, and the message has a line of its own."""
    process = begin(*words)
    command.said(f"({question})")
    done = command.ended(process)
    assert done.code == 4
    assert f"\nError: the input ended: {missing}" in done.messages
    assert "Interrupted" not in done.messages
    assert len(provider.records) == 1  # no token was asked for


def test_a_wrong_client_secret(command: Command, begin: Callable[..., Any]) -> None:
    done = command.ended(begin(OAUTH1_CLIENT_SECRET="wrong secret"))
    assert done.code == 1
    assert "the provider refused the token request (status 401" in done.messages
    assert "wrong secret" not in done.messages


def test_a_provider_that_is_not_there(command: Command) -> None:
    done = command(
        "login",
        "--no-browser",
        *urls("http://127.0.0.1:9"),
        environment={"OAUTH1_CLIENT_KEY": "k", "OAUTH1_CLIENT_SECRET": "s"},
    )
    assert done.code == 3
    assert "the server cannot be reached" in done.messages


def test_without_a_terminal_nobody_is_asked(command: Command) -> None:
    done = command("login", *urls("http://127.0.0.1:9"), environment={"OAUTH1_CLIENT_KEY": "k"})
    assert done.code == 4
    assert "there is no client_secret" in done.messages


def test_a_provider_without_verifier_and_confirmation(command: Command, server: WireServer) -> None:
    """OAuth 1.0: what differs is said by options. No answer changes who the client is."""
    server.answers["/request_token"] = Answer(b"oauth_token=t&oauth_token_secret=s")
    server.answers["/access_token"] = Answer(
        b"oauth_token=u&oauth_token_secret=v&user=w&client_key=x&client_secret=x&token=x"
        b"&token_secret=x&rsa_key_passphrase=x"
    )
    process = command.start(
        "login",
        "--no-browser",
        "--no-verifier",
        "--unconfirmed",
        "--token-method",
        "get",
        "--authorize-parameter",
        "perms=a b",
        *urls(server.url),
        environment={"OAUTH1_CLIENT_KEY": "k", "OAUTH1_CLIENT_SECRET": ""},
    )
    assert command.said(PAGE) == f"{server.url}/authorize?perms=a%20b&oauth_token=t"
    assert requests.get(f"{command.said(WAITING)}?oauth_token=t").status_code == 200
    done = command.ended(process)
    assert done.code == 0, done.messages
    assert [request.method for request in server.requests] == ["GET", "GET"]
    stored = json.loads((command.profiles / "default.json").read_text())
    assert stored["client_key"] == "k"
    assert stored["secrets"] == {
        "client_secret": "",
        "token": "u",
        "token_secret": "v",
        "user": "w",
    }


# --- Where profiles are kept ----------------------------------------------------------------------

SECRETS = {
    "OAUTH1_CLIENT_KEY": "client key",
    "OAUTH1_CLIENT_SECRET": "client secret",
    "OAUTH1_TOKEN": "token",
    "OAUTH1_TOKEN_SECRET": "token secret",
}


def test_a_keyring_has_the_secrets(command: Command, server: WireServer) -> None:
    kept = command.home / "keyring.json"
    keyring = {"PYTHON_KEYRING_BACKEND": FILE_KEYRING, "KEYRING_FILE": str(kept)}
    done = command("profiles", "add", "example", environment={**SECRETS, **keyring})
    assert done.code == 0, done.messages
    assert "No keyring can be used" not in done.messages
    assert "secret" not in (command.profiles / "example.json").read_text()
    [(name, text)] = json.loads(kept.read_text()).items()
    assert name == "oauth1-rs/example"
    assert json.loads(text)["token_secret"] == "token secret"
    words = ["request", "--profile", "example", "GET", f"{server.url}/"]
    assert command(*words, environment=keyring).code == 0

    without = command(*words)
    assert without.code == 4
    assert "the keyring has no secrets" in without.messages or "keyring cannot" in without.messages
    (command.home / "locked").touch()
    locked = command(*words, environment=keyring)
    assert locked.code == 4
    assert "the keyring cannot be used: it is locked" in locked.messages
    (command.home / "locked").unlink()
    assert command("profiles", "remove", "example", environment=keyring).code == 0
    assert json.loads(kept.read_text()) == {}
    assert list(command.profiles.iterdir()) == []


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", FILE_KEYRING])
def test_a_keyring_that_keeps_nothing_is_none(command: Command, backend: str) -> None:
    (command.home / "locked").touch()
    keyring = {"PYTHON_KEYRING_BACKEND": backend, "KEYRING_FILE": str(command.home / "k")}
    done = command("profiles", "add", "example", environment={**SECRETS, **keyring})
    assert "No keyring can be used" in done.messages
    assert "token secret" in (command.profiles / "example.json").read_text()


def test_a_keyring_keeps_nothing_of_what_is_elsewhere(command: Command) -> None:
    """A profile that a broken keyring did not take is in the file alone."""
    kept = command.home / "keyring.json"
    environment = {**SECRETS, "PYTHON_KEYRING_BACKEND": FILE_KEYRING, "KEYRING_FILE": str(kept)}
    assert command("profiles", "add", "example", environment=environment).code == 0
    assert "token secret" in kept.read_text()
    (command.home / "broken").touch()
    done = command("profiles", "add", "example", environment=environment)
    assert (done.code, "No keyring can be used" in done.messages) == (0, True)
    assert json.loads(kept.read_text()) == {}
    kept.write_text('{"oauth1-rs/example": "{}"}')
    assert command("profiles", "remove", "example", environment=environment).code == 0
    assert json.loads(kept.read_text()) == {}


@pytest.mark.parametrize("content", ["garbage", "[]", '{"token": 1}', "[" * 5000])
def test_what_a_keyring_has_is_looked_at(command: Command, content: str) -> None:
    kept = command.home / "keyring.json"
    environment = {**SECRETS, "PYTHON_KEYRING_BACKEND": FILE_KEYRING, "KEYRING_FILE": str(kept)}
    assert command("profiles", "add", "example", environment=environment).code == 0
    kept.write_text(json.dumps({"oauth1-rs/example": content}))
    done = command("profiles", "show", "example", environment=environment)
    assert done.code == 4
    assert "is not what was stored" in done.messages


@pytest.mark.parametrize("backend", ["nope.Nope", "nodot", "os.path"])
def test_a_backend_that_is_none(command: Command, backend: str) -> None:
    done = command(
        "profiles", "add", "a", environment={**SECRETS, "PYTHON_KEYRING_BACKEND": backend}
    )
    assert (done.code, "No keyring can be used" in done.messages) == (0, True)
    path = command.profiles / "a.json"
    path.write_text(path.read_text().replace('"store": "file"', '"store": "keyring"'))
    done = command("profiles", "show", "a", environment={"PYTHON_KEYRING_BACKEND": backend})
    assert (done.code, "the keyring cannot be used" in done.messages) == (4, True)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_can_read_is_refused(command: Command, mode: int) -> None:
    command("profiles", "add", "example", environment=SECRETS)
    path = command.profiles / "example.json"
    path.chmod(mode)
    done = command("request", "--profile", "example", "GET", "http://a/")
    assert done.code == 4
    assert f"others may use {path} (its mode is {mode:o})" in done.messages
    assert "chmod 600" in done.messages


def test_a_folder_that_others_can_write_is_refused(command: Command) -> None:
    command("profiles", "add", "example", environment=SECRETS)
    command.profiles.chmod(0o770)
    for words in (["profiles", "show", "example"], ["profiles", "add", "other"]):
        done = command(*words, environment=SECRETS)
        assert done.code == 4
        assert "chmod 700" in done.messages


def test_a_login_that_could_not_be_kept_does_not_begin(
    command: Command, provider: Provider
) -> None:
    command("profiles", "add", "example", environment=SECRETS)
    command.profiles.chmod(0o770)
    done = command("login", *urls(provider.url), environment=client(provider))
    assert done.code == 4
    assert "chmod 700" in done.messages
    assert provider.records == []


def test_a_profile_that_cannot_be_read_hides_no_others(command: Command) -> None:
    for name in ("a", "b"):
        command("profiles", "add", name, environment=SECRETS)
    (command.profiles / "a.json").chmod(0o644)
    done = command("profiles", "list", "--output", "json")
    assert [it["name"] for it in done.json()] == ["b"]
    assert "others may use" in done.messages


def test_a_link_is_not_followed(command: Command) -> None:
    command("profiles", "add", "example", environment=SECRETS)
    (command.profiles / "link.json").symlink_to(command.profiles / "example.json")
    done = command("profiles", "show", "link")
    assert done.code == 4
    assert "the profile cannot be read" in done.messages


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "{",
        lambda _: "[]",
        lambda _: "{}",
        lambda _: "[" * 100_000,
        lambda text: text.replace('"version": 1,', ""),
        lambda text: text.replace('"version": 1', '"version": 0'),
        lambda text: text.replace('"version": 1', '"version": "1"'),
        lambda text: text.replace('"version": 1', '"version": null'),
        lambda text: text.replace('"version": 1', '"version": NaN'),
        lambda text: text.replace('"client key"', "1"),
        lambda text: text.replace('"token"', "[]", 1),
        lambda text: text.replace('"settings": {}', '"settings": 1'),
        lambda text: text.replace('"settings": {}', '"settings": {"rsa_key": 1}'),
        lambda text: text.replace('"settings": {}', '"settings": {"verify": false}'),
        lambda text: text.replace('"origins": []', '"origins": 1'),
        lambda text: text.replace('"origins": []', '"origins": [1]'),
        lambda text: text.replace('"store": "file"', '"store": null'),
    ],
)
def test_what_is_no_profile(command: Command, change: Callable[[str], str]) -> None:
    command("profiles", "add", "example", environment=SECRETS)
    path = command.profiles / "example.json"
    path.write_text(change(path.read_text()))
    assert command("profiles", "list").code == 0
    done = command("profiles", "show", "example")
    assert done.code == 4
    assert "is no profile: remove it and log in again" in done.messages


def test_a_profile_of_a_newer_version_is_not_read(command: Command) -> None:
    """What it says may mean something else."""
    command("profiles", "add", "example", environment=SECRETS)
    path = command.profiles / "example.json"
    newer = path.read_text().replace('"version": 1', '"version": 2')
    path.write_text(newer)
    for words in (
        ["profiles", "show", "example"],
        ["profiles", "allow", "example", "http://a/"],
        ["profiles", "add", "example"],
        ["request", "--profile", "example", "GET", "http://127.0.0.1:9/"],
    ):
        done = command(*words, environment=SECRETS if "add" in words else {})
        assert done.code == 4
        assert f"a newer oauth1-rs wrote {path} (its version is 2)" in done.messages
    assert path.read_text() == newer
    assert command("profiles", "remove", "example").code == 0
    assert not path.exists()


def test_a_profile_that_cannot_be_read_can_be_replaced_and_removed(command: Command) -> None:
    command("profiles", "add", "example", environment=SECRETS)
    path = command.profiles / "example.json"
    for words in (["profiles", "add", "example"], ["profiles", "remove", "example"]):
        path.write_text("{")
        assert command(*words, environment=SECRETS).code == 0
    assert not path.exists()
    os.mkfifo(path, 0o600)
    assert "is no profile" in command("profiles", "show", "example").messages
    assert "there is no profile" in command("profiles", "remove", "another").messages


def test_a_profile_is_written_whole_or_not_at_all(command: Command) -> None:
    """The old one stays if there is no room for the new one, and nothing else is left."""
    kept = command.home / "keyring.json"
    keyring = {"PYTHON_KEYRING_BACKEND": FILE_KEYRING, "KEYRING_FILE": str(kept)}
    command("profiles", "add", "example", environment={**SECRETS, **keyring})
    before = (command.profiles / "example.json").read_bytes()
    kept_before = kept.read_bytes()
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (250, 250));"
        "sys.argv = ['oauth1-rs', 'profiles', 'add', 'example'];"
        "from oauth1_rs.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={
            **command.environment,
            **keyring,
            **SECRETS,
            "OAUTH1_CLIENT_KEY": "k" * 300,
            "OAUTH1_TOKEN": "t",
        },
    )
    assert done.returncode == 4, done.stderr
    assert "the profile cannot be written" in done.stderr
    assert kept.read_bytes() == kept_before
    assert (command.profiles / "example.json").read_bytes() == before
    assert [it.name for it in command.profiles.iterdir()] == ["example.json"]


def test_no_secret_is_in_a_command_line_or_the_environment_of_others(
    command: Command, begin: Callable[..., Any]
) -> None:
    """What `ps` shows of a login that waits: the client secret is not in its arguments."""
    process = begin()
    command.said(WAITING)
    assert b"kd94hf93k423kf44" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("oauth_problem=user_refused&oauth_token=f0reign", "(oauth_problem 'user_refused')"),
        ("oauth_problem=permission_denied", "(oauth_problem 'permission_denied')"),
        ("oauth_problem=%1b%5b31m", "(oauth_problem '\\x1b[31m')"),
        ("denied=f0reign", "denied the authorization. "),
        ("denied", "denied the authorization. "),
        ("denied=f0reign&oauth_token=f0reign", "denied the authorization. "),
    ],
)
def test_a_denial_without_the_token_of_this_login_does_not_end_it(
    command: Command, begin: Callable[..., Any], query: str, seen: str
) -> None:
    """Any page in the browser could deny otherwise. Who did so on purpose learns what to do."""
    process = begin("--profile", "example")
    answer = requests.get(f"{command.said(WAITING)}?{query}")
    assert answer.status_code == 400
    check_page(answer, "Was access denied?")
    assert "press Ctrl-C" in answer.text
    requests.get(decide(command.said(PAGE)))
    done = command.ended(process)
    assert done.code == 0
    assert seen in done.messages
    assert "still waiting. If you denied access, press Ctrl-C." in done.messages


@pytest.mark.parametrize(
    "query",
    ["denied={}", "oauth_problem=user_refused&oauth_token={}", "denied=yes&oauth_token={}"],
)
def test_a_denial_with_the_token_of_this_login_ends_it(
    command: Command, begin: Callable[..., Any], query: str
) -> None:
    """The first is how X has it."""
    process = begin()
    token = dict(parse_qsl(urlsplit(command.said(PAGE)).query))["oauth_token"]
    answer = requests.get(f"{command.said(WAITING)}?{query.format(token)}")
    assert answer.status_code == 403
    check_page(answer, "Access was denied")
    assert command.ended(process).code == 1


def test_who_denied_without_a_token_can_end_the_login(
    command: Command, begin: Callable[..., Any]
) -> None:
    process = begin()
    requests.get(f"{command.said(WAITING)}?oauth_problem=user_refused")
    process.send_signal(signal.SIGINT)
    assert command.ended(process).code == 130
