"""docs/providers.md: every block runs, and what it sends has the shape that the provider asks for.

The tables below are what each provider's source says, written down by hand: a test reads nothing of
them from the document, and nothing from the library.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from hashlib import sha1, sha256
from html.parser import HTMLParser
from typing import Any, Literal
from urllib.parse import unquote, urlencode

import documents
import pytest
import requests
import rsa_keys
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from oauth1_rs import OAuth1Session
from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint
from verifier import (
    FORM_MEDIA_TYPE,
    WireRequest,
    base_string_uri,
    decode_form,
    encode,
    parse_authorization,
    verify,
)
from wire_server import Answer, WireServer

NAME = "docs/providers.md"
BLOCKS = {block.heading: block.text for block in documents.blocks(NAME)}

# A provider's sites, which a server on this machine stands in for. The reader's own site is never
# asked, and a realm is no address.
SITES = re.compile(r'(?<!realm=")https?://(?!app\.example\.com)[a-z0-9.-]+(?::\d+)?')

# What a signature has unless a table says otherwise.
USUAL = {
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_version",
}
TEMPORARY = (
    "oauth_token=te%2Fmp%2B%3D&oauth_token_secret=temporary+secret&oauth_callback_confirmed=true"
)
TOKEN = "oauth_token=token&oauth_token_secret=token+secret"
CALLBACK = "https://app.example.com/callback"
REPLY = f"{CALLBACK}?oauth_token=te%2Fmp%2B%3D&oauth_verifier=verifier"
JSON = "application/json"

Place = Literal["header", "query", "body"]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a provider asks of one request."""

    start: str
    """HTTP method, path and query as they go out, but for what signing adds."""
    place: Place = "header"
    method: str = "HMAC-SHA1"
    also: Mapping[str, str] = field(default_factory=dict)
    """Protocol parameters beside the usual ones."""
    without: frozenset[str] = frozenset()
    """The usual ones that are not there."""
    realm: str | None = None
    encodes_header: bool = True
    """Whether the header's values are encoded, as section 3.5.1 asks."""
    client_secret: str = "client secret"
    token_secret: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    """The fields of the form, protocol parameters left out."""
    judge: Callable[[WireRequest, Sent], None] | None = None
    """In place of tests/verifier.py."""
    answer: str = ""
    """What the provider answers."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What one block of the document sends."""

    sent: tuple[Sent, ...]
    page: str | None = None
    """Path and query of the page that the user is sent to."""
    reply: str = REPLY
    """What the user comes back with."""
    client_key: str = "client key"
    after: Callable[[dict[str, Any]], None] | None = None
    """What somebody else does with the names of the block."""


def steps(
    request: str,
    access: str,
    *,
    callback: str | None = CALLBACK,
    verifier: str | None = "verifier",
    answer: str = TOKEN,
    **common: Any,
) -> tuple[Sent, Sent]:
    """Return the two token requests (RFC 5849 sections 2.1 and 2.3)."""
    first = {"oauth_callback": callback} if callback else {}
    second = {"oauth_token": "te/mp+="} | ({"oauth_verifier": verifier} if verifier else {})
    return (
        Sent(start=request, also=first, answer=TEMPORARY, **common),
        Sent(start=access, also=second, token_secret="temporary secret", answer=answer, **common),
    )


def signed(start: str, **settings: Any) -> Sent:
    """Return a request that is signed with the token."""
    settings = {"token_secret": "token secret", **settings}
    return Sent(start=start, also={"oauth_token": "token"}, **settings)


# --- Judges of what RFC 5849 does not have ----------------------------------------------------


def header_of(request: WireRequest, name: str) -> str:
    return str(dict(request.headers).get(name, ""))


def flickr(request: WireRequest, sent: Sent) -> None:
    """Check the signature over the fields of a multipart body, but for the photo."""
    parts = multipart(request)
    assert parts.pop("photo").startswith(b"\xff\xd8\xff")
    fields = {name: value.decode() for name, value in parts.items()}
    assert fields == {"title": "crème brûlée", "tags": "a b"}
    headers = {
        "Authorization": header_of(request, "Authorization"),
        "Content-Type": FORM_MEDIA_TYPE,
    }
    read = replace(request, headers=headers, body=urlencode(fields).encode())
    assert verify(read, sent.client_secret, sent.token_secret).accepted
    # As it stands, nothing of it is signed but the URL, and that is not what Flickr asks for.
    assert not verify(request, sent.client_secret, sent.token_secret).accepted


