"""The three legs (RFC 5849 section 2), with a person at the terminal and in the browser."""

from __future__ import annotations

import os
import threading
import time
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from oauth1_rs import OAuth1Session
from oauth1_rs._cli import user_agent
from oauth1_rs._cli.loopback import (
    ALLOWED,
    DENIED,
    DENIED_ELSEWHERE,
    FAILED,
    WRONG_TOKEN,
    CallbackServer,
)
from oauth1_rs._cli.terminal import (
    NETWORK,
    REFUSED,
    USAGE,
    Failure,
    keep_standard_output,
    prompt,
    say,
    within,
)
from oauth1_rs.exceptions import AuthorizationDenied, TokenMissing, VerifierMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from oauth1_rs.providers import Provider

Value = TypeVar("Value")

# Seconds that a provider may take for its next bytes.
PATIENCE = 30


@dataclass(frozen=True)
class Login:
    """How a person logs in."""

    provider: Provider
    page_parameters: dict[str, str]
    is_oob: bool
    port: int
    opens_browser: bool
    timeout: float
    """Seconds for all of it."""


def login(how: Login, keywords: dict[str, Any]) -> dict[str, Any]:
    """Walk the three legs, and return the token response."""
    end = time.monotonic() + how.timeout
    if how.is_oob:
        session = _session(how, keywords, "oob")
        _ask_for_temporary_credentials(session, end)
        _show_page(session, how)
        verifier = None
        if how.provider.gives_verifier:
            missing = "there is no code, which the page shows when access is allowed"
            verifier = _left(end, lambda: prompt("Code", missing), "the code").strip()
        else:
            missing = "nobody said that access is allowed"
            _left(
                end,
                lambda: prompt(
                    "Press Enter when access is allowed", missing, default="", show_default=False
                ),
                "the answer",
            )
        return _ask_for_token_credentials(session, end, verifier)
    with CallbackServer(how.port) as server:
        session = _session(how, keywords, server.url)
        _ask_for_temporary_credentials(session, end)
        _show_page(session, how)
        say(f"Waiting for the browser at {server.url}; Ctrl-C ends that.")
        return _wait(session, server, end)


def _session(how: Login, keywords: dict[str, Any], callback: str) -> OAuth1Session:
    provider = how.provider
    if provider.callback_on_page and callback == "oob":
        keywords = {**keywords, "callback_uri": None}
    else:
        keywords = {**keywords, "callback_uri": callback}
    session = OAuth1Session.for_provider(provider, **keywords)
    session.headers["User-Agent"] = user_agent()
    return session


def _wait(session: OAuth1Session, server: CallbackServer, end: float) -> dict[str, Any]:
    """Answer the browser until the right page was visited, and get the token meanwhile."""
    while (visit := server.wait(end - time.monotonic())) is not None:
        try:
            session.parse_authorization_response(visit.query)
        except AuthorizationDenied as error:
            # X, as Twitter before, puts the token into `denied`; others name none at all.
            token = error.response.get("oauth_token") or error.response.get("denied")
            if token == session.token["oauth_token"]:
                visit.answer(DENIED)
                raise
            # Any page in the browser can ask for this one: that does not end the login.
            say(
                f"A page was visited that says: {error}. It does not have the token of this login: "
                "still waiting. If you denied access, press Ctrl-C.",
                "yellow",
            )
            visit.answer(DENIED_ELSEWHERE)
            continue
        except TokenMissing:
            say("A page was visited that belongs to another login: still waiting.", "yellow")
            visit.answer(WRONG_TOKEN)
            continue
        try:
            token = _ask_for_token_credentials(session, end, None)
        except BaseException:
            visit.answer(FAILED)
            raise
        visit.answer(ALLOWED)
        return token
    raise Failure(NETWORK, "nobody came back from the browser in time, see --timeout")


def _ask_for_temporary_credentials(session: OAuth1Session, end: float) -> None:
    say(f"1/3 Asking {_host(session, 'request_token_url')} for a request token")
    _left(end, lambda: session.fetch_request_token(timeout=PATIENCE), "the request token")


def _show_page(session: OAuth1Session, how: Login) -> None:
    url = session.authorization_url(**how.page_parameters)
    if urlsplit(url).scheme not in {"http", "https"}:
        raise Failure(USAGE, "the page's URL must begin with http:// or https://")
    say("2/3 Allow access on this page:")
    say(f"    {url}", "bold")
    if how.opens_browser:
        keep_standard_output()
        # Some browsers return when they are closed.
        threading.Thread(target=_open, args=(url,), daemon=True).start()


def _open(url: str) -> None:
    try:
        browser = webbrowser.get()
        # One in this terminal would take it away, unless that is wanted.
        if type(browser) is not webbrowser.GenericBrowser or os.environ.get("BROWSER"):
            browser.open(url)
    except (webbrowser.Error, OSError):
        say("No browser could be opened: open the page yourself.", "yellow")


def _ask_for_token_credentials(
    session: OAuth1Session, end: float, verifier: str | None
) -> dict[str, Any]:
    say(f"3/3 Asking {_host(session, 'access_token_url')} for the token")
    try:
        return _left(
            end,
            lambda: session.fetch_access_token(verifier=verifier, timeout=PATIENCE),
            "the token",
        )
    except VerifierMissing:
        raise Failure(
            REFUSED,
            "there is no verifier, by which the provider knows who came back (RFC 5849 section "
            "2.2). Log in again; if this provider never gives one, with --no-verifier",
        ) from None


def _left(end: float, function: Callable[[], Value], what: str) -> Value:
    return within(end - time.monotonic(), what, function)


def _host(session: OAuth1Session, name: str) -> str:
    url: str = getattr(session.provider, name)
    return urlsplit(url).hostname or url
