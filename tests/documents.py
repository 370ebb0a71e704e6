"""The Python and shell blocks of the documents, and how a reader would run them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NAMES = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/cli.md",
    "docs/explain.md",
    "docs/providers.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "clients").glob("*.md")),
]


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    heading: str
    """The heading that it stands below."""
    language: str
    text: str


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    heading = ""
    found = []
    pattern = r"^#+ (?P<heading>[^\n]*)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$"
    for match in re.finditer(pattern, read(name), re.MULTILINE | re.DOTALL):
        if match["heading"] is None:
            found.append(Block(heading, match["language"], match["text"]))
        else:
            heading = match["heading"]
    return found


def run(name: str, code: str, answer: Callable[[str], str]) -> dict[str, Any]:
    """Run a block of `name`, and return its names.

    Whoever runs it is asked for what `answer` gives for what was printed last.
    """
    shown = [""]
    names: dict[str, Any] = {
        "print": lambda *words: shown.extend(words),
        "input": lambda _: answer(shown[-1]),
    }
    exec(compile(code, name, "exec"), names)
    return names


def run_in_a_shell(code: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a block line by line, as long as all goes well, and return what it shows."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
