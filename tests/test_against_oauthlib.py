"""The same signatures as oauthlib where oauthlib is right, and by name where it is not.

oauthlib is the oracle of the first part: whatever it signs as RFC 5849 says is signed the same,
to the character. The tables of the second part name every known difference. There the verifier
decides who is right.
"""

from __future__ import annotations

import dataclasses
import json
import re
import string
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

import oauthlib.oauth1
import pytest
import requests
import requests_oauthlib
import rsa_keys
from hypothesis import given, settings
from hypothesis import strategies as st
from oauth1_rs import Client, OAuth1, OAuth1Error
from verifier import FORM_MEDIA_TYPE, Verdict, WireRequest, verify

# White space around a credential counts like any other character, and is warned of.
pytestmark = pytest.mark.filterwarnings("ignore::oauth1_rs.WhiteSpaceWarning")

URL = "https://example.com/"
FORM = {"Content-Type": FORM_MEDIA_TYPE}
CREDENTIALS: dict[str, Any] = {
    "client_key": "client",
    "client_secret": "client secret",
    "resource_owner_key": "token",
    "resource_owner_secret": "token secret",
    "nonce": "nonce",
    "timestamp": "137131202",
}

Body = str | bytes | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """A request, before or after signing."""

    method: str = "GET"
    url: str = URL
    headers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    body: Body = None


def sign(client: Callable[..., Any], request: Parts, **options: Any) -> Parts:
    """What the ``sign`` of oauthlib's ``Client``, or of ours, makes of a request."""
    url, headers, body = client(**{**CREDENTIALS, **options}).sign(
        request.url, request.method, request.body, dict(request.headers)
    )
    return Parts(method=request.method, url=url, headers=headers, body=body)


def prepare(request: Parts) -> requests.PreparedRequest:
    return requests.Request(
        request.method, request.url, dict(request.headers), data=request.body
    ).prepare()


def authenticate(
    auth: Callable[..., Any], prepared: requests.PreparedRequest, **options: Any
) -> Parts:
    """What requests-oauthlib's ``OAuth1``, or ours, makes of a request that requests prepared."""
    return parts_of(auth(**{**CREDENTIALS, "decoding": None, **options})(prepared.copy()))


def parts_of(prepared: Any) -> Parts:
    return Parts(
        method=prepared.method,
        url=prepared.url,
        headers=dict(prepared.headers),
        body=prepared.body,
    )


def judge(signed: Parts) -> Verdict:
    request = WireRequest.from_url(signed.method, signed.url, signed.headers, signed.body)
    return verify(request, CREDENTIALS["client_secret"], CREDENTIALS["resource_owner_secret"])


# --- Where oauthlib is right ------------------------------------------------------------------

# The characters that it accepts in a query and in a form, but for the escapes.
ACCEPTED = string.ascii_letters + string.digits + "_.-~=&;:+,*@!()/?'$"
RAW_IN_PATH = string.ascii_letters + string.digits + "_.-~!$&'()*+,;=:@/"
TCHAR = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"  # RFC 9110 section 5.6.2

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters.filter(lambda character: character not in "\r\n"), max_size=16)
# In query and body placement it decodes escapes in its own parameters, and writes + for a space.
plain_texts = texts.map(lambda text: text.replace("%", "").replace(" ", ""))
realms = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1
)
escapes = characters.map(lambda character: quote(character, safe="")) | characters.map(
    lambda character: quote(character, safe="").lower()
)
accepted_forms = st.lists(st.sampled_from(ACCEPTED) | escapes).map("".join)
paths = (
    st.lists(st.sampled_from(RAW_IN_PATH) | escapes)
    .map(lambda pieces: "".join(["/", *pieces]))
    .filter(lambda path: not path.endswith(";"))
)
urls = st.builds(
    lambda *pieces: "".join(pieces),
    st.sampled_from(["https://", "http://", "HTTPS://"]),
    st.sampled_from(["", "user:password@"]),
    st.sampled_from(["example.com", "EXAMPLE.com", "127.0.0.1", "[::1]"]),
    st.sampled_from(["", ":", ":80", ":443", ":8443"]),
    st.just("") | paths,
    st.just("") | accepted_forms.map(lambda query: f"?{query}"),
    st.sampled_from(["", "#fragment?not=signed"]),
)
methods_without_body = st.sampled_from(["GET", "HEAD", "get"])
methods_with_body = st.sampled_from(["POST", "PUT", "patch", "DELETE"]) | st.text(
    TCHAR, min_size=1, max_size=8
).filter(lambda method: method.upper() not in {"GET", "HEAD"})
host_headers = st.sampled_from(
    [None, "api.example.net", "API.example.net:8080", "api.example.net:443", "[::1]:80"]
)
# What it hashes: a body that has a Content-Type and holds what no form can hold.
hashed = st.tuples(
    st.dictionaries(texts, texts).map(json.dumps) | texts.map(lambda text: f"<{text}>"),
    st.sampled_from(["application/json", "text/plain; charset=utf-8"]),
)


