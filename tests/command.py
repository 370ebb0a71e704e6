"""Runs the command `oauth1-rs` in a process of its own, as a shell does, in an empty home."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60
TESTS = Path(__file__).parent
NO_KEYRING = "keyring.backends.fail.Keyring"
FILE_KEYRING = "keyring_in_a_file.Keyring"


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    output: str
    messages: str

    def json(self) -> Any:
        return json.loads(self.output)


class Command:
    """The command, for a user of this home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._started: list[subprocess.Popen[bytes]] = []
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OAUTH1_", "XDG_", "PYTHON_KEYRING"))
        }
        self.environment = {
            **kept,
            "HOME": str(home),
            "PYTHON_KEYRING_BACKEND": NO_KEYRING,
            "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(TESTS)])),
        }
        self.environment.pop("NO_COLOR", None)

    @property
    def profiles(self) -> Path:
        return self.home / ".config/oauth1-rs/profiles"

    def __call__(
        self,
        *words: str,
        stdin: str | bytes = b"",
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "oauth1_rs", *words],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            env={**self.environment, **(environment or {})},
            capture_output=True,
            timeout=SECONDS,
            check=False,
            pass_fds=descriptors,
            cwd=self.home,
        )
        output, messages = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in messages, messages
        return Ended(done.returncode, output, messages)

    def start(
        self, *words: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start the command, and keep its messages in a file, to be read meanwhile."""
        with (self.home / "messages").open("wb") as messages:
            process = subprocess.Popen(
                [sys.executable, "-m", "oauth1_rs", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                env={**self.environment, **(environment or {})},
                cwd=self.home,
            )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what a test has not waited for."""
        for process in self._started:
            process.kill()
            process.communicate()

    def said(self, pattern: str) -> str:
        """Wait until a started command says something, and return the pattern's group."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if found := re.search(pattern, (self.home / "messages").read_text()):
                return found[1]
            time.sleep(0.02)
        raise AssertionError((self.home / "messages").read_text())

    def ended_without_input(self, process: subprocess.Popen[bytes]) -> Ended:
        """Wait for the end of a command whose input stays open, with nothing in it."""
        process.wait(timeout=SECONDS)
        return self.ended(process)

    def ended(self, process: subprocess.Popen[bytes]) -> Ended:
        output, _ = process.communicate(timeout=SECONDS)
        messages = (self.home / "messages").read_text()
        assert "Traceback" not in messages, messages
        return Ended(process.returncode, output.decode(), messages)
