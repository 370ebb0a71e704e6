"""The command `oauth1-rs`: what it prints, where, its exit codes, and that it shows no secret."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import rsa_keys
from command import SECONDS, Command
from oauth1_rs import providers
from oauth1_rs._cli.profiles import SETTINGS
from provider import Provider
from verifier import verify
from wire_server import Answer, WireServer

SECRETS = {
    "OAUTH1_CLIENT_KEY": "client key",
    "OAUTH1_CLIENT_SECRET": "client secret",
    "OAUTH1_TOKEN": "token",
    "OAUTH1_TOKEN_SECRET": "token secret",
}
PROFILE = {name.removeprefix("OAUTH1_").lower(): value for name, value in SECRETS.items()}
SHOWN = re.compile("client.?secret|token.?secret")


def accepted(server: WireServer, **settings: Any) -> bool:
    request = server.last
    return verify(request, "client secret", "token secret", **settings).accepted


def test_the_script_is_the_module() -> None:
    [script] = importlib.metadata.entry_points(group="console_scripts", name="oauth1-rs")
    assert script.value == "oauth1_rs.__main__:main"


def test_without_the_extra_it_says_what_to_install(command: Command) -> None:
    """In a Python that finds the package and requests, but not click."""
    code = (
        "import sys; sys.modules['click'] = None; sys.argv = ['oauth1-rs'];"
        "from oauth1_rs.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=command.environment,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "oauth1-rs: click is missing. Install what the command needs: "
        'pip install "oauth1-rs[cli]"\n'
    )
    assert done.stdout == ""


def test_the_package_imports_none_of_it() -> None:
    code = (
        "import sys, oauth1_rs; oauth1_rs.OAuth1Session;"
        "print([n for n in sys.modules if n in {'click', 'rich', 'keyring', 'oauth1_rs._cli',"
        " 'oauth1_rs.providers', 'webbrowser'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["login"],
        ["request"],
        ["curl"],
        ["sign"],
        ["explain"],
        ["diff"],
        ["profiles"],
        ["profiles", "list"],
        ["profiles", "show"],
        ["profiles", "add"],
        ["profiles", "allow"],
        ["profiles", "remove"],
        ["providers"],
    ],
)
def test_every_command_has_help_with_examples(command: Command, words: list[str]) -> None:
    done = command(*words, "--help")
    assert done.code == 0
    assert done.output.startswith("Usage: ")
    if words not in ([], ["profiles"]):
        assert f"oauth1-rs {' '.join(words)}" in done.output.partition("Examples:")[2]
    assert max(map(len, done.output.splitlines())) <= 100


def test_the_version(command: Command) -> None:
    done = command("--version")
    assert done.output == f"oauth1-rs, version {importlib.metadata.version('oauth1-rs')}\n"


# --- request -----------------------------------------------------------------------------------


def test_a_request_from_the_environment(command: Command, server: WireServer) -> None:
    server.answers["/a"] = Answer(b"\xff\x00body", headers=[("X-Answer", "yes")])
    done = subprocess.run(
        [sys.executable, "-m", "oauth1_rs", "request", "GET", f"{server.url}/a?b=c%20d"],
        env={**command.environment, **SECRETS},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"\xff\x00body"
    assert done.stderr == b""
    assert accepted(server)
    assert str(dict(server.last.headers)["User-Agent"]).startswith("oauth1-rs/")


BODIES = [
    (["-d", "a=b", "--data", "c=%20d"], b"a=b&c=%20d", "application/x-www-form-urlencoded"),
    (["--data-urlencode", "a=b c&d"], b"a=b%20c%26d", "application/x-www-form-urlencoded"),
    (["--data-urlencode", "a=\udcff"], b"a=%FF", "application/x-www-form-urlencoded"),
    (["--data-urlencode", "a"], b"a", "application/x-www-form-urlencoded"),
    (["-d", "@file"], b"from=file", "application/x-www-form-urlencoded"),
    (["-d", "@-"], b"from=input", "application/x-www-form-urlencoded"),
    (["--json", '{"a": "\u00e9"}'], '{"a": "\u00e9"}'.encode(), "application/json"),
    (["--json", "[1]", "-H", "Content-Type: application/x+json"], b"[1]", "application/x+json"),
]


@pytest.mark.parametrize(("options", "body", "media_type"), BODIES)
def test_bodies_arrive_as_they_were_given(
    command: Command, server: WireServer, options: list[str], body: bytes, media_type: str
) -> None:
    (command.home / "file").write_text("from=file")
    url = f"{server.url}/resource"
    done = command(
        "request", "post", url, *options, "-H", "X-A: b", stdin="from=input", environment=SECRETS
    )
    assert done.code == 0, done.messages
    assert server.last.method == "POST"
    assert server.last.body == body
    headers = dict(server.last.headers)
    assert headers["Content-Type"] == media_type
    assert headers["X-A"] == "b"
    assert accepted(server)


def test_the_head_is_shown_if_asked(command: Command, server: WireServer) -> None:
    server.answers["/a"] = Answer(b"body", status=404, headers=[("X-Answer", "yes")])
    done = command("request", "-i", "GET", f"{server.url}/a", environment=SECRETS)
    head, _, body = done.output.partition("\n\n")
    assert done.code == 1
    assert body == "body"
    assert head.splitlines()[0] == "HTTP 404 Not Found"
    assert "X-Answer: yes" in head.splitlines()


def test_an_answer_for_programs(command: Command, server: WireServer) -> None:
    server.answers["/text"] = Answer("\u00e9".encode(), headers=[("X-A", "b")])
    server.answers["/bytes"] = Answer(b"\xff")
    words = ["request", "--output", "json", "GET"]
    text = command(*words, f"{server.url}/text", environment=SECRETS).json()
    assert (text["status"], text["reason"], text["body"]) == (200, "OK", "\u00e9")
    assert ["X-A", "b"] in text["headers"]
    assert (
        command(*words, f"{server.url}/bytes", environment=SECRETS).json()["body_base64"] == "/w=="
    )


def test_a_redirect_elsewhere_gets_no_signature(command: Command, server: WireServer) -> None:
    with WireServer() as other:
        server.redirects["/a"] = (302, f"{other.url}/b")
        assert command("request", "GET", f"{server.url}/a", environment=SECRETS).code == 0
        assert "Authorization" not in dict(other.last.headers)


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (Answer(b"short", missing=5), 3, "the answer broke off"),
        (Answer(status=500), 1, ""),
    ],
)
def test_what_goes_wrong(
    command: Command, server: WireServer, answer: Answer, code: int, text: str
) -> None:
    server.answers["/a"] = answer
    done = command("request", "GET", f"{server.url}/a?s=x", environment=SECRETS)
    assert done.code == code
    assert text in done.messages
    assert "Traceback" not in done.messages


@pytest.mark.parametrize(
    ("url", "code", "text"),
    [
        ("http://127.0.0.1:9/?oauth_x=SECRETVALUE", 3, "the server cannot be reached"),
        ("example.com", 2, "the URL must begin with http:// or https://"),
        ("ftp://example.com", 2, "the URL must begin with http:// or https://"),
        ("http://[", 2, "the URL cannot be used"),
    ],
)
def test_urls_that_lead_nowhere(command: Command, url: str, code: int, text: str) -> None:
    done = command("request", "--signature-type", "query", "GET", url, environment=SECRETS)
    assert done.code == code
    assert done.messages.startswith(f"Error: {text}")
    assert "SECRETVALUE" not in done.messages
    assert "oauth_signature" not in done.messages


def test_a_slow_server(command: Command, server: WireServer) -> None:
    def slow(_: Any) -> Answer:
        time.sleep(1)
        return Answer()

    server.answers["/a"] = slow
    done = command("request", "--timeout", "0.2", "GET", f"{server.url}/a", environment=SECRETS)
    assert done.code == 3
    assert "the server did not answer in time" in done.messages


WRONG = [
    (["request", "GET"], "Missing argument 'URL'"),
    (["request", "GET", "http://a/", "-d", "a=b", "--json", "1"], "a form or JSON: not both"),
    (["request", "GET", "http://a/", "--json", "{"], "--json is no JSON"),
    (["request", "GET", "http://a/", "-d", "@missing"], "missing cannot be read"),
    (["request", "GET", "http://a/", "-H", "X"], "'X' is not of the form NAME:VALUE"),
    (["request", "GET", "http://a/", "-H", "authorization: x"], "is what this command makes"),
    (["request", "GET", "http://a/", "--provider", "nowhere"], "there is no provider 'nowhere'"),
    (["request", "GET", "http://a/", "--set", "host=a"], "--set needs --provider"),
    (["request", "GET", "http://a/", "--provider", "jira"], "needs --set host=jira.example.com"),
    (["request", "GET", "http://a/", "--signature-method", "MD5"], "Invalid value"),
    (["request", "GET", "http://a/", "--rsa-key", "missing.pem"], "does not exist"),
    (["request", "GET", "http://a/", "--profile", "../a"], "is no name for a profile"),
    (["request", "G T", "http://a/"], "Error: "),
    (["request", "GET", "http://a/", "--secrets-fd", "99999999999"], "Invalid value"),
    (["request", "GET", "http://a/", "-H", "\u4f60: b"], "can't encode"),
    (["request", "GET", "http://a/", "-H", "X: \u4f60"], "can't encode"),
    (["request", "GET", "http://127.0.0.1:9/", "--timeout", "1e300"], "timestamp"),
    (["curl", "HEAD", "http://a/", "-d", "a=b"], "curl sends no body with HEAD"),
    (["request", "GET", "http://a/?oauth_nonce=1", "--signature-type", "query"], "oauth_nonce"),
    (["request", "GET", "http://a/", "--signature-method", "PLAINTEXT"], "PLAINTEXT"),
    (["login", "--provider", "maas"], "has no login in a browser"),
    (["login", "--provider", "tumblr", "--oob"], "Tumblr accepts no --oob"),
    (["login", "--request-token-url", "http://a/"], "pass --provider, or --authorize-url"),
    (["login", "--port", "70000"], "Invalid value"),
    (["explain", "GET"], "Missing argument 'URL'"),
    (["explain", "GET", "http://a/", "curl", "http://a/"], "not both"),
    (["explain", "curl", "--unknown", "http://a/"], "unknown option"),
]


@pytest.mark.parametrize(("words", "text"), WRONG, ids=lambda value: " ".join(value)[:60])
def test_what_cannot_be_is_a_usage_error(command: Command, words: list[str], text: str) -> None:
    done = command(*words, environment=SECRETS)
    assert done.code == 2, done
    assert text in " ".join(done.messages.split())
    assert not SHOWN.search(done.output + done.messages.replace("OAUTH1_CLIENT_SECRET", ""))


# --- Where secrets come from ----------------------------------------------------------------------


def test_a_descriptor_comes_before_the_environment(command: Command, server: WireServer) -> None:
    read, write = os.pipe()
    os.write(write, b"client_secret=client secret\ntoken=token\ntoken_secret=token secret\n")
    os.close(write)
    words = ["request", "--client-key", "key", "--secrets-fd", str(read), "GET", f"{server.url}/"]
    done = command(
        *words, descriptors=[read], environment={**SECRETS, "OAUTH1_CLIENT_SECRET": "another"}
    )
    os.close(read)
    assert done.code == 0, done.messages
    assert accepted(server)
    assert 'oauth_consumer_key="key"' in dict(server.last.headers)["Authorization"]


def test_credentials_of_two_accounts_are_not_mixed(command: Command, server: WireServer) -> None:
    """A descriptor has all of them, and --client-key does not go with another client's secrets."""
    words = ["request", "--secrets-fd", "0", "GET", f"{server.url}/"]
    done = command(*words, stdin="client_key=k\nclient_secret=a\x0cb\x85c\r\n", environment=SECRETS)
    assert done.code == 0, done.messages
    header = dict(server.last.headers)["Authorization"]
    assert 'oauth_consumer_key="k"' in header
    assert "oauth_token" not in header
    assert verify(server.last, "a\x0cb\x85c").accepted
    other = command("request", "--client-key", "k", "GET", f"{server.url}/", environment=SECRETS)
    assert other.code == 2
    assert "--client-key is not the client key of OAUTH1_CLIENT_KEY" in other.messages


