"""An OAuth 1.0a provider on loopback, to try a client against: RFC 5849's three legs.

It does not use oauth1_rs. Verification is oauthlib's provider side, HTTP is Flask's, and all state
is in memory. It is for examples and tests: nobody signs in, and plain http is allowed.

    with Provider() as provider:
        print(provider.url)
"""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, g, jsonify, render_template_string, request
from oauthlib.common import Request, add_params_to_uri
from oauthlib.oauth1 import (
    RequestValidator,
    WebApplicationServer,
)
from oauthlib.oauth1.rfc5849 import errors, signature
from werkzeug.routing import Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

SIGNATURE_METHODS = (
    "HMAC-SHA1",
    "HMAC-SHA256",
    "HMAC-SHA512",
    "RSA-SHA1",
    "RSA-SHA256",
    "RSA-SHA512",
    "PLAINTEXT",
)
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"

AUTHORIZE_PAGE = """<!doctype html>
<html lang="en">
<title>Authorize</title>
<h1>Authorize an application</h1>
<p>The client <b>{{ client_key }}</b> asks for access to the protected resources of this provider.
<p>This is an example provider: it has no users, so it does not ask you to sign in.
<form id="allow" method="post" action="/authorize">
  <input type="hidden" name="oauth_token" value="{{ token }}">
  <button name="decision" value="allow">Allow</button>
</form>
<form id="deny" method="post" action="/authorize">
  <input type="hidden" name="oauth_token" value="{{ token }}">
  <button name="decision" value="deny">Deny</button>
</form>
"""
VERIFIER_PAGE = """<!doctype html>
<html lang="en">
<title>Allowed</title>
<h1>Allowed</h1>
<p>Type this verifier into the application: <code id="verifier">{{ verifier }}</code>
"""
DENIED_PAGE = """<!doctype html>
<html lang="en">
<title>Denied</title>
<h1>Denied</h1>
<p>The application has no access.
"""


@dataclass(frozen=True)
class Record:
    """One request as the provider saw it, and what it decided."""

    method: str
    target: str
    authorization: str
    base_string: str
    """What oauthlib computed; empty if the request is unsigned or could not be read."""
    accepted: bool
    status: int
    reason: str
    """Why it was refused; empty if accepted."""


