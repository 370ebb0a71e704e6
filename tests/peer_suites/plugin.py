"""What every process of `make peer-suites` begins with, as a plugin of pytest.

requests_oauthlib becomes ours, nothing but this machine can be reached, and the outcome of every
test is written to the file that the environment names.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import oauth1_rs.requests_oauthlib

if TYPE_CHECKING:
    import pytest

outcomes: dict[str, str] = {}


class InternetUsedError(BaseException):
    """Somebody wants the Internet. No `Exception`, so that nobody's `except` hides it."""


def is_this_machine(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not is_this_machine(host):
        raise InternetUsedError(f"{event} of {host!r}: only loopback is there")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    Path(os.environ["PEER_SUITES_OUTCOMES"]).write_text(json.dumps(outcomes))


sys.addaudithook(watch)
oauth1_rs.requests_oauthlib.install()
