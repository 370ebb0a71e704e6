"""What is kept: no memory beyond what is in use, and no secret where a look at an object shows it.

What is left of secrets in freed memory is what `zeroized.rs` looks for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import oauth1_rs.requests_oauthlib
import pytest
import requests
import rsa_keys
from oauth1_rs import Client, OAuth1, OAuth1Session


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
def test_signing_takes_no_more_memory_the_longer_it_goes_on() -> None:
    """`make memory` signs fifty times as often."""
    program = Path(__file__).with_name("memory.py")
    result = subprocess.run(
        [sys.executable, "-W", "error", str(program), "200000"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stdout


SECRETS: dict[str, Any] = {
    "client_secret": "canary client",
    "resource_owner_secret": "canary token",
    "verifier": "canary verifier",
}


def client(client_class: type[Client] = Client) -> Client:
    return client_class(
        "client",
        resource_owner_key="token",
        **SECRETS,
        protocol_parameters={"oauth_session_handle": "canary handle"},
    )


def rsa_client() -> Client:
    return Client(
        "client",
        signature_method="RSA-SHA1",
        rsa_key=rsa_keys.pkcs8_encrypted(),
        rsa_key_passphrase="canary passphrase é",
    )


def oauth1(oauth1_class: type[OAuth1] = OAuth1) -> OAuth1:
    auth = oauth1_class("unused")
    auth.client = client()
    return auth


def session(session_class: type[OAuth1Session] = OAuth1Session) -> OAuth1Session:
    made = session_class("client", SECRETS["client_secret"], "token", "canary token")
    made.parse_authorization_response({"oauth_token": "token", "oauth_verifier": "canary verifier"})
    return made


def hook() -> Any:
    request = requests.Request("GET", "https://example.com/").prepare()
    return oauth1()(request).hooks["response"][0]


STRICT = oauth1_rs.requests_oauthlib
OBJECTS: dict[str, tuple[Callable[[], Any], set[str]]] = {
    # The attributes that are there to be read.
    "Client": (client, {*SECRETS, "protocol_parameters"}),
    "Client with a key": (rsa_client, {"rsa_key", "rsa_key_passphrase"}),
    "OAuth1": (oauth1, set()),
    "OAuth1Session": (session, {"token"}),
    "strict OAuth1": (lambda: oauth1(STRICT.OAuth1), set()),
    "strict OAuth1Session": (lambda: session(STRICT.OAuth1Session), {"token"}),
    "RedirectHook": (hook, set()),
}


def shows_a_secret(value: object) -> bool:
    text = f"{value!r} {value!s}"
    return "canary" in text or "PRIVATE KEY" in text


def looks(looked_at: Any) -> Iterator[tuple[str, object]]:
    """What debuggers, error trackers and developers see without asking for a secret by name."""
    yield "repr", repr(looked_at)
    yield "str", str(looked_at)
    yield "format", f"{looked_at}"
    yield "__dict__", getattr(looked_at, "__dict__", {})
    yield "docstring", type(looked_at).__doc__
    yield "slots", [getattr(looked_at, name) for name in getattr(looked_at, "__slots__", ())]
    yield "class", vars(type(looked_at))


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_look_at_an_object_shows_no_secret(kind: str) -> None:
    make, documented = OBJECTS[kind]
    looked_at = make()
    assert [name for name, value in looks(looked_at) if shows_a_secret(value)] == []
    attributes = {name: getattr(looked_at, name) for name in dir(looked_at)}
    shown = {name for name, value in attributes.items() if shows_a_secret(value)}
    assert shown == documented
