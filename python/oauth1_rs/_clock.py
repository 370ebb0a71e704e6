"""A clock that is off. A server that refuses a timestamp (RFC 5849 section 3.3) tells its own."""

from __future__ import annotations

import time
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from oauth1_rs._native import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oauth1_rs._hops import Change
    from oauth1_rs._native import OAuth1

UNAUTHORIZED = 401
# Seconds. What servers bear without more ado, and what is no clock that is off any more.
MIN_SKEW = 60
MAX_SKEW = 24 * 60 * 60


def corrects_clock(
    auth: OAuth1, change: Change, status_code: int, headers: Mapping[Any, Any]
) -> bool:
    """Set the clock of `auth` by the server's, if that explains why it refused a signature.

    Return whether it was set, so that another signature may do. `change` is what the signature did
    that was refused, `headers` are those of the answer, which has to come from the origin that the
    signature was made for.
    """
    client = auth.client
    date = headers.get("Date")
    # From a cache it tells another time; a fixed timestamp is meant to be what it is.
    if status_code != UNAUTHORIZED or date is None or headers.get("Age") is not None:
        return False
    if not isinstance(client, Client) or client.timestamp is not None:
        return False
    if {"oauth_timestamp", b"oauth_timestamp"} & (client.protocol_parameters or {}).keys():
        return False
    sent = dict(change.parameters()).get(b"oauth_timestamp", b"")
    try:
        date = date.decode("latin-1") if isinstance(date, bytes) else date
        read = parsedate_to_datetime(date)  # without a time zone if that is given as -0000
        servers = int(read.replace(tzinfo=read.tzinfo or timezone.utc).timestamp())
        # Not the clock of now: another thread may have set it since.
        skew = servers - int(sent)
    except (ValueError, OverflowError):
        return False
    offset = servers - int(time.time())
    if abs(skew) <= MIN_SKEW or abs(offset) > MAX_SKEW:
        return False
    client.timestamp_offset = offset
    return True
