"""A provider made of Authlib in Flask, which verifies: every path is a protected resource.

PROVIDER in the environment is JSON: clients and tokens with their secrets, and a public key.
Prints its address.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth1 import ResourceProtector
from authlib.oauth1 import ClientMixin, TokenCredentialMixin
from flask import Flask, Response, jsonify
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule
from werkzeug.serving import make_server

SETTINGS = json.loads(os.environ["PROVIDER"])


@dataclass
class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    secret: str

    def get_client_secret(self) -> str:
        return self.secret

    def get_rsa_public_key(self) -> str:
        key: str = SETTINGS["public_key"]
        return key


@dataclass
class Token(TokenCredentialMixin):  # type: ignore[misc]  # as above
    secret: str

    def get_oauth_token_secret(self) -> str:
        return self.secret


nonces: set[tuple[str, ...]] = set()


def is_used(*nonce: str) -> bool:
    found = nonce in nonces
    nonces.add(nonce)
    return found


def find(kind: type[Any], name: str, secrets: dict[str, str]) -> Any:
    return kind(secrets[name]) if name in secrets else None


def resource(_: str = "") -> Response:
    protector.acquire_credential()
    return jsonify(accepted=True)


app = Flask("provider")
app.config["OAUTH1_SUPPORTED_SIGNATURE_METHODS"] = ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"]
app.url_map.merge_slashes = False
app.view_functions["resource"] = resource
# Rules of their own, as add_url_rule cannot say "every method".
app.url_map.add(Rule("/", endpoint="resource"))
app.url_map.add(Rule("/<path:_>", endpoint="resource"))
# https ends at a proxy, for which the tests stand in.
app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents it
protector = ResourceProtector(
    app,
    query_client=lambda key: find(Client, key, SETTINGS["clients"]),
    query_token=lambda _, token: find(Token, token, SETTINGS["tokens"]),
    exists_nonce=is_used,
)


@app.errorhandler(Exception)
def refuse(error: Exception) -> tuple[Response, int]:
    """Say why: OAuth1Error for what it refuses, anything for what it cannot read."""
    return jsonify(reason=f"{type(error).__name__}: {error}"), 401


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
