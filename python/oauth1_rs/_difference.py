"""Where another side's signature differs from ours, and why: the known faults, tried one by one."""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from oauth1_rs import _curl
from oauth1_rs._explain import (
    MASK,
    Exact,
    Explanation,
    is_secret,
    looks_secret,
    setting_text,
    text_of,
)
from oauth1_rs.exceptions import OAuth1Error, OAuth1TypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# How far clocks may be apart: what most providers accept, in seconds.
_CLOCK_SKEW = 300
_UNRESERVED = rb"A-Za-z0-9._~\-"

_BASE_STRING = re.compile(
    r"(?<![A-Za-z])(?P<method>[A-Za-z]{3,20})"
    r"&(?P<uri>https?(?:%3A%2F%2F|://)[^&\s\"'<>\\]*)"
    r"&(?P<parameters>[^\s\"'<>\\]*)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\bOAuth\s+(?=[\w%]+\s*=)", re.IGNORECASE)

# What a cause means, and what to do about it.
CAUSES = {
    "none": "No difference: by these settings the other side's signature is right for this request.",
    "key": "Both sides sign the same text, so that only the key can differ: check the client secret "
    "and the token secret, and that they belong to this client key and token.",
    "signature": "None of the known faults gives the other signature: it was made with other "
    "secrets, or of another request.",
    # Of the method.
    "method_case": "The other side signs the method as it came, not in upper case.",
    "method": "The other side signs another HTTP method: a redirect, or a library that overrides it?",
    # Of the base string URI.
    "scheme": "One side signs http, the other https: behind a proxy that ends TLS, the server must "
    "be told (X-Forwarded-Proto) that the request came by https.",
    "port_kept": "The other side signs the default port, which section 3.4.1.2 drops.",
    "port_dropped": "The other side drops a port that is not the default: behind a proxy, the "
    "server must see the Host header that the client sent.",
    "port": "The other side signs another port: behind a proxy, the server must see the Host header "
    "that the client sent.",
    "host_case": "The other side signs the host, or the scheme, in capitals.",
    "host": "The other side signs another host: behind a proxy, the server must see the Host header "
    "that the client sent.",
    "path_case": "The paths differ in upper and lower case.",
    "trailing_slash": "One side has a slash at the end of the path, the other has not.",
    "path_decoded": "The other side decodes the path before it signs; it counts as it is sent.",
    "path_encoded_anew": "The other side decodes and encodes the path anew; it counts as it is sent.",
    "path_encoded_twice": "The other side encodes the path once more than it is sent.",
    "path": "The other side signs another path: does a proxy, or a router, rewrite it?",
    "query_in_uri": "The other side leaves the query in the base string URI.",
    "fragment_signed": "The other side signs the fragment, which is never sent.",
    "user_information_signed": "The other side signs the user information before the host.",
    "uri_not_encoded": "The other side does not encode the base string URI.",
    # Of the parameters.
    "double_encoding": "Parameters are encoded once too often: are they encoded already when they "
    "are handed to the signer?",
    "decoded_twice": "The other side decodes a parameter once too often.",
    "not_encoded": "The other side does not encode parameters before it joins them (section "
    "3.4.1.3.2 step 1).",
    "names_not_encoded": "The other side does not encode the names of parameters.",
    "reserved_not_encoded": "The other side leaves some of !*'() as they are, as JavaScript's "
    "encodeURIComponent does; section 3.6 encodes them.",
    "tilde_encoded": "The other side encodes ~, which section 3.6 leaves as it is.",
    "lower_case_escapes": "The other side writes escapes in lower case; section 3.6 wants %2F, not "
    "%2f.",
    "plus_for_space": "The other side encodes a space as +; section 3.6 wants %20.",
    "plus_not_space": "The other side takes the + of a query or a form for a plus sign; it stands "
    "for a space (section 3.4.1.3.1).",
    "characters_lost": "The other side replaces bytes that are no UTF-8.",
    "latin_1": "The other side encodes text as Latin-1; section 3.6 wants UTF-8.",
    "order_before_encoding": "The other side sorts parameters before it encodes them; section "
    "3.4.1.3.2 encodes first.",
    "order_of_values": "The other side does not sort the values of a name that is repeated.",
    "order_of_joined_text": "The other side sorts name=value as one text; section 3.4.1.3.2 sorts "
    "by name, then by value.",
    "order_ignores_case": "The other side sorts upper and lower case alike; the order is that of "
    "bytes.",
    "not_sorted": "The other side does not sort the parameters as section 3.4.1.3.2 asks.",
    "repeated_names_dropped": "The other side keeps one of the values of a repeated name; all of "
    "them are signed.",
    "repeated_names_joined": "The other side joins the values of a repeated name into one.",
    "brackets": "The other side rewrites names, repeated or with brackets, as PHP, Rack and others "
    "read them: as arrays.",
    "empty_value_dropped": "The other side drops parameters without a value.",
    "semicolon_separates": "The other side splits at a semicolon; only & separates parameters.",
    "question_mark_separates": "The other side splits the query at each question mark.",
    "query_not_signed": "The other side does not sign the parameters of the query.",
    "form_not_signed": "The other side does not sign the parameters of the form: does it see the "
    "Content-Type application/x-www-form-urlencoded, and read forms of this method?",
    "body_signed": "The other side signs a body that is no form as if it were one.",
    "realm_signed": "The other side signs the realm; section 3.4.1.3.1 leaves it out.",
    "signature_signed": "The other side signs oauth_signature.",
    "body_hash_expected": "The other side signs an oauth_body_hash: pass body_hash= or "
    "force_include_body=True.",
    "body_hash_not_expected": "The other side does not sign the oauth_body_hash.",
    "body_hash": "The hashes of the body differ: it was changed on its way, or hashed another way.",
    "version_missing": "The other side has no oauth_version, which may be left out: "
    'protocol_parameters={"oauth_version": None}.',
    "token_missing": "The other side has no token.",
    "token_expected": "The other side has a token, and this request has none.",
    "missing_parameter": "The other side lacks a parameter that is signed here.",
    "additional_parameter": "The other side signs a parameter that is not signed here.",
    "value_cut": "The other side cuts a value short: at a second =, a ?, a zero byte or the like.",
    "empty_piece_signed": "The other side counts an empty piece, such as between && or after the ?, "
    "as a parameter.",
    "value": "A parameter has another value on the other side.",
    "client_key": "The other side has another client key.",
    "token": "The other side has another token.",
    "timestamp": "The timestamps are further apart than most providers accept: set the clock, or "
    "timestamp_offset.",
    "other_signature": "The other side's text is of another signature: nonce and timestamp differ. "
    "Explain the request that was sent, such as response.request.",
    "signature_method": "The other side signs by another method.",
    "content_type": "The bodies have other Content-Types: one is a form, which is signed, and the "
    "other is not.",
    # Of the key.
    "token_secret_missing": "The other side signs without the token secret.",
    "client_secret_missing": "The other side signs without the client secret.",
    "secret_white_space": "The other side signs without the white space that is around a secret "
    "here.",
    "secret_line_feed": "The other side signs with a line feed at the end of a secret, such as of "
    "the file that it was read from.",
    "secret_not_encoded": "The other side does not encode the secrets in the key; section 3.4.2 "
    "does.",
    "secret_encoded_twice": "The other side encodes the secrets in the key twice.",
    "ampersand_missing": "The other side's key lacks the & (section 3.4.2), which is there without "
    "a token secret, too.",
    "secrets_exchanged": "The other side has the secrets in the wrong order.",
}


