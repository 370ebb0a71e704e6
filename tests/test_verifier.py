"""The judge of the other tests, pinned to signatures that neither it nor we have made."""

from __future__ import annotations

import pytest
from verifier import (
    SIGNATURE_METHODS,
    Verdict,
    WireRequest,
    base_string,
    base_string_uri,
    decode_form,
    encode,
    normalized_parameters,
    parse_authorization,
    request_parameters,
    signature,
    verify,
)

FORM = "application/x-www-form-urlencoded"

# RFC 5849 section 1.2, the request for the photo.
PHOTO_URL = "http://photos.example.net/photos?file=vacation.jpg&size=original"
PHOTO_AUTHORIZATION = (
    'OAuth realm="Photos", '
    'oauth_consumer_key="dpf43f3p2l4k3l03", '
    'oauth_token="nnch734d00sl2jdk", '
    'oauth_signature_method="HMAC-SHA1", '
    'oauth_timestamp="137131202", '
    'oauth_nonce="chapoH", '
    'oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"'
)
PHOTO_SECRETS = ("kd94hf93k423kf44", "pfkkdhi9sl3r4s00")

PROTOCOL_PARAMETERS = {
    "oauth_consumer_key": "key",
    "oauth_signature_method": "HMAC-SHA1",
    "oauth_timestamp": "137131202",
    "oauth_nonce": "chapoH",
}

# RFC 5849 section 3.4.1.1. Its printed signature is wrong: erratum 2550 gives the right one,
# and the secrets.
FORM_URL = "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
FORM_BODY = "c2&a3=2+q"
FORM_AUTHORIZATION = (
    'OAuth realm="Example", '
    'oauth_consumer_key="9djdj82h48djs9d2", '
    'oauth_token="kkk9d7dh3k39sjv7", '
    'oauth_signature_method="HMAC-SHA1", '
    'oauth_timestamp="137131201", '
    'oauth_nonce="7d8f3e4a", '
    'oauth_signature="r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D"'
)
FORM_SECRETS = ("j49sk3j29djd", "dh893hdasih9")


def photo_request(
    method: str = "GET", url: str = PHOTO_URL, authorization: str = PHOTO_AUTHORIZATION
) -> WireRequest:
    return WireRequest.from_url(method, url, {"Authorization": authorization})


def form_request(
    body: str = FORM_BODY, content_type: str = FORM, authorization: str = FORM_AUTHORIZATION
) -> WireRequest:
    headers = {"Content-Type": content_type, "Authorization": authorization}
    return WireRequest.from_url("POST", FORM_URL, headers, body)


def signed_by_ourselves(protocol: dict[str, str], url: str = PHOTO_URL) -> WireRequest:
    """For what the published examples do not have: the signature is right, the rest may not be."""
    pairs = [(name.encode(), value.encode()) for name, value in protocol.items()]
    made = signature(
        WireRequest.from_url("GET", url),
        pairs,
        method="HMAC-SHA1",
        client_secret=PHOTO_SECRETS[0],
        token_secret=PHOTO_SECRETS[1],
    )
    pairs.append((b"oauth_signature", made.encode()))
    header = ", ".join(f'{name.decode()}="{encode(value).decode()}"' for name, value in pairs)
    return photo_request(url=url, authorization=f"OAuth {header}")


def judge_photo(request: WireRequest) -> Verdict:
    return verify(request, *PHOTO_SECRETS)


def judge_form(request: WireRequest) -> Verdict:
    return verify(request, *FORM_SECRETS)


# --- The RFC's examples ---------------------------------------------------------------------


def test_section_1_2_resource() -> None:
    verdict = judge_photo(photo_request())

    assert verdict.accepted, verdict.reason
    assert verdict.realm == "Photos"
    assert verdict.parameters[b"oauth_signature"] == b"MdpQcU8iPSUjWoN/UDMsK2sui9I="
    assert verdict.base_string == (
        b"GET&http%3A%2F%2Fphotos.example.net%2Fphotos&file%3Dvacation.jpg%26"
        b"oauth_consumer_key%3Ddpf43f3p2l4k3l03%26oauth_nonce%3DchapoH%26"
        b"oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131202%26"
        b"oauth_token%3Dnnch734d00sl2jdk%26size%3Doriginal"
    )


