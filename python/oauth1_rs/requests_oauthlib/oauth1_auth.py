"""`OAuth1` and `Client`, as the module of requests-oauthlib that has this name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase

from oauth1_rs import (
    SIGNATURE_HMAC,
    SIGNATURE_HMAC_SHA1,
    SIGNATURE_HMAC_SHA256,
    SIGNATURE_HMAC_SHA512,
    SIGNATURE_PLAINTEXT,
    SIGNATURE_RSA,
    SIGNATURE_RSA_SHA1,
    SIGNATURE_RSA_SHA256,
    SIGNATURE_RSA_SHA512,
    SIGNATURE_TYPE_AUTH_HEADER,
    SIGNATURE_TYPE_BODY,
    SIGNATURE_TYPE_QUERY,
    _native,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from oauth1_rs._native import _RsaKey, _Text
    from oauth1_rs._session import _ClientOptions

CONTENT_TYPE_FORM_URLENCODED = "application/x-www-form-urlencoded"
CONTENT_TYPE_MULTI_PART = "multipart/form-data"

__all__ = [
    "CONTENT_TYPE_FORM_URLENCODED",
    "CONTENT_TYPE_MULTI_PART",
    "SIGNATURE_HMAC",
    "SIGNATURE_HMAC_SHA1",
    "SIGNATURE_HMAC_SHA256",
    "SIGNATURE_HMAC_SHA512",
    "SIGNATURE_PLAINTEXT",
    "SIGNATURE_RSA",
    "SIGNATURE_RSA_SHA1",
    "SIGNATURE_RSA_SHA256",
    "SIGNATURE_RSA_SHA512",
    "SIGNATURE_TYPE_AUTH_HEADER",
    "SIGNATURE_TYPE_BODY",
    "SIGNATURE_TYPE_QUERY",
    "Client",
    "OAuth1",
]


class Client(_native.Client):
    """``oauth1_rs.Client`` by requests-oauthlib's rules, in place of oauthlib's ``Client``.

    Settings are checked at the first signature, where oauthlib's texts say what is wrong. Empty
    tokens and realms are left out, an ``rsa_key`` that the method does not use is ignored, and
    PLAINTEXT is sent wherever it is asked for.
    """

    _is_strict = True

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse what would have no effect: the signature does not look for methods here."""
        if callable(getattr(type(self), name, None)):
            raise AttributeError(  # noqa: TRY004 - what cannot be set, not what it is set to
                f"{name} cannot be replaced on a client: override it in a subclass of Client, and "
                "pass that as client_class="
            )
        super().__setattr__(name, value)


class OAuth1(_native.OAuth1, AuthBase):
    """Signs the requests of requests, as requests-oauthlib's ``OAuth1`` does.

    Parameters
    ----------
    client_key, client_secret, resource_owner_key, resource_owner_secret, callback_uri,
    signature_method, signature_type, rsa_key, verifier, client_class, force_include_body
        As those of ``oauth1_rs.OAuth1``. Checked at the first signature.
    decoding : str or None, default "utf-8"
        The codec in which header values and forms become ``bytes``; ``None`` leaves them text.
    **kwargs
        The other parameters of ``oauth1_rs.Client``.

    Raises
    ------
    OAuth1Error
        When it signs: a ``ValueError``, with oauthlib's text where oauthlib has one.
    """

    client_class: Any = Client
    _is_strict = True

    def __init__(
        self,
        client_key: _Text,
        client_secret: _Text | None = None,
        resource_owner_key: _Text | None = None,
        resource_owner_secret: _Text | None = None,
        callback_uri: _Text | None = None,
        signature_method: _Text = SIGNATURE_HMAC,
        signature_type: _Text = SIGNATURE_TYPE_AUTH_HEADER,
        rsa_key: _RsaKey | None = None,
        verifier: _Text | None = None,
        decoding: str | None = "utf-8",
        client_class: Any = None,
        force_include_body: bool = False,
        **kwargs: Unpack[_ClientOptions],
    ) -> None:
        super().__init__(
            client_key,
            client_secret,
            resource_owner_key,
            resource_owner_secret,
            callback_uri,
            signature_method,
            signature_type,
            rsa_key,
            verifier,
            decoding,
            client_class,
            force_include_body,
            **kwargs,
        )

    def __setstate__(self, state: Any) -> None:
        """Take what was pickled, be it by this class or by requests-oauthlib's."""
        if isinstance(state, dict):
            others = {**state}
            state = others.pop("client"), others.pop("force_include_body"), others
        super().__setstate__(state)
