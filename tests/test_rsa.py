"""RSA-SHA1, RSA-SHA256 and RSA-SHA512: the forms of a key, the signatures, forks and threads."""

from __future__ import annotations

import base64
import copy
import os
import pickle
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import rsa_keys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from oauth1_rs import Client, OAuth1, OAuth1Error
from verifier import WireRequest, verify
from wire_server import WireServer

URL = "https://example.com/photos?size=original"
HASHES: dict[str, hashes.HashAlgorithm] = {
    "RSA-SHA1": hashes.SHA1(),
    "RSA-SHA256": hashes.SHA256(),
    "RSA-SHA512": hashes.SHA512(),
}


def sign(client: Client, url: str = URL) -> WireRequest:
    _, headers, _ = client.sign(url)
    return WireRequest.from_url("GET", url, headers)


def signature_of(request: WireRequest) -> bytes:
    return verify(request, "", public_key=rsa_keys.public_key()).parameters[b"oauth_signature"]


def expected_signature(request: WireRequest, bits: int, method: str) -> bytes:
    """Sign with the cryptography package."""
    text = verify(request, "", public_key=rsa_keys.public_key()).base_string
    signed = rsa_keys.private_key(bits).sign(text, padding.PKCS1v15(), HASHES[method])
    return base64.b64encode(signed)


FORMS: dict[str, Callable[[int], Any]] = {
    "PKCS#8 text": rsa_keys.pkcs8,
    "PKCS#8 bytes": lambda bits: rsa_keys.pkcs8(bits).encode(),
    "PKCS#1 text": rsa_keys.pkcs1,
    "path": rsa_keys.path,
    "cryptography": rsa_keys.private_key,
}


@pytest.mark.parametrize("method", HASHES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bits", rsa_keys.SIZES)
def test_signatures_are_those_of_the_cryptography_package(
    bits: int, form: str, method: str
) -> None:
    client = Client("client", signature_method=method, rsa_key=FORMS[form](bits))
    request = sign(client)
    assert signature_of(request) == expected_signature(request, bits, method)
    assert verify(request, "", public_key=rsa_keys.public_key(bits)).accepted


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Client("client", signature_method="RSA-SHA1", rsa_key=tmp_path / "none.pem")


def test_a_key_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(rsa_keys.pkcs8())
    client = Client("client", signature_method="RSA-SHA1", rsa_key=file)
    file.unlink()
    client.resource_owner_key = "token"
    client.signature_method = "RSA-SHA256"
    assert verify(sign(client), "", public_key=rsa_keys.public_key()).accepted
    assert client.rsa_key == file
    client.rsa_key = file
    with pytest.raises(FileNotFoundError):
        sign(client)


def test_another_key_signs_from_the_next_request_on() -> None:
    client = Client("client", signature_method="RSA-SHA1", rsa_key=rsa_keys.pkcs8(2048))
    client.rsa_key = rsa_keys.pkcs8(1024)
    assert verify(sign(client), "", public_key=rsa_keys.public_key(1024)).accepted
    client.rsa_key = rsa_keys.pkcs8_encrypted()
    with pytest.raises(OAuth1Error, match="rsa_key is encrypted"):
        sign(client)
    client.rsa_key_passphrase = rsa_keys.PASSPHRASE
    assert verify(sign(client), "", public_key=rsa_keys.public_key(2048)).accepted
    del client.rsa_key
    del client.rsa_key_passphrase
    with pytest.raises(OAuth1Error, match="give rsa_key"):
        sign(client)


@pytest.mark.parametrize(
    "duplicate", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy]
)
def test_copies_sign_with_the_same_key(duplicate: Callable[[OAuth1], OAuth1]) -> None:
    auth = OAuth1(
        "client",
        signature_method="RSA-SHA256",
        rsa_key=rsa_keys.pkcs8_encrypted(),
        rsa_key_passphrase=rsa_keys.PASSPHRASE,
    )
    stored = pickle.dumps(auth)
    numbers = rsa_keys.private_key().private_numbers()
    # What was given is stored, never the key that was decrypted.
    assert b"ENCRYPTED PRIVATE KEY" in stored
    assert numbers.p.to_bytes(128, "big") not in stored
    assert verify(sign(duplicate(auth).client), "", public_key=rsa_keys.public_key()).accepted


