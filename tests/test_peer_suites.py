"""The harness of `make peer-suites` notices what it is there to notice."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from run import verdict
from suites import SUITES, Suite

HERE = Path(__file__).parent / "peer_suites"
SUITE = Suite(sdist="a==1", sha256="", passes=1, differs={"b": "a reason"})


@pytest.mark.parametrize(
    ("outcomes", "wrong"),
    [
        ({"a": "passed", "b": "failed"}, []),
        ({"a": "passed", "b": "skipped"}, []),
        ({"a": "passed", "b": "failed", "c": "failed"}, ["c: failed"]),
        ({"a": "passed", "b": "failed", "c": "skipped"}, ["c: skipped"]),
        (
            {"a": "passed", "b": "passed"},
            ["b: passes, unexpectedly", "2 tests pass, not 1"],
        ),
        ({"a": "passed"}, ["b: did not run"]),
        ({"b": "failed"}, ["0 tests pass, not 1"]),
        ({"a": "passed", "b": "failed", "c": "passed"}, ["2 tests pass, not 1"]),
    ],
)
def test_whatever_is_not_expected_is_wrong(outcomes: dict[str, str], wrong: list[str]) -> None:
    assert verdict(SUITE, outcomes)[1] == wrong


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that begins as those of the suites do."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(HERE)!r}); import plugin; {code}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "code",
    [
        "import requests; requests.get('http://a.invalid/')",
        "import socket; socket.create_connection(('192.0.2.1', 80))",
        "import socket; socket.socket().connect(('192.0.2.1', 80))",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 53))",
        "import socket; socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    ],
)
def test_the_internet_is_out_of_reach(code: str) -> None:
    done = run(code)
    assert done.returncode == 1
    assert "InternetUsedError: socket." in done.stderr


def test_this_machine_can_be_reached_and_requests_oauthlib_is_ours() -> None:
    done = run(
        "import requests_oauthlib, socket; server = socket.create_server(('localhost', 0));"
        "socket.create_connection(server.getsockname()).close(); server.close();"
        "print(requests_oauthlib.OAuth1Session.__module__)"
    )
    assert done.stdout == "oauth1_rs.requests_oauthlib.oauth1_session\n", done.stderr


def test_the_table_is_whole() -> None:
    for suite in SUITES:
        assert suite.tests or suite.flows
        assert re.fullmatch(r"[a-z-]+==[\d.]+", suite.sdist)
        assert re.fullmatch("[0-9a-f]{64}", suite.sha256)
        assert all(reason for reason in suite.differs.values())
    flows = {path.name for path in (HERE / "flows").glob("flow_*.py")}
    assert {flow for suite in SUITES for flow in suite.flows} == flows
