"""httpx and httpx2 over HTTP/2: what is signed is what the pseudo-headers say."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import hypercorn.asyncio
import pytest
import trustme
from client_requests import FORM, PLACEMENTS, auth, verdict
from httpx_clients import KINDS, Kind
from hypercorn.config import Config
from verifier import WireRequest

Application = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]


class Http2Server:
    """Answers with 200, and requests to `/moved` with a redirect to `/here`."""

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.requests: list[WireRequest] = []
        self.versions: set[str] = set()
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(folder / "certificate.pem", append=True)
        self._config = Config()
        self._config.bind = [f"fd://{listening.detach()}"]
        self._config.keyfile = str(folder / "key.pem")
        self._config.certfile = str(folder / "certificate.pem")
        self._config.alpn_protocols = ["h2"]
        self._config.errorlog = None
        self._end: Callable[[], object] = lambda: None
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Http2Server:
        self._thread.start()
        assert self._is_ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._end()
        self._thread.join()

    async def _serve(self) -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        self._end = lambda: loop.call_soon_threadsafe(end.set)
        self._is_ready.set()
        application: Any = self._answer
        await hypercorn.asyncio.serve(
            application, self._config, shutdown_trigger=end.wait, mode="asgi"
        )

    async def _answer(
        self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        if scope["type"] != "http":
            return
        body, is_more = b"", True
        while is_more:
            event = await receive()
            body += event.get("body", b"")
            is_more = event.get("more_body", False)
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        query = scope["query_string"]
        self.versions.add(scope["http_version"])
        self.requests.append(
            WireRequest(
                method=scope["method"],
                scheme=scope["scheme"],
                target=scope["raw_path"] + (b"?" + query if query else b""),
                host=dict(scope["headers"])[b"host"],
                headers=headers,
                body=body,
            )
        )
        is_moved = scope["path"] == "/moved"
        await send(
            {
                "type": "http.response.start",
                "status": 307 if is_moved else 200,
                "headers": [(b"location", b"/here?x=%2f")] if is_moved else [],
            }
        )
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(tmp_path: Path, authority: trustme.CA) -> Iterator[Http2Server]:
    with Http2Server(tmp_path, authority) as server:
        yield server


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_http2(kind: Kind, server: Http2Server, authority: trustme.CA, placement: str) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    signer = auth(signature_type=placement)
    options = {"http2": True, "verify": context, "follow_redirects": True}
    with kind.session(signer, **options) as client:
        responses = [
            client.get(f"{server.url}/a%2fb?q=%C3%BC"),
            client.post(f"{server.url}/moved?q=1", data={"a": "1 +"}),
            client.post(f"{server.url}/", content=b"c=%FF", headers={"Content-Type": FORM}),
        ]
        if placement != "BODY":
            responses.append(client.post(f"{server.url}/", json={"a": 1}))
            responses.append(client.post(f"{server.url}/", content=kind.stream([b"1", b"2"])))
            assert json.loads(server.requests[-2].body) == {"a": 1}
            assert server.requests[-1].body == b"12"
    assert {(response.http_version, response.status_code) for response in responses} == {
        ("HTTP/2", 200)
    }
    assert server.versions == {"2"}
    assert len(server.requests) == len(responses) + 1
    verdicts = [verdict(request) for request in server.requests]
    assert [judged.reason for judged in verdicts] == ["the signature matches"] * len(verdicts)
    assert len({judged.parameters[b"oauth_nonce"] for judged in verdicts}) == len(verdicts)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_many_requests_in_one_connection(
    kind: Kind, server: Http2Server, authority: trustme.CA
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with kind.session(auth(), http2=True, verify=context) as client:
        client.get(f"{server.url}/")  # so that there is a connection to share
        urls = [f"{server.url}/?n={number}" for number in range(20)]
        if kind.is_async:

            async def all_at_once() -> None:
                await asyncio.gather(*map(client.client.get, urls))

            client.wait_for(all_at_once())
        else:
            for url in urls:
                client.get(url)
    verdicts = [verdict(request) for request in server.requests]
    assert all(judged.accepted for judged in verdicts)
    assert len({judged.parameters[b"oauth_nonce"] for judged in verdicts}) == 21
