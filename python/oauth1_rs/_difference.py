"""Where another side's signature differs from ours, and why: the known faults, tried one by one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from oauth1_rs import _curl
from oauth1_rs._exact import Exact, Pair, text_of
from oauth1_rs._faults import (
    CAUSES,
    ENCODINGS,
    MAX_TRIED,
    body_bytes,
    by_encoding,
    encode,
    encoded_uri_faults,
    normalized,
    pair_of,
    parameter_faults,
)
from oauth1_rs._masking import MASK, Secrets, decodings, names_secret, printable, tells_secret
from oauth1_rs._reported import (
    HEADER,
    TIMES,
    TIMESTAMP,
    base_string_in,
    header_parameters_in,
)
from oauth1_rs.exceptions import OAuth1Error, OAuth1TypeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# How far clocks may be apart: what most providers accept, in seconds.
_CLOCK_SKEW = 300

_SIGNATURE_METHOD = b"oauth_signature_method"
# What it is if a parameter has another value, is missing on the other side, or is only there.
_OTHER = {
    b"oauth_consumer_key": "client_key",
    b"oauth_token": "token",
    _SIGNATURE_METHOD: "signature_method",
    b"oauth_body_hash": "body_hash",
    b"oauth_nonce": "other_signature",
}
_MISSING = {
    b"oauth_body_hash": "body_hash_not_expected",
    b"oauth_token": "token_missing",
    b"oauth_version": "version_missing",
}
_ADDITIONAL = {
    b"realm": "realm_signed",
    b"oauth_body_hash": "body_hash_expected",
    b"oauth_signature": "signature_signed",
    b"oauth_token": "token_expected",
}

_NO_SIGNATURE = (
    "the Authorization header has no oauth_signature: copy all of it, with the quotation marks"
)


@dataclass(frozen=True)
class Difference:
    """The first thing that another side signs differently.

    Attributes
    ----------
    cause : str
        What it is, by a name that stays, such as "double_encoding": docs/explain.md has all of
        them. "none" if the other side signs as this one does.
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
        return "\n".join(map(printable, lines))


class Found(NamedTuple):
    """A cause, and what it makes of a part of the base string."""

    cause: str
    ours: str
    theirs: str


def difference(exact: Exact, other: str | bytes | Exact) -> Difference:
    """Compare; see ``Explanation.diff``."""
    if isinstance(other, Exact):
        return _of_exact(exact, other)
    if isinstance(other, bytes):
        other = other.decode(errors="replace")
    if not isinstance(other, str):
        raise OAuth1TypeError(
            "diff takes a base string, an Authorization header, or a curl command as str or bytes, "
            f"got {type(other).__name__}"
        )
    if _curl.COMMAND.match(other):
        return _of_curl(exact, _curl.parse(other))
    base_string = base_string_in(exact, other)
    if base_string is not None:
        return _of_base_strings(exact, base_string)
    theirs = header_parameters_in(other)
    if theirs is not None:
        return _of_header(exact, theirs)
    raise OAuth1Error(
        "there is neither a base string (GET&https%3A%2F%2F...&...) in the text, nor an "
        "Authorization header (OAuth oauth_consumer_key=...), and it is no curl command"
    )


def _of_base_strings(exact: Exact, theirs: str) -> Difference:
    """Compare our base string with another."""
    if exact.base_string == theirs:
        return _difference("key")
    values = {pair.name: pair.value for pair in _pairs_in(theirs)}
    own = {pair.name: pair.value for pair in exact.pairs}
    is_of_another = all(name in values and values[name] != own.get(name) for name in TIMES)
    aligned = exact
    if is_of_another:
        # What is to be found may be in the rest.
        others = [it for it in exact.pairs if it.source == "oauth" and it.name not in TIMES]
        protocol = [(it.name, it.value) for it in others] + [(it, values[it]) for it in TIMES]
        aligned = _with_protocol(exact, protocol)
        if aligned.base_string == theirs:
            cause = _cause_of_value(TIMESTAMP, own.get(TIMESTAMP, b""), values[TIMESTAMP])
            times = (text_of(it) for it in (own.get(TIMESTAMP, b""), values[TIMESTAMP]))
            return _difference(cause, *(_shown(exact, it) for it in times))
    return _first_of(exact, aligned, theirs, ("other_signature",) if is_of_another else ())


