"""Runs the providers of `tests/providers/`, processes that are built on foreign libraries."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

DIRECTORY = Path(__file__).parent / "providers"
EXAMPLES = DIRECTORY.parent.parent / "examples"
COMMANDS = {
    "passport": ["node", str(DIRECTORY / "passport_provider.js")],
    "php": ["php", "-S", "127.0.0.1:0", str(DIRECTORY / "oauth_provider.php")],
    "oauthlib": [sys.executable, str(DIRECTORY / "oauthlib_provider.py")],
    "authlib": [sys.executable, str(DIRECTORY / "authlib_provider.py")],
}
SECONDS_TO_START = 20
SECONDS_TO_LIVE = 300  # should whoever started it be killed


@dataclass(frozen=True)
class Settings:
    """What a provider knows from the beginning: names with their secrets or passwords."""

    clients: Mapping[str, str]
    tokens: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    public_key: str = ""


@contextmanager
def running(name: str, settings: Settings) -> Iterator[str]:
    """Run a provider until the block ends; gives its origin."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        environment = {
            **os.environ,
            "PROVIDER": json.dumps(asdict(settings)),
            "STATE": str(Path(directory) / "state"),
            "PYTHONPATH": str(EXAMPLES),
            "AUTHLIB_INSECURE_TRANSPORT": "1",  # plain http, on loopback
        }
        with log.open("wb") as output:
            # `timeout` hands on the signal that ends it.
            process = subprocess.Popen(
                ["timeout", str(SECONDS_TO_LIVE), *COMMANDS[name]],
                cwd=directory,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _address(process, log)
        except BaseException:
            sys.stderr.write(log.read_text()[-2000:])
            raise
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait for the address that every provider prints: the port is the system's choice."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        if address := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return address[0]
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} did not start")
