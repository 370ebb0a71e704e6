"""Wrong settings and requests: what came, what is accepted, what to do; never a secret."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import oauth1_rs.exceptions
import pytest
from oauth1_rs import (
    Client,
    OAuth1,
    OAuth1Error,
    OAuth1Session,
    OAuth1TypeError,
    WhiteSpaceWarning,
)
from verifier import FORM_MEDIA_TYPE

CANARY = "canary-5f2c"


def check(
    call: Callable[[], object], kind: type[Exception], message: str
) -> pytest.ExceptionInfo[Exception]:
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert str(caught.value) == message
    # A chained codec error would carry the text that it could not encode.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert CANARY not in repr(caught.value.args)
    return caught


def test_the_exceptions_are_value_errors() -> None:
    assert issubclass(OAuth1Error, ValueError)
    assert issubclass(OAuth1TypeError, OAuth1Error)
    assert issubclass(OAuth1TypeError, TypeError)
    for kind in (OAuth1Error, OAuth1TypeError):
        assert kind.__module__ == oauth1_rs.exceptions.__name__
        assert kind.__doc__


IN_THE_CONSTRUCTOR: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    (
        "client_key None",
        {"client_key": None},
        OAuth1TypeError,
        "client_key must be str or bytes, got None (is an environment variable missing?)",
    ),
    (
        "client_key int",
        {"client_key": 1},
        OAuth1TypeError,
        "client_key must be str or bytes, got int",
    ),
    (
        "client_secret bytearray",
        {"client_secret": bytearray(CANARY.encode())},
        OAuth1TypeError,
        "client_secret must be str or bytes, got bytearray",
    ),
    (
        "line feed",
        {"client_secret": f"{CANARY}\n"},
        OAuth1Error,
        "client_secret contains a line break (was it read from a file with its line end?): "
        "strip it",
    ),
    (
        "carriage return",
        {"resource_owner_secret": f"{CANARY}\r"},
        OAuth1Error,
        "resource_owner_secret contains a line break (was it read from a file with its line "
        "end?): strip it",
    ),
    *[
        (
            f"line break in {name}",
            {name: f"{CANARY}\n"},
            OAuth1Error,
            f"{name} contains a line break (was it read from a file with its line end?): strip it",
        )
        for name in ("client_key", "resource_owner_key", "callback_uri", "verifier")
    ],
    (
        "line break in protocol_parameters",
        {"protocol_parameters": {"oauth_x": f"{CANARY}\r"}},
        OAuth1Error,
        "a value of protocol_parameters contains a line break (was it read from a file with its "
        "line end?): strip it",
    ),
    *[
        (
            f"{character!r} in a name of protocol_parameters",
            {"protocol_parameters": {f"oauth_x{character}Y: 1": CANARY}},
            OAuth1Error,
            f"protocol_parameters: 'oauth_x{shown}Y: 1' is not made of letters, digits, '-', '.', "
            "'_' and '~'",
        )
        for character, shown in [("\r\n", "\\r\\n"), ('"', '\\"'), ("=", "="), (" ", " ")]
    ],
    (
        "number in protocol_parameters",
        {"protocol_parameters": {5: CANARY}},
        OAuth1TypeError,
        "a name in protocol_parameters must be str or bytes, got int",
    ),
    (
        "surrogate in protocol_parameters",
        {"protocol_parameters": {"oauth_x": f"{CANARY}\ud800"}},
        OAuth1Error,
        "protocol_parameters['oauth_x'] contains a lone surrogate, which UTF-8 cannot encode",
    ),
    (
        "bytes in another encoding in protocol_parameters",
        {"protocol_parameters": {"oauth_x": CANARY.encode() + b"\xff"}},
        OAuth1Error,
        "protocol_parameters['oauth_x'] is not text in the encoding utf-8: give it as str, or set "
        "encoding=",
    ),
    (
        "lone surrogate",
        {"resource_owner_secret": f"{CANARY}\ud800"},
        OAuth1Error,
        "resource_owner_secret contains a lone surrogate, which UTF-8 cannot encode",
    ),
    (
        "bytes in another encoding",
        {"client_secret": CANARY.encode() + b"\xff"},
        OAuth1Error,
        "client_secret is not text in the encoding utf-8: give it as str, or set encoding=",
    ),
    (
        "signature_method",
        {"signature_method": "MD5"},
        OAuth1Error,
        "signature_method 'MD5' is not one of HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, "
        "RSA-SHA256, RSA-SHA512, PLAINTEXT",
    ),
    (
        "signature_type",
        {"signature_type": "COOKIE"},
        OAuth1Error,
        "signature_type 'COOKIE' is not one of AUTH_HEADER, QUERY, BODY",
    ),
    (
        "realm",
        {"realm": 'a", oauth_token="b'},
        OAuth1Error,
        "realm must be ASCII text without control characters, '\"' and '\\'",
    ),
    (
        "body_hash",
        {"body_hash": "md5"},
        OAuth1Error,
        "body_hash 'md5' is not one of 'sha1', 'sha256', None",
    ),
    (
        "body_hash int",
        {"body_hash": 5},
        OAuth1TypeError,
        "body_hash must be 'sha1', 'sha256' or None, got int",
    ),
    (
        "timestamp_offset too large",
        {"timestamp_offset": 10**30},
        OAuth1Error,
        "timestamp_offset is out of range",
    ),
    (
        "timestamp_offset",
        {"timestamp_offset": 1.5},
        OAuth1TypeError,
        "timestamp_offset must be seconds as an int, got float",
    ),
    (
        "protocol_parameters list",
        {"protocol_parameters": [("oauth_x", "1")]},
        OAuth1TypeError,
        "protocol_parameters must be a mapping of str to str or None, got list",
    ),
    (
        "protocol_parameters name",
        {"protocol_parameters": {"scope": CANARY}},
        OAuth1Error,
        "protocol_parameters: 'scope' does not start with 'oauth_' (other parameters belong into "
        "the query or the form)",
    ),
    (
        "protocol_parameters value",
        {"protocol_parameters": {"oauth_x": 1}},
        OAuth1TypeError,
        "protocol_parameters['oauth_x'] must be str or bytes, got int",
    ),
    (
        "protocol_parameters signature",
        {"protocol_parameters": {"oauth_signature": CANARY}},
        OAuth1Error,
        "protocol_parameters: oauth_signature is what signing itself writes",
    ),
    (
        "nonce",
        {"nonce": 5},
        OAuth1TypeError,
        "nonce must be str or bytes, got int",
    ),
    (
        "timestamp",
        {"timestamp": 1.5},
        OAuth1TypeError,
        "timestamp must be whole seconds as an int or str, got float",
    ),
    (
        "encoding",
        {"encoding": "nonsense"},
        OAuth1Error,
        "encoding 'nonsense' is not the name of a codec of Python's",
    ),
    (
        "encoding int",
        {"encoding": 5},
        OAuth1TypeError,
        "encoding must be the name of a codec, or None, got int",
    ),
    (
        "decoding",
        {"decoding": 5},
        OAuth1TypeError,
        "decoding must be the name of a codec, or None, got int",
    ),
    (
        "allow_insecure_plaintext",
        {"allow_insecure_plaintext": "no"},
        OAuth1TypeError,
        "allow_insecure_plaintext must be True or False, got str",
    ),
    (
        "single_encoding",
        {"single_encoding": 1},
        OAuth1TypeError,
        "single_encoding must be True or False, got int",
    ),
    (
        "PLAINTEXT in the query",
        {"signature_method": "PLAINTEXT", "signature_type": "QUERY"},
        OAuth1Error,
        "PLAINTEXT in the query writes the secrets into the URL, where logs keep them: use "
        "signature_type='AUTH_HEADER' or 'BODY'",
    ),
]


@pytest.mark.parametrize("signer", [OAuth1, Client])
@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [case[1:] for case in IN_THE_CONSTRUCTOR],
    ids=[case[0] for case in IN_THE_CONSTRUCTOR],
)
def test_wrong_settings_fail_in_the_constructor(
    signer: Callable[..., object], settings: dict[str, Any], kind: type[Exception], message: str
) -> None:
    check(lambda: signer(**{"client_key": "ck", **settings}), kind, message)


@pytest.mark.parametrize("signer", [OAuth1, Client, OAuth1Session])
@pytest.mark.parametrize(
    "name", ["client_key", "client_secret", "resource_owner_key", "resource_owner_secret"]
)
@pytest.mark.parametrize("value", ["canary ", " canary", b"canary\t", "canary\N{NO-BREAK SPACE}"])
def test_a_credential_with_white_space_around_it_is_told(
    signer: Callable[..., object], name: str, value: str | bytes
) -> None:
    with pytest.warns(WhiteSpaceWarning, match=rf"^{name} begins or ends with white sp") as caught:
        signer(**{"client_key": "ck", name: value})
    assert len(caught) == 1
    assert "canary" not in str(caught[0].message)


def test_white_space_within_a_credential_is_not_told() -> None:
    OAuth1("c k", "c\ts", "t\tk", "t s")  # a warning would be an error


def test_wrong_arguments_are_type_errors() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'bogus'"):
        OAuth1("ck", bogus=1)  # type: ignore[call-arg]  # that is the point
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'client_key'"):
        OAuth1()  # type: ignore[call-arg]  # that is the point


ABSOLUTE = "the URL must be absolute: scheme://host[:port]/path"
HOST = (
    "the host of the URL or of the Host header is not a host name or an address "
    "(give an international name in its xn-- form)"
)
PORT = "the port of the URL or of the Host header must be a number from 0 to 65535"

WHEN_SIGNING: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    ({}, {"uri": "/path"}, OAuth1Error, ABSOLUTE),
    ({}, {"uri": "http://"}, OAuth1Error, ABSOLUTE),
    ({}, {"uri": "1http://a/"}, OAuth1Error, ABSOLUTE),
    (
        {},
        {"uri": f"http://{CANARY}\ud800/"},
        OAuth1Error,
        "uri contains a lone surrogate, which UTF-8 cannot encode",
    ),
    ({}, {"uri": 5}, OAuth1TypeError, "uri must be str or bytes, got int"),
    (
        {},
        {"uri": "http://a/", "http_method": 5},
        OAuth1TypeError,
        "http_method must be str or bytes, got int",
    ),
    (
        {},
        {"uri": "http://a/", "http_method": f"{CANARY}\ud800"},
        OAuth1Error,
        "http_method contains a lone surrogate, which UTF-8 cannot encode",
    ),
    ({}, {"uri": "http://bücher.example/"}, OAuth1Error, HOST),
    ({}, {"uri": "http://[::1/"}, OAuth1Error, HOST),
    ({}, {"uri": "http://a b/"}, OAuth1Error, HOST),
    ({}, {"uri": "http://a/", "headers": {"Host": "ü"}}, OAuth1Error, HOST),
    ({}, {"uri": "http://a:b/"}, OAuth1Error, PORT),
    ({}, {"uri": "http://a:65536/"}, OAuth1Error, PORT),
    (
        {},
        {"uri": "http://a/", "headers": 5},
        OAuth1TypeError,
        "headers must be a mapping of str to str or bytes, got int",
    ),
    (
        {},
        {"uri": "http://a/", "headers": {5: "x"}},
        OAuth1TypeError,
        "a header's name must be str or bytes, got int",
    ),
    (
        {},
        {"uri": "http://a/", "body": f"{CANARY}=\ud800"},
        OAuth1Error,
        "the body contains a lone surrogate, which UTF-8 cannot encode",
    ),
    (
        {"decoding": "ascii"},
        {"uri": "http://a/", "headers": {"X-Name": f"{CANARY}é"}},
        OAuth1Error,
        "the signed request cannot be encoded as decoding=ascii",
    ),
    (
        {},
        {"uri": "http://a/", "body": {"a": 1}, "headers": {"Content-Type": "text/plain"}},
        OAuth1Error,
        "body is a dict, which is sent as a form, but the Content-Type is another: encode the body "
        "yourself, or leave the Content-Type out",
    ),
    (
        {"body_hash": "sha1"},
        {"uri": "http://a/", "body": io.StringIO(CANARY)},
        OAuth1TypeError,
        "a body whose hash is signed must be str, bytes or a binary file (mode 'rb'), got "
        "_io.StringIO",
    ),
    (
        {"body_hash": "sha1"},
        {"uri": "http://a/", "body": iter([CANARY])},
        OAuth1TypeError,
        "a body whose hash is signed must be str, bytes or a seekable binary file, got "
        "list_iterator",
    ),
    (
        {},
        {"uri": "http://a/", "body": io.BytesIO(), "headers": {"Content-Type": FORM_MEDIA_TYPE}},
        OAuth1TypeError,
        "a body with the Content-Type application/x-www-form-urlencoded must be str or bytes, as "
        "its parameters are signed (give another Content-Type, or read the stream first), got "
        "_io.BytesIO",
    ),
    (
        {},
        {"uri": "http://a/", "headers": {"Host": 5}},
        OAuth1TypeError,
        "Host must be str or bytes, got int",
    ),
    (
        {},
        {"uri": "http://a/", "realm": "é"},
        OAuth1Error,
        "realm must be ASCII text without control characters, '\"' and '\\'",
    ),
    (
        {},
        {"uri": "http://a/?x=1&oauth_token=2&%6Fauth_nonce=3"},
        OAuth1Error,
        "the request's query already has oauth_nonce, which signing adds: take it out of there",
    ),
    (
        {},
        {"uri": "http://a/", "body": "oauth_signature=1"},
        OAuth1Error,
        "the request's form body already has oauth_signature, which signing adds: take it out of "
        "there",
    ),
    (
        {"signature_method": "PLAINTEXT"},
        {"uri": "http://example.com/"},
        OAuth1Error,
        "PLAINTEXT sends the secrets themselves: use https, another signature_method, or "
        "allow_insecure_plaintext=True if the network is trusted",
    ),
    (
        {"signature_type": "BODY"},
        {"uri": "http://a/", "body": "{}", "headers": {"Content-Type": "application/json"}},
        OAuth1Error,
        "signature_type='BODY' needs a form body (application/x-www-form-urlencoded): use "
        "signature_type='AUTH_HEADER' for this request",
    ),
    (
        {"nonce": lambda: 5},
        {"uri": "http://a/"},
        OAuth1TypeError,
        "nonce() must be str or bytes, got int",
    ),
    (
        {"timestamp": lambda: 10**5000},
        {"uri": "http://a/"},
        OAuth1Error,
        "timestamp() is out of range",
    ),
    (
        {"signature_type": "QUERY"},
        {"uri": "http://a/", "headers": {"authorization": b"oauth realm=x"}},
        OAuth1Error,
        "the request already has an Authorization header of the OAuth scheme: take it out, for "
        "signature_type puts the parameters elsewhere",
    ),
    (
        {"timestamp": lambda: None},
        {"uri": "http://a/"},
        OAuth1TypeError,
        "timestamp() must be str or bytes, got None",
    ),
]


@pytest.mark.parametrize(
    ("settings", "arguments", "kind", "message"),
    WHEN_SIGNING,
    ids=[str(n) for n in range(len(WHEN_SIGNING))],
)
def test_requests_that_cannot_be_signed(
    settings: dict[str, Any], arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    client = Client("ck", CANARY, **settings)
    check(lambda: client.sign(**arguments), kind, message)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://LocalHost:8000/",
        "http://127.0.0.1/",
        "http://127.9.9.9:80/",
        "http://[::1]:5/",
        "https://example.com/",
        "HTTPS://example.com/",
    ],
)
def test_plaintext_is_sent_where_nobody_listens(url: str) -> None:
    _, headers, _ = Client("ck", "cs", signature_method="PLAINTEXT").sign(url)
    assert headers["Authorization"].endswith('oauth_signature="cs%26"')


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://10.0.0.1/",
        "http://[::2]/",
        "http://localhost@example.com/",
        "http://:80@example.com/",
        "ftp://example.com/",
    ],
)
def test_plaintext_is_refused_on_open_connections(url: str) -> None:
    client = Client("ck", "cs", signature_method="PLAINTEXT")
    headers = {"Host": "localhost"}
    with pytest.raises(OAuth1Error, match="PLAINTEXT sends the secrets"):
        client.sign(url, headers=headers)
    client.allow_insecure_plaintext = True
    client.sign(url, headers=headers)


def test_exceptions_of_callables_pass_through() -> None:
    def nonce() -> str:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Client("ck", nonce=nonce).sign("http://a/")


@pytest.mark.parametrize(
    "url",
    [
        # urllib3 connects to example.com here, where others see user information.
        "http://example.com\\@localhost/",
        "http://example.com \t@localhost/",
        "http://example.com\n@localhost/",
    ],
)
def test_hosts_that_clients_read_differently_are_refused(url: str) -> None:
    client = Client("ck", CANARY, signature_method="PLAINTEXT")
    check(lambda: client.sign(url), OAuth1Error, HOST)


def test_an_interrupt_is_not_taken_for_a_wrong_value() -> None:
    class Interrupted:
        def tell(self) -> int:
            raise KeyboardInterrupt

    class Fields(dict[str, str]):
        def items(self) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Client("ck", body_hash="sha1").sign("http://a/", "POST", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        Client("ck").sign("http://a/", "POST", Fields())


def test_a_subclass_of_bytes_cannot_decode_itself() -> None:
    class Endless(bytes):
        __slots__ = ()

        def decode(self, *_: object) -> Any:
            return self

    assert Client(Endless(b"ck")).client_key == "ck"


def test_an_error_at_the_end_of_the_interpreter_is_an_exception() -> None:
    code = (
        "from oauth1_rs import Client\n"
        "class Api:\n"
        "    def __init__(self): self.client = Client('k')\n"
        "    def __del__(self):\n"
        "        try: self.client.sign('/logout')\n"
        "        except Exception as error: print(type(error).__name__)\n"
        "api = Api()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "OAuth1Error\n", "")
