"""What a signature covers, as a person reads it: `src/explain.rs` computes it. No secret is shown.

Loaded when somebody asks for an explanation: signing needs nothing of it.
"""

from __future__ import annotations

import base64
import binascii
import collections
import re
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, unquote_to_bytes

from oauth1_rs._hops import MAX_ENCODINGS, MIN_SECRET, Message
from oauth1_rs.exceptions import OAuth1TypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from oauth1_rs._difference import Difference
    from oauth1_rs._native import Client

MASK = "****"

# The names of parameters that prove who somebody is.
_SECRET_NAME = re.compile(
    r"""
    passw|passphrase|pwd|secret|verifier|session_handle|credential|assertion|signature(?!_method)
    | (?:access|refresh|id|(?<!o)auth)[_-]?token|(?:api|private)[_-]?key
    | (?<![a-z])(?:pass|pin|otp|jwt|bearer)(?![a-z])
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What is no MAC may be the secrets, as with PLAINTEXT.
_MAC_METHOD = re.compile(r"(?:HMAC|RSA)-SHA(?:1|256|512)")
_MAC = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_BODY_HASHES = {20: "SHA-1", 32: "SHA-256"}
_PREVIEW = 60


@dataclass(frozen=True)
class Parameter:
    r"""A parameter that is signed (RFC 5849 section 3.4.1.3).

    Attributes
    ----------
    source : str
        "oauth" for a protocol parameter, wherever it travels; "body hash" for the one of them that
        covers the body; "query"; or "form".
    name, value : str
        Decoded. Bytes that are no UTF-8 are shown as ``\xe9``.
    encoded_name, encoded_value : str
        As they are sorted and joined (section 3.4.1.3.2). In the base string they are encoded once
        more.
    is_secret : bool
        Whether ``value`` and ``encoded_value`` are masked.
    """

    source: str
    name: str
    value: str
    encoded_name: str
    encoded_value: str
    is_secret: bool


@dataclass(frozen=True, repr=False)
class Exact:
    """What is signed, unmasked: for `diff` alone, which needs it, and never shown."""

    client: Client
    method: str
    url: str
    base_string_uri: str
    realm: str | None
    content_type: str | None
    body: Any
    is_form: bool
    signature: str
    base_string: str
    # Source, name, value, encoded name, encoded value.
    parameters: list[tuple[str, bytes, bytes, bytes, bytes]]


class Explanation:
    """What the signature of a request covers, and what comes of it.

    ``str`` of it is a text to read, ``to_dict`` the same for JSON, and rich prints it in colour.
    None of them shows a secret; values that may be one are ``****``.

    Attributes
    ----------
    method : str
        As it is signed: in upper case.
    base_string_uri : str
        RFC 5849 section 3.4.1.2.
    parameters : tuple of Parameter
        In the order in which they are signed (section 3.4.1.3.2).
    base_string : str
        Section 3.4.1.1.
    base_string_is_exact : bool
        Whether that is the text that was signed: its MAC is then ``signature``. If not, the values
        of secret parameters in it are masked.
    signature_method : str
        Section 3.4.
    key : str
        What it is signed with, without any of it: ``client_secret (13 characters) &
        resource_owner_secret (absent)``.
    nonce, timestamp : str or None
        Section 3.3.
    signature : str
        ``oauth_signature``; masked if it is no MAC: with PLAINTEXT it is the secrets.
    signature_matches : bool
        Whether the client's settings give this signature.
    realm : str or None
        Section 3.5.1.
    placement : str
        "AUTH_HEADER", "QUERY" or "BODY".
    sent : str
        The value of the ``Authorization`` header, the URL, or the form, with the signature in it.
    was_signed : bool
        Whether the request had its signature already.
    notes : tuple of str
        What is easily overlooked in this request.
    """

    def __init__(self, exact: Exact, facts: dict[str, Any]) -> None:
        client = exact.client
        self._exact: Exact | None = exact
        self.method = exact.method.upper()
        self.base_string_uri = _shown_uri(client, exact.base_string_uri)
        self.parameters = tuple(_parameter(exact, fields) for fields in exact.parameters)
        self.base_string_is_exact = self.base_string_uri == exact.base_string_uri and not any(
            it.is_secret for it in self.parameters
        )
        self.base_string = (
            exact.base_string if self.base_string_is_exact else _masked_base_string(self, exact)
        )
        protocol = {it.name: it.value for it in self.parameters if it.source == "oauth"}
        self.signature_method = protocol.get("oauth_signature_method", "")
        found = client._reproduce(exact.base_string.encode(), exact.signature)
        self.signature_matches = found == (self.signature_method, None)
        # Whatever the request says: what is the secrets is not shown.
        is_mac = _MAC_METHOD.fullmatch(self.signature_method) and _MAC.fullmatch(exact.signature)
        is_shown = is_mac and (found is None or found[0] != "PLAINTEXT")
        self.key = _key(client, self.signature_method, facts["private_key_bits"])
        self.nonce = protocol.get("oauth_nonce")
        self.timestamp = protocol.get("oauth_timestamp")
        self.signature = exact.signature if is_shown else MASK
        self.realm = MASK if holds_secret(client, exact.realm or "") else exact.realm
        self.placement: str = facts["placement"]
        self.sent = _sent(self, client, facts)
        self.was_signed: bool = facts["was_signed"]
        self.notes = tuple(_notes(self, exact, facts))

    def diff(self, other: str | bytes | Explanation) -> Difference:
        """Find the first thing that another side signs differently, and why.

        Parameters
        ----------
        other : str, bytes or Explanation
            What the other side signed: a text with its base string somewhere in it, such as a
            server's answer (``oauth_problem=signature_invalid&debug_sbs=...``) or a line of its
            log; the ``Authorization`` header of another tool; or a curl command.

        Returns
        -------
        Difference
            ``str`` of it is a text to read; ``cause`` names what it is.

        Raises
        ------
        OAuth1Error
            ``other`` is none of that, or this explanation is a copy, such as a pickled one.
        """
        from oauth1_rs._difference import difference  # noqa: PLC0415 - it needs this module

        return difference(self._exact, other)

    def to_dict(self) -> dict[str, Any]:
        """Return all attributes as what JSON can hold."""
        attributes = {name: value for name, value in vars(self).items() if name != "_exact"}
        parameters = [asdict(parameter) for parameter in self.parameters]
        return {**attributes, "parameters": parameters, "notes": list(self.notes)}

    def __str__(self) -> str:
        return "\n".join(text for _, text in self._lines())

    def __repr__(self) -> str:
        return f"<Explanation of {self.method} {self.base_string_uri}>"

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Give rich the same text, with headings and the base string in colour."""
        del options
        for style, text in self._lines():
            yield console.render_str(text, style=style, markup=False, emoji=False, highlight=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what holds secrets."""
        return {**vars(self), "_exact": None}

    def _lines(self) -> Iterator[tuple[str, str]]:
        """Yield lines, each with the style that rich gives it."""
        for style, text in self._texts():
            yield style, printable(text)

    def _texts(self) -> Iterator[tuple[str, str]]:
        heading, plain = "bold", ""
        yield heading, f"{self.method} {self.base_string_uri}"
        yield heading, "Parameters, as they are sorted and signed"
        width = max((len(it.source) for it in self.parameters), default=0)
        for it in self.parameters:
            encoded = f"{it.encoded_name}={it.encoded_value}"
            decoded = f"{it.name} = {it.value}"
            suffix = "" if encoded == f"{it.name}={it.value}" else f"    encoded: {encoded}"
            yield plain, f"  {it.source:{width}}  {decoded}{suffix}"
        exact = "" if self.base_string_is_exact else ", with secrets masked"
        yield heading, f"Base string{exact}"
        yield "green", f"  {self.base_string}"
        yield heading, f"Signature by {self.signature_method}"
        yield plain, f"  key        {self.key}"
        yield plain, f"  nonce      {self.nonce}"
        yield plain, f"  timestamp  {self.timestamp}"
        yield plain, f"  signature  {self.signature}"
        where = {"AUTH_HEADER": "the Authorization header", "QUERY": "the URL", "BODY": "the form"}
        yield heading, f"Sent in {where[self.placement]}"
        header = "Authorization: " if self.placement == "AUTH_HEADER" else ""
        yield plain, f"  {header}{self.sent}"
        yield heading, "Notes"
        for note in self.notes:
            yield plain, f"  - {note}"


def explanation(client: Client, **facts: Any) -> Explanation:
    """Make an `Explanation` of what `src/python/explain.rs` found."""
    exact = Exact(
        client=client,
        method=facts["method"],
        url=facts["url"] if facts["was_signed"] else facts["unsigned_url"],
        base_string_uri=facts["base_string_uri"].decode(),
        realm=facts["realm"],
        content_type=facts["content_type"],
        body=facts["body"],
        is_form=facts["is_form"],
        signature=facts["signature"].decode(errors="replace"),
        base_string=facts["base_string"].decode(),
        parameters=facts["parameters"],
    )
    return Explanation(exact, facts)


def described(request: Any) -> Message:
    """Return the parts of a client's request, as requests would have them, to be signed or read."""
    try:
        method, url, headers = request.method, request.url, request.headers
        # httpx has another name for it.
        body = request.body if hasattr(request, "body") else request.content
    except AttributeError:
        url = None
    if url is None:
        raise OAuth1TypeError(
            "explain takes a prepared request, of requests, niquests or httpx, a Request of Scrapy "
            f"or a ClientRequest of aiohttp, got {type(request).__name__}: pass what else there is "
            "in parts, to explain(uri, http_method, body, headers) of a Client"
        )
    if hasattr(headers, "to_unicode_dict"):  # Scrapy's have lists of bytes
        headers = headers.to_unicode_dict()
    aiohttp = sys.modules.get("aiohttp")
    if aiohttp and isinstance(body, aiohttp.BytesPayload):
        # Only text can be had without waiting; this one is of the same bytes.
        body = body.decode("latin-1").encode("latin-1")
    return Message(method, str(url), headers.copy(), body)


def text_of(value: bytes) -> str:
    """Return bytes as a person can read them."""
    return value.decode(errors="backslashreplace")


def printable(text: str) -> str:
    """Return a text without what would end its line, or control a terminal."""
    return "".join(it if it.isprintable() else it.encode("unicode_escape").decode() for it in text)


def is_secret(client: Client, name: str, value: str) -> bool:
    """Whether a parameter's value is not to be shown."""
    public = {"", setting_text(client.client_key), setting_text(client.resource_owner_key)}
    if value in public - secrets_of(client):
        return False
    return looks_secret(name) or holds_secret(client, value)


def holds_secret(client: Client, text: str) -> bool:
    """Whether a text has a shared-secret in it, however encoded."""
    texts = {text, unquoted(text)}
    secrets = secrets_of(client)
    return bool(texts & secrets) or any(
        secret in it for secret in secrets if len(secret) >= MIN_SECRET for it in texts
    )


def unquoted(text: str) -> str:
    """Return a text without the encodings that it is in, one within the other."""
    for _ in range(MAX_ENCODINGS):
        text = unquote(text)
    return text


def secrets_of(client: Client) -> set[str]:
    """Return both shared-secrets, as far as they are there."""
    secrets = {client.client_secret, client.resource_owner_secret}
    return {setting_text(secret) for secret in secrets} - {""}


def looks_secret(name: str) -> bool:
    """Whether a name says that its value proves who somebody is."""
    return _SECRET_NAME.search(name) is not None


def setting_text(setting: str | bytes | None) -> str:
    """Return a setting of a client as text."""
    return setting.decode(errors="replace") if isinstance(setting, bytes) else setting or ""


def _is_hidden(client: Client, name: str, value: str) -> tuple[bool, bool]:
    """Whether the name, and the value, of a parameter are not to be shown."""
    # A secret that is in the RFC's own names is there by chance.
    is_name_hidden = not name.startswith("oauth_") and holds_secret(client, name)
    return is_name_hidden, is_name_hidden or is_secret(client, name, value)


def _parameter(exact: Exact, fields: tuple[str, bytes, bytes, bytes, bytes]) -> Parameter:
    source, name, value, encoded_name, encoded_value = fields
    is_name_hidden, is_masked = _is_hidden(exact.client, text_of(name), text_of(value))
    return Parameter(
        source="body hash" if (source, name) == ("oauth", b"oauth_body_hash") else source,
        name=MASK if is_name_hidden else text_of(name),
        value=MASK if is_masked else text_of(value),
        encoded_name=MASK if is_name_hidden else text_of(encoded_name),
        encoded_value=MASK if is_masked else text_of(encoded_value),
        is_secret=is_masked,
    )


def _masked_base_string(shown: Explanation, exact: Exact) -> str:
    method, uri, _ = exact.base_string.split("&")
    if shown.base_string_uri != exact.base_string_uri:
        uri = _quoted(shown.base_string_uri)
    pairs = (f"{_quoted(it.encoded_name)}%3D{_quoted(it.encoded_value)}" for it in shown.parameters)
    return "&".join([method, uri, "%26".join(pairs)])


def _quoted(text: str) -> str:
    return quote(text, safe="").replace(quote(MASK, safe=""), MASK)


def _shown_uri(client: Client, uri: str) -> str:
    """Return a URI without query, its path masked if a shared-secret is in it."""
    if not holds_secret(client, uri):
        return uri
    root = re.match(r"[^:/]*://[^/]*/", uri)
    return MASK if root is None or holds_secret(client, root[0]) else root[0] + MASK


def _key(client: Client, method: str, private_key_bits: int | None) -> str:
    if method.startswith("RSA-"):
        return f"private key ({private_key_bits} bits)" if private_key_bits else "no private key"
    return " & ".join(
        f"{name} ({_size(getattr(client, name))})"
        for name in ("client_secret", "resource_owner_secret")
    )


def _size(secret: str | bytes | None) -> str:
    if secret is None:
        return "absent"
    return f"{len(setting_text(secret))} characters" if secret else "empty"


def _sent(shown: Explanation, client: Client, facts: dict[str, Any]) -> str:
    """Return what carries the signature, with secrets masked."""

    def masked(encoded_name: str, encoded_value: str, plus: str) -> tuple[str, str]:
        """Mask a parameter in which a plus sign stands for ``plus``."""
        name, value = (
            text_of(unquote_to_bytes(it.replace("+", plus))) for it in (encoded_name, encoded_value)
        )
        is_name_hidden, is_value_hidden = _is_hidden(client, name, value)
        if name == "oauth_signature" and value == shown.signature:
            is_value_hidden = False
        return (
            MASK if is_name_hidden else encoded_name,
            MASK if is_value_hidden and encoded_value else encoded_value,
        )

    if facts["placement"] == "AUTH_HEADER":
        return _masked_header(facts["authorization"], masked)
    if facts["placement"] == "QUERY":
        # Without the password of the user information.
        url = re.sub(r"(?<=://)[^/?#]*@", f"{MASK}@", facts["url"])
        resource, mark, query = url.partition("#")[0].partition("?")
        return _shown_uri(client, resource) + mark + _masked_form(query, masked)
    body = facts["body"]
    form = body if isinstance(body, str) else bytes(body).decode(errors="backslashreplace")
    return _masked_form(form, masked)


def _masked_header(header: str, masked: Callable[[str, str, str], tuple[str, str]]) -> str:
    """Mask what `header_parameters` in `src/explain.rs` reads, as it reads it."""

    def parameter(found: re.Match[str]) -> str:
        if found["name"] is None:
            return found[0]
        name = found["name"].lstrip(" \t,")
        value = found["quoted"] if found["plain"] is None else found["plain"]
        shown_name, shown_value = masked(name, value, "+")
        if (shown_name, shown_value) == (name, value):
            return found[0]
        return f'{found["name"].removesuffix(name)}{shown_name}="{shown_value}"'

    scheme, space, parameters = header.partition(" ")
    pattern = r'(?s)(?P<name>[^=]*)=(?:"(?P<quoted>[^"]*)"|(?P<plain>[^,]*))|.+'
    return scheme + space + re.sub(pattern, parameter, parameters)


def _masked_form(form: str, masked: Callable[[str, str, str], tuple[str, str]]) -> str:
    pieces = (piece.partition("=") for piece in form.split("&"))
    return "&".join(equals.join(masked(name, value, " ")) for name, equals, value in pieces)


def _notes(shown: Explanation, exact: Exact, facts: dict[str, Any]) -> Iterator[str]:
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
        hidden = f"the value of {names} may be a secret" if names else "the path has a secret in it"
        yield f"The base string is not exact: {hidden}, and is masked."
    yield from _key_notes(exact, shown)
    yield from _uri_notes(exact, facts["host"])
    yield from _parameter_notes(shown, exact)
    yield from _body_notes(shown, exact, facts)


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


def _uri_notes(exact: Exact, host_header: str | None) -> Iterator[str]:
    found = re.fullmatch(r"(?s)([^:]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", exact.url)
    if found is None:
        return
    scheme, authority, path, _, fragment = found.groups()
    host = authority.rpartition("@")[2]
    if exact.method != exact.method.upper():
        yield "The method is signed in upper case."
    if "@" in authority:
        yield "The user information before the host is not signed."
    if host_header is not None and host_header.lower() != host.lower():
        yield f"The Host header, {host_header}, counts in place of the URL's host and port."
        host = host_header
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
    if port is not None and port[1] in {"", _DEFAULT_PORTS.get(scheme.lower())}:
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
    counts = collections.Counter(parameter.name for parameter in shown.parameters)
    if repeated := {name for name, count in counts.items() if count > 1}:
        yield f"Given more than once, and signed as often: {_listed(repeated)}."
    if any(parameter.value == "" for parameter in shown.parameters):
        yield "A parameter without a value is signed with an empty one."


def _body_notes(shown: Explanation, exact: Exact, facts: dict[str, Any]) -> Iterator[str]:
    body, content_type = exact.body, exact.content_type or ""
    media_type = content_type.partition(";")[0].strip().lower()
    hashes = [it.value for it in shown.parameters if it.source == "body hash"]
    if hashes:
        yield f"The body counts by its hash, in oauth_body_hash{_hash_name(hashes[0])}."
    if facts["is_form"] and body:
        yield "The body is a form: its parameters are signed."
        if not facts["given_content_type"]:
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
    try:
        length = len(base64.b64decode(value, validate=True))
    except binascii.Error:
        return ""
    name = _BODY_HASHES.get(length)
    return f" ({name})" if name else ""


def _looks_like_form(body: bytes | bytearray) -> bool:
    return re.fullmatch(rb"[\w%+*.~-]+=[\w%+*.~-]*(?:&[\w%+*.~-]+=[\w%+*.~-]*)*", body) is not None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
