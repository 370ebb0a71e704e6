"""What is easily overlooked in a signed request, in words."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING

from oauth1_rs._exact import base64_length, default_port, setting_text, uri_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oauth1_rs._exact import Exact
    from oauth1_rs._explain import Explanation
    from oauth1_rs._masking import Secrets

_BODY_HASHES: dict[int | None, str] = {20: "SHA-1", 32: "SHA-256"}


def notes(shown: Explanation, exact: Exact, secrets: Secrets) -> Iterator[str]:
    """Yield the notes of an explanation; names and values as it shows them."""
    if shown.was_signed:
        yield "Nonce, timestamp and signature are those that the request has."
    else:
        yield (
            "The request has no signature yet: nonce, timestamp and signature were made for this "
            "text, and will be others when it is sent."
        )
    if not shown.signature_matches:
        yield (
            "The settings do not give this signature: they were others when the request was "
            "signed, or the request has been changed since."
        )
    if shown.signature_method == "PLAINTEXT":
        yield "PLAINTEXT signs nothing: the signature is the secrets, and is masked."
    if not shown.base_string_is_exact:
        names = _listed({it.name for it in shown.parameters if it.is_secret})
        hidden = (
            f"the value of {names} may be a secret" if names else "its beginning has a secret in it"
        )
        yield f"The base string is not exact: {hidden}, and is masked."
    yield from _key_notes(exact, shown)
    yield from _uri_notes(exact, secrets)
    yield from _parameter_notes(shown, exact)
    yield from _body_notes(shown, exact)


def _key_notes(exact: Exact, shown: Explanation) -> Iterator[str]:
    client = exact.client
    for name in ("client_key", "client_secret", "resource_owner_key", "resource_owner_secret"):
        value = setting_text(getattr(client, name))
        if value != value.strip():
            yield f"{name} has white space around it, which counts: is it meant?"
    is_shared = not shown.signature_method.startswith("RSA-")
    if client.resource_owner_key is None:
        yield "There is no token: the request is the client's own, or for temporary credentials."
    elif is_shared and not client.resource_owner_secret:
        yield "There is a token, but no token secret: most providers issue both."
    if exact.realm is not None:
        yield "The realm is sent in the header, and not signed."
        if (
            re.search(r"\bnetsuite\.com", exact.base_string_uri)
            and exact.realm.upper() != exact.realm
        ):
            yield (
                "NetSuite wants the account as realm in upper case and with an underscore, such as "
                "1234567_SB1: this one has lower case."
            )
    if client.single_encoding:
        yield (
            "single_encoding, as Mastercard wants it: values of protocol parameters, and a query "
            "without escapes, are encoded once and not twice."
        )


def _uri_notes(exact: Exact, secrets: Secrets) -> Iterator[str]:
    parts = uri_parts(exact.url)
    if parts is None:
        return
    scheme, authority, path, _, fragment = parts
    host = authority.rpartition("@")[2]
    if exact.method != exact.method.upper():
        yield "The method is signed in upper case."
    if "@" in authority:
        yield "The user information before the host is not signed."
    if exact.host is not None and exact.host.lower() != host.lower():
        shown = secrets.masked(exact.host)
        yield f"The Host header, {shown}, counts in place of the URL's host and port."
        host = exact.host
    yield from _host_notes(scheme, host)
    if not path:
        yield "The empty path is signed as /."
    if escapes := sorted(set(re.findall(r"%[0-9A-Fa-f]{2}", path))):
        yield f"The path keeps its escapes ({', '.join(escapes)}) as they are sent."
    if re.search(r"[^!-~]|[\"<>\\^`{|}]", path):
        yield "The path has characters that no URL can hold: signed is the encoding that is sent."
    if fragment:
        yield "The fragment is neither sent nor signed."


def _host_notes(scheme: str, host: str) -> Iterator[str]:
    port = re.search(r":([0-9]*)$", host)
    if port is not None and port[1] in {"", default_port(scheme)}:
        yield "The default port is dropped, as it is no part of what is signed."
    elif port is not None:
        yield f"Port {port[1]} is signed: it is not the default of {scheme.lower()}."
    if (scheme + host).lower() != scheme + host:
        yield "Scheme and host are signed in lower case."


def _parameter_notes(shown: Explanation, exact: Exact) -> Iterator[str]:
    query = exact.url.partition("#")[0].partition("?")[2]
    if "+" in query:
        yield "A + in the query stands for a space, and is signed as %20."
    if re.search(r"%(?![0-9A-Fa-f]{2})", query):
        yield "A % in the query that begins no escape stands for itself."
    counts = collections.Counter(pair.name for pair in exact.pairs)
    # Different names may all be masked.
    both = zip(shown.parameters, exact.pairs, strict=True)
    if repeated := {parameter.name for parameter, pair in both if counts[pair.name] > 1}:
        yield f"Given more than once, and signed as often: {_listed(repeated)}."
    if any(parameter.value == "" for parameter in shown.parameters):
        yield "A parameter without a value is signed with an empty one."


def _body_notes(shown: Explanation, exact: Exact) -> Iterator[str]:
    body, content_type = exact.body, exact.content_type or ""
    media_type = content_type.partition(";")[0].strip().lower()
    hashes = [it.value for it in shown.parameters if it.source == "body hash"]
    if hashes:
        yield f"The body counts by its hash, in oauth_body_hash{_hash_name(hashes[0])}."
    if exact.is_form and body:
        yield "The body is a form: its parameters are signed."
        if not exact.given_content_type:
            yield (
                "It came as text without a Content-Type, and looks like a form: "
                "application/x-www-form-urlencoded was added."
            )
        if shown.method in {"GET", "HEAD"}:
            yield f"A {shown.method} request with a form: many servers do not read it."
    elif body is None or body in ("", b""):
        yield "There is no body."
    elif not hashes:
        kind = {"multipart/form-data": "multipart"}.get(media_type, media_type)
        kind = "JSON" if media_type.endswith("json") else kind
        yield f"The {kind} body is not signed." if kind else "The body is not signed."
        if not content_type and isinstance(body, (bytes, bytearray)) and _looks_like_form(body):
            yield (
                "The body looks like a form, but no Content-Type says so: for its parameters to be "
                "signed, send Content-Type: application/x-www-form-urlencoded."
            )


def _hash_name(value: str) -> str:
    name = _BODY_HASHES.get(base64_length(value))
    return f" ({name})" if name else ""


def _looks_like_form(body: bytes | bytearray) -> bool:
    return re.fullmatch(rb"[\w%+*.~-]+=[\w%+*.~-]*(?:&[\w%+*.~-]+=[\w%+*.~-]*)*", body) is not None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
