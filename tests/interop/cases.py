"""The requests, and how this library signs them."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import rsa_keys
from oauth1_rs import Client
from verifier import FORM_MEDIA_TYPE, Verdict, WireRequest, verify

Credentials = tuple[str, str]

METHODS = (
    "HMAC-SHA1",
    "HMAC-SHA256",
    "HMAC-SHA512",
    "RSA-SHA1",
    "RSA-SHA256",
    "RSA-SHA512",
    "PLAINTEXT",
)
PLACEMENTS = {"AUTH_HEADER": "header", "QUERY": "query", "BODY": "body"}

_serial = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """A request that somebody might get wrong."""

    name: str
    section: str
    """Of RFC 5849, which says how it is signed."""
    url: str
    method: str = "GET"
    form: str | None = None
    body: str = ""
    content_type: str | None = None
    client: Credentials = ("dpf43f3p2l4k3l03", "kd94hf93k423kf44")
    token: Credentials | None = ("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")
    callback: str | None = None
    verifier: str | None = None
    realm: str | None = None

    @property
    def client_secret(self) -> str:
        return self.client[1]

    @property
    def token_secret(self) -> str:
        return self.token[1] if self.token else ""

    @property
    def headers(self) -> dict[str, str]:
        content_type = self.content_type or (FORM_MEDIA_TYPE if self.form is not None else None)
        return {} if content_type is None else {"Content-Type": content_type}


def load() -> list[Case]:
    cases = []
    for fields in json.loads(Path(__file__).with_name("requests.json").read_text()):
        for name in {"client", "token"} & fields.keys():
            fields[name] = fields[name] and tuple(fields[name])
        cases.append(Case(**fields))
    return cases


def placements(case: Case, method: str) -> list[str]:
    """Return where the protocol parameters may be (section 3.5)."""
    query = [] if method == "PLAINTEXT" else ["QUERY"]  # refused: URLs end up in logs
    body = [] if case.form is None else ["BODY"]
    return ["AUTH_HEADER", *query, *body]


@dataclass(frozen=True)
class Signed:
    """A request as it goes out."""

    case: Case
    method: str
    wire: WireRequest

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.wire.headers)  # type: ignore[arg-type]  # made of a dict of str, below

    def verdict(self) -> Verdict:
        """The independent judge's."""
        return verify(
            self.wire, self.case.client_secret, self.case.token_secret, rsa_keys.public_key()
        )


def sign(
    case: Case,
    method: str,
    placement: str,
    *,
    nonce: str | None = None,
    timestamp: str | None = None,
    body_hash: str | None = None,
    protocol_parameters: Mapping[str, str | None] | None = None,
) -> Signed:
    """Sign with this library; every call has a nonce of its own, unless it is given one."""
    token, token_secret = case.token or (None, None)
    client = Client(
        case.client[0],
        client_secret=case.client_secret,
        resource_owner_key=token,
        resource_owner_secret=token_secret,
        callback_uri=case.callback,
        verifier=case.verifier,
        signature_method=method,
        signature_type=placement,
        rsa_key=rsa_keys.path(2048) if method.startswith("RSA") else None,
        nonce=nonce or f"nonce{next(_serial)}",
        timestamp=timestamp or str(int(time.time())),
        allow_insecure_plaintext=True,
        body_hash=body_hash,  # type: ignore[arg-type]  # one of the two names
        protocol_parameters=protocol_parameters,
    )
    # Without a body that is no form, to which `Client`, other than `OAuth1`, adds a hash.
    url, headers, body = client.sign(
        case.url, case.method, case.form, dict(case.headers), realm=case.realm
    )
    sent = case.body if body is None else body
    return Signed(case, method, WireRequest.from_url(case.method, url, headers, sent))


def received(case: Case, method: str, authorization: str) -> Signed:
    """Return the request that somebody else has signed, in the header."""
    headers = {**case.headers, "Authorization": authorization}
    body = case.body if case.form is None else case.form
    return Signed(case, method, WireRequest.from_url(case.method, case.url, headers, body))
