"""A byte-exact RFC 5849 server side: does the signature match the request on the wire?

The judge of the other tests. It is built from the standard library and shares no code with the
library under test, with oauthlib or with `urllib.parse`: a mistake would have to be made twice.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Parameters = list[tuple[bytes, bytes]]
Headers = Mapping[str, str | bytes] | Sequence[tuple[str, str | bytes]]

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
DEFAULT_PORTS = {"http": b"80", "https": b"443"}

# Section 3.1: what every signed request carries; PLAINTEXT may leave out the last two.
ALWAYS_REQUIRED = (b"oauth_consumer_key", b"oauth_signature_method", b"oauth_signature")
REQUIRED_UNLESS_PLAINTEXT = (b"oauth_timestamp", b"oauth_nonce")


@dataclass(frozen=True)
class WireRequest:
    """A request as a server receives it."""

    method: str
    scheme: str
    target: bytes
    host: bytes
    headers: Headers = ()
    body: bytes = b""

    @classmethod
    def from_url(
        cls, method: str, url: str, headers: Headers = (), body: str | bytes | None = None
    ) -> WireRequest:
        """Build the request a client would put on the wire for `url`."""
        parts = re.fullmatch(r"(?s)([^:/?#]+)://([^/?#]+)([^?#]*)(\?[^#]*)?(?:#.*)?", url)
        if parts is None:
            raise ValueError(f"not an absolute URL: {url!r}")
        scheme, authority, path, query = parts.groups(default="")
        host = _without_default_port(scheme.lower(), authority.rpartition("@")[2].encode("ascii"))
        for given_host in _header_values(headers, "Host"):
            host = given_host.encode("latin-1")
        return cls(
            method=method,
            scheme=scheme,
            target=_as_sent((path or "/") + query),
            host=host,
            headers=headers,
            body=body.encode() if isinstance(body, str) else body or b"",
        )

    @property
    def query(self) -> bytes:
        return self.target.partition(b"?")[2]

    @property
    def form(self) -> bytes:
        """The body if it counts as parameters (section 3.4.1.3.1), else nothing."""
        content_type = "".join(_header_values(self.headers, "Content-Type")[:1])
        is_form = content_type.partition(";")[0].strip().lower() == FORM_MEDIA_TYPE
        return self.body if is_form else b""


@dataclass(frozen=True)
class PublicKey:
    """The RSA public key that belongs to a client's private key."""

    modulus: int
    exponent: int


@dataclass(frozen=True)
class Verdict:
    """What the server decided. `parameters` are the protocol parameters, `realm` left out."""

    accepted: bool
    reason: str
    base_string: bytes
    parameters: dict[bytes, bytes]
    realm: str | None


def verify(
    request: WireRequest,
    client_secret: str,
    token_secret: str = "",
    public_key: PublicKey | None = None,
) -> Verdict:
    """Check `request` as section 3.2 asks, apart from the nonce's history and the clock."""
    try:
        realm, in_header = _authorization_header(request)
    except ValueError as error:
        return Verdict(False, str(error), b"", {}, None)
    places = [in_header, decode_form(request.query), decode_form(request.form)]
    # Section 3.5 allows one place only. A place is known by what every signed request carries:
    # another oauth_ parameter (oauth_verifier in a form, say) may be the caller's own.
    marks = {*ALWAYS_REQUIRED, *REQUIRED_UNLESS_PLAINTEXT, b"oauth_version"}
    used = [place for place in places if any(name in marks for name, _ in place)]
    parameters = {name: value for place in used for name, value in place if _is_protocol(name)}
    text = base_string(request, in_header)
    reason = _fault(places, used, parameters)
    if not reason:
        method = parameters[b"oauth_signature_method"].decode()
        given = parameters[b"oauth_signature"]
        if method in RSA_METHODS:
            matches = _rsa_matches(method, text, given, public_key)
        else:
            expected = signature(
                request,
                in_header,
                method=method,
                client_secret=client_secret,
                token_secret=token_secret,
            )
            matches = hmac.compare_digest(expected.encode(), given)
        if not matches:
            reason = "the signature does not match"
    return Verdict(not reason, reason or "the signature matches", text, parameters, realm)


