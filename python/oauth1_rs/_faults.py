"""The known faults of signers, each with what it makes of a base string.

Gathered from implementations that are in use: `tests/explain/` has what they really sign.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from oauth1_rs._exact import Pair, default_port, uri_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from oauth1_rs._exact import Exact

# A longer base string is not tried with every fault, which would take minutes.
MAX_TRIED = 1 << 16

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_ENCODED = [bytes([byte]) if byte in _UNRESERVED else b"%%%02X" % byte for byte in range(256)]

# What a cause means, and what to do about it.
CAUSES = {
    "none": "No difference: these settings give the other signature, too.",
    "same": "No difference: the other request is the same, and has no signature of OAuth 1.",
    "key": "Both sides sign the same text, so that only the key can differ: check the client "
    "secret and the token secret, and that they belong to this client key and token.",
    "signature": "None of the known faults gives the other signature: it was made with other "
    "secrets, or of another request.",
    "authorization": "The other request is the same, but has an Authorization header of another "
    "scheme, such as Basic or Bearer, in place of a signature of OAuth 1.",
    "cut_short": "The other side's text is the beginning of ours, and then ends: was it cut where "
    "it was logged, or copied?",
    # Of the method.
    "method_case": "The other side signs the method as it came, not in upper case.",
    "method": "The other side signs another HTTP method: is there a redirect in between?",
    # Of the base string URI.
    "scheme": "One side signs http, the other https: behind a proxy that ends TLS, the server "
    "must be told (X-Forwarded-Proto) that the request came by https.",
    "port_kept": "The other side signs the default port, which section 3.4.1.2 drops.",
    "port_dropped": "The other side drops a port that is not the default: behind a proxy, the "
    "server must see the Host header that the client sent.",
    "port": "The other side signs another port: behind a proxy, the server must see the Host "
    "header that the client sent.",
    "host_case": "The other side signs the host, or the scheme, in capitals.",
    "host": "The other side signs another host: behind a proxy, the server must see the Host "
    "header that the client sent.",
    "path_case": "The paths differ in upper and lower case.",
    "trailing_slash": "One side has a slash at the end of the path, the other has not.",
    "path_decoded": "The other side decodes the path before it signs; it counts as it is sent.",
    "path_encoded_anew": "The other side encodes the path anew; it counts as it is sent.",
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
    "3.4.1.3.2 step 1). Mastercard wants that: single_encoding=True.",
    "names_not_encoded": "The other side does not encode the names of parameters.",
    "reserved_not_encoded": "The other side leaves some of !*'() as they are, as JavaScript's "
    "encodeURIComponent does; section 3.6 encodes them.",
    "tilde_encoded": "The other side encodes ~, which section 3.6 leaves as it is.",
    "lower_case_escapes": "The other side writes escapes in lower case; section 3.6 wants %2F, "
    "not %2f.",
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
    "names_rewritten": "The other side rewrites names that are repeated or have brackets, spaces "
    "or dots, as PHP, Rack and others read them.",
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
    "unsigned_body": "The same is signed, and the bodies differ: they are not signed.",
    "query_or_form": "The same is signed, and sent otherwise: one side has parameters in the query "
    "that the other has in the form.",
    "realm": "The same is signed, and the realms differ: the realm is not signed, but servers such "
    "as NetSuite's ask for one.",
    "body_hash": "The hashes of the body differ: it was changed on its way, or hashed another way.",
    "version_missing": "The other side has no oauth_version, which may be left out: "
    'protocol_parameters={"oauth_version": None}.',
    "token_missing": "The other side has no token.",
    "token_expected": "The other side has a token, and this request has none.",
    "missing_parameter": "The other side lacks a parameter that is signed here.",
    "additional_parameter": "The other side signs a parameter that is not signed here.",
    "value_cut": "The other side cuts a value short: at a second =, a ?, a zero byte or the like.",
    "empty_piece_signed": "The other side counts an empty piece, such as between && or after the "
    "?, as a parameter.",
    "value": "A parameter has another value on the other side.",
    "client_key": "The other side has another client key.",
    "token": "The other side has another token.",
    "timestamp": "The timestamps are more than five minutes apart, which is what most providers "
    "accept: unless both were made at other times, set the clock, or pass timestamp_offset=.",
    "other_signature": "The other side's text is of another signature: nonce and timestamp differ. "
    "Explain the request that was sent, such as response.request.",
    "signature_method": "The other side signs by another method.",
    "content_type": "The bodies have other Content-Types: one is a form, which is signed, and the "
    "other is not.",
    "single_encoding": "The other side encodes as the RFC asks; single_encoding is set here.",
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


def pair_of(source: str, name: bytes, value: bytes) -> Pair:
    """Encode a parameter as RFC 5849 section 3.4.1.3.2 asks."""
    return Pair(source, name, value, (encode(name), encode(value)))


def encode(text: bytes) -> bytes:
    """Percent-encode by RFC 5849 section 3.6."""
    return b"".join([_ENCODED[byte] for byte in text])


def _encode_but(text: bytes, kept: bytes) -> bytes:
    return b"".join([_ENCODED[byte] if byte not in kept else bytes([byte]) for byte in text])


def _of_utf_8(value: bytes, encoding: str) -> bytes:
    text = value.decode(errors="replace")
    return encode(text.encode(encoding, errors="replace"))


def _in_lower_case(encoded: bytes) -> bytes:
    return re.sub(rb"%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)


# Causes, each with what is made of a name or a value where its encoding ought to be.
ENCODINGS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("double_encoding", lambda text: encode(encode(text))),
    ("decoded_twice", lambda text: encode(unquote_to_bytes(text))),
    ("plus_for_space", lambda text: encode(text).replace(b"%20", b"+")),
    ("double_encoding", lambda text: encode(encode(text).replace(b"%20", b"+"))),
    ("plus_not_space", lambda text: encode(text).replace(b"%20", b"%2B")),
    ("reserved_not_encoded", lambda text: _encode_but(text, b"!*'()")),
    ("tilde_encoded", lambda text: encode(text).replace(b"~", b"%7E")),
    ("lower_case_escapes", lambda text: _in_lower_case(encode(text))),
    ("not_encoded", lambda text: text),
    ("characters_lost", lambda text: _of_utf_8(text, "utf-8")),
    ("latin_1", lambda text: _of_utf_8(text, "latin-1")),
)


def body_bytes(body: object) -> bytes | None:
    """Return the bytes of a body, None if it is not in memory."""
    if isinstance(body, str):
        return body.encode()
    return bytes(body or b"") if isinstance(body, (bytes, bytearray, type(None))) else None


def normalized(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Join encoded pairs in the order in which they are given, as part of the base string."""
    return encode(b"&".join(name + b"=" + value for name, value in pairs))