def x_upload(request: WireRequest, sent: Sent) -> None:
    """Check the fields of a multipart body, of which nothing is signed."""
    parts = multipart(request)
    assert parts.pop("media").startswith(b"\xff\xd8\xff")
    assert parts == {"media_category": b"tweet_image"}
    assert verify(request, sent.client_secret, sent.token_secret).accepted


def multipart(request: WireRequest) -> dict[str, bytes]:
    content_type = header_of(request, "Content-Type").encode()
    assert content_type.startswith(b"multipart/form-data;")
    message = message_from_bytes(b"Content-Type: " + content_type + b"\r\n\r\n" + request.body)
    parts = {}
    for part in message.get_payload():
        assert not isinstance(part, str)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        parts[str(part.get_param("name", header="Content-Disposition"))] = content
    return parts


def mastercard(request: WireRequest, sent: Sent) -> None:
    """Check a base string of values that are not encoded, and the hash of every body."""
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', header_of(request, "Authorization")))
    assert parameters["oauth_consumer_key"] == "client key!"
    body_hash = base64.b64encode(sha256(request.body).digest()).decode()
    assert parameters["oauth_body_hash"] == body_hash
    signature = base64.b64decode(unquote(parameters.pop("oauth_signature")))
    query = "q=a%3Ab%20c" if request.query else ""
    pairs = [*query.split(), *(f"{name}={value}" for name, value in parameters.items())]
    texts = [request.method.encode(), base_string_uri(request), "&".join(sorted(pairs)).encode()]
    base_string = b"&".join(map(encode, texts))
    rsa_keys.private_key().public_key().verify(signature, base_string, PKCS1v15(), SHA256())
    assert not verify(request, "", public_key=rsa_keys.public_key()).accepted


class _Validator(RequestValidator):  # type: ignore[misc]
    """What oauthlib asks a tool that is launched."""

    enforce_ssl = False
    client_key_length = nonce_length = (1, 100)
    safe_characters = RequestValidator().safe_characters | {" "}

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == "client key"

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return "client secret"

    def validate_timestamp_and_nonce(self, *_: Any, **__: Any) -> bool:
        return True


def lti(request: WireRequest, sent: Sent) -> None:
    """Verify a launch as tools do that are built on oauthlib."""
    endpoint = SignatureOnlyEndpoint(_Validator())
    uri = f"{request.scheme}://{request.host.decode()}{request.target.decode()}"
    headers = {"Content-Type": FORM_MEDIA_TYPE}

    def accepts(body: bytes) -> bool:
        accepted, _ = endpoint.validate_request(uri, "POST", body.decode(), headers)
        return bool(accepted)

    assert accepts(request.body)
    assert not accepts(request.body.replace(b"basic-lti", b"basic-ltx"))
    assert verify(request, sent.client_secret).accepted


