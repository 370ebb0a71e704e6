"""Bodies that are read once, as users hand them to requests: files, generators and their like."""

from __future__ import annotations

import io
import pathlib
from collections.abc import Callable, Iterator
from typing import IO, Any

LINES = b"first line\nsecond=line&third\n\x00\xff\n" * 50


def generator() -> Iterator[bytes]:
    yield LINES[:100]
    yield b"a=1&b=2"
    yield LINES[100:]


class Encoder:
    """Shaped like requests_toolbelt's MultipartEncoder: a length and a read, no seek."""

    def __init__(self) -> None:
        self._file = io.BytesIO(LINES)
        self.len = len(LINES)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


def opened(path: pathlib.Path) -> IO[bytes]:
    path.write_bytes(LINES)
    return path.open("rb")


STREAMS: dict[str, Callable[[pathlib.Path], Any]] = {
    "BytesIO": lambda path: io.BytesIO(LINES),
    "file": lambda path: opened(path / "upload"),
    "generator": lambda path: generator(),
    "encoder": lambda path: Encoder(),
}


def whole(kind: str) -> bytes:
    """Return what is in the stream of this kind."""
    return LINES[:100] + b"a=1&b=2" + LINES[100:] if kind == "generator" else LINES
