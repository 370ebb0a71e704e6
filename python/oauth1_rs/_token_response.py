"""What a provider answers: token responses (RFC 5849 sections 2.1 and 2.3), refusals, callbacks."""

from __future__ import annotations

import html
import json
import re
import zlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from oauth1_rs._hops import MIN_SECRET, in_bytes, is_same_origin
from oauth1_rs.exceptions import TokenMissing, TokenResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MAX_SIZE = 2**20
PIECE_SIZE = 1024
# What token requests ask for, and all that is read.
ENCODINGS = "gzip, deflate"
UNREADABLE = re.compile(",|br|zstd")
GZIP_MEMBER = b"\x1f\x8b"
BROKEN_OFF = "the token response broke off or could not be decompressed"
# No page and no sentence is a form: neither has markup, quotes or white space.
FORM = re.compile(rb'[^\x00-\x20<>"\x7f]+')
# In a form, in JSON, in a header, or somewhere in a web page.
OAUTH_PARAMETER = re.compile(r"""\b(oauth_\w+)["']?\s*[=:]\s*["']?([^&"'\s<>,;]*)""")
# A query may have all of this too, but does not begin with it.
URL_START = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|/")
# Credentials of any kind.
TEXTS = {"oauth_token", "oauth_token_secret", "oauth_verifier"}
# What stands for broken UTF-8, and what cannot be encoded.
UNENCODABLE = re.compile("[\ufffd\ud800-\udfff]")
# A name that may be shown: no secret looks like that.
PLAIN_NAME = re.compile("[a-z_]{1,40}")

MASK = "****"
SPECIAL = re.compile(r"[^A-Za-z0-9 ._~-]")
# In a URL, in HTML, in JSON. Not regular expressions for every character: those take forever.
ENCODERS: list[Callable[[str], str]] = [
    str,
    lambda text: quote(text, safe="", errors="surrogatepass"),
    lambda text: quote(text, safe="/", errors="surrogatepass"),
    lambda text: quote_plus(text, errors="surrogatepass"),
    lambda text: re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), text),
    html.escape,
    lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text),
    lambda text: SPECIAL.sub(lambda found: f"&#{ord(found[0])};", text),
    lambda text: SPECIAL.sub(lambda found: f"&#x{ord(found[0]):X};", text),
    lambda text: SPECIAL.sub(lambda found: f"&#x{ord(found[0]):x};", text),
]
SECRET_NAME = re.compile("token|secret|password|verifier|signature|handle|key", re.IGNORECASE)
# In forms, JSON, XML and HTML; also as base strings have `=` and `&`, encoded once or twice.
SECRET_VALUE = re.compile(
    rf"""(?:{SECRET_NAME.pattern})[\w.-]{{0,40}}["']?(?:\s+(?:value|content))?"""
    r"""\s*(?:=|:|>|%(?:25)?3D)\s*["']?(?P<value>(?:(?!%(?:25)?26)[^&"'\s<>,;])+)""",
    re.IGNORECASE,
)
# No word is as long, and has letters and digits.
MAX_RUN = 20
LONG_RUN = re.compile(rf"[\w+=~%-]{{{MAX_RUN + 1},}}")
# How much of a text is looked at for secrets, to show less of it.
MAX_SEARCHED = 4096
MAX_EXCERPT = 200


class Body:
    """The body of a token response, decompressed here, of which is kept what fits.

    Older urllib3 decompresses without a limit, and requests takes what is cut off for whole. Of a
    failure only the class is passed on: exceptions may carry what was read. What a hook of the
    caller's has read is as the HTTP client reads it.
    """

    def __init__(self, encoding: str, decoding_error: Any) -> None:
        self.content = b""
        """What there is when it has come to its end."""
        self.is_whole = True
        self.is_received = False
        """Whether it was read here."""
        self.failure: Any = None
        """What happened while it was read."""
        self._encoding = encoding.strip().lower()
        self._decoding_error = decoding_error
        self._received = bytearray()
        if UNREADABLE.search(self._encoding):
            self.failure = decoding_error

    @property
    def is_wanted(self) -> bool:
        """Whether more is to be read."""
        return self.is_whole and not self.failure

    def take(self, piece: bytes) -> bool:
        """Take a piece as it was received, and return whether more is to be read."""
        # Of what is compressed, too: a server may send members without content forever.
        self._received += piece[: MAX_SIZE + 1 - len(self._received)]
        self.is_whole = len(self._received) <= MAX_SIZE
        return self.is_wanted

    def end(self, failure: Any = None) -> None:
        """Decompress what was received until the end, or until the failure."""
        self.is_received = is_complete = True
        if self._encoding in {"gzip", "x-gzip"}:
            self.content, is_complete = _gunzipped(self._received)
        elif self._encoding == "deflate":
            self.content, is_complete = _inflated(self._received)
        else:
            self.content = bytes(self._received)
        if not is_complete and self.is_whole and len(self.content) <= MAX_SIZE:
            self.failure = self._decoding_error
        self.failure = failure or self.failure
        self._cut()

    def take_decoded(self, content: bytes) -> None:
        """Take the whole body, which somebody else has read and decompressed."""
        self.content, self.failure = content, None
        self._cut()

    def _cut(self) -> None:
        self.is_whole = self.is_whole and len(self.content) <= MAX_SIZE
        self.content = self.content[:MAX_SIZE]


