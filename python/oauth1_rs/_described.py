"""The requests of the clients, in the parts that are signed."""

from __future__ import annotations

import sys
from typing import Any

from oauth1_rs._hops import Message
from oauth1_rs.exceptions import OAuth1TypeError


def described(request: Any) -> Message:
    """Return the parts of a client's request, as requests would have them, to be signed or read."""
    try:
        method, url, headers = request.method, request.url, request.headers
        body = request.body if hasattr(request, "body") else _content(request)
        if hasattr(headers, "to_unicode_dict"):  # Scrapy's have lists of bytes
            headers = headers.to_unicode_dict()
        headers = headers.copy()
    except AttributeError:
        url = None
    if url is None:
        raise OAuth1TypeError(
            "explain takes a prepared request, of requests, niquests or httpx, a Request of Scrapy "
            f"or a ClientRequest of aiohttp, got {type(request).__name__}: pass what else there is "
            "in parts, to explain(uri, http_method, body, headers) of a Client"
        )
    return Message(method, str(url), headers, _in_memory(body))


def _content(request: Any) -> Any:
    """Return the body of httpx's, or the stream that it will be: that is not to be used up."""
    try:
        return request.content
    except RuntimeError:  # httpx.RequestNotRead
        return request.stream


def _in_memory(body: Any) -> Any:
    """Return aiohttp's payloads of bytes as bytes, and all else as it is."""
    aiohttp = sys.modules.get("aiohttp")
    if aiohttp is None or not isinstance(body, aiohttp.BytesPayload):
        return body
    try:
        # It waits for nothing.
        body.as_bytes().send(None)
    except StopIteration as end:
        return bytes(end.value)
    return body
