"""A real HTTP server on loopback that keeps every request exactly as it arrived."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType

from verifier import WireRequest


@dataclass(frozen=True)
class Answer:
    """A response, which need not be a sound one."""

    body: bytes | Iterable[bytes] = b""
    """Pieces go out one by one, and without a `Content-Length`."""
    status: int = 200
    headers: Iterable[tuple[str, str]] = ()
    missing: int = 0
    """How many bytes more than there are `Content-Length` promises."""


class WireServer:
    """Answers every request with an empty 200; as a context manager it serves until the end.

    `redirects` maps paths to the status and `Location` to answer with instead, `answers` to a
    whole answer or to what makes one of the request.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, address: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        self.requests: list[WireRequest] = []
        self.connections = 0
        self.redirects: dict[str, tuple[int, str | None]] = {}
        self.answers: dict[str, Answer | Callable[[WireRequest], Answer]] = {}
        self.scheme = "https" if tls else "http"
        self._server = _Server(address, _handler(self))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        # Waiting half a second for each server's end would make the tests slow.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.port = self._server.server_port
        self.address = (address[0], self.port)
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.url = f"{self.scheme}://{host}:{self.port}"

    def __enter__(self) -> WireServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: WireRequest) -> Answer:
        path = request.target.decode("latin-1").partition("?")[0]
        if path in self.redirects:
            status, location = self.redirects[path]
            return Answer(
                status=status, headers=[] if location is None else [("Location", location)]
            )
        answer = self.answers.get(path, Answer())
        return answer if isinstance(answer, Answer) else answer(request)

    @property
    def last(self) -> WireRequest:
        return self.requests[-1]


class _Server(ThreadingHTTPServer):
    """Takes IPv6 addresses too, and asks no name server for its own name."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        self.server_port = self.socket.getsockname()[1]


class _Handler(BaseHTTPRequestHandler):
    wire: WireServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every body would wait 40 ms for the headers to arrive
    timeout = 10  # seconds: a client that promises more than it sends must not hang a test

    def setup(self) -> None:
        self.wire.connections += 1
        super().setup()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client has read enough
            super().handle()

    def handle_request(self) -> None:
        request = WireRequest(
            method=self.command,
            scheme=self.wire.scheme,
            # Not `path`, where http.server has made one slash of two at the beginning.
            target=self.requestline.split()[1].encode("latin-1"),
            host=self.headers["Host"].encode("latin-1"),
            headers=list(self.headers.items()),
            body=self.read_body(),
        )
        self.wire.requests.append(request)
        self.send_answer(self.wire.answer(request))

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def send_answer(self, answer: Answer) -> None:
        body = answer.body
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if isinstance(body, bytes):
            self.send_header("Content-Length", str(len(body) + answer.missing))
        if answer.missing or not isinstance(body, bytes):
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in [body] if isinstance(body, bytes) else body:
            self.wfile.write(piece)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request  # noqa: N815 - http.server's names

    def log_message(self, *_arguments: object) -> None:
        """Tests need no access log."""


def _handler(server: WireServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        wire = server

    return Handler
