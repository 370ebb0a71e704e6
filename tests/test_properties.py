"""What holds for every request and all credentials, with the verifier as the server."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
import rsa_keys
from hypothesis import given, settings
from hypothesis import strategies as st
from oauth1_rs import Client, OAuth1
from verifier import FORM_MEDIA_TYPE, Verdict, WireRequest, verify

# White space around a credential counts like any other character, and is warned of.
pytestmark = pytest.mark.filterwarnings("ignore::oauth1_rs.WhiteSpaceWarning")

SECRET_METHODS = ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512")
KEY_METHODS = ("RSA-SHA1", "RSA-SHA256", "RSA-SHA512")
DIGEST_METHODS = SECRET_METHODS + KEY_METHODS
METHODS_BY_PLACEMENT = {
    "AUTH_HEADER": (*DIGEST_METHODS, "PLAINTEXT"),
    "QUERY": DIGEST_METHODS,  # PLAINTEXT would write the secrets into the URL
    "BODY": (*DIGEST_METHODS, "PLAINTEXT"),
}
PLACEMENTS = tuple(METHODS_BY_PLACEMENT)

# RFC 3986: what the path and the query may hold as it is; brackets, which many clients send raw.
RAW_IN_PATH = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/"
RAW_IN_QUERY = RAW_IN_PATH + "?[]"
TCHAR = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"  # RFC 9110 section 5.6.2
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))

# A letter that is no hexadecimal digit: put into a query or a form, it can only break an escape,
# never make one, and so always changes what is signed.
INTRUDER = "x"


@dataclasses.dataclass(frozen=True)
class Parts:
    """A request before or after signing."""

    method: str
    url: str
    headers: Mapping[str, str | bytes]
    body: str | bytes | None

    @property
    def on_the_wire(self) -> WireRequest:
        return WireRequest.from_url(self.method, self.url, self.headers, self.body)


@dataclasses.dataclass(frozen=True)
class Case:
    """A request and the settings to sign it with."""

    request: Parts
    settings: Mapping[str, Any]


Sign = Callable[[Case], tuple[Parts, Parts]]


def sign_with_client(case: Case) -> tuple[Parts, Parts]:
    """The request before and after ``Client.sign``."""
    request = case.request
    client = Client(**case.settings)
    url, headers, body = client.sign(request.url, request.method, request.body, request.headers)
    return request, Parts(request.method, url, headers, body)


def sign_with_oauth1(case: Case) -> tuple[Parts, Parts]:
    """The request as requests prepared it, and what ``OAuth1`` made of it."""
    request = case.request
    prepared = requests.Request(
        request.method, request.url, headers=dict(request.headers), data=request.body
    ).prepare()
    before = parts_of(prepared.copy())
    assert OAuth1(**case.settings)(prepared) is prepared
    return before, parts_of(prepared)


def parts_of(prepared: requests.PreparedRequest) -> Parts:
    assert prepared.method is not None
    assert prepared.url is not None
    body = prepared.body
    assert body is None or isinstance(body, str | bytes)
    return Parts(prepared.method, prepared.url, prepared.headers, body)


both_ways = pytest.mark.parametrize("sign", [sign_with_client, sign_with_oauth1])


def judge(request: WireRequest, case: Case, **secrets: str) -> Verdict:
    secrets = {
        "client_secret": case.settings["client_secret"] or "",
        "token_secret": case.settings["resource_owner_secret"] or "",
        **secrets,
    }
    return verify(request, **secrets, public_key=rsa_keys.public_key(1024))


# --- What is generated ----------------------------------------------------------------------

# No credential has a line break, and a lone surrogate has no encoding.
credential_texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=16
)
realms = st.text("".join(set(PRINTABLE) - set('"\\')), max_size=16)
escapes = st.builds(
    lambda byte, spelling: spelling % byte,
    st.integers(0, 255),
    st.sampled_from(["%%%02X", "%%%02x"]),
)
broken_escapes = st.sampled_from(["%", "%%", "%4", "%zz", "%g1", "%-1", "%+f"])
form_syntax = st.sampled_from(["&", "&&", "=", "==", "+", "&=", "=&"])
paths = st.lists(
    st.sampled_from(RAW_IN_PATH) | escapes | broken_escapes | st.sampled_from(["//", ";", "/../"])
).map(lambda pieces: "".join(["/", *pieces]))
# The first is a caller's own parameter, which is signed like any other and decoded only once.
queries = st.builds(
    lambda first, pieces: first + "".join(pieces),
    st.sampled_from(["", "oauth_extra=%2541&"]),
    st.lists(st.sampled_from(RAW_IN_QUERY) | escapes | broken_escapes | form_syntax),
)
forms = st.lists(
    st.binary(max_size=4)
    | (st.sampled_from(RAW_IN_QUERY) | escapes | broken_escapes | form_syntax).map(str.encode)
).map(b"".join)
form_types = st.sampled_from(
    [
        FORM_MEDIA_TYPE,
        f"{FORM_MEDIA_TYPE}; charset=utf-8",
        f"{FORM_MEDIA_TYPE} ;charset=ISO-8859-1",
        "Application/X-WWW-Form-URLEncoded",
    ]
)
authorities = st.sampled_from(
    [
        "example.com",
        "EXAMPLE.com:8443",
        "example.com:80",
        "example.com:443",
        "example.com:",
        "user:password@example.com",
        "127.0.0.1:5000",
        "[::1]",
        "[2001:DB8:0:0::1]:8080",
    ]
)
http_methods = st.sampled_from(["GET", "HEAD", "POST", "put", "PATCH", "DELETE"]) | st.text(
    TCHAR, min_size=1, max_size=8
)
OTHER_HEADERS: dict[str, st.SearchStrategy[str | bytes]] = {
    "Accept": st.text(PRINTABLE, min_size=2, max_size=8).map(lambda text: f"a{text}"),
    "X-Bytes": st.binary(min_size=2, max_size=8).map(lambda text: b"b" + text.hex().encode()),
    "Host": st.sampled_from(["api.example.net", "API.example.net:8080", "[::1]:443"]),
    "X-Empty": st.just(""),
}


@st.composite
def cases(
    draw: st.DrawFn,
    placements: tuple[str, ...] = PLACEMENTS,
    methods: tuple[str, ...] = METHODS_BY_PLACEMENT["BODY"],
) -> Case:
    placement = draw(st.sampled_from(placements))
    allowed = [name for name in METHODS_BY_PLACEMENT[placement] if name in methods]
    signature_method = draw(st.sampled_from(allowed))
    scheme = "https"
    if signature_method != "PLAINTEXT":
        scheme = draw(st.sampled_from(["https", "http", "HTTPS"]))
    query = draw(st.none() | queries)
    fragment = draw(st.sampled_from(["", "#fragment?not=signed", "#"]))
    url = f"{scheme}://{draw(authorities)}{draw(st.just('') | paths)}"
    url += ("" if query is None else f"?{query}") + fragment
    headers = draw(st.fixed_dictionaries({}, optional=OTHER_HEADERS))
    body = draw(st.none() | forms)
    if body is not None or draw(st.booleans()):
        headers["Content-Type"] = draw(form_types)
    return Case(
        Parts(draw(http_methods), url, headers, body),
        {
            "client_key": draw(credential_texts),
            "client_secret": draw(st.none() | credential_texts),
            "resource_owner_key": draw(st.none() | credential_texts),
            "resource_owner_secret": draw(st.none() | credential_texts),
            "callback_uri": draw(st.none() | credential_texts),
            "verifier": draw(st.none() | credential_texts),
            "realm": draw(st.none() | realms),
            "signature_method": signature_method,
            "rsa_key": rsa_keys.private_key(1024) if signature_method in KEY_METHODS else None,
            "signature_type": placement,
            # A failure that Hypothesis finds must fail again.
            "nonce": draw(credential_texts),
            "timestamp": "137131202",
        },
    )


def with_intruder(data: st.DataObject, text: bytes, start: int = 0) -> bytes:
    """``text`` with one byte more somewhere behind ``start``."""
    position = data.draw(st.integers(start, len(text)), label="position of the intruder")
    return text[:position] + INTRUDER.encode() + text[position:]


def accepted(sign: Sign, case: Case) -> WireRequest:
    """The signed request, which is refused only for what a test changes in it."""
    request = sign(case)[1].on_the_wire
    verdict = judge(request, case)
    assert verdict.accepted, verdict.reason
    return request


# --- A server accepts what was signed, and nothing else ---------------------------------------


@both_ways
@settings(deadline=None, max_examples=300)
@given(case=cases())
def test_every_request_is_accepted(sign: Sign, case: Case) -> None:
    _, signed = sign(case)

    verdict = judge(signed.on_the_wire, case)

    assert verdict.accepted, verdict.reason
    sent = {
        "client_key": b"oauth_consumer_key",
        "resource_owner_key": b"oauth_token",
        "callback_uri": b"oauth_callback",
        "verifier": b"oauth_verifier",
        "nonce": b"oauth_nonce",
    }
    for setting, parameter in sent.items():
        text = case.settings[setting]
        if text == "" and setting in {"callback_uri", "verifier"}:
            text = None  # an empty one is as good as none
        assert verdict.parameters.get(parameter) == (None if text is None else text.encode())


@both_ways
@settings(deadline=None)
@given(case=cases(methods=(*SECRET_METHODS, "PLAINTEXT")), data=st.data())
def test_another_secret_is_refused(sign: Sign, case: Case, data: st.DataObject) -> None:
    request = accepted(sign, case)
    name = data.draw(st.sampled_from(["client_secret", "token_secret"]))
    secret = case.settings[name.replace("token", "resource_owner")] or ""
    position = data.draw(st.integers(0, len(secret)))
    other_secret = secret[:position] + INTRUDER + secret[position:]

    verdict = judge(request, case, **{name: other_secret})

    assert verdict.reason == "the signature does not match"


@both_ways
@settings(deadline=None)
@given(case=cases(methods=DIGEST_METHODS), data=st.data())
def test_another_method_is_refused(sign: Sign, case: Case, data: st.DataObject) -> None:
    request = accepted(sign, case)
    position = data.draw(st.integers(0, len(request.method) - 1))
    letter = "Y" if request.method[position] in "Xx" else "X"
    method = request.method[:position] + letter + request.method[position + 1 :]

    verdict = judge(dataclasses.replace(request, method=method), case)

    assert verdict.reason == "the signature does not match"


@both_ways
@settings(deadline=None)
@given(case=cases(methods=DIGEST_METHODS), data=st.data())
def test_another_query_is_refused(sign: Sign, case: Case, data: st.DataObject) -> None:
    request = accepted(sign, case)
    path, _, query = request.target.partition(b"?")
    target = path + b"?" + with_intruder(data, query)

    assert not judge(dataclasses.replace(request, target=target), case).accepted


@both_ways
@settings(deadline=None)
@given(case=cases(methods=DIGEST_METHODS), data=st.data())
def test_another_path_is_refused(sign: Sign, case: Case, data: st.DataObject) -> None:
    request = accepted(sign, case)
    path, question_mark, query = request.target.partition(b"?")
    target = with_intruder(data, path, start=1) + question_mark + query

    verdict = judge(dataclasses.replace(request, target=target), case)

    assert verdict.reason == "the signature does not match"


@both_ways
@settings(deadline=None)
@given(case=cases(methods=DIGEST_METHODS), data=st.data())
def test_another_form_is_refused(sign: Sign, case: Case, data: st.DataObject) -> None:
    headers = {**case.request.headers, "Content-Type": FORM_MEDIA_TYPE}
    case = dataclasses.replace(case, request=dataclasses.replace(case.request, headers=headers))
    request = accepted(sign, case)

    changed = dataclasses.replace(request, body=with_intruder(data, request.body))

    assert not judge(changed, case).accepted


# --- What the caller sends stays as it is ----------------------------------------------------


@both_ways
@settings(deadline=None)
@given(case=cases(placements=("AUTH_HEADER",)))
def test_the_header_placement_leaves_url_and_body_alone(sign: Sign, case: Case) -> None:
    before, signed = sign(case)

    assert signed.url == before.url
    assert signed.body is before.body


@both_ways
@settings(deadline=None)
@given(case=cases(placements=("QUERY",)))
def test_the_query_placement_only_appends_to_the_query(sign: Sign, case: Case) -> None:
    before, signed = sign(case)
    resource, number_sign, fragment = before.url.partition("#")
    signed_resource, *signed_fragment = signed.url.partition("#")

    _, question_mark, query = resource.partition("?")
    separator = "&" if query and not query.endswith("&") else ""

    assert signed_resource.startswith(f"{resource}{separator if question_mark else '?'}oauth_")
    assert signed_fragment == [number_sign, fragment]
    assert signed.body is before.body
    assert "Authorization" not in signed.headers.keys() - before.headers.keys()


@both_ways
@settings(deadline=None)
@given(case=cases(placements=("BODY",)))
def test_the_body_placement_only_appends_to_the_form(sign: Sign, case: Case) -> None:
    before, signed = sign(case)
    form, signed_form = (parts.on_the_wire.body for parts in (before, signed))

    assert signed.url == before.url
    separator = b"&" if form and not form.endswith(b"&") else b""
    assert signed_form.startswith(form + separator + b"oauth_")
    assert "Authorization" not in signed.headers.keys() - before.headers.keys()
    assert signed.headers.get("Content-Length", str(len(signed_form))) == str(len(signed_form))


@both_ways
@settings(deadline=None)
@given(case=cases())
def test_other_headers_are_the_same_objects(sign: Sign, case: Case) -> None:
    before, signed = sign(case)
    # A body that had no Content-Type gets one only where it receives the parameters.
    placement = {
        "AUTH_HEADER": {"Authorization"},
        "QUERY": set[str](),
        "BODY": {"Content-Length"} | ({"Content-Type"} - before.headers.keys()),
    }
    written = placement[case.settings["signature_type"]]

    assert signed.headers.keys() - before.headers.keys() <= written
    for name in before.headers.keys() - written:
        assert signed.headers[name] is before.headers[name]


NEVER_IN_A_URL = st.sampled_from(' "<>\\^`{|}\t\r\n\x00\x7fäあ')


@settings(deadline=None, max_examples=200)
@given(
    path=st.text(
        NEVER_IN_A_URL | st.characters(exclude_categories=["Cs"], exclude_characters="?#")
    ),
    query=st.text(
        NEVER_IN_A_URL | st.characters(exclude_categories=["Cs"], exclude_characters="#")
    ),
    placement=st.sampled_from(PLACEMENTS),
)
def test_what_no_url_can_hold_counts_as_the_escapes_that_are_sent(
    path: str, query: str, placement: str
) -> None:
    case = Case(
        Parts("POST", f"https://example.com/{path}?{query}", {}, None),
        {
            "client_key": "key",
            "client_secret": "secret",
            "resource_owner_secret": None,
            "signature_type": placement,
        },
    )
    before, signed = sign_with_client(case)

    assert signed.url.startswith(before.url)
    verdict = judge(signed.on_the_wire, case)
    assert verdict.accepted, verdict.reason


# --- The realm ---------------------------------------------------------------------------------


@both_ways
@settings(deadline=None)
@given(case=cases(placements=("AUTH_HEADER",)), realm=realms)
def test_the_realm_arrives_and_is_never_signed(sign: Sign, case: Case, realm: str) -> None:
    verdicts = []
    for value in (realm, None):
        _, signed = sign(dataclasses.replace(case, settings={**case.settings, "realm": value}))
        verdicts.append(judge(signed.on_the_wire, case))

    assert [verdict.realm for verdict in verdicts] == [realm, None]
    assert verdicts[0].accepted, verdicts[0].reason
    assert verdicts[0].parameters == verdicts[1].parameters
    assert verdicts[0].base_string == verdicts[1].base_string


@settings(deadline=None)
@given(own=st.none() | realms, realm=realms)
def test_a_realm_for_one_request_takes_the_place_of_the_own(own: str | None, realm: str) -> None:
    client = Client("key", "secret", realm=own, nonce="nonce", timestamp="137131202")

    for given_realm, expected in [(realm, realm), (None, own)]:
        _, headers, _ = client.sign("https://example.com/", realm=given_realm)
        verdict = verify(WireRequest.from_url("GET", "https://example.com/", headers), "secret")
        assert verdict.accepted, verdict.reason
        assert verdict.realm == expected