def test_standard_input_may_be_the_descriptor(command: Command, server: WireServer) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in PROFILE.items())
    assert command("request", "--secrets-fd", "0", "GET", f"{server.url}/", stdin=lines).code == 0
    assert accepted(server)


READERS = [
    (["request", "POST", "http://a/", "-d", "@-"], ["--secrets-fd 0", "-d @-"]),
    (["sign", "POST", "http://a/", "--json", "@-"], ["--secrets-fd 0", "--json @-"]),
    (["curl", "POST", "http://a/", "-d", "@-", "-d", "@-"], ["--secrets-fd 0", "-d @-", "-d @-"]),
    (["explain"], ["--secrets-fd 0", "the request (no METHOD and URL, no curl command)"]),
    (["explain", "-d", "@-", "POST", "http://a/"], ["--secrets-fd 0", "-d @-"]),
    (
        ["diff", "GET", "http://a/"],
        ["--secrets-fd 0", "what the other side signed (no --with FILE)"],
    ),
    (
        ["diff", "--with", "-", "curl", "http://a/"],
        ["--secrets-fd 0", "what the other side signed (no --with FILE)"],
    ),
    (["login", "--provider", "x", "--oob"], ["--secrets-fd 0", "--oob"]),
]
WITHOUT_SECRETS = [
    (["request", "POST", "http://a/", "-d", "@-", "--data", "@-"], ["-d @-", "-d @-"]),
    (["explain", "-d", "@-"], ["-d @-", "the request (no METHOD and URL, no curl command)"]),
    (
        ["diff"],
        [
            "the request (no METHOD and URL, no curl command)",
            "what the other side signed (no --with FILE)",
        ],
    ),
    (
        ["diff", "-d", "@-", "POST", "http://a/"],
        ["-d @-", "what the other side signed (no --with FILE)"],
    ),
]