class _Form(HTMLParser):
    """What a browser reads of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert attributes["method"] == "post"
            self.action = attributes["action"]
        elif "name" in attributes:
            self.fields.append((attributes["name"], attributes["value"]))


def press_the_button(names: dict[str, Any]) -> None:
    form = _Form(names["page"])
    requests.post(form.action, data=form.fields).raise_for_status()


# --- The recipes ------------------------------------------------------------------------------

RECIPES = {
    "NetSuite": Recipe(
        sent=(
            signed(
                "POST /app/site/hosting/restlet.nl?script=12&deploy=1",
                method="HMAC-SHA256",
                realm="1234567_SB1",
                headers={"Content-Type": JSON},
            ),
        )
    ),
    "Magento": Recipe(
        sent=(
            *steps(
                "POST /oauth/token/request",
                "POST /oauth/token/access",
                callback=None,
                method="HMAC-SHA256",
            ),
            signed("GET /rest/V1/products/1", method="HMAC-SHA256"),
        )
    ),
    "WooCommerce": Recipe(
        sent=(
            Sent(
                start="GET /wp-json/wc/v3/products?search=a+b",
                place="query",
                method="HMAC-SHA256",
                without=frozenset({"oauth_version"}),
            ),
            Sent(
                start="POST /wp-json/wc/v3/products",
                place="query",
                method="HMAC-SHA256",
                without=frozenset({"oauth_version"}),
                headers={"Content-Type": JSON},
            ),
        )
    ),
    "Jira Data Center": Recipe(
        sent=(
            *steps(
                "POST /plugins/servlet/oauth/request-token",
                "POST /plugins/servlet/oauth/access-token",
                method="RSA-SHA1",
            ),
            signed("GET /rest/api/2/myself", method="RSA-SHA1"),
        ),
        page="/plugins/servlet/oauth/authorize?oauth_token=te%2Fmp%2B%3D",
    ),
    "Jira Data Center, two-legged": Recipe(
        sent=(
            Sent(
                start="GET /rest/api/2/search?jql=project+%3D+DEMO",
                place="query",
                method="RSA-SHA1",
                also={"oauth_token": ""},
            ),
        )
    ),
    "Mastercard": Recipe(
        sent=(
            Sent(
                start="GET /service?q=a%3Ab+c",
                method="RSA-SHA256",
                also={"oauth_body_hash": base64.b64encode(sha256().digest()).decode()},
                encodes_header=False,
                judge=mastercard,
            ),
            Sent(
                start="POST /service",
                method="RSA-SHA256",
                also={
                    "oauth_body_hash": base64.b64encode(
                        sha256(rb'{"name": "\u00c6"}').digest()
                    ).decode()
                },
                headers={"Content-Type": JSON},
                encodes_header=False,
                judge=mastercard,
            ),
        ),
        client_key="client key!",
    ),
    "MAAS": Recipe(
        sent=(
            signed(
                "GET /MAAS/api/2.0/machines/?op=list_allocated",
                method="PLAINTEXT",
                client_secret="",
            ),
        )
    ),
    "Launchpad": Recipe(
        sent=(
            *steps(
                "POST /+request-token",
                "POST /+access-token",
                callback=None,
                verifier=None,
                method="PLAINTEXT",
                place="body",
                client_secret="",
                without=frozenset({"oauth_nonce", "oauth_timestamp", "oauth_version"}),
                headers={"Content-Type": FORM_MEDIA_TYPE},
                answer=f"{TOKEN}&lp.context=None",
            ),
            signed(
                "GET /devel/people/+me",
                method="PLAINTEXT",
                client_secret="",
                realm="https://api.launchpad.net/",
            ),
        ),
        client_key="just testing",
        page="/+authorize-token?oauth_callback=https%3A%2F%2Fapp.example.com%2Fcallback"
        "&oauth_token=te%2Fmp%2B%3D",
        reply="",
    ),
    "Discogs": Recipe(
        sent=tuple(
            replace(
                sent,
                method="PLAINTEXT",
                headers={"User-Agent": "ExampleApp/1.0 +https://app.example.com"},
            )
            for sent in (
                *steps("GET /oauth/request_token", "POST /oauth/access_token"),
                signed("GET /oauth/identity"),
            )
        ),
        page="/oauth/authorize?oauth_token=te%2Fmp%2B%3D",
    ),
    "Flickr": Recipe(
        sent=(
            *steps("POST /services/oauth/request_token", "POST /services/oauth/access_token"),
            signed("GET /services/rest?method=flickr.photos.search&text=a%20b"),
        ),
        page="/services/oauth/authorize?perms=write&oauth_token=te%2Fmp%2B%3D",
    ),
    "Flickr upload": Recipe(sent=(signed("POST /services/upload/", judge=flickr),)),
    "MediaWiki": Recipe(
        sent=(
            *steps(
                "POST /w/index.php?title=Special%3AOAuth%2Finitiate",
                "POST /w/index.php?title=Special%3AOAuth%2Ftoken",
                callback="oob",
            ),
            signed("GET /w/api.php?action=query&meta=userinfo"),
        ),
        page="/wiki/Special:OAuth/authorize?oauth_consumer_key=client%20key"
        "&oauth_token=te%2Fmp%2B%3D",
        reply="verifier",
    ),
    "LTI 1.1": Recipe(
        sent=(
            Sent(
                start="POST /launch?course=1",
                place="body",
                also={"oauth_callback": "about:blank"},
                form={
                    "lti_message_type": "basic-lti-launch-request",
                    "lti_version": "LTI-1p0",
                    "resource_link_id": "120988f929-274612",
                    "context_title": "Crème & brûlée",
                },
                judge=lti,
            ),
        ),
        after=press_the_button,
    ),
    "LTI 1.1 Outcomes": Recipe(
        sent=(
            Sent(
                start="POST /outcomes",
                also={
                    "oauth_body_hash": base64.b64encode(
                        sha1(b"<imsx_POXEnvelopeRequest/>").digest()
                    ).decode()
                },
                headers={"Content-Type": "application/xml"},
            ),
        )
    ),
    "Instapaper": Recipe(
        sent=(
            Sent(
                start="POST /api/1/oauth/access_token",
                form={
                    "x_auth_username": "user@example.com",
                    "x_auth_password": "p&ss word",
                    "x_auth_mode": "client_auth",
                },
                answer=TOKEN,
            ),
            signed("POST /api/1/bookmarks/list", form={"limit": "10"}),
        )
    ),
    "Clever Cloud": Recipe(
        sent=(
            *steps(
                "POST /v2/oauth/request_token",
                "POST /v2/oauth/access_token",
                method="HMAC-SHA512",
            ),
            signed("GET /v2/self", method="HMAC-SHA512"),
        ),
        page="/v2/oauth/authorize?oauth_token=te%2Fmp%2B%3D",
    ),
    "Evernote": Recipe(
        sent=steps(
            "GET /oauth",
            "GET /oauth",
            answer="oauth_token=token&oauth_token_secret=&edam_shard=s1&edam_userId=1",
        ),
        page="/OAuth.action?oauth_token=te%2Fmp%2B%3D",
    ),
    "E*TRADE": Recipe(
        sent=(
            *steps("GET /oauth/request_token", "GET /oauth/access_token", callback="oob"),
            signed("GET /v1/accounts/list"),
            signed("GET /oauth/renew_access_token"),
        ),
        page="/e/t/etws/authorize?key=client%20key&token=te%2Fmp%2B%3D",
        reply="verifier",
    ),
    "X": Recipe(
        sent=(
            *steps(
                "POST /oauth/request_token?x_auth_access_type=write",
                "POST /oauth/access_token",
                callback="oob",
            ),
            signed("POST /2/media/upload", judge=x_upload),
            signed("POST /2/tweets", headers={"Content-Type": JSON}),
            signed("POST /1.1/statuses/update.json", form={"status": "a & b"}),
        ),
        page="/oauth/authorize?oauth_token=te%2Fmp%2B%3D",
        reply="verifier",
    ),
}


def without_token(**settings: Any) -> Sent:
    return Sent(start="GET /", **settings)


# The rows of the table that have keywords.
OTHERS = {
    "BrickLink": signed("GET /", realm=""),
    "Cerner": signed("GET /", method="PLAINTEXT", realm="https://oauth-api.cerner.com"),
    "fatsecret": signed("GET /", place="query"),
    "Foreman, Satellite": without_token(),
    "Jazz, IBM ELM": without_token(also={"oauth_token": ""}),
    "Noun Project": without_token(),
    "OneRoster 1.1": without_token(method="HMAC-SHA256"),
    "Open Bank Project (public code)": signed("GET /", method="HMAC-SHA256"),
    "Schoology": signed("GET /", realm="Schoology API"),
}


def rows() -> dict[str, str]:
    """Return the keywords of each row, by the provider's name."""
    _, table = documents.read(NAME).split("## Others")
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    names = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", cells[1]).strip() for cells in lines[1:]]
    keywords = [cells[2].strip(" `") for cells in lines[1:]]
    return dict(zip(names, keywords, strict=True))


