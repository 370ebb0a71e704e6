"""The three legs of OAuth 1.0a (RFC 5849 section 2), then three signed requests.

Run `python examples/three_legged.py`. The provider is the one in provider.py, on loopback; it
verifies with oauthlib, not with this library, and shows the base string it computed.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests
from oauth1_rs import OAuth1Session
from provider import Provider

# Nobody listens here: the example reads the redirect instead of following it.
CALLBACK = "http://127.0.0.1/ready"


def main() -> None:
    with Provider() as provider:
        session = OAuth1Session(provider.client_key, provider.client_secret, callback_uri=CALLBACK)

        # Leg 1: temporary credentials, signed with the client credentials alone.
        session.fetch_request_token(f"{provider.url}/request_token")
        report("1. Request temporary credentials", provider)

        # Leg 2: the user says yes, in a browser, to the provider. This request is not signed.
        callback = allow(session.authorization_url(f"{provider.url}/authorize"))
        session.parse_authorization_response(callback)

        # Leg 3: temporary credentials and verifier become token credentials.
        session.fetch_access_token(f"{provider.url}/access_token")
        report("3. Request token credentials", provider)

        # From here on the session signs every request for the user.
        resource = f"{provider.url}/resource"

        query = [("q", "crème brûlée & café"), ("tag", "b"), ("tag", "a"), ("empty", "")]
        session.get(resource, params=query)
        report("4. GET with spaces, unicode and a repeated key", provider)

        form = {"status": "Hello, Ladies + Gentlemen!", "language": "日本語"}
        session.post(resource, data=form)
        report("5. POST a form: its fields are signed", provider)

        session.post(resource, json={"status": "Hello"})
        report("6. POST JSON: its body is not signed", provider)


def allow(url: str) -> str:
    """Be the user's browser: open the page, press Allow, return where that leads."""
    page = requests.get(url)
    action, _, query = url.partition("?")
    token = parse_qs(query)["oauth_token"][0]
    decision = requests.post(
        action, data={"oauth_token": token, "decision": "allow"}, allow_redirects=False
    )
    print("== 2. Ask the user")
    print(f"GET {url}: {page.status_code}")
    print(f"POST {action}, decision=allow: {decision.status_code}")
    location = decision.headers.get("Location", "")
    if not location.startswith(f"{CALLBACK}?"):
        raise SystemExit("2. Ask the user: the provider did not redirect to the callback")
    print(f"redirected to {CALLBACK} with {' and '.join(parse_qs(urlsplit(location).query))}\n")
    return location


def report(step: str, provider: Provider) -> None:
    """Print the last request as the provider saw it, and its verdict; stop if it refused."""
    record = provider.records[-1]
    scheme, _, parameters = record.authorization.partition(" ")
    print(f"== {step}")
    print(f"{record.method} {provider.url}{record.target}")
    # None of this is a secret: a signature does not give away its key, and the verifier of leg 3
    # is used up by the time it is printed. (With PLAINTEXT the signature would be the secrets.)
    print(f"Authorization: {scheme}")
    for parameter in parameters.split(", "):
        print(f"    {parameter}")
    print(f"base string, as the provider computed it:\n    {record.base_string}")
    print(f"verdict: {'accepted' if record.accepted else 'refused'} ({record.status})\n")
    if not record.accepted:
        raise SystemExit(f"{step}: refused by the provider: {record.reason}")


if __name__ == "__main__":
    main()