@pytest.mark.parametrize(
    ("url", "authorization", "token_secret"),
    [
        pytest.param(
            "https://photos.example.net/initiate",
            'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", '
            'oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131200", '
            'oauth_nonce="wIjqoS", '
            'oauth_callback="http%3A%2F%2Fprinter.example.com%2Fready", '
            'oauth_signature="74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D"',
            "",
            id="temporary credentials",
        ),
        pytest.param(
            "https://photos.example.net/token",
            'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", '
            'oauth_token="hh5s93j4hdidpola", oauth_signature_method="HMAC-SHA1", '
            'oauth_timestamp="137131201", oauth_nonce="walatlh", '
            'oauth_verifier="hfdp7dh39dks9884", '
            'oauth_signature="gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D"',
            "hdhd0244k9j7ao03",
            id="token credentials",
        ),
    ],
)
def test_section_1_2_token_requests(url: str, authorization: str, token_secret: str) -> None:
    request = photo_request("POST", url, authorization)

    verdict = verify(request, "kd94hf93k423kf44", token_secret)

    assert verdict.accepted, verdict.reason


def test_section_2_1_plaintext_needs_no_nonce() -> None:
    request = photo_request(
        "POST",
        "https://server.example.com/request_temp_credentials",
        'OAuth realm="Example", oauth_consumer_key="jd83jd92dhsh93js", '
        'oauth_signature_method="PLAINTEXT", '
        'oauth_callback="http%3A%2F%2Fclient.example.net%2Fcb%3Fx%3D1", '
        'oauth_signature="ja893SD9%26"',
    )

    assert verify(request, "ja893SD9").accepted
    assert not verify(request, "ja893SD8").accepted
    assert not verify(request, "ja893SD9", "token secret").accepted


