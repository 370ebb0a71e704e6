"""The three legs of OAuth 1.0a (RFC 5849 section 2), then three signed requests.

Run `python examples/three_legged.py`. The provider is the one in provider.py, on loopback; it
verifies with oauthlib, not with this library, and shows the base string it computed.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests
from oauth1_rs import OAuth1
from provider import Provider

# Nobody listens here: the example reads the redirect instead of following it.
CALLBACK = "http://127.0.0.1/ready"


def main() -> None:
    with Provider() as provider:
        client = (provider.client_key, provider.client_secret)

        # Leg 1: temporary credentials, signed with the client credentials alone.
        response = requests.post(
            f"{provider.url}/request_token", auth=OAuth1(*client, callback_uri=CALLBACK)
        )
        report("1. Request temporary credentials", response, provider)
        temporary = credentials(response)

        # Leg 2: the user says yes, in a browser, to the provider. This request is not signed.
        verifier = allow(provider, temporary[0])

        # Leg 3: temporary credentials and verifier become token credentials.
        response = requests.post(
            f"{provider.url}/access_token", auth=OAuth1(*client, *temporary, verifier=verifier)
        )
        report("3. Request token credentials", response, provider)
        token = credentials(response)

        # From here on one object signs every request.
        auth = OAuth1(*client, *token)
        resource = f"{provider.url}/resource"

        query = [("q", "crème brûlée & café"), ("tag", "b"), ("tag", "a"), ("empty", "")]
        response = requests.get(resource, params=query, auth=auth)
        report("4. GET with spaces, unicode and a repeated key", response, provider)

        form = {"status": "Hello, Ladies + Gentlemen!", "language": "日本語"}
        response = requests.post(resource, data=form, auth=auth)
        report("5. POST a form: its fields are signed", response, provider)

        response = requests.post(resource, json={"status": "Hello"}, auth=auth)
        report("6. POST JSON: its body is not signed", response, provider)


def allow(provider: Provider, token: str) -> str:
    """Be the user's browser: open the page, press Allow, return the verifier."""
    page = requests.get(f"{provider.url}/authorize", params={"oauth_token": token})
    decision = requests.post(
        f"{provider.url}/authorize",
        data={"oauth_token": token, "decision": "allow"},
        allow_redirects=False,
    )
    print("== 2. Ask the user")
    print(f"GET {page.url}: {page.status_code}")
    print(f"POST {decision.url}, decision=allow: {decision.status_code}")
    location = decision.headers.get("Location", "")
    answer = parse_qs(urlsplit(location).query)
    if not location.startswith(f"{CALLBACK}?") or answer.get("oauth_token") != [token]:
        raise SystemExit("2. Ask the user: the provider did not redirect to the callback")
    print(f"redirected to {CALLBACK} with a verifier\n")
    return answer["oauth_verifier"][0]


def credentials(response: requests.Response) -> tuple[str, str]:
    """Read the identifier and the secret from a token response (section 2.1)."""
    fields = parse_qs(response.text)
    return fields["oauth_token"][0], fields["oauth_token_secret"][0]


def report(step: str, response: requests.Response, provider: Provider) -> None:
    """Print the request as sent and what the provider made of it; stop if it was refused."""
    request, record = response.request, provider.records[-1]
    scheme, _, parameters = record.authorization.partition(" ")
    print(f"== {step}")
    print(f"{request.method} {request.url}")
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