@st.composite
def requests_in_parts(draw: st.DrawFn) -> Parts:
    headers = {"Accept": "text/plain"}
    if host := draw(host_headers):
        headers["Host"] = host
    if draw(st.booleans()):
        headers["Authorization"] = "Basic dXNlcjpwYXNz"
    body: str | None = None
    kind = draw(st.sampled_from(["none", "form", "hashed"]))
    if kind == "form":
        body, headers["Content-Type"] = draw(accepted_forms), FORM_MEDIA_TYPE
    elif kind == "hashed":
        body, headers["Content-Type"] = draw(hashed)
    methods = methods_with_body if kind == "form" else methods_with_body | methods_without_body
    return Parts(method=draw(methods), url=draw(urls), headers=headers, body=body)


def option_sets(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "client_key": texts,
            "client_secret": st.none() | texts,
            # An empty token is one of the differences below.
            "resource_owner_key": st.none() | texts.filter(bool),
            "resource_owner_secret": st.none() | texts,
            "callback_uri": st.none() | texts,
            "verifier": st.none() | texts,
            "nonce": texts,
            "timestamp": st.integers(1, 2**40).map(str),
            "signature_method": st.sampled_from(["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"]),
            **more,
        }
    )


@settings(deadline=None, max_examples=500)
@given(unsigned=requests_in_parts(), options=option_sets(realm=st.none() | realms))
def test_the_header_placement_is_oauthlibs(unsigned: Parts, options: dict[str, Any]) -> None:
    assert sign(Client, unsigned, **options) == sign(oauthlib.oauth1.Client, unsigned, **options)


@settings(deadline=None)
@given(unsigned=requests_in_parts(), options=option_sets())
def test_plaintext_is_oauthlibs(unsigned: Parts, options: dict[str, Any]) -> None:
    # Ours refuses it over plain http.
    unsigned = dataclasses.replace(unsigned, url=f"{URL}?a=1")
    options["signature_method"] = "PLAINTEXT"

    assert sign(Client, unsigned, **options) == sign(oauthlib.oauth1.Client, unsigned, **options)


@settings(deadline=None)
@given(
    options=option_sets(realm=st.none() | realms),
    encoding=st.sampled_from(["utf-8", "utf-16-le"]),
)
def test_credentials_given_as_bytes_are_oauthlibs(options: dict[str, Any], encoding: str) -> None:
    encoded = {
        name: text if text is None else text.encode(encoding) for name, text in options.items()
    }

    assert (
        sign(Client, Parts(), **options)
        == sign(Client, Parts(), **encoded, encoding=encoding)
        == sign(oauthlib.oauth1.Client, Parts(), **encoded, encoding=encoding)
    )


@settings(deadline=None)
@given(own=st.none() | realms, realm=realms)
def test_a_realm_for_one_request_is_oauthlibs(own: str | None, realm: str) -> None:
    ours, theirs = (
        client(**CREDENTIALS, realm=own).sign(URL, realm=realm)
        for client in (Client, oauthlib.oauth1.Client)
    )

    assert ours == theirs