class Provider:
    """The provider. As a context manager it serves until the block ends."""

    def __init__(
        self,
        *,
        client_key: str = "dpf43f3p2l4k3l03",
        client_secret: str = "kd94hf93k423kf44",
        client_public_key: str = "",
        token: str = "nnch734d00sl2jdk",
        token_secret: str = "pfkkdhi9sl3r4s00",
        signature_methods: Sequence[str] = SIGNATURE_METHODS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.client_key = client_key
        self.client_secret = client_secret
        self.token = token
        self.token_secret = token_secret
        self.records: list[Record] = []
        self._tls = tls
        self._store = _Store(
            client_secrets={client_key: client_secret},
            client_public_keys={client_key: client_public_key},
            token_secrets={token: token_secret},
            signature_methods=signature_methods,
        )
        self._endpoints = _Endpoints(self._store)
        self._app = self._make_app()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Provider:
        self._server = make_server(
            "127.0.0.1",
            0,
            self._app,
            threaded=True,
            request_handler=_QuietRequestHandler,
            ssl_context=self._tls,
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._thread.join()

    @property
    def url(self) -> str:
        """The origin, without a trailing slash."""
        if self._server is None:
            raise RuntimeError("the provider has an address only inside its `with` block")
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_port}"

    def _make_app(self) -> Flask:
        app = Flask("provider")
        app.url_map.merge_slashes = False
        app.add_url_rule("/request_token", view_func=self._request_token, methods=["GET", "POST"])
        app.add_url_rule("/authorize", view_func=self._ask, methods=["GET"])
        app.add_url_rule("/authorize", view_func=self._decide, methods=["POST"])
        app.add_url_rule("/access_token", view_func=self._access_token, methods=["GET", "POST"])
        # Rules of their own, as add_url_rule cannot say "every method".
        app.view_functions["resource"] = self._resource
        app.url_map.add(Rule("/resource", endpoint="resource"))
        app.url_map.add(Rule("/resource/", endpoint="resource"))
        app.url_map.add(Rule("/resource/<path:_>", endpoint="resource"))
        app.before_request(_read_body)
        app.after_request(self._record)
        app.register_error_handler(errors.OAuth1Error, _refuse)
        app.register_error_handler(ValueError, _refuse)  # oauthlib's for what it cannot read
        return app

    def _request_token(self) -> Response:
        return _answer(*self._endpoints.create_request_token_response(**_as_received()))

    def _access_token(self) -> Response:
        return _answer(*self._endpoints.create_access_token_response(**_as_received()))

    def _ask(self) -> str:
        _, credentials = self._endpoints.get_realms_and_credentials(**_as_received())
        token = credentials["resource_owner_key"]
        client_key = self._store.temporary[token].client_key
        return render_template_string(AUTHORIZE_PAGE, client_key=client_key, token=token)

    def _decide(self) -> Response:
        token = request.form.get("oauth_token", "")
        if request.form.get("decision") == "allow":
            headers, body, status = self._endpoints.create_authorization_response(**_as_received())
            if status == 200:  # callback "oob": the user carries the verifier to the client
                verifier = dict(parse_qsl(body))["oauth_verifier"]
                return Response(render_template_string(VERIFIER_PAGE, verifier=verifier))
            return _answer(headers, body, status)
        temporary = self._store.temporary.pop(token, None)
        if temporary is None or temporary.callback == "oob":
            return Response(DENIED_PAGE)
        problem = [("oauth_token", token), ("oauth_problem", "permission_denied")]
        return _answer({"Location": add_params_to_uri(temporary.callback, problem)}, None, 302)

    def _resource(self, _: str = "") -> Response:
        valid, _request = self._endpoints.validate_protected_resource_request(**_as_received())
        if not valid:
            return _refuse("no oauth_token", 401)
        body = request.get_data()
        return jsonify(
            method=request.method,
            target=request.environ["RAW_URI"],
            host=request.environ["HTTP_HOST"],
            content_type=request.headers.get("Content-Type"),
            content_length=request.headers.get("Content-Length"),
            body_length=len(body),
            body_sha256=hashlib.sha256(body).hexdigest(),
            form=parse_qsl(_form_text(), keep_blank_values=True),
        )

    def _record(self, response: Response) -> Response:
        accepted = response.status_code < 400
        record = Record(
            method=request.method,
            target=request.environ["RAW_URI"],
            authorization=request.headers.get("Authorization", ""),
            base_string=g.get("base_string", ""),
            accepted=accepted,
            status=response.status_code,
            reason="" if accepted else _reason() or response.status,
        )
        self.records.append(record)
        return response


class _QuietRequestHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing: a request line may hold credentials."""


def _read_body() -> None:
    """Read the body whatever the answer: the rest would be taken for the next request."""
    request.get_data()


def _as_received() -> dict[str, Any]:
    """The request as oauthlib's endpoints want it."""
    headers = dict(request.headers)
    # The media type without its parameters and in lower case, as oauthlib compares text.
    headers["Content-Type"] = request.mimetype
    return {
        # Not request.url, which is an IRI: oauthlib takes only what may stand in a URI.
        "uri": f"{request.scheme}://{request.environ['HTTP_HOST']}{request.environ['RAW_URI']}",
        "http_method": request.method,
        "body": _form_text(),
        "headers": headers,
    }


def _form_text() -> str:
    if request.mimetype != FORM_MEDIA_TYPE:
        return ""
    return request.get_data().decode(errors="replace")


def _answer(headers: dict[str, str], body: str | None, status: int) -> Response:
    if status == 401:
        headers["WWW-Authenticate"] = 'OAuth realm="example"'
    if status >= 400 and body:
        g.setdefault("reason", dict(parse_qsl(body)).get("error_description", ""))
    return Response(body, status, headers)


def _refuse(error: object, status: int = 400) -> Response:
    g.setdefault("reason", str(error).strip())
    return _answer({"Content-Type": "text/plain"}, f"{_reason()}\n", status)


def _reason() -> str:
    """Why oauthlib refused the request: the error it raised, or the checks that failed."""
    seen: Request | None = g.get("seen")
    log: dict[str, bool] = seen.validator_log if seen else {}
    failed = ", ".join(check for check, valid in log.items() if not valid)
    return f"invalid: {failed}" if failed else str(g.get("reason", ""))


class _Endpoints(WebApplicationServer):  # type: ignore[misc]
    """oauthlib's endpoints, leaving what they saw in Flask's `g` for the record."""

    def _create_request(
        self, uri: str, http_method: str, body: str, headers: dict[str, str]
    ) -> Request:
        with _noting_the_reason():
            seen = super()._create_request(uri, http_method, body, headers)
        g.seen = seen
        if seen.signature is not None:
            # These three steps are how oauthlib's own verification begins.
            g.base_string = signature.signature_base_string(
                seen.http_method,
                signature.base_string_uri(seen.uri),
                signature.normalize_parameters(seen.params),
            )
        return seen

    def _check_mandatory_parameters(self, seen: Request) -> None:
        with _noting_the_reason():
            super()._check_mandatory_parameters(seen)


@contextmanager
def _noting_the_reason() -> Iterator[None]:
    # Some of oauthlib's endpoints turn the error into a bare "no".
    try:
        yield
    except errors.OAuth1Error as error:
        g.reason = error.description
        raise


@dataclass
class _TemporaryCredentials:
    client_key: str
    secret: str
    callback: str
    realms: list[str]
    verifier: str | None = None


@dataclass
class _Store(RequestValidator):  # type: ignore[misc]
    """The provider's memory, in the terms of oauthlib's callbacks."""

    client_secrets: dict[str, str]
    client_public_keys: dict[str, str]
    token_secrets: dict[str, str]
    signature_methods: Sequence[str]
    temporary: dict[str, _TemporaryCredentials] = field(default_factory=dict)
    nonces: set[tuple[str | None, ...]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    enforce_ssl = False
    # oauthlib goes on with these after an unknown key, so that the answer takes as long as any.
    dummy_client = dummy_request_token = dummy_access_token = "unknown"

    @property
    def allowed_signature_methods(self) -> Sequence[str]:
        return self.signature_methods

    # oauthlib restricts lengths and characters by default; RFC 5849 does not.

    def check_client_key(self, client_key: str) -> bool:
        return True

    def check_request_token(self, request_token: str) -> bool:
        return True

    def check_access_token(self, request_token: str) -> bool:
        return True

    def check_nonce(self, nonce: str) -> bool:
        return True

    def check_verifier(self, verifier: str) -> bool:
        return True

    def check_realms(self, realms: list[str]) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Request) -> str:
        return self.client_secrets.get(client_key, "")

    def get_rsa_key(self, client_key: str, request: Request) -> str:
        return self.client_public_keys.get(client_key, "")

    def get_request_token_secret(self, client_key: str, token: str, request: Request) -> str:
        temporary = self.temporary.get(token)
        return temporary.secret if temporary else ""

    def get_access_token_secret(self, client_key: str, token: str, request: Request) -> str:
        return self.token_secrets.get(token, "")

    def get_default_realms(self, client_key: str, request: Request) -> list[str]:
        return []

    def get_realms(self, token: str, request: Request) -> list[str]:
        return self.temporary[token].realms

    def get_redirect_uri(self, token: str, request: Request) -> str:
        return self.temporary[token].callback

    def validate_client_key(self, client_key: str, request: Request) -> bool:
        return client_key in self.client_secrets

    def validate_request_token(self, client_key: str, token: str, request: Request) -> bool:
        return token in self.temporary and self.temporary[token].client_key == client_key

    def validate_access_token(self, client_key: str, token: str, request: Request) -> bool:
        return token in self.token_secrets

    def validate_verifier(
        self, client_key: str, token: str, verifier: str, request: Request
    ) -> bool:
        return token in self.temporary and self.temporary[token].verifier == verifier

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: Request,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        # Section 3.3: unique for one timestamp, client and token. oauthlib has looked at the clock.
        used = (client_key, timestamp, nonce, request_token, access_token)
        with self.lock:
            fresh = used not in self.nonces
            self.nonces.add(used)
        if not fresh:
            g.reason = "the nonce was used before"
        return fresh

    def validate_redirect_uri(self, client_key: str, redirect_uri: str, request: Request) -> bool:
        return True

    def validate_requested_realms(
        self, client_key: str, realms: list[str], request: Request
    ) -> bool:
        return True

    def validate_realms(
        self,
        client_key: str,
        token: str,
        request: Request,
        uri: str | None = None,
        realms: list[str] | None = None,
    ) -> bool:
        return True

    def verify_request_token(self, token: str, request: Request) -> bool:
        return token in self.temporary

    def verify_realms(self, token: str, realms: list[str], request: Request) -> bool:
        return True

    def save_request_token(self, token: dict[str, str], request: Request) -> None:
        self.temporary[token["oauth_token"]] = _TemporaryCredentials(
            client_key=request.client_key,
            secret=token["oauth_token_secret"],
            callback=request.redirect_uri,
            realms=request.realms,
        )

    def save_verifier(self, token: str, verifier: dict[str, str], request: Request) -> None:
        self.temporary[token].verifier = verifier["oauth_verifier"]

    def save_access_token(self, token: dict[str, str], request: Request) -> None:
        self.token_secrets[token["oauth_token"]] = token["oauth_token_secret"]

    def invalidate_request_token(
        self, client_key: str, request_token: str, request: Request
    ) -> None:
        del self.temporary[request_token]
