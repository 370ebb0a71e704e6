"""The other implementations: which there are, and how to talk to each."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import rsa_keys
from foreign_providers import Settings, running

from interop.cases import METHODS, PLACEMENTS, Case, Signed, load
from interop.keys import forms

ADAPTERS = Path(__file__).parent / "adapters"
BUILT = Path(__file__).parents[2] / "target" / "interop"
PROGRAMS = {
    "authenticate_oauth": [str(BUILT / "authenticate_oauth")],
    "gomodule": [str(BUILT / "gomodule")],
    "liboauth": [sys.executable, str(ADAPTERS / "liboauth.py")],
    "mrjones": [str(BUILT / "mrjones")],
    "node_oauth1": ["node", str(ADAPTERS / "node_oauth1.js")],
    "rack_oauth": ["ruby", str(ADAPTERS / "rack_oauth.rb")],
    "simple_oauth": ["ruby", str(ADAPTERS / "simple_oauth.rb")],
}
SECONDS_TO_LIVE = 300
SECONDS_TO_ANSWER = 20
HTTP_ERROR = 400


@dataclass(frozen=True)
class Peer:
    """Another implementation."""

    name: str
    title: str
    origin: Literal["Debian", "npm", "PyPI"]
    package: str
    role: Literal["verifies", "signs"]
    methods: tuple[str, ...]
    placements: tuple[str, ...] = tuple(PLACEMENTS)
    token: Literal["as given", "always", "never"] = "as given"

    def fitted(self, case: Case) -> Case | None:
        """Return the request as this peer can have it; none if it is about what it has not."""
        if self.token == "never" and case.token == Case.token:
            return replace(case, token=None)
        is_fit = {"as given": True, "always": bool(case.token), "never": not case.token}
        return case if is_fit[self.token] else None


CLASSIC = ("HMAC-SHA1", "RSA-SHA1", "PLAINTEXT")
HEADER = ("AUTH_HEADER",)
PEERS = [
    Peer(
        "php",
        "PHP OAuthProvider",
        "Debian",
        "php-oauth",
        "verifies",
        ("HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"),
    ),
    Peer(
        "passport",
        "passport-http-oauth",
        "npm",
        "passport-http-oauth",
        "verifies",
        ("HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"),
    ),
    Peer("oauthlib", "oauthlib in Flask", "PyPI", "oauthlib", "verifies", METHODS),
    Peer("authlib", "Authlib in Flask", "PyPI", "Authlib", "verifies", CLASSIC, token="always"),
    Peer("rack_oauth", "Ruby oauth in Rack", "Debian", "ruby-oauth", "verifies", CLASSIC),
    Peer(
        "mrjones",
        "Go mrjones/oauth",
        "Debian",
        "golang-github-mrjones-oauth-dev",
        "verifies",
        METHODS[:-1],
        token="never",
    ),
    Peer("liboauth", "liboauth", "Debian", "liboauth0", "verifies", CLASSIC, HEADER),
    Peer(
        "simple_oauth",
        "Ruby simple_oauth",
        "Debian",
        "ruby-simple-oauth",
        "verifies",
        CLASSIC,
        HEADER,
    ),
    Peer("node_oauth1", "node-oauth1", "npm", "node-oauth1", "signs", METHODS),
    Peer(
        "gomodule",
        "Go gomodule/oauth1",
        "Debian",
        "golang-github-gomodule-oauth1-dev",
        "signs",
        CLASSIC,
    ),
    Peer("liboauth", "liboauth", "Debian", "liboauth0", "signs", CLASSIC),
    Peer("simple_oauth", "Ruby simple_oauth", "Debian", "ruby-simple-oauth", "signs", CLASSIC),
    Peer(
        "authenticate_oauth",
        "Haskell authenticate-oauth",
        "Debian",
        "libghc-authenticate-oauth-dev",
        "signs",
        METHODS,
    ),
]

# What an adapter answers to a request.
Ask = Callable[[dict[str, Any]], dict[str, Any]]
# What a verifier has against a request; nothing if it accepts.
Refusal = Callable[[Signed], str]


@contextmanager
def program(name: str) -> Iterator[Ask]:
    """Run an adapter, which answers each line of JSON with one."""
    process = subprocess.Popen(
        ["timeout", str(SECONDS_TO_LIVE), *PROGRAMS[name]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    lines_in, lines_out = process.stdin, process.stdout

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        lines_in.write(json.dumps(request).encode() + b"\n")
        lines_in.flush()
        line = lines_out.readline()
        if not line:
            raise RuntimeError(f"the adapter {name} has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    try:
        yield ask
    finally:
        process.terminate()
        process.wait()


@contextmanager
def verifier(peer: Peer) -> Iterator[Refusal]:
    if peer.name in PROGRAMS:
        with program(peer.name) as ask:
            yield lambda signed: _refusal_by_program(ask, signed)
    else:
        with _server(peer.name) as refusal:
            yield refusal


@contextmanager
def _server(name: str) -> Iterator[Refusal]:
    """Run a provider, and send requests to it as they are, byte for byte."""
    cases = load()
    settings = Settings(
        clients=dict(case.client for case in cases),
        tokens=dict(case.token for case in cases if case.token),
        public_key=rsa_keys.public_pem(),
    )
    with running(name, settings) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS_TO_ANSWER)
        yield lambda signed: _refusal_over_http(connection, signed)
        connection.close()


def _refusal_over_http(connection: http.client.HTTPConnection, signed: Signed) -> str:
    wire = signed.wire
    connection.putrequest(
        wire.method, wire.target.decode(), skip_host=True, skip_accept_encoding=True
    )
    connection.putheader("Host", wire.host)
    # As a proxy does at which https ends.
    connection.putheader("X-Forwarded-Proto", wire.scheme)
    for name, value in signed.headers.items():
        connection.putheader(name, value)
    if wire.body or wire.method != "GET":
        connection.putheader("Content-Length", str(len(wire.body)))
    connection.endheaders(wire.body)
    try:
        response = connection.getresponse()
    except http.client.RemoteDisconnected:
        connection.close()
        return "no answer"
    body = response.read()
    if response.status < HTTP_ERROR:
        return ""
    challenge = response.getheader("WWW-Authenticate", "")
    return f"{response.status} {challenge} {body[:300].decode(errors='replace')}"


def _refusal_by_program(ask: Ask, signed: Signed) -> str:
    wire = signed.wire
    answer = ask(
        {
            "task": "verify",
            "method": wire.method,
            "url": f"{wire.scheme}://{wire.host.decode()}{wire.target.decode()}",
            "scheme": wire.scheme,
            "host": wire.host.decode(),
            "target": wire.target.decode(),
            "authorization": signed.headers.get("Authorization"),
            "content_type": signed.headers.get("Content-Type"),
            "body": wire.body.decode(),
            "form": wire.form.decode() if signed.case.form is not None else None,
            **_credentials(signed.case, signed.method),
        }
    )
    return "" if answer.get("accepted") else answer.get("error", "refused")


def authorization_by_program(ask: Ask, case: Case, method: str) -> dict[str, Any]:
    """Have a peer sign; those that can be given a nonce and timestamp, take these."""
    return ask(
        {
            "task": "sign",
            "method": case.method,
            "url": case.url,
            "form": case.form,
            "content_type": case.headers.get("Content-Type"),
            "nonce": "kllo9940pd9333jh",
            "timestamp": "1191242096",
            "callback": case.callback,
            "verifier": case.verifier,
            "realm": case.realm,
            **_credentials(case, method),
        }
    )


def _credentials(case: Case, method: str) -> dict[str, Any]:
    keys = forms() if method.startswith("RSA") else {}
    return {
        "signature_method": method,
        "client_key": case.client[0],
        "client_secret": case.client_secret,
        "token": case.token and case.token[0],
        "token_secret": case.token_secret,
        **keys,
    }