@dataclass(frozen=True)
class Difference:
    """The first thing that another side signs differently.

    Attributes
    ----------
    cause : str
        What it is, by a name that stays: one of the keys of ``oauth1_rs._difference.CAUSES``, such
        as "double_encoding". "none" if the other side signs as this one does.
    message : str
        What that means, and what to do.
    ours, theirs : str
        What differs, on both sides, secrets masked. Empty if only the signatures differ.
    position : int or None
        Where the base strings differ, counted from 0.
    further : tuple of str
        The causes of further differences.
    """

    cause: str
    message: str
    ours: str
    theirs: str
    position: int | None
    further: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all attributes as what JSON can hold."""
        return {**vars(self), "further": list(self.further)}

    def __str__(self) -> str:
        lines = [f"{self.cause}: {self.message}"]
        if self.ours or self.theirs:
            lines += [f"  ours    {self.ours or '(nothing)'}"]
            lines += [f"  theirs  {self.theirs or '(nothing)'}"]
        if self.position is not None:
            lines.append(f"  at character {self.position} of the base string")
        lines += [f"Then, {cause}: {CAUSES[cause]}" for cause in self.further]
        return "\n".join(lines)


class Pair(NamedTuple):
    """A parameter that is signed."""

    source: str
    name: bytes
    value: bytes

    @property
    def encoded(self) -> tuple[bytes, bytes]:
        return encode(self.name), encode(self.value)


class Found(NamedTuple):
    """A cause, and what it makes of a part of the base string."""

    cause: str
    ours: str
    theirs: str


def difference(exact: Exact | None, other: str | bytes | Explanation) -> Difference:
    """Compare; see ``Explanation.diff``."""
    if exact is None:
        raise OAuth1Error("this explanation was pickled, without what diff compares: explain again")
    if isinstance(other, Explanation):
        if other._exact is None:  # noqa: SLF001 - of the class that this module belongs to
            raise OAuth1Error("the other explanation was pickled: explain again")
        return _of_base_strings(exact, other._exact.base_string)  # noqa: SLF001 - likewise
    if isinstance(other, bytes):
        other = other.decode(errors="replace")
    if not isinstance(other, str):
        raise OAuth1TypeError(
            "diff takes a base string, an Authorization header, or a curl command as str or bytes, "
            f"got {type(other).__name__}"
        )
    if re.match(r"\s*(?:\$\s+)?(?:\S*/)?curl(?:\.exe)?\s", other):
        return _of_curl(exact, _curl.parse(other))
    base_string = find_base_string(other)
    if base_string is not None:
        return _of_base_strings(exact, base_string)
    header = _HEADER.search(other)
    if header is not None:
        return _of_header(exact, other[header.end() :])
    raise OAuth1Error(
        "there is neither a base string (GET&https%3A%2F%2F...&...) in the text, nor an "
        "Authorization header (OAuth oauth_consumer_key=...), and it is no curl command"
    )


def find_base_string(text: str) -> str | None:
    """Find a base string in a server's answer or in a log, however it is escaped there."""
    unescaped = html.unescape(text)
    in_json = re.sub(r"\\u([0-9a-fA-F]{4})", lambda it: chr(int(it[1], 16)), text)
    in_json = in_json.replace("\\/", "/")
    for candidate in (text, unescaped, in_json):
        for decoded in (candidate, unquote(candidate)):
            found = _BASE_STRING.search(decoded)
            if found is not None:
                # What follows in a query string, or in a form, is not of the base string.
                parameters = found["parameters"].partition("&")[0]
                return f"{found['method']}&{found['uri']}&{parameters}"
    return None