def _gunzipped(data: bytearray) -> tuple[bytes, bool]:
    """Decompress members (RFC 1952 section 2.2) up to the limit, and say whether they are whole.

    What follows them, and is none, is padding.
    """
    view, position, content = memoryview(data), 0, bytearray()
    while view[position : position + 2] == GZIP_MEMBER:
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            while not member.eof and position < len(view) and len(content) <= MAX_SIZE:
                piece = view[position : position + PIECE_SIZE]
                content += member.decompress(piece, MAX_SIZE + 1 - len(content))
                position += len(piece) - len(member.unused_data)
        except zlib.error:
            return bytes(content), False
        if not member.eof:
            return bytes(content), False
    return bytes(content), position > 0 or not data


def _inflated(data: bytearray) -> tuple[bytes, bool]:
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):  # many servers leave the header out
        decompressor = zlib.decompressobj(window)
        try:
            return decompressor.decompress(data, MAX_SIZE + 1), decompressor.eof or not data
        except zlib.error:
            continue
    return b"", False


class ParameterError(ValueError):
    """Why parameters cannot be used. The text shows none of their values."""


@dataclass(frozen=True, repr=False)
class Answer:
    """The answer to a token request, its body read as far as it goes and as far as allowed."""

    response: Any
    status_code: int
    body: bytes
    is_whole: bool = True
    challenge: str = ""
    """The `WWW-Authenticate` headers."""
    failure: Exception | None = None
    """What happened while the body was read, for the caller to see."""
    sent_secrets: Sequence[str] = ()
    """What `secrets_sent` gives of the request."""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8-sig", errors="replace")

    def parameters(self) -> dict[str, Any] | None:
        """Return the parameters of a form or of a JSON object, or `None` if it is neither.

        Raises `ParameterError`.
        """
        body = self.body.removeprefix(b"\xef\xbb\xbf").strip()
        if body.startswith(b"{"):
            pairs = _json_pairs(body.decode(errors="replace"))
            return None if pairs is None else to_parameters(pairs)
        if FORM.fullmatch(body) and b"=" in body:
            return to_parameters(form_pairs(body))
        return None

    def oauth_parameters(self) -> dict[str, str]:
        """Return all parameters with `oauth_` names, wherever in the answer they are."""
        in_text = OAUTH_PARAMETER.findall(self.text)
        found = {name: unquote_plus(value) for name, value in in_text}
        in_challenge = OAUTH_PARAMETER.findall(self.challenge)
        found.update((name, unquote(value)) for name, value in in_challenge)
        try:
            parameters = self.parameters() or {}
        except ParameterError:
            parameters = {}
        found.update(
            (name, value if isinstance(value, str) else json.dumps(value))
            for name, value in parameters.items()
            if name.startswith("oauth_")
        )
        return found


def refuse_other_origin(asked: str, url: str, status_code: int, response: Any) -> None:
    """Refuse to follow what redirects a token request, to `asked`, to another origin.

    `url` is empty if the server gave what is no URL. Raises `TokenResponseError`.
    """
    if is_same_origin(asked, url):
        return
    # User information, path and query may hold secrets.
    scheme, netloc, *_ = urlsplit(url)
    origin = f"{scheme}://{netloc.rpartition('@')[2]}"[:MAX_EXCERPT]
    raise TokenResponseError(
        "the answer to the token request redirects to another origin, which is not followed "
        f"(status {status_code}, to {origin if url else 'what is no URL'}): give the URL that is "
        "the provider's",
        response,
    )


