"""Runs ``tests/vectors/*.json`` through ``Client``. ``tests/vectors/README.md`` has the fields.

``Client`` shows no base string. Where an entry has one, the signature that belongs to it is
computed here with the standard library, so that no expectation comes from the package itself.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from oauth1_rs import Client, OAuth1Error

# White space around a credential counts like any other character, and is warned of.
pytestmark = pytest.mark.filterwarnings("ignore::oauth1_rs.WhiteSpaceWarning")

FORM = "application/x-www-form-urlencoded"

NO_PROTOCOL_PARAMETERS = dict.fromkeys(
    [
        "oauth_consumer_key",
        "oauth_nonce",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_version",
    ]
)

# Method, base string URI and parameters.
BASE_STRING_PARTS = 3

Pairs = Sequence[Sequence[str]]
SignatureType = Literal["AUTH_HEADER", "QUERY", "BODY"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vector:
    """What every entry has; a field that its class has not is an error."""

    id: str
    source: str
    conformance: Literal["rfc", "divergent", "erroneous"]
    reason: str | None = None
    notes: str | None = None
    oauthlib_reason: str | None = None

    def compare(self, subject: str, *, published: object, ours: object) -> None:
        if self.conformance == "rfc":
            assert ours == published, f"{subject} of {self.id} ({self.source})"
        else:
            assert ours != published, f"{subject} of {self.id} is as published: {self.reason}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RequestVector(Vector):
    """An entry of ``request.json`` or ``base_string.json``."""

    method: str
    url: str
    query_params: Pairs = ()
    body: str | None = None
    body_params: Pairs | None = None
    content_type: str | None = None
    consumer_key: str | None = None
    consumer_secret: str = ""
    token: str | None = None
    token_secret: str = ""
    realm: str | None = None
    callback: str | None = None
    verifier: str | None = None
    nonce: str | None = None
    timestamp: str | None = None
    signature_method: str | None = None
    private_key: str | None = None
    version_param_included: bool = False
    extra_oauth_params: Pairs = ()
    single_encoding: bool = False
    signs_with_single_encoding: bool = False
    expected_signing_key: str | None = None
    expected_normalized_params: str | None = None
    expected_base_string: str | None = None
    expected_signature: str | None = None
    expected_authorization_header: str | None = None
    expected_body_hash: str | None = None
    expected_url: str | None = None
    expected_body: str | None = None

    @property
    def uri(self) -> str:
        return with_query(self.url, form_encoded(self.query_params))

    def signature(self, signature_method: str | None = None) -> str:
        return signature_in(self.authorization_header(signature_method))

    def authorization_header(self, signature_method: str | None = None) -> str:
        _, headers, _ = self.sign("AUTH_HEADER", signature_method)
        return str(headers["Authorization"])

    def sign(
        self, signature_type: SignatureType, signature_method: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Sign, if asked to by another method than the one that the request names."""
        method = signature_method or self.signature_method or "HMAC-SHA1"
        client = Client(
            self.consumer_key or "",
            self.consumer_secret,
            self.token,
            self.token_secret,
            callback_uri=self.callback,
            signature_method=method,
            signature_type=signature_type,
            rsa_key=read_key(self.private_key) if method.startswith("RSA") else None,
            verifier=self.verifier,
            realm=self.realm,
            nonce=self.nonce,
            timestamp=self.timestamp,
            protocol_parameters=self.protocol_parameters(),
            body_hash=self.body_hash(),
            allow_insecure_plaintext=True,
            single_encoding=self.signs_with_single_encoding,
        )
        headers = {} if self.content_type is None else {"Content-Type": self.content_type}
        return client.sign(self.uri, self.method, self.request_body(), headers)

    def protocol_parameters(self) -> dict[str, str | None]:
        """Take out what the request has not, and add what it has beyond that."""
        parameters: dict[str, str | None] = {}
        if self.consumer_key is None:
            parameters["oauth_consumer_key"] = None
        if self.nonce is None:
            parameters["oauth_nonce"] = None
        if self.timestamp is None:
            parameters["oauth_timestamp"] = None
        if not self.version_param_included:
            parameters["oauth_version"] = None
        parameters["oauth_signature_method"] = self.signature_method if self.consumer_key else None
        parameters.update((name, value) for name, value in self.extra_oauth_params)
        if self.body_hash() is not None:
            del parameters["oauth_body_hash"]
        return parameters

    def body_hash(self) -> Literal["sha1", "sha256"] | None:
        """Return the algorithm that gives the ``oauth_body_hash`` of the request, if one does."""
        published = [value for name, value in self.extra_oauth_params if name == "oauth_body_hash"]
        body = (self.body or "").encode()
        if published == [base64_text(hashlib.sha1(body, usedforsecurity=False).digest())]:
            return "sha1"
        if published == [base64_text(hashlib.sha256(body).digest())]:
            return "sha256"
        return None

    def request_body(self) -> Any:
        """Return the body; one that is no form as a file, for Client would hash a text."""
        if self.body_params is not None:
            return [(name, value) for name, value in self.body_params]
        if self.body is None or self.content_type == FORM:
            return self.body
        return io.BytesIO(self.body.encode())