@pytest.mark.parametrize(
    ("words", "readers"),
    [([words[0], "--secrets-fd", "0", *words[1:]], readers) for words, readers in READERS]
    + WITHOUT_SECRETS,
    ids=lambda value: " ".join(value)[:60],
)
def test_standard_input_is_read_once(
    command: Command, words: list[str], readers: list[str]
) -> None:
    """The second would get nothing, and be signed so."""
    lines = "".join(f"{name}={value}\n" for name, value in PROFILE.items())
    done = command(*words, stdin=lines, environment=SECRETS)
    assert done.code == 2, done
    text = f"Error: standard input is read once, not for {' and '.join(readers)}\n"
    assert done.messages.endswith(text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"client secret\n", "gives a line that is none of client_key=..., client_secret=..."),
        (b"password=client secret\n", "gives a line that is none of"),
        (b"client_secret=\xff", "gives no UTF-8"),
        (b"client_secret=" + b"client secret" * 10_000, "gives more than 64 KiB"),
    ],
)
def test_what_a_descriptor_gives_is_not_shown(command: Command, content: bytes, text: str) -> None:
    done = command("request", "--secrets-fd", "0", "GET", "http://a/", stdin=content)
    assert done.code == 4
    assert text in done.messages
    assert "client secret" not in done.messages


