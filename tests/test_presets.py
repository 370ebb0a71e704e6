"""`oauth1_rs.providers`: it says what docs/providers.md says, and sessions do as it says."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import documents
import pytest
import rsa_keys
from browser import decide
from oauth1_rs import (
    OAuth1Error,
    OAuth1Session,
    OAuth1TypeError,
    VerifierMissing,
    providers,
    requests_oauthlib,
)
from oauth1_rs.httpx import OAuth1Client
from oauth1_rs.providers import Provider
from provider import Provider as LoopbackProvider
from test_providers import CALLBACK, NAME, OTHERS, RECIPES, Sent, rows, standing_in, steps
from verifier import decode_form
from wire_server import Answer, WireServer

URLS = ["request_token_url", "authorization_url", "access_token_url"]

# The headings of docs/providers.md, and the names in its last table.
PRESETS = {
    "Alchemer": "alchemer",
    "AWeber": "aweber",
    "BrickLink": "bricklink",
    "Cerner": "cerner",
    "Clever Cloud": "clever-cloud",
    "Discogs": "discogs",
    "E*TRADE": "etrade",
    "Evernote": "evernote",
    "fatsecret": "fatsecret",
    "Flickr": "flickr",
    "Foreman, Satellite": "foreman",
    "Garmin": "garmin",
    "Instapaper": "instapaper",
    "Jazz, IBM ELM": "jazz",
    "Jira Data Center": "jira",
    "Launchpad": "launchpad",
    "MAAS": "maas",
    "Magento": "magento",
    "Mastercard": "mastercard",
    "MediaWiki": "mediawiki",
    "NetSuite": "netsuite",
    "Noun Project": "noun-project",
    "OneRoster 1.1": "oneroster",
    "Open Bank Project (public code)": "open-bank-project",
    "Plurk": "plurk",
    "Ravelry": "ravelry",
    "Schoology": "schoology",
    "Sellsy v1": "sellsy",
    "SmugMug": "smugmug",
    "Trello": "trello",
    "TripIt": "tripit",
    "Tumblr": "tumblr",
    "USOS (public code)": "usos",
    "WooCommerce": "woocommerce",
    "WordPress, OAuth 1 plugin": "wordpress",
    "X": "x",
    "Xing": "xing",
    "Zotero": "zotero",
}
# Below these is another provider's second recipe, or none that a session is for.
NO_PRESETS = {"Flickr upload", "Jira Data Center, two-legged", "LTI 1.1", "LTI 1.1 Outcomes"}
# What stands in the document for the parameters of a provider, as a session is given them.
PARAMETERS = {
    "cerner": {"realm": "https://oauth-api.cerner.com"},
    "jira": {"host": "jira.example.com"},
    "magento": {"host": "shop.example.com"},
    "mediawiki": {"host": "meta.wikimedia.org"},
    "netsuite": {"account": "1234567_SB1"},
    "schoology": {"school": "example"},
    "usos": {"host": "usosapps.university"},
    "wordpress": {"host": "blog.example.com"},
}


def preset(name: str) -> Provider:
    return providers.get(name, **PARAMETERS.get(name, {}))


def unverified(name: str) -> set[str]:
    return {fact for it in providers.template(name).sources if not it.verified for fact in it.facts}


def test_the_document_and_the_presets_have_the_same_providers() -> None:
    assert sorted(PRESETS.values()) == providers.names()
    assert {*RECIPES, *rows()} - NO_PRESETS == set(PRESETS)


@pytest.mark.parametrize("name", providers.names())
def test_every_fact_has_a_source(name: str) -> None:
    known = providers.template(name)
    settings = {
        f"{kind}.{setting}"
        for kind in ("settings", "token_settings")
        for setting in getattr(known, kind)
    }
    # The rest of what differs from a provider of which nothing is known.
    plain = Provider(name=name)
    others = {
        fact
        for fact in vars(known).keys() - {"title", "parameters", "sources", "settings"}
        if fact != "token_settings" and getattr(known, fact) != getattr(plain, fact)
    }
    told = [(fact, source.url) for source in known.sources for fact in source.facts]
    assert len(told) == len(set(told))
    facts = {fact for fact, _ in told}
    # Two files may tell one fact together, but what one of them tells is not unverified.
    assert not unverified(name) & {fact for fact, url in told if url}
    methods = {"request_token_method", "access_token_method"}  # POST may be said, too
    assert settings | others <= facts <= settings | others | methods
    for source in known.sources:
        assert source.verified == leads_to_the_fact(source.url)
        assert source.verified == bool(re.fullmatch(r"20\d\d-\d\d", source.seen))


def leads_to_the_fact(url: str) -> bool:
    """Whether it is a page, and at GitHub a thread or a file that stays as it was read."""
    there = urlsplit(url)
    pattern = "/.+"
    if there.hostname == "github.com":
        pattern = "/[^/]+/[^/]+/(blob/[0-9a-f]{40}/.+|(issues|pull)/[0-9]+)"
    return there.scheme == "https" and re.fullmatch(pattern, there.path) is not None


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://docs.example.com/oauth", True),
        ("https://github.com/owner/name/issues/1", True),
        (f"https://github.com/owner/name/blob/{'0a' * 20}/a/b.json", True),
        ("", False),
        ("http://docs.example.com/oauth", False),
        ("https://docs.example.com", False),
        ("https://docs.example.com/", False),
        ("https://github.com/owner/name", False),
        ("https://github.com/owner/name/", False),
        ("https://github.com/owner/name/blob/main/a.json", False),
        ("https://github.com/owner/name/blob/0a0a0a0/a.json", False),
        (f"https://github.com/owner/name/tree/{'0a' * 20}", False),
        (f"https://github.com/owner/name/blob/{'0a' * 20}", False),
    ],
)
def test_which_urls_lead_to_a_fact(url: str, leads: bool) -> None:
    assert leads_to_the_fact(url) == leads


def endpoints(cell: str) -> set[str]:
    """Return the URLs in a row: the names that follow one with a "/" at its end belong below it."""
    found, base = set(), ""
    for text in re.findall("`(.*?)`", cell.replace("<university>", "university")):
        base = (
            base
            if base and not text.startswith("http")
            else urljoin("https://blog.example.com", text)
        )
        if not text.endswith("/"):
            found.add(urljoin(base, text))
    return found


@pytest.mark.parametrize("heading", rows())
def test_the_table_has_the_urls_of_the_presets(heading: str) -> None:
    name = PRESETS[heading]
    [cells] = [
        line.split("|")
        for line in documents.read(NAME).splitlines()
        if line.startswith("| ")
        and re.sub(r"\[(.*?)\]\(.*?\)", r"\1", line).startswith(f"| {heading} |")
    ]
    urls = {it: url for it in URLS if (url := getattr(preset(name), it))}
    verified = {url for it, url in urls.items() if it not in unverified(name)}
    assert verified <= endpoints(cells[3]) <= set(urls.values())


@pytest.mark.parametrize("heading", [it for it in OTHERS if it in PRESETS])
def test_the_settings_are_those_of_the_table(heading: str) -> None:
    """`OTHERS` is what the row says, by hand; its keywords are run in test_providers.py."""
    keywords = PARAMETERS.get(PRESETS[heading], {})
    given = {"resource_owner_key": "token", "resource_owner_secret": "token secret"}
    if "oauth_token" not in OTHERS[heading].also or OTHERS[heading].also["oauth_token"] == "":
        given = {}
    session = OAuth1Session.for_provider(
        PRESETS[heading], "client key", "client secret", **given, **keywords
    )
    with standing_in(OTHERS[heading]) as server:
        session.get(f"{server.url}/").raise_for_status()


# Those whose blocks in the document walk the legs, and what a user of theirs has to add.
WALKS: dict[str, dict[str, Any]] = {
    "Clever Cloud": {"callback_uri": CALLBACK},
    "Discogs": {"callback_uri": CALLBACK},
    "E*TRADE": {},
    "Evernote": {"callback_uri": CALLBACK},
    "Flickr": {"callback_uri": CALLBACK},
    "Jira Data Center": {
        "callback_uri": CALLBACK,
        "rsa_key": rsa_keys.pkcs8(),
        "client_secret": None,
    },
    "Launchpad": {"callback_uri": CALLBACK, "client_secret": None},
    "Magento": {},
    "MediaWiki": {},
    "X": {"callback_uri": "oob"},
}
ON_PAGE = {"Flickr": {"perms": "write"}}
# What the last table and the page of the provider say.
ROWS = {
    "fatsecret": steps("POST /oauth/request_token", "POST /oauth/access_token", place="query"),
    "TripIt": steps(
        "POST /oauth/request_token", "POST /oauth/access_token", callback=None, verifier=None
    ),
    "Schoology": steps(
        "POST /v1/oauth/request_token", "POST /v1/oauth/access_token", realm="Schoology API"
    ),
    "Trello": steps("POST /1/OAuthGetRequestToken", "POST /1/OAuthGetAccessToken"),
}
PAGES = {
    "fatsecret": "/oauth/authorize?oauth_token=te%2Fmp%2B%3D",
    "TripIt": "/oauth/authorize?oauth_callback=https%3A%2F%2Fapp.example.com%2Fcallback"
    "&oauth_token=te%2Fmp%2B%3D",
    "Schoology": "/oauth/authorize?oauth_token=te%2Fmp%2B%3D",
    "Trello": "/1/OAuthAuthorizeToken?oauth_token=te%2Fmp%2B%3D",
}


def expected(heading: str) -> tuple[list[Sent], str | None]:
    if heading in ROWS:
        return list(ROWS[heading]), PAGES[heading]
    recipe = RECIPES[heading]
    # The block's own wishes: a name of the program, a right that is asked for.
    sent = [
        replace(it, headers={}, start=it.start.partition("?x_auth_access_type")[0])
        for it in recipe.sent[:2]
    ]
    return sent, recipe.page


@pytest.mark.parametrize("heading", [*WALKS, *ROWS])
def test_a_session_for_a_provider_sends_what_it_asks_for(heading: str) -> None:
    """The same two requests as the document's block or row, without URLs and keywords."""
    known = preset(PRESETS[heading])
    sent, page = expected(heading)
    client_key = RECIPES[heading].client_key if heading in RECIPES else "client key"
    settings = {"client_secret": "client secret", "callback_uri": CALLBACK}
    settings = WALKS.get(heading, settings)
    with standing_in(*sent, client_key=client_key) as server:
        there: dict[str, Any] = {it: elsewhere(getattr(known, it), server.url) for it in URLS}
        session = OAuth1Session.for_provider(
            replace(known, **there), client_key, **{"client_secret": "client secret", **settings}
        )
        session.fetch_request_token()
        if page is None:
            with pytest.raises(
                OAuth1Error, match=r"^Magento.* has no authorization_url: pass url="
            ):
                session.authorization_url()
        else:
            assert session.authorization_url(**ON_PAGE.get(heading, {})) == server.url + page
        verifier = sent[1].also.get("oauth_verifier")
        if verifier:
            with pytest.raises(VerifierMissing):
                session.fetch_access_token()
        session.fetch_access_token(verifier=verifier)
    if heading in RECIPES:  # whose paths are compared with what was sent, but not their hosts
        section = documents.read(NAME).split(f"## {heading}\n")[1].split("\n## ")[0]
        for url in filter(None, (getattr(known, it) for it in URLS)):
            assert f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" in section