def encode(text: bytes) -> bytes:
    """Percent-encode by RFC 5849 section 3.6."""
    return re.sub(rb"[^" + _UNRESERVED + rb"]", lambda found: b"%%%02X" % found[0][0], text)


def _of_base_strings(exact: Exact, theirs: str) -> Difference:
    """Compare our base string with another."""
    ours = exact.base_string
    if ours == theirs:
        return _difference("key")
    their_pairs = _pairs_of(theirs)
    values = dict(their_pairs)
    own = {pair.name: pair.value for pair in _pairs(exact)}
    times = (b"oauth_nonce", b"oauth_timestamp")
    is_of_another = all(name in values and values[name] != own.get(name) for name in times)
    aligned = exact
    if is_of_another:
        # What is to be found may be in the rest.
        aligned = _with_values(exact, {name: values[name] for name in times})
        if aligned.base_string == theirs:
            return _of_times(exact, own[times[1]], values[times[1]], theirs)
    found = list(_component_differences(aligned, theirs))
    further = tuple(dict.fromkeys(it.cause for it in found[1:]))
    if is_of_another:
        further += ("other_signature",)
    first = found[0]
    position = _first_difference(aligned.base_string, theirs)
    return _difference(
        first.cause, _shown(exact, first.ours), _shown(exact, first.theirs), position, further
    )


def _of_times(exact: Exact, ours: bytes, theirs: bytes, base_string: str) -> Difference:
    position = _first_difference(exact.base_string, base_string)
    is_skewed = abs(_seconds(ours) - _seconds(theirs)) > _CLOCK_SKEW
    cause = "timestamp" if is_skewed else "other_signature"
    return _difference(cause, text_of(ours), text_of(theirs), position)


def _seconds(timestamp: bytes) -> int:
    return int(timestamp) if re.fullmatch(rb"[0-9]{1,12}", timestamp) else 0


def _component_differences(exact: Exact, theirs: str) -> Iterator[Found]:
    """Yield what differs in method, URI and parameters."""
    method, uri, parameters = exact.base_string.split("&")
    their_method, their_uri, their_parameters = theirs.split("&", 2)
    if method != their_method:
        cause = "method_case" if method == their_method.upper() else "method"
        yield Found(cause, method, their_method)
    if uri != their_uri:
        yield _uri_difference(exact, their_uri)
    if parameters != their_parameters:
        yield _parameter_difference(exact, their_parameters)


def _uri_difference(exact: Exact, theirs: str) -> Found:
    ours = exact.base_string_uri
    shown = unquote(theirs)
    for cause, uri in _uri_faults(exact):
        if theirs == encode(uri.encode()).decode():
            return Found(cause, ours, shown)
    if "://" in theirs:
        return Found("uri_not_encoded", ours, theirs)
    parts, their_parts = (re.fullmatch(r"(?s)(\w+)://([^/?#]*?)(?::(\d*))?([/?#].*)?", it)
                          for it in (ours, shown))  # fmt: skip
    if parts is None or their_parts is None:
        return Found("path", ours, shown)
    for cause, ours_of, theirs_of in zip(
        ("scheme", "host", "port", "path"), parts.groups(""), their_parts.groups(""), strict=True
    ):
        if ours_of == theirs_of:
            continue
        is_case = ours_of.lower() == theirs_of.lower()
        if cause in {"scheme", "host"} and is_case:
            return Found("host_case", ours, shown)
        if cause == "port" and not theirs_of:
            return Found("port_dropped", ours, shown)
        if cause == "path":
            cause = _path_cause(ours_of, theirs_of)  # noqa: PLW2901 - what it is more exactly
        return Found(cause, ours, shown)
    return Found("path", ours, shown)


def _path_cause(ours: str, theirs: str) -> str:
    if ours.rstrip("/") == theirs.rstrip("/"):
        return "trailing_slash"
    if ours.lower() == theirs.lower():
        return "path_case"
    if theirs.partition("?")[0] == ours:
        return "query_in_uri"
    return "path"


