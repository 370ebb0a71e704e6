"""mwoauth: its handshake with a MediaWiki, and the identity that the wiki signs."""

from __future__ import annotations

import re
import time
from typing import Any

import jwt
import pytest
from browser import decide
from flask import Response, request
from mwoauth import ConsumerToken, Handshaker, OAuthException
from provider import Provider

SECRET = "a secret that is long enough to sign by"


class Wiki(Provider):
    """One path, whose `title` says what is asked for."""

    def _make_app(self) -> Any:
        app = super()._make_app()
        app.add_url_rule("/index.php", view_func=self._special_page, methods=["GET", "POST"])
        return app

    def _special_page(self) -> Any:
        pages = {
            "Special:OAuth/initiate": self._request_token,
            "Special:OAuth/authenticate": self._ask,
            "Special:OAuth/token": self._access_token,
            "Special:OAuth/identify": self._identify,
            None: self._decide,
        }
        return pages[request.args.get("title")]()

    def _identify(self) -> Response:
        answer = self._resource()
        if answer.status_code != 200:
            return answer
        found = re.search('oauth_nonce="(.*?)"', request.headers["Authorization"])
        assert found
        now = time.time()
        claims = {"username": "é", "iss": self.url, "aud": self.client_key, "iat": now}
        claims |= {"nonce": found[1], "exp": now + 60}
        return Response(jwt.encode(claims, self.client_secret, "HS256"))


def test_the_handshake() -> None:
    with Wiki(client_secret=SECRET) as wiki:
        consumer = ConsumerToken(wiki.client_key, wiki.client_secret)
        handshaker = Handshaker(f"{wiki.url}/index.php", consumer, user_agent="test")
        page, request_token = handshaker.initiate(callback="http://127.0.0.1/ready?é=ü")
        answer = decide(page).partition("?")[2]
        access_token = handshaker.complete(request_token, answer)
        # It reads the nonce from the header that was sent, which is bytes.
        assert handshaker.identify(access_token)["username"] == "é"
        assert all(record.accepted for record in wiki.records)


def test_a_wrong_secret_is_its_error() -> None:
    with Wiki(client_secret=SECRET) as wiki:
        consumer = ConsumerToken(wiki.client_key, "wrong")
        with pytest.raises(OAuthException):
            Handshaker(f"{wiki.url}/index.php", consumer, user_agent="test").initiate()
        assert [record.accepted for record in wiki.records] == [False]
