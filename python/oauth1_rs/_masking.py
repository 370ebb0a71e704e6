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

# What proves who somebody is, by words that hardly mean anything else.
_PROVING_WORDS = r"""
    passw|passphrase|passcode|pwd|secret|verifier|session_handle|credential|assertion|signature(?!_method)
    | (?:access|refresh|id|(?<!o)auth)[_-]?token|(?:api|private)[_-]?key
    | (?<![a-z])(?:pass|pin|otp|jwt|bearer)(?![a-z])
"""
_PROVING_TEXT = re.compile(_PROVING_WORDS, re.IGNORECASE | re.VERBOSE)
# And by words that mean it where they name a parameter. `oauth_token` is public, and so is the
# token of a page in a list.
_PROVING_NAME = re.compile(
    rf"""
    {_PROVING_WORDS}
    | (?<!oauth_)(?<!page)(?<!page_)(?<!page-)token(?!s|i[sz])
    | (?:access|session|account|auth|encryption|signing)[_-]?key
    | sess(?:ion)?[_-]?id
    | (?<![a-z])(?:session|sid|sig|hmac|cookie|csrf|xsrf|auth(?!_))(?![a-z])
    | ^(?:code|key|ticket)$
    """,
    re.IGNORECASE | re.VERBOSE,
)


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
        # What a parameter proves by its value may stand elsewhere, too.
        beside = {text_of(it.value) for it in exact.pairs if names_secret(text_of(it.name))}
        beside -= self._public
        self._whole = {it.lower() for it in own | beside}
        parts = own | (beside if len(beside) <= MAX_PARTS else set())
        self._parts = {it.lower() for it in parts if len(it) >= MIN_SECRET}

    def are_in(self, text: str) -> bool:
        """Whether one of them is in a text, however encoded."""
        # Methods are signed in upper case, hosts in lower case.
        text = text.lower()
        plain = unquoted(text).lower()
        # A plus sign stands for a space in a form, and for itself elsewhere.
        texts = {text, plain, plain.replace("+", " "), unquoted(text.replace("+", " "))}
        return bool(texts & self._whole) or any(part in it for part in self._parts for it in texts)

    def masked(self, text: str) -> str:
        """Return a text, or the mask if one of them is in it."""
        return MASK if self.are_in(text) else text

    def hide_value(self, name: str, value: str) -> bool:
        """Whether a parameter's value is not to be shown."""
        return value not in self._public and (names_secret(name) or self.are_in(value))

    def hide(self, name: str, value: str) -> tuple[bool, bool]:
        """Whether the name, and the value, of a parameter are not to be shown."""
        # A secret that is in the RFC's own names is there by chance.
        is_name_hidden = not name.startswith("oauth_") and self.are_in(name)
        return is_name_hidden, is_name_hidden or self.hide_value(name, value)


def unquoted(text: str) -> str:
    """Return a text without the encodings that it is in, one within the other."""
    for _ in range(MAX_ENCODINGS):
        text = unquote(text)
    return text


def names_secret(name: str) -> bool:
    """Whether the name of a parameter says that its value proves who somebody is."""
    return _PROVING_NAME.search(name) is not None


def mentions_secret(text: str) -> bool:
    """Whether a text may have a parameter in it that proves who somebody is."""
    return _PROVING_TEXT.search(text) is not None


def shown_uri(secrets: Secrets, uri: str) -> str:
    """Return a URI without query, its path masked if a secret is in it."""
    if not secrets.are_in(uri):
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
