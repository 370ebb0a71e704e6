"""The setting `rsa_key`: what is read, and what is refused with a word on what to do."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rsa_keys
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from oauth1_rs import Client, OAuth1, OAuth1Error, OAuth1TypeError
from rsa_keys import PASSPHRASE, pkcs8_encrypted
from verifier import WireRequest, verify

URL = "https://example.com/photos?size=original"


def accepted(bits: int, rsa_key: Any, **settings: Any) -> bool:
    client = Client("client", signature_method="RSA-SHA256", rsa_key=rsa_key, **settings)
    _, headers, _ = client.sign(URL)
    request = WireRequest.from_url("GET", URL, headers)
    return verify(request, "", public_key=rsa_keys.public_key(bits)).accepted


@pytest.mark.parametrize("bits", [1024, 2048])
def test_an_encrypted_key_is_decrypted(bits: int) -> None:
    assert accepted(bits, pkcs8_encrypted(bits), rsa_key_passphrase=PASSPHRASE)


@pytest.mark.parametrize("name", ["aes256-sha256", "aes128-sha1", "des3-sha1", "scrypt"])
def test_what_openssl_encrypts_is_decrypted(name: str) -> None:
    assert accepted(2048, rsa_keys.file(name), rsa_key_passphrase=b"secret")


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
    assert accepted(2048, change(rsa_keys.pkcs8()))


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    encoded = key.private_bytes(Encoding.PEM, form, NoEncryption())
    assert isinstance(encoded, bytes)
    return encoded.decode()


def legacy_encrypted() -> str:
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    form = PrivateFormat.TraditionalOpenSSL
    return rsa_keys.private_key().private_bytes(Encoding.PEM, form, encryption).decode()


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


def der(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    size = len(body)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def integer(number: int) -> bytes:
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def encrypted(derivation: bytes) -> str:
    """Return a key that says to be encrypted by PBES2 with this key derivation (RFC 8018)."""
    cipher = der(0x30, bytes.fromhex("060960864801650304012a"), der(4, bytes(16)))
    parameters = der(0x30, derivation, cipher)
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d01050d"), parameters)
    content = base64.b64encode(der(0x30, algorithm, der(4, bytes(640)))).decode()
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{content}\n-----END ENCRYPTED PRIVATE KEY-----"


def pbkdf2(iterations: int) -> bytes:
    parameters = der(
        0x30, der(4, bytes(8)), integer(iterations), bytes.fromhex("300c06082a864886f70d02090500")
    )
    return der(0x30, bytes.fromhex("06092a864886f70d01050c"), parameters)


def scrypt(cost: int, block_size: int, parallelization: int) -> bytes:
    numbers = map(integer, (cost, block_size, parallelization))
    return der(0x30, bytes.fromhex("06092b06010401da47040b"), der(0x30, der(4, bytes(8)), *numbers))


def with_exponent(exponent: int) -> str:
    """Return PKCS#1 with another public exponent."""
    numbers = rsa_keys.private_key().private_numbers()
    values = [
        0,
        numbers.public_numbers.n,
        exponent,
        numbers.d,
        numbers.p,
        numbers.q,
        numbers.dmp1,
        numbers.dmq1,
        numbers.iqmp,
    ]
    content = base64.b64encode(der(0x30, *map(integer, values))).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{content}\n-----END RSA PRIVATE KEY-----"