def test_a_descriptor_that_is_not_there(command: Command) -> None:
    done = command("request", "--secrets-fd", "77", "GET", "http://a/")
    assert done.code == 4
    assert "file descriptor 77 cannot be read" in done.messages


@pytest.mark.parametrize("name", ["OAUTH1_CLIENT_KEY", "OAUTH1_CLIENT_SECRET"])
def test_without_credentials(command: Command, name: str) -> None:
    environment = {key: value for key, value in SECRETS.items() if key != name}
    done = command("request", "GET", "http://a/", environment=environment)
    assert done.code == 4
    assert name in done.messages


def rest_of(terminal: int) -> bytes:
    """Read until all programs have left a terminal: on Linux that is an error."""
    seen = b""
    with contextlib.suppress(OSError):
        while True:
            seen += os.read(terminal, 10_000)
    return seen


@contextlib.contextmanager
def asked(command: Command, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int, bytes]]:
    """Run a command until it waits for an answer; give it, our end of its terminal, the question.

    What comes just before it reads is lost: typed text is flushed, and a signal is seen later.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "oauth1_rs", *words],
        env=command.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        late = threading.Timer(SECONDS, process.kill)
        late.start()
        try:
            question = os.read(ours, 1000)
            status = Path(f"/proc/{process.pid}/stat")
            while status.read_text().rpartition(")")[2].split()[0] not in "SZ":  # sleeps, or ended
                time.sleep(0.01)
            yield process, ours, question
        finally:
            late.cancel()
            process.kill()
            os.close(ours)


def test_whoever_sits_at_a_terminal_is_asked_and_nothing_is_echoed(
    command: Command, server: WireServer
) -> None:
    words = ["request", "--client-key", "k", "GET", f"{server.url}/"]
    with asked(command, *words) as (process, ours, question):
        os.write(ours, b"client secret\n")
        seen = question + rest_of(ours)
        assert process.wait() == 0
    assert seen.startswith(b"Client secret")
    assert b"client secret" not in seen
    assert verify(server.last, "client secret").accepted


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["profiles", "add", "a"], "client_key"),
        (["request", "--client-key", "k", "GET", "http://a/"], "client_secret"),
    ],
)
def test_the_end_of_the_input_is_no_interruption(
    command: Command, words: list[str], name: str
) -> None:
    """Ctrl-D says that there is no more, Ctrl-C that it shall end."""
    with asked(command, *words) as (process, ours, _):
        os.write(ours, b"\x04")
        seen = rest_of(ours)
        assert process.wait() == 4
    message = f"Error: the input ended: there is no {name}: set OAUTH1_{name.upper()}"
    assert re.search(rf"\r\n(\x1b\[31m)?{message}".encode(), seen)
    with asked(command, *words) as (process, ours, _):
        process.send_signal(signal.SIGINT)
        seen = rest_of(ours)
        assert process.wait() == 130
    assert b"Interrupted." in seen


# --- sign, curl --------------------------------------------------------------------------------


def test_a_header(command: Command) -> None:
    done = command("sign", "GET", "http://a.example/", environment=SECRETS)
    assert done.output.startswith('Authorization: OAuth oauth_nonce="')
    assert done.output.count("\n") == 1
    assert done.messages == ""


@pytest.mark.parametrize("place", ["AUTH_HEADER", "QUERY", "BODY"])
def test_the_curl_command_is_accepted(command: Command, server: WireServer, place: str) -> None:
    """Run by a shell, it sends what was signed, whatever curl likes to rewrite."""
    url = f"{server.url}/a/../b?c[]={{d}}&q='x'"
    body = "e=f%20g&h='"
    words = ["curl", "--signature-type", place, "POST", url, "-d", body, "-H", "X-Empty:"]
    done = command(*words, environment=SECRETS)
    assert "carries a signature" in done.messages
    subprocess.run(["sh", "-c", done.output], check=True, capture_output=True)
    assert accepted(server)
    assert dict(server.last.headers)["X-Empty"] == ""
    assert server.last.target.startswith(b"/b?c%5B%5D=%7Bd%7D&q='x'")
    as_json = command(*words, "--output", "json", environment=SECRETS).json()
    assert shlex.split(as_json["command"]) == as_json["words"]


def test_what_is_signed_in_url_and_form(command: Command) -> None:
    sign = ["sign", "POST", "http://a.example/?b=c", "-d", "d=e", "--signature-type"]
    url = command(*sign, "query", environment=SECRETS).output
    assert url.startswith("http://a.example/?b=c&oauth_nonce=")
    body = command(*sign, "body", environment=SECRETS).output
    assert body.startswith("d=e&oauth_nonce=")
    words = ["sign", "POST", "http://a.example/?x_oauth_signature=1", "--signature-type", "body"]
    assert command(*words, environment=SECRETS).output.startswith("oauth_nonce=")
    parts = command(*sign, "auth_header", "--output", "json", environment=SECRETS).json()
    assert parts["url"] == "http://a.example/?b=c"
    assert parts["body"] == "d=e"
    assert parts["headers"]["Authorization"].startswith("OAuth ")


@pytest.mark.parametrize("name", ["sign", "curl"])
def test_plaintext_is_shown_to_who_asks_for_it(command: Command, name: str) -> None:
    words = [name, "GET", "https://a.example/", "--signature-method", "plaintext"]
    done = command(*words, environment=SECRETS)
    assert done.code == 2
    assert "pass --reveal" in done.messages
    assert done.output == ""
    assert "client%2520secret" in command(*words, "--reveal", environment=SECRETS).output


def test_a_providers_settings(command: Command, server: WireServer) -> None:
    words = ["request", "--provider", "netsuite", "--set", "account=1234567_SB1"]
    assert command(*words, "GET", f"{server.url}/", environment=SECRETS).code == 0
    header = str(dict(server.last.headers)["Authorization"])
    assert header.startswith('OAuth realm="1234567_SB1"')
    assert 'oauth_signature_method="HMAC-SHA256"' in header
    assert accepted(server)


def test_a_private_key(command: Command, server: WireServer) -> None:
    key = rsa_keys.path(2048)
    words = ["request", "--signature-method", "RSA-SHA256", "--rsa-key", str(key)]
    assert command(*words, "--client-key", "k", "GET", f"{server.url}/").code == 0
    assert accepted(server, public_key=rsa_keys.public_key())


# --- explain, diff -----------------------------------------------------------------------------

URL = "http://a.example/b?c=d%20e"


def test_a_request_is_explained(command: Command) -> None:
    words = ["explain", "POST", URL, "-d", "f=g"]
    done = command(*words, environment=SECRETS)
    assert done.code == 0
    base = (
        "POST&http%3A%2F%2Fa.example%2Fb&c%3Dd%2520e%26f%3Dg%26oauth_consumer_key%3Dclient%2520key"
    )
    assert base in done.output
    assert not SHOWN.search(re.sub("client_secret|token_secret|owner_secret", "", done.output))
    assert "\x1b" not in done.output
    explained = command(*words, "--output", "json", environment=SECRETS).json()
    assert explained["base_string"].startswith(base)


def test_what_is_explained_is_what_is_sent(command: Command, server: WireServer) -> None:
    """With the URL as requests rewrites it."""
    words = ["get", f"{server.url}/a/../b%7E/é?c=%7E%20d&e=%zz"]
    assert command("request", *words, environment=SECRETS).code == 0
    assert accepted(server)
    path, _, query = server.last.target.decode().partition("?")
    explained = command("explain", "--output", "json", *words, environment=SECRETS).json()
    assert explained["base_string_uri"] == server.url + path
    pairs = {
        f"{it['name']}={it['value']}" for it in explained["parameters"] if it["source"] == "query"
    }
    assert pairs == set(unquote(query).split("&"))


@pytest.mark.parametrize("is_argument", [True, False])
def test_a_curl_command_is_explained(command: Command, is_argument: bool) -> None:
    signed = command("curl", "POST", URL, "-d", "f=g", environment=SECRETS).output
    if is_argument:
        done = command("explain", "--output", "json", *shlex.split(signed), environment=SECRETS)
    else:
        done = command("explain", "--output", "json", stdin=signed, environment=SECRETS)
    assert done.code == 0, done.messages
    explained = done.json()
    assert explained["was_signed"] is True
    assert explained["signature_matches"] is True
    other = command(
        "explain",
        "--output",
        "json",
        stdin=signed,
        environment={**SECRETS, "OAUTH1_TOKEN_SECRET": "another"},
    )
    assert other.json()["signature_matches"] is False


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (["-F", "a=1"], "The multipart body is not signed."),
        (["-T", "file"], "The body is not signed."),
        ([], "There is no body."),
    ],
)
def test_a_curl_command_with_files_has_a_body(
    command: Command, words: list[str], note: str
) -> None:
    notes = command("explain", "--output", "json", "curl", URL, *words, environment=SECRETS)
    assert [it for it in notes.json()["notes"] if "body" in it] == [note]


def test_curl_may_be_a_value(command: Command) -> None:
    done = command("explain", "-d", "curl", "--realm", "curl", "POST", URL, environment=SECRETS)
    assert done.code == 0, done.messages
    assert "http%3A%2F%2Fa.example%2Fb&c%3Dd%2520e%26curl%3D%26" in done.output


def test_a_difference_is_found(command: Command) -> None:
    signed = shlex.split(command("curl", "POST", URL, "-d", "f=g", environment=SECRETS).output)
    ours = command("explain", "--output", "json", *signed, environment=SECRETS).json()
    (command.home / "same.txt").write_text(shlex.join(signed))
    same = command("diff", "--with", "same.txt", *signed, environment=SECRETS)
    assert (same.code, same.output.partition(":")[0]) == (0, "none")
    key = command("diff", *signed, stdin=ours["base_string"], environment=SECRETS)
    assert (key.code, key.output.partition(":")[0]) == (1, "key")
    same = command("diff", *signed, stdin=f"curl {URL} -d f=g", environment=SECRETS)
    assert (same.code, same.output.partition(":")[0]) == (0, "same")
    theirs = ours["base_string"].replace("c%3Dd%2520e", "c%3Dd%252520e")
    (command.home / "answer.txt").write_text(f"oauth_problem=signature_invalid {theirs}")
    done = command("diff", "--output", "json", "--with", "answer.txt", *signed, environment=SECRETS)
    assert done.code == 1
    assert done.json()["cause"] == "double_encoding"
    read = command("diff", "--with", "same.txt", stdin=shlex.join(signed), environment=SECRETS)
    assert (read.code, read.output.partition(":")[0]) == (0, "none")
    nothing = command("diff", *signed, stdin="no", environment=SECRETS)
    assert nothing.code == 2
    assert "neither a base string" in nothing.messages


# --- profiles ----------------------------------------------------------------------------------


def add(command: Command, name: str = "example", **environment: str) -> None:
    done = command("profiles", "add", name, environment={**SECRETS, **environment})
    assert done.code == 0, done.messages


def test_a_profile_is_used(command: Command, server: WireServer) -> None:
    add(command)
    assert command("request", "--profile", "example", "GET", f"{server.url}/").code == 0
    assert accepted(server)


PLAINTEXT = ["--signature-method", "PLAINTEXT", "--allow-insecure-plaintext"]


def test_plaintext_goes_only_where_it_may(command: Command, server: WireServer) -> None:
    command("profiles", "add", "example", *PLAINTEXT, environment=SECRETS)
    words = ["request", "--profile", "example", "GET"]
    refused = command(*words, f"{server.url}/")
    assert refused.code == 2
    assert f"oauth1-rs profiles allow example {server.url}\n" in refused.messages
    assert server.requests == []
    created = command("profiles", "show", "example", "--output", "json").json()["created"]
    assert command("profiles", "allow", "example", f"{server.url}/a?b").code == 0
    assert command(*words, f"{server.url}/").code == 0
    assert accepted(server)
    port = urlsplit(server.url).port
    for url in (
        f"http://localhost:{port}/",
        # In which Python finds the host that may, and requests the other one.
        f"http://localhost:{port}\\@127.0.0.1:{port}/",
    ):
        other = command(*words, url)
        assert other.code == 2
        assert f"PLAINTEXT http://localhost:{port} would get the secrets" in other.messages
    assert len(server.requests) == 1
    shown = command("profiles", "show", "example", "--reveal", "--output", "json").json()
    assert shown["origins"] == [server.url]
    assert shown["created"] == created
    assert shown["secrets"] == {k: v for k, v in PROFILE.items() if k != "client_key"}


def test_plaintext_with_a_profile_of_another_method(command: Command, server: WireServer) -> None:
    add(command)
    done = command("request", "--profile", "example", *PLAINTEXT, "GET", f"{server.url}/")
    assert done.code == 2
    assert "would get the secrets" in done.messages
    assert server.requests == []


@pytest.mark.parametrize(
    "url", ["api.example.com", "ftp://api.example.com", "https://", "http://["]
)
def test_what_is_no_origin_is_not_allowed(command: Command, url: str) -> None:
    add(command)
    assert command("profiles", "allow", "example", url).code == 2
    assert command("profiles", "show", "example", "--output", "json").json()["origins"] == []


def test_profiles_are_listed_shown_and_removed(command: Command) -> None:
    assert command("profiles").messages.startswith("There is no profile")
    add(command, "b")
    add(command, "a")
    listed = command("profiles", "list")
    assert [line.split()[0] for line in listed.output.splitlines()] == ["NAME", "a", "b"]
    assert command("profiles").output == listed.output
    assert [it["name"] for it in command("profiles", "list", "--output", "json").json()] == [
        "a",
        "b",
    ]
    shown = command("profiles", "show", "a")
    assert re.search(r"token_secret: +\(12 characters\)", shown.output)
    for output in (listed.output, shown.output):
        assert "client secret" not in output
        assert "token secret" not in output
    revealed = command("profiles", "show", "a", "--reveal", "--output", "json").json()
    assert revealed["secrets"] == {k: v for k, v in PROFILE.items() if k != "client_key"}
    assert command("profiles", "remove", "a").code == 0
    assert [it["name"] for it in command("profiles", "list", "--output", "json").json()] == ["b"]
    missing = command("profiles", "show", "a")
    assert missing.code == 4
    assert "there is no profile 'a' (there is: b): `oauth1-rs login`" in missing.messages


def test_profiles_have_room_for_the_settings_of_presets() -> None:
    for name in providers.names():
        for setting, value in providers.template(name).settings.items():
            if setting != "callback_uri":  # the login asks for that
                assert isinstance(value, SETTINGS[setting])


def test_the_presets_are_listed(command: Command) -> None:
    lines = command("providers").output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == providers.names()
    listed = command("providers", "--output", "json").json()
    assert [it["name"] for it in listed] == providers.names()
    assert all(it["sources"] for it in listed)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_names(command: Command, shell: str) -> None:
    add(command, "example")
    script = [
        sys.executable,
        "-c",
        "import sys; sys.argv[0] = 'oauth1-rs';from oauth1_rs.__main__ import main; main()",
    ]
    environment: Mapping[str, str] = {
        **command.environment,
        "_OAUTH1_RS_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "oauth1-rs request --profile ex",
        "COMP_CWORD": "3",
    }
    if shell == "fish":
        environment = {**environment, "COMP_CWORD": "ex"}
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert "example" in done.stdout


# --- Terminals ---------------------------------------------------------------------------------


def in_a_terminal(command: Command, *words: str, **environment: str) -> bytes:
    """Run a command that asks nothing, and return what the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "oauth1_rs", *words],
        env={**command.environment, "TERM": "xterm-256color", **environment},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = rest_of(ours)
    process.wait()
    os.close(ours)
    return seen


