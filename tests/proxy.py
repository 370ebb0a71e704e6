"""A real HTTP proxy on loopback that keeps what it was told."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit


class Proxy:
    """Tunnels `CONNECT` to this machine, and forwards everything else.

    As a context manager it serves.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, str]]] = []
        """Method, target and headers of each request, the names in lower case."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Proxy:
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


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    timeout = 10  # seconds

    def keep(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.proxy.heard.append((self.command, self.path, headers))

    def do_CONNECT(self) -> None:
        self.keep()
        port = int(self.path.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as there:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            sides = {self.connection: there, there: self.connection}
            with contextlib.suppress(OSError):
                while ready := select.select(list(sides), [], [], 10)[0]:
                    for side in ready:
                        if not (data := side.recv(65536)):
                            return
                        sides[side].sendall(data)

    def forward(self) -> None:
        self.keep()
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        target = self.path.partition(parts.netloc)[2] or "/"
        connection.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = forward  # noqa: N815 - http.server's names

    def log_message(self, *_arguments: object) -> None:
        """Tests need no access log."""


def _handler(owner: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        proxy = owner

    return Handler