def test_section_3_4_1_1_base_string() -> None:
    verdict = judge_form(form_request())

    assert verdict.accepted, verdict.reason
    assert verdict.base_string == (
        b"POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26"
        b"b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26"
        b"oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
        b"oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


@pytest.mark.parametrize(
    ("target", "scheme", "host", "expected"),
    [
        (b"/r%20v/X?id=123", "http", b"EXAMPLE.COM:80", b"http://example.com/r%20v/X"),
        (b"/?q=1", "https", b"www.example.net:8080", b"https://www.example.net:8080/"),
    ],
)
def test_section_3_4_1_2_base_string_uri(
    target: bytes, scheme: str, host: bytes, expected: bytes
) -> None:
    assert base_string_uri(WireRequest("GET", scheme, target, host)) == expected


def test_section_3_4_1_3_parameters() -> None:
    _, in_header = parse_authorization(FORM_AUTHORIZATION)

    parameters = request_parameters(form_request(), in_header)

    assert parameters == [
        (b"b5", b"=%3D"),
        (b"a3", b"a"),
        (b"c@", b""),
        (b"a2", b"r b"),
        (b"oauth_consumer_key", b"9djdj82h48djs9d2"),
        (b"oauth_token", b"kkk9d7dh3k39sjv7"),
        (b"oauth_signature_method", b"HMAC-SHA1"),
        (b"oauth_timestamp", b"137131201"),
        (b"oauth_nonce", b"7d8f3e4a"),
        (b"c2", b""),
        (b"a3", b"2 q"),
    ]
    assert normalized_parameters(parameters) == (
        b"a2=r%20b&a3=2%20q&a3=a&b5=%3D%253D&c%40=&c2=&oauth_consumer_key=9djdj82h48djs9d2&"
        b"oauth_nonce=7d8f3e4a&oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201&"
        b"oauth_token=kkk9d7dh3k39sjv7"
    )


# --- Other implementations' examples --------------------------------------------------------


def test_protocol_parameters_in_the_query() -> None:
    """From oauth-ruby, test/units/net_http_client_test.rb."""
    request = WireRequest.from_url(
        "GET",
        "http://example.com/test?key=value&oauth_consumer_key=consumer_key_86cad9&"
        "oauth_nonce=225579211881198842005988698334675835446&"
        "oauth_signature=1oO2izFav1GP4kEH2EskwXkCRFg%3D&oauth_signature_method=HMAC-SHA1&"
        "oauth_timestamp=1199645624&oauth_token=token_411a7f&oauth_version=1.0",
    )

    verdict = verify(request, "5888bf0345e5d237", "3196ffd991c8ebdb")

    assert verdict.accepted, verdict.reason
    assert verdict.parameters[b"oauth_token"] == b"token_411a7f"
    assert b"key" not in verdict.parameters


def test_protocol_parameters_in_the_form() -> None:
    """From oauth-ruby, test/units/net_http_client_test.rb."""
    request = WireRequest.from_url(
        "POST",
        "http://example.com/test",
        {"content-type": FORM.encode()},
        "key=value&oauth_consumer_key=consumer_key_86cad9&"
        "oauth_nonce=225579211881198842005988698334675835446&"
        "oauth_signature=26g7wHTtNO6ZWJaLltcueppHYiI%3D&oauth_signature_method=HMAC-SHA1&"
        "oauth_timestamp=1199645624&oauth_token=token_411a7f&oauth_version=1.0",
    )

    verdict = verify(request, "5888bf0345e5d237", "3196ffd991c8ebdb")

    assert verdict.accepted, verdict.reason


def test_hmac_sha256() -> None:
    """From simple_oauth, spec/simple_oauth/header_spec.rb: a secret that must be encoded."""
    request = photo_request(
        "GET",
        "https://api.twitter.com/1/statuses/friends.json",
        'OAuth oauth_consumer_key="98ea1e175c700ef88090a78af04e381e", '
        'oauth_nonce="74fb1d06-d6d8-4eb8-8e7c-2ff125051eea", '
        'oauth_signature="grFhB%2BblNMmJzm5faJVJ6JaIzo5M%2FpHgP8hjYeMAOtI%3D", '
        'oauth_signature_method="HMAC-SHA256", oauth_timestamp="1594620035", '
        'oauth_token="201425800-Sv4sTcgoffmHGkTCue0JnURT8vrm4DiFAkeFNDkh", '
        'oauth_version="1.0"',
    )

    verdict = verify(
        request,
        "3d0vcHyUiiqADpWxolW8nlDIpSWMlyK7YNgc5Qna2M",
        "B6gHLMQFg3Qvwce/ik+wtkk+evkMxDOhDsSQfsL36Eo=",
    )

    assert verdict.accepted, verdict.reason


def test_hmac_sha512() -> None:
    """From Clever Cloud's client, whose value was made with openssl."""
    assert SIGNATURE_METHODS["HMAC-SHA512"](b"GET&clever", "cs", "ats") == (
        "4Pa0i6O9ZlqZX2NnBLML5UGUthbXisRWUYF4gDqgK6qz8kSbQcuLvQ/JMMzz2i+fMFRv7PrPXdJbeE1hLWxDUQ=="
    )


# --- Every tampering is noticed -------------------------------------------------------------


@pytest.mark.parametrize(
    "tampered",
    [
        pytest.param(photo_request(method="HEAD"), id="method"),
        pytest.param(photo_request(url=PHOTO_URL.replace("http:", "https:")), id="scheme"),
        pytest.param(photo_request(url=PHOTO_URL.replace("example.net", "example.com")), id="host"),
        pytest.param(photo_request(url=PHOTO_URL.replace(".net", ".net:8080")), id="port"),
        pytest.param(photo_request(url=PHOTO_URL.replace("/photos?", "/photo?")), id="path"),
        pytest.param(photo_request(url=PHOTO_URL.replace("/photos?", "/photo%73?")), id="escape"),
        pytest.param(photo_request(url=PHOTO_URL.replace("original", "Original")), id="value"),
        pytest.param(photo_request(url=PHOTO_URL.replace("size", "Size")), id="name"),
        pytest.param(photo_request(url=PHOTO_URL + "&size=original"), id="repeated value"),
        pytest.param(photo_request(url=PHOTO_URL + "&b"), id="added parameter"),
        pytest.param(photo_request(url=PHOTO_URL.removesuffix("&size=original")), id="removed"),
    ],
)
def test_tampered_request(tampered: WireRequest) -> None:
    verdict = judge_photo(tampered)

    assert not verdict.accepted
    assert verdict.reason == "the signature does not match"


@pytest.mark.parametrize("position", range(len(FORM_BODY)))
def test_tampered_body(position: int) -> None:
    body = FORM_BODY[:position] + "x" + FORM_BODY[position + 1 :]

    assert not judge_form(form_request(body=body)).accepted


def test_body_counts_only_as_a_form() -> None:
    assert judge_form(form_request(content_type=FORM.upper() + " ; charset=UTF-8")).accepted
    assert not judge_form(form_request(content_type="text/plain")).accepted
    assert not judge_form(form_request(content_type=FORM + "-like")).accepted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("chapoH", "chapoh"),
        ("137131202", "137131203"),
        ("nnch734d00sl2jdk", "nnch734d00sl2jdl"),
        ("dpf43f3p2l4k3l03", "dpf43f3p2l4k3l04"),
        ("MdpQcU8i", "MdpQcU8j"),
        ("9I%3D", "9I"),
        ("HMAC-SHA1", "HMAC-SHA256"),
        ("HMAC-SHA1", "PLAINTEXT"),
        ("HMAC-SHA1", "hmac-sha1"),
        ("HMAC-SHA1", ""),
        ('oauth_nonce="chapoH"', 'oauth_nonce="chapoH", oauth_version="1.0"'),
        ('oauth_nonce="chapoH"', 'oauth_nonce="chapoH", oauth_version="2.0"'),
        ("137131202", "-137131202"),
        ("137131202", ""),
        ("%2F", "%2f"),
        ("MdpQ", "%4DdpQ"),
    ],
)
def test_tampered_protocol_parameter(old: str, new: str) -> None:
    authorization = PHOTO_AUTHORIZATION.replace(old, new)

    assert authorization != PHOTO_AUTHORIZATION
    assert not judge_photo(photo_request(authorization=authorization)).accepted


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"oauth_consumer_key": None}, "missing: oauth_consumer_key"),
        ({"oauth_nonce": None}, "missing: oauth_nonce"),
        ({"oauth_timestamp": None, "oauth_nonce": None}, "missing: oauth_timestamp, oauth_nonce"),
        ({"oauth_timestamp": "0"}, "oauth_timestamp is not a positive integer"),
        ({"oauth_timestamp": "1.5"}, "oauth_timestamp is not a positive integer"),
        ({"oauth_timestamp": ""}, "oauth_timestamp is not a positive integer"),
        ({"oauth_version": "1.1"}, "oauth_version is not 1.0"),
        ({"oauth_version": "1.0"}, "the signature matches"),
        ({"oauth_nonce": ""}, "the signature matches"),
    ],
)
def test_well_signed_but_unacceptable(change: dict[str, str | None], reason: str) -> None:
    changed = {**PROTOCOL_PARAMETERS, **change}
    protocol = {name: value for name, value in changed.items() if value is not None}

    verdict = judge_photo(signed_by_ourselves(protocol))

    assert verdict.reason == reason
    assert verdict.accepted == (reason == "the signature matches")


