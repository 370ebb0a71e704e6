"""Signs what Scrapy downloads: a downloader middleware."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit
from weakref import WeakKeyDictionary

from scrapy.exceptions import NotConfigured
from scrapy.utils import httpobj
from scrapy.utils.misc import load_object

from oauth1_rs._clock import corrects_clock
from oauth1_rs._hops import Chain, Message, in_bytes, is_same_origin, without
from oauth1_rs._native import OAuth1
from oauth1_rs.exceptions import OAuth1Error, OAuth1TypeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response
    from typing_extensions import Self

__all__ = ["OAuth1DownloaderMiddleware"]


class OAuth1DownloaderMiddleware:
    """Signs requests to the origins that are named, and no others.

    It belongs behind all other middlewares, beside the downloader::

        DOWNLOADER_MIDDLEWARES = {"oauth1_rs.scrapy.OAuth1DownloaderMiddleware": 950}

    The signature then covers what they changed (cookies do not count, bodies and URLs do), each
    retry has one of its own, and neither the duplicate filter nor the cache (900), nor the spider,
    nor the log sees one: when there is an answer the request is again what it was.

    Settings
    --------
    OAUTH1_AUTH : OAuth1 or str
        Signs, or is the path of what does (``"project.credentials.auth"``). The spider's attribute
        ``oauth1``, if there is one, and ``request.meta["oauth1"]`` take its place; ``False`` there
        signs nothing.
    OAUTH1_ORIGINS : list of str
        Where it is signed: ``["https://api.example.com"]``. What is redirected from one origin to
        another is not signed any more, though both are named.
    OAUTH1_CORRECT_CLOCK : bool, default False
        If a server answers 401, and by its ``Date`` the timestamp (RFC 5849 section 3.3) was more
        than 60 seconds and at most 24 hours off, set ``auth.client.timestamp_offset`` and schedule
        the request once more.

    Raises
    ------
    OAuth1Error
        At the start: a setting cannot be used. As a request's failure, for its ``errback``: it
        cannot be signed, and was not sent.
    """

    def __init__(
        self,
        crawler: Crawler,
        auth: OAuth1 | str | None,
        origins: Iterable[str],
        *,
        correct_clock: bool = False,
    ) -> None:
        self.crawler = crawler
        self.auth = _auth(auth, "the setting OAUTH1_AUTH")
        self.origins = [_origin(origin) for origin in origins]
        self.correct_clock = correct_clock
        self._signed: WeakKeyDictionary[Request, _Signed] = WeakKeyDictionary()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make one by the settings, as Scrapy does."""
        settings = crawler.settings
        origins = settings.getlist("OAUTH1_ORIGINS")
        auth = settings.get("OAUTH1_AUTH")
        if not origins:
            text = "OAUTH1_ORIGINS names no origin, such as ['https://api.example.com']"
            if auth:
                raise OAuth1Error(f"the setting {text}: nothing would be signed")
            raise NotConfigured(text)
        correct_clock = settings.getbool("OAUTH1_CORRECT_CLOCK")
        return cls(crawler, auth, origins, correct_clock=correct_clock)

    def process_request(self, request: Request, **_spider: Any) -> None:
        """Sign a request that is about to be downloaded."""
        self._restore(request)  # somebody may have scheduled it anew
        auth = self._auth_of(request)
        # Each hop is scheduled as a request of its own, which tells where it came from.
        before = request.meta.get("redirect_urls", [])
        if auth is None or not self._is_named([*before, request.url][0]):
            return
        if not _is_within_origin([*before, request.url]):
            # As in a page's meta refresh, where it came past `process_response`.
            _set_url(request, without(request.url, set(), is_elsewhere=True))
            return
        try:
            self._sign(request, auth, is_redirected=bool(before))
        except OAuth1Error:
            if not before:
                raise

    def process_response(
        self, request: Request, response: Response, **_spider: Any
    ) -> Response | Request:
        """Take the signature out of an answered request, and of what the answer repeats of it."""
        sent = urldefrag(request.url).url
        signed = self._restore(request)
        change = signed and signed.chain.change
        if not signed or not change:
            return response
        if response.url == sent:
            response = response.replace(url=urldefrag(request.url).url)
        location = _text(response.headers.get("Location"))
        if location is not None:
            is_elsewhere = not _leads_within_origin(change.url, location)
            kept = without(location, change.parameters(), is_elsewhere)
            response.headers["Location"] = kept.encode("latin-1")
        if (
            self.correct_clock
            and not request.meta.get("oauth1_corrected_clock")
            and corrects_clock(signed.chain.auth, change, response.status, response.headers)
        ):
            again = request.copy()
            again.dont_filter = True
            again.meta["oauth1_corrected_clock"] = True
            return again
        return response

    def process_exception(self, request: Request, exception: Exception, **_spider: Any) -> None:
        """Take the signature out of a request that failed, and may be sent again."""
        self._restore(request)

    def _auth_of(self, request: Request) -> OAuth1 | None:
        places = {
            'request.meta["oauth1"]': request.meta.get("oauth1"),
            "the spider's attribute oauth1": getattr(self.crawler.spider, "oauth1", None),
        }
        for place, given in places.items():
            if given is False:
                return None
            if given is not None:
                return _auth(given, place)
        return self.auth

    def _is_named(self, url: str) -> bool:
        return any(is_same_origin(origin, url) for origin in self.origins)

    def _sign(self, request: Request, auth: OAuth1, *, is_redirected: bool) -> None:
        url, headers, body = request.url, request.headers, request.body
        message = Message(request.method, url, headers.copy(), body or None)
        chain = Chain(auth)
        chain.sign(message)
        signed_body = in_bytes(message.body)
        if is_redirected and signed_body and not body:
            return  # the parameters' place was left behind
        self._signed[request] = _Signed(chain, url, headers, body)
        request.headers = message.headers
        _set_url(request, message.url)
        if signed_body != body:
            request._set_body(signed_body)

    def _restore(self, request: Request) -> _Signed | None:
        signed = self._signed.pop(request, None)
        if signed is not None:
            request.headers = signed.headers
            _set_url(request, signed.url)
            request._set_body(signed.body)
        return signed


class _Signed(NamedTuple):
    """How a request was signed, and what it was before."""

    chain: Chain
    url: str
    headers: Headers
    body: bytes


def _auth(given: Any, place: str) -> OAuth1 | None:
    auth = load_object(given) if isinstance(given, str) and given else given
    if auth and not isinstance(auth, OAuth1):
        raise OAuth1TypeError(
            f"{place} must be, or be the path of, an oauth1_rs.OAuth1, got {type(auth).__name__}"
        )
    return auth or None


def _origin(given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise OAuth1Error(
            f"the setting OAUTH1_ORIGINS must name origins, such as 'https://api.example.com' or "
            f"'http://localhost:8080', got {given!r}"
        )
    return given


def _is_within_origin(urls: list[str]) -> bool:
    return all(is_same_origin(before, after) for before, after in pairwise(urls))


def _leads_within_origin(url: str, location: str) -> bool:
    try:
        return is_same_origin(url, urljoin(url, location))
    except ValueError:  # it is no URL
        return False


def _set_url(request: Request, url: str) -> None:
    """Change a request's URL: a new request in its place would be scheduled once more."""
    if url != request.url:
        request._set_url(url)
        # Where HTTP/2 takes the URL from.
        httpobj._urlparse_cache.pop(request, None)


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