def _uri_faults(exact: Exact) -> Iterator[tuple[str, str]]:
    """Yield causes, each with the base string URI that it gives, not encoded."""
    uri = exact.base_string_uri
    scheme, _, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    path = slash + path
    other = {"http": "https", "https": "http"}.get(scheme, scheme)
    yield "scheme", f"{other}://{rest}"
    default = {"http": "80", "https": "443"}.get(scheme, "")
    if not re.search(r":\d+$", authority):
        yield "port_kept", f"{scheme}://{authority}:{default}{path}"
        yield "scheme", f"{other}://{authority}:{default}{path}"
    else:
        yield "port_dropped", f"{scheme}://{authority.rpartition(':')[0]}{path}"
        yield "scheme", f"{other}://{authority.rpartition(':')[0]}{path}"
    yield "trailing_slash", f"{scheme}://{authority}{path}/"
    yield "trailing_slash", f"{scheme}://{authority}{path.removesuffix('/')}"
    parts = re.fullmatch(r"(?s)([^:]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", exact.url)
    if parts is not None:
        given_scheme, given_authority, given_path, query, fragment = parts.groups("")
        user, at, host = given_authority.rpartition("@")
        if at:
            yield "user_information_signed", f"{scheme}://{user}@{authority}{path}"
            yield "user_information_signed", f"{scheme}://{user}@{host}{path}"
        if host.lower() != host or given_scheme.lower() != given_scheme:
            yield "host_case", f"{scheme}://{host}{path}"
            yield "host_case", f"{given_scheme}://{host}{path}"
        if fragment:
            yield "fragment_signed", f"{scheme}://{authority}{path}{fragment}"
        if query:
            yield "query_in_uri", f"{scheme}://{authority}{given_path}{query}"
            yield "query_in_uri", exact.url
        yield "query_in_uri", f"{scheme}://{authority}{given_path}?"
    decoded = unquote(path)
    yield "path_decoded", f"{scheme}://{authority}{decoded}"
    for safe in (b"/", b"/~", b"/:@!$&'()*+,;="):
        anew = _encode_but(unquote_to_bytes(path), safe).decode()
        yield "path_encoded_anew", f"{scheme}://{authority}{anew}"
    upper = re.sub(r"%[0-9A-Fa-f]{2}", lambda found: found[0].upper(), path)
    yield "path_encoded_anew", f"{scheme}://{authority}{upper}"
    yield "path_encoded_twice", f"{scheme}://{authority}{path.replace('%', '%25')}"
    yield "path_case", f"{scheme}://{authority}{path.lower()}"


def _encode_but(text: bytes, kept: bytes) -> bytes:
    pattern = rb"[^" + _UNRESERVED + re.escape(kept) + rb"]"
    return re.sub(pattern, lambda found: b"%%%02X" % found[0][0], text)


def _parameter_difference(exact: Exact, theirs: str) -> Found:
    """Find what differs in the normalized parameters, as they stand in the base string."""
    ours = _pairs(exact)
    for cause, faulty in _parameter_faults(exact):
        if faulty == theirs.encode():
            return _first_pair_difference(cause, exact, theirs)
    their_pairs = _encoded_pairs_of(theirs)
    own = [(*pair.encoded, pair) for pair in ours]
    missing = Counter(pair[:2] for pair in own) - Counter(their_pairs)
    additional = Counter(their_pairs) - Counter(pair[:2] for pair in own)
    if not missing and not additional:
        return _first_pair_difference("not_sorted", exact, theirs)
    cause, our_pair, their_pair = _pair_cause(exact, ours, list(missing), list(additional))
    return Found(cause, _joined(our_pair), _joined(their_pair))


def _joined(pair: tuple[bytes, bytes] | None) -> str:
    return "" if pair is None else b"=".join(pair).decode(errors="replace")


def _pair_cause(
    exact: Exact,
    ours: list[Pair],
    missing: list[tuple[bytes, bytes]],
    additional: list[tuple[bytes, bytes]],
) -> tuple[str, tuple[bytes, bytes] | None, tuple[bytes, bytes] | None]:
    """Name the first of the parameters, each encoded, that only one side has."""
    for source in ("query", "form"):
        of_source = [pair.encoded for pair in ours if pair.source == source]
        if of_source and not Counter(of_source) - Counter(missing) and not additional:
            return f"{source}_not_signed", of_source[0], None
    by_name = dict(additional)
    for name, value in missing:
        if name in by_name:
            return _value_cause(exact, name, value, by_name[name]), (name, value), (
                name, by_name[name]
            )  # fmt: skip
    if missing and additional:
        return _name_cause(missing[0][0], additional[0][0]), missing[0], additional[0]
    if missing:
        names = Counter(pair.encoded[0] for pair in ours)
        special = {
            b"oauth_body_hash": "body_hash_not_expected",
            b"oauth_token": "token_missing",
            b"oauth_version": "version_missing",
        }
        name, value = missing[0]
        cause = special.get(name, "missing_parameter")
        if names[name] > 1:
            cause = "repeated_names_dropped"
        elif not value:
            cause = "empty_value_dropped"
        return cause, missing[0], None
    special = {
        b"realm": "realm_signed",
        b"oauth_body_hash": "body_hash_expected",
        b"oauth_signature": "signature_signed",
        b"oauth_token": "token_expected",
    }
    name, value = additional[0]
    cause = special.get(name, "additional_parameter")
    if not name and not value:
        cause = "empty_piece_signed"
    elif any(b"[" in pair.name and _without_brackets(pair.name) == name for pair in ours):
        cause = "brackets"
    return cause, None, additional[0]


def _name_cause(ours: bytes, theirs: bytes) -> str:
    """Name why the name of a parameter, encoded, is another."""
    name = unquote_to_bytes(ours)
    for cause, faulty in _encodings(name):
        if faulty == theirs:
            return "names_not_encoded" if cause == "not_encoded" else cause
    is_array = _without_brackets(name) == _without_brackets(unquote_to_bytes(theirs))
    return "brackets" if is_array else "missing_parameter"


def _without_brackets(name: bytes) -> bytes:
    return name.partition(b"[")[0]