def by_encoding(pairs: Iterable[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: pair.encoded)


def _plain(pairs: Iterable[Pair]) -> bytes:
    return normalized(pair.encoded for pair in by_encoding(pairs))


def _uri_faults(exact: Exact) -> Iterator[tuple[str, str]]:
    """Yield causes, each with the base string URI that it gives, not encoded."""
    uri = exact.base_string_uri
    scheme, _, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    path = slash + path
    other = {"http": "https", "https": "http"}.get(scheme, scheme)
    yield "scheme", f"{other}://{rest}"
    if not re.search(r":\d+$", authority):
        yield "port_kept", f"{scheme}://{authority}:{default_port(scheme)}{path}"
        yield "scheme", f"{other}://{authority}:{default_port(scheme)}{path}"
    else:
        yield "port_dropped", f"{scheme}://{authority.rpartition(':')[0]}{path}"
        yield "scheme", f"{other}://{authority.rpartition(':')[0]}{path}"
    yield "trailing_slash", f"{scheme}://{authority}{path}/"
    yield "trailing_slash", f"{scheme}://{authority}{path.removesuffix('/')}"
    parts = uri_parts(exact.url)
    if parts is not None:
        given_scheme, given_authority, given_path, query, fragment = parts
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
    for safe in (b"/", b"/~", b"/:@!$&'()*+,;=", b"/:@!$&()*+,;="):
        anew = _encode_but(unquote_to_bytes(path), safe).decode()
        yield "path_encoded_anew", f"{scheme}://{authority}{anew}"
    upper = re.sub(r"%[0-9A-Fa-f]{2}", lambda found: found[0].upper(), path)
    yield "path_encoded_anew", f"{scheme}://{authority}{upper}"
    yield "path_encoded_twice", f"{scheme}://{authority}{path.replace('%', '%25')}"
    yield "path_case", f"{scheme}://{authority}{path.lower()}"


def encoded_uri_faults(exact: Exact) -> Iterator[tuple[str, str]]:
    """Yield causes, each with the base string URI that it gives, encoded as it stands there."""
    for cause, uri in _uri_faults(exact):
        yield cause, encode(uri.encode()).decode()
    yield "uri_not_encoded", exact.base_string_uri
    yield "lower_case_escapes", _in_lower_case(encode(exact.base_string_uri.encode())).decode()


def parameter_faults(exact: Exact) -> Iterator[tuple[str, bytes]]:
    """Yield causes, each with the parameters that it gives, as they stand in the base string."""
    if len(exact.base_string) > MAX_TRIED:
        return
    pairs = exact.pairs
    if exact.client.single_encoding:
        yield "single_encoding", _plain(pair_of(*pair[:3]) for pair in pairs)
    query, form = _query_and_form(exact)
    own = [pair for pair in pairs if pair.source == "oauth"]
    came = [*own, *_decoded(query, "query"), *_decoded(form, "form")]
    yield from _order_faults(came)
    yield from _encoding_faults(pairs)
    yield from _sourced_faults(exact, pairs)
    yield from _repeating_faults(came)
    yield from _adding_faults(exact, pairs)


def _query_and_form(exact: Exact) -> tuple[bytes, bytes]:
    query = exact.url.partition("#")[0].partition("?")[2].encode()
    return query, (body_bytes(exact.body) or b"") if exact.is_form else b""


def _in_two_orders(cause: str, pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    """Yield a fault as it is, and sorted before encoding: the commonest fault of all besides."""
    yield cause, _plain(pairs)
    yield cause, normalized(pair.encoded for pair in sorted(pairs, key=lambda pair: pair[1:3]))


def _encoding_faults(pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    right = [pair.encoded for pair in pairs]
    present = {pair.source for pair in pairs}
    choices = ({"oauth", "query", "form"}, {"query", "form"}, {"oauth"}, {"query"}, {"form"})
    chosen = dict.fromkeys(frozenset(present & choice) for choice in choices)
    for (cause, faulty), sources in itertools.product(ENCODINGS, chosen):
        wrong = [
            (faulty(pair.name), faulty(pair.value)) if pair.source in sources else pair.encoded
            for pair in pairs
        ]
        if wrong == right:
            continue
        yield cause, normalized(sorted(wrong))
        # Many fix the order before they encode.
        yield cause, normalized(wrong)
        before = sorted(zip(pairs, wrong, strict=True), key=lambda pair: pair[0][1:3])
        yield cause, normalized(encoded for _, encoded in before)
        values = [(name, value) for (name, _), (_, value) in zip(right, wrong, strict=True)]
        yield cause, normalized(sorted(values))
        names = [(name, value) for (name, _), (_, value) in zip(wrong, right, strict=True)]
        cause_of_names = "names_not_encoded" if cause == "not_encoded" else cause
        yield cause_of_names, normalized(sorted(names))
    yield "lower_case_escapes", _in_lower_case(_plain(pairs))


def _order_faults(pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    orders: list[tuple[str, Callable[[Pair], Any]]] = [
        ("order_before_encoding", lambda pair: pair[1:3]),
        ("order_before_encoding", lambda pair: (pair.encoded[0], pair.value)),
        ("order_before_encoding", lambda pair: (pair.name, pair.encoded[1])),
        ("order_of_joined_text", lambda pair: b"=".join(pair.encoded)),
        ("order_of_joined_text", lambda pair: b"=".join(pair[1:3])),
        ("order_ignores_case", lambda pair: [text.lower() for text in pair.encoded]),
        ("order_of_values", lambda pair: pair.encoded[0]),
        ("order_of_values", lambda pair: pair.name),
        ("not_sorted", lambda _pair: 0),
    ]
    for cause, key in orders:
        # Where not everything is sorted, the order in which things came shows.
        for came in _in_orders_of_sources(pairs):
            yield cause, normalized(pair.encoded for pair in sorted(came, key=key))


def _in_orders_of_sources(pairs: list[Pair]) -> Iterator[list[Pair]]:
    for sources in itertools.permutations(("oauth", "query", "form")):
        yield sorted(pairs, key=lambda pair: sources.index(pair.source))


def _sourced_faults(exact: Exact, pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    """Whole sources left out, or read in another way."""
    query, form = _query_and_form(exact)
    own = [pair for pair in pairs if pair.source == "oauth"]
    for source in ("query", "form"):
        yield f"{source}_not_signed", _plain(pair for pair in pairs if pair.source != source)
    # How each of the two may be split, and what a plus sign may be taken for.
    for cause, of_query, of_form in (
        ("semicolon_separates", (b"[&;]", b" "), (b"[&;]", b" ")),
        ("semicolon_separates", (b"[&;]", b" "), (b"&", b" ")),
        ("question_mark_separates", (b"[&?]", b" "), (b"&", b" ")),
        ("plus_not_space", (b"&", b"+"), (b"&", b"+")),
        ("plus_not_space", (b"&", b"+"), (b"&", b" ")),
    ):
        read = [*_decoded(query, "query", *of_query), *_decoded(form, "form", *of_form)]
        yield cause, _plain([*own, *read])
    pieces = [_split(piece) for piece in (query + b"&" + form).split(b"&") if piece]
    raw = [pair_of("", *piece) for piece in pieces if not piece[0].startswith(b"oauth_")]
    yield "double_encoding", _plain([*own, *raw])
    as_they_are = [*(pair.encoded for pair in own), *(pair[1:3] for pair in raw)]
    yield "not_encoded", normalized(sorted(as_they_are))
    _, hash_sign, fragment = exact.url.partition("#")
    if hash_sign:
        longer = _decoded(query + b"#" + fragment.encode(), "query")
        yield "fragment_signed", _plain([*own, *longer, *_decoded(form, "form")])
    valueless = {
        piece for piece in (query + b"&" + form).split(b"&") if piece and b"=" not in piece
    }
    yield "empty_value_dropped", _plain(pair for pair in pairs if pair.name not in valueless)
    yield "empty_value_dropped", _plain(pair for pair in pairs if pair.value)
    yield "empty_piece_signed", _plain([*pairs, pair_of("", b"", b"")])
    for end in (b"=", b"?", b"\0", b";"):
        cut = [pair_of("", it.name, it.value.partition(end)[0]) for it in pairs]
        yield "value_cut", _plain(cut)
        encoded = [pair_of("", it.name, it.value.partition(end)[0]) for it in raw]
        decoded = [pair_of("", *map(unquote_to_bytes, pair[1:3])) for pair in encoded]
        yield "value_cut", _plain([*own, *decoded])


def _repeating_faults(pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    """Names that are given more than once, or are no names of variables."""
    for came in _in_orders_of_sources(pairs):
        for some in (came, came[::-1]):
            kept = list({pair.name: pair for pair in some}.values())
            yield from _in_two_orders("repeated_names_dropped", kept)
    kept = list({pair[1:3]: pair for pair in pairs}.values())
    yield from _in_two_orders("repeated_names_dropped", kept)
    for comma, some in itertools.product((b",", b", ", b" "), (pairs, by_encoding(pairs))):
        values: dict[bytes, list[bytes]] = {}
        for pair in some:
            values.setdefault(pair.name, []).append(pair.value)
        joined = [pair_of("", name, comma.join(given)) for name, given in values.items()]
        yield from _in_two_orders("repeated_names_joined", joined)
    repeated = Counter(pair.name for pair in pairs)
    for is_array in (lambda name: name.endswith(b"[]"), lambda name: repeated[name] > 1):
        counts: Counter[bytes] = Counter()
        indexed = []
        for pair in pairs:
            name = pair.name
            if is_array(name):
                name = name.removesuffix(b"[]") + b"[%d]" % counts[name]
                counts[pair.name] += 1
            indexed.append(pair_of("", name, pair.value))
        yield from _in_two_orders("names_rewritten", indexed)
    without = [pair_of("", it.name.removesuffix(b"[]"), it.value) for it in pairs]
    yield from _in_two_orders("names_rewritten", without)
    variables = [pair_of("", re.sub(rb"[ .]", b"_", it.name), it.value) for it in pairs]
    both = list({pair.encoded: pair for pair in [*pairs, *variables]}.values())
    yield from _in_two_orders("names_rewritten", variables)
    yield from _in_two_orders("names_rewritten", both)


def _adding_faults(exact: Exact, pairs: list[Pair]) -> Iterator[tuple[str, bytes]]:
    """Parameters that are signed and should not be, and the other way round."""
    for realm in {exact.realm or "", ""}:
        yield "realm_signed", _plain([*pairs, pair_of("", b"realm", realm.encode())])
    names = {pair.name for pair in pairs}
    for name, missing, expected in (
        (b"oauth_version", "version_missing", "additional_parameter"),
        (b"oauth_token", "token_missing", "token_expected"),
    ):
        if name in names:
            yield missing, _plain(pair for pair in pairs if pair.name != name)
        else:
            yield expected, _plain([*pairs, pair_of("", name, b"")])
    signature = pair_of("", b"oauth_signature", exact.signature.encode())
    yield "signature_signed", _plain([*pairs, signature])
    body = body_bytes(exact.body) or b""
    without_hash = [pair for pair in pairs if pair.name != b"oauth_body_hash"]
    is_hashed = len(without_hash) < len(pairs)
    yield "body_hash_not_expected", _plain(without_hash)
    for algorithm in ("sha1", "sha256", "sha512"):
        digest = base64.b64encode(hashlib.new(algorithm, body).digest())
        hashed = _plain([*without_hash, pair_of("", b"oauth_body_hash", digest)])
        yield "body_hash" if is_hashed else "body_hash_expected", hashed
    if body and not exact.is_form:
        for signed in _bodies_as_parameters(body):
            yield "body_signed", _plain([*pairs, *signed])


def _bodies_as_parameters(body: bytes) -> Iterator[list[Pair]]:
    """Yield what signers take for the parameters of a body that is no form."""
    yield _decoded(body, "form", b"&")
    yield [pair_of("form", body, b"")]
    yield [pair_of("form", b"", body)]
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(fields, dict):
        for write in (json.dumps, lambda value: json.dumps(value, separators=(",", ":"))):
            yield [
                pair_of(
                    "form",
                    # JSON may have half a character.
                    name.encode(errors="surrogatepass"),
                    (value if isinstance(value, str) else write(value)).encode(
                        errors="surrogatepass"
                    ),
                )
                for name, value in fields.items()
            ]
        # As Python writes them.
        yield [
            pair_of("form", *(str(it).encode(errors="surrogatepass") for it in field))
            for field in fields.items()
        ]


def _split(piece: bytes) -> tuple[bytes, bytes]:
    name, _, value = piece.partition(b"=")
    return name, value


def _decoded(text: bytes, source: str, separators: bytes = b"&", plus: bytes = b" ") -> list[Pair]:
    """Decode a query or a form, perhaps in a way in which it should not be."""
    pieces = (_split(piece) for piece in re.split(separators, text) if piece)
    pairs = [
        pair_of(source, *(unquote_to_bytes(it.replace(b"+", plus)) for it in piece))
        for piece in pieces
    ]
    return [pair for pair in pairs if not pair.name.startswith(b"oauth_")]