def _of_header(exact: Exact, theirs: list[tuple[bytes, bytes]]) -> Difference:
    """Compare with another tool's `Authorization` header."""
    given = {name: text_of(value) for name, value in theirs}
    if not given.get(b"oauth_signature"):
        raise OAuth1Error(_NO_SIGNATURE)
    found = _of_signature(exact, theirs, given[b"oauth_signature"])
    if found.cause != "none" or exact.placement != "AUTH_HEADER":
        return found
    return _of_realms(exact, given.get(b"realm")) or found


def _of_exact(exact: Exact, theirs: Exact) -> Difference:
    """Compare with another request that was explained here."""
    if exact.base_string != theirs.base_string:
        return _of_base_strings(exact, theirs.base_string)
    protocol = [(it.name, it.value) for it in theirs.pairs if it.source == "oauth"]
    found = _of_signature(exact, protocol, theirs.signature)
    if found.cause == "signature":
        # The text is known, so that nothing else is left.
        return _difference("key")
    return _of_the_rest(exact, theirs) or found if found.cause == "none" else found


def _of_the_rest(exact: Exact, theirs: Exact) -> Difference | None:
    """Name the first difference in what is sent and not signed."""
    sent = [
        Counter((it.source, it.encoded) for it in side.pairs if it.source != "oauth")
        for side in (exact, theirs)
    ]
    if sent[0] != sent[1]:
        return _difference("query_or_form")
    bodies = [body_bytes(exact.body), body_bytes(theirs.body)]
    # What is not in memory is at least there.
    is_known = None not in bodies or b"" in bodies
    if not exact.is_form and not theirs.is_form and is_known and bodies[0] != bodies[1]:
        return _difference("unsigned_body")
    in_headers = exact.placement == theirs.placement == "AUTH_HEADER"
    return _of_realms(exact, theirs.realm) if in_headers else None


def _of_realms(exact: Exact, theirs: str | None) -> Difference | None:
    if exact.realm == theirs:
        return None
    pieces = ["" if it is None else f"realm={it}" for it in (exact.realm, theirs)]
    return _difference("realm", *(_shown(exact, it) for it in pieces))


def _of_signature(exact: Exact, theirs: list[tuple[bytes, bytes]], signature: str) -> Difference:
    """Compare with another tool's protocol parameters and signature, of the same request."""
    protocol = [pair for pair in theirs if pair[0] not in {b"realm", b"oauth_signature"}]
    as_theirs = replace(_with_protocol(exact, protocol), signature=signature)
    method = dict(protocol).get(_SIGNATURE_METHOD, b"").decode(errors="replace")
    found = _reproduced(as_theirs, as_theirs.base_string)
    if found is None:
        is_encoded = _reproduced(replace(as_theirs, signature=unquote(signature)), "")
        if method == "PLAINTEXT" and is_encoded is not None:
            return _difference("double_encoding")
        return (
            _faulty_signature(as_theirs)
            or _of_protocol(exact, protocol)
            or _difference("signature")
        )
    named = _of_protocol(exact, protocol)
    if found[1] is not None:
        # Without a token there is no token secret either.
        if named is not None and named.cause == "token_missing":
            return replace(named, further=(found[1],))
        return _difference(found[1])
    if found[0] != method:
        return _difference("signature_method", found[0], method)
    return named or _difference("none")


def _of_curl(exact: Exact, curl: _curl.CurlRequest) -> Difference:
    """Compare with what a curl command sends."""
    headers = {name.lower(): value for name, value in curl.headers}
    authorization = headers.get("authorization", "")
    explain = exact.client._explain_signed
    explained = explain(curl.url, curl.method, curl.body, headers)
    is_signed = explained is not None
    if not is_signed:
        if HEADER.match(authorization):
            raise OAuth1Error(_NO_SIGNATURE)
        # Their request with our protocol parameters: whatever differs is the request's.
        own = [(it.name, it.value) for it in exact.pairs if it.source == "oauth"]
        own.append((b"oauth_signature", exact.signature.encode()))
        joined = b", ".join(b'%s="%s"' % (encode(name), encode(value)) for name, value in own)
        headers["authorization"] = f"OAuth {joined.decode()}"
        explained = explain(curl.url, curl.method, curl.body, headers)
    theirs: Exact = explained._exact  # type: ignore[union-attr,assignment]  # it is signed, and new
    protocol = [(it.name, it.value) for it in theirs.pairs if it.source == "oauth"]
    aligned = _with_protocol(exact, protocol)
    if aligned.base_string == theirs.base_string:
        if is_signed:
            found = _of_signature(exact, protocol, theirs.signature)
            return _of_the_rest(exact, theirs) or found if found.cause == "none" else found
        is_hashed = any(name == b"oauth_body_hash" for name, _ in protocol)
        bodies = [body_bytes(exact.body), body_bytes(curl.body)]
        if is_hashed and None not in bodies and bodies[0] != bodies[1]:
            return _difference("body_hash")
        if authorization:
            return _difference("authorization")
        # Of the realm an unsigned command says nothing.
        return _of_the_rest(exact, replace(theirs, realm=exact.realm)) or _difference("same")
    types = exact.content_type or "", theirs.content_type or ""
    if exact.is_form != theirs.is_form and all(types):
        position = _first_difference(aligned.base_string, theirs.base_string)
        shown = (_shown(exact, it) for it in types)
        return _difference("content_type", *shown, position=position)
    return _first_of(exact, aligned, theirs.base_string)


