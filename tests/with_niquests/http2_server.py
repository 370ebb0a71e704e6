"""A real server on loopback that speaks HTTP/2, over TLS, and keeps what arrives."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config
from verifier import WireRequest


class Http2Server:
    """As `WireServer`, with `redirects` alone, and `statuses` to answer with, one after another."""

    def __init__(self, authority: trustme.CA, folder: Path) -> None:
        self.requests: list[WireRequest] = []
        self.versions: set[str] = set()
        self.redirects: dict[str, tuple[int, str]] = {}
        self.statuses: list[int] = []
        certificate = authority.issue_cert("127.0.0.1")
        chain, key = folder / "chain.pem", folder / "key.pem"
        chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        key.write_bytes(certificate.private_key_pem.bytes())
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        self._config = Config()
        self._config.bind = [f"fd://{listening.detach()}"]
        self._config.certfile, self._config.keyfile = str(chain), str(key)
        self._config.graceful_timeout = 0.1
        self._config.errorlog = None
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Http2Server:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A multiplexed session of niquests forgets the connections of redirects, and the end of one
        # that is open is waited for.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        application: Any = self._answer
        trigger: Any = self._end.wait
        self._loop.run_until_complete(serve(application, self._config, shutdown_trigger=trigger))
        self._loop.close()

    async def _answer(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":  # the beginning and the end of the server
            raise NotImplementedError
        body, is_whole = b"", False
        while not is_whole:
            event = await receive()
            body += event.get("body", b"")
            is_whole = not event.get("more_body", False)
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        query = scope["query_string"]
        self.versions.add(scope["http_version"])
        self.requests.append(
            WireRequest(
                method=scope["method"],
                scheme=scope["scheme"],
                target=scope["raw_path"] + (b"?" + query if query else b""),
                host=dict(headers)["host"].encode(),
                headers=headers,
                body=body,
            )
        )
        status, location = self.redirects.get(scope["path"], (200, None))
        if location is None and self.statuses:
            status = self.statuses.pop(0)
        answer = [] if location is None else [(b"location", location.encode())]
        answer.append((b"content-length", b"0"))
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": b""})
