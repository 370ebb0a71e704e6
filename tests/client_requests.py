"""The requests that every HTTP client's adapter has to sign, and what a server says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import oauthlib.oauth1
from oauth1_rs import OAuth1
from verifier import Verdict, WireRequest, verify

CREDENTIALS = ("client key", "client secret", "token", "token secret")
FORM = "application/x-www-form-urlencoded"
PLACEMENTS = ["AUTH_HEADER", "QUERY", "BODY"]
REDIRECT_STATUSES = [301, 302, 303, 307, 308]

_FILE = Path(__file__).with_name("interop") / "requests.json"


@dataclass(frozen=True)
class ClientRequest:
    """A request to a path of a server; what goes before that is the server's `url`."""

    name: str
    method: str
    target: str
    content_type: str | None = None
    body: bytes | None = None


def _read() -> list[ClientRequest]:
    found = []
    for entry in json.loads(_FILE.read_text(encoding="utf-8")):
        parts = urlsplit(entry["url"])
        form = entry.get("form")
        body = entry.get("body", form)
        if set(entry) <= {"name", "section", "method", "url", "form", "body", "content_type"} and (
            parts.netloc == "example.com" and isinstance(body, str | None)
        ):
            target = entry["url"].partition("example.com")[2]
            found.append(
                ClientRequest(
                    entry["name"],
                    entry.get("method", "GET"),
                    target,
                    entry.get("content_type", None if form is None else FORM),
                    None if body is None else body.encode(),
                )
            )
    return found


REQUESTS = _read()


def auth(**options: Any) -> OAuth1:
    return OAuth1(*CREDENTIALS, **options)


def verdict(request: WireRequest) -> Verdict:
    return verify(request, CREDENTIALS[1], CREDENTIALS[3])


def is_bare(request: WireRequest) -> bool:
    """Whether there is nothing of OAuth's in a request."""
    names = {name.lower() for name in dict(request.headers)}
    return "authorization" not in names and b"oauth_" not in request.target + request.body


class Choosy(oauthlib.oauth1.Client):  # type: ignore[misc]  # oauthlib has no types
    """Refuses as oauthlib does, which has no errors of its own for that."""

    def get_oauth_params(self, request: Any) -> list[tuple[str, str]]:
        if "second" in request.uri:
            raise ValueError("not this one")
        parameters: list[tuple[str, str]] = super().get_oauth_params(request)
        return parameters
