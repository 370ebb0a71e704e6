"""Scrapy, signed by a downloader middleware: real crawls, judged by the verifier."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import documents
import oauth1_rs
import pytest
import scrapy
import scrapy.crawler
from client_requests import (
    CREDENTIALS,
    FORM,
    PLACEMENTS,
    REDIRECT_STATUSES,
    REQUESTS,
    auth,
    is_bare,
    verdict,
)
from oauth1_rs import OAuth1Error
from oauth1_rs.scrapy import OAuth1DownloaderMiddleware
from scrapy.utils.httpobj import urlparse_cached
from scrapy_crawl import PATHS, Crawl, crawl, path
from verifier import WireRequest, decode_form
from wire_server import Answer, WireServer

DOCUMENT = "docs/clients/scrapy.md"
FORM_TYPE = {"Content-Type": FORM}
EVERY_PLACEMENT = pytest.mark.parametrize("placement", PLACEMENTS)


@pytest.fixture
def other_server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


def signing(*servers: WireServer, placement: str = "AUTH_HEADER", **more: Any) -> dict[str, Any]:
    return {
        "OAUTH1_AUTH": path(PATHS[placement]),
        "OAUTH1_ORIGINS": [server.url for server in servers],
        **more,
    }


def nonces(requests: list[WireRequest]) -> set[bytes]:
    """The nonces of requests, which all have to be rightly signed."""
    verdicts = [verdict(request) for request in requests]
    assert [it.reason for it in verdicts if not it.accepted] == []
    return {it.parameters[b"oauth_nonce"] for it in verdicts}


def own_fields(request: WireRequest) -> list[tuple[bytes, bytes]]:
    return [field for field in decode_form(request.body) if not field[0].startswith(b"oauth_")]


def path_of(request: WireRequest) -> str:
    return request.target.decode().partition("?")[0]


def of(server: WireServer, path: str) -> list[WireRequest]:
    return [request for request in server.requests if path_of(request) == path]


def assert_unseen(crawled: Crawl) -> None:
    """Nothing of a signature is in what the spider got, nor in the log; secrets neither."""
    for text in (crawled.log, json.dumps(crawled.answers)):
        assert "oauth_" not in text
        assert not any(secret in text for secret in (CREDENTIALS[1], CREDENTIALS[3]))
    assert not any("Authorization" in answer["request_headers"] for answer in crawled.answers)


# --- What is signed is what is sent


@EVERY_PLACEMENT
def test_the_shared_requests(server: WireServer, placement: str) -> None:
    refused = [
        shared.name
        for shared in REQUESTS
        if placement == "BODY" and not (shared.content_type or FORM).lower().startswith(FORM)
    ]
    requests = [
        {
            "url": server.url + shared.target,
            "method": shared.method,
            "headers": {"Content-Type": shared.content_type} if shared.content_type else {},
            "body": None if shared.body is None else shared.body.decode("latin-1"),
            "dont_filter": True,
        }
        for shared in REQUESTS
    ]
    crawled = crawl(signing(server, placement=placement, CONCURRENT_REQUESTS=1), requests)
    assert len(crawled.errors) == len(refused)
    assert all("needs a form body" in error for error in crawled.errors)
    sent = [shared for shared in REQUESTS if shared.name not in refused]
    assert len(nonces(server.requests)) == len(server.requests) == len(sent)
    for shared, request in zip(sent, server.requests, strict=True):
        body = shared.body or b""
        assert request.body.startswith(body) if placement == "BODY" else request.body == body
        assert request.method == shared.method.upper()
    assert_unseen(crawled)
    assert [answer["status"] for answer in crawled.answers] == [200] * len(sent)


@EVERY_PLACEMENT
def test_forms_and_json(server: WireServer, placement: str) -> None:
    form = {"class": "FormRequest", "url": f"{server.url}/form", "formdata": {"a": "é &+", "b": ""}}
    json_request = {"class": "JsonRequest", "url": f"{server.url}/json", "data": {"a": "é&b=1"}}
    get = {**form, "method": "GET", "url": f"{server.url}/get?x=1"}
    crawled = crawl(signing(server, placement=placement), [form, json_request, get])
    assert len(nonces(server.requests)) == 3 - len(crawled.errors)
    [sent_form], [sent_get] = of(server, "/form"), of(server, "/get")
    assert own_fields(sent_form) == [(b"a", "é &+".encode()), (b"b", b"")]
    assert (b"a", "é &+".encode()) in decode_form(sent_get.query)
    if placement == "BODY":
        assert len(crawled.errors) == 1
    else:
        assert of(server, "/json")[0].body == b'{"a": "\\u00e9&b=1"}'
        assert sent_form.body == b"a=%C3%A9+%26%2B&b="


def test_hashes_and_hosts_and_bytes(server: WireServer) -> None:
    requests: list[dict[str, Any]] = [
        {"url": f"{server.url}/hash", "body": "\xff\x00", "method": "PUT"},
        {"url": f"{server.url}/host", "headers": {"Host": "api.example.com"}},
    ]
    crawl({**signing(server), "OAUTH1_AUTH": path("with_hash")}, requests)
    assert len(nonces(server.requests)) == 2
    [hashed], [host] = of(server, "/hash"), of(server, "/host")
    assert hashed.body == b"\xff\x00"
    assert b"oauth_body_hash" in verdict(hashed).parameters
    assert host.host == b"api.example.com"


def test_what_has_the_url_cached() -> None:
    """Scrapy's HTTP/2 asks for it in parts, which are kept."""
    crawler = scrapy.crawler.Crawler(scrapy.Spider)
    origins = ["https://api.example.com"]
    middleware = OAuth1DownloaderMiddleware(crawler, auth(signature_type="QUERY"), origins)
    request = scrapy.Request("https://api.example.com/?a=1")
    assert urlparse_cached(request).query == "a=1"
    middleware.process_request(request)
    assert "oauth_signature" in urlparse_cached(request).query
    middleware.process_exception(request, ConnectionError())
    assert urlparse_cached(request).query == "a=1"