def _value_cause(exact: Exact, name: bytes, ours: bytes, theirs: bytes) -> str:
    """Name why an encoded value differs."""
    special = {
        b"oauth_consumer_key": "client_key",
        b"oauth_token": "token",
        b"oauth_signature_method": "signature_method",
        b"oauth_body_hash": "body_hash",
    }
    value = unquote_to_bytes(ours)
    for cause, faulty in _encodings(value):
        if faulty == theirs:
            return cause
    if name == b"oauth_timestamp":
        is_skewed = abs(_seconds(value) - _seconds(theirs)) > _CLOCK_SKEW
        return "timestamp" if is_skewed else "other_signature"
    if name == b"oauth_nonce":
        return "other_signature"
    if any(pair.name == unquote_to_bytes(name) and b" " in pair.value for pair in _pairs(exact)) and (
        theirs == ours.replace(b"%20", b"%2B")
    ):
        return "plus_not_space"
    if name not in special and theirs and value.startswith(unquote_to_bytes(theirs)):
        return "value_cut"
    return special.get(name, "value")


def _encodings(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield causes, each with what it makes of a value where its encoding ought to be."""
    encoded = encode(value)
    yield "double_encoding", encode(encoded)
    yield "decoded_twice", encode(unquote_to_bytes(value))
    yield "plus_for_space", encoded.replace(b"%20", b"+")
    yield "double_encoding", encode(encoded.replace(b"%20", b"+"))
    yield "plus_not_space", encoded.replace(b"%20", b"%2B")
    yield "reserved_not_encoded", _encode_but(value, b"!*'()")
    yield "tilde_encoded", encoded.replace(b"~", b"%7E")
    yield "lower_case_escapes", _in_lower_case(encoded)
    yield "not_encoded", value
    yield "characters_lost", encode(value.decode(errors="replace").encode())
    yield "latin_1", encode(value.decode(errors="replace").encode("latin-1", errors="replace"))


def _in_lower_case(encoded: bytes) -> bytes:
    return re.sub(rb"%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)


def _first_pair_difference(cause: str, exact: Exact, theirs: str) -> Found:
    """Name the first parameter that only one side has; if both have the same, the first place."""
    own = exact.base_string.split("&")[2].split("%26")
    other = theirs.split("%26")
    missing = list((Counter(own) - Counter(other)).elements())
    additional = list((Counter(other) - Counter(own)).elements())
    if missing or additional:
        pieces = (missing or [""])[0], (additional or [""])[0]
    else:
        pairs = zip(own, other, strict=True)
        pieces = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    return Found(cause, unquote(pieces[0]), unquote(pieces[1]))


def _pairs(exact: Exact) -> list[Pair]:
    return [Pair(source, name, value) for source, name, value, _, _ in exact.parameters]


def _encoded_pairs_of(normalized: str) -> list[tuple[bytes, bytes]]:
    """Split normalized parameters, as they stand in a base string."""
    pairs = []
    for piece in filter(None, re.split("%26|&", normalized)):
        name, _, value = re.sub("%3[dD]", "=", piece, count=1).partition("=")
        pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def _pairs_of(base_string: str) -> list[tuple[bytes, bytes]]:
    pairs = _encoded_pairs_of(base_string.split("&", 2)[2])
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in pairs]


def _normalized(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Join encoded pairs in the order in which they are given, as part of the base string."""
    return encode(b"&".join(name + b"=" + value for name, value in pairs))


def _sorted(pairs: Iterable[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: pair.encoded)


def _plain(pairs: Iterable[Pair]) -> bytes:
    return _normalized(pair.encoded for pair in _sorted(pairs))


def _parameter_faults(exact: Exact) -> Iterator[tuple[str, bytes]]:
    """Yield causes, each with the parameters that it gives, as they stand in the base string."""
    pairs = _pairs(exact)
    yield from _encoding_faults(pairs)
    yield from _order_faults(pairs)
    yield from _collection_faults(exact, pairs)


def _encoding_faults(pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    names = [
        [cause for cause, _ in _encodings(b"")],
        *[[encoded for _, encoded in _encodings(text)] for pair in pairs for text in pair[1:]],
    ]
    for index, cause in enumerate(names[0]):
        faulty = [
            (pair, names[1 + 2 * place][index], names[2 + 2 * place][index])
            for place, pair in enumerate(pairs)
        ]
        right = [(pair, *pair.encoded) for pair in pairs]
        for is_faulty in (
            lambda pair: True,
            lambda pair: pair.source != "oauth",
            lambda pair: pair.source == "oauth",
            lambda pair: pair.source == "query",
            lambda pair: pair.source == "form",
        ):
            chosen = [
                wrong if is_faulty(wrong[0]) else good
                for wrong, good in zip(faulty, right, strict=True)
            ]
            yield cause, _normalized(sorted((name, value) for _, name, value in chosen))
            # Many fix the order before they encode.
            yield cause, _normalized((name, value) for _, name, value in chosen)
            values_only = [(pair.encoded[0], value) for pair, _, value in chosen]
            yield cause, _normalized(sorted(values_only))
        names_only = [(name, pair.encoded[1]) for pair, name, _ in faulty]
        yield cause, _normalized(sorted(names_only))
    names_raw = [(pair.name, pair.encoded[1]) for pair in pairs]
    yield "names_not_encoded", _normalized(sorted(names_raw))
    yield "lower_case_escapes", _in_lower_case(_plain(pairs))


def _order_faults(pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    orders: list[tuple[str, Callable[[Pair], Any]]] = [
        ("order_before_encoding", lambda pair: pair[1:]),
        ("order_before_encoding", lambda pair: (pair.encoded[0], pair.value)),
        ("order_before_encoding", lambda pair: (pair.name, pair.encoded[1])),
        ("order_of_joined_text", lambda pair: b"=".join(pair.encoded)),
        ("order_of_joined_text", lambda pair: b"=".join(pair[1:])),
        ("order_ignores_case", lambda pair: [text.lower() for text in pair.encoded]),
        ("order_of_values", lambda pair: pair.encoded[0]),
        ("order_of_values", lambda pair: pair.name),
    ]
    for cause, key in orders:
        # Where not everything is sorted, the order in which things came shows.
        for sources in itertools.permutations(("oauth", "query", "form")):
            came = sorted(pairs, key=lambda pair: sources.index(pair.source))
            yield cause, _normalized(pair.encoded for pair in sorted(came, key=key))


def _collection_faults(exact: Exact, pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    resource, hash_sign, fragment = exact.url.partition("#")
    query = resource.partition("?")[2].encode()
    body = exact.body.encode() if isinstance(exact.body, str) else exact.body
    body = bytes(body) if isinstance(body, (bytes, bytearray)) else b""
    form = body if exact.is_form else b""
    others = [pair for pair in pairs if pair.source == "oauth"]
    for source in ("query", "form"):
        yield f"{source}_not_signed", _plain(pair for pair in pairs if pair.source != source)
    for is_last in (True, False):
        for sources in itertools.permutations(("oauth", "query", "form")):
            came = sorted(pairs, key=lambda pair: sources.index(pair.source))
            came = came if is_last else came[::-1]
            yield "repeated_names_dropped", _plain({pair.name: pair for pair in came}.values())
    yield "repeated_names_dropped", _plain({pair[1:]: pair for pair in pairs}.values())
    for comma in (b",", b", ", b" "):
        joined = {
            name: Pair("", name, comma.join(pair.value for pair in group))
            for name, group in _grouped(pairs)
        }
        yield "repeated_names_joined", _plain(joined.values())
    yield "empty_value_dropped", _plain(pair for pair in pairs if pair.value)
    valueless = {piece for piece in (query + b"&" + form).split(b"&") if b"=" not in piece}
    valueless.discard(b"")
    yield "empty_value_dropped", _plain(pair for pair in pairs if pair.name not in valueless)
    yield "brackets", _plain(_with_indexes(pairs))
    yield "brackets", _plain(
        pair._replace(name=pair.name.removesuffix(b"[]")) for pair in pairs
    )
    for separators in (b"[&;]", b"[&?]"):
        cause = "semicolon_separates" if b";" in separators else "question_mark_separates"
        apart = [
            *others, *_decoded(query, "query", separators), *_decoded(form, "form", separators)
        ]  # fmt: skip
        yield cause, _plain(apart)
        apart = [
            *others, *_decoded(query, "query", separators), *_decoded(form, "form", b"&")
        ]  # fmt: skip
        yield cause, _plain(apart)
    plus = [*others, *_decoded(query, "query", b"&", plus=b"+"), *_decoded(form, "form", b"&")]
    yield "plus_not_space", _plain(plus)
    plus = [
        *others,
        *_decoded(query, "query", b"&", plus=b"+"),
        *_decoded(form, "form", b"&", plus=b"+"),
    ]
    yield "plus_not_space", _plain(plus)
    raw = [(Pair("", *_split(piece))) for piece in (query + b"&" + form).split(b"&") if piece]
    yield "double_encoding", _plain([*others, *raw])
    yield "not_encoded", _normalized(
        sorted([*(pair.encoded for pair in others), *(pair[1:] for pair in raw)])
    )
    if hash_sign:
        with_fragment = query + b"#" + fragment.encode()
        apart = [*others, *_decoded(with_fragment, "query", b"&"), *_decoded(form, "form", b"&")]
        yield "fragment_signed", _plain(apart)
    for realm in {exact.realm, ""} - {None}:
        yield "realm_signed", _plain([*pairs, Pair("", b"realm", str(realm).encode())])
    for name, cause in (
        (b"oauth_version", "version_missing"),
        (b"oauth_body_hash", "body_hash_not_expected"),
        (b"oauth_token", "token_missing"),
    ):
        yield cause, _plain(pair for pair in pairs if pair.name != name)
    if not any(pair.name == b"oauth_token" for pair in pairs):
        yield "token_expected", _plain([*pairs, Pair("", b"oauth_token", b"")])
    without_hash = [pair for pair in pairs if pair.name != b"oauth_body_hash"]
    for algorithm in ("sha1", "sha256", "sha512"):
        digest = base64.b64encode(hashlib.new(algorithm, body).digest())
        hashed = _plain([*without_hash, Pair("", b"oauth_body_hash", digest)])
        yield "body_hash" if len(without_hash) < len(pairs) else "body_hash_expected", hashed
    yield "signature_signed", _plain(
        [*pairs, Pair("", b"oauth_signature", exact.signature.encode())]
    )
    if body and not exact.is_form:
        for signed in _bodies_as_parameters(body):
            yield "body_signed", _plain([*pairs, *signed])


def _bodies_as_parameters(body: bytes) -> Iterator[list[Pair]]:
    """Yield what signers take for the parameters of a body that is no form."""
    yield _decoded(body, "form", b"&")
    yield [Pair("form", body, b"")]
    yield [Pair("form", b"", body)]
    try:
        fields = json.loads(body)
    except ValueError:
        return
    if isinstance(fields, dict):
        for write in (json.dumps, lambda value: json.dumps(value, separators=(",", ":"))):
            yield [
                Pair(
                    "form",
                    name.encode(),
                    (value if isinstance(value, str) else write(value)).encode(),
                )
                for name, value in fields.items()
            ]
        # As Python writes them.
        yield [Pair("form", name.encode(), str(value).encode()) for name, value in fields.items()]


def _grouped(pairs: list[Pair]) -> Iterator[tuple[bytes, list[Pair]]]:
    names = dict.fromkeys(pair.name for pair in pairs)
    for name in names:
        yield name, [pair for pair in pairs if pair.name == name]


def _with_indexes(pairs: list[Pair]) -> Iterator[Pair]:
    counts: Counter[bytes] = Counter()
    for pair in pairs:
        if pair.name.endswith(b"[]"):
            index = counts[pair.name]
            counts[pair.name] += 1
            yield pair._replace(name=pair.name[:-2] + b"[%d]" % index)
        else:
            yield pair


def _split(piece: bytes) -> tuple[bytes, bytes]:
    name, _, value = piece.partition(b"=")
    return name, value


def _decoded(text: bytes, source: str, separators: bytes, *, plus: bytes = b" ") -> list[Pair]:
    """Decode a query or a form that is split at more than it ought to be."""
    pieces = (_split(piece) for piece in re.split(separators, text) if piece)
    decoded = [
        Pair(source, *(unquote_to_bytes(it.replace(b"+", plus)) for it in piece)) for piece in pieces
    ]
    return [pair for pair in decoded if not pair.name.startswith(b"oauth_")]


def _with_values(exact: Exact, values: dict[bytes, bytes]) -> Exact:
    """Return ours with other values of protocol parameters."""
    pairs = [
        pair._replace(value=values[pair.name])
        if pair.source == "oauth" and pair.name in values
        else pair
        for pair in _pairs(exact)
    ]
    return _with_pairs(exact, pairs)


def _with_pairs(exact: Exact, pairs: list[Pair]) -> Exact:
    pairs = _sorted(pairs)
    method, uri, _ = exact.base_string.split("&")
    return replace(
        exact,
        parameters=[(*pair, *pair.encoded) for pair in pairs],
        base_string=f"{method}&{uri}&{_normalized(pair.encoded for pair in pairs).decode()}",
    )


def _of_header(exact: Exact, parameters: str) -> Difference:
    """Compare with the parameters of another tool's Authorization header."""
    theirs = _header_parameters(parameters)
    signature = theirs.pop("oauth_signature", None)
    if signature is None:
        raise OAuth1Error("the Authorization header has no oauth_signature")
    if not signature:
        raise OAuth1Error("the Authorization header has an empty oauth_signature")
    theirs.pop("realm", None)
    protocol = [Pair("oauth", name.encode(), value.encode()) for name, value in theirs.items()]
    rest = [pair for pair in _pairs(exact) if pair.source != "oauth"]
    as_theirs = replace(_with_pairs(exact, [*protocol, *rest]), signature=signature)
    method = theirs.get("oauth_signature_method", "")
    named = _parameter_of_header(exact, theirs)
    found = _reproduced(as_theirs, as_theirs.base_string, signature)
    if found is None:
        faulty = _faulty_signature(as_theirs, signature)
        if faulty is not None:
            return faulty
        return named or _difference("signature")
    if found[1] is not None:
        return _difference(found[1])
    if found[0] != method:
        return _difference("signature_method", found[0], method)
    return named or _difference("none")


def _reproduced(exact: Exact, base_string: str, signature: str) -> tuple[str, str | None] | None:
    return exact.client._reproduce(base_string.encode(), signature)  # noqa: SLF001 - is for this


def _faulty_signature(exact: Exact, signature: str) -> Difference | None:
    """Find the fault of the base string that gives a signature."""
    method, uri, parameters = exact.base_string.split("&")
    uris = [("", uri), *((cause, encode(it.encode()).decode()) for cause, it in _uri_faults(exact))]
    uris.append(("uri_not_encoded", exact.base_string_uri))
    methods = [("", method), ("method_case", method.lower()), ("method_case", exact.method)]
    methods += [("method", it) for it in ("GET", "POST", "PUT") if it != method]
    normalized = [("", parameters)]
    normalized += [(cause, it.decode(errors="replace")) for cause, it in _parameter_faults(exact)]
    tried = set()
    single = itertools.chain(
        itertools.product(methods, uris[:1], normalized[:1]),
        itertools.product(methods[:1], uris, normalized[:1]),
        itertools.product(methods[:1], uris[:1], normalized),
    )
    for parts in single:
        text = "&".join(part for _, part in parts)
        if text in tried:
            continue
        tried.add(text)
        found = _reproduced(exact, text, signature)
        if found is None:
            continue
        causes = [cause for cause, _ in parts if cause]
        causes += [found[1]] if found[1] else []
        first = next(_component_differences(exact, text), None)
        return _difference(
            causes[0],
            _shown(exact, first.ours) if first else "",
            _shown(exact, first.theirs) if first else "",
            _first_difference(exact.base_string, text),
            tuple(causes[1:]),
        )
    return None


def _parameter_of_header(exact: Exact, theirs: dict[str, str]) -> Difference | None:
    """Name the first protocol parameter that differs for another reason than that time goes on."""
    ours = {text_of(pair.name): text_of(pair.value) for pair in _pairs(exact) if pair.source == "oauth"}
    special = {
        "oauth_consumer_key": "client_key",
        "oauth_token": "token",
        "oauth_signature_method": "signature_method",
        "oauth_body_hash": "body_hash",
    }
    names = sorted(ours.keys() | theirs.keys(), key=lambda name: (name not in special, name))
    for name in names:
        own, other = ours.get(name), theirs.get(name)
        if own == other or name == "oauth_nonce":
            continue
        if own is None:
            given = {"oauth_token": "token_expected", "oauth_body_hash": "body_hash_expected"}
            cause = given.get(name, "additional_parameter")
        elif other is None:
            gone = {
                "oauth_token": "token_missing",
                "oauth_body_hash": "body_hash_not_expected",
                "oauth_version": "version_missing",
            }
            cause = gone.get(name, "missing_parameter")
        elif name == "oauth_timestamp":
            if abs(_seconds(own.encode()) - _seconds(other.encode())) <= _CLOCK_SKEW:
                continue
            cause = "timestamp"
        else:
            cause = special.get(name, "value")
        shown = [
            "" if it is None else f"{name}={MASK if is_secret(exact.client, name, it) else it}"
            for it in (own, other)
        ]
        return _difference(cause, *shown)
    return None


def _header_parameters(text: str) -> dict[str, str]:
    found = re.finditer(r'([\w.%-]+)\s*=\s*(?:"([^"]*)"|([^\s",\']+))\s*(?:,|$|(?=["\'\s]))', text)
    return {unquote(it[1]): unquote(it[2] if it[2] is not None else it[3]) for it in found}


def _of_curl(exact: Exact, curl: _curl.CurlRequest) -> Difference:
    """Compare with what a curl command sends."""
    headers = dict(curl.headers)
    authorization = next(
        (value for name, value in curl.headers if name.lower() == "authorization"), ""
    )
    is_signed = _HEADER.match(authorization) is not None
    query_and_form = f"{curl.url}&{(curl.body or b'').decode(errors='replace')}"
    if not is_signed and "oauth_signature=" not in query_and_form:
        # Their request, with our protocol parameters: whatever else differs is the request's.
        own = ", ".join(
            f'{encode(pair.name).decode()}="{encode(pair.value).decode()}"'
            for pair in _pairs(exact)
            if pair.source == "oauth"
        )
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        signature = encode(exact.signature.encode()).decode()
        headers["Authorization"] = f'OAuth {own}, oauth_signature="{signature}"'
    explained = exact.client.explain(curl.url, curl.method, curl.body, headers)
    theirs = explained._exact  # noqa: SLF001 - of the class that this module belongs to
    if theirs is None:
        raise OAuth1Error("the curl command has no request to compare with")
    protocol = [pair for pair in _pairs(theirs) if pair.source == "oauth"]
    rest = [pair for pair in _pairs(exact) if pair.source != "oauth"]
    aligned = _with_pairs(exact, [*protocol, *rest])
    found = list(_component_differences(aligned, theirs.base_string))
    if not found:
        if is_signed:
            return _of_header(exact, authorization.partition(" ")[2])
        return _difference("none" if is_signed else "key")
    has_body = bool(exact.body) and bool(curl.body)
    if has_body and exact.is_form != theirs.is_form and found[0].cause.endswith(("signed", "parameter")):
        found[0] = Found("content_type", exact.content_type or "", theirs.content_type or "")
    first = found[0]
    return _difference(
        first.cause,
        _shown(exact, first.ours),
        _shown(exact, first.theirs),
        _first_difference(aligned.base_string, theirs.base_string),
        tuple(it.cause for it in found[1:]),
    )


def _first_difference(ours: str, theirs: str) -> int:
    """Return where two texts differ; the end of the shorter if it is the other's beginning."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((i for i, (own, other) in pairs if own != other), min(len(ours), len(theirs)))


def _shown(exact: Exact, text: str) -> str:
    """Return a parameter, or a URI, with what may be secret masked."""
    secrets = _secrets(exact)
    if any(secret in unquote(unquote(text)) for secret in secrets):
        return MASK
    resource, mark, query = text.partition("?") if "://" in text.partition("=")[0] else ("", "", text)
    resource = re.sub(r"(?<=://)[^/?#]*@", f"{MASK}@", resource)
    pieces = [_shown_piece(exact, piece) for piece in query.split("&")]
    return resource + mark + "&".join(pieces)


def _shown_piece(exact: Exact, piece: str) -> str:
    name, equals, value = piece.partition("=")
    name, value = unquote(unquote(name)), unquote(unquote(value))
    if is_secret(exact.client, name, value) or looks_secret(value):
        return f"{MASK if looks_secret(value) and not equals else name}={MASK}"
    return MASK if not equals and looks_secret(name) else piece


def _secrets(exact: Exact) -> set[str]:
    return {
        setting_text(exact.client.client_secret),
        setting_text(exact.client.resource_owner_secret),
    } - {""}


def _difference(
    cause: str,
    ours: str = "",
    theirs: str = "",
    position: int | None = None,
    further: tuple[str, ...] = (),
) -> Difference:
    return Difference(cause, CAUSES[cause], ours, theirs, position, further)
