"""The client's end of the callback (RFC 5849 section 2.2): a page on this machine."""

from __future__ import annotations

import base64
import hashlib
import os
import queue
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from oauth1_rs._cli.terminal import USAGE, Failure

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

HOST = "127.0.0.1"
PATH = "/callback"
# Seconds that a browser may take for a request, and for reading the last page.
PATIENCE = 10
# Seconds in which a page that was asked for twice is shown twice.
LINGER = 0.25

STYLE = """
:root { color-scheme: light dark; }
body { font: 1.125rem/1.5 system-ui, sans-serif; margin: 0; padding: 2rem 1.5rem;
       color: #1f2328; background: #f6f8fa; }
main { box-sizing: border-box; max-width: 36rem; margin: 10vh auto 0; padding: 1.5rem 2rem;
       border: 1px solid #d0d7de; border-left: .5rem solid #1a7f37; border-radius: .375rem;
       background: #fff; }
main.failed { border-left-color: #cf222e; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
p { margin: .75rem 0 0; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; }
  main { border-color: #3d444d; border-left-color: #3fb950; background: #151b23; }
  main.failed { border-left-color: #f85149; }
}
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - oauth1-rs</title>
<style>{style}</style>
</head>
<body>
<main{kind}>
<h1>{title}</h1>
<p>{text}</p>
</main>
</body>
</html>
"""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    # The address has the verifier, and nothing that is loaded or followed shall tell it.
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


@dataclass(frozen=True)
class Page:
    """What the browser shows: text of this file alone, nothing that came from elsewhere."""

    title: str
    text: str
    status: HTTPStatus = HTTPStatus.OK

    def render(self) -> bytes:
        """Return the page as HTML."""
        kind = "" if self.status == HTTPStatus.OK else ' class="failed"'
        page = PAGE.format(title=self.title, text=self.text, style=STYLE, kind=kind)
        return page.encode()


BACK = "You can close this page and go back to the terminal."
ALLOWED = Page("Access is allowed", BACK)
DENIED = Page("Access was denied", f"You or the provider said no. {BACK}", HTTPStatus.FORBIDDEN)
DENIED_ELSEWHERE = Page(
    "Was access denied?",
    "The token of the login that was waited for is missing, so any page could have led here. The "
    "terminal goes on waiting: if access was denied on purpose, press Ctrl-C there.",
    HTTPStatus.BAD_REQUEST,
)
WRONG_TOKEN = Page(
    "This is not the page that was waited for",
    "It belongs to another login. The terminal goes on waiting for its own: follow the address "
    "that it shows.",
    HTTPStatus.BAD_REQUEST,
)
FAILED = Page("Something went wrong", f"The terminal says what. {BACK}", HTTPStatus.BAD_GATEWAY)
NOT_FOUND = Page("There is nothing here", "The login has another address.", HTTPStatus.NOT_FOUND)
ONLY_GET = Page("This cannot be done here", "Pages are only shown.", HTTPStatus.METHOD_NOT_ALLOWED)
BAD_REQUEST = Page("This cannot be read", "It is no request for a page.", HTTPStatus.BAD_REQUEST)


@dataclass
class Visit:
    """A request for the callback's page, which waits for its answer."""

    query: str = field(repr=False)
    page: Page = FAILED
    answered: threading.Event = field(default_factory=threading.Event)
    sent: threading.Event = field(default_factory=threading.Event)

    def answer(self, page: Page, patience: float = PATIENCE) -> None:
        """Show a page, and wait until the browser has it, but not for long."""
        self.page = page
        self.answered.set()
        self.sent.wait(max(patience, 0))


class CallbackServer:
    """Serves the callback's page on a port of this machine, while it is entered."""

    def __init__(self, port: int = 0) -> None:
        self.visits: queue.Queue[Visit] = queue.Queue()
        try:
            self._server = _Server((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            raise Failure(USAGE, f"port {port} cannot be used: {error}") from None
        self._server.callback = self
        self.port: int = self._server.server_address[1]
        self.last = FAILED
        self.url = f"http://{HOST}:{self.port}{PATH}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The same page once more: in another tab, or to a browser that fetched it beforehand.
        end = time.monotonic() + LINGER
        while visit := self.wait(end - time.monotonic()):
            visit.answer(self.last, end - time.monotonic())
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> Visit | None:
        """Return the next visit, or ``None`` if there is none in that time."""
        try:
            return self.visits.get(timeout=max(seconds, 0))
        except queue.Empty:
            return None


class _Server(ThreadingHTTPServer):
    callback: CallbackServer
    daemon_threads = True
    # On Windows it would let another program have the port, too.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, *_arguments: object) -> None:
        """Write nothing of a connection that a browser has dropped."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE

    def do_GET(self) -> None:
        # A name that leads here is no address of ours: a foreign page could have such a name.
        if self.headers.get("Host") != f"{HOST}:{self.server.callback.port}":
            self._show(NOT_FOUND)
            return
        path, _, query = self.path.partition("?")
        if path != PATH:
            self._show(NOT_FOUND)
            return
        visit = Visit(query)
        self.server.callback.visits.put(visit)
        visit.answered.wait()
        self.server.callback.last = visit.page
        try:
            self._show(visit.page)
        finally:
            visit.sent.set()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        del message, explain  # they have the method or the address
        self._show(ONLY_GET if code == HTTPStatus.NOT_IMPLEMENTED else BAD_REQUEST)

    def _show(self, page: Page) -> None:
        body = page.render()
        self.send_response(page.status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if page is ONLY_GET:
            self.send_header("Allow", "GET")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "oauth1-rs"

    def log_message(self, *_arguments: object) -> None:
        """Write nothing: a request has the verifier."""
