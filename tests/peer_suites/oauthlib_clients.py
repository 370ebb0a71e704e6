"""A plugin of pytest: `OAuth1` makes clients of oauthlib's class, as users of it may ask for."""

from __future__ import annotations

import oauthlib.oauth1
from oauth1_rs.requests_oauthlib import OAuth1

OAuth1.client_class = oauthlib.oauth1.Client
