"""The RSA keys of `tests/keys`, in all the forms in which users have them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from verifier import PublicKey

SIZES = [1024, 2048, 3072, 4096, 8192]
PASSPHRASE = "canary passphrase é"


def file(name: str) -> Path:
    return Path(__file__).parent / "keys" / f"{name}.pem"


def path(bits: int) -> Path:
    return file(f"rsa-{bits}")


@cache
def private_key(bits: int = 2048) -> RSAPrivateKey:
    # The numbers are checked when the package under test reads the same file.
    key = load_pem_private_key(path(bits).read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey)
    return key


def pkcs8(bits: int = 2048) -> str:
    return path(bits).read_text()


def pkcs1(bits: int = 2048) -> str:
    form = PrivateFormat.TraditionalOpenSSL
    return private_key(bits).private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def pkcs8_encrypted(bits: int = 2048) -> str:
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    form = PrivateFormat.PKCS8
    return private_key(bits).private_bytes(Encoding.PEM, form, encryption).decode()


def public_pem(bits: int = 2048) -> str:
    form = PublicFormat.SubjectPublicKeyInfo
    return private_key(bits).public_key().public_bytes(Encoding.PEM, form).decode()


def public_key(bits: int = 2048) -> PublicKey:
    numbers = private_key(bits).public_key().public_numbers()
    return PublicKey(numbers.n, numbers.e)
