"""The errors that oauth1_rs raises. None of them shows a secret, a signed URL or a body."""

from __future__ import annotations


class OAuth1Error(ValueError):
    """A configuration or a request that cannot be signed. The text says what to change."""


class OAuth1TypeError(OAuth1Error, TypeError):
    """A value of the wrong type. The text names it and shows the type, not the value."""
