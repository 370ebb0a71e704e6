"""discogs_client, which calls a client's `sign` itself: its three legs and calls.

It takes oauthlib's `Client`, not requests_oauthlib's; here it takes ours in its place.
"""

from __future__ import annotations

from types import SimpleNamespace

import discogs_client
import pytest
from discogs_client import fetchers
from requests_oauthlib.oauth1_auth import Client
from verifier import WireRequest, verify
from wire_server import Answer, WireServer

SECRETS = {"/oauth/request_token": "", "/oauth/access_token": "rs"}


class Discogs(WireServer):
    def answer(self, request: WireRequest) -> Answer:
        path = request.target.decode().partition("?")[0]
        verdict = verify(request, "secret", SECRETS.get(path, "ts"))
        if not verdict.accepted:
            return Answer(f'{{"message": "{verdict.reason}"}}'.encode(), 401)
        return {
            "/oauth/request_token": Answer(b"oauth_token=r&oauth_token_secret=rs"),
            "/oauth/access_token": Answer(b"oauth_token=t&oauth_token_secret=ts"),
        }.get(
            path,
            Answer(
                b'{"id": 1, "username": "u", "results": [], "pagination": {"pages": 1, "items": 0}}'
            ),
        )


@pytest.fixture(autouse=True)
def _sign_with_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetchers, "oauth1", SimpleNamespace(Client=Client))


def client(server: WireServer, secret: str) -> discogs_client.Client:
    class Here(discogs_client.Client):  # type: ignore[misc]  # it has no types
        _base_url = server.url
        _request_token_url = f"{server.url}/oauth/request_token"
        _access_token_url = f"{server.url}/oauth/access_token"

    return Here("test/1.0", "key", secret)


def test_three_legs_and_calls() -> None:
    with Discogs() as server:
        discogs = client(server, "secret")
        assert type(discogs._fetcher.client).__module__.startswith("oauth1_rs.")
        token, _, page = discogs.get_authorize_url("http://127.0.0.1/ready?a=b")
        assert page.endswith(f"?oauth_token={token}")
        assert discogs.get_access_token("verifier") == ("t", "ts")
        assert discogs.identity().username == "u"
        assert discogs.search("é & ü", type="release").count == 0
        assert len(server.requests) == 4


def test_a_wrong_secret_is_its_error() -> None:
    with Discogs() as server, pytest.raises(discogs_client.exceptions.AuthorizationError):
        client(server, "wrong").get_authorize_url()