def _first_of(
    exact: Exact, aligned: Exact, theirs: str, further: tuple[str, ...] = ()
) -> Difference:
    """Name the first difference between two base strings, and the kinds of the others."""
    first, *rest = _component_differences(aligned, theirs)
    further = tuple(dict.fromkeys([*(it.cause for it in rest), *further]))
    position = _first_difference(aligned.base_string, theirs)
    ours, other = _shown(exact, first.ours), _shown(exact, first.theirs)
    return _difference(first.cause, ours, other, position=position, further=further)


def _component_differences(exact: Exact, theirs: str) -> Iterator[Found]:
    """Yield what differs in method, URI and parameters."""
    method, uri, parameters = exact.base_string.split("&")
    their_method, their_uri, their_parameters = theirs.split("&", 2)
    if method != their_method:
        cause = "method_case" if method == their_method.upper() else "method"
        yield Found(cause, method, their_method)
    if uri != their_uri:
        cause = _cause_of_uri(exact, their_uri)
        shown = exact.base_string_uri, unquote(their_uri)
        is_of_encoding = cause in {"uri_not_encoded", "lower_case_escapes"}
        yield Found(cause, *((uri, their_uri) if is_of_encoding else shown))
    if parameters != their_parameters:
        yield _parameter_difference(exact, their_parameters)


def _cause_of_uri(exact: Exact, theirs: str) -> str:
    for cause, uri in encoded_uri_faults(exact):
        if theirs == uri:
            return cause
    if "://" in theirs:
        return "uri_not_encoded"
    pattern = r"(?s)(\w+)://([^/?#]*?)(?::(\d*))?([/?#].*)?"
    own, other = (
        re.fullmatch(pattern, exact.base_string_uri),
        re.fullmatch(pattern, unquote(theirs)),
    )
    if own is None or other is None:
        return "path"
    parts = zip(("scheme", "host", "port", "path"), own.groups(""), other.groups(""), strict=True)
    part, ours_of, theirs_of = next((it for it in parts if it[1] != it[2]), ("path", "", ""))
    if part == "path":
        return _cause_of_path(ours_of, theirs_of)
    if part == "port":
        return "port" if theirs_of else "port_dropped"
    return "host_case" if ours_of.lower() == theirs_of.lower() else part


def _cause_of_path(ours: str, theirs: str) -> str:
    if ours.rstrip("/") == theirs.rstrip("/"):
        return "trailing_slash" if ours != theirs else "path_encoded_anew"
    if ours.lower() == theirs.lower():
        return "path_case"
    return "query_in_uri" if theirs.partition("?")[0] == ours else "path"


def _parameter_difference(exact: Exact, theirs: str) -> Found:
    """Find what differs in the normalized parameters, as they stand in the base string."""
    own = exact.base_string.split("&")[2].split("%26")
    other = [piece for piece in theirs.split("%26") if piece]
    missing = list((Counter(own) - Counter(other)).elements())
    additional = list((Counter(other) - Counter(own)).elements())
    # If both have the same, the first that stands elsewhere.
    moved = zip(own, other, strict=False) if not missing and not additional else ()
    ours, others = next(
        (pair for pair in moved if pair[0] != pair[1]),
        ((missing or [""])[0], (additional or [""])[0]),
    )
    for cause, faulty in parameter_faults(exact):
        if faulty == theirs.encode():
            return Found(cause, unquote(ours), unquote(others))
    if not missing and not additional:
        return Found("not_sorted", unquote(ours), unquote(others))
    if _is_cut(exact.base_string.split("&")[2], theirs):
        return Found("cut_short", unquote(ours), unquote(others))
    cause, ours, others = _cause_of_pairs(exact, missing, additional)
    return Found(cause, unquote(ours), unquote(others))


