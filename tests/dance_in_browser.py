"""The three legs in a real browser: someone reads a foreign provider's pages and presses buttons.

`make browser` runs this. It is not among the other tests, as it needs Chromium, Node and PHP.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl

import pytest
import requests
import rsa_keys
from foreign_providers import Settings, running
from oauth1_rs import (
    AuthorizationDenied,
    Client,
    OAuth1Session,
    TokenRequestDenied,
    VerifierMissing,
)
from playwright.sync_api import Browser, Page, sync_playwright
from provider import SIGNATURE_METHODS, Provider
from verifier import verify
from wire_server import Answer, WireServer

CLIENT = ("dpf43f3p2l4k3l03", "kd94hf93k423kf44")
USER = ("alice", "correct horse")
PATIENCE = 10_000  # milliseconds for a page
REFUSED = {400, 401}

PROVIDERS = {
    "passport": ["HMAC-SHA1", "HMAC-SHA256"],
    "php": ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"],
    "oauthlib": SIGNATURE_METHODS,
}
METHODS = [(name, method) for name, methods in PROVIDERS.items() for method in methods]
CALLBACKS = ["/ready", "/ready?next=%2Ffoo%20bar&x=a%2Bb", "oob"]


@dataclass(frozen=True)
class Foreign:
    """A running provider."""

    name: str
    url: str
    has_users: bool


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-quic",
                "--disable-sync",
                "--no-first-run",
                # Whatever it would like to know of its maker's servers: only loopback is there.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--no-proxy-server",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of a browser that nobody has used: no one is logged in."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def foreign() -> Iterator[dict[str, Foreign]]:
    settings = Settings(clients=dict([CLIENT]), users=dict([USER]))
    with (
        running("passport", settings) as passport,
        running("php", settings) as php,
        Provider(
            client_key=CLIENT[0],
            client_secret=CLIENT[1],
            client_public_key=rsa_keys.public_pem(),
        ) as oauthlib,
    ):
        yield {
            "passport": Foreign("passport", passport, has_users=True),
            "php": Foreign("php", php, has_users=True),
            "oauthlib": Foreign("oauthlib", oauthlib.url, has_users=False),
        }


@pytest.fixture
def application(server: WireServer) -> WireServer:
    """The client's own web server, to which the browser comes back."""
    page = b"<!doctype html><title>Welcome back</title>"
    server.answers["/ready"] = Answer(page, headers=[("Content-Type", "text/html")])
    return server


def begin(
    provider: Foreign, application: WireServer, callback: str, method: str = "HMAC-SHA1"
) -> OAuth1Session:
    session = OAuth1Session(
        *CLIENT,
        callback_uri=callback if callback == "oob" else application.url + callback,
        signature_method=method,
        rsa_key=rsa_keys.path(2048) if method.startswith("RSA") else None,
    )
    session.fetch_request_token(f"{provider.url}/request_token")
    return session


def decide(page: Page, session: OAuth1Session, provider: Foreign, button: str) -> None:
    page.goto(session.authorization_url(f"{provider.url}/authorize"))
    if provider.has_users:
        page.get_by_label("User").fill(USER[0])
        page.get_by_label("Password").fill(USER[1])
        page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=button).click()


def landing(page: Page, application: WireServer) -> str:
    """Wait until the browser is back, and return what the application was asked for."""
    page.wait_for_url(f"{application.url}/**")
    assert page.title() == "Welcome back"
    [target] = [r.target for r in application.requests if r.target.startswith(b"/ready")]
    return application.url + target.decode()


@pytest.mark.parametrize("callback", CALLBACKS)
@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_user_allows(
    page: Page,
    foreign: dict[str, Foreign],
    application: WireServer,
    name: str,
    method: str,
    callback: str,
) -> None:
    provider = foreign[name]
    session = begin(provider, application, callback, method)
    decide(page, session, provider, "Allow")
    verifier = None
    if callback == "oob":
        verifier = page.locator("code").inner_text()
    else:
        answer = session.parse_authorization_response(landing(page, application))
        if "?" in callback:
            assert (answer["next"], answer["x"]) == ("/foo bar", "a+b")
    session.fetch_access_token(f"{provider.url}/access_token", verifier)
    assert session.authorized

    resource = f"{provider.url}/resource"
    assert requests.get(resource).status_code in REFUSED
    fields = {"status": "Hello, Ladies + Gentlemen!", "city": "Zürich"}
    for response in [
        session.get(resource, params=fields),
        session.post(resource, data=fields),
        session.post(resource, json=fields),
    ]:
        assert response.status_code == 200, response.text
        if provider.has_users:
            assert response.json()["user"] == USER[0]
            assert response.json()["method"] == response.request.method
            assert response.json()["body"] == (fields if response.request.body else {})


@pytest.mark.parametrize("callback", CALLBACKS)
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_user_denies(
    page: Page,
    foreign: dict[str, Foreign],
    application: WireServer,
    name: str,
    callback: str,
) -> None:
    provider = foreign[name]
    session = begin(provider, application, callback)
    decide(page, session, provider, "Deny")
    if callback == "oob":
        assert page.title() == "Denied"
        with pytest.raises(VerifierMissing):
            session.fetch_access_token(f"{provider.url}/access_token")
    else:
        with pytest.raises(AuthorizationDenied):
            session.parse_authorization_response(landing(page, application))
    with pytest.raises(TokenRequestDenied):
        session.fetch_access_token(f"{provider.url}/access_token", "guessed")
    assert session.get(f"{provider.url}/resource").status_code in REFUSED


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_verifier_is_good_for_one_token(
    page: Page, foreign: dict[str, Foreign], application: WireServer, name: str
) -> None:
    """Were the provider to take anything, the tests above would show nothing."""
    provider = foreign[name]
    session = begin(provider, application, "oob")
    other = begin(provider, application, "oob")
    decide(page, session, provider, "Allow")
    verifier = page.locator("code").inner_text()
    with pytest.raises(TokenRequestDenied):
        other.fetch_access_token(f"{provider.url}/access_token", verifier)
    session.fetch_access_token(f"{provider.url}/access_token", verifier)


@pytest.mark.parametrize(
    ("value", "is_accepted"), [("two\r\nlines & é", True), ("two\nlines", False)]
)
def test_a_browser_launches_a_tool(
    page: Page, server: WireServer, value: str, is_accepted: bool
) -> None:
    """LTI 1.1, as in docs/providers.md: browsers send line breaks as CR LF."""
    client = Client(*CLIENT, callback_uri="about:blank", signature_type="BODY")
    launch = {"lti_version": "LTI-1p0", "custom_note": value}
    url, _, body = client.sign(f"{server.url}/launch?course=1", "POST", launch)
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parse_qsl(body, keep_blank_values=True)
    )
    page.set_content(f'<form method="post" action="{escape(url)}">{fields}<button>Launch</button>')
    page.get_by_role("button").click()
    page.wait_for_url(f"{server.url}/launch?course=1")
    [request] = [request for request in server.requests if request.method == "POST"]
    assert verify(request, CLIENT[1]).accepted is is_accepted
