"""flickrapi: its three legs, calls, and an upload whose photo is not signed.

It gives `oauth_callback` in the form, as Flickr has it and oauthlib's provider does not.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import flickrapi
import pytest
from flickrapi.auth import OAuthFlickrInterface
from verifier import WireRequest, verify
from wire_server import Answer, WireServer

SECRETS = {"/request_token": "", "/access_token": "rs", "/rest": "ts", "/upload": "ts"}
TOKEN = "fullname=F&oauth_token=t&oauth_token_secret=ts&user_nsid=1&username=u"


class Flickr(WireServer):
    def answer(self, request: WireRequest) -> Answer:
        path = request.target.decode()
        if path == "/upload":
            # Flickr signs the fields of the upload, as if they were a form.
            fields = dict(
                part.removeprefix(b'form-data; name="').replace(b'"', b"", 1).split(b"\r\n\r\n", 1)
                for part in request.body.split(b"Content-Disposition: ")[1:]
                if b"dummy name" not in part
            )
            form = b"&".join(b"%s=%s" % (k, v.partition(b"\r\n")[0]) for k, v in fields.items())
            headers = {"Authorization": str(dict(request.headers)["Authorization"])}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            request = replace(request, body=form, headers=headers)
        verdict = verify(request, "secret", SECRETS[path])
        if not verdict.accepted:
            return Answer(verdict.reason.encode(), 401)
        return {
            "/request_token": Answer(b"oauth_token=r&oauth_token_secret=rs"),
            "/access_token": Answer(TOKEN.encode()),
            "/rest": Answer(b'<rsp stat="ok"></rsp>'),
            "/upload": Answer(b'<rsp stat="ok"><photoid>1</photoid></rsp>'),
        }[path]


def test_three_legs_calls_and_an_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Flickr() as server:
        for name in ("REQUEST_TOKEN", "ACCESS_TOKEN"):
            url = f"{server.url}/{name.lower()}"
            monkeypatch.setattr(OAuthFlickrInterface, f"{name}_URL", url)
        monkeypatch.setattr(flickrapi.FlickrAPI, "REST_URL", f"{server.url}/rest")
        monkeypatch.setattr(flickrapi.FlickrAPI, "UPLOAD_URL", f"{server.url}/upload")
        flickr = flickrapi.FlickrAPI("key", "secret", store_token=False)
        flickr.get_request_token(oauth_callback="oob")
        assert flickr.auth_url(perms="write").endswith("?oauth_token=r&perms=write")
        flickr.get_access_token("verifier")
        assert flickr.token_cache.token.token == "t"
        assert flickr.photos.search(text="é & ü", tags="a b").get("stat") == "ok"
        (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
        uploaded = flickr.upload(str(tmp_path / "photo.jpg"), title="Hello", is_public=0)
        assert uploaded.findtext("photoid") == "1"
        paths = [request.target.decode() for request in server.requests]
        assert paths[:2] == ["/request_token", "/access_token"]
        assert b"\xff\xd8\xff" in server.last.body


def test_a_wrong_secret_is_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with Flickr() as server:
        monkeypatch.setattr(
            OAuthFlickrInterface, "REQUEST_TOKEN_URL", f"{server.url}/request_token"
        )
        flickr = flickrapi.FlickrAPI("key", "wrong", store_token=False)
        with pytest.raises(flickrapi.FlickrError, match="Status code 401 received"):
            flickr.get_request_token(oauth_callback="oob")