class StandIn(WireServer):
    """Answers requests in the order in which a recipe sends them."""

    def __init__(self, answers: list[str]) -> None:
        super().__init__()
        self._answers = iter(answers)

    def answer(self, request: WireRequest) -> Answer:
        return Answer(next(self._answers, "").encode())


@contextmanager
def standing_in(*sent: Sent, client_key: str = "client key") -> Iterator[StandIn]:
    """Give a server that stands in for a provider, and check what came there."""
    server = StandIn([it.answer for it in sent])
    with server:
        yield server
    assert len(server.requests) == len(sent)
    for request, it in zip(server.requests, sent, strict=True):
        check(request, it, client_key)


def check(request: WireRequest, sent: Sent, client_key: str) -> None:
    path, *pieces = re.split("[?&]", request.target.decode())
    query = "&".join(piece for piece in pieces if not piece.startswith("oauth_"))
    assert f"{request.method} {path}{query and '?'}{query}" == sent.start
    for name, value in sent.headers.items():
        assert header_of(request, name) == value
        assert value != JSON or json.loads(request.body)
    pairs = [(name.decode(), value.decode()) for name, value in decode_form(request.form)]
    fields = [(name, value) for name, value in pairs if not name.startswith("oauth_")]
    assert fields == list(sent.form.items())
    realm, parameters = protocol_parameters(request, sent)
    assert realm == sent.realm
    assert set(parameters) == USUAL - sent.without | set(sent.also)
    expected = {
        **sent.also,
        "oauth_consumer_key": client_key,
        "oauth_signature_method": sent.method,
        "oauth_version": "1.0",
    }
    for name in expected.keys() - sent.without:
        assert parameters[name] == expected[name], name
    if sent.judge:
        sent.judge(request, sent)
    else:
        secrets = sent.client_secret, sent.token_secret
        verdict = verify(request, *secrets, public_key=rsa_keys.public_key())
        assert verdict.accepted, verdict.reason