def without_primes() -> str:
    """Return PKCS#1 as Java strips it: the modulus and a private exponent that is not its own."""
    modulus = rsa_keys.private_key().private_numbers().public_numbers.n
    content = der(0x30, *map(integer, [0, modulus, 0, 3, 0, 0, 0, 0, 0]))
    text = base64.b64encode(content).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{text}\n-----END RSA PRIVATE KEY-----"


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
        "'openssl pkey -inform DER -in key.der -out key.pem', or "
        "'openssl pkcs12 -in key.p12 -nocerts -nodes -out key.pem' if it is PKCS#12",
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
    "Ed448": (
        lambda: pem(ed448.Ed448PrivateKey.generate()),
        "rsa_key is a private key for Ed448, not for RSA",
    ),
    "X25519": (
        lambda: pem(x25519.X25519PrivateKey.generate()),
        "rsa_key is a private key for another algorithm, not for RSA",
    ),
    "RSA-PSS": (
        lambda: rsa_keys.file("rsa-pss").read_text(),
        "rsa_key is a private key for RSA-PSS, not for RSA",
    ),
    "DSA, traditional": (
        lambda: pem(dsa.generate_private_key(1024), PrivateFormat.TraditionalOpenSSL),
        "rsa_key is a private key for DSA, not for RSA",
    ),
    "public key, PKCS#1": (
        lambda: rsa_keys.public_pem().replace("PUBLIC", "RSA PUBLIC"),
        "rsa_key is a public key: requests are signed with the private key that belongs to it",
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
    "another public exponent": (lambda: with_exponent(3), DAMAGED),
    "no public exponent": (lambda: with_exponent(0), DAMAGED),
    "no primes": (without_primes, DAMAGED),
    "too long": (
        lambda: rsa_keys.file("rsa-8704").read_text(),
        "rsa_key has 8704 bits: from 1024 to 8192 are accepted",
    ),
    "too short": (
        lambda: rsa_keys.pkcs8(512),
        "rsa_key has 512 bits: from 1024 to 8192 are accepted",
    ),
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
    check_refusal(REENCRYPT, rsa_key=rsa_keys.file("pbes1"), rsa_key_passphrase="secret")


@pytest.mark.parametrize(
    "derivation",
    [
        pbkdf2(10_000_001),
        pbkdf2(2**31),
        scrypt(2**50, 8, 1),
        scrypt(2**15, 2, 2**14),
        scrypt(2**20, 8, 1),
        scrypt(1, 8, 1),
        scrypt(0, 8, 1),
        scrypt(1000, 8, 1),
    ],
    ids=lambda derivation: derivation.hex()[-30:],
)
def test_decryption_that_would_take_for_ever_is_refused(derivation: bytes) -> None:
    check_refusal(REENCRYPT, rsa_key=encrypted(derivation), rsa_key_passphrase="canary")


@pytest.mark.parametrize("derivation", [pbkdf2(1000), scrypt(2**4, 1, 1)])
def test_the_hand_made_files_are_otherwise_right(derivation: bytes) -> None:
    wrong = "rsa_key cannot be decrypted with this rsa_key_passphrase"
    check_refusal(wrong, rsa_key=encrypted(derivation), rsa_key_passphrase="canary")


def test_a_passphrase_in_bytes_counts_as_it_is() -> None:
    encryption = BestAvailableEncryption(b"\xe9")
    pem = rsa_keys.private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    for encoding in ("utf-8", "latin-1"):
        Client(
            "client",
            signature_method="RSA-SHA1",
            rsa_key=pem,
            rsa_key_passphrase=b"\xe9",
            encoding=encoding,
        )


def test_a_path_made_of_the_key_is_not_shown() -> None:
    """The exception for a file that is not there has its name."""
    message = "rsa_key is a path made of the key's text: give the text itself"
    check_refusal(message, rsa_key=Path(rsa_keys.pkcs8()))


class Pretending:
    def __init__(self, encoded: object) -> None:
        self.encoded = encoded

    def private_bytes(self, *_: object) -> object:
        return self.encoded


@pytest.mark.parametrize("encoded", [None, 1, [1, 2], bytearray(b"canary")])
def test_what_only_looks_like_a_key_is_refused(encoded: object) -> None:
    check_refusal(
        f"rsa_key.private_bytes() must be str or bytes, got {type(encoded).__name__}".replace(
            "NoneType", "None"
        ),
        OAuth1TypeError,
        rsa_key=Pretending(encoded),
    )


def test_a_key_and_a_method_that_do_not_fit() -> None:
    check_refusal("signature_method RSA-SHA256 needs a private key: give rsa_key")
    for method in ("HMAC-SHA1", "PLAINTEXT"):
        check_refusal(
            f"rsa_key is given, but signature_method {method} does not use it: set "
            "signature_method to RSA-SHA1, RSA-SHA256 or RSA-SHA512, or leave rsa_key out",
            signature_method=method,
            rsa_key=rsa_keys.pkcs8(),
        )


@pytest.mark.parametrize(
    "value", [1, bytearray(b"canary"), rsa_keys.private_key().public_key(), Path]
)
def test_a_key_of_another_type(value: object) -> None:
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    check_refusal(
        "rsa_key must be PEM text (str or bytes), a pathlib.Path, or a private key of the "
        f"cryptography package, got {name}",
        OAuth1TypeError,
        rsa_key=value,
    )
