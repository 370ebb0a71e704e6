"""Write what the fuzzers begin with: the published vectors, and the private keys of the tests."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
PLACEMENTS = {"header": b"0", "query": b"1", "body": b"2"}
# A character's number divided by seven leaves the method's.
METHODS = {
    "HMAC-SHA1": b"1",
    "HMAC-SHA256": b"2",
    "HMAC-SHA512": b"3",
    "PLAINTEXT": b"4",
    "RSA-SHA1": b"5",
    "RSA-SHA256": b"6",
    "RSA-SHA512": b"7",
}
# What providers answer, and callbacks.
TOKEN_RESPONSES = [
    b"oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true",
    b'{"oauth_token": "a", "oauth_token_secret": "b"}',
    b"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1-2",
    b"<html><body>oauth_problem=nonce_used</body></html>",
    b"https://client.example/cb?oauth_token=a&oauth_verifier=b#c",
    b"?denied=a",
    b"oauth_token=a&oauth_token=b&oauth_token_secret=%FF%zz",
]


def main(target: Path) -> None:
    for name in ("base_string", "request"):
        for vector in json.loads((ROOT / f"tests/vectors/{name}.json").read_text()):
            for fuzzer in ("sign", "python_boundary"):
                write(target / fuzzer / vector["id"], request(vector))
            multipart = target / "python_boundary" / f"{vector['id']}-multipart"
            write(multipart, request(vector, kind=b"9"))
    for key in (ROOT / "tests/keys").glob("*.pem"):
        text = key.read_bytes()
        write(target / "private_key" / key.stem, b"\n" + text)
        body = b"".join(line for line in text.splitlines() if b"-----" not in line)
        write(target / "private_key" / f"{key.stem}-der", b"d\n" + b64decode(body))
        write(target / "private_key" / f"{key.stem}-encrypted", b"psecret\n" + text)
    for number, text in enumerate(TOKEN_RESPONSES):
        write(target / "token_responses" / str(number), text)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def request(vector: dict[str, Any], kind: bytes = b"") -> bytes:
    """One value a line, as `src/input.rs` and `python_boundary.py` read it."""
    form = vector.get("body") or encoded(vector.get("body_params"))
    uri, query = vector["url"], encoded(vector.get("query_params"))
    if query:
        uri += ("&" if "?" in uri else "?") + query
    choices = 0x40 | 32 | (2 if form else 0) | (8 if "token" in vector else 0)
    method = METHODS.get(vector.get("signature_method", ""), b"1")
    placement = PLACEMENTS.get(vector.get("placement", "header"), b"0")
    lines = [
        vector["method"],
        uri,
        "",
        "",
        vector.get("nonce", "nonce"),
        vector.get("timestamp", "1"),
        vector.get("consumer_key", "client"),
        vector.get("consumer_secret", "secret"),
        vector.get("token", ""),
        vector.get("token_secret", ""),
        vector.get("realm", ""),
        vector.get("callback", ""),
        "oauth_version" if not vector.get("version_param_included", True) else "",
        form,
    ]
    text = "\n".join(str(line or "") for line in lines)
    return placement + method + bytes([choices]) + kind + b"\n" + text.encode()


def encoded(pairs: list[list[str]] | None) -> str:
    return urlencode([(name, value) for name, value in pairs or []])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
