"""The RSA key of the tests, in every form in which a peer wants it."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import rsa_keys
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding


@cache
def forms() -> dict[str, Any]:
    numbers = rsa_keys.private_key().private_numbers()
    return {
        "private_key": rsa_keys.pkcs8(),
        "public_key": rsa_keys.public_pem(),
        "certificate": _certificate(),
        "rsa_numbers": {
            "size": 256,
            # As text: not every JSON has numbers of this size.
            "n": str(numbers.public_numbers.n),
            "e": str(numbers.public_numbers.e),
            "d": str(numbers.d),
            "p": str(numbers.p),
            "q": str(numbers.q),
            "dp": str(numbers.dmp1),
            "dq": str(numbers.dmq1),
            "qinv": str(numbers.iqmp),
        },
    }


def _certificate() -> str:
    key = rsa_keys.private_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = dt.datetime.now(dt.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()