pairs = st.lists(st.tuples(texts, texts), max_size=4)
option_sets_in_place = option_sets(
    **dict.fromkeys(["client_key", "nonce"], plain_texts),
    **dict.fromkeys(["callback_uri", "verifier"], st.none() | plain_texts),
    resource_owner_key=st.none() | plain_texts.filter(bool),
)


@settings(deadline=None)
@given(fields=pairs, options=option_sets_in_place)
def test_the_query_placement_is_oauthlibs(
    fields: list[tuple[str, str]], options: dict[str, Any]
) -> None:
    unsigned = Parts(url=f"{URL}?{urlencode(fields)}" if fields else URL)
    options["signature_type"] = "QUERY"

    assert sign(Client, unsigned, **options) == sign(oauthlib.oauth1.Client, unsigned, **options)


@settings(deadline=None)
@given(fields=pairs, options=option_sets_in_place)
def test_the_body_placement_is_oauthlibs(
    fields: list[tuple[str, str]], options: dict[str, Any]
) -> None:
    unsigned = Parts(method="POST", headers=FORM, body=urlencode(fields))
    options["signature_type"] = "BODY"

    assert sign(Client, unsigned, **options) == sign(oauthlib.oauth1.Client, unsigned, **options)


@st.composite
def prepared_requests(draw: st.DrawFn) -> requests.PreparedRequest:
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
    path = draw(st.text(characters.filter(lambda character: character not in "?#;")))
    host = draw(host_headers)
    headers = {} if host is None else {"Host": host}
    data: Any = draw(st.none() | pairs | hashed)
    if isinstance(data, tuple):
        data, headers["Content-Type"] = data
    elif data:
        method = "POST"  # a GET with a form is one of the differences below
    url = f"https://example.com/{path}"
    return requests.Request(method, url, headers, params=draw(pairs), data=data).prepare()


@settings(deadline=None, max_examples=300)
@given(
    prepared=prepared_requests(),
    options=option_sets(
        realm=st.none() | realms,
        # With an encoding everything that requests sends is bytes afterwards, as it is there.
        decoding=st.sampled_from([None, "utf-8"]),
    ),
)
def test_requests_are_signed_as_by_requests_oauthlib(
    prepared: requests.PreparedRequest, options: dict[str, Any]
) -> None:
    assert authenticate(OAuth1, prepared, **options) == authenticate(
        requests_oauthlib.OAuth1, prepared, **options
    )


# --- Where oauthlib is wrong ------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Raises:
    """oauthlib raises a ValueError with this in its text."""

    text: str


@dataclasses.dataclass(frozen=True)
class Refused:
    """A server refuses what oauthlib signed."""

    reason: str = "the signature does not match"


@dataclasses.dataclass(frozen=True)
class Changed:
    """oauthlib changes what the caller sends: so ``url`` or ``body`` begin, or a header is."""

    url: str | None = None
    body: str | None = None
    content_type: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """A request that oauthlib signs wrongly or not at all; ours is accepted by the server."""

    name: str
    section: str
    theirs: Raises | Refused | Changed
    request: Parts
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    through: Literal["Client.sign", "OAuth1"] = "Client.sign"

    def __str__(self) -> str:
        return self.name

    def prepared(self) -> Parts:
        """The request before signing."""
        if self.through == "Client.sign":
            return self.request
        return parts_of(prepare(self.request))

    def signed(self, client: Callable[..., Any], auth: Callable[..., Any]) -> Parts:
        if self.through == "Client.sign":
            return sign(client, self.request, **self.options)
        return authenticate(auth, prepare(self.request), **self.options)


def post(body: str | bytes, content_type: str = FORM_MEDIA_TYPE, url: str = URL) -> Parts:
    return Parts(method="POST", url=url, headers={"Content-Type": content_type}, body=body)