def protocol_parameters(request: WireRequest, sent: Sent) -> tuple[str | None, dict[str, str]]:
    """Read them from the place where they have to be."""
    authorization = header_of(request, "Authorization")
    assert bool(authorization) == (sent.place == "header")
    if not sent.encodes_header:
        return None, {
            name: unquote(value) if name == "oauth_signature" else value
            for name, value in re.findall(r'(\w+)="([^"]*)"', authorization)
        }
    realm, in_header = parse_authorization(authorization) if authorization else (None, [])
    places = {
        "header": in_header,
        "query": decode_form(request.query),
        "body": decode_form(request.form),
    }
    pairs = [(name.decode(), value.decode()) for name, value in places[sent.place]]
    return realm, {name: value for name, value in pairs if name.startswith("oauth_")}


def test_every_block_has_a_recipe() -> None:
    blocks = documents.blocks(NAME)
    assert sorted(block.heading for block in blocks) == sorted(RECIPES)
    assert {block.language for block in blocks} == {"python"}


@pytest.mark.usefixtures("readers_folder")
@pytest.mark.parametrize("heading", RECIPES)
def test_a_block_sends_what_its_provider_asks_for(heading: str) -> None:
    recipe = RECIPES[heading]
    shown: list[str] = []

    def reply(page: str) -> str:
        shown.append(page)
        return recipe.reply

    with standing_in(*recipe.sent, client_key=recipe.client_key) as server:
        code = SITES.sub(server.url, BLOCKS[heading])
        names = documents.run(NAME, code, reply)
        if recipe.after:
            recipe.after(names)
    assert shown == ([] if recipe.page is None else [f"{server.url}{recipe.page}"])


def test_every_row_with_keywords_is_checked() -> None:
    assert {name for name, keywords in rows().items() if keywords} == set(OTHERS)


@pytest.mark.parametrize("name", OTHERS)
def test_the_keywords_of_a_row_give_what_its_provider_asks_for(name: str) -> None:
    keywords = eval(f"dict({rows()[name]})")
    settings = {
        "client_secret": "client secret",
        "resource_owner_key": "token",
        "resource_owner_secret": "token secret",
    }
    session = OAuth1Session("client key", **{**settings, **keywords})
    with standing_in(OTHERS[name]) as server:
        session.get(f"{server.url}/").raise_for_status()


def test_the_token_endpoints_that_no_block_asks() -> None:
    table = documents.read(NAME).partition("## NetSuite")[2].partition("\n## ")[0]
    host = "https://<account>.restlets.api.netsuite.com/rest"
    assert f"| request | `{host}/requesttoken`;" in table
    assert f"| access | `{host}/accesstoken` |" in table