def _is_cut(ours: str, theirs: str) -> bool:
    """Whether a log has the beginning alone; the last parameter may be missing on its own."""
    beginning = theirs.rstrip(".…")
    rest = ours.removeprefix(beginning)
    is_one_missing = rest.startswith("%26") and rest.count("%26") == 1
    return rest != ours and (beginning != theirs or not is_one_missing)


def _cause_of_pairs(
    exact: Exact, missing: list[str], additional: list[str]
) -> tuple[str, str, str]:
    """Name the first of the parameters, as in the base string, that only one side has."""
    pairs = exact.pairs
    for source in ("query", "form"):
        of_source = [normalized([it.encoded]).decode() for it in pairs if it.source == source]
        if of_source and not additional and not Counter(of_source) - Counter(missing):
            return f"{source}_not_signed", of_source[0], ""
    others = {_split(piece)[0]: piece for piece in additional}
    for piece in missing:
        name, value = _split(piece)
        if name in others:
            return _cause_of_value(name, value, _split(others[name])[1]), piece, others[name]
    if missing and additional:
        (name, _), (their_name, _) = _split(missing[0]), _split(additional[0])
        return _cause_of_name(name, their_name), missing[0], additional[0]
    if missing:
        return _cause_of_missing(pairs, *_split(missing[0])), missing[0], ""
    return _cause_of_additional(pairs, *_split(additional[0])), "", additional[0]


def _cause_of_missing(pairs: list[Pair], name: bytes, value: bytes) -> str:
    if sum(pair.encoded[0] == name for pair in pairs) > 1:
        return "repeated_names_dropped"
    cause = _MISSING.get(name, "missing_parameter")
    return cause if value or name in _MISSING else "empty_value_dropped"


def _cause_of_additional(pairs: list[Pair], name: bytes, value: bytes) -> str:
    if not name and not value:
        return "empty_piece_signed"
    if any(pair.name != name and _rewritten(pair.name) == name for pair in pairs):
        return "names_rewritten"
    return _ADDITIONAL.get(name, "additional_parameter")


def _cause_of_name(ours: bytes, theirs: bytes) -> str:
    """Name why the name of a parameter, encoded, is another."""
    name = unquote_to_bytes(ours)
    for cause, faulty in ENCODINGS:
        if faulty(name) == theirs:
            return "names_not_encoded" if cause == "not_encoded" else cause
    is_rewritten = _rewritten(name) == _rewritten(unquote_to_bytes(theirs))
    return "names_rewritten" if is_rewritten else "missing_parameter"


def _rewritten(name: bytes) -> bytes:
    """Return what is left of a name when it is read as that of an array, or of a variable."""
    return re.sub(rb"[ .]", b"_", name.partition(b"[")[0])


def _cause_of_value(name: bytes, ours: bytes, theirs: bytes) -> str:
    """Name why the value of a parameter, encoded, is another."""
    value = unquote_to_bytes(ours)
    for cause, faulty in ENCODINGS:
        if faulty(value) == theirs:
            return cause
    if name == TIMESTAMP:
        is_skewed = abs(_seconds(ours) - _seconds(theirs)) > _CLOCK_SKEW
        return "timestamp" if is_skewed else "other_signature"
    if name in _OTHER:
        return _OTHER[name]
    return "value_cut" if theirs and value.startswith(unquote_to_bytes(theirs)) else "value"


def _seconds(timestamp: bytes) -> int:
    return int(timestamp) if re.fullmatch(rb"[0-9]{1,12}", timestamp) else 0


