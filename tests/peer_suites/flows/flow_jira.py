"""jira: the dance of its documentation with an RSA key, then its client."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import rsa_keys
from browser import decide
from jira import JIRA, JIRAError
from provider import Provider
from requests_oauthlib import OAuth1Session
from werkzeug.routing import Rule


class Jira(Provider):
    """With the paths of Jira's API, whose answers are not looked at."""

    def _make_app(self) -> Any:
        app = super()._make_app()
        app.url_map.add(Rule("/rest/api/<path:_>", endpoint="resource"))
        return app


def options(provider: Provider, token: dict[str, str], **others: str) -> dict[str, str]:
    return {
        "access_token": token["oauth_token"],
        "access_token_secret": token["oauth_token_secret"],
        "consumer_key": provider.client_key,
        "key_cert": rsa_keys.pkcs8(),
        **others,
    }


def walk(provider: Provider) -> dict[str, str]:
    session = OAuth1Session(
        provider.client_key,
        callback_uri="http://127.0.0.1/ready",
        signature_method="RSA-SHA1",
        rsa_key=rsa_keys.pkcs8(),
    )
    session.fetch_request_token(f"{provider.url}/request_token")
    page = session.authorization_url(f"{provider.url}/authorize")
    session.parse_authorization_response(decide(page))
    token: dict[str, str] = session.fetch_access_token(f"{provider.url}/access_token")
    return token


def client(provider: Provider, token: dict[str, str], **others: str) -> JIRA:
    return JIRA(
        provider.url, oauth=options(provider, token, **others), get_server_info=False, max_retries=0
    )


def test_the_dance_and_its_client() -> None:
    with Jira(client_public_key=rsa_keys.public_pem()) as provider:
        jira = client(provider, walk(provider), signature_method="RSA-SHA1")
        jira.server_info()
        jira.add_comment("P-1", "é & ü")
        assert [record.method for record in provider.records[-2:]] == ["GET", "POST"]
        assert all(record.accepted for record in provider.records)


def test_it_tries_hmac_first_with_a_key_that_hmac_does_not_use(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By default it asks with HMAC-SHA1, is refused, and then signs with the key."""
    caplog.set_level(logging.CRITICAL)
    with Jira(client_public_key=rsa_keys.public_pem()) as provider:
        token = walk(provider)
        before = len(provider.records)
        client(provider, token)
        answers = [(record.accepted, record.status) for record in provider.records[before:]]
        assert answers == [(False, 401), (True, 200)]


def test_a_wrong_token_is_its_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    with Jira(client_public_key=rsa_keys.public_pem()) as provider:
        token = {"oauth_token": "none", "oauth_token_secret": ""}
        with pytest.raises(JIRAError):
            client(provider, token)
