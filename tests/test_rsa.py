"""RSA-SHA1, RSA-SHA256 and RSA-SHA512: the forms of a key, the signatures, forks and threads."""

from __future__ import annotations

import copy
import datetime as dt
import os
import pickle
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import rsa_keys
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from oauth1_rs import Client, OAuth1, OAuth1Error, OAuth1TypeError
from verifier import WireRequest, verify
from wire_server import WireServer

URL = "https://example.com/photos?size=original"
HASHES: dict[str, hashes.HashAlgorithm] = {
    "RSA-SHA1": hashes.SHA1(),
    "RSA-SHA256": hashes.SHA256(),
    "RSA-SHA512": hashes.SHA512(),
}
PASSPHRASE = "canary passphrase é"


def sign(client: Client, url: str = URL) -> WireRequest:
    _, headers, _ = client.sign(url)
    return WireRequest.from_url("GET", url, headers)


def signature_of(request: WireRequest) -> bytes:
    return verify(request, "", public_key=rsa_keys.public_key()).parameters[b"oauth_signature"]


def expected_signature(request: WireRequest, bits: int, method: str) -> bytes:
    """Sign with the cryptography package."""
    text = verify(request, "", public_key=rsa_keys.public_key()).base_string
    signed = rsa_keys.private_key(bits).sign(text, padding.PKCS1v15(), HASHES[method])
    return b64encode(signed)


def pkcs8_encrypted(bits: int = 2048) -> str:
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    form = PrivateFormat.PKCS8
    return rsa_keys.private_key(bits).private_bytes(Encoding.PEM, form, encryption).decode()


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


@pytest.mark.parametrize("bits", [1024, 2048])
def test_an_encrypted_key_is_decrypted(bits: int) -> None:
    client = Client(
        "client",
        signature_method="RSA-SHA256",
        rsa_key=pkcs8_encrypted(bits),
        rsa_key_passphrase=PASSPHRASE,
    )
    assert verify(sign(client), "", public_key=rsa_keys.public_key(bits)).accepted


@pytest.mark.parametrize(
    "options",
    [
        ["-v2", "aes-256-cbc"],
        ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"],
        ["-v2", "des3", "-v2prf", "hmacWithSHA1"],
        ["-v2", "aes-256-cbc", "-scrypt"],
    ],
    ids=" ".join,
)
def test_what_openssl_encrypts_is_decrypted(options: list[str]) -> None:
    command = ["openssl", "pkcs8", "-topk8", "-in", str(rsa_keys.path(2048)), *options]
    pem = subprocess.run(
        [*command, "-passout", "pass:secret"], check=True, capture_output=True
    ).stdout
    client = Client(
        "client", signature_method="RSA-SHA256", rsa_key=pem, rsa_key_passphrase=b"secret"
    )
    assert verify(sign(client), "", public_key=rsa_keys.public_key()).accepted


def one_line(pem: str) -> str:
    begin, *body, end = pem.splitlines()
    return f"{begin} {''.join(body)} {end}"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda pem: pem.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda pem: pem.replace("\n", "\n    "), id="indented"),
        pytest.param(lambda pem: pem.replace("\n", " "), id="spaces for line breaks"),
        pytest.param(one_line, id="one line of base64"),
        pytest.param(lambda pem: f"Bag Attributes\n  friendlyName: x\n{pem}\n\n", id="text around"),
        pytest.param(lambda pem: rsa_keys.public_pem() + pem, id="after a public key"),
    ],
)
def test_the_layout_of_the_text_does_not_matter(change: Callable[[str], str]) -> None:
    client = Client("client", signature_method="RSA-SHA1", rsa_key=change(rsa_keys.pkcs8()))
    assert verify(sign(client), "", public_key=rsa_keys.public_key()).accepted


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    encoded = key.private_bytes(Encoding.PEM, form, NoEncryption())
    assert isinstance(encoded, bytes)
    return encoded.decode()


def legacy_encrypted() -> str:
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    form = PrivateFormat.TraditionalOpenSSL
    return rsa_keys.private_key().private_bytes(Encoding.PEM, form, encryption).decode()


