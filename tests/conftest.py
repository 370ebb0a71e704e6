"""Fixtures: real servers on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from provider import Provider
from wire_server import WireServer


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider
