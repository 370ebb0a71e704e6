"""Fuzz `OAuth1` and `Client` from Python, with the tests' verifier as the server.

A request is signed or refused with an `OAuth1Error`; nothing changes but what signing owns; what is
signed is accepted, and every tampered copy refused. A body that is no form is not signed.
"""

from __future__ import annotations

import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import atheris
import requests

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
# The verifier's branches tell the fuzzer what is new: those of the core are not Python.
with atheris.instrument_imports(include=["oauth1_rs", "verifier"]):
    from oauth1_rs import Client, OAuth1, OAuth1Error
    from verifier import FORM_MEDIA_TYPE, PublicKey, WireRequest, verify

PLACEMENTS = ("AUTH_HEADER", "QUERY", "BODY")
METHODS = (
    "HMAC-SHA1",
    "HMAC-SHA256",
    "HMAC-SHA512",
    "PLAINTEXT",
    "RSA-SHA1",
    "RSA-SHA256",
    "RSA-SHA512",
)
PRIVATE_KEY = (Path(__file__).parents[1] / "tests/keys/rsa-1024.pem").read_text(encoding="ascii")
# openssl rsa -in tests/keys/rsa-1024.pem -noout -modulus
PUBLIC_KEY = PublicKey(
    int(
        "b6cfed67b55497e8b6249fd0b3203d7a381adb1d0f0cd65afee7b5b443389b19"
        "4b4889e0bc140c0a4776360faf9b629a2ed3d4dbf13fc7471e9800f5f7f30110"
        "f2ecdd374db892a33888692bb575d7c261b749a320de8c3e558d397f6055be9d"
        "4008612221c932eecd1c17f91601e888ad64cd8041ead3f9e132f086cb8d79f3",
        16,
    ),
    65537,
)
LINES = 15
ADDED = {
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_version",
}
# No hexadecimal digit: within an escape it breaks it, elsewhere it is one more character.
INTRUDER = "x"


class UnpreparedError(Exception):
    """requests makes no request of it."""


Parts = tuple[str, str, dict[str, Any], Any]


@atheris.instrument_func  # type: ignore[untyped-decorator]  # it has no types
def fuzz_one(data: bytes) -> None:
    choices, *rest = data.split(b"\n", LINES - 1)
    placement, method, flags, kind = (*choices[:4], 0, 0, 0, 0)[:4]
    lines = [line.decode(errors="surrogateescape") for line in rest]
    lines += [""] * (LINES - 1 - len(lines))
    http_method, url, host, _, nonce, timestamp, key, secret, token, token_secret = lines[:10]
    form = rest[LINES - 2] if len(rest) == LINES - 1 else b""
    settings: dict[str, Any] = {
        "client_key": key,
        "client_secret": secret,
        "resource_owner_key": token if flags & 8 else None,
        "resource_owner_secret": token_secret,
        "realm": lines[10] if flags & 16 else None,
        "callback_uri": lines[11],
        "signature_method": METHODS[method % len(METHODS)],
        "signature_type": PLACEMENTS[placement % len(PLACEMENTS)],
        "nonce": nonce,
        "timestamp": timestamp,
    }
    if is_rsa := settings["signature_method"].startswith("RSA-"):
        settings["rsa_key"] = PRIVATE_KEY
    if kind & 4:
        settings = {name: as_bytes(value) for name, value in settings.items()}
    body: Any = form if flags & 2 else None
    if kind & 2 and body is not None:
        body = form.decode("latin-1")
    headers = {"X-Mine": "1", "Content-Type": FORM_MEDIA_TYPE} if flags & 2 else {"X-Mine": "1"}
    if flags & 1:
        headers["Host"] = host
    if kind & 8:
        # With a file of this name and this content, and a field beside it.
        body = {"name": lines[11]}, {"file": (lines[12], form)}
        headers.pop("Content-Type", None)
    try:
        sign = sign_prepared if kind & 9 else sign_parts
        before, after = sign(settings, (http_method, url, headers, body))
    except (OAuth1Error, UnpreparedError):
        return
    check_untouched(before, after, settings["signature_type"])
    if not timestamp.isdecimal() or timestamp.startswith("0") or not timestamp.isascii():
        return  # section 3.3 has positive integers, and so has the verifier
    if not http_method.isascii():
        return  # no method of HTTP's, and upper case is not the same to everybody
    request = on_the_wire(after)
    verdict = verify(request, secret, token_secret, PUBLIC_KEY)
    if verdict.reason.startswith("given more than once"):
        assert not ADDED & set(verdict.reason.split(": ")[1].split(", "))
        return  # the caller's own
    assert verdict.accepted, verdict.reason
    if settings["signature_method"] in ("PLAINTEXT", b"PLAINTEXT"):
        return
    # In the signature of a private key the secrets have no part.
    assert verify(request, secret + INTRUDER, token_secret, PUBLIC_KEY).accepted == is_rsa
    for tampered in tampered_copies(request, len(data)):
        verdict = verify(tampered, secret, token_secret, PUBLIC_KEY)
        assert not verdict.accepted, tampered
    if kind & 8:
        other = (*after[:3], INTRUDER)
        assert verify(on_the_wire(other), secret, token_secret, PUBLIC_KEY).accepted


