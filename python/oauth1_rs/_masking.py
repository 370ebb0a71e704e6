"""Which texts of a request are not to be shown, and what stands in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_to_bytes

from oauth1_rs._exact import setting_text, text_of
from oauth1_rs._hops import MAX_ENCODINGS, MIN_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from oauth1_rs._exact import Exact

MASK = "****"
# More are not looked for within other texts, which would take minutes.
MAX_PARTS = 64
# A shorter one of them is in any text by chance.
MIN_BESIDE = 6

# The names of parameters that prove who somebody is. `oauth_token` is public, and so is the token
# of a page in a list.
_PROVING_NAME = re.compile(
    r"""
    passw|passphrase|passcode|passkey|pwd|secret|verifier|session_handle|credential|assertion
    | signature(?!_method)|private|privkey|totp|cvv|saml|authorization|security_answer|userpass
    | (?<!oauth_)(?<!page)(?<!page_)(?<!page-)token(?!s|i[sz])
    | (?:access|session|account|auth|encryption|signing|api)[_-]?key
    | (?:auth|device|verification|mfa|pin|recovery)[_-]?code
    | sess(?:ion)?[_-]?id
    | (?<![a-z])(?:pass|pin|otp|mfa|jwt|bearer|pw)(?![a-z])
    | (?<![a-z])(?:session|sid|sig|hmac|cookie|csrf|xsrf|auth(?!_))(?![a-z])
    | ^(?:code|key|ticket)$
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A name with its value, as in a query, a header or JSON. From a name's beginning alone: else the
# time grows with the square of a text's length.
_ASSIGNED = re.compile(r"(?<![\w.~\[\]-])([\w.~\[\]-]+)[\"']?\s*[=:]")
_USER_INFORMATION = re.compile(r"(?<=://)[^/?#\s:@]*:[^?#\s]*@")


def printable(text: str) -> str:
    """Return a text without what would end its line, or control a terminal."""
    return "".join(it if it.isprintable() else it.encode("unicode_escape").decode() for it in text)


class Secrets:
    """What of a request is not to be shown, wherever it is in it, in capitals or not."""

    def __init__(self, exact: Exact) -> None:
        client = exact.client
        own = {setting_text(it) for it in (client.client_secret, client.resource_owner_secret)}
        own -= {""}
        keys = {setting_text(it) for it in (client.client_key, client.resource_owner_key)}
        self._public = {"", *keys} - own
        self._own = {it.lower() for it in own}
        # What a parameter proves by its value may stand elsewhere, too.
        beside = {text_of(it.value) for it in exact.pairs if names_secret(text_of(it.name))}
        self._beside = beside - self._public
        long = {it.lower() for it in self._beside if len(it) >= MIN_BESIDE}
        self._parts = {it for it in self._own if len(it) >= MIN_SECRET}
        self._parts |= long if len(long) <= MAX_PARTS else set()

    def are_in(self, text: str) -> bool:
        """Whether one of them is in a text, however encoded."""
        # Methods are signed in upper case, hosts in lower case. A plus sign stands for a space in a
        # form, and for itself elsewhere.
        levels = [*decodings(text.lower()), *decodings(text.lower().replace("+", " "))]
        texts = {it.lower() for it in levels} | {it.lower().replace("+", " ") for it in levels}
        return bool(texts & self._own) or any(part in it for part in self._parts for it in texts)

    def masked(self, text: str) -> str:
        """Return a text, or the mask if one of them is in it."""
        return MASK if self.are_in(text) else text

    def hide_value(self, name: str, value: str) -> bool:
        """Whether a parameter's value is not to be shown."""
        if value in self._public:
            return False
        is_beside = value in self._beside and not name.startswith("oauth_")
        return names_secret(name) or is_beside or self.are_in(value) or tells_secret(value)

    def hide(self, name: str, value: str) -> tuple[bool, bool]:
        """Whether the name, and the value, of a parameter are not to be shown."""
        # A secret that is in the RFC's own names is there by chance.
        is_plain = re.fullmatch(r"[\w.~\[\]-]*", name) is not None
        is_name_hidden = not name.startswith("oauth_") and (
            self.are_in(name) or (not is_plain and tells_secret(name))
        )
        return is_name_hidden, is_name_hidden or self.hide_value(name, value)


