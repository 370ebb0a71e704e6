# The types of the extension module, by hand: mypy.stubtest compares them with what was built.

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, final

from typing_extensions import Self, disjoint_base

from oauth1_rs._explain import Explanation

__all__ = ["Client", "OAuth1", "RedirectHook"]

_Text: TypeAlias = str | bytes
_Nonce: TypeAlias = _Text | Callable[[], _Text]
_Timestamp: TypeAlias = _Text | int | Callable[[], _Text | int]
_ProtocolParameters: TypeAlias = Mapping[str, _Text | None]
_RsaKey: TypeAlias = _Text | PathLike[str] | _CryptographyKey
_BodyHash: TypeAlias = Literal["sha1", "sha256"]

# A private key of the cryptography package, by what of it is used.
class _CryptographyKey(Protocol):
    def private_bytes(self, *args: Any, **kwargs: Any) -> bytes: ...

class _PreparedRequest(Protocol):
    method: Any
    url: Any
    headers: Any
    body: Any

_RequestT = TypeVar("_RequestT", bound=_PreparedRequest)

@disjoint_base
class Client:
    _is_strict: bool
    client_key: _Text
    client_secret: _Text | None
    resource_owner_key: _Text | None
    resource_owner_secret: _Text | None
    callback_uri: _Text | None
    signature_method: _Text | None
    signature_type: _Text | None
    rsa_key: _RsaKey | None
    verifier: _Text | None
    realm: _Text | None
    encoding: str | None
    decoding: str | None
    nonce: _Nonce | None
    timestamp: _Timestamp | None
    timestamp_offset: int | None
    protocol_parameters: _ProtocolParameters | None
    body_hash: _BodyHash | None
    allow_insecure_plaintext: bool | None
    rsa_key_passphrase: _Text | None
    single_encoding: bool | None

    def __init__(
        self,
        client_key: _Text,
        client_secret: _Text | None = None,
        resource_owner_key: _Text | None = None,
        resource_owner_secret: _Text | None = None,
        callback_uri: _Text | None = None,
        signature_method: _Text = "HMAC-SHA1",
        signature_type: _Text = "AUTH_HEADER",
        rsa_key: _RsaKey | None = None,
        verifier: _Text | None = None,
        realm: _Text | None = None,
        encoding: str = "utf-8",
        decoding: str | None = None,
        nonce: _Nonce | None = None,
        timestamp: _Timestamp | None = None,
        *,
        timestamp_offset: int = 0,
        protocol_parameters: _ProtocolParameters | None = None,
        body_hash: _BodyHash | None = None,
        allow_insecure_plaintext: bool = False,
        rsa_key_passphrase: _Text | None = None,
        single_encoding: bool = False,
    ) -> None: ...

    # The URI comes back as str, the rest in the types that went in; or all as bytes with
    # ``decoding=``.
    def sign(
        self,
        uri: _Text,
        http_method: str = "GET",
        body: object = None,
        headers: Mapping[str, Any] | None = None,
        realm: _Text | None = None,
    ) -> tuple[Any, dict[Any, Any], Any]: ...
    def explain(
        self,
        uri: _Text,
        http_method: str = "GET",
        body: object = None,
        headers: Mapping[str, Any] | None = None,
        realm: _Text | None = None,
    ) -> Explanation: ...
    def _explain_signed(
        self, uri: str, http_method: str, body: object, headers: Mapping[str, Any]
    ) -> Explanation | None: ...
    def _reproduce(
        self, base_string: bytes, signature: str, signature_method: str | None = None
    ) -> tuple[str, str | None] | None: ...
    def __copy__(self) -> Self: ...
    def _replace(self, **changes: Any) -> None: ...

@disjoint_base
class OAuth1:
    _is_strict: bool
    client_class: Any
    client: Any
    force_include_body: bool

    def __init__(
        self,
        client_key: _Text,
        client_secret: _Text | None = None,
        resource_owner_key: _Text | None = None,
        resource_owner_secret: _Text | None = None,
        callback_uri: _Text | None = None,
        signature_method: _Text = "HMAC-SHA1",
        signature_type: _Text = "AUTH_HEADER",
        rsa_key: _RsaKey | None = None,
        verifier: _Text | None = None,
        decoding: str | None = None,
        client_class: Any = None,
        force_include_body: bool = False,
        *,
        realm: _Text | None = None,
        encoding: str = "utf-8",
        nonce: _Nonce | None = None,
        timestamp: _Timestamp | None = None,
        timestamp_offset: int = 0,
        protocol_parameters: _ProtocolParameters | None = None,
        body_hash: _BodyHash | None = None,
        allow_insecure_plaintext: bool = False,
        rsa_key_passphrase: _Text | None = None,
        single_encoding: bool = False,
    ) -> None: ...
    def __call__(self, r: _RequestT) -> _RequestT: ...
    def explain(self, r: Any) -> Explanation: ...
    def __setstate__(self, state: Any) -> None: ...

# Signing puts it among a request's response hooks.
@final
class RedirectHook:
    def __new__(cls, change: tuple[Any, Any, Any, Any] | None) -> Self: ...
    def __call__(self, response: Any, **_arguments: object) -> None: ...
    @property
    def auth(self) -> OAuth1 | None: ...
    @property
    def parts(self) -> tuple[Any, Any, Any, Any] | None: ...
    @property
    def signs(self) -> bool: ...
    def follow(self, following: Any, response: Any) -> None: ...