def _fault(places: list[Parameters], used: list[Parameters], parameters: dict[bytes, bytes]) -> str:
    """Why the protocol parameters are unacceptable whatever the signature is; empty if fine."""
    if not used:
        return "no protocol parameters"
    if len(used) > 1:
        return "protocol parameters in more than one place"
    names = [name for place in places for name, _ in place if _is_protocol(name)]
    if twice := sorted({name.decode("latin-1") for name in names if names.count(name) > 1}):
        return f"given more than once: {', '.join(twice)}"
    method = parameters.get(b"oauth_signature_method", b"").decode("latin-1")
    required = ALWAYS_REQUIRED + (REQUIRED_UNLESS_PLAINTEXT if method != "PLAINTEXT" else ())
    if missing := [name.decode() for name in required if name not in parameters]:
        return f"missing: {', '.join(missing)}"
    if method not in SIGNATURE_METHODS and method not in RSA_METHODS:
        return f"unknown signature method: {method}"
    if parameters.get(b"oauth_version", b"1.0") != b"1.0":
        return "oauth_version is not 1.0"
    if not re.fullmatch(rb"[1-9][0-9]*", parameters.get(b"oauth_timestamp", b"1")):
        return "oauth_timestamp is not a positive integer"
    return ""


def signature(
    request: WireRequest,
    protocol_parameters: Iterable[tuple[bytes, bytes]] = (),
    *,
    method: str,
    client_secret: str,
    token_secret: str = "",
) -> str:
    """The signature (sections 3.4.2 and 3.4.4) the request must carry."""
    text = base_string(request, protocol_parameters)
    return SIGNATURE_METHODS[method](text, client_secret, token_secret)


def _hmac_with(digest: str) -> Callable[[bytes, str, str], str]:
    def sign(text: bytes, client_secret: str, token_secret: str) -> str:
        key = _plaintext(text, client_secret, token_secret).encode()
        return base64.b64encode(hmac.digest(key, text, digest)).decode()

    return sign


def _plaintext(_text: bytes, client_secret: str, token_secret: str) -> str:
    return (encode(client_secret.encode()) + b"&" + encode(token_secret.encode())).decode()


# Base string, client secret and token secret to signature.
SIGNATURE_METHODS: dict[str, Callable[[bytes, str, str], str]] = {
    "HMAC-SHA1": _hmac_with("sha1"),
    "HMAC-SHA256": _hmac_with("sha256"),
    "HMAC-SHA512": _hmac_with("sha512"),
    "PLAINTEXT": _plaintext,
}

# Section 3.4.3: the hash, and what RFC 8017 section 9.2 puts before its digest.
RSA_METHODS = {
    "RSA-SHA1": ("sha1", bytes.fromhex("3021300906052b0e03021a05000414")),
    "RSA-SHA256": ("sha256", bytes.fromhex("3031300d060960864801650304020105000420")),
    "RSA-SHA512": ("sha512", bytes.fromhex("3051300d060960864801650304020305000440")),
}


def _rsa_matches(method: str, text: bytes, given: bytes, public_key: PublicKey | None) -> bool:
    """RSASSA-PKCS1-v1_5 verification (RFC 8017 section 8.2.2)."""
    if public_key is None:
        raise ValueError(f"{method} needs a public key to verify with")
    size = (public_key.modulus.bit_length() + 7) // 8
    try:
        signed = base64.b64decode(given, validate=True)
    except binascii.Error:
        return False
    number = int.from_bytes(signed, "big")
    if len(signed) != size or number >= public_key.modulus:
        return False
    name, prefix = RSA_METHODS[method]
    ending = b"\0" + prefix + hashlib.new(name, text).digest()
    expected = b"\0\1".ljust(size - len(ending), b"\xff") + ending
    return pow(number, public_key.exponent, public_key.modulus).to_bytes(size, "big") == expected


def base_string(
    request: WireRequest, protocol_parameters: Iterable[tuple[bytes, bytes]] = ()
) -> bytes:
    """Section 3.4.1.1. `protocol_parameters` are those in neither query nor body: the header's."""
    return b"&".join(
        encode(part)
        for part in (
            request.method.upper().encode(),
            base_string_uri(request),
            normalized_parameters(request_parameters(request, protocol_parameters)),
        )
    )


def base_string_uri(request: WireRequest) -> bytes:
    """Section 3.4.1.2: the path is kept byte for byte."""
    scheme = request.scheme.lower()
    host = _without_default_port(scheme, request.host.lower())
    return scheme.encode() + b"://" + host + (request.target.partition(b"?")[0] or b"/")