def test_protocol_parameters_in_two_places() -> None:
    url = PHOTO_URL + "&oauth_version=1.0"

    verdict = judge_photo(photo_request(url=url))

    assert verdict.reason == "protocol parameters in more than one place"


@pytest.mark.parametrize("secrets", [("kd94hf93k423kf44", ""), ("", PHOTO_SECRETS[1])])
def test_wrong_secret(secrets: tuple[str, str]) -> None:
    assert not verify(photo_request(), *secrets).accepted


@pytest.mark.parametrize(
    "parameter", PHOTO_AUTHORIZATION.removeprefix('OAuth realm="Photos", ').split(", ")
)
def test_missing_or_duplicate_protocol_parameter(parameter: str) -> None:
    missing = judge_photo(
        photo_request(authorization=PHOTO_AUTHORIZATION.replace(f", {parameter}", ""))
    )
    twice = judge_photo(photo_request(authorization=f"{PHOTO_AUTHORIZATION}, {parameter}"))
    name, _, value = parameter.replace('"', "").partition("=")
    also_in_query = judge_photo(photo_request(url=f"{PHOTO_URL}&{name}={value}"))
    also_in_form = judge_form(form_request(body=f"{FORM_BODY}&{name}={value}"))

    assert not missing.accepted
    assert not twice.accepted
    assert not also_in_query.accepted
    assert not also_in_form.accepted
    assert "more than" in twice.reason
    assert "more than" in also_in_query.reason
    assert "more than" in also_in_form.reason


