"""Requests by ours and by requests-oauthlib's, and what becomes of them on the wire."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import oauth1_rs
import oauth1_rs.requests_oauthlib
import pytest
import requests
import requests_oauthlib
from verifier import FORM_MEDIA_TYPE, Verdict, WireRequest, verify
from wire_server import WireServer

AuthClass = Callable[..., Any]
MAIN: AuthClass = oauth1_rs.OAuth1
STRICT: AuthClass = oauth1_rs.requests_oauthlib.OAuth1
THEIRS: AuthClass = requests_oauthlib.OAuth1

CREDENTIALS = {
    "client_key": "client key",
    "client_secret": "canary-client-secret",
    "resource_owner_key": "canary-token",
    "resource_owner_secret": "canary-token-secret",
}
SECRETS = (CREDENTIALS["client_secret"], CREDENTIALS["resource_owner_secret"])
FORM = {"Content-Type": FORM_MEDIA_TYPE}

# How theirs fails: the verifier's reason, or an exception's type and a piece of its text.
WRONG_SIGNATURE = "the signature does not match"
UNSIGNED = "no protocol parameters"
Raised = tuple[type[Exception], str]
NOT_DECODABLE = (ValueError, "Headers indicate a formencoded body but body was not decodable.")
NOT_UTF_8 = (UnicodeDecodeError, "'utf-8' codec can't decode byte 0xff in position")
NOT_A_FORM = (ValueError, "Body contains parameters but Content-Type header was")

# What theirs does on purpose, strict does too.
NO_BODY = "GET/HEAD requests should not include body."


def send(
    auth_class: AuthClass,
    url: str,
    method: str = "GET",
    *,
    placement: str = "AUTH_HEADER",
    options: dict[str, Any] | None = None,
    **arguments: Any,
) -> None:
    settings = {**CREDENTIALS, "signature_type": placement, **(options or {})}
    requests.request(method, url, auth=auth_class(**settings), timeout=10, **arguments)


def send_by_both(our_class: AuthClass, url: str, method: str = "GET", **arguments: Any) -> None:
    for auth_class in (our_class, THEIRS):
        send(auth_class, url, method, **arguments)


def assert_raises(
    expected: Raised, auth_class: AuthClass, server: WireServer, method: str, **arguments: Any
) -> Exception:
    """Assert that sending raises what is expected, and sends nothing; return the exception."""
    kind, text = expected
    before = len(server.requests)
    with pytest.raises(kind, match=re.escape(text)) as caught:
        send(auth_class, server.url, method, **arguments)
    assert caught.type is kind
    assert len(server.requests) == before
    return caught.value


def judge(request: WireRequest) -> Verdict:
    return verify(request, *SECRETS)


def assert_accepted(request: WireRequest) -> Verdict:
    verdict = judge(request)
    assert verdict.accepted, verdict.reason
    return verdict


def header(request: WireRequest, name: str) -> str | bytes | None:
    return dict(request.headers).get(name)


def before_ours(text: bytes) -> bytes:
    """Return what the caller gave of a query or a form that may end in protocol parameters."""
    return text.partition(b"&oauth_")[0]
