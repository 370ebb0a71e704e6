"""Fixtures: real servers on loopback, and a folder to run examples in."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import rsa_keys
from command import Command
from provider import Provider
from wire_server import WireServer

# What a shell runs in the background ignores Ctrl+C, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(client_public_key=rsa_keys.public_pem()) as provider:
        yield provider


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    command.close()


@pytest.fixture
def readers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files that documents speak of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "private.pem").write_text(rsa_keys.pkcs8())
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff&title=not+a+field")
    return tmp_path