def _split(piece: str) -> tuple[bytes, bytes]:
    """Split a parameter, as it stands in a base string, into its encoded name and value."""
    name, _, value = re.sub("%3[dD]", "=", piece, count=1).partition("=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _pairs_in(base_string: str) -> list[Pair]:
    pieces = filter(None, base_string.split("&", 2)[2].split("%26"))
    return [pair_of("", *map(unquote_to_bytes, _split(piece))) for piece in pieces]


def _with_protocol(exact: Exact, protocol: Iterable[tuple[bytes, bytes]]) -> Exact:
    """Return ours with other protocol parameters."""
    pairs = [pair for pair in exact.pairs if pair.source != "oauth"]
    for name, value in protocol:
        pair = pair_of("oauth", name, value)
        if exact.client.single_encoding:
            pair = pair._replace(encoded=(pair.encoded[0], value))
        pairs.append(pair)
    pairs = by_encoding(pairs)
    method, uri, _ = exact.base_string.split("&")
    return replace(
        exact,
        pairs=pairs,
        base_string=f"{method}&{uri}&{normalized(pair.encoded for pair in pairs).decode()}",
    )


def _reproduced(
    exact: Exact, base_string: str, method: str | None = None
) -> tuple[str, str | None] | None:
    return exact.client._reproduce(base_string.encode(), exact.signature, method)


def _faulty_signature(exact: Exact) -> Difference | None:
    """Find the fault of the base string that gives the signature."""
    if len(exact.base_string) > MAX_TRIED:
        return None
    signature_method = {pair.name: pair.value for pair in exact.pairs}.get(_SIGNATURE_METHOD, b"")
    method, uri, parameters = exact.base_string.split("&")
    methods = [("method_case", it) for it in (method.lower(), exact.method)]
    methods += [("method", it) for it in ("GET", "POST", "PUT")]
    uris = list(encoded_uri_faults(exact))
    normals = [(cause, it.decode(errors="replace")) for cause, it in parameter_faults(exact)]
    texts = [(cause, f"{it}&{uri}&{parameters}") for cause, it in methods]
    texts += [(cause, f"{method}&{it}&{parameters}") for cause, it in uris]
    texts += [(cause, f"{method}&{uri}&{it}") for cause, it in normals]
    texts += [
        (cause, f"{method}&{lower_uri}&{it}")
        for of_uri, lower_uri in uris
        for cause, it in normals
        if of_uri == cause == "lower_case_escapes"
    ]
    for text, cause in {text: cause for cause, text in reversed(texts)}.items():
        found = _reproduced(exact, text, signature_method.decode(errors="replace"))
        if found is not None and text != exact.base_string:
            return replace(
                _first_of(exact, exact, text, (found[1],) if found[1] else ()),
                cause=cause,
                message=CAUSES[cause],
            )
    return None


def _of_protocol(exact: Exact, theirs: list[tuple[bytes, bytes]]) -> Difference | None:
    """Name the first protocol parameter that differs for another reason than that time goes on."""
    own = {pair.name: pair.value for pair in exact.pairs if pair.source == "oauth"}
    other = dict(theirs)
    # What says whose request it is comes first.
    for name in sorted(own.keys() | other.keys(), key=lambda name: (name not in _OTHER, name)):
        ours, value = own.get(name), other.get(name)
        if ours == value:
            continue
        if ours is None:
            cause = _ADDITIONAL.get(name, "additional_parameter")
        elif value is None:
            cause = _MISSING.get(name, "missing_parameter")
        else:
            cause = _cause_of_value(name, encode(ours), encode(value))
        if cause != "other_signature":
            pieces = ["" if it is None else text_of(name + b"=" + it) for it in (ours, value)]
            return _difference(cause, _shown(exact, pieces[0]), _shown(exact, pieces[1]))
    return None


def _first_difference(ours: str, theirs: str) -> int:
    """Return where two texts differ; the end of the shorter if it is the other's beginning."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((i for i, (own, other) in pairs if own != other), min(len(ours), len(theirs)))


def _shown(exact: Exact, text: str) -> str:
    """Return a parameter, or a URI, with what may be secret masked, however it is encoded."""
    secrets = Secrets(exact)
    is_hidden = secrets.are_in(text)
    text = re.sub(r"(?i)(?<=://)[^?#]*(?:@|%(?:25)*40)", f"{MASK}@", text)
    plain = decodings(text)[-1]
    uri = re.match(r"[\w+.-]*://[^?;#]*", plain)
    name, equals, value = plain.partition("=")
    is_name = re.fullmatch(r"[\w.~\[\]-]*", name) is not None
    if is_name and equals and secrets.hide_value(name, value):
        return secrets.masked(f"{name}={MASK}")
    if uri is not None and not is_hidden:
        return plain[: uri.end() + 1] + MASK if tells_secret(plain[uri.end() :]) else text
    is_telling = tells_secret(plain) or (not is_name and names_secret(name))
    return MASK if is_hidden or (is_telling and not (is_name and equals)) else text


def _difference(
    cause: str,
    ours: str = "",
    theirs: str = "",
    *,
    position: int | None = None,
    further: tuple[str, ...] = (),
) -> Difference:
    return Difference(cause, CAUSES[cause], ours, theirs, position, further)
