"""HTTPie with `--auth-type=oauth1-rs`: real processes, real sockets, the verifier judges."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points

import pytest
import rsa_keys
from client_requests import CREDENTIALS, PLACEMENTS, is_bare, verdict
from streams import LINES
from verifier import WireRequest, decode_form, verify
from wire_server import WireServer

SECRETS = dict(
    zip(
        ["OAUTH1_CLIENT_KEY", "OAUTH1_CLIENT_SECRET", "OAUTH1_TOKEN", "OAUTH1_TOKEN_SECRET"],
        CREDENTIALS,
        strict=True,
    )
)
SIGNED = ["--auth-type=oauth1-rs"]


@dataclass(frozen=True)
class Ended:
    status: int
    output: str
    messages: str


Http = Callable[..., Ended]


@pytest.fixture
def http(tmp_path: pathlib.Path) -> Http:
    """Run `http` as a user would, but for the user's own configuration and environment."""

    def run(*arguments: str, stdin: bytes | None = None, **settings: str) -> Ended:
        environment = {name: value for name, value in os.environ.items() if "OAUTH1" not in name}
        environment |= {"HTTPIE_CONFIG_DIR": str(tmp_path / "config"), "NO_PROXY": "*"} | settings
        ended = subprocess.run(
            [sys.executable, "-m", "httpie", *([] if stdin else ["--ignore-stdin"]), *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env=environment,
            timeout=60,
        )
        shown = (ended.stdout + ended.stderr).decode(errors="replace")
        for name in ("OAUTH1_CLIENT_SECRET", "OAUTH1_TOKEN_SECRET"):
            secret = settings.get(name)
            assert not secret or secret not in shown
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return run


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def nonces(requests: list[WireRequest]) -> set[bytes]:
    verdicts = [verdict(request) for request in requests]
    assert [found.reason for found in verdicts if not found.accepted] == []
    return {found.parameters[b"oauth_nonce"] for found in verdicts}


def own(form: bytes) -> list[tuple[bytes, bytes]]:
    """Return what of a form or a query is the caller's."""
    return [(name, value) for name, value in decode_form(form) if not name.startswith(b"oauth_")]


def test_httpie_finds_it() -> None:
    (found,) = entry_points(group="httpie.plugins.auth.v1", name="oauth1-rs")
    assert found.load().auth_type == "oauth1-rs"


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_form(server: WireServer, http: Http, placement: str) -> None:
    settings = {**SECRETS, "OAUTH1_SIGNATURE_TYPE": placement}
    ended = http(*SIGNED, "--form", "POST", f"{server.url}/a?q=1", "status=Hellö & so", **settings)
    assert ended.status == 0, ended.messages
    assert len(nonces(server.requests)) == 1
    assert own(server.last.query) == [(b"q", b"1")]
    assert own(server.last.form) == [(b"status", "Hellö & so".encode())]


@pytest.mark.parametrize(
    ("options", "items", "stdin", "body"),
    [
        ([], ["a=1", "b:=[2]", "q==x y"], None, b'{"a": "1", "b": [2]}'),
        (["--multipart"], ["a=1"], None, b'name="a"'),
        (["--form"], ["a=1", "file@upload.bin"], None, LINES),
        ([], [], LINES, LINES),
        (["--chunked"], ["@upload.bin"], None, LINES),
        (["--raw=a=1&b"], [], None, b"a=1&b"),
        ([], ["q==x y", "X-Own:1"], None, b""),
    ],
    ids=["JSON", "multipart", "file", "standard input", "chunked", "raw", "nothing"],
)
def test_what_else_is_sent(
    server: WireServer,
    http: Http,
    tmp_path: pathlib.Path,
    options: list[str],
    items: list[str],
    stdin: bytes | None,
    body: bytes,
) -> None:
    (tmp_path / "upload.bin").write_bytes(LINES)
    url = f"{server.url}/ä b/../c?x=%7e"
    ended = http(*SIGNED, *options, "POST", url, *items, stdin=stdin, **SECRETS)
    assert ended.status == 0, ended.messages
    assert len(nonces(server.requests)) == 1
    assert body in server.last.body


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_every_hop_of_the_origin_is_signed_and_none_elsewhere(
    server: WireServer, other_server: WireServer, http: Http, placement: str
) -> None:
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    other_server.redirects["/third"] = (307, f"{server.url}/back")
    settings = {**SECRETS, "OAUTH1_SIGNATURE_TYPE": placement}
    ended = http(
        *SIGNED, "--follow", "--all", "-v", "--form", f"{server.url}/first", "a=1", **settings
    )
    assert ended.status == 0, ended.messages
    assert len(nonces(server.requests[:2])) == 2
    assert is_bare(other_server.last)
    assert is_bare(server.last)
    assert [request.body for request in (other_server.last, server.last)] == [b"a=1"] * 2


def test_a_redirect_is_not_followed_unasked(server: WireServer, http: Http) -> None:
    server.redirects["/first"] = (307, "/second")
    http(*SIGNED, f"{server.url}/first", **SECRETS)
    assert len(nonces(server.requests)) == 1


@pytest.mark.parametrize("how", ["--all", "--debug", "--offline"])
def test_no_secret_is_shown(server: WireServer, http: Http, how: str) -> None:
    ended = http(*SIGNED, "--verbose", how, f"{server.url}/a", "a=1", **SECRETS)
    assert ended.status == 0, ended.messages
    assert "oauth_signature=" in ended.output
    assert (server.requests == []) == (how == "--offline")


def test_a_profile(server: WireServer, http: Http) -> None:
    settings = {
        name.replace("OAUTH1_", "OAUTH1_MY_SITE_"): value for name, value in SECRETS.items()
    }
    others = dict.fromkeys(SECRETS, "not these")
    settings |= {
        "OAUTH1_MY_SITE_SIGNATURE_METHOD": "HMAC-SHA256",
        "OAUTH1_MY_SITE_REALM": "Example",
        "OAUTH1_MY_SITE_BODY_HASH": "sha256",
    }
    ended = http(*SIGNED, "--auth=my-site", f"{server.url}/a", "a=1", **settings, **others)
    assert ended.status == 0, ended.messages
    found = verdict(server.last)
    assert found.accepted, found.reason
    assert found.parameters[b"oauth_signature_method"] == b"HMAC-SHA256"
    assert b"oauth_body_hash" in found.parameters
    assert found.realm == "Example"


def test_a_key_in_a_file(server: WireServer, http: Http, tmp_path: pathlib.Path) -> None:
    (tmp_path / "private.pem").write_text(rsa_keys.pkcs8())
    ended = http(
        *SIGNED,
        f"{server.url}/a",
        OAUTH1_CLIENT_KEY="client key",
        OAUTH1_TOKEN="token",
        OAUTH1_SIGNATURE_METHOD="RSA-SHA256",
        OAUTH1_RSA_KEY="private.pem",
    )
    assert ended.status == 0, ended.messages
    assert verify(server.last, "", "", rsa_keys.public_key()).accepted


def test_two_legs(server: WireServer, http: Http) -> None:
    http(
        *SIGNED, f"{server.url}/a", OAUTH1_CLIENT_KEY="client key", OAUTH1_CLIENT_SECRET="a secret"
    )
    found = verify(server.last, "a secret")
    assert found.accepted, found.reason
    assert b"oauth_token" not in found.parameters


def test_a_session_keeps_the_profiles_name_alone(
    server: WireServer, http: Http, tmp_path: pathlib.Path
) -> None:
    settings = {name.replace("OAUTH1_", "OAUTH1_SITE_"): value for name, value in SECRETS.items()}
    session = tmp_path / "session.json"
    http(*SIGNED, "--auth=site", f"--session={session}", f"{server.url}/a", "X-Own:1", **settings)
    kept = session.read_text()
    assert json.loads(kept)["auth"] == {"type": "oauth1-rs", "raw_auth": "site"}
    assert [part for part in (*CREDENTIALS, "oauth_") if part in kept.replace("oauth1", "")] == []
    ended = http(f"--session={session}", f"{server.url}/b", **settings)
    assert ended.status == 0, ended.messages
    assert len(nonces(server.requests)) == 2
    assert ("X-Own", "1") in list(server.last.headers)


@pytest.mark.parametrize(
    ("settings", "arguments", "said"),
    [
        ({}, [], "not set: OAUTH1_CLIENT_KEY, OAUTH1_CLIENT_SECRET"),
        (
            {"OAUTH1_TOKEN": "token", "OAUTH1_CLIENT_KEY": "key", "OAUTH1_CLIENT_SECRET": ""},
            [],
            "not set: OAUTH1_TOKEN_SECRET (a secret may be empty)",
        ),
        (SECRETS, ["--auth=my-site"], "not set: OAUTH1_MY_SITE_CLIENT_KEY"),
        (SECRETS, ["--auth=client key:canary"], "--auth is no name of a profile"),
        ({**SECRETS, "OAUTH1_SIGNATURE_METHOD": "PLAINTEXT"}, [], "is PLAINTEXT, whose signature"),
        ({**SECRETS, "OAUTH1_SIGNATURE_METHOD": "plaintext"}, [], "is PLAINTEXT, whose signature"),
        ({**SECRETS, "OAUTH1_SIGNATURE_METHOD": "HMAC-MD5"}, [], "HMAC-MD5"),
        ({**SECRETS, "OAUTH1_SIGNATURE_METHOD": "RSA-SHA1"}, [], "rsa_key"),
    ],
)
def test_what_is_wrong_is_said(
    server: WireServer,
    http: Http,
    settings: dict[str, str],
    arguments: list[str],
    said: str,
    tmp_path: pathlib.Path,
) -> None:
    session = tmp_path / "session.json"
    ended = http(*SIGNED, *arguments, f"--session={session}", f"{server.url}/a", **settings)
    assert ended.status == 1
    assert said in " ".join(ended.messages.split())
    assert "canary" not in ended.messages
    assert "Traceback" not in ended.messages
    assert server.requests == []
    assert not session.exists()


def test_a_request_that_cannot_be_signed(server: WireServer, http: Http) -> None:
    ended = http(*SIGNED, f"{server.url}/a?oauth_nonce=1", **SECRETS)
    assert ended.status == 1
    assert "oauth_nonce" in ended.messages
    assert server.requests == []


def test_other_auths_are_left_alone(server: WireServer, http: Http) -> None:
    http("--auth=user:word", f"{server.url}/a", **SECRETS)
    http(f"{server.url}/a", **SECRETS)
    first, second = [dict(request.headers).get("Authorization") for request in server.requests]
    assert str(first).startswith("Basic ")
    assert second is None