def in_query(**options: str) -> dict[str, str]:
    return {"signature_type": "QUERY", **options}


def in_body(**options: str) -> dict[str, str]:
    return {"signature_type": "BODY", **options}


NOT_DECODABLE = Raises("Headers indicate a formencoded body but body was not decodable.")
NOT_A_FORM = Raises("Body contains parameters but Content-Type header was")
INVALID_CHARACTERS = Raises("Found invalid characters")
GET_WITH_BODY = Raises("GET/HEAD requests should not include body.")
NOT_UTF_8 = Raises("'utf-8' codec can't decode byte")
MALFORMED_AUTHORIZATION = Raises("Malformed authorization header")

DIFFERENCES = [
    # Decoded twice.
    Difference(
        name="an escape in a token, query placement",
        section="3.4.1.3.1",
        request=Parts(),
        options=in_query(resource_owner_key="100%25"),
        theirs=Refused(),
    ),
    Difference(
        name="an escape in a token, body placement",
        section="3.4.1.3.1",
        request=post("a=1"),
        options=in_body(resource_owner_key="100%25"),
        theirs=Refused(),
    ),
    Difference(
        name="an escape in a verifier, query placement",
        section="3.4.1.3.1",
        request=Parts(),
        options=in_query(verifier="%41"),
        theirs=Refused(),
    ),
    Difference(
        name="an escape in a callback, body placement",
        section="3.4.1.3.1",
        request=post("a=1"),
        options=in_body(callback_uri="https://client.example.com/ready?x=%2F"),
        theirs=Refused(),
    ),
    Difference(
        name="an escape in a caller's own oauth_ parameter in the query",
        section="3.4.1.3.1",
        request=Parts(url=f"{URL}?oauth_extra=%2541"),
        theirs=Refused(),
    ),
    Difference(
        name="an escape in a caller's own oauth_ parameter in the form",
        section="3.4.1.3.1",
        request=post("oauth_extra=%2541"),
        theirs=Refused(),
    ),
    # Escapes that are not UTF-8.
    Difference(
        name="Latin-1 in the query",
        section="3.4.1.3.1",
        request=Parts(url=f"{URL}?q=%E4"),
        theirs=Refused(),
    ),
    Difference(
        name="Latin-1 in the query, query placement",
        section="3.5.3",
        request=Parts(url=f"{URL}?q=%E4"),
        options=in_query(),
        theirs=Changed(url=f"{URL}?q=%EF%BF%BD&"),
    ),
    Difference(
        name="Latin-1 in the form",
        section="3.4.1.3.1",
        request=post("q=%FF"),
        theirs=Refused(),
    ),
    Difference(
        name="Latin-1 in the form, body placement",
        section="3.5.2",
        request=post("q=%FF"),
        options=in_body(),
        theirs=Changed(body="q=%EF%BF%BD&"),
    ),
    # The strict alphabet.
    Difference(
        name="brackets in the query",
        section="3.4.1.3.1",
        request=Parts(url=f"{URL}?items[0]=a"),
        theirs=INVALID_CHARACTERS,
    ),
    Difference(
        name="brackets in the form",
        section="3.4.1.3.1",
        request=post("items[0]=a"),
        theirs=NOT_DECODABLE,
    ),
    Difference(
        name="a space in the query, which is sent as %20",
        section="3.4.1.3.1",
        request=Parts(url=f"{URL}?q=a b"),
        theirs=INVALID_CHARACTERS,
    ),
    Difference(
        name="a percent sign that begins no escape in the query",
        section="3.4.1.3.1",
        request=Parts(url=f"{URL}?q=100%zz"),
        theirs=Raises("Invalid hex encoding in query string."),
    ),
    Difference(
        name="a percent sign that begins no escape in the form",
        section="3.4.1.3.1",
        request=post("q=100%zz"),
        theirs=NOT_DECODABLE,
    ),
    Difference(
        name="JSON declared as a form",
        section="3.4.1.3.1",
        request=post('{"a":1}'),
        theirs=NOT_DECODABLE,
    ),
    Difference(
        name="raw UTF-8 in the form",
        section="3.4.1.3.1",
        request=post("q=ä"),
        theirs=NOT_DECODABLE,
    ),
    Difference(
        name="raw UTF-8 in a form given as bytes",
        section="3.4.1.3.1",
        request=post("q=ä".encode()),
        theirs=NOT_DECODABLE,
    ),
    Difference(
        name="raw Latin-1 in the form",
        section="3.4.1.3.1",
        request=post(b"q=\xe4"),
        theirs=NOT_UTF_8,
    ),
    # The media type.
    Difference(
        name="the media type in mixed case",
        section="3.4.1.3.1",
        request=post("q=a", "Application/X-WWW-Form-Urlencoded"),
        theirs=NOT_A_FORM,
    ),
    Difference(
        name="the media type with a charset",
        section="3.4.1.3.1",
        request=post("q=a", f"{FORM_MEDIA_TYPE}; charset=utf-8"),
        theirs=NOT_A_FORM,
    ),
    Difference(
        name="text without a Content-Type that is no form, through requests",
        section="3.4.1.3.1",
        request=Parts(method="POST", body="hello"),
        through="OAuth1",
        theirs=Changed(content_type=FORM_MEDIA_TYPE),
    ),
    # Forms where HTTP does not expect a body.
    Difference(
        name="GET with a form",
        section="3.4.1.3.1",
        request=Parts(headers=FORM, body="a=1"),
        theirs=GET_WITH_BODY,
    ),
    Difference(
        name="HEAD with a form",
        section="3.4.1.3.1",
        request=Parts(method="HEAD", headers=FORM, body="a=1"),
        theirs=GET_WITH_BODY,
    ),
    Difference(
        name="GET with the form media type and no body",
        section="3.4.1.3.1",
        request=Parts(headers=FORM),
        theirs=NOT_DECODABLE,
    ),
    Difference(
        name="GET, body placement, through requests",
        section="3.5.2",
        request=Parts(),
        options=in_body(),
        through="OAuth1",
        theirs=GET_WITH_BODY,
    ),
    Difference(
        name="POST without a body, body placement",
        section="3.5.2",
        request=Parts(method="POST"),
        options=in_body(),
        theirs=Raises("Body signatures may only be used with form-urlencoded content"),
    ),
    # Bodies of other media types that could be read as a form.
    Difference(
        name="JSON that is a number",
        section="3.4.1.3.1",
        request=post("123", "application/json"),
        theirs=NOT_A_FORM,
    ),
    Difference(
        name="plain text that is empty",
        section="3.4.1.3.1",
        request=post("", "text/plain"),
        theirs=NOT_A_FORM,
    ),
    Difference(
        name="a multipart body that looks like a form",
        section="3.4.1.3.1",
        request=post("a=b", "multipart/form-data; boundary=b"),
        theirs=Raises("Headers indicate a multipart body but body contains parameters."),
    ),
    Difference(
        name="a binary body",
        section="3.4.1.3.1",
        request=post(b"\xff\xfe", "application/octet-stream"),
        theirs=NOT_UTF_8,
    ),
    # The caller's own query and form.
    Difference(
        name="a query as other encoders write it, query placement",
        section="3.5.3",
        request=Parts(url=f"{URL}?q=a%20b&flag&&last"),
        options=in_query(),
        theirs=Changed(url=f"{URL}?q=a+b&flag=&last=&"),
    ),
    Difference(
        name="a form as other encoders write it, body placement",
        section="3.5.2",
        request=post("q=a%20b&flag&&last"),
        options=in_body(),
        theirs=Changed(body="q=a+b&flag=&last=&"),
    ),
    # The base string URI.
    Difference(
        name="an IPv6 address that is not in its shortest form",
        section="3.4.1.2",
        request=Parts(url="https://[2001:DB8:0:0::1]/"),
        theirs=Refused(),
    ),
    Difference(
        name="an IPv6 address that is not in its shortest form in the Host header",
        section="3.4.1.2",
        request=Parts(headers={"Host": "[0:0::1]:8080"}),
        theirs=Refused(),
    ),
    Difference(
        name="a path that ends in a semicolon",
        section="3.4.1.2",
        request=Parts(url=f"{URL}a;?b=c"),
        theirs=Refused(),
    ),
    Difference(
        name="a path that ends in a semicolon, through requests",
        section="3.4.1.2",
        request=Parts(url=f"{URL}a;?b=c"),
        through="OAuth1",
        theirs=Refused(),
    ),
    Difference(
        name="a path that is not ASCII and is sent as escapes",
        section="3.4.1.2",
        request=Parts(url=f"{URL}ä"),
        theirs=Refused(),
    ),
    Difference(
        name="a path with a character that is sent as an escape",
        section="3.4.1.2",
        request=Parts(url=f"{URL}a|b"),
        theirs=Refused(),
    ),
    Difference(
        name="the Host header's name in lower case",
        section="3.4.1.2",
        request=Parts(headers={"host": "api.example.net"}),
        theirs=Refused(),
    ),
    Difference(
        name="the Host header's name in lower case, through requests",
        section="3.4.1.2",
        request=Parts(headers={"host": "api.example.net"}),
        through="OAuth1",
        theirs=Refused(),
    ),
    # An Authorization header that is there already.
    Difference(
        name="the Authorization header's name in lower case: it stays and there are two",
        section="3.5.1",
        request=Parts(headers={"authorization": "Basic dXNlcjpwYXNz"}),
        theirs=Refused("more than one Authorization header"),
    ),
    Difference(
        name="an Authorization header of another scheme, query placement",
        section="3.4.1.3.1",
        request=Parts(headers={"Authorization": "Basic dXNlcjpwYXNz"}),
        options=in_query(),
        theirs=MALFORMED_AUTHORIZATION,
    ),
    Difference(
        name="an Authorization header of another scheme, body placement",
        section="3.4.1.3.1",
        request=Parts(
            method="POST", headers={**FORM, "Authorization": "Basic dXNlcjpwYXNz"}, body="a=1"
        ),
        options=in_body(),
        theirs=MALFORMED_AUTHORIZATION,
    ),
    Difference(
        name="a password in the URL, which requests sends as Basic, query placement",
        section="3.4.1.3.1",
        request=Parts(url="https://user:password@example.com/"),
        options=in_query(),
        through="OAuth1",
        theirs=MALFORMED_AUTHORIZATION,
    ),
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=str)
def test_oauthlib_does_what_is_said_of_it(difference: Difference) -> None:
    """If this fails for a new oauthlib, the difference is gone: move it to the equal part."""
    theirs = difference.theirs
    if isinstance(theirs, Raises):
        with pytest.raises(ValueError, match=re.escape(theirs.text)):
            difference.signed(oauthlib.oauth1.Client, requests_oauthlib.OAuth1)
        return
    signed = difference.signed(oauthlib.oauth1.Client, requests_oauthlib.OAuth1)
    verdict = judge(signed)
    if isinstance(theirs, Refused):
        assert verdict.reason == theirs.reason
        return
    assert verdict.accepted, verdict.reason
    before = difference.prepared()
    if theirs.url is not None:
        assert signed.url.startswith(theirs.url)
        assert not signed.url.startswith(before.url)
    if theirs.body is not None:
        assert str(signed.body).startswith(theirs.body)
        assert not str(signed.body).startswith(str(before.body))
    if theirs.content_type is not None:
        assert signed.headers["Content-Type"] == theirs.content_type
        assert before.headers.get("Content-Type") != theirs.content_type


