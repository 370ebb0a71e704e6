"""Fixtures: real servers on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rsa_keys
from provider import Provider
from wire_server import WireServer


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(client_public_key=rsa_keys.public_pem()) as provider:
        yield provider
