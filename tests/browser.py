"""The user's part in the three legs: to look at the provider's page and to decide.

As a program it is the browser of a user who allows: `python tests/browser.py URL`.
"""

from __future__ import annotations

import sys
from urllib.parse import parse_qsl, urlsplit

import requests


def decide(page: str, decision: str = "allow") -> str:
    """Open the authorization page, press a button, and return the URL that it redirects to."""
    assert requests.get(page).status_code == 200
    token = dict(parse_qsl(urlsplit(page).query))["oauth_token"]
    answer = requests.post(
        page.partition("?")[0],
        data={"oauth_token": token, "decision": decision},
        allow_redirects=False,
    )
    return answer.headers["Location"]


if __name__ == "__main__":
    requests.get(decide(sys.argv[1])).raise_for_status()
