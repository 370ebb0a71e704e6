"""docs/explain.md: its blocks, run one after the other, print what stands below them."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import documents
from oauth1_rs._faults import CAUSES
from verifier import verify
from wire_server import WireServer

NAME = "docs/explain.md"


def test_the_blocks_print_what_stands_below_them(server: WireServer) -> None:
    blocks = documents.blocks(NAME)
    assert [block.language for block in blocks] == ["python", "text"] * 5
    names: dict[str, Any] = {}
    for code, text in zip(blocks[::2], blocks[1::2], strict=True):
        # Only what is sent goes to another address.
        source = code.text.replace('get("https://api.example.com', f'get("{server.url}')
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(source, NAME, "exec"), names)
        assert output.getvalue() == text.text
    verdict = verify(server.last, "client secret", "token secret")
    assert (len(server.requests), verdict.accepted) == (1, True)


def test_all_causes_are_there_with_what_they_mean() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", documents.read(NAME), re.MULTILINE)
    assert rows == list(CAUSES.items())
