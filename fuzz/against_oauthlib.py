"""Sign random requests here and by oauthlib: `python fuzz/against_oauthlib.py 1000000`.

Whatever comes out otherwise there has to have a reason in REASONS, and what is signed here has to
be accepted by the tests' verifier. Prints how often each reason was needed; anything else fails.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import string
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import oauthlib.oauth1
from oauth1_rs import Client, OAuth1Error

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from verifier import FORM_MEDIA_TYPE, WireRequest, verify

CHUNK = 10_000
SHOWN = 10

LETTERS = string.ascii_letters + string.digits
# RFC 3986 appendix A: what a path and a query may have as it is.
IN_PATH = LETTERS + "-._~!$&'()*+,;=:@/"
IN_QUERY = IN_PATH + "?"
# What oauthlib lets a query and a form have.
ACCEPTED = re.compile(r"[\w.\-~=&;:+,*@!()/?'$%]*", re.ASCII)
ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
FORM_TYPES = [FORM_MEDIA_TYPE] * 38 + [
    f"{FORM_MEDIA_TYPE}; charset=utf-8",
    FORM_MEDIA_TYPE.upper(),
]
HOSTS = ["example.com"] * 20 + [
    "EXAMPLE.com:8080",
    "example.com:80",
    "example.com:443",
    "user:password@example.com",
    "127.0.0.1:5000",
    "[::1]:8080",
    "[2001:DB8::1]",
    "[2001:db8:0:0:0:0:0:1]",
    "xn--bcher-kva.example",
]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "get", "Patch", "OPTIONS"]
SIGNATURE_METHODS = ["HMAC-SHA1", "HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"]


@dataclass
class Case:
    """A request and the settings to sign it with."""

    url: str
    method: str
    body: Any
    headers: dict[str, str]
    settings: dict[str, Any]
    query: str = ""
    path: str = ""

    @property
    def placement(self) -> str:
        return str(self.settings["signature_type"])

    @property
    def form(self) -> str:
        return self.body or ""

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def is_form(self) -> bool:
        return self.content_type.partition(";")[0].lower() == FORM_MEDIA_TYPE


Random = random.Random


def text(chance: Random, alphabet: str, longest: int) -> str:
    return "".join(chance.choices(alphabet, k=chance.randint(0, longest)))


def form_text(chance: Random, alphabet: str, odd: list[str]) -> str:
    """Names and values as they are in a query or a form, now and then with something odd."""
    pieces = []
    for _ in range(chance.choice([0, 1, 1, 2, 3, 6])):
        piece = text(chance, LETTERS + "-._~", 6)
        if chance.random() < 0.8:
            value = text(chance, alphabet.replace("&", ""), 8)
            piece += "=" + value
        if chance.random() < 0.3:
            character = chance.choice("é☃ %&=+/\U0001f600~*")
            escape = quote(character, safe="")
            piece += escape if chance.random() < 0.5 else escape.lower()
        if chance.random() < 0.01:
            piece += chance.choice(odd)
        pieces.append(piece)
    return "&".join(pieces)


ODD = ["%", "%4", "%zz", "%E4", "%FF%00", "[0]", "{a}", "|", "é", "oauth_x=%2541", "&", "&&", "<"]


def case_of(chance: Random) -> Case:
    path = "/" + text(chance, IN_PATH, 12) if chance.random() < 0.9 else ""
    if chance.random() < 0.2:
        path = (path or "/") + quote(text(chance, "é /%;", 3), safe="")
    if chance.random() < 0.02:
        path = (path or "/") + chance.choice([" ", "é", "[", "%", "|", ";"])
    query = form_text(chance, IN_QUERY, ODD)
    url = chance.choice(["http", "https"] * 5 + ["HTTPS"]) + "://" + chance.choice(HOSTS) + path
    if query or chance.random() < 0.1:
        url += "?" + query
    if chance.random() < 0.05:
        url += "#" + text(chance, IN_PATH, 4)
    method = chance.choice(METHODS)
    headers = {"X-Other": "1"}
    body: str | None = None
    if chance.random() < (0.7 if method not in ("GET", "HEAD", "get") else 0.05):
        headers["Content-Type"] = chance.choice(FORM_TYPES)
        body = form_text(chance, ACCEPTED_IN_FORM, ODD)
    if chance.random() < 0.1:
        headers["Host"] = chance.choice(["other.example", "OTHER.example:80", "other.example:81"])
    plain = text(chance, LETTERS + "-/+=.~", 20)
    odd = text(chance, LETTERS + " %é☃&=+\"'\\", 8)
    placement = chance.choice(["AUTH_HEADER"] * 10 + ["QUERY", "BODY"])
    if chance.random() < 0.01:
        plain = ""
    settings = {
        "client_key": plain or "key",
        "client_secret": odd,
        "resource_owner_key": chance.choice([None, "token", odd or "token", plain]),
        "resource_owner_secret": chance.choice([None, "secret", odd]),
        "callback_uri": chance.choice(
            [None, None, "oob", "https://client.example/cb?a=%2Fb&c=d e"]
        ),
        "verifier": chance.choice([None, None, None, odd]),
        "realm": chance.choice([None, None, "Example", "a b, c=d"]),
        "signature_method": chance.choice(SIGNATURE_METHODS),
        "signature_type": placement,
        "nonce": text(chance, LETTERS, 32) or "nonce",
        "timestamp": str(chance.randint(1, 2**33)),
    }
    return Case(url, method, body, headers, settings, query, path)


ACCEPTED_IN_FORM = LETTERS + "_.-~;:+,*@!()/?'$"


def has_broken_escape(text: str) -> bool:
    return "%" in ESCAPE.sub("", text)


def is_utf_8(text: str) -> bool:
    try:
        unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return True


def given(case: Case, *names: str) -> str:
    return "".join(str(case.settings[name] or "") for name in names)


PROTOCOL_VALUES = ("client_key", "resource_owner_key", "callback_uri", "verifier", "nonce")

# Why oauthlib does otherwise, and whether that can be so here. The sections are RFC 5849's.
REASONS: dict[str, Callable[[Case], bool]] = {
    "a character that it does not take for one of a query (3.4.1.3.1)": lambda case: (
        not ACCEPTED.fullmatch(case.query)
    ),
    "a character that it does not take for one of a form (3.4.1.3.1)": lambda case: (
        not ACCEPTED.fullmatch(case.form)
    ),
    "a broken escape (3.4.1.3.1)": lambda case: has_broken_escape(case.query + "&" + case.form),
    "escapes that are not UTF-8 (3.6)": lambda case: not is_utf_8(case.query + "&" + case.form),
    "an oauth_ parameter of the caller's, decoded twice (3.4.1.3.1)": lambda case: (
        "oauth_" in case.query + case.form
    ),
    "a path that does not stay as it is sent (3.4.1.2)": lambda case: (
        bool(re.search(r'[^\x21-\x7e]|["<>\\^`{|}]', case.path)) or case.path.endswith(";")
    ),
    "an IPv6 address that it writes otherwise (3.4.1.2)": lambda case: "2001:db8:0:0" in case.url,
    "a form with GET or HEAD (3.4.1.3.1)": lambda case: (
        case.is_form and case.method.upper() in ("GET", "HEAD")
    ),
    "a form with a charset, or in upper case (3.4.1.3.1)": lambda case: (
        case.is_form and case.content_type != FORM_MEDIA_TYPE
    ),
    "a query that it writes anew (3.5.3)": lambda case: (
        case.placement == "QUERY" and case.query != ""
    ),
    "a form that it writes anew (3.5.2)": lambda case: case.placement == "BODY" and case.form != "",
    "values that it decodes twice, query and body (3.4.1.3.1)": lambda case: (
        case.placement != "AUTH_HEADER" and bool(re.search("[%+ ]", given(case, *PROTOCOL_VALUES)))
    ),
    "an empty token that it leaves out (3.1)": lambda case: (
        case.settings["resource_owner_key"] == ""
    ),
    "a scheme in upper case, or an empty fragment, that it rewrites (3.5.3)": lambda case: (
        case.placement == "QUERY" and (case.url.startswith("HTTPS") or case.url.endswith("#"))
    ),
    "parameters in a body without a form (3.5.2)": lambda case: (
        case.placement == "BODY" and not case.is_form
    ),
    "PLAINTEXT in the query or in the open, which is refused here": lambda case: (
        case.settings["signature_method"] == "PLAINTEXT"
        and (case.placement == "QUERY" or not case.url.lower().startswith("https:"))
    ),
}


@dataclass
class Outcome:
    results: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)


# All that is refused here alone.
REFUSALS = {
    "parameters in a body without a form (3.5.2)",
    "PLAINTEXT in the query or in the open, which is refused here",
}
SAME = "the same"
BOTH_REFUSE = "refused by both"


def compare(case: Case) -> str:
    """Return what came of a request: a reason if it differs, and nothing if there is none."""
    ours = sign(Client, OAuth1Error, case)
    theirs = sign(oauthlib.oauth1.Client, ValueError, case)
    if ours == theirs:
        return SAME if ours else BOTH_REFUSE
    if ours is not None:
        request = WireRequest.from_url(case.method, ours[0], ours[1], ours[2])
        secret, token_secret = (
            case.settings[name] or "" for name in ("client_secret", "resource_owner_secret")
        )
        verdict = verify(request, secret, token_secret)
        if not verdict.accepted:
            return ""
    known = REASONS if ours else REFUSALS
    return next((name for name in known if REASONS[name](case)), "")


def sign(client: Callable[..., Any], error: type[Exception], case: Case) -> Any:
    """Return what the client makes of the request, or `None` if it refuses it."""
    try:
        return client(**case.settings).sign(case.url, case.method, case.body, case.headers)
    except error:
        return None


def run(seed: int) -> Outcome:
    chance = Random(seed)
    outcome = Outcome()
    warnings.simplefilter("ignore")
    for _ in range(CHUNK):
        case = case_of(chance)
        if result := compare(case):
            outcome.results[result] += 1
        else:
            outcome.unexplained.append(repr(case))
    return outcome


def main() -> None:
    count = int(sys.argv[1])
    total = Outcome()
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for outcome in pool.imap_unordered(run, range(-(-count // CHUNK))):
            total.results += outcome.results
            total.unexplained += outcome.unexplained
    for result, number in total.results.most_common():
        print(f"{number:9,} {result}")
    print(f"{len(total.unexplained):9,} unexplained")
    for shown in total.unexplained[:SHOWN]:
        print(shown)
    sys.exit(bool(total.unexplained))


if __name__ == "__main__":
    main()
