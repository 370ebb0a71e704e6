"""The provider of `examples/`, oauthlib in Flask, with every path a protected resource.

PROVIDER in the environment is JSON: clients and tokens with their secrets, and a public key.
Prints its address.
"""

from __future__ import annotations

import json
import os
import re
import signal

from flask import Response, jsonify, request
from oauthlib.oauth1 import SignatureOnlyEndpoint
from provider import Provider, _as_received, _refuse
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule


class EveryPath(Provider):
    """Its protected resources are everywhere, and for clients without a token, too."""

    def __init__(self, clients: dict[str, str], tokens: dict[str, str], public_key: str) -> None:
        super().__init__()
        self._store.client_secrets = clients
        self._store.client_public_keys = dict.fromkeys(clients, public_key)
        self._store.token_secrets = tokens
        self._app.url_map.add(Rule("/", endpoint="resource"))
        self._app.url_map.add(Rule("/<path:_>", endpoint="resource"))
        # https ends at a proxy, for which the tests stand in.
        self._app.wsgi_app = ProxyFix(self._app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents it

    def _resource(self, _: str = "") -> Response:
        # oauthlib has an endpoint for each, and leaves it to the application to tell them apart.
        places = [
            request.headers.get("Authorization", ""),
            request.environ["RAW_URI"],
            request.get_data(as_text=True),
        ]
        if any(re.search(r"\boauth_token=", text) for text in places):
            return super()._resource()
        valid, _ = SignatureOnlyEndpoint(self._store).validate_request(**_as_received())
        return jsonify(accepted=True) if valid else _refuse("refused", 401)


if __name__ == "__main__":
    settings = json.loads(os.environ["PROVIDER"])
    with EveryPath(settings["clients"], settings["tokens"], settings["public_key"]) as provider:
        print(provider.url, flush=True)
        signal.pause()