def test_a_copy_does_not_read_the_key_again(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(rsa_keys.pkcs8())
    client = Client("client", signature_method="RSA-SHA1", rsa_key=file)
    file.unlink()
    twin = copy.copy(client)
    twin.verifier = "verifier"
    assert client.verifier is None
    assert verify(sign(twin), "", public_key=rsa_keys.public_key()).accepted


def test_repr_shows_no_key() -> None:
    client = Client(
        "client",
        signature_method="RSA-SHA256",
        rsa_key=rsa_keys.pkcs8_encrypted(),
        rsa_key_passphrase=rsa_keys.PASSPHRASE,
    )
    expected = "rsa_key='****', rsa_key_passphrase='****'"
    assert expected in repr(client)
    assert "PRIVATE" not in repr(client)
    assert "canary" not in repr(client)


@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", HASHES)
def test_requests_over_a_socket(server: WireServer, method: str, signature_type: str) -> None:
    auth = OAuth1(
        "client",
        resource_owner_key="token",
        signature_method=method,
        signature_type=signature_type,
        rsa_key=rsa_keys.pkcs8(),
    )
    data = [("a", "1"), ("é", "b c")]
    requests.post(f"{server.url}/x?q=1", data=data, auth=auth).raise_for_status()
    assert verify(server.last, "", public_key=rsa_keys.public_key()).accepted
    assert not verify(server.last, "", public_key=rsa_keys.public_key(1024)).accepted


def test_secrets_have_no_part_in_the_signature() -> None:
    settings: dict[str, Any] = {
        "signature_method": "RSA-SHA1",
        "rsa_key": rsa_keys.pkcs8(),
        "nonce": "n",
        "timestamp": "1",
    }
    one = sign(Client("client", "secret", "token", "token secret", **settings))
    other = sign(Client("client", None, "token", **settings))
    assert one == other


FORKS = """
import os, sys, threading
from pathlib import Path
from oauth1_rs import Client

client = Client("client", signature_method="RSA-SHA256", rsa_key=Path(sys.argv[1]))
ended = threading.Event()

def sign_on():
    while not ended.is_set():
        client.sign("https://example.com/")

def sign_in_threads_that_end():
    while not ended.is_set():
        thread = threading.Thread(target=client.sign, args=("https://example.com/",))
        thread.start()
        thread.join()

threads = [threading.Thread(target=sign_on) for _ in range(3)]
threads.append(threading.Thread(target=sign_in_threads_that_end))
for thread in threads:
    thread.start()
failed = 0
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if not child:
        try:
            client.sign("https://example.com/")
            again = threading.Thread(target=client.sign, args=("https://example.com/",))
            again.start()
            again.join(30)
            os._exit(again.is_alive())
        finally:
            os._exit(2)
    failed += os.waitpid(child, 0)[1] != 0
ended.set()
for thread in threads:
    thread.join()
print(failed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_while_other_threads_sign() -> None:
    # Python 3.12 and above warn of forks with threads, which is what this is about.
    command = [sys.executable, "-W", "ignore", "-c", FORKS, str(rsa_keys.path(2048)), "100"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


FIRST_SIGNATURE = """
import os, sys, time
from pathlib import Path
from oauth1_rs import Client

client = Client("client", signature_method="RSA-SHA256", rsa_key=Path(sys.argv[1]))

def first():
    start = time.perf_counter()
    client.sign("https://example.com/")
    return time.perf_counter() - start

def report():
    print(first(), min(first() for _ in range(5)), flush=True)

if sys.argv[2] == "process":
    report()
else:
    client.sign("https://example.com/")
    if not os.fork():
        report()
        os._exit(0)
    os.wait()
"""


GREEDY = """
import ctypes, os, signal, sys, threading
from cryptography.hazmat.primitives.serialization import load_pem_private_key

libc = ctypes.CDLL(None)  # whose functions are called without the interpreter, unlike os.fork
# What is registered first runs last: it takes the interpreter when new signatures wait for the
# fork already.
handler = ctypes.CFUNCTYPE(None)(lambda: None)
assert getattr(libc, "__register_atfork")(handler, None, None, None) == 0

from oauth1_rs import Client

with open(sys.argv[1], "rb") as file:
    text = file.read()
key = load_pem_private_key(text, None)
client = Client("client", signature_method="RSA-SHA1", rsa_key=key)
ended = threading.Event()

def read_and_sign():
    while not ended.is_set():
        for rsa_key in (key, text):
            Client("client", signature_method="RSA-SHA1", rsa_key=rsa_key)
        client.sign("https://example.com/")

threads = [threading.Thread(target=read_and_sign) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(100):
    child = libc.fork()
    if not child:
        libc._exit(0)
    os.kill(child, signal.SIGKILL)  # it may wait for the interpreter for ever
    os.waitpid(child, 0)
ended.set()
for thread in threads:
    thread.join()
print("done")
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the function is glibc's")
def test_a_fork_handler_may_take_the_interpreter() -> None:
    command = [sys.executable, "-W", "ignore", "-c", GREEDY, str(rsa_keys.path(2048))]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.parametrize("where", ["process", "child"])
def test_nothing_is_gathered_before_the_first_signature(where: str) -> None:
    """AWS-LC takes 15 to 31 ms for entropy of its own unless it is built without.

    That is the time of a hundred signatures. The best of some runs, for others use the machine too.
    """
    command = [sys.executable, "-c", FIRST_SIGNATURE, str(rsa_keys.path(2048)), where]
    outputs = [
        subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(7)
    ]
    assert min(float(first) / float(later) for first, later in map(str.split, outputs)) < 10


def test_other_threads_go_on_while_one_signs() -> None:
    """A key of 8192 bits signs for some 30 ms: meanwhile this thread has to get its turns."""
    client = Client("client", signature_method="RSA-SHA512", rsa_key=rsa_keys.path(8192))
    signatures = 10
    signing = threading.Thread(target=lambda: [client.sign(URL) for _ in range(signatures)])
    signing.start()
    turns = 0
    while signing.is_alive():
        time.sleep(0.001)
        turns += 1
    # If signing kept the interpreter, there would be a turn or two between two signatures.
    assert turns > 4 * signatures
