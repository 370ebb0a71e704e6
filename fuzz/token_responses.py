"""Fuzz what providers answer, and the callbacks: a token or a `TokenError` that shows no secret.

The first byte chooses how a `$` in the rest becomes a secret that the session knows.
"""

from __future__ import annotations

import html
import io
import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import atheris
import requests
import urllib3

with atheris.instrument_imports(include=["oauth1_rs"]):
    from oauth1_rs import OAuth1Session, TokenError

SECRET = 'canary /"+é<'
SPELLINGS: list[Callable[[str], str]] = [
    str,
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    html.escape,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(json.dumps(text)),
    lambda text: html.escape(json.dumps(text)[1:-1]),
]
STATUSES = (200, 201, 400, 401, 500)
HEADERS = ("Content-Type", "WWW-Authenticate", "Content-Encoding", "Location")


class Adapter(requests.adapters.HTTPAdapter):
    """Answers with bytes, through requests and urllib3 as if they had come from a socket."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__()
        self.answer = status, headers, body

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        status, headers, body = self.answer
        raw = urllib3.HTTPResponse(
            io.BytesIO(body), headers=headers, status=status, preload_content=False
        )
        return self.build_response(request, raw)


def fuzz_one(data: bytes) -> None:
    if len(data) < 3:
        return
    spelling = SPELLINGS[data[0] % len(SPELLINGS)](SECRET).encode()
    data_with_secret = data[3:].replace(b"$", spelling)
    header, _, body = data_with_secret.partition(b"\n")
    headers = {HEADERS[data[2] % len(HEADERS)]: header.decode("latin-1")} if data[2] & 64 else {}
    session = OAuth1Session("key", SECRET, "token", SECRET)
    before = session.token
    try:
        if data[1] & 1:
            session.parse_authorization_response(body.decode(errors="replace"))
        else:
            session.mount("https://", Adapter(STATUSES[data[1] % len(STATUSES)], headers, body))
            session.fetch_access_token("https://provider.example/token", "verifier")
    except TokenError as error:
        texts = [str(error), repr(error), repr(error.args)]
        assert not any("canary" in text for text in texts), texts
        assert session.token == before
    except requests.RequestException as error:
        texts = [str(error), repr(error)]
        assert not any("canary" in text for text in texts), texts
        assert session.token == before
    else:
        assert session.token["oauth_token"]


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