@pytest.mark.parametrize("difference", DIFFERENCES, ids=str)
def test_ours_is_accepted_and_keeps_what_the_caller_sends(difference: Difference) -> None:
    before = difference.prepared()

    signed = difference.signed(Client, OAuth1)

    verdict = judge(signed)
    assert verdict.accepted, f"section {difference.section}: {verdict.reason}"
    assert signed.url.startswith(before.url)
    if before.body is not None:
        assert type(signed.body) is type(before.body)
        assert signed.body[: len(before.body)] == before.body
        assert signed.headers.get("Content-Type") == before.headers.get("Content-Type")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """A request that oauthlib signs and ours refuses, because no server could accept it safely."""

    name: str
    why: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    request: Parts = dataclasses.field(default_factory=Parts)
    error: str

    def __str__(self) -> str:
        return self.name


REFUSALS = [
    Refusal(
        name="a quote in the realm",
        why="it ends the quoted string, and what follows are parameters (section 3.5.1)",
        options={"realm": 'a", oauth_token="other'},
        error="realm must be",
    ),
    Refusal(
        name="a backslash in the realm",
        why="servers differ on what it means in a quoted string (section 3.5.1)",
        options={"realm": "a\\"},
        error="realm must be",
    ),
    Refusal(
        name="a line break in the realm",
        why="it ends the header",
        options={"realm": "a\r\nSet-Cookie: b"},
        error="realm must be",
    ),
    Refusal(
        name="a line break in the client key",
        why="it came from a file, and no server knows such a key",
        options={"client_key": "client\n"},
        error="client_key contains a line break",
    ),
    Refusal(
        name="a parameter in the query that signing adds",
        why="each is given at most once (sections 3.1 and 3.5)",
        request=Parts(url=f"{URL}?oauth_nonce=other"),
        error="the request's query already has oauth_nonce",
    ),
    Refusal(
        name="a parameter in the form that signing adds",
        why="each is given at most once (sections 3.1 and 3.5)",
        request=post("oauth_token=other"),
        error="the request's form body already has oauth_token",
    ),
    Refusal(
        name="PLAINTEXT over plain http",
        why="it sends the secrets themselves (section 3.4.4)",
        options={"signature_method": "PLAINTEXT"},
        request=Parts(url="http://example.com/"),
        error="PLAINTEXT sends the secrets themselves",
    ),
    Refusal(
        name="PLAINTEXT in the query",
        why="URLs end up in logs (section 4.2)",
        options={"signature_method": "PLAINTEXT", "signature_type": "QUERY"},
        error="PLAINTEXT in the query writes the secrets into the URL",
    ),
    Refusal(
        name="an RSA key with an HMAC method",
        why="it would be left unused, and the caller would believe otherwise",
        options={"rsa_key": rsa_keys.pkcs1()},
        error="rsa_key is given, but",
    ),
    Refusal(
        name="a host name that is not ASCII",
        why="it is sent in another form, which must be signed (section 3.4.1.2)",
        request=Parts(url="https://exämple.com/"),
        error="the host of the URL or of the Host header is not a host name",
    ),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_ours_refuses_what_oauthlib_signs_unsafely(refusal: Refusal) -> None:
    sign(oauthlib.oauth1.Client, refusal.request, **refusal.options)

    with pytest.raises(OAuth1Error) as caught:
        sign(Client, refusal.request, **refusal.options)

    assert str(caught.value).startswith(refusal.error), refusal.why


def test_an_empty_token_is_sent_and_signed() -> None:
    """Section 3.1 lets a client leave out the token if there is none, not if it is empty."""
    ours, theirs = (
        judge(sign(client, Parts(), resource_owner_key=""))
        for client in (Client, oauthlib.oauth1.Client)
    )

    assert ours.accepted, ours.reason
    assert ours.parameters[b"oauth_token"] == b""
    assert b"oauth_token" not in theirs.parameters


def test_an_empty_realm_is_sent() -> None:
    """RFC 7235 section 2.2 makes no difference between an empty realm and another."""
    ours, theirs = (
        judge(sign(client, Parts(), realm="")) for client in (Client, oauthlib.oauth1.Client)
    )

    assert ours.accepted, ours.reason
    assert ours.realm == ""
    assert theirs.realm is None
