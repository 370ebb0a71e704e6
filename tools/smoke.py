"""Sign two published requests with what is installed, and send one to a server on loopback.

For wheels: run by `make smoke` with nothing but a wheel and requests installed.
"""

from __future__ import annotations

import json
import sys
import sysconfig
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import oauth1_rs
import requests

VECTORS = Path(__file__).parent.parent / "tests" / "vectors"


class Echo(BaseHTTPRequestHandler):
    """Answers with the header that came."""

    def do_GET(self) -> None:
        body = self.headers["Authorization"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    vectors = json.loads((VECTORS / "request.json").read_text(encoding="utf-8"))
    by_name = {vector["id"]: vector for vector in vectors}
    for name in ("rfc5849-1.2-resource", "wiki-rsa-sha1"):
        vector = by_name[name]
        header = requests.Request("GET", vector["url"], auth=auth(vector)).prepare().headers
        signature = quote(vector["expected_signature"], safe="")
        assert f'oauth_signature="{signature}"' in header["Authorization"], name
    server = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    session = requests.Session()
    session.trust_env = False
    response = session.get(url, auth=oauth1_rs.OAuth1("key", "secret"), timeout=10)
    server.shutdown()
    assert response.text.startswith('OAuth oauth_nonce="'), response.text
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        # A module that does not say it can do without switches it on for everybody.
        assert not sys._is_gil_enabled()  # type: ignore[attr-defined]  # noqa: SLF001 - its name
    sys.stdout.write(f"signed by {oauth1_rs.__file__}, Python {sys.version}\n")
    return 0


def auth(vector: dict[str, str]) -> oauth1_rs.OAuth1:
    key = vector.get("private_key")
    return oauth1_rs.OAuth1(
        vector["consumer_key"],
        vector.get("consumer_secret"),
        vector.get("token"),
        vector.get("token_secret"),
        signature_method=vector["signature_method"],
        rsa_key=VECTORS / "keys" / f"{key}.pem" if key else None,
        nonce=vector["nonce"],
        timestamp=vector["timestamp"],
        protocol_parameters=None if vector["version_param_included"] else {"oauth_version": None},
    )


if __name__ == "__main__":
    sys.exit(main())
