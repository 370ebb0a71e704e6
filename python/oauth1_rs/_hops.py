"""What may go with a request to the next hop of a redirect: of any HTTP client, and free of I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes, urlsplit

from oauth1_rs._native import Client, OAuth1
from oauth1_rs.exceptions import OAuth1Error, OAuth1TypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
DEFAULT_PORTS = {"http": 80, "https": 443}
# Of one value, one within the other.
MAX_ENCODINGS = 4
# A shorter secret is in any text by chance.
MIN_SECRET = 4
PROTOCOL_NAME = re.compile(rb"(?:^|\W)(oauth_\w+)")

Parameter = tuple[bytes, bytes]
# The first four of a `Change`.
Parts = tuple[Any, Any, Any, Any]


class Outgoing(Protocol):
    """What of a request is signed, and changed by a signature. requests' prepared ones have it."""

    method: Any
    url: Any
    headers: Any
    body: Any


@dataclass
class Message:
    """A request as `OAuth1` signs it, for clients whose own have it in another shape.

    `headers` is a mapping that takes names in any case, with `get`, `pop` and `copy`. `body` is
    text, bytes or `None`; what is neither is never read.
    """

    method: str
    url: str
    headers: Any
    body: Any = None

    def prepare_headers(self, headers: Mapping[str, Any]) -> None:
        """Set headers, as requests' prepared ones do: clients of oauthlib's classes give all."""
        for name, value in headers.items():
            self.headers[name] = value


def checked(auth: Any) -> OAuth1:
    """Return what an adapter was given to sign with, if it is an `OAuth1`."""
    if not isinstance(auth, OAuth1):
        raise OAuth1TypeError(f"auth must be an oauth1_rs.OAuth1, got {type(auth).__name__}")
    return auth