def elsewhere(url: str | None, origin: str) -> Any:
    return url and origin + urlsplit(url)._replace(scheme="", netloc="").geturl()


def test_a_provider_with_xauth() -> None:
    [sent, _] = RECIPES["Instapaper"].sent
    known = preset("instapaper")
    with standing_in(sent) as server:
        known = replace(known, access_token_url=elsewhere(known.access_token_url, server.url))
        session = OAuth1Session.for_provider(known, "client key", "client secret")
        session.fetch_access_token(data=sent.form)


def test_settings_of_the_caller_come_first() -> None:
    session = OAuth1Session.for_provider(
        "netsuite", "client key", "client secret", account="1234567_SB1", realm="other"
    )
    assert session.auth.client.realm == "other"
    assert session.auth.client.signature_method == "HMAC-SHA256"
    assert OAuth1Session("client key").provider is None


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("jira.example.com", "https://jira.example.com/plugins/servlet/oauth/authorize"),
        ("JIRA.example.com:8443", "https://jira.example.com:8443/plugins/servlet/oauth/authorize"),
        ("example.com/Jira", "https://example.com/Jira/plugins/servlet/oauth/authorize"),
        ("example.com/.a/..b", "https://example.com/.a/..b/plugins/servlet/oauth/authorize"),
        ("Jira_Test.example.com", "https://jira_test.example.com/plugins/servlet/oauth/authorize"),
    ],
)
def test_a_host_may_have_a_port_and_a_path(value: str, url: str) -> None:
    assert providers.get("jira", host=value).authorization_url == url


