"""`_curl.parse` against curl itself: what it says is sent is what arrives."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from oauth1_rs import OAuth1Error
from oauth1_rs._curl import CurlRequest, UnreadBody, parse, split
from verifier import FORM_MEDIA_TYPE
from wire_server import WireServer

# As a user pastes them; {} is a server's address. A shell runs them.
COMMANDS = [
    "curl {}/r",
    "curl '{}/r?a=1&b=%20#fragment'",
    "curl {}",
    'curl "{}/r?q=a\\"b"',
    "curl {}/r -X DELETE",
    "curl -XPUT {}/r",
    "curl --request PATCH --url {}/r",
    "curl -I {}/r",
    "curl {}/r -d a=1 -d 'b=2&c=3'",
    "curl {}/r --data-raw '@not-a-file'",
    "curl {}/r --data-binary 'a=1\n'",
    "curl {}/r --data-ascii a=1",
    "curl {}/r --data-urlencode 'a=x y&z' --data-urlencode '=é' --data-urlencode 'plain text'",
    "curl -G {}/r -d a=1 --data-urlencode 'b=x y'",
    "curl --get '{}/r?z=0#f' -d a=1",
    "curl {}/r -H 'Content-Type: application/json' -d '{{\"a\": \"b\"}}'",
    "curl {}/r --json '{{\"a\":' --json '1}}'",
    "curl {}/r -H 'X-Empty;' -H 'X-One: 1' -H 'X-Two:2'",
    "curl {}/r -d a=1 -H 'Content-Type:'",
    "curl {}/r -d a=1 -H 'content-type: text/plain'",
    "curl {}/r -u 'user:p w' -A agent -e http://a.example/ -b c=d --compressed -o /dev/null",
    "curl --oauth2-bearer abc {}/r",
    "curl -sSLk -m 5 {}/r",
    "curl -sXPOST {}/r -da=1",
    "curl {}/r \\\n  -H 'X-One: 1' \\\n  --data-raw $'a=\\'b\\'\\u00e9\\x21\\n'",
    'curl {}/r -d "a=\\$1\\\\ \\`"',
    "curl {}/r -d 'a=1'\\''b' | cat",
    "curl > /dev/null {}/r -d a=1 2>&1",
    "curl {}/r -d 1 >/dev/null",
    "curl {}/r 2>/dev/null; true",
    "curl {}/r && true",
    "curl {}/r --url-query a=1 --url-query 'b=x y'",
    'curl -H \'Authorization: OAuth oauth_nonce="1", oauth_signature="a%3D"\' {}/r',
    "curl {}/r -F a=1",
    "curl {}/a/../b/./c/..",
    "curl {}/../a//../b/.",
    "curl {}/a/../b?c=/../d --path-as-is",
    "curl {}/r -d $'a=\\101\\e\\cA\\x41\\q\\\"'",
    "curl {}/r -d $'a=\\ud83d\\ude00\\xe9\\U0001F600'",
    "curl {}/r --data-urlencode $'a=\\ud83d' -d $'b=1\\0c'",
    'curl {}/r -d $"a b"',
    "curl {}/r -d 'a' --json 'b' -d c --json d",
    "curl {}/r -d '' -d a",
    "curl {}/r -d a=1 -G --no-get",
    "curl -g '{}/r?a={{b}}&c=[1]'",
    "curl '{}/r?a[]=1'",
    "curl {}/r -d a=1 # a comment",
    "curl -d a#b {}/r # -d c=1\n",
    "curl -d a=1 -- {}/r",
    "curl {}/r --proto =http --expect100-timeout 1",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_it_says_what_curl_sends(server: WireServer, command: str) -> None:
    text = command.format(server.url)
    subprocess.run(["bash", "-c", text], check=True, capture_output=True, timeout=20)
    said = parse(text)
    wire = server.last
    path = said.url.removeprefix(server.url).partition("#")[0]
    assert said.url.startswith(server.url)
    assert (said.method, (path if path.startswith("/") else f"/{path}").encode()) == (
        wire.method,
        wire.target,
    )
    arrived = {name.lower(): str(value) for name, value in dict(wire.headers).items()}
    claimed = {name.lower(): value for name, value in said.headers}
    if "multipart/form-data" in claimed.get("content-type", ""):
        assert arrived["content-type"].startswith("multipart/form-data; boundary=")
        assert isinstance(said.body, UnreadBody)
        return
    assert said.body == (wire.body or None)
    # What curl adds to every request is not said.
    added = {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "content-length",
        "referer",
        "cookie",
    }
    assert {name: arrived[name] for name in arrived.keys() - added} == {
        name: claimed[name] for name in claimed.keys() - added
    }


def test_what_postman_copies() -> None:
    command = """curl --location --request POST 'https://api.example.com/1.1/items?q=a%20b' \\
