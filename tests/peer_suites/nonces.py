"""A plugin of pytest: nonces and timestamps come from oauthlib's functions.

requests-oauthlib's own tests replace those, to know what is signed.
"""

from __future__ import annotations

from typing import Any

from oauth1_rs.requests_oauthlib import oauth1_auth
from oauthlib.oauth1 import rfc5849


class Client(oauth1_auth.Client):
    """One whose defaults are looked up when it signs, as oauthlib's are."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        if self.nonce is None:
            self.nonce = lambda: rfc5849.generate_nonce()  # noqa: PLW0108 - tests replace it
        if self.timestamp is None:
            self.timestamp = lambda: rfc5849.generate_timestamp()  # noqa: PLW0108 - likewise


oauth1_auth.OAuth1.client_class = Client
