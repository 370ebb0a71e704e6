"""Every block of docs/cli.md runs, in the order of the document, as its reader would type it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import subprocess
import sys

import documents
import pytest
from command import TESTS, Command
from oauth1_rs import providers
from oauth1_rs._cli import terminal
from provider import Provider

NAME = "docs/cli.md"
BLOCKS = [block for block in documents.blocks(NAME) if block.heading != "Install"]


@pytest.fixture
def reader(command: Command, provider: Provider) -> dict[str, str]:
    """The environment of somebody who has the command, a registered client, and a browser."""
    script = command.home / "bin" / "oauth1-rs"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m oauth1_rs "$@"\n')
    script.chmod(0o755)
    return {
        **command.environment,
        "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}",
        "OAUTH1_CLIENT_KEY": provider.client_key,
        "OAUTH1_CLIENT_SECRET": provider.client_secret,
        "BROWSER": f"{sys.executable} {TESTS / 'browser.py'} %s",
    }


def test_what_is_to_be_installed_is_there() -> None:
    [install] = [block.text for block in documents.blocks(NAME) if block.heading == "Install"]
    assert install == 'pip install "oauth1-rs[cli]"\n'
    requirements = importlib.metadata.requires("oauth1-rs") or []
    extra = {re.split(r"\W", it)[0] for it in requirements if it.endswith("extra == 'cli'")}
    assert extra == {"click", "keyring", "rich"}


def test_all_blocks_are_for_shells() -> None:
    assert {block.language for block in BLOCKS} == {"sh"}
    assert len(BLOCKS) >= 8


def test_the_blocks_run(command: Command, reader: dict[str, str]) -> None:
    """One after another: what the first logs in to is what the next ones use."""
    with Provider(
        client_key="client key",
        client_secret="client secret",
        token="token",
        token_secret="token secret",
    ) as provider:
        reader |= {"OAUTH1_CLIENT_KEY": "client key", "OAUTH1_CLIENT_SECRET": "client secret"}
        shown: dict[str, str] = {}
        for number, block in enumerate(BLOCKS):
            # The address is all that differs from what a reader would type.
            code = block.text.replace("https://api.example.com", provider.url)
            text = documents.run_in_a_shell(code, command.home, reader)
            shown.setdefault(block.heading, "")
            shown[block.heading] += text
            sends = len(re.findall(r"oauth1-rs request|eval", code)) + 4 * (
                "oauth1-rs login" in code
            )
            assert len(provider.records) == sends, number
            assert all(record.accepted for record in provider.records)
            provider.records.clear()
    assert "Stored the profile example." in shown["Log in"]
    assert "Hello, Ladies + Gentlemen!" in shown["Send requests"]
    assert "HTTP 200 OK" in shown["Send requests"]
    found = shown["Find out why a signature is refused"]
    assert found.count("Base string") == 3
    assert re.findall(r"^(\w+): ", found, re.MULTILINE)[0] == "none"
    assert "Removed the profile example." in shown["Profiles"]
    assert "token secret" not in "".join(shown.values())
    for name in ("bash", "zsh", "fish"):
        assert "OAUTH1_RS_COMPLETE" in (command.home / f"oauth1-rs.{name}").read_text()


def test_the_readmes_block_runs(
    command: Command, reader: dict[str, str], provider: Provider
) -> None:
    """With Discogs being on loopback: its addresses are all that differs."""
    [block] = [it for it in documents.blocks("README.md") if it.heading == "On the command line"]
    install, *lines = block.text.splitlines(keepends=True)
    assert install == 'pip install "oauth1-rs[cli]"\n'
    urls = (
        f"--request-token-url {provider.url}/request_token "
        f"--authorize-url {provider.url}/authorize --access-token-url {provider.url}/access_token"
    )
    code = "".join(lines).replace("--provider discogs", f"{urls} --profile discogs")
    code = code.replace("https://api.discogs.com/oauth/identity", f"{provider.url}/resource")
    text = documents.run_in_a_shell(code, command.home, reader)
    assert "Stored the profile discogs." in text
    assert [record.accepted for record in provider.records] == [True] * 5
    assert "discogs" in providers.names()


def test_the_script_for_bash_completes(command: Command, reader: dict[str, str]) -> None:
    script = documents.run_in_a_shell(
        "_OAUTH1_RS_COMPLETE=bash_source oauth1-rs", command.home, reader
    )
    code = f"""{script}
COMP_WORDS=(oauth1-rs login --provider disc); COMP_CWORD=3
_oauth1_rs_completion oauth1-rs; echo "${{COMPREPLY[@]}}"
"""
    assert documents.run_in_a_shell(code, command.home, reader).split() == ["discogs"]


def test_the_exit_codes_are_documented() -> None:
    rows = re.findall(r"^\| (\d+) \|", documents.read(NAME), re.MULTILINE)
    codes = [
        terminal.REFUSED,
        terminal.USAGE,
        terminal.NETWORK,
        terminal.NO_CREDENTIALS,
        terminal.INTERRUPTED,
        terminal.PIPE_CLOSED,
    ]
    assert [int(row) for row in rows] == [0, *codes]
    done = subprocess.run(
        [sys.executable, "-m", "oauth1_rs", "--help"], capture_output=True, text=True, check=True
    )
    in_help = re.findall(r"^ +(\d+)  ", done.stdout, re.MULTILINE)
    assert in_help == rows


def test_every_option_that_is_named_is_one() -> None:
    done = [
        subprocess.run(
            [sys.executable, "-m", "oauth1_rs", *name.split(), "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ["login", "request", "sign", "diff", "profiles show"]
    ]
    option = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
    named = set(option.findall(documents.read(NAME)))
    # Of whole options: --output is none because there is --output-file.
    assert named - set(option.findall(" ".join(done))) == set()
    assert {"--profile", "--secrets-fd", "--with", "--reveal", "--oob"} <= named