def as_bytes(value: str | None) -> bytes | None:
    return None if value is None else value.encode(errors="surrogatepass")


def sign_parts(settings: dict[str, Any], request: Parts) -> tuple[Parts, Parts]:
    http_method, url, headers, body = request
    given = dict(headers)
    url_after, headers_after, body_after = Client(**settings).sign(url, http_method, body, headers)
    assert headers == given
    return request, (http_method, url_after, headers_after, body_after)


def sign_prepared(settings: dict[str, Any], request: Parts) -> tuple[Parts, Parts]:
    http_method, url, headers, body = request
    data, files = body if isinstance(body, tuple) else (body, None)
    try:
        prepared = requests.Request(http_method, url, headers, files, data).prepare()
    except ValueError as error:  # of requests, urllib3 and urllib
        raise UnpreparedError from error
    before = parts_of(prepared)
    try:
        OAuth1(**settings)(prepared)
    except OAuth1Error:
        assert parts_of(prepared) == before
        raise
    return before, parts_of(prepared)


def parts_of(prepared: Any) -> Parts:
    return prepared.method, prepared.url, dict(prepared.headers), prepared.body


def check_untouched(before: Parts, after: Parts, placement: str | bytes) -> None:
    changing = {"Authorization"} if placement in ("AUTH_HEADER", b"AUTH_HEADER") else set()
    is_body = placement in ("BODY", b"BODY")
    if is_body:
        changing |= {"Content-Length", "Content-Type"} - ({"Content-Type"} & set(before[2]))
    for name, value in before[2].items():
        assert name in changing or after[2][name] == value, name
    assert set(after[2]) - set(before[2]) <= changing
    if placement in ("QUERY", b"QUERY"):
        resource, mark, fragment = before[1].partition("#")
        assert after[1].startswith(resource)
        assert after[1].endswith(mark + fragment)
    else:
        assert after[1] == before[1]
    if is_body:
        assert in_bytes(after[3]).startswith(in_bytes(before[3]))
    else:
        assert in_bytes(after[3]) == in_bytes(before[3])


def in_bytes(body: str | bytes | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def on_the_wire(parts: Parts) -> WireRequest:
    """Return the request as clients send it, with the port as the number that it is."""
    http_method, url, headers, body = parts
    url = re.sub(r"^([^/?#]*//[^/?#]*:)0+(?=\d)", r"\1", url)
    if "Host" in headers:
        headers = {**headers, "Host": re.sub(r":0+(?=\d+$)", ":", headers["Host"])}
    return WireRequest.from_url(http_method, url, headers, body)


def tampered_copies(request: WireRequest, place: int) -> list[WireRequest]:
    path, mark, query = request.target.partition(b"?")
    other_scheme = "http" if request.scheme.lower() == "https" else "https"
    copies = [
        replace(request, method=request.method + INTRUDER),
        replace(request, scheme=other_scheme),
        replace(request, target=b"/" + INTRUDER.encode() + path[1:] + mark + query),
    ]
    if not request.host.startswith(b"["):  # else it would be no host any more
        copies.append(replace(request, host=INTRUDER.encode() + request.host))
    if mark:
        copies.append(replace(request, target=path + mark + intruded(query, place)))
    if request.form:
        copies.append(replace(request, body=intruded(request.body, place)))
    headers = dict(request.headers)
    authorization = str(headers.get("Authorization", ""))
    for name in ("oauth_nonce", "oauth_consumer_key"):
        changed = authorization.replace(f'{name}="', f'{name}="{INTRUDER}')
        if changed != authorization:
            copies.append(replace(request, headers={**headers, "Authorization": changed}))
    return copies


def intruded(text: bytes, place: int) -> bytes:
    position = place % (len(text) + 1)
    return text[:position] + INTRUDER.encode() + text[position:]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
