"""Signs and verifies with liboauth, a C library: reads requests as JSON lines, answers each.

Its interface is an array of decoded "name=value" strings, with the URL in front.
"""

from __future__ import annotations

import ctypes
import json
import re
import sys
from typing import Any
from urllib.parse import unquote

METHODS = {"HMAC-SHA1": 0, "RSA-SHA1": 1, "PLAINTEXT": 2}
PLUS_IS_SPACE_AND_ALL_IS_ENCODED = 1 | 4
PROTOCOL_PARAMETERS_IN_QUOTES = 2 | 4

ADDED_BY_SIGNING = {"oauth_consumer_key", "oauth_token", "oauth_signature_method"}

library = ctypes.CDLL("liboauth.so.0")
for text_function in [
    library.oauth_sign_array2,
    library.oauth_serialize_url_parameters,
    library.oauth_serialize_url_sep,
    library.oauth_catenc,
]:
    text_function.restype = ctypes.c_char_p


class Parameters:
    """The array; the library makes it longer."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.strings = ctypes.POINTER(ctypes.c_char_p)()
        self.length = ctypes.c_int(
            library.oauth_split_url_parameters(request["url"].encode(), ctypes.byref(self.strings))
        )
        form = ctypes.POINTER(ctypes.c_char_p)()
        fields = library.oauth_split_post_paramters(
            (request["form"] or "").encode(),
            ctypes.byref(form),
            PLUS_IS_SPACE_AND_ALL_IS_ENCODED,
        )
        for index in range(fields):
            self._append(form[index] or b"")

    def add(self, name: str, value: str | None) -> None:
        if value is not None:
            self._append(f"{name}={value}".encode())

    def sign(self, request: dict[str, Any]) -> None:
        """Add the protocol parameters that are missing, sort all, and add the signature."""
        is_rsa = request["signature_method"].startswith("RSA")
        token = request["token"]
        library.oauth_sign_array2_process(
            ctypes.byref(self.length),
            ctypes.byref(self.strings),
            None,
            METHODS[request["signature_method"]],
            request["method"].encode(),
            request["client_key"].encode(),
            request["private_key" if is_rsa else "client_secret"].encode(),
            None if token is None else token.encode(),
            request["token_secret"].encode(),
        )

    def authorization(self) -> bytes:
        text: bytes = library.oauth_serialize_url_sep(
            self.length, 1, self.strings, b", ", PROTOCOL_PARAMETERS_IN_QUOTES
        )
        return b"OAuth " + text

    def signature(self) -> str:
        last = self.strings[self.length.value - 1] or b""
        return last.decode().removeprefix("oauth_signature=")

    def base_string(self, method: str) -> bytes:
        """Repeat the end of the library's signing, which keeps the text for itself."""
        without_signature = self.length.value - 1
        query = library.oauth_serialize_url_parameters(without_signature, self.strings)
        text: bytes = library.oauth_catenc(3, method.upper().encode(), self.strings[0], query)
        return text

    def _append(self, text: bytes) -> None:
        library.oauth_add_param_to_array(
            ctypes.byref(self.length), ctypes.byref(self.strings), text
        )


def sign(request: dict[str, Any]) -> dict[str, Any]:
    parameters = Parameters(request)
    for name in ["nonce", "timestamp", "callback", "verifier"]:
        parameters.add(f"oauth_{name}", request[name])
    parameters.sign(request)
    return {"authorization": parameters.authorization().decode()}


def verify(request: dict[str, Any]) -> dict[str, Any]:
    """Sign the request as it came, for it has nothing that verifies but for RSA."""
    parameters = Parameters(request)
    given = protocol_parameters(request["authorization"])
    signature = given.pop("oauth_signature")
    for name, value in given.items():
        if name not in ADDED_BY_SIGNING:
            parameters.add(name, value)
    parameters.sign(request)
    if request["signature_method"] != "RSA-SHA1":
        return {"accepted": parameters.signature() == signature}
    text = parameters.base_string(request["method"])
    certificate = request["certificate"].encode()
    return {"accepted": library.oauth_verify_rsa_sha1(text, certificate, signature.encode()) == 1}


def protocol_parameters(authorization: str) -> dict[str, str]:
    """Read the header, for which the library has nothing."""
    pairs = re.findall(r'(\w+)="([^"]*)"', authorization)
    return {name: unquote(value) for name, value in pairs if name != "realm"}


TASKS = {"sign": sign, "verify": verify}

for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(TASKS[request["task"]](request)), flush=True)
