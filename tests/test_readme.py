"""Every Python block of the README runs, against a provider on loopback."""

from __future__ import annotations

import pathlib
import re

import pytest
import rsa_keys
from browser import decide
from provider import Provider

ROOT = pathlib.Path(__file__).parent.parent
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
PYTHON_BLOCKS = [text for language, text in BLOCKS if language == "python"]


def test_the_readme_has_examples() -> None:
    assert len(PYTHON_BLOCKS) >= 4
    assert {language for language, _ in BLOCKS} == {"python", "sh"}


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=lambda block: block.splitlines()[0])
def test_python_blocks_run(
    block: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pathlib.Path("private.pem").write_text(rsa_keys.pkcs8())
    with Provider(
        client_key="client key",
        client_secret="client secret",
        token="token",
        token_secret="token secret",
    ) as provider:
        # The address is all that differs from what a reader would run, who is asked to allow.
        code = block.replace("https://api.example.com", provider.url)
        shown: list[str] = []
        names = {"print": lambda *words: shown.extend(words), "input": lambda _: decide(shown[-1])}
        exec(compile(code, "README.md", "exec"), names)
        assert all(record.accepted for record in provider.records)
        sent = [record for record in provider.records if "/authorize" not in record.target]
        assert len(sent) == len(re.findall(r"\.(?:get|post|fetch_\w+)\(", code))


def test_commands_are_the_makefiles() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
    made = [line.split()[1] for line in commands if line.startswith("make ")]
    assert made == ["demo", "test"]
    assert set(made) <= set(targets)


def test_links_within_the_project_lead_somewhere() -> None:
    text = "".join((ROOT / name).read_text() for name in ["README.md", "CONTRIBUTING.md"])
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
