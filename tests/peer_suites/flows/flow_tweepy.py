"""tweepy: its three legs, and calls of X's API, to a provider that verifies with oauthlib."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import tweepy
from browser import decide
from provider import Provider
from werkzeug.routing import Rule


class X(Provider):
    """With the paths of X's API."""

    def _make_app(self) -> Any:
        app = super()._make_app()
        app.url_map.add(Rule("/oauth/request_token", endpoint="_request_token", methods=["POST"]))
        app.url_map.add(Rule("/oauth/authorize", endpoint="_ask", methods=["GET"]))
        app.url_map.add(Rule("/oauth/authorize", endpoint="_decide", methods=["POST"]))
        app.url_map.add(Rule("/oauth/access_token", endpoint="_access_token", methods=["POST"]))
        app.url_map.add(Rule("/1.1/<path:_>", endpoint="resource"))
        return app


@pytest.fixture
def x(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[X]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    provider = X(tls=context)
    with provider:
        yield provider


class Handler(tweepy.OAuth1UserHandler):  # type: ignore[misc]  # tweepy has no types
    """With the address of the provider, which tweepy has in one place."""

    x: X

    def _get_oauth_url(self, endpoint: str) -> str:
        return f"{self.x.url}/oauth/{endpoint}"


def test_three_legs_and_calls(x: X) -> None:
    Handler.x = x
    handler = Handler(x.client_key, x.client_secret, callback="http://127.0.0.1/ready")
    callback = decide(handler.get_authorization_url())
    handler.get_access_token(callback.partition("oauth_verifier=")[2].partition("&")[0])
    api = tweepy.API(
        handler, host=x.url.removeprefix("https://"), upload_host=x.url.removeprefix("https://")
    )
    assert api.verify_credentials().method == "GET"
    api.update_status("Hello, Ladies + Gentlemen! é", in_reply_to_status_id=5)
    api.get_user(screen_name="a&b=c #d é")
    api.simple_upload("a.jpg", file=io.BytesIO(b"\xff\xd8\xff\x00"), additional_owners=["1", "2"])
    assert [record.accepted for record in x.records] == [True] * len(x.records)
    assert [record.method for record in x.records[-4:]] == ["GET", "POST", "GET", "POST"]


def test_a_wrong_secret_is_tweepys_error(x: X) -> None:
    Handler.x = x
    handler = Handler(x.client_key, "wrong", callback="http://127.0.0.1/ready")
    with pytest.raises(tweepy.TweepyException, match="Token request failed with code 401"):
        handler.get_authorization_url()