def test_the_realm_is_not_signed() -> None:
    other = judge_photo(photo_request(authorization=PHOTO_AUTHORIZATION.replace("Photos", "a, b")))
    none = judge_photo(
        photo_request(authorization=PHOTO_AUTHORIZATION.replace('realm="Photos", ', ""))
    )

    assert (other.accepted, other.realm) == (True, "a, b")
    assert (none.accepted, none.realm) == (True, None)


def test_unsigned_request() -> None:
    assert judge_photo(WireRequest.from_url("GET", PHOTO_URL)).reason == "no protocol parameters"
    assert not judge_photo(photo_request(authorization="Basic dXNlcjpwYXNz")).accepted


def test_two_authorization_headers() -> None:
    headers = [("Authorization", PHOTO_AUTHORIZATION), ("authorization", PHOTO_AUTHORIZATION)]

    verdict = judge_photo(WireRequest.from_url("GET", PHOTO_URL, headers))

    assert verdict.reason == "more than one Authorization header"


# --- The header's grammar -------------------------------------------------------------------


def test_authorization_with_its_optional_parts() -> None:
    assert parse_authorization('oauth  a="1",b="%20"\t,\tc=""') == (
        None,
        [(b"a", b"1"), (b"b", b" "), (b"c", b"")],
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "OAuth",
        "OAuth ",
        'OAuth realm="only"',
        'Bearer a="1"',
        "OAuth a=1",
        "OAuth a='1'",
        'OAuth a = "1"',
        'OAuth a="1" b="2"',
        'OAuth a="1",',
        'OAuth ,a="1"',
        'OAuth a="1",,b="2"',
        'OAuth a="1", ',
        'OAuth a="1" ',
        'OAuth a="1"\n',
        'OAuth a="1",\r\n b="2"',
        'OAuth a="1", a="1"',
        'OAuth a="1", realm="last"',
        'OAuth realm="one", realm="two", a="1"',
        'OAuth realm="a\\"b", a="1"',
        'OAuth realm="a"b", a="1"',
        'OAuth realm="\x7f", a="1"',
        'OAuth realm="\xe9", a="1"',
        'OAuth a="x y"',
        'OAuth a="x+y"',
        'OAuth a="\xe9"',
        'OAuth a="%e9"',
        'OAuth a="%7E"',
        'OAuth a="%"',
        'OAuth ="1"',
    ],
)
def test_malformed_authorization(value: str) -> None:
    with pytest.raises(ValueError, match=r"section 3\.6|Authorization|more than once"):
        parse_authorization(value)


