"""Crawls with Scrapy, in a process of its own: a reactor runs but once.

As a program it reads what to crawl from its standard input, and prints what the spider got.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oauth1_rs
import scrapy
import scrapy.crawler
from client_requests import CREDENTIALS

MIDDLEWARE = "oauth1_rs.scrapy.OAuth1DownloaderMiddleware"
SETTINGS = {
    "DOWNLOADER_MIDDLEWARES": {MIDDLEWARE: 950},
    "LOG_LEVEL": "DEBUG",
    "TELNETCONSOLE_ENABLED": False,
    "RETRY_ENABLED": False,
    "HTTPERROR_ALLOW_ALL": True,
}

# What settings and requests may name, by its path.
by_header = oauth1_rs.OAuth1(*CREDENTIALS)
by_query = oauth1_rs.OAuth1(*CREDENTIALS, signature_type="QUERY")
by_body = oauth1_rs.OAuth1(*CREDENTIALS, signature_type="BODY")
by_plaintext = oauth1_rs.OAuth1(*CREDENTIALS, signature_method="PLAINTEXT", signature_type="BODY")
with_hash = oauth1_rs.OAuth1(*CREDENTIALS, body_hash="sha256")
of_another = oauth1_rs.OAuth1("another key", CREDENTIALS[1], CREDENTIALS[2], CREDENTIALS[3])
BY_PLACEMENT = {"AUTH_HEADER": by_header, "QUERY": by_query, "BODY": by_body}
PATHS = {"AUTH_HEADER": "by_header", "QUERY": "by_query", "BODY": "by_body"}


def path(name: str) -> str:
    return f"scrapy_crawl.{name}"


@dataclass
class Crawl:
    """What came of one."""

    answers: list[dict[str, Any]]
    """Of each: its status, URL, headers, and URL, headers, body and meta of the request."""
    errors: list[str]
    log: str


def crawl(
    settings: dict[str, Any], requests: list[dict[str, Any]], spider: dict[str, Any] | None = None
) -> Crawl:
    """Send requests; `class` of one is another class than `Request`.

    A setting `{"object": name}` is what this module calls so.
    """
    job = {"settings": {**SETTINGS, **settings}, "requests": requests, "spider": spider or {}}
    folders = [str(Path(__file__).parent), str(Path(oauth1_rs.__file__).parent.parent)]
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps(job),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return Crawl(**json.loads(done.stdout), log=done.stderr)


def main() -> None:
    job = json.load(sys.stdin)
    answers, errors = [], []

    class Spider(scrapy.Spider):
        name = "spider"

        async def start(self) -> AsyncIterator[Any]:
            for number, options in enumerate(job["requests"]):
                make = getattr(scrapy.http, options.pop("class", "Request"))
                body = options.pop("body", None)
                yield make(
                    **options,
                    **({} if body is None else {"body": body.encode("latin-1")}),
                    priority=-number,
                    callback=self.parse,
                    errback=self.fail,
                )

        def parse(self, response: Any) -> Any:
            request = response.request
            answers.append(
                {
                    "status": response.status,
                    "url": response.url,
                    "headers": response.headers.to_unicode_dict().data,
                    "request_url": request.url,
                    "request_headers": request.headers.to_unicode_dict().data,
                    "request_body": request.body.decode("latin-1"),
                    "meta": {name: repr(value) for name, value in request.meta.items()},
                }
            )

        def fail(self, failure: Any) -> None:
            errors.append(f"{type(failure.value).__name__}: {failure.value}")

    for name, value in job["spider"].items():
        setattr(Spider, name, value)
    for name, value in job["settings"].items():
        if isinstance(value, dict) and "object" in value:
            job["settings"][name] = globals()[value["object"]]
    process = scrapy.crawler.CrawlerProcess(job["settings"])
    process.crawl(Spider)
    process.start()
    print(json.dumps({"answers": answers, "errors": errors}))


if __name__ == "__main__":
    # What is loaded by its path is no second time what it is here.
    sys.modules["scrapy_crawl"] = sys.modules["__main__"]
    main()