def request_parameters(
    request: WireRequest, protocol_parameters: Iterable[tuple[bytes, bytes]] = ()
) -> Parameters:
    """Section 3.4.1.3.1: the decoded parameters that are signed, in the order of their sources."""
    sources = [*decode_form(request.query), *protocol_parameters, *decode_form(request.form)]
    return [(name, value) for name, value in sources if name != b"oauth_signature"]


def normalized_parameters(parameters: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Section 3.4.1.3.2: encoded first, then sorted by name and value."""
    pairs = sorted((encode(name), encode(value)) for name, value in parameters)
    return b"&".join(name + b"=" + value for name, value in pairs)


def parse_authorization(value: str) -> tuple[str | None, Parameters]:
    """Read an Authorization header by section 3.5.1's grammar; raise ValueError on anything else.

    The realm comes first, and names and values are encoded exactly as section 3.6 says.
    """
    scheme = re.match(r"OAuth +", value, re.IGNORECASE)
    if scheme is None:
        raise ValueError("the Authorization header is not of the OAuth scheme")
    position = scheme.end()
    realm = None
    # A quoted-string without the backslash escapes, which nobody reads the same way.
    if first := re.compile(r'realm="([ !#-\[\]-~]*)"').match(value, position):
        realm = first[1]
        position = _after_separator(value, first.end())
    parameters: Parameters = []
    while position < len(value):
        pair = re.compile(r'([A-Za-z0-9._~%-]+)="([A-Za-z0-9._~%-]*)"').match(value, position)
        if pair is None:
            raise ValueError(f"the Authorization header is malformed at character {position}")
        name, content = (_decode_strictly(text.encode()) for text in pair.groups())
        if name == b"realm" or name in dict(parameters):
            raise ValueError(f"{pair[1]} is given more than once or realm is not first")
        parameters.append((name, content))
        position = _after_separator(value, pair.end())
    if not parameters:
        raise ValueError("the Authorization header has no parameters")
    return realm, parameters


def _after_separator(value: str, position: int) -> int:
    if position == len(value):
        return position
    separator = re.compile(r"[ \t]*,[ \t]*(?=.)").match(value, position)
    if separator is None:
        raise ValueError(f"the Authorization header lacks a comma at character {position}")
    return separator.end()


def _authorization_header(request: WireRequest) -> tuple[str | None, Parameters]:
    values = _header_values(request.headers, "Authorization")
    if len(values) > 1:
        raise ValueError("more than one Authorization header")
    if not values or not re.match(r"OAuth\b", values[0], re.IGNORECASE):
        return None, []  # another scheme: the protocol parameters may be in query or body
    return parse_authorization(values[0])


def encode(value: bytes) -> bytes:
    """Section 3.6: everything but the unreserved characters becomes %XX in upper case."""
    return re.sub(rb"[^A-Za-z0-9._~-]", lambda found: b"%%%02X" % found[0][0], value)


def decode(value: bytes) -> bytes:
    """Turn each valid %XX into its byte; any other `%` stays."""
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), value)


def decode_form(text: bytes) -> Parameters:
    """Read a query or a form body: `b` is `b=`, `+` is a space, empty pieces are dropped."""
    pieces = (piece.replace(b"+", b" ").partition(b"=") for piece in text.split(b"&") if piece)
    return [(decode(name), decode(value)) for name, _, value in pieces]


def _decode_strictly(text: bytes) -> bytes:
    value = decode(text)
    if encode(value) != text:
        raise ValueError(f"not encoded as section 3.6 says: {text.decode()}")
    return value


def _as_sent(target: str) -> bytes:
    """Percent-encode what RFC 3986 keeps out of a URI; a `%` is never touched."""
    allowed = rb"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]"
    return re.sub(allowed, lambda found: b"%%%02X" % found[0][0], target.encode())


def _without_default_port(scheme: str, host: bytes) -> bytes:
    # RFC 3986 section 3.2.3: an empty port is the default port.
    return host.removesuffix(b":" + DEFAULT_PORTS.get(scheme, b"")).removesuffix(b":")


def _header_values(headers: Headers, name: str) -> list[str]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [
        value.decode("latin-1") if isinstance(value, bytes) else value
        for given, value in pairs
        if given.lower() == name.lower()
    ]


def _is_protocol(name: bytes) -> bool:
    return name.startswith(b"oauth_")