# --- Bytes ----------------------------------------------------------------------------------


def test_every_byte_is_encoded_as_section_3_6_says() -> None:
    unreserved = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

    for byte in range(256):
        expected = bytes([byte]) if byte in unreserved else b"%" + f"{byte:02X}".encode()
        assert encode(bytes([byte])) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"&&a=1&", [(b"a", b"1")]),
        (b"b", [(b"b", b"")]),
        (b"=v&=", [(b"", b"v"), (b"", b"")]),
        (b"e=f=g", [(b"e", b"f=g")]),
        (b"a+b=c+d%2B", [(b"a b", b"c d+")]),
        (b"q=%E9%ff", [(b"q", b"\xe9\xff")]),
        (b"p=100%&q=%zz%4&r=%2541", [(b"p", b"100%"), (b"q", b"%zz%4"), (b"r", b"%41")]),
        (b"a=1;b=2", [(b"a", b"1;b=2")]),
        (b"a=\xe9", [(b"a", b"\xe9")]),
    ],
)
def test_form_decoding(text: bytes, expected: list[tuple[bytes, bytes]]) -> None:
    assert decode_form(text) == expected


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://example.com", b"/", b"example.com"),
        ("http://example.com?x=1", b"/?x=1", b"example.com"),
        ("http://example.com/r?a=1#frag?b", b"/r?a=1", b"example.com"),
        ("HTTP://EXAMPLE.Com:80/Path?A=B", b"/Path?A=B", b"EXAMPLE.Com"),
        ("http://example.com:/", b"/", b"example.com"),
        ("https://example.com:80/", b"/", b"example.com:80"),
        ("https://example.com:443/", b"/", b"example.com"),
        ("http://user:p@ss@example.com/", b"/", b"example.com"),
        ("http://[::1]:8080/r", b"/r", b"[::1]:8080"),
        ("http://example.com/caf\xe9 {x}?q=\xe9|", b"/caf%C3%A9%20%7Bx%7D?q=%C3%A9%7C", None),
        ("http://example.com/a%2fb/./c;d?u=http://a.b/?c", b"/a%2fb/./c;d?u=http://a.b/?c", None),
        ("http://example.com/100%?ids[]=%", b"/100%?ids[]=%", None),
    ],
)
def test_request_from_url(url: str, target: bytes, host: bytes | None) -> None:
    request = WireRequest.from_url("GET", url)

    assert request.target == target
    assert request.host == (host or b"example.com")
    assert base_string_uri(request).startswith((b"http://", b"https://"))


def test_request_from_url_with_a_host_header() -> None:
    request = WireRequest.from_url(
        "POST", "http://127.0.0.1:8080/", [("host", b"API.example.com")], "caf\xe9"
    )

    assert base_string_uri(request) == b"http://api.example.com/"
    assert request.body == b"caf\xc3\xa9"


def test_base_string_of_an_unsigned_request() -> None:
    """The protocol parameters may be given by hand, and the method is upper-cased."""
    request = WireRequest.from_url("get", PHOTO_URL)
    _, in_header = parse_authorization(PHOTO_AUTHORIZATION)

    assert base_string(request, in_header) == judge_photo(photo_request()).base_string
    assert (
        signature(
            request,
            in_header,
            method="HMAC-SHA1",
            client_secret=PHOTO_SECRETS[0],
            token_secret=PHOTO_SECRETS[1],
        )
        == "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    )


def test_another_oauth_parameter_of_the_caller_is_signed() -> None:
    """Some providers want oauth_verifier outside the header."""
    verdict = judge_photo(
        signed_by_ourselves(PROTOCOL_PARAMETERS, PHOTO_URL + "&oauth_verifier=caller")
    )

    assert verdict.accepted, verdict.reason
    assert b"oauth_verifier%3Dcaller" in verdict.base_string
    assert b"oauth_verifier" not in verdict.parameters