# --- Where is signed, and by what


def test_only_origins_that_are_named(server: WireServer, other_server: WireServer) -> None:
    other = f"{other_server.url}/other"
    requests: list[dict[str, Any]] = [
        {"url": f"{server.url}/path"},
        {"url": other},
        {"url": f"{other}/meta", "meta": {"oauth1": path("by_header")}},
        {"url": f"{server.url.replace('127.0.0.1', 'localhost')}/host"},
        {"url": f"{other}?{server.url}"},
    ]
    crawled = crawl(signing(server, ROBOTSTXT_OBEY=True), requests)
    assert crawled.errors == []
    assert {path_of(request) for request in server.requests} == {"/robots.txt", "/path", "/host"}
    local = [request for request in server.requests if request.host.startswith(b"localhost")]
    assert len(local) == 2
    assert len(nonces([request for request in server.requests if request not in local])) == 2
    assert len(other_server.requests) == 4
    assert all(map(is_bare, [*other_server.requests, *local]))


def test_what_signs_a_request(server: WireServer) -> None:
    requests: list[dict[str, Any]] = [
        {"url": f"{server.url}/setting"},
        {"url": f"{server.url}/off", "meta": {"oauth1": False}},
        {"url": f"{server.url}/other", "meta": {"oauth1": path("of_another")}},
        {"url": f"{server.url}/none", "meta": {"oauth1": None}},
        {"url": f"{server.url}/wrong", "meta": {"oauth1": path("SETTINGS")}},
    ]
    crawled = crawl(signing(server), requests)
    assert is_bare(of(server, "/off")[0])
    [other] = of(server, "/other")
    assert verdict(other).parameters[b"oauth_consumer_key"] == b"another key"
    assert len(nonces([*of(server, "/setting"), other, *of(server, "/none")])) == 3
    [error] = crawled.errors
    assert 'request.meta["oauth1"] must be' in error
    assert error.endswith("got dict")
    assert not of(server, "/wrong")


def test_a_spider_signs_its_own_way(server: WireServer) -> None:
    request = {"url": f"{server.url}/path"}
    spider: dict[str, Any] = {"oauth1": path("of_another")}
    crawl({"OAUTH1_ORIGINS": [server.url]}, [request], spider)
    assert verdict(server.last).accepted
    assert verdict(server.last).parameters[b"oauth_consumer_key"] == b"another key"
    crawl(signing(server), [request], {"oauth1": False})
    assert is_bare(server.last)
    assert len(server.requests) == 2