@pytest.mark.parametrize(
    ("name", "parameters", "text"),
    [
        ("nowhere", {}, r"^there is no provider 'nowhere': accepted are alchemer, .*, zotero$"),
        ("jira", {}, r"^Jira.* needs host=, as in 'jira\.example\.com'$"),
        ("x", {"host": "example.com"}, r"^X .* has no parameter host$"),
        ("jira", {"host": "https://a"}, r"^host is 'https://a', and looks like 'jira\."),
        ("jira", {"host": "a@evil.example.com"}, r"^host is "),
        ("jira", {"host": "example.com?"}, r"^host is "),
        ("jira", {"host": ""}, r"^host is "),
        ("jira", {"host": "example.com/.."}, r"^host is "),
        ("jira", {"host": "example.com/a/../b"}, r"^host is "),
        ("jira", {"host": "example.com/./a"}, r"^host is "),
        ("jira", {"host": "example.com/%2e%2e"}, r"^host is "),
        ("netsuite", {"account": "1234567-sb1"}, r"looks like '1234567_SB1' for NetSuite$"),
        ("netsuite", {"account": "1.evil.example.com/"}, r"^account is "),
    ],
)
def test_what_cannot_be_is_refused(name: str, parameters: dict[str, str], text: str) -> None:
    with pytest.raises(OAuth1Error, match=text):
        providers.get(name, **parameters)


