"""What another side tells of its signature: base strings and headers, in texts around them."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from oauth1_rs._exact import text_of
from oauth1_rs._masking import decodings

if TYPE_CHECKING:
    from oauth1_rs._exact import Exact

TIMESTAMP = b"oauth_timestamp"
TIMES = (b"oauth_nonce", TIMESTAMP)
HEADER = re.compile(r"\bOAuth\s+(?=[\w%]+\s*=)", re.IGNORECASE)

# What may stand behind a base string in a sentence.
_PUNCTUATION = ".,;)]|`\0"
_BASE_STRING = re.compile(
    r"(?<![A-Za-z])(?P<method>[A-Za-z]{3,20})"
    r"&(?P<uri>https?(?:%3A%2F%2F|://)[^&\s\"'<>\\]*)"
    r"&(?P<parameters>[^\s\"'<>\\]*)",
    re.IGNORECASE,
)


def base_string_in(exact: Exact, text: str) -> str | None:
    """Find the base string that a text is about."""
    found = _find_base_strings(text)
    if not found:
        return None
    chosen = _chosen(exact, found)
    if chosen != exact.base_string:
        # A terminal, or a log, may have wrapped it.
        unwrapped = _find_base_strings(re.sub(r"[\r\n]+[ \t]*", "", text))
        joined = _chosen(exact, unwrapped or found)
        return joined if joined.endswith(_last_parameter(exact)) else chosen
    return chosen


def header_parameters_in(text: str) -> list[tuple[bytes, bytes]] | None:
    """Find the parameters of an Authorization header, decoded; none if there is no such header."""
    text = _without_surrogates(text)
    header = HEADER.search(text)
    if header is None:
        return None
    # Names from their beginning alone: else the time grows with the square of a text's length.
    pattern = r'(?<![\w.%-])([\w.%-]+)\s*=\s*(?:"([^"]*)"|([^\s",\']+))\s*(?:,|$|(?=["\'\s]))'
    found = re.finditer(pattern, text[header.end() :])
    return [(unquote_to_bytes(it[1]), unquote_to_bytes(it[2] or it[3] or "")) for it in found]


def _find_base_strings(text: str) -> list[str]:
    """Find base strings in a server's answer or in a log, however it is escaped there."""
    # No reference is longer, and Python refuses to read numbers of thousands of digits.
    unescaped = re.sub(r"&#?\w{1,32};?", lambda it: html.unescape(it[0]), text)
    in_json = re.sub(r"\\u([0-9a-fA-F]{4})", lambda it: chr(int(it[1], 16)), text)
    in_json = in_json.replace("\\/", "/")
    for candidate in map(_without_surrogates, (text, unescaped, in_json)):
        for decoded in (candidate, unquote(candidate)):
            found = [
                # What follows in a query string, or in a form, is not of the base string.
                f"{it['method']}&{it['uri']}&{it['parameters'].partition('&')[0]}"
                for it in _BASE_STRING.finditer(decoded)
            ]
            if found:
                return found
    return []


def _without_surrogates(text: str) -> str:
    """Join what is one character in two halves, and replace a half that is alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _last_parameter(exact: Exact) -> str:
    """Return the end of our base string."""
    return re.split("%26|&", exact.base_string)[-1]


def _chosen(exact: Exact, found: list[str]) -> str:
    """Choose the base string that the text is about, without what follows it."""
    last = _last_parameter(exact)
    ended = []
    for text in found:
        # Only at the end of our last parameter is it sure that punctuation is of the sentence.
        trimmed = text.rstrip(_PUNCTUATION)
        ended.append(trimmed if trimmed.endswith(last) else text)
    times = [text_of(it.name + b"=" + it.value) for it in exact.pairs if it.name in TIMES]
    others = [
        it
        for it in ended
        if it != exact.base_string
        and all(any(time in level for level in decodings(it)) for time in times)
    ]
    # Logs have what was sent beside what the server made of it.
    return others[0] if others else exact.base_string if exact.base_string in ended else ended[0]