def test_objects_in_settings_are_not_logged(server: WireServer) -> None:
    settings = {**signing(server), "OAUTH1_AUTH": {"object": "by_plaintext"}}
    form = {"url": server.url, "method": "POST", "headers": FORM_TYPE, "body": "a=1"}
    crawled = crawl(settings, [form])
    assert len(crawled.answers) == 1
    assert verdict(server.last).accepted
    assert CREDENTIALS[1].encode().replace(b" ", b"%2520") in server.last.body
    assert "Overridden settings" in crawled.log
    assert_unseen(crawled)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no origin": ({"OAUTH1_AUTH": path("by_header")}, "OAUTH1_ORIGINS names no origin"),
    "a domain": ({"OAUTH1_ORIGINS": "example.com"}, "must name origins.*'example.com'"),
    "a page": ({"OAUTH1_ORIGINS": ["http://example.com/a"]}, "must name origins"),
    "another scheme": ({"OAUTH1_ORIGINS": ["ftp://example.com"]}, "must name origins"),
    "no auth": (
        {"OAUTH1_AUTH": path("CREDENTIALS"), "OAUTH1_ORIGINS": ["http://example.com"]},
        "OAUTH1_AUTH must be, or be the path of, an oauth1_rs.OAuth1, got tuple",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_settings(name: str) -> None:
    settings, text = WRONG[name]
    with pytest.raises(OAuth1Error, match=text) as caught:
        OAuth1DownloaderMiddleware.from_crawler(scrapy.crawler.Crawler(scrapy.Spider, settings))
    assert not any(secret in str(caught.value) for secret in CREDENTIALS[1:])


def test_a_crawl_with_wrong_settings_sends_nothing(server: WireServer) -> None:
    crawled = crawl({"OAUTH1_AUTH": path("by_header")}, [{"url": server.url}])
    assert "OAuth1Error: the setting OAUTH1_ORIGINS names no origin" in crawled.log
    assert server.requests == []


def test_without_settings_it_does_nothing(server: WireServer) -> None:
    crawled = crawl({}, [{"url": server.url}])
    assert is_bare(server.last)
    assert "Disabled oauth1_rs.scrapy.OAuth1DownloaderMiddleware" in crawled.log.replace("\n", "")


# --- Redirects


def post(url: str, placement: str, **more: Any) -> dict[str, Any]:
    request = {"url": url, "method": "POST", "headers": FORM_TYPE, "body": "a=1"}
    return {**request, "meta": {"oauth1": path(PATHS[placement])}, **more}


def test_redirects(server: WireServer, other_server: WireServer) -> None:
    """All at once: within the origin, to another that is named too, and back."""
    cases = [(status, placement) for status in REDIRECT_STATUSES for placement in PLACEMENTS]
    requests = []
    for status, placement in cases:
        case = f"{status}/{placement}"
        server.redirects[f"/within/{case}"] = (status, f"/second/{case}?q=%e4+x")
        server.redirects[f"/second/{case}"] = (status, f"{server.url}/third/{case}")
        server.redirects[f"/leaving/{case}"] = (status, f"{other_server.url}/{case}")
        other_server.redirects[f"/{case}"] = (status, f"{server.url}/back/{case}")
        requests += [post(f"{server.url}/{it}/{case}", placement) for it in WAYS]
    crawled = crawl(signing(server, other_server), requests)
    assert [answer["status"] for answer in crawled.answers] == [200] * len(cases) * 2
    for status, placement in cases:
        case = f"{status}/{placement}"
        within, leaving, second, third, back = (
            of(server, f"/{it}/{case}") for it in (*WAYS, "second", "third", "back")
        )
        # After a 301 Scrapy sends the form on before 2.14, and a GET since.
        keeps_body = status in {307, 308} or (status == 301 and second[0].method == "POST")
        elsewhere = of(other_server, f"/{case}")
        assert [len(it) for it in (within, leaving, second, third, elsewhere, back)] == [1] * 6
        has_place = placement != "BODY" or keeps_body
        hops = [*second, *third]
        assert len(nonces([*within, *leaving, *(hops if has_place else [])])) == 2 + 2 * has_place
        assert all(has_place or is_bare(hop) for hop in hops)
        assert all(own_fields(hop) == ([(b"a", b"1")] if keeps_body else []) for hop in hops)
        for hop in (*elsewhere, *back):
            assert is_bare(hop)
            assert hop.body == (b"a=1" if keeps_body else b"")
    assert_unseen(crawled)


WAYS = ("within", "leaving")


def repeating(location: str) -> Callable[[WireRequest], Answer]:
    def repeat(request: WireRequest) -> Answer:
        query = request.query.decode()
        return Answer(status=307, headers=[("Location", f"{location}?x=1&{query}")])

    return repeat


def test_a_server_that_repeats_the_signature(server: WireServer, other_server: WireServer) -> None:
    server.answers["/within"] = repeating("/second")
    server.answers["/leaving"] = repeating(f"{other_server.url}/elsewhere")
    server.answers["/network"] = repeating(other_server.url.removeprefix("http:") + "/network")
    ways = ("within", "leaving", "network")
    settings = signing(server, placement="QUERY")
    crawled = crawl(settings, [{"url": f"{server.url}/{it}?q=1"} for it in ways])
    assert len(nonces(server.requests)) == len(server.requests) == 4
    [second] = of(server, "/second")
    assert second.target.startswith(b"/second?x=1&q=1&")
    assert [request.query for request in other_server.requests] == [b"x=1&q=1"] * 2
    assert_unseen(crawled)


def test_a_redirect_that_the_spider_gets(server: WireServer, other_server: WireServer) -> None:
    server.answers["/path"] = repeating(f"{other_server.url}/elsewhere")
    request = {"url": f"{server.url}/path?q=1", "meta": {"dont_redirect": True}}
    crawled = crawl(signing(server, placement="QUERY"), [request])
    [answer] = crawled.answers
    assert answer["headers"]["Location"] == f"{other_server.url}/elsewhere?x=1&q=1"
    assert answer["url"] == answer["request_url"] == f"{server.url}/path?q=1"
    assert_unseen(crawled)


def test_a_page_that_refreshes_elsewhere(server: WireServer, other_server: WireServer) -> None:
    def page(request: WireRequest) -> Answer:
        url = f"{other_server.url}/elsewhere?x=1&{request.query.decode()}"
        body = f'<html><head><meta http-equiv="refresh" content="0;url={url}"></head></html>'
        return Answer(body.encode(), 200, [("Content-Type", "text/html")])

    server.answers["/page"] = page
    server.answers["/own"] = Answer(
        b'<meta http-equiv="refresh" content="0;url=/next">', 200, [("Content-Type", "text/html")]
    )
    requests = [{"url": f"{server.url}/page?q=1"}, {"url": f"{server.url}/own"}]
    crawl(signing(server, placement="QUERY"), requests)
    [elsewhere] = other_server.requests
    assert b"oauth_signature=" not in elsewhere.target
    assert elsewhere.target.startswith(b"/elsewhere?x=1&q=1")
    assert "Authorization" not in dict(elsewhere.headers)
    assert len(nonces(server.requests)) == len(server.requests) == 3


# --- Attempts, the duplicate filter, the cache, queues on disk


def test_every_attempt_has_a_signature_of_its_own(server: WireServer) -> None:
    def fail(request: WireRequest) -> Answer:
        attempts = len(of(server, path_of(request)))
        if attempts <= 2 and path_of(request).startswith("/broken"):
            raise ConnectionError
        return Answer(status=503 if attempts <= 2 else 200)

    paths = {f"/{it}/{place}": place for it in ("failing", "broken") for place in PLACEMENTS}
    server.answers.update(dict.fromkeys(paths, fail))
    requests = [post(f"{server.url}{path}?q=1", place) for path, place in paths.items()]
    crawled = crawl(signing(server, RETRY_ENABLED=True), requests)
    assert [answer["status"] for answer in crawled.answers] == [200] * 6
    assert [len(of(server, path)) for path in paths] == [3] * 6
    assert len(nonces(server.requests)) == 18
    assert all(own_fields(request) == [(b"a", b"1")] for request in server.requests)
    assert_unseen(crawled)


def test_the_duplicate_filter_and_the_cache(server: WireServer, tmp_path: Path) -> None:
    settings = signing(server, HTTPCACHE_ENABLED=True, HTTPCACHE_DIR=str(tmp_path))
    urls = {place: f"{server.url}/{place}?q=1" for place in PLACEMENTS}
    requests = [post(url, place) for place, url in urls.items()]
    first = crawl(settings, requests * 2)
    assert len(nonces(server.requests)) == 3
    second = crawl(settings, requests)
    assert len(server.requests) == 3
    for crawled in (first, second):
        assert sorted(answer["url"] for answer in crawled.answers) == sorted(urls.values())
        assert_unseen(crawled)
    files = [it for it in tmp_path.rglob("*") if it.is_file()]
    assert files
    assert not any(b"oauth_" in it.read_bytes() for it in files)


def test_queues_on_disk(server: WireServer, other_server: WireServer, tmp_path: Path) -> None:
    """Hops go through the queues, where all that is left of what was signed is where it was."""
    server.redirects["/first"] = (307, "/second")
    server.redirects["/second"] = (307, f"{other_server.url}/third")
    other_server.redirects["/third"] = (307, f"{server.url}/back")
    settings = signing(server, JOBDIR=str(tmp_path), SCHEDULER_DEBUG=True)
    crawled = crawl(settings, [post(f"{server.url}/first", "BODY")])
    assert "Unable to serialize" not in crawled.log
    assert len(nonces([*of(server, "/first"), *of(server, "/second")])) == 2
    assert is_bare(of(server, "/back")[0])
    assert is_bare(other_server.last)
    assert other_server.last.body == b"a=1"


# --- The clock


@pytest.fixture
def skewed_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WireServer]:
    """Its clock is an hour ahead; what is more than a minute off it refuses."""

    def date(_: Any, timestamp: Any = None) -> str:
        return formatdate(time.time() + 3600, usegmt=True)

    def judge(request: WireRequest) -> Answer:
        stamp = int(verdict(request).parameters.get(b"oauth_timestamp", b"0"))
        return Answer(status=200 if abs(stamp - time.time() - 3600) < 60 else 401)

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date)
    with WireServer() as server:
        for name in ("json", "third", *(f"form/{placement}" for placement in PLACEMENTS)):
            server.answers[f"/{name}"] = judge
        server.answers["/refusing"] = Answer(status=401)
        yield server