def signs_body(auth: OAuth1, content_type: str | None) -> bool:
    """Whether a signature by `auth` covers a body: if not, it is not to be read."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    is_hashed = getattr(auth.client, "body_hash", None) or (media_type and auth.force_include_body)
    return media_type == FORM_MEDIA_TYPE or bool(is_hashed)


class Chain:
    """Signs a request, and what it is redirected to. Nothing of a signature leaves the origin.

    A chain that has left the origin, or that came to a hop which cannot be signed, is never signed
    again.
    """

    def __init__(self, auth: OAuth1) -> None:
        self.auth = auth
        self.change: Change | None = None
        """What the last signature did."""
        self._signs = True

    def sign(self, request: Outgoing) -> None:
        """Sign a request which has no signature: the first one, or an attempt to send it again.

        Raises `OAuth1Error`; the request is then as it was.
        """
        if getattr(self.auth.client, "decoding", None):
            raise OAuth1TypeError(
                "decoding makes headers bytes, which this HTTP client does not take: give OAuth1 "
                "decoding=None"
            )
        url, body = request.url, request.body
        self.auth(request)
        is_in_header = request.url == url and is_same_body(request.body, body)
        header = request.headers.get("Authorization") if is_in_header else None
        self.change = Change(url, body, request.url, request.body, header)

    def follow(self, following: Outgoing) -> None:
        """Sign what the last request is redirected to, or take the signature out of it."""
        change = self.change
        if change is None:
            return
        is_within_origin = is_same_origin(change.url, following.url)
        self._signs = self._signs and is_within_origin
        change.take_out(following, is_within_origin=is_within_origin)
        keeps_body = is_same_body(following.body, change.body)
        if keeps_body and following.body is not change.unsigned_body:
            following.body = change.unsigned_body
            following.headers["Content-Length"] = str(len(in_bytes(following.body)))
        if self._signs:
            self._sign_if_possible(following, keeps_body=keeps_body)

    def _sign_if_possible(self, following: Outgoing, *, keeps_body: bool) -> None:
        change = self.change
        unsigned = following.url, following.headers.copy(), following.body
        has_place = keeps_body or following.body is not None
        refusal = OAuth1Error if isinstance(self.auth.client, Client) else ValueError
        try:
            self.sign(following)
            # Else there was no place for the parameters.
            self._signs = has_place or following.body is None
        except refusal:
            self._signs = False
        if not self._signs:
            following.url, following.headers, following.body = unsigned
            self.change = change


class Change(NamedTuple):
    """What a signature did to a request. In the header, it did nothing else."""

    unsigned_url: str
    unsigned_body: Any
    url: str
    body: Any
    authorization: str | bytes | None = None

    @classmethod
    def of(cls, request: Outgoing, parts: Parts | None) -> Change | None:
        """Return what the signature of `request` did; `parts` are remembered of it, if any."""
        if parts is not None:
            return cls(*parts)
        header = request.headers.get("Authorization") or ""
        scheme = header[:6].decode("latin-1") if isinstance(header, bytes) else header[:6]
        if scheme.lower() != "oauth ":
            return None
        url, body = request.url or "", request.body
        change = cls(url, body, url, body, header)
        # Others use the scheme too, with a token of theirs.
        is_signed = any(name == b"oauth_signature" for name, _ in change.parameters())
        return change if is_signed else None

    def has_query(self, request: Outgoing) -> bool:
        """Whether the request has what signing put into the query."""
        return self.url != self.unsigned_url and request.url == self.url

    def has_body(self, request: Outgoing) -> bool:
        """Whether the request has what signing put into the body."""
        return self.body is not self.unsigned_body and is_same_body(request.body, self.body)

    def is_of(self, request: Outgoing) -> bool:
        """Whether the request is as it was signed; somebody may have changed it since."""
        return request.url == self.url and is_same_body(request.body, self.body)

    def take_out(self, following: Outgoing, *, is_within_origin: bool) -> None:
        """Take this signature out of the next request, but for the body."""
        if self.authorization is not None or not is_within_origin:
            # Whoever set it: a caller's own is not meant for another origin either.
            following.headers.pop("Authorization", None)
        following.url = without(following.url or "", self.parameters(), not is_within_origin)

    def parameters(self) -> set[Parameter]:
        """Return the protocol parameters, wherever they are."""
        if self.authorization is not None:
            header = self.authorization
            text = header.decode("latin-1") if isinstance(header, bytes) else header
            return {
                (unquote_to_bytes(name), unquote_to_bytes(value))
                for name, value in re.findall(r'([^\s,="]+)="([^"]*)"', text)
                if name != "realm"
            }
        queries = (_split_query(url)[2].encode() for url in (self.unsigned_url, self.url))
        bodies = (in_bytes(body) for body in (self.unsigned_body, self.body))
        before, after = map(_form_parameters, queries)
        before_in_body, after_in_body = map(_form_parameters, bodies)
        return (after - before) | (after_in_body - before_in_body)


def is_same_origin(old: str, new: str) -> bool:
    """Whether both are of one origin (RFC 6454), or `new` is `old` moved from http to https."""
    try:
        before, after = _origin(old), _origin(new)
    except ValueError:  # not a port
        return False
    host = before[1]
    is_moved = (before, after) == (("http", host, 80), ("https", host, 443))
    return before == after or is_moved


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, default if parts.port is None else parts.port


def is_same_body(body: Any, other: Any) -> bool:
    """Whether two bodies are one, as they are sent; those that are no text are not compared."""
    if body is other:
        return True
    is_text = all(isinstance(it, (str, bytes, bytearray)) for it in (body, other))
    return is_text and in_bytes(body) == in_bytes(other)


def in_bytes(body: Any) -> bytes:
    """Return a body of text or bytes as it is sent; of others, which may be files, nothing."""
    if isinstance(body, str):
        return body.encode(errors="surrogatepass")
    return bytes(body) if isinstance(body, (bytes, bytearray)) else b""


def without(url: str, parameters: set[Parameter], is_elsewhere: bool) -> str:
    """Return `url` without what a server repeats of the parameters that it got.

    Within the origin that is everything if the signature is among it: a token alone, say, may be
    what a page of the provider's asks for. Elsewhere a signature goes whoever's it is.
    """
    before, mark, query, fragment = _split_query(url)
    sent = {_plain(parameter) for parameter in parameters}
    signatures = {value for name, value in sent if name == b"oauth_signature"}
    # What PLAINTEXT's is made of, which falls apart where a server does not encode it.
    secrets = {
        part for value in signatures for part in value.split(b"&") if len(part) >= MIN_SECRET
    }
    kept, has_signature, is_changed = "", False, False
    for separator, piece in re.findall("([&;]?)([^&;]*)", query):
        name, value = plain = _plain(_decoded(piece.encode()))
        is_signature = name == b"oauth_signature" and (is_elsewhere or value in signatures)
        has_signature |= is_signature
        if is_signature or (piece and plain in sent) or (is_elsewhere and name in secrets):
            is_changed = True
        else:
            kept += separator + piece
    if not is_changed or not (is_elsewhere or has_signature):
        return url
    kept = kept.lstrip("&;") if query[:1] not in ("&", ";") else kept
    return before + (mark + kept if kept else "") + fragment


def _form_parameters(text: bytes) -> set[Parameter]:
    return {_decoded(piece) for piece in text.split(b"&")}


def _decoded(piece: bytes) -> Parameter:
    """Return the parameter that a piece of a query is, whichever way it is encoded."""
    name, _, value = piece.replace(b"+", b" ").partition(b"=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _plain(parameter: Parameter) -> Parameter:
    """Return what does not change however often, and by whatever rules, a parameter is encoded.

    Of a name like `q[oauth_token]` it is what is within.
    """
    name, value = (_decoded_wholly(part) for part in parameter)
    found = PROTOCOL_NAME.search(name)
    return found[1] if found else name, value


def _decoded_wholly(text: bytes) -> bytes:
    for _ in range(MAX_ENCODINGS):
        text = unquote_to_bytes(text)
    return text.replace(b"+", b" ").lower()


def _split_query(url: str) -> tuple[str, str, str, str]:
    """Return what comes before the query, `?`, the query, and the fragment with its `#`."""
    resource, hash_mark, fragment = url.partition("#")
    before, mark, query = resource.partition("?")
    return before, mark, query, hash_mark + fragment