def test_colours_are_for_terminals_that_want_them(command: Command) -> None:
    words = ["request", "--profile", "none", "GET", "http://a/"]
    assert b"\x1b[31m" in in_a_terminal(command, *words)
    assert b"\x1b" not in in_a_terminal(command, *words, NO_COLOR="1")
    assert b"\x1b" not in in_a_terminal(command, *words, TERM="dumb")
    assert "\x1b" not in command(*words).messages
    assert b"\x1b[" in in_a_terminal(command, "explain", "GET", URL, **SECRETS)
    assert b"\x1b" not in in_a_terminal(command, "explain", "GET", URL, NO_COLOR="1", **SECRETS)


def test_no_server_steers_the_terminal(command: Command, server: WireServer) -> None:
    server.answers["/a"] = Answer(
        b"\x1b]0;title\x07a\r\nb\xc2\x9b31m\xe2\x80\xae\x7f", headers=[("X-A", "b\x1b[31m")]
    )
    seen = in_a_terminal(
        command, "request", "-i", "GET", f"{server.url}/a", NO_COLOR="1", **SECRETS
    )
    assert b"\x1b" not in seen
    assert b"\\x1b]0;title\\x07a\r\nb" in seen
    words = ["request", "--output", "json", "GET", f"{server.url}/a"]
    as_json = in_a_terminal(command, *words, **SECRETS)
    assert as_json.isascii()
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", as_json)
    assert json.loads(as_json)["body"] == "\x1b]0;title\x07a\r\nb\x9b31m\u202e\x7f"
    explained = in_a_terminal(
        command, "explain", "GET", "http://a.example/?b=%1B%5B31mc%07", NO_COLOR="1", **SECRETS
    )
    assert b"\x1b" not in explained
    assert b"\x07" not in explained


