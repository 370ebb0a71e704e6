"""Every Python block of the README runs, against a provider on loopback."""

from __future__ import annotations

import re
from pathlib import Path

import documents
import pytest
from browser import decide
from documents import ROOT
from provider import Provider

BLOCKS = documents.blocks("README.md")
PYTHON_BLOCKS = [block.text for block in BLOCKS if block.language == "python"]


def test_the_readme_has_examples() -> None:
    assert len(PYTHON_BLOCKS) >= 4
    assert {block.language for block in BLOCKS} == {"python", "sh"}


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=lambda block: block.splitlines()[0])
def test_python_blocks_run(block: str, readers_folder: Path) -> None:
    with Provider(
        client_key="client key",
        client_secret="client secret",
        token="token",
        token_secret="token secret",
    ) as provider:
        # The address is all that differs from what a reader would run, who is asked to allow.
        code = block.replace("https://api.example.com", provider.url)
        documents.run("README.md", code, decide)
        assert all(record.accepted for record in provider.records)
        sent = [record for record in provider.records if "/authorize" not in record.target]
        assert len(sent) == len(re.findall(r"\.(?:get|post|fetch_\w+)\(", code))


def test_commands_are_the_makefiles() -> None:
    targets = re.findall(r"^([a-z-]+):", documents.read("Makefile"), re.MULTILINE)
    commands = [line for it in BLOCKS if it.language == "sh" for line in it.text.splitlines()]
    made = [line.split()[1] for line in commands if line.startswith("make ")]
    assert made == ["demo", "test"]
    assert set(made) <= set(targets)


@pytest.mark.parametrize("name", documents.NAMES)
def test_links_within_the_project_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", documents.read(name))
    own = [link for link in links if "://" not in link]
    files = [(ROOT / name).parent / link.partition("#")[0] for link in own if link[0] != "#"]
    assert [file for file in files if not file.exists()] == []


def test_the_readme_leads_to_every_document() -> None:
    linked = set(re.findall(r"\]\((docs/[^)#]+)\)", documents.read("README.md")))
    assert linked == {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
