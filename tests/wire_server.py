"""A real HTTP server on loopback that keeps every request exactly as it arrived."""

from __future__ import annotations

import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType

from verifier import WireRequest


class WireServer:
    """Answers every request with an empty 200; as a context manager it serves until the end.

    `redirects` maps paths to the status and `Location` to answer with instead.
    """

    def __init__(
        self, tls: ssl.SSLContext | None = None, address: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        self.requests: list[WireRequest] = []
        self.redirects: dict[str, tuple[int, str | None]] = {}
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


def _handler(server: WireServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10  # seconds: a client that promises more than it sends must not hang a test

        def answer(self) -> None:
            server.requests.append(
                WireRequest(
                    method=self.command,
                    scheme=server.scheme,
                    target=self.path.encode("latin-1"),
                    host=self.headers["Host"].encode("latin-1"),
                    headers=list(self.headers.items()),
                    body=self.read_body(),
                )
            )
            status, location = server.redirects.get(self.path.partition("?")[0], (200, None))
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def read_body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", "0")))
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - http.server's names

        def log_message(self, *_arguments: object) -> None:
            """Tests need no access log."""

    return Handler