def test_a_pipe_that_nobody_reads(command: Command, server: WireServer) -> None:
    server.answers["/a"] = Answer(b"x" * 1_000_000)
    words = [sys.executable, "-m", "oauth1_rs", "request", "GET", f"{server.url}/a"]
    with subprocess.Popen(
        words,
        env={**command.environment, **SECRETS},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize(
    ("redirections", "code", "text"),
    [
        ("sign GET http://a.example/ >/dev/full", 2, "No space left on device"),
        ("sign GET http://a.example/ >&-", 0, ""),
        ("explain <&-", 2, "a curl command must begin with curl"),
        ("diff GET http://a.example/ <&-", 2, "neither a base string"),
    ],
)
def test_streams_that_take_or_give_nothing(
    command: Command, redirections: str, code: int, text: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m oauth1_rs {redirections}"],
        env={**command.environment, **SECRETS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == (1 if text else 0)


def test_a_folder_that_is_a_file(command: Command) -> None:
    command.profiles.parent.mkdir(parents=True)
    command.profiles.touch()
    for words in (["profiles"], ["profiles", "show", "a"], ["profiles", "add", "a"]):
        assert command(*words, environment=SECRETS).code == 4


def test_what_a_terminal_would_not_show_is_not_changed(command: Command) -> None:
    words = ["curl", "POST", URL, "-d", "a=b\xa0c"]
    assert b"characters that are not shown on a terminal" in in_a_terminal(
        command, *words, **SECRETS
    )
    assert "a=b\xa0c" in command(*words, environment=SECRETS).output


def test_a_request_to_the_provider(command: Command, provider: Provider) -> None:
    """That of oauthlib, which is not ours."""
    environment = {
        "OAUTH1_CLIENT_KEY": provider.client_key,
        "OAUTH1_CLIENT_SECRET": provider.client_secret,
        "OAUTH1_TOKEN": provider.token,
        "OAUTH1_TOKEN_SECRET": provider.token_secret,
    }
    done = command(
        "request", "POST", f"{provider.url}/resource", "-d", "a=b", environment=environment
    )
    assert json.loads(done.output)["form"] == [["a", "b"]]
    wrong = {**environment, "OAUTH1_TOKEN_SECRET": "wrong"}
    refused = command("request", "GET", f"{provider.url}/resource", environment=wrong)
    assert refused.code == 1


def test_nothing_is_left_behind(
    command: Command, server: WireServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    environment = {**SECRETS, "TMPDIR": str(temporary)}
    assert command("request", "GET", f"{server.url}/", environment=environment).code == 0
    assert list(command.home.rglob("*")) == []
    assert list(temporary.iterdir()) == []