def test_a_clock_that_is_off(skewed_server: WireServer) -> None:
    url = skewed_server.url
    requests = [
        *(post(f"{url}/form/{placement}", placement) for placement in PLACEMENTS),
        {"class": "JsonRequest", "url": f"{url}/json", "data": {"a": 1}},
        {"url": f"{url}/refusing"},
    ]
    settings = signing(skewed_server, OAUTH1_CORRECT_CLOCK=True, CONCURRENT_REQUESTS=1)
    crawled = crawl(settings, requests)
    assert sorted(answer["status"] for answer in crawled.answers) == [200] * 4 + [401]
    assert len(nonces(skewed_server.requests)) == len(skewed_server.requests)
    forms = [of(skewed_server, f"/form/{placement}") for placement in PLACEMENTS]
    assert [len(attempts) for attempts in forms] == [2] * 3
    assert all(own_fields(it) == [(b"a", b"1")] for attempts in forms for it in attempts)
    assert {it.body for it in of(skewed_server, "/json")} == {b'{"a": 1}'}
    assert len(of(skewed_server, "/refusing")) <= 2


def test_a_clock_is_left_as_it_is(server: WireServer, skewed_server: WireServer) -> None:
    """Unless it is asked for; and by another origin never."""
    crawled = crawl(signing(skewed_server), [post(f"{skewed_server.url}/form/QUERY", "QUERY")])
    assert [answer["status"] for answer in crawled.answers] == [401]
    server.redirects["/first"] = (307, f"{skewed_server.url}/third")
    crawled = crawl(
        signing(server, skewed_server, OAUTH1_CORRECT_CLOCK=True),
        [post(f"{server.url}/first", "AUTH_HEADER")],
    )
    assert [answer["status"] for answer in crawled.answers] == [401]
    assert len(skewed_server.requests) == 2


# --- The document


def test_the_documents_blocks_run(server: WireServer, tmp_path: Path) -> None:
    blocks = [it.text for it in documents.blocks(DOCUMENT) if it.language == "python"]
    assert len(blocks) == 2
    credentials, spider = blocks
    (tmp_path / "credentials.py").write_text(credentials)
    (tmp_path / "spider.py").write_text(spider.replace("https://api.example.com", server.url))
    package = str(Path(oauth1_rs.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "runspider", "spider.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), package])},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "ERROR" not in done.stderr
    assert len(nonces(server.requests)) == len(server.requests) == 2
    assert quote("client secret") not in done.stderr
    assert "client secret" not in done.stderr
