"""Signs again and again, and measures whether the process grows: `python tests/memory.py COUNT`.

Prints, for each kind of work, how often it was done and by how many bytes the process has grown
after a first tenth of it; fails if these are more than an allocator's whims. Linux only, for that
has /proc.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import rsa_keys
from oauth1_rs import Client, OAuth1, OAuth1Error

# Of 200 000 signatures less than a byte each.
LIMIT = 128 * 1024
URL = "https://example.com/photos?size=original"
FORM = "a=1&b=2&status=Hello+Ladies"
# It lets go of the interpreter while it is signed.
LARGE_FORM = "&".join(f"name{number}=value" for number in range(10_000))
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
KEY = rsa_keys.path(1024).read_text(encoding="ascii")
DAMAGED = KEY[:400] + ("B" if KEY[400] == "A" else "A") + KEY[401:]


def client(**settings: Any) -> Client:
    return Client("client", "client secret", "token", "token secret", **settings)


def rsa(key: str = KEY) -> Client:
    return Client("client", signature_method="RSA-SHA256", rsa_key=key)


def requested() -> Callable[[], object]:
    auth, request = OAuth1("client", "secret"), requests.Request("GET", URL).prepare()
    return lambda: auth(request)


def written() -> Callable[[], object]:
    """All is prepared anew after a write."""
    changing = client(verifier="v", protocol_parameters={"oauth_session_handle": "h"})

    def write_and_sign() -> None:
        changing.resource_owner_secret = "other"
        changing.sign(URL)

    return write_and_sign


def refused(call: Callable[[], object]) -> Callable[[], object]:
    def fail() -> None:
        with contextlib.suppress(OAuth1Error):
            call()
            raise AssertionError("it is not refused")

    return fail


def calls(signer: Client, *arguments: Any) -> Callable[[], object]:
    return lambda: signer.sign(*arguments)


# How much of the count, and what.
WORK: dict[str, tuple[float, Callable[[], object]]] = {
    "header": (0.4, calls(client(), URL)),
    "query": (0.1, calls(client(signature_type="QUERY", signature_method="HMAC-SHA256"), URL)),
    "body": (0.1, calls(client(signature_type="BODY"), URL, "POST", FORM, FORM_TYPE)),
    "form": (0.1, calls(client(signature_method="HMAC-SHA512"), URL, "POST", FORM, FORM_TYPE)),
    "plaintext": (0.1, calls(client(signature_method="PLAINTEXT"), URL)),
    "a request": (0.1, requested()),
    "no URL": (0.05, refused(calls(client(), "no URL"))),
    "a parameter twice": (0.05, refused(calls(client(), f"{URL}&oauth_token=t"))),
    "new settings": (0.02, written()),
    "a large form": (0.0005, calls(client(), URL, "POST", LARGE_FORM, FORM_TYPE)),
    "a file": (0.002, calls(client(body_hash="sha1"), URL, "PUT", io.BytesIO(bytes(10_000)))),
    "RSA": (0.005, calls(rsa(), URL)),
    "an RSA key": (0.002, rsa),
    "a damaged key": (0.002, refused(lambda: rsa(DAMAGED))),
}


def size() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def growth(work: Callable[[], object], count: int) -> int:
    for _ in range(count // 10):
        work()
    before = size()
    for _ in range(count - count // 10):
        work()
    return size() - before


def main(count: int) -> int:
    grown = 0
    for name, (share, work) in WORK.items():
        times = int(count * share)
        more = growth(work, times)
        print(f"{name}: {times} times, {more} bytes more", flush=True)
        grown = max(grown, more)
    return int(grown > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
