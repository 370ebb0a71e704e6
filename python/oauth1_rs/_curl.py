"""The request that a curl command sends, read from its text. No command is run, no file is read."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, quote_plus, unquote_to_bytes

from oauth1_rs._hops import FORM_MEDIA_TYPE
from oauth1_rs.exceptions import OAuth1Error

# With a prompt, perhaps, and the program's folder.
COMMAND = re.compile(r"\s*(?:\$\s+)?(?:\S*[/\\])?curl(?:\.exe)?\s")

# One piece of a word, as a POSIX shell reads it; `$'...'` is what browsers copy.
_PIECE = re.compile(
    r"""
    (?P<continued>\\\r?\n)
    | (?P<space>\s+)
    | (?P<comment>(?<!\S)(?<!\\\s)\#[^\n]*)
    | \$'(?P<ansi>(?:[^'\\]|\\.)*)'
    | '(?P<single>[^']*)'
    | \$?"(?P<double>(?:[^"\\]|\\.)*)"
    | \\(?P<escaped>.)
    | (?P<redirection>[<>]+&?\s*)
    | (?P<end>[|;]|&&|&(?=\s|$))
    | (?P<variable>`|\$[({\w])
    | (?P<ampersand>&)
    | (?P<plain>[^\s'"\\|;<>&`$]+|\$)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "E": "\x1b",
}
_ANSI_ESCAPE = re.compile(
    r"""\\(?:
    u(?P<character>[0-9A-Fa-f]{1,4}) | U(?P<long>[0-9A-Fa-f]{1,8})
    | x(?P<byte>[0-9A-Fa-f]{1,2}) | (?P<octal>[0-7]{1,3}) | c(?P<control>.) | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)

_DATA = {"data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json"}
# What changes the request that is signed. The rest of the names is what may be passed over.
_MEANT = _DATA | {
    "form", "form-string", "header", "oauth2-bearer", "request", "upload-file", "url", "url-query",
    "user",
}  # fmt: skip
_WITH_VALUE = _MEANT | {
    "aws-sigv4", "cacert", "capath", "cert", "cert-type", "ciphers", "config", "connect-timeout",
    "connect-to", "cookie", "delegation", "doh-url", "expect100-timeout", "keepalive-time", "proto",
    "proto-default", "proto-redir", "socks4", "socks4a", "socks5", "socks5-hostname",
    "cookie-jar", "continue-at", "dns-servers", "dump-header", "interface",
    "key", "key-type", "limit-rate", "local-port", "max-filesize", "max-redirs", "max-time",
    "netrc-file", "noproxy", "output", "output-dir", "pass", "pinnedpubkey", "proxy",
    "proxy-header", "proxy-user",
    "range", "referer", "request-target", "resolve", "retry", "retry-delay",
    "retry-max-time", "speed-limit", "speed-time", "stderr", "time-cond", "tls-max",
    "tls13-ciphers", "trace", "trace-ascii", "unix-socket", "user-agent", "write-out",
}  # fmt: skip
_FLAGS = {
    "anyauth", "basic", "compressed", "create-dirs", "digest", "fail", "fail-with-body", "get",
    "globoff", "head", "http0.9", "http1.0", "http1.1", "http2", "http2-prior-knowledge", "http3",
    "include", "insecure", "ipv4", "ipv6", "junk-session-cookies", "location", "location-trusted",
    "negotiate", "netrc", "no-buffer", "no-keepalive", "no-progress-meter", "ntlm", "parallel",
    "path-as-is", "post301", "post302", "post303", "progress-bar", "raw", "remote-name",
    "remote-header-name", "remote-time", "retry-all-errors", "retry-connrefused", "show-error",
    "silent", "sslv3", "styled-output", "tcp-fastopen", "tcp-nodelay", "tlsv1", "tlsv1.0",
    "tlsv1.1", "tlsv1.2", "tlsv1.3", "tr-encoding", "trace-time", "verbose",
}  # fmt: skip
_SHORT = {
    "#": "progress-bar", "0": "http1.0", "1": "tlsv1", "4": "ipv4", "6": "ipv6",
    "A": "user-agent", "b": "cookie", "c": "cookie-jar", "C": "continue-at", "d": "data",
    "D": "dump-header", "e": "referer", "E": "cert", "f": "fail", "F": "form", "g": "globoff",
    "G": "get", "H": "header", "i": "include", "I": "head", "j": "junk-session-cookies",
    "J": "remote-header-name", "k": "insecure", "K": "config", "L": "location", "m": "max-time",
    "n": "netrc", "N": "no-buffer", "o": "output", "O": "remote-name", "r": "range",
    "R": "remote-time", "s": "silent", "S": "show-error", "T": "upload-file", "u": "user",
    "U": "proxy-user", "v": "verbose", "w": "write-out", "x": "proxy", "X": "request",
    "Y": "speed-limit", "y": "speed-time", "z": "time-cond", "Z": "parallel",
}  # fmt: skip


class UnreadBody:
    """A body that is made of files or of parts: no byte of it is known."""


@dataclass(frozen=True, repr=False)
class CurlRequest:
    """What a curl command sends.

    Attributes
    ----------
    method : str
        The HTTP request method.
    url : str
        The absolute URL, with what ``--get`` puts into its query.
    headers : list of (name, value)
        Those that are given, or follow from the kind of the data.
    body : bytes, UnreadBody or None
        ``None`` if there is none.
    """

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | UnreadBody | None


def parse(command: str) -> CurlRequest:
    """Read a curl command as a shell and curl read it.

    Parameters
    ----------
    command : str
        One command, from ``curl`` on, as browsers and Postman copy it for POSIX shells.

    Raises
    ------
    OAuth1Error
        It is no curl command, or needs what is not in it: a file, a variable. The text says what
        to change, and shows none of the command's values.
    """
    # Half a character cannot be sent; below, such halves stand for bytes that are no UTF-8.
    command = command.encode(errors="replace").decode() + " "
    beginning = COMMAND.match(command)
    if beginning is None:
        raise OAuth1Error("a curl command must begin with curl")
    if re.search(r"\s\^\"", command):
        raise OAuth1Error(
            "the curl command is written for cmd of Windows: copy it for bash, as browsers offer"
        )
    return _request(_options(split(command[beginning.end() :])))


def split(command: str) -> list[str]:
    """Split a command into words, up to a pipe or whatever else ends it in a POSIX shell."""
    words: list[str] = []
    # The pieces of the word that is being read; none between words, and an empty one for ''.
    word: list[str] = []
    # Whether the word that comes is a file's name.
    is_redirected = False
    position = 0
    text = command + " "
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            raise OAuth1Error("the curl command has a quotation mark that is never closed")
        position = piece.end()
        kind = str(piece.lastgroup)
        if kind not in {"space", "continued", "comment", "redirection", "end"}:
            word.append(_piece_text(kind, piece[kind]))
            continue
        text_of_word = "".join(word)
        is_number_of_output = kind == "redirection" and text_of_word.isdigit()
        if word and not is_redirected and not is_number_of_output:
            words.append(text_of_word)
        if word or kind == "redirection":
            is_redirected = kind == "redirection"
        word = []
        if kind == "end":
            break
    return words


def _piece_text(kind: str, text: str) -> str:
    """Return what a piece of a word stands for."""
    if kind == "ansi":
        # A zero byte ends what is between the quotation marks.
        return _ANSI_ESCAPE.sub(_ansi_character, text).partition("\0")[0]
    if kind == "ampersand":
        raise OAuth1Error(
            "the curl command has & without quotation marks, at which a shell ends the command: "
            "put the URL, or the data, into quotation marks"
        )
    if kind == "variable" or (
        kind == "double" and re.search(r"`|\$[({\w]", re.sub(r"(?s)\\.", "", text))
    ):
        raise OAuth1Error(
            "the curl command has a variable, or a command within it: give it with the values"
        )
    if kind == "double":
        return re.sub(r"\\(\r?\n)|\\([\"\\$`])", lambda found: found[2] or "", text)
    return text


def _ansi_character(escape: re.Match[str]) -> str:
    kind, digits = str(escape.lastgroup), escape[str(escape.lastgroup)]
    if kind == "other":
        return _ESCAPES.get(digits, escape[0] if digits not in "\\'\"?" else digits)
    if kind == "control":
        return chr(ord(digits) & 0x1F)
    number = int(digits, 8 if kind == "octal" else 16)
    if kind in {"byte", "octal"}:
        return _as_text(bytes([number & 0xFF]))
    # A character beyond the first 65536 comes in two halves, and bash encodes each.
    return _as_text(chr(min(number, 0x10FFFF)).encode(errors="surrogatepass"))


def _as_text(text: bytes) -> str:
    """Return bytes so that `_in_bytes` gives the same."""
    return text.decode(errors="surrogateescape")


def _in_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _options(words: list[str]) -> list[tuple[str, str]]:
    """Return the options by their long names, each with its value; the URL is one of them."""
    options = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            # No options follow.
            options += [("url", url) for url in rest]
        elif word.startswith("--"):
            options.append(_long_option(word, rest))
        elif word.startswith("-") and word != "-":
            for index, letter in enumerate(word[1:], 2):
                long = _SHORT.get(letter)
                if long is None:
                    raise OAuth1Error(f"the curl command has an unknown option, -{letter}")
                if long in _WITH_VALUE:
                    options.append((long, word[index:] or _value(f"-{letter}", rest)))
                    break
                options.append((long, ""))
        else:
            options.append(("url", word))
    return options


def _long_option(word: str, rest: object) -> tuple[str, str]:
    name = word[2:]
    if name in _WITH_VALUE:
        return name, _value(word, rest)
    if name in _FLAGS or name.removeprefix("no-") in _FLAGS:
        return name, ""
    if name == "next":
        raise OAuth1Error("the curl command has --next: give one request at a time")
    raise OAuth1Error(f"the curl command has an unknown option, {_name(word)}")


def _name(word: str) -> str:
    return re.match(r"[a-z0-9.-]*", word)[0]  # type: ignore[index]  # it matches every text


def _value(option: str, rest: object) -> str:
    value = next(rest, None)  # type: ignore[call-overload]  # an iterator of words
    if value is None:
        raise OAuth1Error(f"the curl command ends with {option}, which takes a value")
    return str(value)


def _request(options: list[tuple[str, str]]) -> CurlRequest:
    given: dict[str, list[str]] = {}
    for name, value in options:
        if name.startswith("no-"):
            given.pop(name.removeprefix("no-"), None)
        given.setdefault(name, []).append(value)
    for name in ("config", "request-target"):
        if name in given:
            raise OAuth1Error(f"the curl command has --{name}: give it without")
    body = _body(options)
    queries = [_urlencoded("url-query", value) for value in given.get("url-query", [])]
    if "get" in given and body is not None:
        queries.append(_as_text(body))
        body = None
    url = _url(given, queries)
    has_parts = "form" in given or "form-string" in given
    headers = _headers(given, url, has_body=body is not None, has_parts=has_parts)
    if "request" in given:
        method = given["request"][-1]
    elif "head" in given:
        method = "HEAD"
    elif "upload-file" in given:
        method = "PUT"
    else:
        method = "POST" if body is not None or has_parts else "GET"
    is_unread = body is None and (has_parts or "upload-file" in given)
    if "upload-file" in given:
        _check_upload(url, headers, is_unread=is_unread)
    return CurlRequest(method, url, headers, UnreadBody() if is_unread else body)


def _check_upload(url: str, headers: list[tuple[str, str]], *, is_unread: bool) -> None:
    media_types = [value.lower() for name, value in headers if name.lower() == "content-type"]
    if is_unread and any(FORM_MEDIA_TYPE in it for it in media_types):
        raise _file("upload-file")
    if re.match(r"[^?#]*/(?:[?#]|$)", url):
        raise OAuth1Error(
            "the curl command uploads a file to a URL that ends with /, to which curl adds the "
            "file's name: give the whole URL"
        )


def _body(options: list[tuple[str, str]]) -> bytes | None:
    data: list[bytes] = []
    for name, value in options:
        if name in _DATA:
            separator = b"&" if data and name != "json" else b""
            data.append(separator + _in_bytes(_data(name, value)))
    return b"".join(data) if data else None


def _url(given: dict[str, list[str]], queries: list[str]) -> str:
    urls = given.get("url", [])
    if len(urls) != 1:
        raise OAuth1Error(
            f"the curl command has {len(urls)} URLs, and must have one: is something not in "
            "quotation marks?"
        )
    scheme = given.get("proto-default", ["http"])[-1]
    url = urls[0] if "://" in urls[0] else f"{scheme}://{urls[0]}"
    if "globoff" not in given and re.search(r"[{}]|(?<!://)(?<!@)\[[^\[\]]+\]", url):
        raise OAuth1Error(
            "the curl command has a URL with {} or [], for which curl makes several: give one, or "
            "--globoff"
        )
    if "path-as-is" not in given:
        path = re.compile(r"(?<=://)([^/?#]*)([^?#]*)")
        url = path.sub(lambda it: it[1] + _without_dots(it[2]), url, count=1)
    for query in filter(None, queries):
        resource, fragment, rest = url.partition("#")
        url = f"{resource}{'&' if '?' in resource else '?'}{query}{fragment}{rest}"
    # Bytes that are no UTF-8 cannot be in text.
    return re.sub(r"[\udc80-\udcff]", lambda it: quote_from_bytes(_in_bytes(it[0])), url)


def _without_dots(path: str) -> str:
    """Return a path without its segments . and .., as RFC 3986 section 5.2.4 asks."""
    root, *segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    ends_in_dots = bool(segments) and segments[-1] in {".", ".."}
    return "/".join([root, *kept, *[""] * ends_in_dots])


def _data(name: str, value: str) -> str:
    if name == "data-urlencode":
        return _urlencoded(name, value)
    if name != "data-raw" and value.startswith("@"):
        raise _file(name)
    return value


def _urlencoded(name: str, value: str) -> str:
    """Return what ``--data-urlencode`` makes: of ``name=content`` the content alone is encoded."""
    if name == "url-query" and value.startswith("+"):
        return value[1:]
    if re.match(r"[^=]*@", value):
        raise _file(name)
    key, equals, content = value.partition("=")
    if not equals:
        return quote_plus(_in_bytes(key))
    return f"{key}{'=' if key else ''}{quote_plus(_in_bytes(content))}"


def _file(name: str) -> OAuth1Error:
    return OAuth1Error(
        f"--{name} names a file, which is not read: give what is in it with --data-raw"
    )


def _headers(
    given: dict[str, list[str]], url: str, *, has_body: bool, has_parts: bool
) -> list[tuple[str, str]]:
    headers = []
    names = set()
    for line in given.get("header", []):
        if line.startswith("@"):
            raise OAuth1Error(
                "--header names a file, which is not read: give the headers themselves"
            )
        name, colon, value = _in_bytes(line).decode(errors="replace").partition(":")
        if not colon:
            # `Name;` is a header without a value.
            name, value = line.removesuffix(";"), ""
        names.add(name.strip().lower())
        if value.strip() or not colon:
            headers.append((name.strip(), value.strip()))
    defaults = []
    if "json" in given:
        defaults += [("Content-Type", "application/json"), ("Accept", "application/json")]
    elif has_parts:
        defaults.append(("Content-Type", "multipart/form-data"))
    elif has_body:
        defaults.append(("Content-Type", FORM_MEDIA_TYPE))
    if "oauth2-bearer" in given:
        defaults.append(("Authorization", f"Bearer {given['oauth2-bearer'][-1]}"))
    elif user := _user(given, url):
        defaults.append(("Authorization", f"Basic {base64.b64encode(user).decode()}"))
    return headers + [(name, value) for name, value in defaults if name.lower() not in names]


def _user(given: dict[str, list[str]], url: str) -> bytes | None:
    """Return the name and the password for Basic authentication: an option's, or the URL's."""
    if "user" in given:
        return _in_bytes(given["user"][-1])
    found = re.match(r"[^:/]*://([^/?#]*)@", url)
    if found is None:
        return None
    user = unquote_to_bytes(found[1])
    return user if b":" in user else user + b":"