def callback_parameters(callback: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a callback: a URL, its query, or what a framework made of that."""
    if isinstance(callback, Mapping):
        # By name: frameworks' mappings have all values of a name, and give one of them.
        pairs = [(name, callback[name]) for name in callback]
        given = [
            (str(text_of(name)), text_of(value))
            for name, values in pairs
            for value in (values if isinstance(values, (list, tuple)) else [values])
        ]
    else:
        text = str(text_of(callback)).strip()
        before, mark, after = text.partition("#")[0].partition("?")
        is_url = URL_START.match(before) or (mark and "=" not in before)
        query = after if is_url else before + mark + after
        given = form_pairs(query.encode(errors="surrogatepass"))
    try:
        return to_parameters(given)
    except ParameterError as error:
        raise TokenMissing(f"the callback cannot be used: {error}") from None


def form_pairs(text: bytes) -> list[tuple[str, str]]:
    """Read a form or a query. A name or value that is not UTF-8 has U+FFFD in it."""
    # As Latin-1 a character is a byte, and nothing is lost on the way.
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return [(_as_utf8(name), _as_utf8(value)) for name, value in pairs]


def to_parameters(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict. Protocol parameters have to be unambiguous text.

    Raises `ParameterError`.
    """
    parameters: dict[str, Any] = {}
    for name, value in pairs:
        if name.startswith("oauth_") and parameters.get(name, value) != value:
            shown = name if PLAIN_NAME.fullmatch(name) else "a parameter"
            raise ParameterError(f"it gives {shown} more than once")
        if name in TEXTS:
            if not isinstance(value, str):
                raise ParameterError(f"its {name} is no text")
            if UNENCODABLE.search(value):
                raise ParameterError(f"its {name} is not UTF-8")
            if "\r" in value or "\n" in value:  # no request could be signed with it
                raise ParameterError(f"its {name} has a line break")
        parameters[name] = value
    return parameters


def excerpt(text: str, secrets: Iterable[str]) -> str:
    """Return what `redacted` leaves, in quotes."""
    return repr(redacted(text, secrets))


def redacted(text: str, secrets: Iterable[str], size: int = MAX_EXCERPT) -> str:
    """Return the beginning of `text` on one line, without `secrets` and what looks like others."""
    spellings = _spellings(secrets)
    # Nothing is shown of what lies across the end, for it would not be found there.
    margin = max(map(len, spellings), default=0) + MAX_RUN
    text = _on_one_line(text)[: MAX_SEARCHED + margin]
    spans = [found.span() for found in LONG_RUN.finditer(text) if _is_random(found[0])]
    spans += [found.span("value") for found in SECRET_VALUE.finditer(text)]
    for spelling in spellings:
        spans += _positions(text, spelling)
    shown, position = "", 0
    for start, end in sorted(spans):
        if position <= start < MAX_SEARCHED:
            shown += text[position:start] + MASK
        position = max(position, end)
    return (shown + text[position:MAX_SEARCHED])[:size]


def has_secret(text: str, secrets: Iterable[str]) -> bool:
    """Whether `text` has one of `secrets`, as a server may write it."""
    searched = _on_one_line(text)
    return any(spelling in searched for spelling in _spellings(secrets))


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without `secrets`, in whatever case. Nothing else is taken for one."""
    spellings = sorted(_spellings(secrets), key=len, reverse=True)
    any_of_them = "|".join(map(re.escape, spellings))
    return re.sub(any_of_them, MASK, text, flags=re.IGNORECASE) if spellings else text


def _on_one_line(text: str) -> str:
    # UTF-16 that was taken for UTF-8 has a NUL after each character.
    return " ".join(text.replace("\0", "").split())


def _is_random(run: str) -> bool:
    return bool(re.search(r"\d", run) and re.search(r"[^\W\d_]", run))


def secrets_sent(url: str, body: Any, authorization: Any) -> list[str]:
    """Return the secrets that a request sent beside its signature, such as xAuth's password."""
    pairs: list[tuple[str, Any]] = form_pairs(in_bytes(urlsplit(url).query))
    text = in_bytes(body)
    pairs += _json_pairs(text.decode(errors="replace")) or form_pairs(text)
    found = [value for name, value in pairs if SECRET_NAME.search(name) and isinstance(value, str)]
    scheme, _, credentials = str(text_of(authorization) or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            decoded = b64decode(credentials).decode("latin-1")
        except ValueError:
            decoded = ""
        found += [credentials, decoded.partition(":")[2]]
    return found


def _spellings(secrets: Iterable[str]) -> set[str]:
    """Return how a server may write secrets: encoded not at all, once or twice."""
    long_enough = {secret for secret in secrets if len(secret) >= MIN_SECRET}
    once = {encode(secret) for secret in long_enough for encode in ENCODERS}
    twice = {encode(text) for text in once for encode in ENCODERS}
    return {" ".join(text.split()) for text in twice}  # as the text is that is searched


def _positions(text: str, part: str) -> Iterator[tuple[int, int]]:
    start = text.find(part)
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + 1)


def _json_pairs(text: str) -> list[tuple[str, Any]] | None:
    """Return the pairs of the outermost JSON object, or `None` if the text is no JSON."""
    pairs: list[tuple[str, Any]] = []

    def keep(found: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs[:] = found  # the outermost object comes last
        return dict(found)

    try:
        json.loads(text, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return None
    return pairs


def text_of(value: Any) -> Any:
    """Return `bytes` as text, and all else as it is."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _as_utf8(latin1: str) -> str:
    return latin1.encode("latin-1").decode(errors="replace")