def weakly_encrypted() -> str:
    """Return a key encrypted by PBES1."""
    command = ["openssl", "pkcs8", "-topk8", "-in", str(rsa_keys.path(1024)), "-v1"]
    command += ["PBE-SHA1-3DES", "-passout", "pass:secret"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def small_key() -> str:
    """Return a key of 512 bits, which the cryptography package does not make any more."""
    command = ["openssl", "genrsa", "512"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=rsa_keys.private_key().public_key(),
        serial_number=1,
        not_valid_before=start,
        not_valid_after=start + dt.timedelta(days=1),
    )
    signed = builder.sign(rsa_keys.private_key(), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def with_other_numbers() -> str:
    """Return a key whose numbers do not belong together: 8 of its characters are others."""
    text = rsa_keys.pkcs1()
    return text[:700] + "AAAAAAAA" + text[708:]


NOT_PEM = (
    "rsa_key is not the PEM text of a private key ('-----BEGIN PRIVATE KEY-----' or "
    "'-----BEGIN RSA PRIVATE KEY-----' and what follows)"
)
PATH = "rsa_key looks like the path of a file: give pathlib.Path(...) to have it read"
DAMAGED = "rsa_key is damaged: what stands between its BEGIN and END lines is no RSA private key"
REENCRYPT = (
    "rsa_key is encrypted in a way that is not supported: encrypt it anew with "
    "'openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new.pem'"
)
WRONG_KEYS: dict[str, tuple[Callable[[], Any], str]] = {
    "not PEM": (lambda: "canary", NOT_PEM),
    "empty": (lambda: "", NOT_PEM),
    "bytes that are no text": (lambda: b"\xff\xfe", NOT_PEM),
    "another kind of PEM": (
        lambda: rsa_keys.pkcs8().replace("PRIVATE KEY", "CERTIFICATE REQUEST"),
        NOT_PEM,
    ),
    "base64 alone": (lambda: "".join(rsa_keys.pkcs8().splitlines()[1:-1]), NOT_PEM),
    "path": (lambda: "/etc/keys/canary.pem", PATH),
    "path of Windows": (lambda: "C:\\keys\\canary.key", PATH),
    "name of a file": (lambda: b"canary.pem", PATH),
    "DER": (
        lambda: rsa_keys.private_key().private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
        ),
        "rsa_key is in DER: convert it to PEM with "
        "'openssl pkey -inform DER -in key.der -out key.pem'",
    ),
    "escaped line breaks": (
        lambda: rsa_keys.pkcs8().replace("\n", "\\n"),
        "rsa_key has a backslash and an 'n' for every line break: put line breaks there, as with "
        r".replace('\\n', '\n')",
    ),
    "no end": (
        lambda: rsa_keys.pkcs8()[:-30],
        "rsa_key has no '-----END' line: is a part of it missing?",
    ),
    "public key": (
        rsa_keys.public_pem,
        "rsa_key is a public key: requests are signed with the private key that belongs to it",
    ),
    "certificate": (
        certificate,
        "rsa_key is a certificate: requests are signed with the private key that belongs to it",
    ),
    "EC, PKCS#8": (
        lambda: pem(ec.generate_private_key(ec.SECP256R1())),
        "rsa_key is a private key for EC, not for RSA",
    ),
    "EC, traditional": (
        lambda: pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.TraditionalOpenSSL),
        "rsa_key is a private key for EC, not for RSA",
    ),
    "EC object": (
        lambda: ec.generate_private_key(ec.SECP256R1()),
        "rsa_key is a private key for EC, not for RSA",
    ),
    "DSA": (
        lambda: pem(dsa.generate_private_key(1024)),
        "rsa_key is a private key for DSA, not for RSA",
    ),
    "Ed25519": (
        lambda: pem(ed25519.Ed25519PrivateKey.generate()),
        "rsa_key is a private key for Ed25519, not for RSA",
    ),
    "OpenSSH": (
        lambda: pem(rsa_keys.private_key(), PrivateFormat.OpenSSH),
        "rsa_key is in OpenSSH's form: convert it with 'ssh-keygen -p -m PEM -f' and the path of a "
        "copy",
    ),
    "encrypted": (
        pkcs8_encrypted,
        "rsa_key is encrypted: give its passphrase as rsa_key_passphrase",
    ),
    "encrypted as OpenSSL did before": (legacy_encrypted, REENCRYPT),
    "no base64": (lambda: rsa_keys.pkcs8().replace("M", "?"), DAMAGED),
    "cut short": (lambda: rsa_keys.pkcs8()[:500] + "\n-----END PRIVATE KEY-----", DAMAGED),
    "PKCS#1 called PKCS#8": (lambda: rsa_keys.pkcs1().replace("RSA ", ""), DAMAGED),
    "numbers that do not belong together": (with_other_numbers, DAMAGED),
    "too short": (small_key, "rsa_key has 512 bits: from 1024 to 8192 are accepted"),
}