def decodings(text: str) -> list[str]:
    """Return a text, and what it is without each of the encodings that it is in."""
    found = [text]
    for _ in range(MAX_ENCODINGS):
        found.append(unquote(found[-1]))
    return found


def names_secret(name: str) -> bool:
    """Whether the name of a parameter says that its value proves who somebody is."""
    return _PROVING_NAME.search(name) is not None


def tells_secret(text: str) -> bool:
    """Whether a text has a parameter, or user information, in it that proves who somebody is."""
    return any(
        _USER_INFORMATION.search(it) or any(map(names_secret, _ASSIGNED.findall(it)))
        for it in decodings(text)
    )


def shown_uri(secrets: Secrets, uri: str) -> str:
    """Return a URI without query, its path masked if a secret is in it."""
    if not secrets.are_in(uri) and not tells_secret(uri):
        return uri
    root = re.match(r"[^:/]*://[^/]*/", uri)
    return MASK if root is None or secrets.are_in(root[0]) else root[0] + MASK


def shown_base_string(method: str, uri: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return the base string of a URI and of encoded parameters in which secrets are masked."""
    pairs = (f"{_quoted(name)}%3D{_quoted(value)}" for name, value in parameters)
    return "&".join([_quoted(method), _quoted(uri), "%26".join(pairs)])


def _quoted(text: str) -> str:
    return quote(text, safe="").replace(quote(MASK, safe=""), MASK)


def shown_sent(exact: Exact, secrets: Secrets, signature: str) -> str:
    """Return what carries the signature, with secrets masked; the signature as it is shown."""

    def masked(encoded_name: str, encoded_value: str, plus: str) -> tuple[str, str]:
        """Mask a parameter in which a plus sign stands for ``plus``."""
        name, value = (
            text_of(unquote_to_bytes(it.replace("+", plus))) for it in (encoded_name, encoded_value)
        )
        is_name_hidden, is_value_hidden = secrets.hide(name, value)
        # A realm counts as it is.
        is_value_hidden = is_value_hidden or secrets.are_in(encoded_value)
        if name == "oauth_signature" and value == signature:
            is_value_hidden = False
        return (
            MASK if is_name_hidden else encoded_name,
            MASK if is_value_hidden and encoded_value else encoded_value,
        )

    if exact.placement == "AUTH_HEADER":
        return _masked_header(exact.authorization or "", masked)
    if exact.placement == "QUERY":
        # Without the password of the user information.
        url = re.sub(r"(?<=://)[^/?#]*@", f"{MASK}@", exact.sent_url)
        resource, mark, query = url.partition("#")[0].partition("?")
        return shown_uri(secrets, resource) + mark + _masked_form(query, masked)
    body = exact.body
    form = body if isinstance(body, str) else bytes(body).decode(errors="backslashreplace")
    return _masked_form(form, masked)


def _masked_header(header: str, masked: Callable[[str, str, str], tuple[str, str]]) -> str:
    """Mask what `header_parameters` in `src/explain.rs` reads, as it reads it."""

    def parameter(found: re.Match[str]) -> str:
        if found["name"] is None:
            return found[0]
        rest = found["name"].lstrip(" \t,")
        name = rest.rstrip(" \t")
        value = found["plain"].rstrip(" \t") if found["quoted"] is None else found["quoted"]
        shown_name, shown_value = masked(name, value, "+")
        if (shown_name, shown_value) == (name, value):
            return found[0]
        return f'{found["name"].removesuffix(rest)}{shown_name}="{shown_value}"'

    scheme, space, parameters = header.partition(" ")
    pattern = r'(?s)(?P<name>[^=]*)=[ \t]*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^,]*))|.+'
    return scheme + space + re.sub(pattern, parameter, parameters)


def _masked_form(form: str, masked: Callable[[str, str, str], tuple[str, str]]) -> str:
    pieces = (piece.partition("=") for piece in form.split("&"))
    return "&".join(equals.join(masked(name, value, " ")) for name, equals, value in pieces)
