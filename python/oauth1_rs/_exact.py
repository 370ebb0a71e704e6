"""What is signed of a request, unmasked: for what explains and compares it, and never shown."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from oauth1_rs._hops import DEFAULT_PORTS

if TYPE_CHECKING:
    from oauth1_rs._native import Client


class Pair(NamedTuple):
    """A parameter that is signed."""

    source: str
    """ "oauth", "query" or "form"."""
    name: bytes
    value: bytes
    encoded: tuple[bytes, bytes]
    """Name and value as they are sorted and joined."""


class UriParts(NamedTuple):
    """A URI as it is written, in the parts that RFC 3986 section 3 gives it."""

    scheme: str
    authority: str
    path: str
    query: str
    """With the question mark."""
    fragment: str
    """With the number sign."""


@dataclass(frozen=True, repr=False)
class Exact:
    """A request with its signature, as `src/python/explain.rs` reads it."""

    client: Client
    """As it was when it was asked."""
    method: str
    url: str
    """As it was given: without a signature, if there was none."""
    sent_url: str
    host: str | None
    """The `Host` header."""
    content_type: str | None
    given_content_type: str | None
    authorization: str | None
    """The header, if the signature is there."""
    body: Any
    is_form: bool
    was_signed: bool
    placement: str
    realm: str | None
    signature: str
    base_string_uri: str
    base_string: str
    pairs: list[Pair]
    """In the order in which they are signed."""
    private_key_bits: int | None


def uri_parts(uri: str) -> UriParts | None:
    """Split a URI without changing any of it. None if it has no scheme and no authority."""
    found = re.fullmatch(r"(?s)([^:/?#]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", uri)
    return None if found is None else UriParts(*found.groups(""))


def default_port(scheme: str) -> str:
    """Return the port that a scheme has unless a URI names one, "" if that is not known."""
    return str(DEFAULT_PORTS.get(scheme.lower(), ""))


def base64_length(text: str) -> int | None:
    """Return how many bytes a text encodes, None if it is not base64."""
    try:
        return len(base64.b64decode(text, validate=True))
    except ValueError:
        return None


def text_of(value: bytes) -> str:
    """Return bytes as a person can read them."""
    return value.decode(errors="backslashreplace")


def setting_text(setting: str | bytes | None) -> str:
    """Return a setting of a client as text."""
    return setting.decode(errors="replace") if isinstance(setting, bytes) else setting or ""