def check_refusal(message: str, kind: type[Exception] = OAuth1Error, **settings: Any) -> None:
    with pytest.raises(kind) as caught:
        OAuth1("client", **{"signature_method": "RSA-SHA256", **settings})
    assert type(caught.value) is kind
    assert str(caught.value) == message
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("key", "message"), WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_what_is_no_rsa_private_key_says_so(key: Callable[[], Any], message: str) -> None:
    check_refusal(message, rsa_key=key())


def test_passphrases_that_do_not_fit() -> None:
    wrong = "rsa_key cannot be decrypted with this rsa_key_passphrase"
    check_refusal(wrong, rsa_key=pkcs8_encrypted(), rsa_key_passphrase="canary")
    needless = "rsa_key_passphrase is given, but rsa_key is not encrypted: leave it out"
    check_refusal(needless, rsa_key=rsa_keys.pkcs8(), rsa_key_passphrase="canary")
    check_refusal(needless, rsa_key=rsa_keys.private_key(), rsa_key_passphrase="canary")
    keyless = "rsa_key_passphrase is given, but no rsa_key"
    check_refusal(keyless, signature_method="HMAC-SHA1", rsa_key_passphrase="canary")
    check_refusal(REENCRYPT, rsa_key=weakly_encrypted(), rsa_key_passphrase="secret")


def test_a_key_and_a_method_that_do_not_fit() -> None:
    check_refusal("signature_method RSA-SHA256 needs a private key: give rsa_key")
    for method in ("HMAC-SHA1", "PLAINTEXT"):
        check_refusal(
            f"rsa_key is given, but signature_method {method} does not use it: set "
            "signature_method to RSA-SHA1, RSA-SHA256 or RSA-SHA512, or leave rsa_key out",
            signature_method=method,
            rsa_key=rsa_keys.pkcs8(),
        )


@pytest.mark.parametrize("value", [1, bytearray(b"canary"), rsa_keys.private_key().public_key()])
def test_a_key_of_another_type(value: object) -> None:
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    check_refusal(
        "rsa_key must be PEM text (str or bytes), a pathlib.Path, or a private key of the "
        f"cryptography package, got {name}",
        OAuth1TypeError,
        rsa_key=value,
    )


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
    client.rsa_key = pkcs8_encrypted()
    with pytest.raises(OAuth1Error, match="rsa_key is encrypted"):
        sign(client)
    client.rsa_key_passphrase = PASSPHRASE
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
        rsa_key=pkcs8_encrypted(),
        rsa_key_passphrase=PASSPHRASE,
    )
    stored = pickle.dumps(auth)
    numbers = rsa_keys.private_key().private_numbers()
    # What was given is stored, never the key that was decrypted.
    assert b"ENCRYPTED PRIVATE KEY" in stored
    assert numbers.p.to_bytes(128, "big") not in stored
    assert verify(sign(duplicate(auth).client), "", public_key=rsa_keys.public_key()).accepted


def test_repr_shows_no_key() -> None:
    client = Client(
        "client",
        signature_method="RSA-SHA256",
        rsa_key=pkcs8_encrypted(),
        rsa_key_passphrase=PASSPHRASE,
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

threads = [threading.Thread(target=sign_on) for _ in range(4)]
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

if sys.argv[2] == "process":
    print(first())
else:
    client.sign("https://example.com/")
    if not os.fork():
        print(first(), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.parametrize("where", ["process", "child"])
def test_nothing_is_gathered_before_the_first_signature(where: str) -> None:
    """AWS-LC takes 15 to 31 ms for entropy of its own unless it is built without.

    The best of some runs, so that a busy machine does not matter.
    """
    command = [sys.executable, "-c", FIRST_SIGNATURE, str(rsa_keys.path(2048)), where]
    best = min(
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(7)
    )
    assert best < 0.002


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