@dataclasses.dataclass(frozen=True, kw_only=True)
class BaseUriVector(Vector):
    url: str
    expected_base_uri: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class NormalizeParamsVector(Vector):
    input: Pairs
    expected_normalized_params: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PercentEncodeVector(Vector):
    input: str
    expected_output: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class BodyHashVector(Vector):
    body: str
    hash_algorithm: Literal["sha1", "sha256"]
    expected_body_hash: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignTextVector(Vector):
    consumer_secret: str = ""
    token_secret: str = ""
    private_key: str | None = None
    signature_method: str
    input: str = ""
    expected_signature: str

    def signature(self) -> str:
        """Sign the request whose base string is the text; PLAINTEXT signs no text."""
        base_string = self.input or "GET&https%3A%2F%2Fa.example%2F&"
        method, uri, form = base_string.split("&")
        return sign_form(
            unquote(form),
            method=method,
            uri=unquote(uri),
            secrets=(self.consumer_secret, self.token_secret),
            signature_method=self.signature_method,
            rsa_key=read_key(self.private_key),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SigningKeyVector(Vector):
    consumer_secret: str
    token_secret: str
    expected_signing_key: str


AnyVector = TypeVar("AnyVector", bound=Vector)


def read(kind: str, vector_class: type[AnyVector]) -> list[AnyVector]:
    path = Path(__file__).parent / "vectors" / f"{kind}.json"
    vectors = [vector_class(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    assert vectors, f"{path} has no entries"
    return vectors


def with_option(vectors: list[RequestVector]) -> list[RequestVector]:
    """Add those that signing with ``single_encoding`` gives as they are published."""
    encoded_once = [
        dataclasses.replace(
            vector,
            id=f"{vector.id}-single-encoding",
            conformance="rfc",
            reason=None,
            signs_with_single_encoding=True,
        )
        for vector in vectors
        if vector.single_encoding
    ]
    assert encoded_once
    return vectors + encoded_once


def parametrize(vectors: Iterable[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "vector", [pytest.param(vector, id=vector.id) for vector in vectors]
    )


REQUESTS = with_option(read("request", RequestVector))
BASE_STRINGS = with_option(read("base_string", RequestVector))
PERCENT_ENCODINGS = read("percent_encode", PercentEncodeVector)
# Texts that are no base strings cannot come out of a request: they are left to tests/vectors.rs.
SIGNED_TEXTS = [
    vector
    for vector in read("sign_text", SignTextVector)
    if vector.signature_method == "PLAINTEXT" or len(vector.input.split("&")) == BASE_STRING_PARTS
]


@parametrize(vector for vector in REQUESTS if vector.expected_signature is not None)
def test_signature(vector: RequestVector) -> None:
    vector.compare("signature", published=vector.expected_signature, ours=vector.signature())


@parametrize(vector for vector in REQUESTS if vector.expected_signature is not None)
def test_signature_depends_on_both_secrets(vector: RequestVector) -> None:
    check_with_other_secrets(vector)


@parametrize(
    vector for vector in REQUESTS + BASE_STRINGS if vector.expected_base_string is not None
)
def test_base_string(vector: RequestVector) -> None:
    assert vector.expected_base_string is not None
    published = hmac_sha256(
        vector.expected_base_string, (vector.consumer_secret, vector.token_secret)
    )
    ours = vector.signature("HMAC-SHA256")
    vector.compare("signature of the base string", published=published, ours=ours)


@parametrize(vector for vector in REQUESTS if vector.expected_normalized_params is not None)
def test_normalized_params_of_request(vector: RequestVector) -> None:
    assert vector.expected_normalized_params is not None
    assert vector.expected_base_string is not None
    method_and_uri, _, _ = vector.expected_base_string.rpartition("&")
    published = hmac_sha256(
        f"{method_and_uri}&{encode(vector.expected_normalized_params)}",
        (vector.consumer_secret, vector.token_secret),
    )
    ours = vector.signature("HMAC-SHA256")
    vector.compare("signature of the parameters", published=published, ours=ours)


@parametrize(vector for vector in REQUESTS if vector.expected_signing_key is not None)
def test_signing_key_of_request(vector: RequestVector) -> None:
    published = vector.expected_signing_key
    vector.compare("signing key", published=published, ours=vector.signature("PLAINTEXT"))


@parametrize(vector for vector in REQUESTS if vector.expected_authorization_header is not None)
def test_authorization_header(vector: RequestVector) -> None:
    assert vector.expected_authorization_header is not None
    vector.compare(
        "Authorization header",
        published=unordered_header(vector.expected_authorization_header),
        ours=unordered_header(vector.authorization_header()),
    )


@parametrize(vector for vector in REQUESTS if vector.expected_url is not None)
def test_url(vector: RequestVector) -> None:
    assert vector.expected_url is not None
    if vector.signature_method == "PLAINTEXT":
        # Refused in the query: what the header holds is put there.
        with pytest.raises(OAuth1Error):
            vector.sign("QUERY")
        parameters = header_parameters(vector.authorization_header())
        signed = with_query(vector.uri, "&".join(parameters).replace('"', ""))
    else:
        signed, _, _ = vector.sign("QUERY")
    vector.compare(
        "URL",
        published=unordered_path_and_query(vector.expected_url),
        ours=unordered_path_and_query(signed),
    )


@parametrize(vector for vector in REQUESTS if vector.expected_body is not None)
def test_body(vector: RequestVector) -> None:
    assert vector.expected_body is not None
    _, _, signed = vector.sign("BODY")
    vector.compare(
        "body", published=unordered_form(vector.expected_body), ours=unordered_form(signed)
    )


@parametrize(read("base_uri", BaseUriVector))
def test_base_uri(vector: BaseUriVector) -> None:
    query = parse_qsl(urlsplit(vector.url).query, keep_blank_values=True)
    base_string = f"GET&{encode(vector.expected_base_uri)}&{encode(form_encoded(query))}"
    vector.compare(
        "signature of the base string",
        published=hmac_sha256(base_string, ("client secret", "token secret")),
        ours=sign_form("", method="GET", uri=vector.url),
    )


@parametrize(read("normalize_params", NormalizeParamsVector))
def test_normalize_params(vector: NormalizeParamsVector) -> None:
    base_string = f"POST&{encode('https://a.example/')}&{encode(vector.expected_normalized_params)}"
    vector.compare(
        "signature of the base string",
        published=hmac_sha256(base_string, ("client secret", "token secret")),
        ours=sign_form([(name, value) for name, value in vector.input]),
    )


@parametrize(vector for vector in PERCENT_ENCODINGS if not {"\r", "\n"} & set(vector.input))
def test_percent_encode_in_header(vector: PercentEncodeVector) -> None:
    client = Client("client", resource_owner_key=vector.input)
    _, headers, _ = client.sign("https://a.example/")
    token = dict(
        parameter.split("=", 1) for parameter in header_parameters(headers["Authorization"])
    )["oauth_token"]
    vector.compare("token in the header", published=f'"{vector.expected_output}"', ours=token)


@parametrize(PERCENT_ENCODINGS)
def test_percent_encode_in_base_string(vector: PercentEncodeVector) -> None:
    base_string = f"POST&{encode('https://a.example/')}&{encode(f'name={vector.expected_output}')}"
    vector.compare(
        "signature of the base string",
        published=hmac_sha256(base_string, ("client secret", "token secret")),
        ours=sign_form([("name", vector.input)]),
    )


@parametrize(vector for vector in REQUESTS + BASE_STRINGS if vector.expected_body_hash is not None)
def test_body_hash_of_request(vector: RequestVector) -> None:
    published = f'oauth_body_hash="{encode(vector.expected_body_hash or "")}"'
    ours = [
        parameter
        for parameter in header_parameters(vector.authorization_header())
        if parameter.startswith("oauth_body_hash=")
    ]
    vector.compare("body hash", published=[published], ours=ours)


@parametrize(read("body_hash", BodyHashVector))
def test_body_hash(vector: BodyHashVector) -> None:
    client = Client("client", body_hash=vector.hash_algorithm)
    text = {"Content-Type": "text/plain"}
    _, headers, _ = client.sign("https://a.example/", "POST", vector.body, text)
    published = f'oauth_body_hash="{encode(vector.expected_body_hash)}"'
    ours = [
        parameter
        for parameter in header_parameters(headers["Authorization"])
        if parameter.startswith("oauth_body_hash=")
    ]
    vector.compare("body hash", published=[published], ours=ours)


@parametrize(SIGNED_TEXTS)
def test_sign_text(vector: SignTextVector) -> None:
    vector.compare("signature", published=vector.expected_signature, ours=vector.signature())


@parametrize(SIGNED_TEXTS)
def test_signed_text_depends_on_both_secrets(vector: SignTextVector) -> None:
    check_with_other_secrets(vector)


@parametrize(read("signing_key", SigningKeyVector))
def test_signing_key(vector: SigningKeyVector) -> None:
    secrets = (vector.consumer_secret, vector.token_secret)
    ours = sign_form("", secrets=secrets, signature_method="PLAINTEXT")
    vector.compare("signing key", published=vector.expected_signing_key, ours=ours)


def sign_form(
    form: str | list[tuple[str, str]],
    *,
    method: str = "POST",
    uri: str = "https://a.example/",
    secrets: tuple[str, str] = ("client secret", "token secret"),
    signature_method: str = "HMAC-SHA256",
    rsa_key: Path | None = None,
) -> str:
    """Return the signature of a request that has no parameters but those of its URI and form."""
    client = Client(
        "",
        secrets[0],
        resource_owner_secret=secrets[1],
        signature_method=signature_method,
        rsa_key=rsa_key,
        protocol_parameters=NO_PROTOCOL_PARAMETERS,
        allow_insecure_plaintext=True,
    )
    _, headers, _ = client.sign(uri, method, form, {"Content-Type": FORM})
    return signature_in(headers["Authorization"])


def read_key(name: str | None) -> Path | None:
    return None if name is None else Path(__file__).parent / "vectors" / "keys" / f"{name}.pem"


def hmac_sha256(base_string: str, secrets: tuple[str, str]) -> str:
    key = "&".join(map(encode, secrets))
    return base64_text(hmac.digest(key.encode(), base_string.encode(), "sha256"))


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def encode(text: str) -> str:
    return quote(text, safe="-._~")


def form_encoded(parameters: Iterable[Sequence[str]]) -> str:
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in parameters)


def with_query(uri: str, query: str) -> str:
    if not query:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def check_with_other_secrets(vector: RequestVector | SignTextVector) -> None:
    """Change a secret: the signature changes, unless a private key gives it (section 3.4.3)."""
    others = [
        dataclasses.replace(vector, consumer_secret=change_last_character(vector.consumer_secret)),
        dataclasses.replace(vector, token_secret=change_last_character(vector.token_secret)),
    ]
    for other in others:
        is_the_same = other.signature() == vector.signature()
        assert is_the_same == (vector.private_key is not None)


def change_last_character(secret: str) -> str:
    return secret[:-1] + ("y" if secret.endswith("x") else "x")


def signature_in(header: str) -> str:
    _, _, rest = header.partition('oauth_signature="')
    signature, _, _ = rest.partition('"')
    return unquote(signature)


def unordered_header(header: str) -> list[str]:
    """Return the parameters sorted; realm must come first and stays there."""
    parameters = header_parameters(header)
    protocol = 1 if parameters[0].startswith("realm=") else 0
    return parameters[:protocol] + sorted(parameters[protocol:])


def header_parameters(header: str) -> list[str]:
    assert header.startswith("OAuth ")
    return [parameter.strip() for parameter in header.removeprefix("OAuth ").split(",")]


def unordered_path_and_query(url: str) -> tuple[str, list[str]]:
    """Return path and query: some sources print no more of the URL."""
    parts = urlsplit(url)
    return parts.path, unordered_form(parts.query)


def unordered_form(form: str) -> list[str]:
    return sorted(form.split("&"))