@pytest.mark.parametrize("value", [None, 1, b"jira.example.com"])
def test_a_parameter_that_is_no_str_is_refused(value: Any) -> None:
    text = rf"^host must be a str, as in 'jira\.example\.com', got {type(value).__name__}$"
    with pytest.raises(OAuth1TypeError, match=text):
        providers.get("jira", host=value)


def test_an_account_has_another_form_in_hosts_than_in_realms() -> None:
    known = providers.get("netsuite", account="1234567_SB1")
    assert known.settings["realm"] == "1234567_SB1"
    assert known.request_token_url == (
        "https://1234567-sb1.restlets.api.netsuite.com/rest/requesttoken"
    )


def before_domains() -> list[tuple[str, str]]:
    """Return the parameters that are part of a host of the provider, as in "{school}.example"."""
    return sorted(
        {
            (name, parameter)
            for name in providers.names()
            for it in URLS
            for parameter in re.findall(
                r"\{(\w+)\}(?=[^/{}]*\.)", getattr(providers.template(name), it) or ""
            )
        }
    )


def test_which_parameters_stand_before_a_domain() -> None:
    assert before_domains() == [("netsuite", "account"), ("schoology", "school")]


@pytest.mark.parametrize("character", "./:@?#")
@pytest.mark.parametrize(("name", "parameter"), before_domains())
def test_no_value_moves_credentials_to_another_host(
    name: str, parameter: str, character: str
) -> None:
    example = providers.template(name).parameters[parameter]["example"]
    for value in (
        f"{example}{character}",
        f"{character}{example}",
        f"{example}{character}{example}",
        f"evil.example.com{character}",
    ):
        with pytest.raises(OAuth1Error, match=rf"^{parameter} is "):
            providers.get(name, **{parameter: value})


def test_no_url_is_an_error_that_says_what_to_do() -> None:
    session = OAuth1Session("client key", "client secret")
    with pytest.raises(OAuth1Error, match=r"^there is no request_token_url: pass url=$"):
        session.fetch_request_token()
    with pytest.raises(TypeError, match=r"^there is no access_token_url: pass url=$"):
        session.fetch_access_token()


def own_provider(provider: LoopbackProvider) -> Provider:
    return Provider(
        name="own",
        request_token_url=f"{provider.url}/request_token",
        authorization_url=f"{provider.url}/authorize",
        access_token_url=f"{provider.url}/access_token",
        settings={"signature_method": "HMAC-SHA256", "callback_uri": "oob"},
    )


@pytest.mark.parametrize("class_", [OAuth1Session, requests_oauthlib.OAuth1Session])
def test_the_legs_to_a_provider_of_ones_own(
    class_: type[OAuth1Session], provider: LoopbackProvider
) -> None:
    own = own_provider(provider)
    session = class_.for_provider(own, provider.client_key, provider.client_secret)
    session.fetch_request_token()
    for twin in (pickle.loads(pickle.dumps(session)), copy.copy(session)):
        assert twin.provider == own
        assert twin.authorization_url() == session.authorization_url()
    assert session.authorization_url().startswith(f"{provider.url}/authorize?oauth_token=")
    assert [record.accepted for record in provider.records] == [True]


def test_a_session_of_another_client(provider: LoopbackProvider) -> None:
    """What is no setting of `OAuth1` is the client's own."""
    callback = "https://app.example.com/callback"
    with OAuth1Client.for_provider(
        own_provider(provider),
        provider.client_key,
        provider.client_secret,
        callback_uri=callback,
        headers={"User-Agent": "Example"},
    ) as session:
        session.fetch_request_token()
        session.parse_authorization_response(decide(session.authorization_url()))
        session.fetch_access_token()
        assert session.get(f"{provider.url}/resource").status_code == 200
        assert session.headers["User-Agent"] == "Example"
    assert [record.accepted for record in provider.records] == [True] * 5
    assert "HMAC-SHA256" in provider.records[-1].authorization


def test_protocol_parameters_of_a_step_are_added_to_those_of_the_preset(server: WireServer) -> None:
    server.answers["/token"] = Answer(b"oauth_token=t&oauth_token_secret=ts")
    session = OAuth1Session.for_provider("launchpad", "client key")
    session.fetch_request_token(f"{server.url}/token", protocol_parameters={"oauth_more": "1"})
    sent = dict(decode_form(server.last.form))
    assert sent[b"oauth_more"] == b"1"
    # Launchpad's preset leaves them out.
    assert sent.keys() & {b"oauth_nonce", b"oauth_timestamp", b"oauth_version"} == set()