--header 'Content-Type: application/x-www-form-urlencoded' \\
--header 'Authorization: OAuth oauth_consumer_key="key",oauth_signature="abc%3D"' \\
--data-urlencode 'status=Hello, World!'"""
    said = parse(command)
    assert said == CurlRequest(
        "POST",
        "https://api.example.com/1.1/items?q=a%20b",
        [
            ("Content-Type", FORM_MEDIA_TYPE),
            ("Authorization", 'OAuth oauth_consumer_key="key",oauth_signature="abc%3D"'),
        ],
        b"status=Hello%2C+World%21",
    )


def test_what_a_prompt_and_a_path_are() -> None:
    said = parse("  $ /usr/bin/curl --json '{}' example.com/r")
    assert (said.method, said.url, said.body) == ("POST", "http://example.com/r", b"{}")
    assert ("Content-Type", "application/json") in said.headers


@pytest.mark.parametrize("options", ["", "-u b:c", "-H 'Authorization: x'", "--oauth2-bearer t"])
@pytest.mark.parametrize("user", ["us%20er:p%40w", "user", ":pw"])
def test_user_information_is_basic(server: WireServer, user: str, options: str) -> None:
    text = f"curl {server.url.replace('://', f'://{user}@')}/r {options}"
    subprocess.run(["bash", "-c", text], check=True, capture_output=True, timeout=20)
    arrived = {name.lower(): value for name, value in dict(server.last.headers).items()}
    assert dict(parse(text).headers)["Authorization"] == arrived["authorization"]


def test_windows_has_another_folder() -> None:
    assert parse("C:\\bin\\curl.exe http://a.example/").url == "http://a.example/"


def test_what_is_shown_of_it_is_no_secret() -> None:
    assert "canary" not in repr(parse("curl -u canary:canary http://canary@a.example/ -d a=canary"))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("", "must begin with curl"),
        ("wget https://a.example/", "must begin with curl"),
        ("curl", "0 URLs"),
        ("curl -s", "0 URLs"),
        ("curl https://a.example/ https://b.example/", "2 URLs"),
        ("curl https://a.example/?canary=1&b=2", "& without quotation marks"),
        ("curl 'https://a.example/canary", "never closed"),
        ('curl "https://a.example/canary', "never closed"),
        ("curl https://a.example/ -H", "ends with -H, which takes a value"),
        ("curl https://a.example/ --data", "ends with --data, which takes a value"),
        ("curl https://a.example/ --frobnicate=canary", "unknown option, --frobnicate"),
        ("curl https://a.example/ --data=canary", "unknown option, --data"),
        ("curl https://a.example/ -q", "unknown option, -q"),
        ("curl https://a.example/ -d @canary", "--data names a file"),
        ("curl https://a.example/ --data-binary @canary", "--data-binary names a file"),
        ("curl https://a.example/ --data-urlencode a@canary", "--data-urlencode names a file"),
        ("curl https://a.example/ --json @canary", "--json names a file"),
        ("curl https://a.example/ -H @canary", "--header names a file"),
        (
            "curl https://a.example/ -T canary"
            " -H 'content-type: Application/x-www-form-urlencoded'",
            "--upload-file names a file",
        ),
        ("curl https://a.example/b/ -T canary", "ends with /"),
        ("curl https://a.example/ -K canary", "--config"),
        ("curl https://a.example/ --request-target /canary", "--request-target"),
        ("curl https://a.example/ --next https://b.example/", "one request at a time"),
        ("curl https://a.example/ --Canary-canary", "unknown option, --"),
        ("curl 'https://a.example/canary[1-2]'", "curl makes several"),
        ("curl 'https://a.example/{canary,b}'", "curl makes several"),
        ('curl ^"https://a.example/canary^"', "copy it for bash"),
        ("curl https://a.example/$canary", "variable"),
        ('curl https://a.example/ -d "\\\\$canary"', "variable"),
        ('curl https://a.example/ -d "$(cat canary)"', "variable"),
        ("curl https://a.example/ -d `cat canary`", "variable"),
    ],
)
def test_what_it_cannot_know_it_refuses(command: str, text: str) -> None:
    with pytest.raises(OAuth1Error) as caught:
        parse(command)
    assert text in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        'a \'b c\' "d\\"e" f\\ g',
        "curl -H 'a: \"b\"' --data-raw '{\"x\": [1]}' 'http://a/?b[]=1&c=~'",
        "a\\\\b 'c'\"d\"e ''",
    ],
)
def test_words_are_those_of_a_shell(text: str) -> None:
    code = 'python3 -c "import json, sys; print(json.dumps(sys.argv[1:]))" '
    shell = subprocess.run(["sh", "-c", code + text], check=True, capture_output=True, timeout=20)
    words: Any = json.loads(shell.stdout)
    assert split(text) == words
